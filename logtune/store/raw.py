"""The raw lines behind positions of a store: they are in the log files, as long as those are there."""

from __future__ import annotations

import glob
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence

from logtune.sources import SOURCE_SHIFT, NotRereadable, Problem, Source, Sources, open_sources, unpack
from logtune.store import catalogue, recognise, texts
from logtune.store.catalogue import Known
from logtune.store.trail import digest

_ROTATED = re.compile(r"([.-]\d+)*(\.(gz|bz2|xz|zst))?$")


def family(path: str) -> str:
    """The live file that *path* may be a rotated one of: /var/log/mail.log of /var/log/mail.log-20260302.gz."""
    return _ROTATED.sub("", path)


class LinesGone(NotRereadable):
    """A store has rows, not lines, and the file that the lines stood in is not there any more."""


class StoredSources(Sources):
    """Stands for the sources of a log that was read from the store *folder*: same questions, other files."""

    def __init__(self, folder: str, known: Sequence[Known], problems: Iterable[Problem] = ()) -> None:
        super().__init__([Source(k.name, rank=k.rank, rereadable=False) for k in known], problems)
        self._folder = folder
        self._known = {k.rank: k for k in known}
        self._found: dict[int, Sources] = {}

    def lines_at(self, positions: Iterable[int]) -> dict[int, bytes]:
        """Raw lines by position. Raises ``LinesGone`` where a file is not there, ``NoSuchLine``."""
        found: dict[int, bytes] = {}
        mask = (1 << SOURCE_SHIFT) - 1
        for rank, group in itertools.groupby(sorted(set(positions)), lambda position: position >> SOURCE_SHIFT):
            lines = self._file(rank).lines_at([position & mask for position in group])
            found.update((rank << SOURCE_SHIFT | offset, line) for offset, line in lines.items())
        return found

    def _file(self, rank: int) -> Sources:
        if rank not in self._found:
            known = self._known.get(rank)
            if known is None:
                raise LinesGone(f"the store {self._folder} has no source {rank} in the time asked for")
            with catalogue.reading(self._folder) as opened:
                digests = opened.checkpoints(rank)
            file = find(known, digests)
            if file is None:
                raise LinesGone(f"the lines of {known.name} are gone: no file there has what was read of it")
            file.rank = 0
            self._found[rank] = Sources([file])
        return self._found[rank]


def find(known: Known, digests: bytes) -> Source | None:
    """The file that holds what was read of *known*, whose checkpoints are *digests*, or a rotated one beside it."""
    return next((source for source in _candidates(known) if _is(source, known, digests)), None)


def _candidates(known: Known) -> Iterator[Source]:
    """The file itself and what a rotation may have made of it, in the same directory."""
    if known.path is None:
        return
    base = family(known.path)
    for path in sorted({known.path, *glob.glob(f"{glob.escape(base)}*")}, key=lambda p: (p != known.path, p)):
        if os.path.isfile(path):
            yield from open_sources([path]).sources


def _is(source: Source, known: Known, digests: bytes) -> bool:
    try:
        text = texts.open_text(source)
    except OSError:
        return False
    try:
        first = texts.first_line(text)
        if first is None or digest(first) != known.first_line:
            return False
        return recognise.overlap(text, known, digests, lambda rank, data, offset: offset).goes_on
    except (OSError, unpack.Damaged):
        return False
    finally:
        text.close()
