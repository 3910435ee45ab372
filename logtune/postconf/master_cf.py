"""master.cf: one service per logical line, with parameters of its own behind ``-o`` (master(5))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logtune.postconf.errors import PostconfError
from logtune.postconf.lines import Logical, logical_lines
from logtune.postconf.restriction_lists import split_words

TYPES = ("inet", "unix", "unix-dgram", "fifo", "pass")
FIELDS = ("service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command")
"""The fields of a line, by the names of ``postconf -F``."""


@dataclass(frozen=True)
class Entry:
    """A service: its fields by the names of ``FIELDS``, its own parameters, and its physical lines (from 0)."""

    fields: Mapping[str, str]
    overrides: Mapping[str, str] = field(default_factory=dict)
    first: int = 0
    end: int = 0

    @property
    def key(self) -> str:
        """As postconf -P names it: ``submission/inet``."""
        return f"{self.fields['service']}/{self.fields['type']}"

    @property
    def daemon(self) -> str:
        """The command without its directory: ``smtpd``."""
        return self.fields["command"].rsplit("/", 1)[-1]


def parse(text: str, file: str = "master.cf") -> list[Entry]:
    """Services in their order. Raises ``PostconfError``."""
    return [entry(line, file) for line in logical_lines(text, file)]


def entry(line: Logical, file: str) -> Entry:
    """*line* as a service. Raises ``PostconfError``."""
    words = [*split_words(line.text, " \t\r\v\f")]
    where = {"file": file, "line": line.first + 1}
    if len(words) < len(FIELDS):
        raise PostconfError(
            f"{len(words)} fields, expected {len(FIELDS)} ({', '.join(FIELDS)}).",
            "A line that continues a service begins with white space.",
            **where,  # type: ignore[arg-type]  # one str and one int
        )
    fields = dict(zip(FIELDS, words, strict=False))
    if fields["type"] not in TYPES:
        found = fields["type"]
        raise PostconfError(f'"{found}" is no service type.', f"Expected: {', '.join(TYPES)}.", **where)  # type: ignore[arg-type]
    return Entry(fields, overrides(words[len(FIELDS) :], file, line.first + 1), line.first, line.end)


def overrides(arguments: Sequence[str], file: str, line: int) -> dict[str, str]:
    """The parameters in ``-o name=value``, ``-oname=value`` and ``-o { name = value }``. Raises ``PostconfError``."""
    found: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-o"):
            continue
        setting = word[2:] or next(rest, "")
        name, equals, value = bare(setting).partition("=")
        if not equals or not name.strip():
            raise PostconfError(
                f'-o needs NAME=VALUE, found "{setting[:40]}".',
                "A value with blanks stands in braces: -o { name = value }.",
                file=file,
                line=line,
            )
        found[name.strip()] = value.strip()
    return found


def bare(word: str) -> str:
    """*word* without the braces around it."""
    return word[1:-1].strip() if len(word) > 1 and word.startswith("{") and word.endswith("}") else word
