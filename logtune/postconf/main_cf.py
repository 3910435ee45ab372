"""main.cf: ``name = value`` per logical line, the last one counts (postconf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from logtune.postconf.errors import PostconfError
from logtune.postconf.lines import Logical, logical_lines

# util/split_nameval.c: name, blanks, "=", value; blanks around both do not count
_ASSIGNMENT = re.compile(r"([^\s=]+)\s*=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Assignment:
    """A parameter as it is set: its value in one line, unexpanded, and its physical lines (from 0, end apart)."""

    name: str
    value: str
    first: int
    end: int


def parse(text: str, file: str = "main.cf") -> dict[str, Assignment]:
    """Parameters by name; of several assignments the last. Raises ``PostconfError``."""
    return {found.name: found for found in assignments(text, file)}


def assignments(text: str, file: str) -> Iterator[Assignment]:
    """All assignments in their order. Raises ``PostconfError``."""
    for line in logical_lines(text, file):
        yield assignment(line, file)


def assignment(line: Logical, file: str) -> Assignment:
    """*line* as an assignment. Raises ``PostconfError``."""
    found = _ASSIGNMENT.fullmatch(line.text)
    if found is None:
        begin = line.text.strip()[:40]
        raise PostconfError(
            f'missing "=" after the name: "{begin}".',
            "A line is NAME = VALUE; one that continues a value begins with white space.",
            file=file,
            line=line.first + 1,
        )
    return Assignment(found[1], found[2].strip(), line.first, line.end)
