"""What the other files of this package pass around: sources, problems, blocks, errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

SOURCE_SHIFT = 40
"""Same as ``schema.SOURCE_SHIFT`` (a test holds them together); not imported, since the schema loads pyarrow."""

MAX_OFFSET = 1 << SOURCE_SHIFT
"""Decompressed bytes of one source that positions can name (1 TiB)."""


class SourcesError(Exception):
    """Base of what this package raises; for the caller's mistakes only, never for what the bytes are."""


class NotRereadable(SourcesError):
    """Stdin, a FIFO or a process substitution was asked for again: its bytes are gone. Save them to a file first."""


class NoSuchLine(SourcesError, LookupError):
    """No line begins at the position that was asked for, or no source has that rank."""


@dataclass(frozen=True)
class Problem:
    """A path that could not be read, or where reading broke.

    *harmless* ones are worth a note only: no line is missing (a copy that was read once, an empty file beside others).
    """

    name: str
    reason: str
    advice: str = ""
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" + (f"; {self.advice}" if self.advice else "")


@dataclass(eq=False)
class Source:
    """One file or stream. What reading finds out (*problem*, *bytes_read*, *raw_read*) is filled while it is read."""

    name: str
    rank: int = -1
    size: int | None = None
    """Bytes on disk; None for streams."""
    mtime: float | None = None
    """Modification time in seconds since 1970; None for streams."""
    compression: str | None = None
    """gz, bz2, xz, zst, utf-16; ``gz+gz`` where packed twice (outermost first)."""
    format: str = "text"
    """``text`` or ``journal``."""
    problem: str | None = None
    """Why it could not be read to its end, with byte offsets."""
    bytes_read: int = 0
    """Bytes of decompressed text read so far; the text made from the entries of a journal."""
    raw_read: int = 0
    """Bytes read so far as they are on disk."""
    first: datetime | None = None
    """First stamp: UTC where it has a zone, else its wall clock; year inferred where it has none. Naive."""
    first_has_year: bool = False
    first_has_zone: bool = False
    year_from: str | None = None
    """How the year was found: ``stamp``, ``name``, ``gzip header``, ``mtime``, ``now``, ``rotation`` or ``year``."""
    until: float | None = None
    """Best upper bound for the time of the last line, in seconds since 1970, for stamps without a year: *mtime* unless
    a gzip header, a dated name, ``year`` or the next younger file of the rotation say something earlier."""
    rereadable: bool = True
    """False for stdin and other streams: they can be read once."""
    path: str | None = field(default=None, repr=False)
    """What to open; None for stdin."""
    identity: tuple[int, int] | None = field(default=None, repr=False)
    """Device and inode."""
    begin: int = field(default=0, repr=False)
    """Offset of the first line: 3 behind a UTF-8 byte order mark."""
    flavour: str = field(default="", repr=False)
    """Of a journal: ``json`` or ``export``."""
    first_line: bytes = field(default=b"", repr=False)
    """First line with a stamp, as it is in the decompressed source."""
    packed_at: float | None = field(default=None, repr=False)
    """Modification time of the original, from a gzip header."""
    stream: Iterator[bytes] | None = field(default=None, repr=False)
    """Decompressed chunks of a stream whose beginning was looked at already."""


class Block(NamedTuple):
    """Whole lines: *data* ends at a line end or at the end of its source; *position* is that of its first byte."""

    data: bytes
    position: int
    source: Source
