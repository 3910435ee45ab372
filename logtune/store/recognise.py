"""Which file is it? Told by what is in it: its first line, then the digests of its bytes up to the position reached.

Name, inode and time tell nothing: logs are renamed, copied and cut, compressed, restored from backups. A source that is
known goes on where it was left. One that has less than was read is an old copy, and has nothing new. One that agrees
only up to some line (a backup was put back, and the log went on from there) is a source of its own from that line on.

Digests stand for 16 kB each. Which lines of the piece that differs are still the same is told by the rows that they
gave: the lines are parsed again and compared, column for column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from logtune.store import texts
from logtune.store.catalogue import Known
from logtune.store.texts import Text
from logtune.store.trail import SIZE, STEP, digest

SameRows = Callable[[int, bytes, int], int]
"""(rank, bytes that begin a line, their offset): offset of the first line in them that is not that source's own."""


@dataclass(frozen=True)
class Match:
    """What a file turned out to be."""

    known: Known | None
    """The source that goes on in it; None for a new one."""
    reached: int
    """Where to go on reading; 0 in a new source, or where it parts from one that is known."""
    news: bool = True
    """False for an old copy of what was read."""


class Overlap(NamedTuple):
    """How far a file agrees with a source that was read."""

    known: Known
    offset: int
    to_the_end: bool
    """Whether the file holds no whole line behind."""

    @property
    def goes_on(self) -> bool:
        """Whether all that was read of the source is in the file."""
        return self.offset >= self.known.reached


def recognise(
    text: Text, first_line: bytes, sources: Sequence[Known], digests: Callable[[int], bytes], same_rows: SameRows
) -> Match:
    """What the file of *text* is, among *sources*; *digests* gives a source's checkpoints by rank.

    Raises as ``Text.chunks`` where the file breaks before that is known.
    """
    begins = digest(first_line)
    alike = [known for known in sources if known.first_line == begins]
    found = [overlap(text, known, digests(known.rank), same_rows) for known in alike]
    on = max((o for o in found if o.goes_on), key=lambda o: o.offset, default=None)
    if on is not None:
        return Match(on.known, on.offset)
    best = max(found, key=lambda o: o.offset, default=None)
    if best is None:
        return Match(None, 0)
    return Match(None, best.offset, news=not best.to_the_end)


def overlap(text: Text, known: Known, digests: bytes, same_rows: SameRows) -> Overlap:
    """How far *text* agrees with what was read of *known*."""
    if _goes_on(text, known, digests):
        return Overlap(known, known.reached, False)
    count, number, before, rest = len(digests) // SIZE, 0, b"", b""
    tail = known.reached - count * STEP
    chunks = text.chunks(0)
    while True:
        wanted = STEP if number < count else tail
        rest = _fill(rest, chunks, wanted)
        piece, expected = rest[:wanted], digests[number * SIZE : (number + 1) * SIZE] or known.tail
        if len(piece) < wanted or digest(piece) != expected:
            return _by_rows(known, number * STEP, before, piece, len(rest) > wanted, text.ends, same_rows)
        if number == count:
            return Overlap(known, known.reached, False)
        number, before, rest = number + 1, piece, rest[wanted:]


def _goes_on(text: Text, known: Known, digests: bytes) -> bool:
    """Whether a plain file goes on behind what was read, by its first and its last checkpoint and the tail."""
    size, count = text.size(), len(digests) // SIZE
    if size is None or size < known.reached:
        return False
    pieces = [(number * STEP, STEP, digests[number * SIZE : (number + 1) * SIZE]) for number in {0, count - 1} if count]
    pieces.append((count * STEP, known.reached - count * STEP, known.tail))
    return all(digest(texts.read(text, start, length)) == expected for start, length, expected in pieces)


def _fill(have: bytes, chunks: Iterator[bytes], wanted: int) -> bytes:
    """*have* with more of *chunks*, until it is longer than *wanted* or they end."""
    parts, length = [have], len(have)
    while length <= wanted:
        chunk = next(chunks, b"")
        if not chunk:
            break
        parts.append(chunk)
        length += len(chunk)
    return b"".join(parts)


def _by_rows(
    known: Known, at: int, before: bytes, piece: bytes, more: bool, ends: bool, same_rows: SameRows
) -> Overlap:
    """Look line by line at the *piece* at offset *at* that differs; *before* is the piece before it."""
    carried = before[before.rfind(b"\n") + 1 :]
    data, start = carried + piece, at - len(carried)
    whole = len(data) if ends and not more else data.rfind(b"\n") + 1
    offset = same_rows(known.rank, data[:whole], start)
    return Overlap(known, offset, not more and offset >= start + whole)
