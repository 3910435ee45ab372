"""Seeded damage to log lines: what both cores must read the same."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "sample_logs"

TAGS = [
    *(f"postfix/{name}[77]" for name in ["anvil", "bounce", "cleanup", "dnsblog", "error", "lmtp", "local", "master", "pickup", "postfix-script", "postscreen", "postsuper", "qmgr", "scache", "smtp", "smtpd", "tlsmgr", "tlsproxy", "verify", "nonsense"]),
    *["postfix/submission/smtpd[9]", "/smtpd[1]", "postfix//smtp[1]", "cyrus/smtpd[1]", "postsuper", "site[1]", "opendkim[3]"],
    *["amavis[7]", "rspamd[7]", "spamd[7]", "systemd-journald[2]", "rsyslogd-2177", "rsyslogd"],
]  # fmt: skip

STAMPS = (
    "Mar  2 06:12:00 mail ",
    "Mar 02 06:12:60 mail ",
    "2026-03-02T06:12:00.123456+01:00 mail ",
    "2026-03-02 06:12:00,5 mail ",
    "<22>Mar  2 06:12:00 mail ",
    "<22>1 2026-03-02T06:12:00Z mail postfix/smtpd 7 - - ",
    "Mar 2 2026 6:12:00 mail: ",
    "2026 Mar  2 06:12:00 mail ",
    "mail-1 | 2026-03-02T06:12:00Z Mar  2 06:12:00 mail mail.info ",
    "Mon 2026-03-02 06:12:00 CET mail ",
    '{"log":"Mar  2 06:12:00 mail ',
)

PIECES: Sequence[bytes] = [
    *b"; |: |, | |<|>|[|]|\"|(|)|-|\\|\\\\n|\\\\u00e9|\\\\ud83d\\\\ude00|=|/|%eth0|Z|+01:00|60|Feb 30|12345678901234567890".split(b"|"),
    *b" from | helo=<|>: | to=<|; from=<| proto=ESMTP| after | sent |from=<|to=<|, orig_to=<x>|message-id=<".split(b"|"),
    *b" sasl_method=PLAIN| sasl_username=jane| sasl_username=<>| sasl_sender=x|, sasl_username=a, b".split(b"|"),
    *b"4F2A91C0E: |NOQUEUE: |warning: |fatal: |removed|status=|, size=1|, nrcpt=2| (queue active)| orig_id=AB".split(b"|"),
    *b"queued as ABCDEF0|forwarded as 12345|delays=1/2/3/4|conn_use=3|expired|192.0.2.1|2001:db8::1|local".split(b"|"),
    *b"message repeated 3 times: [ |[ID 197553 mail.info] |last message repeated 4 times|connect from ".split(b"|"),
    "é".encode(), "\u00a0".encode(), "\u0085".encode(), "\u0301".encode(), "😀".encode(), "\ufeff".encode(),
    b"\x1c", b"\xe2\x82", b"\xff", b"\xed\xa0\x80", b"\r", b"\0", b"\t", b"\x0b", b"a" * 600, b"a" * 8_300,
]  # fmt: skip
"""What is put into lines: separators, keys, characters that are blanks only for some, and bytes that are no text."""

BOUNDARIES = frozenset(b' :;,<>[]="')


class Mutations:
    """An endless supply of damaged lines; the same *seed* gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines = sorted({line for path in SAMPLES.rglob("*.log") for line in _lines(path)})
        self.texts = sorted({text for path in _sources() for text in _texts(path)})

    def line(self) -> bytes:
        """A line of the samples or of the tests, changed up to five times; without a newline."""
        line = self._whole()
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            line = self._changed(line)
        return line.replace(b"\n", b"")

    def block(self, lines: int) -> bytes:
        """So many lines, each with its end."""
        return b"".join(self.line() + b"\n" for _ in range(lines))

    def _whole(self) -> bytes:
        if self.random.random() < 0.5:
            return self.random.choice(self.lines)
        stamp, tag, text = (self.random.choice(choice) for choice in (STAMPS, TAGS, self.texts))
        end = '\\n","stream":"stdout"}' if stamp.startswith("{") else ""
        return f"{stamp}{tag}: {text}{end}".encode("utf-8", "replace")

    def _changed(self, line: bytes) -> bytes:
        start, end = sorted(self.random.randrange(len(line) + 1) for _ in "..")
        piece = self.random.choice(PIECES if self.random.random() < 0.02 else PIECES[:-1])
        edge = self.random.choice([at for at, byte in enumerate(line) if byte in BOUNDARIES] or [0])
        match self.random.randrange(8):
            case 0:
                return line[:start]
            case 1:
                other = self._whole()
                return line[:start] + other[self.random.randrange(len(other) + 1) :]
            case 2:
                return line[:start] + self.random.randbytes(1) + line[start + 1 :]
            case 3:
                return line + line[start:]
            case 4:
                return line[:start] + line[min(end, start + 20) :]
            case 5:
                return line[:edge] + line[edge + 1 :]
            case 6:
                return line[:start] + piece + line[start:]
            case _:
                edge += self.random.randrange(2)
                return line[:edge] + piece + line[edge:]


def _lines(path: Path) -> Iterator[bytes]:
    yield from path.read_bytes().split(b"\n")[:2_000]


def _sources() -> Iterator[Path]:
    yield from (ROOT / "tests" / "parse").glob("test_*.py")
    yield from (ROOT / "logtune" / "parse").rglob("*.py")


def _texts(path: Path) -> Iterator[str]:
    """Lines of all strings in a file: sample texts of tests and docstrings, and patterns, which look like texts."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (line.strip() for line in node.value.splitlines() if len(line) > 8)
