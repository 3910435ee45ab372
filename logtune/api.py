"""The library as people use it: ``read()`` a log, get a ``MailLog``, ask it.

log = logtune.read("/var/log/mail.log*")
log.trial()            # a report that displays itself
log.deliveries         # Arrow table
log.to_pandas("decisions")
log.sql("SELECT outcome, count(*) FROM recipients GROUP BY 1")
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from logtune import classify, config, schema
from logtune.analyses.common import plural
from logtune.analyses.options import Options
from logtune.anonymize.key import KeyFileError, read_or_make
from logtune.anonymize.pseudonyms import Level
from logtune.anonymize.rows import Anonymizer
from logtune.clock import Clock, machine_zone
from logtune.link import COMMON, READ, Linked, Linking, make_linker
from logtune.parse import Columns, Counts, ParsedBlock, Tag, parse_block
from logtune.parse.core import core_name
from logtune.results import Coverage, Period, Report, Section
from logtune.sources import Block, Problem, Source, Sources, default_paths, open_sources
from logtune.spill import WALL, Room, SpillError, Store, Stored, in_memory, parts
from logtune.tables import CHOOSING, Choice, Tables, choose

if TYPE_CHECKING:
    import pandas as pd

    from logtune.analyses.changes import Changes
    from logtune.analyses.glance import Glance
    from logtune.analyses.state import State
    from logtune.analyses.verify import Verification
    from logtune.live import Sample
    from logtune.postconf.services import Configuration
    from logtune.results import Section
    from logtune.tune.plan import Plan

LOSS_TRACE = 0.001
"""Lost lines up to one in a thousand are a trace: they cannot turn a verdict that asks for twenty recipients."""

__all__ = ["MailLog", "OptionError", "SpillError", "read"]

BLOCK_BYTES, BLOCK_LEAST = 1 << 22, 1 << 18
"""What is parsed at a time, in bytes of text; its rows take about ten times as much for a moment."""

YEARS = range(1970, 2201)
RELATIONS = ("sessions", "messages", "recipients", "flags")
COUNTED = ("connections", "sessions")
"""Tables and relations that have smtpd's command counters."""

Progress = Callable[[int, int | None], None]
MxOrder = tuple[tuple[str, ...], ...]


class OptionError(ValueError):
    """An option of ``read`` that cannot be used; the text says which, what was found and what is expected."""


