"""The decompressed bytes of a source, from any offset, with what the system says of its file.

A plain file stays open from the first look to the last byte: what is renamed or replaced meanwhile is still read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Protocol

from logtune.sources import Source
from logtune.sources.reading import open_plain, text_chunks
from logtune.store.trail import digest

READ = 1 << 20
FIRST_LINE_MOST = 1 << 16
ENDS = 1 << 12
"""Bytes at each end of a packed file that tell whether it is still the same."""
RACY_NS = 2_000_000_000
"""A file changed less than two seconds ago may change again without another time stamp."""


class Text(Protocol):
    """What both kinds do."""

    ends: bool
    """Whether a last line without its end is a whole one: packed files do not grow."""
    stat: str
    """What the system says of the file, to tell that nothing changed; empty where that cannot be trusted."""

    def chunks(self, start: int) -> Iterator[bytes]:
        """The bytes from offset *start* to the end. Raises ``OSError`` or ``unpack.Damaged``."""

    def size(self) -> int | None:
        """Bytes that are there now; None where only reading tells."""

    def close(self) -> None:
        """Let the file go."""


class Plain:
    """A file that is its own text."""

    ends = False

    def __init__(self, source: Source) -> None:
        self._fd = open_plain(source)
        self.stat = _stat(os.fstat(self._fd))

    def chunks(self, start: int) -> Iterator[bytes]:
        """See ``Text``."""
        while data := os.pread(self._fd, READ, start):
            start += len(data)
            yield data

    def size(self) -> int | None:
        """See ``Text``."""
        return os.fstat(self._fd).st_size

    def close(self) -> None:
        """See ``Text``."""
        os.close(self._fd)


class Packed:
    """A compressed file, or an export of the journal: read from the start to get anywhere."""

    ends = True

    def __init__(self, source: Source) -> None:
        self._source = source
        self.stat = _stat_of_packed(source.path) if source.path else ""

    def chunks(self, start: int) -> Iterator[bytes]:
        """See ``Text``."""
        for chunk in text_chunks(self._source):
            if start < len(chunk):
                yield chunk[start:]
            start = max(0, start - len(chunk))

    def size(self) -> int | None:
        """See ``Text``."""
        return None

    def close(self) -> None:
        """See ``Text``."""


def open_text(source: Source) -> Text:
    """The text of *source*. Raises ``OSError``."""
    plain = source.rereadable and source.compression is None and source.format == "text"
    return Plain(source) if plain else Packed(source)


def first_line(text: Text) -> bytes | None:
    """The first line with its end, or the first ``FIRST_LINE_MOST`` bytes of a long one; None where it has no end yet.

    Raises as ``Text.chunks``.
    """
    head = b""
    for chunk in text.chunks(0):
        head += chunk
        end = head.find(b"\n", 0, FIRST_LINE_MOST) + 1
        if end or len(head) >= FIRST_LINE_MOST:
            return head[: end or FIRST_LINE_MOST]
    return head if head and text.ends else None


def read(text: Text, start: int, length: int) -> bytes:
    """Up to *length* bytes from *start*. Raises as ``Text.chunks``."""
    got = b""
    for chunk in text.chunks(start):
        got += chunk
        if len(got) >= length:
            break
    return got[:length]


def _stat_of_packed(path: str) -> str:
    """A rotation renames all packed files every night, which changes their ctime; to unpack them all takes minutes.

    So their ends are looked at instead, where packers write the checksum of what is packed.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        head = file.read(ENDS)
        file.seek(max(0, status.st_size - ENDS))
        ends = digest(head + file.read(ENDS)).hex()
    if time.time_ns() - status.st_mtime_ns < RACY_NS:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{ends}"


def _stat(status: os.stat_result) -> str:
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < RACY_NS:
        return ""
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"
