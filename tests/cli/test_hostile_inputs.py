"""Whatever is given as a log: a clear answer, a documented exit code, no traceback, no control character."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import LOG, Answer, Runner

PROGRAM = [sys.executable, "-c", "from logtune.cli import main; main()"]
LINES = 12
READING = ["report", "trial", "rejects", "delays", "sizing"]


def assert_clear(answer: Answer) -> None:
    """No traceback, no bug, no controls on either stream; an exit code with a name; an error is told."""
    assert "Traceback" not in answer.errors
    assert answer.code in list(ExitCode)
    assert answer.code != ExitCode.BUG, answer.errors
    for line in answer.errors.splitlines() + answer.text.splitlines():
        assert line.isprintable()
    assert bool(answer.errors) == (answer.code != ExitCode.OK) or answer.code == ExitCode.OK


def counted(logtune: Runner, *paths: Path) -> int:
    """How many rows parse gives."""
    answer = logtune("parse", *paths)
    assert_clear(answer)
    return len(answer.text.splitlines())


def cut_gzip() -> bytes:
    return gzip.compress((LOG * 500).encode(), mtime=0)[:-2000]


NO_ANSWER: dict[str, tuple[bytes, ExitCode]] = {
    "empty": (b"", ExitCode.NO_POSTFIX_LINES),
    "blank lines": (b"\n\n   \n", ExitCode.NO_POSTFIX_LINES),
    "random bytes": (random.Random(1).randbytes(200_000), ExitCode.NO_POSTFIX_LINES),
    "NULs": (b"\0" * 100_000, ExitCode.NO_POSTFIX_LINES),
    "other programs": (b"Mar  2 06:12:00 mx sshd[7]: Accepted publickey\n" * 50, ExitCode.NO_POSTFIX_LINES),
    "access log": (
        b'192.0.2.7 - - [02/Mar/2026:06:12:00 +0000] "GET / HTTP/1.1" 200 1\n' * 50,
        ExitCode.NO_POSTFIX_LINES,
    ),
    "one line of 10 MB": (b"x" * 10_000_000, ExitCode.NO_POSTFIX_LINES),
    "gzip of nothing": (gzip.compress(b""), ExitCode.NO_POSTFIX_LINES),
}


@pytest.mark.parametrize(
    ("command", "name"), [*(("report", n) for n in NO_ANSWER), *((c, "empty") for c in READING[1:])]
)
def test_nothing_of_postfix(logtune: Runner, tmp_path: Path, name: str, command: str) -> None:
    """A file without a Postfix line: nothing on stdout, one message that names the file, exit code 3."""
    content, code = NO_ANSWER[name]
    path = tmp_path / "given.log"
    path.write_bytes(content)
    answer = logtune(command, path)
    assert_clear(answer)
    assert (answer.code, answer.raw) == (code, b"")
    assert answer.errors.startswith("logtune: ")
    assert str(path) in answer.errors


@pytest.mark.parametrize("name", NO_ANSWER)
@pytest.mark.parametrize("command", [["parse"]])
def test_rows_of_what_is_not_postfix(logtune: Runner, tmp_path: Path, name: str, command: list[str]) -> None:
    """parse and sql answer all the same, and say on stderr that no line is Postfix's."""
    path = tmp_path / "given.log"
    path.write_bytes(NO_ANSWER[name][0])
    answer = logtune(*command, path)
    assert_clear(answer)
    assert answer.code in (ExitCode.OK, ExitCode.NO_POSTFIX_LINES)
    assert "no Postfix line in" in answer.errors


def missing(folder: Path) -> Path:
    return folder / "missing.log"


def empty_folder(folder: Path) -> Path:
    (folder / "logs").mkdir()
    return folder / "logs"


def under_a_file(folder: Path) -> Path:
    (folder / "file").write_text(LOG)
    return folder / "file" / "mail.log"


def no_match(folder: Path) -> Path:
    return folder / "mail.log*"


@pytest.mark.parametrize(
    ("command", "make"),
    [
        *(("report", make) for make in (missing, empty_folder, under_a_file, no_match)),
        ("trial", missing),
        ("parse", missing),
    ],
)
def test_nothing_to_read(logtune: Runner, tmp_path: Path, command: str, make: Callable[[Path], Path]) -> None:
    """No file, no permission, an empty directory: nothing on stdout, the path in the message, exit code 5."""
    path = make(tmp_path)
    answer = logtune(command, path)
    assert_clear(answer)
    assert (answer.code, answer.raw) == (ExitCode.NOTHING_READ, b"")
    assert str(path) in answer.errors


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_no_permission(logtune: Runner, maillog: Path) -> None:
    """A file that may not be read says so."""
    maillog.chmod(0)
    answer = logtune("report", maillog)
    assert_clear(answer)
    assert answer.code == ExitCode.NOTHING_READ
    assert "ermission" in answer.errors


