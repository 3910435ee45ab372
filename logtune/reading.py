"""The road of a log from its sources to the tables, block by block.

```
sources ─ blocks ─▶ parse ─▶ link ─▶ clock, classify ─▶ anonymize ─▶ spill.Store ─▶ Tables
          (several ahead)   (in order)                                └─▶ relations ──┘
```
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pyarrow as pa

from logtune import classify, schema
from logtune.clock import Clock
from logtune.link import COMMON, READ, Linked, Linking, make_linker
from logtune.losses import Losses
from logtune.parse import Columns, Counts, ParsedBlock, Tag, parse_block
from logtune.parse.core import core_name
from logtune.read_options import ReadOptions
from logtune.results import Coverage
from logtune.sources import Block, Source, Sources
from logtune.spill import WALL, ReadAlready, Reader, Store, Stored
from logtune.tables import Tables, choose

BLOCK_BYTES, BLOCK_LEAST = 1 << 23, 1 << 18
"""What is parsed at a time, in bytes of text; its rows take about ten times as much for a moment. With half of it
reading takes a tenth more CPU time: much of the work on a block does not depend on its size."""

Progress = Callable[[int, int | None], None]


def read(sources: Sources, asked: ReadOptions, progress: Progress | None = None) -> Tables:
    """The rows of *sources* that are *asked* for. Raises ``SpillError``.

    Their relations are made meanwhile where that is asked for and can be done; else from the tables, when they are
    needed.
    """
    if asked.relations and _can_relate(sources, asked):
        from logtune.relations.native import NotByParts

        with suppress(NotByParts, ReadAlready):  # rare: read again, and make the relations of the tables as a whole
            return _read_and_relate(sources, asked, progress)
    reading = _Reading(sources, asked, asked.wanted)
    reading.run(progress)
    stored = choose(reading.tables(), asked.choice, asked.room)
    return _tables(reading, stored)


def _can_relate(sources: Sources, asked: ReadOptions) -> bool:
    """Whether the native core makes relations of all that is read, and the sources can be read again if it cannot."""
    again = all(source.rereadable for source in sources.sources)
    return core_name().startswith("native") and asked.choice.everything() and again


def _read_and_relate(sources: Sources, asked: ReadOptions, progress: Progress | None) -> Tables:
    """The relations are made of rows that were read, and columns that only they need are not stored.

    Raises ``NotByParts`` and ``ReadAlready`` where rows tell something else of what is over, and ``SpillError``.
    """
    from logtune.relations.making import Filling
    from logtune.relations.native import Making

    filling = Filling(asked.room)
    making = Making(asked.probe_senders, asked.room, filling, asked.relations)
    reading = _Reading(sources, asked, asked.kept, making)
    reading.run(progress)
    tables = reading.tables()
    making.finish()
    filling.finish()
    return replace(_tables(reading, tables), related=filling.con, views=asked.relations)


def _tables(reading: _Reading, stored: Mapping[str, Stored]) -> Tables:
    asked, sources = reading.asked, reading.sources.sources
    names = {s.rank: asked.identities.source(s.name) for s in sources}
    return Tables(stored, asked.zone, reading.coverage(), names, asked.probe_senders, asked.room)


class _Reading:
    """The road from sources to tables, block by block: parse, then link, clock and classify, then store.

    A *reader* reads the rows meanwhile.
    """

    def __init__(
        self, sources: Sources, asked: ReadOptions, schemas: Mapping[str, pa.Schema], reader: Reader | None = None
    ) -> None:
        by_rank = {s.rank: s for s in sources.sources}
        self.sources, self.asked, self.identities = sources, asked, asked.identities
        self.clock = Clock(asked.zone, asked.year, lambda rank: by_rank[rank].until)
        self.linker = make_linker()
        self.classifier = classify.Classifier(asked.settings.texts)
        self.store = Store(schemas, asked.room, reader)
        self.schemas = schemas if reader is None else _with_columns(schemas, reader.columns)
        self.counts: dict[int, Counts] = {}
        self.losses = Losses()

    def run(self, progress: Progress | None) -> None:
        """Read all blocks. Raises ``SpillError``."""
        settings = self.asked.settings
        columns = _parsed_columns(self.schemas, bool(settings.texts))
        columns = columns if self.identities.level is None else None  # a text is searched for the names in its row
        size = min(BLOCK_BYTES, self.store.room.tables // 16)
        blocks = self.sources.blocks(max(size, BLOCK_LEAST), progress)
        for block, parsed, linked in _linked(blocks, columns, settings.tags, self.linker):
            self._take(block.source.rank, parsed, linked)

    def _take(self, rank: int, parsed: ParsedBlock, linked: Linked) -> None:
        self.counts[rank] = self.counts.get(rank, Counts()) + parsed.counts
        times = self.clock.take(parsed.batches)
        guessed = self.clock.guessed(rank) and self.store.reader is None  # with a reader, no stamp can be put right
        rows = {}
        for name, batch in parsed.batches.items():
            whole = self._whole(name, batch, times[name], linked.columns.get(name, {}), guessed)
            rows[name] = self.identities.rows(name, batch, whole)
        self.store.add(rows, rank if guessed else None)
        for late in linked.late:
            self.store.change(late)
        if "notices" in parsed.batches:
            self.losses.count(parsed.batches["notices"])

    def tables(self) -> dict[str, Stored]:
        """The seven tables with every column that is wanted filled. Raises ``SpillError``."""
        self.clock.finish()
        for rank in list(self.clock.mistaken):
            self.clock.again(rank)
            self.store.retime(rank, self.clock.take)
            self.clock.finish()
        return self.store.tables()

    def _whole(
        self, name: str, batch: pa.RecordBatch, ts: pa.Array, links: Mapping[str, pa.Array], guessed: bool
    ) -> pa.RecordBatch:
        """*batch* with the columns that are wanted, and the stamps as parsed where their year is *guessed*."""
        target = self.schemas[name]
        filled = {"ts": ts, **links}
        if "restriction" in target.names:
            filled["restriction"] = self.classifier.restrictions(batch)
        fields = list(target)
        if guessed:
            fields += [pa.field(WALL, schema.TIME), batch.schema.field("stamp")]
            filled[WALL] = batch.column("ts")
        return schema.whole(batch, pa.schema(fields), filled)

    def coverage(self) -> Coverage:
        """Line accounts of what was read, whole: a choice of time or host does not change them."""
        total = sum(self.counts.values(), Counts())
        losses = replace(self.losses, unclosed=self.linker.unclosed, uncounted=self.linker.uncounted)
        return Coverage(
            sources=[*map(self._source, self.sources.sources), *self._unread()],
            lines=total.lines,
            recognised=total.recognised,
            unrecognised=total.unrecognised,
            blank=total.blank,
            not_postfix=total.not_postfix,
            no_stamp=self.clock.no_stamp,
            backwards=self.clock.backwards,
            loss=losses.sentences(),
            lost=losses.more_than_a_trace(total.recognised),
            zone=self.clock.zone.key,
            zone_assumed=self.asked.zone_assumed and self.clock.zone_used,
            year_assumed=self.clock.notes(),
            core=core_name(),
            anonymized=self.identities.level,
        )

    def _source(self, source: Source) -> dict[str, Any]:
        counts = self.counts.get(source.rank, Counts())
        return {
            "name": self.identities.source(source.name),
            "bytes": source.bytes_read,
            "lines": counts.lines,
            "recognised": counts.recognised,
            "problem": source.problem,
        }

    def _unread(self) -> list[dict[str, Any]]:
        """What was named and could not be opened: it is part of what the answer lacks."""
        opened = {s.name for s in self.sources.sources}
        return [
            {"name": self.identities.source(p.name), "bytes": 0, "lines": 0, "recognised": 0, "problem": p.reason}
            for p in self.sources.problems
            if not p.harmless and p.name not in opened
        ]


def _linked(
    blocks: Iterable[Block], columns: Columns | None, tags: Mapping[str, Tag], linker: Linking
) -> Iterator[tuple[Block, ParsedBlock, Linked]]:
    """Each block with its rows and their links, in order. The native core works without the interpreter lock: it parses
    blocks ahead, several at once, and a thread of its own links one after another."""
    if not core_name().startswith("native"):
        for block in blocks:
            parsed = parse_block(block.data, block.position, columns, tags)
            yield block, parsed, linker.feed(parsed.batches)
        return
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers, "parse") as parsing, ThreadPoolExecutor(1, "link") as linking:
        ahead: deque[tuple[Block, Future[ParsedBlock], Future[Linked]]] = deque()
        for block in blocks:
            rows = parsing.submit(parse_block, block.data, block.position, columns, tags)
            ahead.append((block, rows, linking.submit(lambda rows: linker.feed(rows.result().batches), rows)))
            if len(ahead) > workers + 1:  # no more at once than there is work for: blocks take memory
                yield _done(ahead.popleft())
        while ahead:
            yield _done(ahead.popleft())


def _done(work: tuple[Block, Future[ParsedBlock], Future[Linked]]) -> tuple[Block, ParsedBlock, Linked]:
    block, rows, links = work
    return block, rows.result(), links.result()


def _with_columns(schemas: Mapping[str, pa.Schema], more: Mapping[str, Sequence[str]]) -> dict[str, pa.Schema]:
    """*schemas* with *more* columns."""
    return {name: schema.arrow_schema(name, {*kept.names, *more.get(name, ())}) for name, kept in schemas.items()}


def _parsed_columns(wanted: Mapping[str, pa.Schema], site_texts: bool) -> Columns | None:
    """Columns that a core builds: those *wanted*, and what clock, link and classify read; None for all."""
    if all(table.names == schema.arrow_schema(name).names for name, table in wanted.items()):
        return None
    columns = {name: {"ts", "host", *table.names} for name, table in wanted.items()}
    for name, read_by_link in READ.items():
        columns[name].update(COMMON, read_by_link)
    if "restriction" in columns["decisions"]:
        columns["decisions"].update(classify.NEEDED, ("reason",) if site_texts else ())
    return columns
