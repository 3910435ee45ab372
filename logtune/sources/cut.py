"""Chunks of any size to pieces of whole lines.

Contract: the lines and their offsets are the same for every way of chunking and every piece size; the pieces together
are the input, but for what ``Overlong`` reports. A piece ends behind a newline; only the last may lack one. A line
longer than a piece makes the piece grow, up to ``MAX_LINE``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

MAX_LINE = 1 << 26
"""Longest line in bytes that is kept whole (64 MiB; rsyslog's default is 8 kB). Bounds the memory."""

Overlong = Callable[[int, int, bool], None]
"""Told (offset, length, were NULs) of what was left out of a line longer than ``MAX_LINE``."""


def whole_lines(
    chunks: Iterable[bytes], size: int, overlong: Overlong, offset: int = 0, longest: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """(offset of its first byte, piece) for *chunks*, whose first byte is at *offset*; pieces of about *size* bytes."""
    return _Cutter(max(size, 1), overlong, offset, longest or MAX_LINE).pieces(chunks)


class _Cutter:
    def __init__(self, size: int, overlong: Overlong, offset: int, longest: int) -> None:
        self._size = size
        self._overlong = overlong
        self._longest = longest
        self._offset = offset  # of the first byte held
        self._held: list[bytes] = []
        self._length = 0  # bytes held
        self._open = 0  # of these, bytes of the line that has not ended
        self._nuls = self._tail = 0  # bytes left out so far: of a run of NULs, of the tail of an overlong line

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        step = max(1, min(self._size // 4, self._longest))  # so that only a line that is open can be overlong
        for chunk in chunks:
            for at in range(0, len(chunk), step):
                yield from self._take(chunk[at : at + step])
        self._report()
        if self._length:
            yield self._give()

    def _take(self, part: bytes) -> Iterator[tuple[int, bytes]]:
        if (self._nuls or self._tail) and not (part := self._leave_out(part)):
            return
        first = part.find(b"\n")
        if first >= 0 and self._open + first > self._longest:
            yield from self._take(part[:first])
            yield from self._take(part[first:])
            return
        end = part.rfind(b"\n") + 1
        if end and self._length + end >= self._size:
            self._hold(part[:end], 0)
            yield self._give()
            part, end = part[end:], 0
        self._hold(part, len(part) - end if end else self._open + len(part))
        if self._open > self._longest:
            yield from self._too_long()

    def _hold(self, part: bytes, open_: int) -> None:
        if part:
            self._held.append(part)
        self._length += len(part)
        self._open = open_

    def _give(self) -> tuple[int, bytes]:
        given = self._offset, b"".join(self._held)
        self._offset += self._length
        self._held, self._length, self._open = [], 0, 0
        return given

    def _too_long(self) -> Iterator[tuple[int, bytes]]:
        """Keep the beginning of the line and leave out its tail; of a run of NULs, go on behind it.

        Runs of NULs are what a log has that was truncated while a program kept writing at its old place, or that was
        preallocated: the line behind them is a good one.
        """
        start, (offset, data) = self._length - self._open, self._give()
        if start:
            yield offset, data[:start]
        line = data[start:]
        rest = line.lstrip(b"\0")
        if len(line) - len(rest) >= self._longest:
            self._nuls = len(line) - len(rest)
        else:
            yield offset + start, line[: self._longest]
            rest = b""
            self._tail = len(line) - self._longest
        self._offset -= len(rest)
        if rest:
            yield from self._take(rest)

    def _leave_out(self, part: bytes) -> bytes:
        """What of *part* follows the run of NULs or the tail that is left out."""
        if self._nuls:
            rest = part.lstrip(b"\0")
            self._nuls += len(part) - len(rest)
        else:
            rest = part[part.find(b"\n") + 1 :] if b"\n" in part else b""
            self._tail += len(part) - len(rest)
        self._offset += len(part) - len(rest)
        if rest or (self._tail and part.endswith(b"\n")):
            self._report()
        return rest

    def _report(self) -> None:
        if self._nuls or self._tail:
            self._overlong(self._offset - self._nuls - self._tail, self._nuls + self._tail, bool(self._nuls))
        self._nuls = self._tail = 0
