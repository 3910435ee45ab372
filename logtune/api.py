"""The library as people use it: ``read()`` a log, get a ``MailLog``, ask it.

log = logtune.read("/var/log/mail.log*")
log.trial()            # a report that displays itself
log.deliveries         # Arrow table
log.to_pandas("decisions")
log.sql("SELECT outcome, count(*) FROM recipients GROUP BY 1")
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from logtune import config, read_options, reading, schema
from logtune.analyses.options import Options
from logtune.anonymize.identities import Identities
from logtune.anonymize.rows import Anonymizer
from logtune.frames import data_frame
from logtune.parse import Columns, Tag
from logtune.read_options import OptionError, ReadOptions, anonymizer, words, zone
from logtune.reading import Progress
from logtune.results import Coverage, Period, Report, Section
from logtune.sources import Problem, Sources, default_paths, open_sources
from logtune.spill import SpillError, in_memory, parts
from logtune.tables import Choice, Tables

if TYPE_CHECKING:
    import pandas as pd

    from logtune.analyses.changes import Changes
    from logtune.analyses.glance import Glance
    from logtune.analyses.state import State
    from logtune.analyses.verify import Verification
    from logtune.live import Sample
    from logtune.postconf.services import Configuration
    from logtune.tune.plan import Plan

__all__ = ["MailLog", "OptionError", "SpillError", "anonymizer", "read", "zone"]

RELATIONS = ("sessions", "messages", "recipients", "flags")
COUNTED = ("connections", "sessions")
"""Tables and relations that have smtpd's command counters."""


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
        frame = data_frame(self.table(name) if name in schema.TABLES else self.arrow(f"FROM {name}"))
        if name in COUNTED:
            from logtune.postfix.counters import counters

            texts = frame["counters"].astype(object)
            frame["counters"] = [counters(t) if isinstance(t, str) else None for t in texts]
        return frame

    def sql(self, query: str) -> pd.DataFrame:
        """Result of a query over the seven tables and the relations sessions, messages, recipients and flags.

        Raises ``duckdb.Error`` for a query that DuckDB does not take.
        """
        return data_frame(self.arrow(query))

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

    *since*, *until* (exclusive) and *day* are in the zone *tz* (else the machine's) and choose sessions and
    messages whole, by their first line; so do *hosts*, *instances* and *services*, where ``smtp`` is the service
    without a name. *mynetworks* adds to those of the configuration file; *known* is a file of clients that the
    lists of a trial need not show, instead of the configuration's. *mx_order* (``mx1 mx2, backup``) are the hosts
    of the log that take mail, best MX preference first, equal ones with a blank between them. *year* is that of the
    first line. Sources that cannot be read do not raise: they stand in ``MailLog.problems``, the others are read.
    *columns* (table to column names) limits what is built, for less time and memory; all are built without it. The
    relations that it names too (``relations.making``) are made while the log is read, with the columns named
    or all. *memory* (bytes; without it ``LOGTUNE_MEMORY`` in megabytes, else a quarter of the machine's, 1 GiB at
    most) is for tables and their joins: what does not fit goes to files in ``TMPDIR`` that vanish with the
    ``MailLog``. *anonymize* (``full``, ``keep-domains``, ``keep-networks``, ``keep-both``) puts pseudonyms in place
    of addresses, names and client addresses (docs/privacy.md), by the key in the file *key*, else in the user's
    own, which is made when it is first needed. *store* is a directory that ``logtune ingest`` wrote, instead of
    *paths*: what it holds now, of the days and hosts asked for (``StoreError`` where it cannot be used; *tz* is for
    the report, stamps were taken at ingestion). Raises ``OptionError``, ``ConfigError``, and ``SpillError`` where
    such files cannot be written.
    """
    _show_results_in_notebooks()
    settings = config.load(config_file)
    place = zone(tz or (_zone_of_store(store) if store is not None else None))
    networks, order = read_options.networks(mynetworks), read_options.mx_steps(mx_order)
    if store is not None:
        read_options.check_store(bool(paths) or year is not None)
    year = read_options.checked_year(year)
    begin, end = read_options.span(place, since, until, day)
    identities = Identities(anonymizer(anonymize, key))
    choice = Choice(begin, end, identities.names(words(hosts)), words(instances), words(services))
    asked = ReadOptions(
        zone=place,
        zone_assumed=tz is None,
        year=year,
        choice=choice,
        hosts=words(hosts),
        wanted=read_options.wanted(columns, choice),
        kept=read_options.kept(columns),
        relations=read_options.relations_of(columns),
        room=read_options.room(memory),
        settings=settings,
        identities=identities,
    )
    tables, sources = _from_logs(paths, asked, progress) if store is None else _from_store(store, asked)
    clients = settings.known_clients if known is None else config.read_known(known)
    options = Options(
        top=top,
        mynetworks=identities.networks((*settings.mynetworks, *networks)),
        submission_services=settings.submission_services,
        zone=place.key,
        history=frozenset(t.restriction for t in settings.texts if t.depends_on_history),
        quota_texts=settings.quota_texts,
        days=tables.days,
        mx_order=tuple(map(identities.names, order or settings.mx_order)),
        known=identities.known(clients),
    )
    return MailLog(tables, sources, options, tuple(sources.problems), identities.anonymizer, settings.tags)


def _from_logs(paths: Sequence[str | Path], asked: ReadOptions, progress: Progress | None) -> tuple[Tables, Sources]:
    sources = open_sources([str(path) for path in paths] or default_paths())
    return reading.read(sources, asked, progress), sources


def _from_store(store: str | Path, asked: ReadOptions) -> tuple[Tables, Sources]:
    from logtune.store import stored_log

    return stored_log.load(str(store), asked)


def _zone_of_store(store: str | Path) -> str | None:
    from logtune.store import snapshot

    return snapshot.zone_of(str(store)) or None


def _show_results_in_notebooks() -> None:
    """Let a running IPython show results as text and HTML; nothing is imported where there is none."""
    if "IPython" in sys.modules:
        from logtune.render import notebook

        notebook.register()
