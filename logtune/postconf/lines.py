"""Physical lines to logical ones, as Postfix reads main.cf and master.cf (util/readlline.c).

A line that begins with white space continues the one before. Empty lines and lines whose first visible character is
``#`` are skipped, also between a line and its continuation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from logtune.postconf.errors import PostconfError

BLANK = " \t\r\v\f"
"""White space that is no line end (C's isspace)."""
MOST_BYTES = 4 << 20
"""No configuration is larger; what is, was named by mistake (a log, a device)."""


@dataclass(frozen=True)
class Logical:
    """One logical line: its text without line ends, and its physical lines ``first`` to ``end`` (from 0, end apart)."""

    text: str
    first: int
    end: int


def read_text(path: str) -> str:
    """The text of *path*; bytes that are no UTF-8 as surrogates. Raises ``PostconfError``."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise PostconfError("is not a file.", "Name a file, or a directory by --postfix.", file=path)
    try:
        with open(path, "rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PostconfError(f"cannot be read: {reason}.", _how(error), file=path) from error
    if len(raw) > MOST_BYTES:
        raise PostconfError("is too large for a configuration.", "Is it another file?", file=path)
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        raise PostconfError("holds a NUL byte, so it is no text.", "Is it another file?", file=path, line=line)
    return raw.decode("utf-8", "surrogateescape")


def _how(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "Run as a user who may read it, or save `postconf -n` and `postconf -M` and give them by --postconf."
    return "Name the directory with main.cf by --postfix, or the output of postconf by --postconf."


def logical_lines(text: str, file: str) -> Iterator[Logical]:
    """Logical lines of *text*. Raises ``PostconfError`` where the first begins with white space."""
    parts: list[str] = []
    first = end = 0
    for number, line in enumerate(text.split("\n")):
        visible = line.strip(BLANK)
        if not visible or visible.startswith("#"):
            continue
        if line[0] not in BLANK:
            if parts:
                yield Logical("".join(parts), first, end)
            parts, first = [line], number
        elif parts:
            parts.append(line)
        else:
            raise PostconfError(
                "begins with white space, so it continues a line that is not there.",
                "Remove the white space before it.",
                file=file,
                line=number + 1,
            )
        end = number + 1
    if parts:
        yield Logical("".join(parts), first, end)