@dataclass(repr=False)
class MailLog:
    """A log that was read: tables, relations and analyses. Times are UTC, durations seconds, sizes bytes.

    The seven tables are attributes too (``log.deliveries``). As the last line of a notebook cell it shows its report.
    """

    tables: Tables
    sources: Sources
    options: Options
    problems: Sequence[Problem] = field(default_factory=tuple)
    anonymizer: Anonymizer | None = None
    """What replaced identities in all of it; raw lines pass it too."""
    tags: Mapping[str, Tag] = field(default_factory=dict)

    @property
    def coverage(self) -> Coverage:
        """What was read and how far it can be trusted."""
        return self.tables.coverage

    @property
    def period(self) -> Period:
        """First and last time of the log."""
        return self.tables.period

    def table(self, name: str) -> pa.Table:
        """One of the seven tables (``schema.TABLES``) as an Arrow table. Raises ``KeyError`` naming those there are."""
        if name not in schema.TABLES:
            raise KeyError(f"no table {name!r}; there are {', '.join(schema.TABLES)}")
        return in_memory(self.tables.tables[name])

    def parts(self, name: str) -> Iterator[pa.Table]:
        """The rows of one of the seven tables in position order, part by part: of a large log not all fit in memory.

        Raises ``KeyError`` naming the tables there are.
        """
        if name not in schema.TABLES:
            raise KeyError(f"no table {name!r}; there are {', '.join(schema.TABLES)}")
        return parts(self.tables.tables[name])

    def __getattr__(self, name: str) -> pa.Table:
        if name in schema.TABLES:
            return self.table(name)
        raise AttributeError(f"MailLog has no attribute {name!r}; the tables are {', '.join(schema.TABLES)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *schema.TABLES]

    def to_pandas(self, name: str) -> pd.DataFrame:
        """A table or relation as a pandas DataFrame, counters as a dictionary {command: (ok, total)}.

        Whole numbers stay whole where some are missing (``Int64``). Raises ``KeyError`` naming what there is.
        """
        if name not in (*schema.TABLES, *RELATIONS):
            raise KeyError(f"no table or relation {name!r}; there are {', '.join((*schema.TABLES, *RELATIONS))}")
        frame = _frame(self.table(name) if name in schema.TABLES else self.arrow(f"FROM {name}"))
        if name in COUNTED:
            from logtune.postfix.counters import counters

            texts = frame["counters"].astype(object)
            frame["counters"] = [counters(t) if isinstance(t, str) else None for t in texts]
        return frame

    def sql(self, query: str) -> pd.DataFrame:
        """Result of a query over the seven tables and the relations sessions, messages, recipients and flags.

        Raises ``duckdb.Error`` for a query that DuckDB does not take.
        """
        return _frame(self.arrow(query))

    def arrow(self, query: str) -> pa.Table:
        """As ``sql``, as an Arrow table. Raises ``duckdb.Error`` for a query that DuckDB does not take."""
        return self.tables.con.sql(query).to_arrow_table()

    @cached_property
    def _trial(self) -> Any:
        from logtune.analyses import trial

        return trial.Trial.of(self.tables, self.options)

    def trial(self, restriction: str | None = None) -> Report:
        """Verdict on every restriction on trial, or one in full. Raises ``KeyError`` where it is not on trial."""
        from logtune.analyses import views

        return views.trial(self.tables, self.options, self._trial, restriction, self._raw)

    def trial_folds(self) -> dict[tuple[str, str | None], list[Section]]:
        """The names behind each restriction on trial, by name and service: what a page folds under its verdict."""
        from logtune.analyses import views

        return views.trial_folds(self._trial)

    def _raw(self, positions: Sequence[int]) -> list[str]:
        """Raw lines of *positions* for showing; empty where the source cannot be read twice (stdin)."""
        from logtune.sources import NotRereadable

        try:
            found = {p: line for p, _, _, line in self.lines(positions)}
        except NotRereadable:
            return []
        return [found[p].decode("utf-8", "replace") for p in positions if p in found]

    def plan(self, configuration: Configuration) -> Plan:
        """What to change in a Postfix *configuration* (``postconf.read.read``) after this trial. Nothing is changed.

        Raises ``PostconfError`` for restriction lists that cannot be read.
        """
        from logtune.tune import plan

        found = self._trial
        exemptions = {(r.name, r.service): r.exemptions for r in found.restrictions}
        return plan.make(found.restrictions, configuration, exemptions, self._seen.helo_always)

    @cached_property
    def _seen(self) -> Any:
        from logtune.analyses import tuning

        assert self._trial is not None  # it makes the tables that are asked here
        return tuning.seen(self.tables)

    def tune(self, plan: Plan) -> Report:
        """A plan as a report: decisions, new lines, why this order, what else was seen."""
        from logtune.tune import sections

        return sections.report(self.tables, plan, self._seen)

    def tune_json(self, plan: Plan) -> dict[str, Any]:
        """The plan as docs/formats.md has it (schema ``logtune.tune/1``)."""
        from logtune.tune import sections

        return sections.to_json(plan, self._seen, self.tune(plan))

    def trial_json(self, recipients: bool = False) -> dict[str, Any]:
        """The trial as docs/formats.md has it (schema ``logtune.trial/1``); *recipients* adds all flagged ones."""
        return dict(self._trial.to_json(recipients))

    def what_if(self, restriction_list: str, restriction: str | None = None) -> Report:
        """What *restriction_list* (as in main.cf) would do, computed from this log; *restriction* of it in full.

        Raises ``ListError`` or ``TableError`` (``ValueError``) for a list or table that cannot be read, ``KeyError``
        where *restriction* would stop nobody.
        """
        from logtune.analyses import views

        return views.what_if(self.tables, self._what_if(restriction_list), restriction, self._raw)

    def what_if_json(self, restriction_list: str, recipients: bool = False) -> dict[str, Any]:
        """The document of ``trial_json`` with the key ``what_if`` (docs/formats.md). Raises as ``what_if``."""
        return {**self.trial_json(recipients), "what_if": self._what_if(restriction_list).to_json(recipients)}

    def _what_if(self, restriction_list: str) -> Any:
        from logtune.analyses.what_if import WhatIf
        from logtune.postfix.evaluate import parse_list

        return WhatIf.of(self.tables, self.options, restriction_list, parse_list(restriction_list))

    def verify(self, after: MailLog, restriction: str | None = None) -> Report:
        """What this log, with restrictions on trial, foretold, and what happened in *after*, with them enforced.

        Raises ``KeyError`` where *restriction* is not on trial in this log.
        """
        from logtune.analyses import views

        return views.verify(after.tables, self.verification(after).only(restriction))

    def verification(self, after: MailLog) -> Verification:
        """The comparison with *after* as data; ``to_json()`` is schema ``logtune.verify/1``."""
        from logtune.analyses.verify import Verification

        return Verification.of(self.tables, after.tables, self.options)

    def report(self) -> Report:
        """All at a glance."""
        from logtune.analyses import views

        return views.report(self.tables, self.options, lambda: self._trial)

    def changes(self, before: State | None = None) -> Changes:
        """What changed since an earlier report; ``changes().state`` is what the next one is compared with."""
        from logtune.analyses import attention, changes

        problems = attention.attention(self.tables, self.options)
        return changes.changes(self.tables, self.options, self._trial, problems, before)

    def rejects(self) -> Report:
        """Rejects per restriction, protocol state, client, HELO, sender and recipient domain."""
        from logtune.analyses import views

        return views.rejects(self.tables, self.options)

    def delays(self) -> Report:
        """Deliveries and the four delay stages."""
        from logtune.analyses import views

        return views.delays(self.tables, self.options)

    def sizing(
        self,
        configuration: Configuration | None = None,
        *,
        growth: float = 2.0,
        headroom: float = 0.3,
        process_bytes: int | None = None,
        charts: bool = False,
        live: Sample | None = None,
    ) -> Report:
        """Processes against their limits, and what to set for today's load and *growth* times it.

        *configuration* (``postconf.read.read``) tells the limits, *headroom* (0..1) of a limit stays free at the peak,
        *process_bytes* is the memory of one smtpd. *charts* adds the courses of all services, transports and stages,
        *live* (``live.sample``) what the running Postfix of this machine was seen to take.
        """
        from logtune.analyses import views
        from logtune.analyses.recommendation import Wanted
        from logtune.postconf.process_limits import databases, process_limits

        options, tables = self.options, None
        if configuration is not None:
            options, tables = replace(options, limits=process_limits(configuration)), databases(configuration)
        known = (None, None) if tables is None else (tables.direct, tables.proxied)
        size, told = process_bytes, "as given"
        if size is None and live is not None:
            size, told = live.process_bytes(), "measured live"
        wanted = Wanted(growth, headroom, size, told, *known)
        return views.sizing(self.tables, options, wanted, charts, *_seen_live(live, configuration))

    def lines(self, positions: Iterable[int]) -> list[tuple[int, str, int, bytes]]:
        """Raw lines as (position, source name, byte offset, line without its end), in order.

        Raises ``sources.NoSuchLine`` for a position where no line begins, and ``sources.NotRereadable`` for stdin.
        """
        wanted = sorted({int(p) for p in positions})  # of a data frame they are numpy's integers
        found = self.sources.lines_at(wanted)
        names = self.tables.sources
        mask = (1 << schema.SOURCE_SHIFT) - 1
        if self.anonymizer is not None:
            found = {p: self.anonymizer.line(line, self.tags) for p, line in found.items()}
        return [(p, names.get(p >> schema.SOURCE_SHIFT, "?"), p & mask, found[p]) for p in wanted if p in found]

    def positions_of(
        self,
        session: int | None = None,
        message: int | None = None,
        queue_id: str | None = None,
        recipient: int | None = None,
    ) -> list[int]:
        """Positions of the lines of one session, message, queue id or recipient (``recipients.id``), in order."""
        asked: dict[str, Any] = {"session": session, "message": message, "queue_id": queue_id, "recipient": recipient}
        given = {name: value for name, value in asked.items() if value is not None}
        if len(given) != 1:
            raise TypeError(f"positions_of takes exactly one of {', '.join(asked)}; {len(given)} were given")
        ((column, value),) = given.items()
        value = value if column == "queue_id" else int(value)  # of a data frame it is numpy's integer
        if column == "recipient":
            return self._recipient_positions(value)
        parts = [f'SELECT position FROM {t} WHERE "{column}" = $value' for t in schema.TABLES]
        rows = self.tables.con.execute(" UNION ".join(parts) + " ORDER BY position", {"value": value}).fetchall()
        return [r[0] for r in rows]

    def _recipient_positions(self, recipient: int) -> list[int]:
        row = self.tables.con.execute(
            "SELECT session, message, recipient FROM recipients WHERE id = $id", {"id": recipient}
        ).fetchone()
        if row is None:
            return []
        found = {recipient}
        if row[0] is not None:
            found.update(self.positions_of(session=row[0]))
        if row[1] is not None:
            found.update(self.positions_of(message=row[1]))
        return sorted(found)

    def __repr__(self) -> str:
        from logtune.render.escape import visible
        from logtune.render.numbers import period

        names = [visible(name) for name in self.tables.sources.values()]
        shown = [*names[:3], *([f"{len(names) - 3} more"] if len(names) > 3 else [])]
        known = self.period
        span = period(known.first, known.last, known.days, ZoneInfo(known.zone))
        partial = "" if self.coverage.complete else ", incomplete"
        rows = ", ".join(f"{n} {t.num_rows:,}" for n, t in self.tables.tables.items() if t.num_rows)
        lines = f"{self.coverage.lines:,} lines{partial}"
        return f"<MailLog of {', '.join(shown) or 'nothing'}: {span}; {lines}; {rows or 'no rows'}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from logtune.render import notebook

        return notebook.bundle(self.report())


def _seen_live(live: Sample | None, configuration: Configuration | None) -> tuple[list[Glance], list[Section]]:
    if live is None:
        return [], []
    from logtune.live import configuration_of, glances, sections

    known = configuration_of(configuration)
    return glances(live, known), sections(live, known)[1:]


def read(
    *paths: str | Path,
    since: str | dt.date | None = None,
    until: str | dt.date | None = None,
    day: str | dt.date | None = None,
    hosts: str | Sequence[str] = (),
    instances: str | Sequence[str] = (),
    services: str | Sequence[str] = (),
    mynetworks: str | Sequence[str] = (),
    year: int | None = None,
    tz: str | None = None,
    config_file: str | None = None,
    known: str | None = None,
    mx_order: str = "",
    top: int = 10,
    columns: Columns | None = None,
    memory: int | None = None,
    anonymize: str | None = None,
    key: str | None = None,
    progress: Progress | None = None,
    store: str | Path | None = None,
) -> MailLog:
    """Read maillogs: files, globs, directories, ``-`` for stdin; without *paths* the system's mail log.

    *since*, *until* (exclusive) and *day* are in the zone *tz* (else the machine's) and choose sessions and messages
    whole, by their first line; so do *hosts*, *instances* and *services*, where ``smtp`` is the service without a
    name. *mynetworks* adds to those of the configuration file; *known* is a file of clients that the lists of a trial
    need not show, instead of the configuration's. *mx_order* (``mx1 mx2, backup``) are the hosts of the log that take
    mail, best MX preference first, equal ones with a blank between them. *year* is that of the first line. Sources that
    cannot be read do not raise: they stand in ``MailLog.problems``, the others are read. *columns* (table to column
    names) limits what is built, for less time and memory; all are built without it. *memory* (bytes; without it
    ``LOGTUNE_MEMORY`` in megabytes, else a quarter of the machine's, 1 GiB at most) is for tables and their joins: what
    does not fit goes to files in ``TMPDIR`` that vanish with the ``MailLog``. *anonymize* (``full``, ``keep-domains``,
    ``keep-networks``, ``keep-both``) puts pseudonyms in place of addresses, names and client addresses
    (docs/privacy.md), by the key in the file *key*, else in the user's own, which is made when it is first needed.
    *store* is a directory that ``logtune ingest`` wrote, instead of *paths*: what it holds now, of the days and hosts
    asked for (``StoreError`` where it cannot be used; *tz* is for the report, stamps were taken at ingestion). Raises
    ``OptionError``, ``ConfigError``, and ``SpillError`` where such files cannot be written.
    """
    _show_results_in_notebooks()
    settings = config.load(config_file)
    zone_ = zone(tz or (_zone_of_store(store) if store is not None else None))
    own = _networks(mynetworks)
    _mx_order(mx_order)  # a mistake in it costs no reading
    if store is not None and (paths or year is not None):
        raise OptionError("a store is read without paths and without a year: expected one or the other")
    if store is not None and anonymize is not None:
        raise OptionError("anonymize works on lines as they are read, and a store holds rows: name the logs instead")
    if year is not None and year not in YEARS:
        raise OptionError(f"year {year!r}: expected one from {YEARS[0]} to {YEARS[-1]}")
    begin, end = _span(zone_, since, until, day)
    hidden = anonymizer(anonymize, key)
    chosen = tuple(map(hidden.of.name, _words(hosts))) if hidden else _words(hosts)
    choice = Choice(begin, end, chosen, _words(instances), _words(services))
    room = _room(memory)
    sources: Sources
    if store is not None:
        stored, sources, coverage = _from_store(str(store), choice, _wanted(columns, choice), room, zone_, tz is None)
        names = {s.rank: s.name for s in sources.sources}
    else:
        sources = open_sources([str(p) for p in paths] or default_paths())
        reading = _Reading(zone_, year, sources, settings, _wanted(columns, choice), room, hidden)
        reading.run(progress)
        stored = choose(reading.tables(), choice, room)
        coverage = reading.coverage(assumed=tz is None)
        names = {s.rank: reading.shown(s.name) for s in sources.sources}
    probes = tuple(map(hidden.of.mailbox, settings.probe_senders)) if hidden else settings.probe_senders
    tables = Tables(stored, zone_, coverage, names, probes, room)
    networks = (*settings.mynetworks, *own)
    clients = settings.known_clients if known is None else config.read_known(known)
    options = Options(
        top=top,
        mynetworks=hidden.networks(networks) if hidden else networks,
        submission_services=settings.submission_services,
        zone=zone_.key,
        history=frozenset(t.restriction for t in settings.texts if t.depends_on_history),
        quota_texts=settings.quota_texts,
        days=tables.days,
        mx_order=_hidden_hosts(_mx_order(mx_order) or settings.mx_order, hidden),
        known=hidden.known(clients) if hidden else clients,
    )
    return MailLog(tables, sources, options, tuple(sources.problems), hidden, settings.tags)


def _hidden_hosts(order: MxOrder, hidden: Anonymizer | None) -> MxOrder:
    return tuple(tuple(map(hidden.of.name, step)) for step in order) if hidden else order


def anonymizer(level: str | None, key: str | None = None) -> Anonymizer | None:
    """What *level* asks for, by the key in a file (see ``read``). Raises ``OptionError``."""
    if level is None:
        return None
    if level not in tuple(Level):
        raise OptionError(f"anonymize {level!r}: expected one of {', '.join(Level)}")
    try:
        return Anonymizer.make(read_or_make(key), Level(level))
    except KeyFileError as error:
        raise OptionError(str(error)) from error


def _zone_of_store(store: str | Path) -> str | None:
    from logtune.store import snapshot

    return snapshot.zone_of(str(store)) or None


def _from_store(
    folder: str, choice: Choice, wanted: Mapping[str, pa.Schema], room: Room, zone: ZoneInfo, assumed: bool
) -> tuple[Mapping[str, Stored], Sources, Coverage]:
    """What a store holds of *choice*; its line accounts are those of the UTC days that are touched."""
    from logtune.store import snapshot
    from logtune.store.raw import StoredSources

    found = snapshot.load(folder, choice, wanted, room)
    own = found.account
    sentences, lost = _lost(own.loss_notes, int(own.loss_lines), own.unclosed, own.uncounted)
    coverage = Coverage(
        sources=[
            {"name": s.name, "bytes": a.bytes, "lines": a.recognised + a.unrecognised + a.blank,
             "recognised": a.recognised, "problem": s.problem}
            for s, a in ((s, found.of_source(s.rank)) for s in found.sources)
        ],
        lines=own.recognised + own.unrecognised + own.blank,
        recognised=own.recognised,
        unrecognised=own.unrecognised,
        blank=own.blank,
        not_postfix=own.not_postfix,
        no_stamp=own.no_stamp,
        backwards=own.backwards,
        loss=sentences,
        lost=lost > LOSS_TRACE * max(own.recognised, 1),
        zone=zone.key,
        zone_assumed=assumed and found.zone_assumed,
        year_assumed=_years([s.clock for s in found.sources]),
        core=core_name(),
    )  # fmt: skip
    problems = [Problem(s.name, s.problem) for s in found.sources if s.problem]
    return found.tables, StoredSources(folder, found.sources, problems), coverage


def _years(clocks: Iterable[Mapping[str, Any]]) -> str | None:
    """The years that were assumed at ingestion, as ``Clock.notes`` says them."""
    courses = [c["course"] for c in clocks if c and not c["given"] and c["course"]["year"] is not None]
    if not courses:
        return None
    first, last = min(c["year"] for c in courses), max(c["year"] + c["most_rolled"] for c in courses)
    return f"{first} (file dates)" if first == last else f"{first} to {last} (file dates)"


def _room(memory: int | None) -> Room:
    try:
        return Room(memory)
    except ValueError as error:
        raise OptionError(str(error)) from error


def _wanted(columns: Columns | None, choice: Choice) -> dict[str, pa.Schema]:
    """Schemas of the tables with the columns that are asked for, and those that every answer needs."""
    if columns is None:
        return {name: schema.arrow_schema(name) for name in schema.TABLES}
    always = {"ts", "position", "host"} | (set() if choice.everything() else CHOOSING)
    return {name: schema.arrow_schema(name, always | set(columns.get(name, ()))) for name in schema.TABLES}


def _show_results_in_notebooks() -> None:
    """Let a running IPython show results as text and HTML; nothing is imported where there is none."""
    if "IPython" in sys.modules:
        from logtune.render import notebook

        notebook.register()


class _Reading:
    """The road from sources to tables, block by block: parse, then link, clock and classify, then store."""

    def __init__(
        self,
        zone: ZoneInfo,
        year: int | None,
        sources: Sources,
        settings: config.Config,
        wanted: Mapping[str, pa.Schema],
        room: Room,
        anonymizer: Anonymizer | None = None,
    ) -> None:
        by_rank = {s.rank: s for s in sources.sources}
        self.sources, self.settings = sources, settings
        self.clock = Clock(zone, year, lambda rank: by_rank[rank].until)
        self.linker = make_linker()
        self.classifier = classify.Classifier(settings.texts)
        self.store = Store(wanted, room)
        self.counts: dict[int, Counts] = {}
        self.loss = _Loss()
        self.anonymizer = anonymizer

    def run(self, progress: Progress | None) -> None:
        """Read all blocks. Raises ``SpillError``."""
        columns = _parsed_columns(self.store.schemas, bool(self.settings.texts))
        columns = columns if self.anonymizer is None else None  # a text is searched for the names in its row
        size = min(BLOCK_BYTES, self.store.room.tables // 16)
        blocks = self.sources.blocks(max(size, BLOCK_LEAST), progress)
        for block, parsed, linked in _linked(blocks, columns, self.settings.tags, self.linker):
            rank = block.source.rank
            self.counts[rank] = self.counts.get(rank, Counts()) + parsed.counts
            times = self.clock.take(parsed.batches)
            guessed = self.clock.guessed(rank)
            whole = {
                n: self._whole(n, b, times[n], linked.columns.get(n, {}), guessed) for n, b in parsed.batches.items()
            }
            if self.anonymizer is not None:
                whole = {n: self.anonymizer.batch(n, parsed.batches[n], b) for n, b in whole.items()}
            self.store.add(whole, rank if guessed else None)
            for late in linked.late:
                self.store.change(late)
            if "notices" in parsed.batches:
                self.loss.count(parsed.batches["notices"])

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
        target = self.store.schemas[name]
        filled = {"ts": ts, **links}
        if "restriction" in target.names:
            filled["restriction"] = self.classifier.restrictions(batch)
        fields = list(target)
        if guessed:
            fields += [pa.field(WALL, schema.TIME), batch.schema.field("stamp")]
            filled[WALL] = batch.column("ts")
        arrays = []
        for field_ in fields:
            if field_.name in filled:
                arrays.append(filled[field_.name])
            elif field_.name in schema.FILLED_LATER:  # link leaves out unrecognised
                arrays.append(pa.nulls(batch.num_rows, field_.type))
            else:
                arrays.append(batch.column(field_.name))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def shown(self, source: str) -> str:
        """The name of a source, under pseudonyms where these are asked for."""
        return source if self.anonymizer is None else self.anonymizer.source(source)

    def coverage(self, assumed: bool) -> Coverage:
        """Line accounts of what was read, whole: a choice of time or host does not change them."""
        total = sum(self.counts.values(), Counts())
        sentences, lines = _lost(self.loss.notes, int(self.loss.lines), self.linker.unclosed, self.linker.uncounted)
        return Coverage(
            sources=[*map(self._source, self.sources.sources), *self._unread()],
            lines=total.lines,
            recognised=total.recognised,
            unrecognised=total.unrecognised,
            blank=total.blank,
            not_postfix=total.not_postfix,
            no_stamp=self.clock.no_stamp,
            backwards=self.clock.backwards,
            loss=sentences,
            lost=lines > LOSS_TRACE * max(total.recognised, 1),
            zone=self.clock.zone.key,
            zone_assumed=assumed and self.clock.zone_used,
            year_assumed=self.clock.notes(),
            core=core_name(),
            anonymized=str(self.anonymizer.level) if self.anonymizer else None,
        )

    def _source(self, source: Source) -> dict[str, Any]:
        counts = self.counts.get(source.rank, Counts())
        return {
            "name": self.shown(source.name),
            "bytes": source.bytes_read,
            "lines": counts.lines,
            "recognised": counts.recognised,
            "problem": source.problem,
        }

    def _unread(self) -> list[dict[str, Any]]:
        """What was named and could not be opened: it is part of what the answer lacks."""
        opened = {s.name for s in self.sources.sources}
        return [
            {"name": self.shown(p.name), "bytes": 0, "lines": 0, "recognised": 0, "problem": p.reason}
            for p in self.sources.problems
            if not p.harmless and p.name not in opened
        ]


def _lost(notes: int, noted: int, unclosed: int, uncounted: int) -> tuple[list[str], int]:
    """What says that lines are missing, in words, and how many lines or sessions it concerns."""
    sentences = []
    if noted:
        sentences.append(f"{noted:,} lines were dropped by journald or rsyslog, as {notes:,} notes say")
    if unclosed:
        sentences.append(f"{_several(unclosed, 'connect')} inside an open session of the same process")
    if uncounted:
        sentences.append(f"{_several(uncounted, 'session')} counted recipients that no line shows")
    return sentences, noted + unclosed + uncounted


@dataclass
class _Loss:
    """Notes of journald and rsyslog about lines that they dropped."""

    notes: int = 0
    lines: float = 0.0

    def count(self, notices: pa.RecordBatch) -> None:
        """Take the notices of a block."""
        import pyarrow.compute as pc

        kinds = notices.column("kind")
        if "log_loss" not in kinds.dictionary.to_pylist():
            return
        lost = notices.filter(pc.equal(kinds.cast(pa.string()), "log_loss"))
        self.notes += lost.num_rows
        self.lines += pc.sum(pc.fill_null(lost.column("value"), 1)).as_py() or 0


def _several(count: int, word: str) -> str:
    return f"{count:,} {plural(count, word)}"


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


def zone(tz: str | None) -> ZoneInfo:
    """The zone *tz*, else the machine's. Raises ``OptionError`` for a name that is none."""
    try:
        return ZoneInfo(tz or machine_zone())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(f"time zone {tz!r} is not known: expected an IANA name such as Europe/Berlin") from error


def _span(
    zone: ZoneInfo, since: str | dt.date | None, until: str | dt.date | None, day: str | dt.date | None
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Begin and end (exclusive) in UTC of what is asked for."""
    if day is None:
        begin, end = _utc(since, zone, "since"), _utc(until, zone, "until")
    elif since is None and until is None:
        midnight = dt.datetime.combine(_date(day), dt.time())
        # a day has 23 or 25 hours where clocks change: add on the wall clock, then convert
        begin, end = _utc(midnight, zone, "day"), _utc(midnight + dt.timedelta(days=1), zone, "day")
    else:
        raise OptionError("day cannot be combined with since or until: expected one or the other")
    if begin and end and begin >= end:
        raise OptionError(f"until {str(until)!r}: expected a time later than since {str(since)!r}")
    return begin, end


def _utc(value: str | dt.date | None, zone: ZoneInfo, option: str) -> dt.datetime | None:
    if value is None:
        return None
    moment = _moment(value, option)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _moment(value: str | dt.date, option: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError as error:
        wanted = "expected a date or time such as 2026-03-02 or 2026-03-02T14:30"
        raise OptionError(f"{option} {value!r}: {wanted}") from error


def _date(value: str | dt.date) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise OptionError(f"day {value!r}: expected a date such as 2026-03-02") from error


def _networks(given: str | Sequence[str]) -> tuple[str, ...]:
    """Networks in CIDR form. Postfix writes IPv6 ones in brackets (mynetworks in postconf(5)); both ways are taken."""
    networks = []
    for text in _words(given):
        try:
            networks.append(str(ip_network(text.replace("[", "").replace("]", ""))))
        except ValueError as error:
            wanted = "expected a network such as 192.0.2.0/24 or 2001:db8::/32"
            raise OptionError(f"mynetworks {text!r}: {error}; {wanted}") from error
    return tuple(networks)


def _mx_order(text: str) -> tuple[tuple[str, ...], ...]:
    steps = config.mx_steps(text) if text else ()
    if text and not steps:
        raise OptionError(f"mx_order {text!r}: expected host names such as mx1,mx2; equal ones as 'mx1 mx2,backup'")
    return steps


def _words(given: str | Sequence[str]) -> tuple[str, ...]:
    """One word alone is taken as a list of one: Python would take it as a list of its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def _frame(table: pa.Table) -> pd.DataFrame:
    """*table* for pandas, in which ids stay whole numbers where some are missing, and sums are numbers."""
    import pandas as pd

    for index, column in enumerate(table.schema):
        if column.type == pa.decimal128(38):  # what DuckDB's sum of whole numbers comes as: it adds in 128 bits
            table = table.set_column(index, column.name, _number(table.column(index)))
    types = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype()}
    return table.to_pandas(types_mapper=types.get)


def _number(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:  # beyond 64 bits
        return column.cast(pa.float64())