def test_one_of_two_is_missing(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """The report follows, stderr says what is missing and how far the answer goes, exit code 4."""
    for command in ("report", "parse"):
        answer = logtune(command, maillog, missing(tmp_path))
        assert_clear(answer)
        assert answer.code == ExitCode.PARTLY_READ
        assert answer.raw
        assert str(missing(tmp_path)) in answer.errors
        assert "partial" in answer.errors


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_cut_archive(logtune: Runner, tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """What stands before the cut is answered; stderr names the file and the byte; exit code 4."""
    path = tmp_path / "mail.log.2.gz"
    text = "".join(LOG.replace("2026-03-02", f"2026-03-{day:02}") for day in range(1, 29)) * 200
    path.write_bytes(pack(text.encode())[:-30])
    answer = logtune("report", path)
    assert_clear(answer)
    assert answer.code in (ExitCode.PARTLY_READ, ExitCode.NOTHING_READ)
    assert path.name in answer.errors
    assert any(char.isdigit() for char in answer.errors.replace(str(path), ""))


def test_a_cut_gzip_gives_its_rows(logtune: Runner, tmp_path: Path) -> None:
    """Rows before the cut are there."""
    path = tmp_path / "mail.log.2.gz"
    path.write_bytes(cut_gzip())
    answer = logtune("parse", path)
    assert_clear(answer)
    assert answer.code == ExitCode.PARTLY_READ
    assert json.loads(answer.text.splitlines()[0])["table"] == "connections"


def test_no_newline_at_the_end(logtune: Runner, maillog: Path) -> None:
    """The last line counts also where its end is missing."""
    maillog.write_text(LOG.rstrip("\n"))
    assert counted(logtune, maillog) == LINES


def test_crlf(logtune: Runner, maillog: Path) -> None:
    """Line ends of another system are no part of the line."""
    before = logtune("parse", maillog).text
    maillog.write_bytes(LOG.replace("\n", "\r\n").encode())
    after = logtune("parse", maillog).text
    strip = [{k: v for k, v in json.loads(r).items() if k not in MOVED} for r in after.splitlines()]
    assert strip == [{k: v for k, v in json.loads(r).items() if k not in MOVED} for r in before.splitlines()]


MOVED = ("position", "offset", "session", "message")
"""Columns that say where a line stands."""


@pytest.mark.parametrize(
    "junk", [b"x" * 10_000_000, b"\0" * 5000, random.Random(2).randbytes(5000).replace(b"\n", b""), b"\xff\xfe\xfd"]
)
def test_junk_between_lines(logtune: Runner, maillog: Path, junk: bytes) -> None:
    """Junk in the middle costs no other line: all twelve are still there, and the report is given."""
    half = LOG.index("2026-03-02T06:13:00.000000")
    maillog.write_bytes(LOG[:half].encode() + junk + b"\n" + LOG[half:].encode())
    answer = logtune("parse", maillog)
    assert_clear(answer)
    rows = [json.loads(row) for row in answer.text.splitlines()]
    assert sum(row["table"] != "unrecognised" for row in rows) == LINES - 1  # the line of sshd
    report = logtune("report", maillog)
    assert_clear(report)
    assert report.code == ExitCode.OK


def feed(path: Path, content: bytes) -> None:
    with path.open("wb") as fifo:
        fifo.write(content)


def test_a_fifo(logtune: Runner, tmp_path: Path) -> None:
    """A FIFO is read like a file."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=feed, args=(path, LOG.encode()), daemon=True)
    writer.start()
    assert counted(logtune, path) == LINES
    writer.join(10)


@pytest.mark.parametrize("content", [LOG.encode(), gzip.compress(LOG.encode()), b""])
def test_stdin(content: bytes) -> None:
    """- is stdin, packed or not, and has a name in the rows."""
    done = subprocess.run([*PROGRAM, "parse", "-"], input=content, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == (LINES if content else 0)
    assert {row["source"] for row in rows} == ({"stdin"} if content else set())
    assert done.returncode == ExitCode.OK


def test_stdin_cannot_be_read_again() -> None:
    """lines needs a file: what came through a pipe is gone."""
    done = subprocess.run(
        [*PROGRAM, "lines", "-", "--position", "0"], input=LOG.encode(), capture_output=True, check=False
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stdout == b""
    assert b"to a file" in done.stderr


FORGED = "'; from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<x"
HOSTILE = [
    "\x1b]0;owned\x07",
    "[bold]hello[/bold]",
    "[link=http://example.com]x[/link]",
    "a\tb",
    "\x9b31m",
    "\u202egnp.exe",
    "=HYPERLINK(1)",
    FORGED,
    '"quoted" \\ {braces} %s %(x)s',
    "<script>alert(1)</script>",
    "x" * 900,
    "日本語\U0001f600",
    "#012fake line",
    "-flag",
]


def hostile_log() -> bytes:
    """For each text a session whose HELO name and sender it is, flagged and accepted, and one that is rejected."""
    sessions = []
    for number, text in enumerate(HOSTILE):
        lines = LOG.replace("<frasier>", f"<{text}>").replace("<[203.0.113.9]>", f"<{text}>")
        lines = lines.replace("from=<a@example.com>", f"from=<{text}@example.com>")
        sessions.append(lines.replace("4fXyZ01abcz9", queue_id(number)).replace("06:1", f"{number + 7:02}:1"))
    return "".join(sessions).encode()


def queue_id(number: int) -> str:
    return f"4fXyZ01abcz{chr(ord('A') + number)}"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_bytes(hostile_log())
    return path


COMMANDS = [
    ["report"],
    ["report", "--width", "120", "--color", "always"],
    ["report", "--format", "json"],
    ["report", "--format", "html"],
    ["trial"],
    ["trial", "--format", "html"],
    ["trial", "--format", "json", "--recipients"],
    ["rejects"],
    ["delays"],
    ["sizing"],
    ["parse"],
    ["parse", "--format", "csv", "--table", "decisions"],
    ["sql", "SELECT helo, sender FROM decisions"],
    ["sql", "SELECT helo, sender FROM decisions", "--format", "csv"],
    ["sql", "SELECT helo, sender FROM decisions", "--format", "json"],
    ["sql", "SELECT helo, sender FROM decisions", "--format", "jsonl"],
    ["lines", "--queue-id", "4fXyZ01abczA"],
    ["lines", "--session", "0"],
    ["lines", "--session", "0", "--format", "jsonl"],
]

SGR = [
    *(f"\x1b[{code}m" for code in ("0", "1", "2", "31", "32", "33", "36")),
    *(f"\x1b[1;{c}m" for c in (31, 32, 33, 36)),
]
"""The colours that logtune sends itself."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_text_of_strangers_is_shown_not_sent(logtune: Runner, hostile: Path, command: list[str]) -> None:
    """No form of any command lets a control, bidi or markup sequence of the log through."""
    answer = logtune(*command, hostile)
    assert answer.code == ExitCode.OK, answer.errors
    out = answer.text
    for own in SGR:
        out = out.replace(own, "")
    assert [line for line in out.splitlines() if not line.isprintable()] == []


def test_markup_is_shown_as_it_came(logtune: Runner, hostile: Path) -> None:
    """What looks like rich markup or HTML is text."""
    out = logtune("sql", "SELECT DISTINCT helo FROM decisions", hostile).text
    assert "[bold]hello[/bold]" in out
    assert "<script>alert(1)</script>" in out


def test_json_gives_the_very_text(logtune: Runner, hostile: Path) -> None:
    """JSON reads back to what the log says, character by character.

    The name that imitates attributes is another test's: smtpd writes ? for < and > in a HELO name, so where such a
    value ends is not defined.
    """
    rows = [json.loads(row) for row in logtune("parse", "--table", "decisions", hostile).text.splitlines()]
    flagged = {row["helo"] for row in rows if row["action"] == "reject_warning"}
    assert set(HOSTILE) - flagged == {FORGED}


def test_csv_keeps_its_cells(logtune: Runner, hostile: Path) -> None:
    """Quotes, commas and line ends of strangers make no cell and no row; a formula is text."""
    cells = list(csv.reader(io.StringIO(logtune("parse", "--format", "csv", "--table", "decisions", hostile).text)))
    assert {len(row) for row in cells} == {len(cells[0])}
    assert len(cells) == 1 + 2 * len(HOSTILE)
    assert "'=HYPERLINK(1)" in {row[cells[0].index("helo")] for row in cells}


def test_a_forged_attribute_stays_in_its_value(logtune: Runner, tmp_path: Path) -> None:
    """A HELO name that looks like the end of the line changes neither sender nor recipient."""
    path = tmp_path / "mail.log"
    path.write_bytes(LOG.replace("helo=<frasier>", "helo=<'; from=<a@b>>").encode())
    rows = [json.loads(row) for row in logtune("parse", "--table", "decisions", path).text.splitlines()]
    assert (rows[0]["sender"], rows[0]["recipient"]) == ("a@example.com", "b@example.test")
