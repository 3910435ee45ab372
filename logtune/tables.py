"""The seven tables of a log, in memory or spilled, with the relations over them, as questions ask them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from logtune import database, schema
from logtune.clock import local_days
from logtune.parse.core import core_name
from logtune.relations import making
from logtune.results import Coverage, Period
from logtune.spill import Room, Spilled, Store, Stored, parts

if TYPE_CHECKING:
    import duckdb

RELATIONS = ("rcpt", "flags", *making.VIEWS)
"""What docs/relations.md describes, and rcpt."""


@dataclass(frozen=True)
class Choice:
    """Which part of a log is asked for: times are UTC (naive), ``until`` is exclusive; empty means all."""

    since: datetime | None = None
    until: datetime | None = None
    hosts: Sequence[str] = ()
    instances: Sequence[str] = ()
    services: Sequence[str] = ()

    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.since or self.until or self.hosts or self.instances or self.services)


@dataclass
class Tables:
    """Tables by name (``schema.TABLES``), the sources' names by rank, and the probe senders of the configuration.

    ``con`` has the seven tables and, once asked for, the relations of docs/relations.md.
    """

    tables: Mapping[str, Stored]
    zone: ZoneInfo
    coverage: Coverage
    sources: Mapping[int, str] = field(default_factory=dict)
    probe_senders: Sequence[str] = ()
    room: Room | None = None
    related: duckdb.DuckDBPyConnection | None = None
    """A connection to the relations, where they were made while the log was read."""
    views: Container[str] = making.VIEWS
    """Relations that look up texts, of those for which tables and relations have the columns."""
    answers: dict[Any, list[tuple[Any, ...]]] = field(default_factory=dict, init=False, repr=False)
    """What ``analyses.common.ask`` remembers."""
    kept: set[str] = field(default_factory=set, init=False, repr=False)
    """Tables of ``analyses.common.keep``."""

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        """DuckDB connection over the tables and relations."""
        con = self.related or database.connect(self.room)
        database.show(con, self.tables, self.room)
        self._register(con)
        if self.related is None and not (core_name().startswith("native") and self._related_by_core(con)):
            others = 0 if self.in_files else making.LANES - 1
            making.by_sql([con, *(self._beside(con) for _ in range(others))], self.room)
        making.show(con, self.views)
        con.execute("SET lock_configuration = true")
        return con

    def _related_by_core(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Make the relations by the native core, in a third of the time of their SQL; whether it could."""
        from logtune.relations import native

        room = self.room or Room()
        filling = making.Filling(room, con)
        try:
            native.make(native.Making(self.probe_senders, room, filling), self.tables)
        except native.NotByParts:
            filling.drop()
            return False
        filling.finish()
        return True

    @property
    def in_files(self) -> bool:
        """Whether tables are spilled: then memory is short, and one question at a time shall have all of it."""
        return any(isinstance(table, Spilled) for table in self.tables.values())

    def beside(self) -> Tables:
        """The same log for another thread: a connection answers one question at a time.

        All that was made for the log is there too, but for temporary tables.
        """
        twin = copy(self)
        vars(twin)["con"] = self._beside(self.con)
        return twin

    def of_host(self, host: str, first: datetime, last: datetime) -> Tables:
        """The frame of one host, whose lines are from *first* to *last*: its period and days, and another connection.

        The connection has what was made for the log, but not the seven tables: the caller shows what it asks for.
        """
        twin = copy(self)
        twin.answers, twin.kept = {}, set()
        days = local_days(first, last, self.zone)
        vars(twin).update(
            con=self.con.cursor(),
            hosts=(host,),
            period=Period(first, last, len(days), self.zone.key),
            days=tuple(date.fromisoformat(day[0]) for day in days),
        )
        twin._register(twin.con)
        return twin

    def _beside(self, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        """Another connection to the database of *con*. What is registered is known to one connection only."""
        other = con.cursor()
        database.register(other, self.tables)
        self._register(other)
        return other

    def _register(self, con: duckdb.DuckDBPyConnection) -> None:
        con.register("days", _days(self.period, self.zone))
        con.register("sources", _sources(self.sources))
        con.register("probe_senders", pa.table({"sender": pa.array(self.probe_senders, pa.string())}))

    @cached_property
    def period(self) -> Period:
        """First and last time of a recognised line, and the local days they touch."""
        import pyarrow.compute as pc

        understood = [t for n, t in self.tables.items() if n != "unrecognised"]
        ends = [pc.min_max(part.column("ts")).as_py() for t in understood for part in parts(t, ["ts"])]
        known = [e for e in ends if e["min"] is not None]
        if not known:
            return Period(None, None, 0, self.zone.key)
        first, last = min(e["min"] for e in known), max(e["max"] for e in known)
        return Period(first, last, len(local_days(first, last, self.zone)), self.zone.key)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The local days of the period."""
        if self.period.first is None or self.period.last is None:
            return ()
        return tuple(date.fromisoformat(d[0]) for d in local_days(self.period.first, self.period.last, self.zone))

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """Host names of recognised lines, most lines first."""
        import pyarrow.compute as pc

        counts: dict[str, int] = {}
        understood = [t for n, t in self.tables.items() if n != "unrecognised" and t.num_rows]
        for part in (part for t in understood for part in parts(t, ["host"])):
            for chunk in part.column("host").chunks:
                for row in pc.value_counts(chunk).to_pylist():
                    if row["values"] is not None:
                        counts[row["values"]] = counts.get(row["values"], 0) + row["counts"]
        return tuple(sorted(counts, key=lambda h: (-counts[h], h)))

    def rows(self, name: str, /, **parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the query ``analyses/NAME.sql``."""
        return self.con.execute(query(name), parameters or None).fetchall()

    def frame(self, name: str, /, **parameters: object) -> pa.Table:
        """Result of the query ``analyses/NAME.sql`` as an Arrow table."""
        return self.con.sql(query(name), params=parameters or None).to_arrow_table()


def query(name: str) -> str:
    """Text of ``analyses/NAME.sql``."""
    return (resources.files("logtune") / "analyses" / f"{name}.sql").read_text("utf-8")


def empty() -> dict[str, pa.Table]:
    """The seven tables without rows."""
    return {name: schema.arrow_schema(name).empty_table() for name in schema.TABLES}


def choose(tables: Mapping[str, Stored], choice: Choice, room: Room | None = None) -> dict[str, Stored]:
    """The rows of *tables* that belong to the sessions and messages of *choice*, whole.

    A session is chosen with its messages by its first line, a message of no session by its own, and so is a row of
    neither. What is injected again counts to the time of the message that it came from, and comes with it whatever
    its own instance and service: it holds the fates. A line without a service is of the service ``smtp``.
    """
    if choice.everything():
        return dict(tables)
    room = room or Room()
    con = database.connect(room)
    database.show(con, tables, room)
    names = [n for n in tables if n in schema.TABLES]
    con.execute("CREATE VIEW lines AS " + " UNION ALL ".join(map(_lines_of, names)))
    con.execute("CREATE TABLE chosen AS " + _CHOSEN, _parameters(choice))
    store = Store({n: tables[n].schema for n in names}, room)
    for name in names:
        for batch in con.sql(_rows_of(name)).to_arrow_reader(CHOSEN_ROWS):
            store.add({name: batch.cast(tables[name].schema)})
    return store.tables()


CHOOSING = frozenset({"ts", "position", "host", "instance", "service", "session", "message", "event", "successor"})
"""Columns by which ``choose`` chooses."""

CHOSEN_ROWS = 100_000
"""Rows that are taken from DuckDB at a time."""

_CHOSEN = """
    WITH RECURSIVE mail_session AS (
        SELECT message, min(session) AS session FROM queue
        WHERE event = 'client' AND message IS NOT NULL GROUP BY message
    ),
    units AS (
        SELECT coalesce(l.session, m.session, l.message, l.position) AS unit, l.*
        FROM lines l LEFT JOIN mail_session m ON m.message = l.message
    ),
    firsts AS (
        SELECT unit, CASE WHEN min(position) = unit THEN arg_min(ts, position) END AS ts,
               arg_min_null(host, position) AS host,
               arg_min_null(instance, position) AS instance,
               coalesce(arg_min_null(service, position), 'smtp') AS service
        FROM units GROUP BY unit
    ),
    fitting AS (
        SELECT unit,
               coalesce(($since IS NULL OR ts >= $since) AND ($until IS NULL OR ts < $until), false) AS in_time,
               (len($hosts) = 0 OR list_contains($hosts, host))
               AND (len($instances) = 0 OR list_contains($instances, instance))
               AND (len($services) = 0 OR list_contains($services, service)) AS named
        FROM firsts
    ),
    came_from AS (
        SELECT successor AS message, message AS earlier FROM deliveries WHERE successor IS NOT NULL
        UNION
        SELECT c.message, d.message FROM came_from c JOIN deliveries d ON d.successor = c.earlier
    ),
    mails AS (SELECT message, min(unit) AS unit FROM units WHERE message IS NOT NULL GROUP BY message),
    came_with AS (
        SELECT c.message, arg_min(f.in_time, c.earlier) AS in_time, bool_or(f.named) AS named
        FROM came_from c JOIN mails m ON m.message = c.earlier JOIN fitting f USING (unit) GROUP BY c.message
    )
    SELECT u.position
    FROM units u JOIN fitting f USING (unit) LEFT JOIN came_with w ON w.message = u.message
    WHERE coalesce(w.in_time, f.in_time) AND (f.named OR coalesce(w.named, false))"""
"""Positions of the chosen rows. A unit is a session with its messages, a message of no session, or a single row.

What lacks its first line began before the rows that are here, which of a store may be some days: it is of no time."""


def _lines_of(name: str) -> str:
    return (
        f"SELECT position, ts, host::VARCHAR AS host, instance::VARCHAR AS instance, service::VARCHAR AS service,"
        f" session, message FROM {name}"
    )


def _parameters(choice: Choice) -> dict[str, object]:
    return {
        "since": choice.since,
        "until": choice.until,
        "hosts": list(choice.hosts),
        "instances": list(choice.instances),
        "services": list(choice.services),
    }


def _rows_of(name: str) -> str:
    return f"SELECT t.* FROM {name} t SEMI JOIN chosen c ON c.position = t.position ORDER BY t.position"


def _days(period: Period, zone: ZoneInfo) -> pa.Table:
    days = local_days(period.first, period.last, zone) if period.first and period.last else []
    return pa.table(
        {
            "day": pa.array([date.fromisoformat(d[0]) for d in days], pa.date32()),
            "begin": pa.array([d[1] for d in days], schema.TIME),
            "end": pa.array([d[2] for d in days], schema.TIME),
        }
    )


def _sources(names: Mapping[int, str]) -> pa.Table:
    return pa.table({"rank": pa.array(list(names), pa.int64()), "name": pa.array(list(names.values()), pa.string())})
