"""``ingest``: what is new in some files goes into a store, a segment at a time.

A segment is some ten megabytes of log. When it is parsed and linked its rows are written as parts, and one transaction
of the catalogue makes them valid together with the positions reached and the rows carried over. What was not committed
did not happen: the next run reads it again.

Sources keep their rank for ever. In one run, those that are known go on first, in the order of their ranks; new ones
follow in the order of their first stamps.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune import classify, schema
from logtune.clock import Clock, machine_zone
from logtune.config import Config
from logtune.link import READ, Late, make_linker
from logtune.parse import ParsedBlock, parse_block
from logtune.sources import SOURCE_SHIFT, Problem, Source, cut, open_sources, unpack
from logtune.store import carried, catalogue, gaps, lock, parts, recognise, texts
from logtune.store.accounts import Accounts
from logtune.store.carried import Carried, Changes
from logtune.store.catalogue import Catalogue, Commit, Gap, Known, Part
from logtune.store.errors import StoreError, told
from logtune.store.same_rows import Rows
from logtune.store.texts import Text
from logtune.store.trail import STEP, Trail, digest

BLOCK_BYTES = 1 << 22
SEGMENT_BYTES = 64 << 20
"""Text of a segment: about half a million lines, and 150 MB of rows."""
TRIES = 3
"""A log that is truncated at the moment it is read is looked at again, so often."""

Progress = Callable[[int, int | None], None]


@dataclass
class Ingested:
    """What a run did."""

    lines: int = 0
    rows: int = 0
    bytes: int = 0
    sources: list[str] = field(default_factory=list)
    """Names of the files that had something new."""
    problems: Sequence[Problem] = ()
    gaps: list[Gap] = field(default_factory=list)
    """Where lines may be missing, as this run found."""
    loss: Sequence[str] = ()
    """The same in words."""
    looked_at: int = 0
    """How many files could be opened."""


@dataclass
class _Work:
    """A file with something to read."""

    source: Source
    text: Text
    known: Known
    fresh: bool
    trail: Trail = field(default_factory=Trail)
    counts_from: int = 0


class _Changed(Exception):
    """A file was truncated while it was read: what was read of it since may be of two files."""


def ingest(
    paths: Sequence[str],
    folder: str,
    zone: ZoneInfo | None,
    settings: Config,
    year: int | None = None,
    wait: float = 0.0,
    progress: Progress | None = None,
    segment_bytes: int | None = None,
) -> Ingested:
    """Append what is new in *paths* to the store *folder*, which is made where there is none.

    *zone* and *year* are for stamps without; without *zone* that of the run before is taken, in the first run the
    machine's, and then reports say so. *wait* seconds for another writer at most. A segment has *segment_bytes* of text
    (``SEGMENT_BYTES``). Raises ``StoreBusy``, ``StoreWriteError`` (full disk: all segments before are in),
    ``StoreError``. Files that cannot be read stand in ``Ingested.problems``.
    """
    with told(folder):
        os.makedirs(folder, mode=0o750, exist_ok=True)
    with lock.writing(folder, wait), catalogue.writing(folder) as opened:
        opened.sweep()
        done = Ingested()
        for attempt in range(TRIES):
            run = _Run(opened, zone, settings, year, segment_bytes or SEGMENT_BYTES, done)
            try:
                with catalogue.unfinished(folder):
                    run.run(paths, progress)
            except _Changed as changed:
                if attempt == TRIES - 1:
                    raise StoreError(f"{changed} changes faster than it can be read; try again") from changed
            else:
                break
        done.loss = gaps.sentences(done.gaps, run.clock.zone)
        return done


class _Run:
    """One pass over the files, from the state that the catalogue has."""

    def __init__(
        self,
        store: Catalogue,
        zone: ZoneInfo | None,
        settings: Config,
        year: int | None,
        segment_bytes: int,
        done: Ingested,
    ) -> None:
        self.store, self.settings, self.done = store, settings, done
        self.segment_bytes = segment_bytes
        kept = store.meta("zone")
        self.zone_assumed = zone is None and (not kept or bool(store.meta("zone_assumed")))
        self.sources: dict[int, Source] = {}
        self.clock = Clock(zone or ZoneInfo(kept or machine_zone()), year, lambda rank: self.sources[rank].until)
        self.linker = make_linker()
        self.carried = Carried(self.linker, carried.load(store.folder, store.meta("carried")))
        self.signs = self._signs()
        self.classifier = classify.Classifier(settings.texts)
        self.empty: set[str] = set()
        """Names of files without a whole line."""
        self.behind: dict[int, Gap] = {}
        """Rank of a new source to the gap that ends with its first line."""
        self.segment = _Segment()
        self._chain(year)

    def _chain(self, year: int | None) -> None:
        """With ``--year``, new sources go on where the last one of an earlier run with the same year ended."""
        kept = self.store.meta("ended").split()
        if year is not None and kept and int(kept[0]) == year:
            self.clock.ended = (int(kept[1]), int(kept[2]))

    def run(self, paths: Sequence[str], progress: Progress | None) -> None:
        """Read what is new. Raises as ``ingest``, and ``_Changed``."""
        with ExitStack() as files:
            opened = open_sources(paths, self.clock.year)
            self.done.problems, self.done.looked_at = opened.problems, len(opened.sources)
            works = self._works(opened.sources, opened.problems, files)
            whole = [replace(p, harmless=True) if p.name in self.empty else p for p in opened.problems]
            opened.problems[:] = whole  # what a rotation has just made is empty
            total = sum(max((w.text.size() or w.source.size or 0) - w.known.reached, 0) for w in works)
            before = self.done.bytes
            for work, data, offset, parsed in self._parsed(works, opened.problems):
                self._take(work, data, offset, parsed)
                if progress:
                    progress(min(self.done.bytes - before + self.segment.bytes, total), total)
                if self.segment.bytes >= self.segment_bytes:
                    self._commit()
            self._finish(works)

    # --- which file is it

    def _works(self, sources: Sequence[Source], problems: list[Problem], files: ExitStack) -> list[_Work]:
        known = self.store.sources()
        seen = {k.stat: k.rank for k in known if k.stat}
        found: set[int] = set()
        next_rank = max((k.rank for k in known), default=-1) + 1
        going_on: list[_Work] = []
        new: list[_Work] = []
        for source in sources:
            try:
                work = self._look(source, known, seen, files, found)
            except (OSError, unpack.Damaged) as error:
                problems.append(Problem(source.name, _reason(error), "it is read when it is whole"))
                continue
            if work is None:
                continue
            if work.fresh:
                work.known.rank = next_rank
                next_rank += 1
            (new if work.fresh else going_on).append(work)
        self._tell_gaps(known, found, [work.known for work in new])
        works = sorted(going_on, key=lambda w: w.known.rank) + new
        taken: dict[int, _Work] = {}
        for work in works:  # two copies of one log that goes on: the longer one has it all
            other = taken.get(work.known.rank)
            if other is None or (work.text.size() or 0) > (other.text.size() or 0):
                taken[work.known.rank] = work
        for work in taken.values():
            work.source.rank = work.known.rank
            self.sources[work.known.rank] = work.source
        return list(taken.values())

    def _tell_gaps(self, known: Sequence[Known], found: set[int], new: Sequence[Known]) -> None:
        """Note where lines of sources that are in no file may be missing; gaps of those that are there are closed."""
        self.segment.closed = [gap.rank for gap in self.store.gaps() if gap.rank in found]
        for lost, follower in gaps.torn(known, found, new):
            begin = gaps.last_time(self.store, lost.rank)
            if begin is not None and not gaps.has_no_rest(lost, self.store.checkpoints(lost.rank)):
                self.behind[follower.rank] = Gap(lost.rank, lost.name, begin, begin)

    def _look(
        self, source: Source, known: Sequence[Known], seen: Mapping[str, int], files: ExitStack, found: set[int]
    ) -> _Work | None:
        """What is to do for *source*; None where nothing is new. The known one that it holds is added to *found*."""
        text = texts.open_text(source)
        files.callback(text.close)
        if text.stat in seen:
            found.add(seen[text.stat])
            return None
        first = texts.first_line(text)
        if first is None:
            self.empty.add(source.name)
            return None
        rows = Rows(self.store, self.settings.tags)
        match = recognise.recognise(text, first, known, self.store.checkpoints, rows.same)
        if match.known is None and not match.news:
            return None
        if match.known is None:
            begin = max(match.reached, source.begin)
            made = Known(-1, source.name, begin, begin, digest(first), b"", path=_absolute(source))
            return _Work(source, text, made, True, counts_from=begin)
        found.add(match.known.rank)
        count = len(self.store.checkpoints(match.known.rank)) // len(digest(b""))
        known_now = replace(match.known, name=source.name, path=_absolute(source))
        return _Work(source, text, known_now, False, Trail(count), match.known.reached)

    # --- reading

    def _parsed(
        self, works: Sequence[_Work], problems: list[Problem]
    ) -> Iterator[tuple[_Work, bytes, int, ParsedBlock]]:
        """The blocks of all files with their rows. Parsing needs no lock of the interpreter: it goes ahead."""
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers, "parse") as pool:
            ahead: deque[tuple[_Work, bytes, int, Future[ParsedBlock]]] = deque()
            for work in works:
                self._begin(work)
                for offset, data in self._blocks(work, problems):
                    position = work.known.rank << SOURCE_SHIFT | offset
                    rows = pool.submit(parse_block, data, position, None, self.settings.tags)
                    ahead.append((work, data, offset, rows))
                    if len(ahead) > workers:
                        yield _ready(ahead)
            while ahead:
                yield _ready(ahead)

    def _begin(self, work: _Work) -> None:
        if work.known.clock:
            self.clock.go_on({**work.known.clock["course"], "rank": work.known.rank})
        elif self.clock.year is None and work.source.first is not None and not work.source.first_has_year:
            self.clock.go_on(self._first_year(work))

    def _first_year(self, work: _Work) -> Mapping[str, Any]:
        """Where stamps have no year, that of the first line follows from the last: read all times once before."""
        rank = work.known.rank
        clock = Clock(self.clock.zone, None, self.clock.until, self.clock.now)
        columns = {name: ("ts",) for name in schema.TABLES}
        for offset, data in cut.whole_lines(_guarded(work.text, work.known.reached), BLOCK_BYTES, _nothing):
            position = rank << SOURCE_SHIFT | offset
            clock.take(parse_block(data, position, columns, self.settings.tags).batches)
        clock.finish()
        kept = clock.keep(rank)
        if rank not in clock.years:
            return kept or {"rank": rank, "doubled": {}, "leap_days": []}
        unread = {"before": None, "doubled": {}, "wall": kept["start"], "rolled": 0, "most_rolled": 0, "leap_days": []}
        return {**kept, **unread, "year": clock.years[rank][0]}

    def _blocks(self, work: _Work, problems: list[Problem]) -> Iterator[tuple[int, bytes]]:
        """(offset, whole lines) of what is new in a file; a line that has no end yet is left for the next run."""
        start, begin = work.trail.checkpoints * STEP, work.known.reached
        chunks = self._remembered(work, start, problems)
        for offset, data in cut.whole_lines(
            _behind(chunks, begin - start), BLOCK_BYTES, _left_out(work, problems), begin
        ):
            whole = data if work.text.ends and not work.known.problem else data[: data.rfind(b"\n") + 1]
            if whole:
                yield offset, whole

    def _remembered(self, work: _Work, start: int, problems: list[Problem]) -> Iterator[bytes]:
        """The bytes of a file from *start*, each remembered in its trail, up to where it breaks."""
        work.known.problem = None
        try:
            for chunk in work.text.chunks(start):
                work.trail.take(chunk)
                yield chunk
        except (OSError, unpack.Damaged) as error:
            work.known.problem = _reason(error)
            problems.append(Problem(work.source.name, _reason(error), "what stands before was read"))

    # --- rows

    def _take(self, work: _Work, data: bytes, offset: int, parsed: ParsedBlock) -> None:
        rank = work.known.rank
        batches = {name: batch for name, batch in parsed.batches.items() if batch.num_rows}
        linked = self.linker.feed(batches)
        times = self.clock.take(batches)
        whole = {name: self._whole(name, b, times[name], linked.columns.get(name, {})) for name, b in batches.items()}
        self.segment.add(whole, {name: b.column("repeat") for name, b in batches.items()})
        for late in linked.late:
            self.segment.change(late, self.carried)
        if rank in self.behind:
            self._end_gap(rank, times)
        signs = self._signs()
        news = tuple(now - before for now, before in zip(signs, self.signs, strict=True))
        self.signs = signs
        self.segment.accounts.take(rank, len(data), parsed.counts, whole, (news[0], news[1], news[2], news[3]))
        self.segment.bytes += len(data)
        self.segment.lines += parsed.counts.lines
        work.known.reached = offset + len(data)
        work.trail.settle(work.known.reached)
        self.segment.touched[rank] = work

    def _end_gap(self, rank: int, times: Mapping[str, pa.Array]) -> None:
        """A gap ends with the first time of the source that follows it."""
        firsts = [first for ts in times.values() if (first := pc.min(ts.cast(pa.int64())).as_py()) is not None]
        gap = self.behind[rank]
        if not firsts:
            return
        del self.behind[rank]
        if gap.begin < min(firsts):
            self.segment.gaps.append(replace(gap, end=min(firsts)))

    def _signs(self) -> tuple[int, int, int, int]:
        return self.clock.no_stamp, self.clock.backwards, self.linker.unclosed, self.linker.uncounted

    def _whole(self, name: str, batch: pa.RecordBatch, ts: pa.Array, links: Mapping[str, pa.Array]) -> pa.RecordBatch:
        """*batch* with all columns of its table."""
        filled = {"ts": ts, **links}
        if name == "decisions":
            filled["restriction"] = self.classifier.restrictions(batch)
        return schema.whole(batch, schema.arrow_schema(name), filled)

    # --- one atomic step

    def _finish(self, works: Sequence[_Work]) -> None:
        """The last segment, with what is known of files that were read to their end."""
        self.clock.finish()
        for work in works:
            if work.known.reached > work.known.begin or not work.fresh:
                self.segment.touched[work.known.rank] = work
                work.known.stat = "" if work.known.problem else work.text.stat
        if self.segment.bytes:
            self._commit()
        elif self.segment.touched or self.segment.closed:
            touched = [work.known for work in self.segment.touched.values()]
            self.store.commit(Commit(sources=touched, closed=self.segment.closed))

    def _commit(self) -> None:
        """Write the segment and make it valid. Raises ``StoreWriteError``, ``_Changed``."""
        segment, self.segment = self.segment, _Segment()
        for work in segment.touched.values():
            _still_there(work)
        tables = segment.tables()
        folder = self.store.folder
        made: list[Part] = []
        try:
            dropped = self._patched(segment.changes, made)
            for name, table in tables.items():
                made += parts.write(folder, name, table)
            for name in READ:
                if name in tables:
                    self.carried.add(name, segment.as_parsed(name, tables[name]))
            self.carried.forget()
            file = self.carried.save(folder)
            self.store.commit(self._committed(segment, made, dropped, file))
        except BaseException:
            parts.remove(folder, made)
            raise
        self.done.gaps += segment.gaps
        self.done.lines += segment.lines
        self.done.bytes += segment.bytes
        self.done.rows += sum(t.num_rows for t in tables.values())
        names = [w.source.name for w in segment.touched.values() if w.known.reached > w.counts_from]
        self.done.sources += [name for name in names if segment.lines and name not in self.done.sources]

    def _committed(self, segment: _Segment, made: Sequence[Part], dropped: Sequence[str], file: str) -> Commit:
        known, checkpoints = [], []
        for rank, work in segment.touched.items():
            work.known.tail = work.trail.tail(work.known.reached) if work.trail.taken else work.known.tail
            course = self.clock.keep(rank)
            if course:
                work.known.clock = {"version": 1, "given": self.clock.year is not None, "course": course}
            known.append(work.known)
            first, digests = work.trail.new()
            if digests:
                checkpoints.append((rank, first, digests))
        meta = {"carried": file, "zone": self.clock.zone.key, "tables_version": str(schema.VERSION)}
        if self.clock.zone_used:
            meta["zone_assumed"] = "1" if self.zone_assumed else ""
        if self.clock.year is not None and self.clock.ended is not None:
            meta["ended"] = f"{self.clock.year} {self.clock.ended[0]} {self.clock.ended[1]}"
        return Commit(
            made, dropped, known, checkpoints, segment.accounts.by_day, meta, gaps=segment.gaps, closed=segment.closed
        )

    def _patched(self, changes: Changes, made: list[Part]) -> list[str]:
        """Parts with rows of which the pass learned something later, written anew; gives the files they replace."""
        dropped = []
        names, positions = {name for name, _ in changes}, {p for cells in changes.values() for p in cells}
        around = self.store.parts_at(min(positions), max(positions) + 1) if positions else []
        for part in [p for p in around if p.name in names]:
            table = None
            for (name, column), cells in changes.items():
                near = [p for p in cells if part.first <= p <= part.last] if name == part.name else []
                if near:
                    table = parts.read(self.store.folder, part, schema.arrow_schema(name)) if table is None else table
                    own = np.isin(np.asarray(table["position"], dtype=np.int64), near).any()
                    table = parts.changed(table, column, {p: cells[p] for p in near}) if own else table
            if table is not None:
                made += parts.write(self.store.folder, part.name, table)
                dropped.append(part.file)
        return dropped


class _Segment:
    """Rows since the last commit."""

    def __init__(self) -> None:
        self.batches: dict[str, list[pa.RecordBatch]] = {}
        self.repeats: dict[str, list[pa.Array]] = {}
        self.inside: Changes = {}
        self.changes: Changes = {}
        self.accounts = Accounts()
        self.touched: dict[int, _Work] = {}
        self.gaps: list[Gap] = []
        self.closed: Sequence[int] = ()
        self.bytes = self.lines = 0

    def add(self, whole: Mapping[str, pa.RecordBatch], repeats: Mapping[str, pa.Array]) -> None:
        """Rows of a block, and how often they happened as their lines say it."""
        for name, batch in whole.items():
            self.batches.setdefault(name, []).append(batch)
            self.repeats.setdefault(name, []).append(repeats[name])

    def change(self, late: Late, before: Carried) -> None:
        """Cells of rows of earlier blocks: of this segment, or of parts."""
        first = before.begin(late.table)
        rows = np.asarray(late.rows, dtype=np.int64)
        here = rows >= first
        cells = self.inside.setdefault((late.table, late.column), {})
        values = late.values.to_pylist()
        cells.update({int(row - first): value for row, value, own in zip(rows, values, here, strict=True) if own})
        if not here.all():
            kept = pa.array(~here)
            before.change(late._replace(rows=late.rows.filter(kept), values=late.values.filter(kept)), self.changes)

    def tables(self) -> dict[str, pa.Table]:
        """The rows by table, what was learned late of them put in."""
        made = {}
        for name, batches in self.batches.items():
            table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
            for (changed, column), cells in self.inside.items():
                if changed == name and cells:
                    position = table["position"].take(pa.array(list(cells), pa.int64())).to_pylist()
                    table = parts.changed(table, column, dict(zip(position, cells.values(), strict=True)))
            made[name] = table
        return made

    def as_parsed(self, name: str, table: pa.Table) -> pa.Table:
        """*table* with ``repeat`` as the lines say it, which is what the link pass starts from."""
        repeat = pa.chunked_array(self.repeats[name])
        return table.set_column(table.schema.get_field_index("repeat"), "repeat", repeat)


def _ready(ahead: deque[tuple[_Work, bytes, int, Future[ParsedBlock]]]) -> tuple[_Work, bytes, int, ParsedBlock]:
    work, data, offset, rows = ahead.popleft()
    return work, data, offset, rows.result()


def _still_there(work: _Work) -> None:
    """A plain file that was truncated and written anew while it was read gave lines of two files: take none of them."""
    size = work.text.size()
    if size is None or not work.trail.taken:
        return
    start = work.trail.checkpoints * STEP
    if size < work.known.reached or digest(texts.read(work.text, start, work.known.reached - start)) != work.trail.tail(
        work.known.reached
    ):
        raise _Changed(work.source.name)


def _behind(chunks: Iterator[bytes], length: int) -> Iterator[bytes]:
    """*chunks* without their first *length* bytes."""
    for chunk in chunks:
        if length < len(chunk):
            yield chunk[length:]
        length = max(0, length - len(chunk))


def _guarded(text: Text, start: int) -> Iterator[bytes]:
    try:
        yield from text.chunks(start)
    except (OSError, unpack.Damaged):
        return


def _nothing(offset: int, length: int, nuls: bool) -> None:
    """What is left out is told when the file is read."""


def _left_out(work: _Work, problems: list[Problem]) -> cut.Overlong:
    def note(offset: int, length: int, nuls: bool) -> None:
        what = "NUL bytes" if nuls else "bytes of an overlong line"
        problems.append(Problem(work.source.name, f"{length:,} {what} left out at byte {offset:,}", harmless=nuls))

    return note


def _reason(error: OSError | unpack.Damaged) -> str:
    if isinstance(error, unpack.Damaged):
        return f"{error.reason} at byte {error.offset:,} of the packed data"
    return (error.strerror or str(error)).lower()


def _absolute(source: Source) -> str | None:
    return None if source.path is None else os.path.abspath(source.path)
