"""Both cores on many lines: cell for cell, at random cuts, the link pass after them and the relations of a whole log.

For ``scripts/differential``.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

from benchmarks import generate
from logtune import schema
from logtune.link import Linker, Linking, NativeLinker
from logtune.parse import Columns, ParsedBlock
from logtune.parse.native import parse_block as native
from logtune.parse.reference import parse_block as reference
from tests.parse.cores import SITE_TAGS, compared, difference, differing_lines
from tests.parse.mutations import Mutations
from tests.related import difference as relations_differ
from tests.related import tables_in

LOG_LINES = 100_000
"""Lines of one log: all that a process holds at a time, and as far as the link pass looks back."""
BLOCK_LINES = 20_000
"""Blocks are cut at random line ends, at most so far apart."""
LINE = re.compile(rb"[^\n]*\n|[^\n]+")
"""A line with its end; ``splitlines`` would end one at a carriage return, too."""
SHOWN = 10
SHRINK_SECONDS = 60.0
"""So long a log that is linked differently is made smaller."""


@dataclass(frozen=True)
class Log:
    """A log that *seed* makes: ``generated``, as a server writes it, or ``mutated``, damaged lines in any order."""

    kind: str
    seed: int
    lines: int

    def text(self) -> bytes:
        if self.kind == "mutated":
            return _mutations(self.seed).block(self.lines)
        stamped = generate.STAMPS["iso" if self.seed % 2 else "classic"]
        parts = generate.batches(self.lines, self.seed)
        return "".join(line for _, times, texts in parts for line in stamped(times, texts)).encode()


@cache
def _known() -> Mutations:
    return Mutations(0)


def _mutations(seed: int) -> Mutations:
    known = _known()  # reads every sample and test
    known.random = random.Random(seed)
    return known


def logs(generated: int, mutated: int, seed: int = 0) -> Iterator[Log]:
    """Logs of so many lines in all, both kinds in turn."""
    kinds = (_parts("generated", generated, seed), _parts("mutated", mutated, seed))
    for pair in itertools.zip_longest(*kinds):
        yield from (log for log in pair if log is not None)


def _parts(kind: str, lines: int, seed: int) -> Iterator[Log]:
    for number, done in enumerate(range(0, lines, LOG_LINES)):
        # seeds of two runs do not meet before a billion lines
        yield Log(kind, seed * 10_000 + number, min(LOG_LINES, lines - done))


# --- one log


def check(log: Log) -> list[str]:
    """What the cores make different of *log*, in words and with the smallest input that was found."""
    chance = random.Random(log.seed)
    text = log.text()
    blocks = list(cut(text, chance))
    links = Links(Linker()), Links(NativeLinker())
    for block in blocks:
        parsed = reference(block, links[0].position, None, SITE_TAGS), native(block, links[1].position, None, SITE_TAGS)
        columns = _some_columns(chance) if chance.random() < 0.1 else None
        said = compared(parsed[1], parsed[0]) or (columns and difference(block, 0, columns, SITE_TAGS))
        if said:
            lines = differing_lines(block, SITE_TAGS)[:SHOWN]
            return [f"{line!r}\n  {difference(line, tags=SITE_TAGS)}" for line in lines] or [
                f"{log}, {columns}\n  {said}"
            ]
        for link, batches in zip(links, parsed, strict=True):
            link.feed(block, batches)
        if differing(*links):
            return [_smallest(text, linked_differently)]
    return [_smallest(text, related_differently)] if related_differently([text]) else []


def _smallest(text: bytes, differs: Callable[[Sequence[bytes]], str | None]) -> str:
    """The fewest lines that show a difference, and what it is."""
    lines = shrunk(LINE.findall(text), lambda lines: differs(lines) is not None)
    return f"{b''.join(lines).decode('utf-8', 'backslashreplace')}  {differs(lines)}"


def cut(text: bytes, chance: random.Random) -> Iterator[bytes]:
    """*text* in blocks, which end at random line ends: many small ones among the large."""
    ends = itertools.accumulate(map(len, LINE.findall(text)))
    begin, wait = 0, chance.randrange(BLOCK_LINES)
    for end in ends:
        if wait == 0 or end == len(text):
            yield text[begin:end]
            begin, wait = end, chance.choice((0, 1, chance.randrange(100), chance.randrange(BLOCK_LINES)))
        else:
            wait -= 1


def _some_columns(chance: random.Random) -> Columns:
    tables = [name for name in schema.TABLES if chance.random() < 0.7]
    return {name: {c.name for c in schema.TABLES[name] if chance.random() < 0.5} for name in tables}


class Links:
    """A link pass, and what it gave of the last block."""

    def __init__(self, linker: Linking) -> None:
        self.linker, self.position = linker, 0
        self.given: dict[str, object] = {}

    def feed(self, block: bytes, parsed: ParsedBlock) -> None:
        columns, late = self.linker.feed(parsed.batches)
        self.given = {f"{table}.{name}": values for table, found in columns.items() for name, values in found.items()}
        self.given |= {f"{c.table}.{c.column} of rows before": (c.rows, c.values) for c in late}
        self.position += len(block)

    def found(self) -> dict[str, object]:
        return self.given | {"unclosed": self.linker.unclosed, "uncounted": self.linker.uncounted}


def differing(expected: Links, found: Links) -> str | None:
    """Where two link passes differ after the last block, in words."""
    theirs, ours = expected.found(), found.found()
    for name in theirs.keys() | ours.keys():
        if theirs.get(name) != ours.get(name):
            return f"{name}: native {ours.get(name)}, reference {theirs.get(name)}"
    return None


def linked_differently(blocks: Sequence[bytes]) -> str | None:
    """Where the two link passes differ on *blocks*, each after its own core; None where they agree."""
    links = Links(Linker()), Links(NativeLinker())
    for block in blocks:
        for link, parse in zip(links, (reference, native), strict=True):
            link.feed(block, parse(block, link.position, None, SITE_TAGS))
        if said := differing(*links):
            return said
    return None


def related_differently(blocks: Sequence[bytes]) -> str | None:
    """Where the relations of a log of *blocks* differ from those of the SQL; None where they agree."""
    return relations_differ(tables_in(b"".join(blocks)))


def shrunk(lines: list[bytes], differs: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Fewer of *lines* that still differ: pieces are left out, smaller and smaller ones, while there is time."""
    end, size = time.monotonic() + SHRINK_SECONDS, len(lines) // 2
    while size:
        at = 0
        while at < len(lines) and time.monotonic() < end:
            fewer = lines[:at] + lines[at + size :]
            if differs(fewer):
                lines = fewer
            else:
                at += size
        size //= 2
    return lines


# --- all logs


def run(work: Sequence[Log], processes: int | None, told: Callable[[int, int], None]) -> list[str]:
    """Check *work* in *processes* (None: one for each core) until ``SHOWN`` differences are found.

    ``told(lines done, differences so far)`` is called after each log.
    """
    found: list[str] = []
    done = 0
    for log, differences in _checked(work, processes or len(os.sched_getaffinity(0))):
        done += log.lines
        found += differences
        told(done, len(found))
        if len(found) >= SHOWN:
            break
    return found[:SHOWN]


def _checked(work: Sequence[Log], processes: int) -> Iterator[tuple[Log, list[str]]]:
    if processes == 1:
        yield from ((log, check(log)) for log in work)
        return
    # Arrow and the native core have threads, which a fork would lose
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        waiting: list[tuple[Log, Future[list[str]]]] = [(log, pool.submit(check, log)) for log in work]
        yield from ((log, future.result()) for log, future in waiting)
    finally:
        pool.shutdown(cancel_futures=True)
