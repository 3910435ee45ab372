"""The seven tables, in memory or spilled, the relations over them, and the DuckDB connection that answers questions.

The connection can read nothing but what is registered here: no file but those of spilled tables, no network, no
extension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from importlib import resources
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from logtune import schema
from logtune.clock import local_days
from logtune.parse.core import core_name
from logtune.results import Coverage, Period
from logtune.spill import Room, Spilled, Store, Stored, parts

if TYPE_CHECKING:
    import duckdb

MADE: Mapping[str, Sequence[str]] = {
    "session_facts": (),
    "message_lines": (),
    "tries": (),
    "message_facts": ("session_facts", "message_lines"),
    "rcpt": ("session_facts",),
    "judged": ("rcpt",),
    "shown": ("message_facts", "tries", "judged"),
    "stopped": ("message_facts", "judged"),
    "mail_told": (),
    "session_told": ("message_facts",),
    "known": ("shown",),
    "fates": ("known",),
    "recipient_facts": ("fates", "stopped", "mail_told", "session_told"),
    "flags": ("recipient_facts",),
}
"""Tables that are made once per log, and after which others each can be made (and after those that they name). Few
columns, mostly numbers."""

STEPS = (
    "message_lines", "tries", "judged", "shown", "stopped", "mail_told", "session_told", "known", "fates",
)  # fmt: skip
"""Those that only the ones after them need: dropped at the end."""

KEPT = tuple(name for name in MADE if name not in STEPS)

COMPRESSED = "compressed"
"""Database for the relations of a large log: a third of the memory, and questions that read few columns read less."""

LANES = 2
"""So many of these are made at once: a statement alone leaves a second core idle half of the time."""

VIEWS = ("sessions", "messages", "recipients")
"""Relations that look up their other texts in the tables when they are asked for."""

RELATIONS = ("rcpt", "flags", *VIEWS)
"""What docs/relations.md describes, and rcpt."""

MACROS = (
    # smtpd's counters: "rcpt=2" or "rcpt=1/2" (accepted/tried); null without counters, 0 where a command did not come
    r"""CREATE MACRO tried(counters, command) AS CASE WHEN counters IS NULL THEN NULL ELSE
        coalesce(TRY_CAST(regexp_extract(counters, '(?:^| )' || command || '=(?:\d+/)?(\d+)', 1) AS INT), 0) END""",
    r"""CREATE MACRO done(counters, command) AS CASE WHEN counters IS NULL THEN NULL ELSE
        coalesce(TRY_CAST(regexp_extract(counters, '(?:^| )' || command || '=(\d+)', 1) AS INT), 0) END""",
    """CREATE MACRO total(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL
        THEN least(a::BIGINT + b, 2147483647)::INT END""",
    # seconds in all: of whole microseconds, which Postfix logs at most (delay_logging_resolution_limit in postconf(5)),
    # for a sum of floating point numbers depends on the order in which threads hand them on; what does not fit is none
    """CREATE MACRO summed(seconds) AS sum(TRY_CAST(seconds * 1e6 AS BIGINT)) / 1e6""",
    # what smtpd does to an accepted greeting before it logs it as helo=
    r"""CREATE MACRO neutered(helo) AS regexp_replace(helo, '[ <>()\\";@[:cntrl:]]', '?', 'g')""",
)


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
    answers: dict[Any, list[tuple[Any, ...]]] = field(default_factory=dict, init=False, repr=False)
    """What ``analyses.common.ask`` remembers."""
    kept: set[str] = field(default_factory=set, init=False, repr=False)
    """Tables of ``analyses.common.keep``."""

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        """DuckDB connection over the tables and relations."""
        con = connect(self.tables, self.room)
        self._register(con)
        if not (core_name().startswith("native") and _take_relations(con, self)):
            others = 0 if self.in_files else LANES - 1
            make_relations([con, *(self._beside(con) for _ in range(others))], self.room)
        for name in VIEWS:
            con.execute(f"CREATE VIEW {name} AS {relation(name)}")
        con.execute("SET lock_configuration = true")
        return con

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
        _show(other, self.tables)
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


ROWS_FOR_THREADS = 122_880
"""DuckDB gives a thread so many rows at a time (a row group). With less, its threads cost more than they bring; two
questions at the same time still take two cores."""

_opened: list[duckdb.DuckDBPyConnection] = []


def open_ahead() -> None:
    """Open the database that the next ``connect`` takes: 20 ms without the interpreter's lock, beside the reading."""
    import duckdb

    _opened.append(duckdb.connect(":memory:"))


def connect(tables: Mapping[str, Stored], room: Room | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that sees *tables* and nothing outside; *room* limits its memory."""
    import duckdb

    con = _opened.pop() if _opened else duckdb.connect(":memory:")
    if room is not None:
        _limit(con, room, sum(table.num_rows for table in tables.values() if isinstance(table, Spilled)))
    if sum(table.num_rows for table in tables.values()) < ROWS_FOR_THREADS:
        con.execute("SET threads = 1")
    con.execute("SET enable_external_access = false")
    con.execute("SET autoinstall_known_extensions = false")
    for macro in MACROS:
        con.execute(macro)
    _show(con, tables)
    return con


def _show(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Stored]) -> None:
    for name, table in tables.items():
        if isinstance(table, Spilled):
            con.execute(f"CREATE TEMP VIEW {name} AS {table.scan()}")
        else:
            con.register(name, table)


def make_relations(lanes: Sequence[duckdb.DuckDBPyConnection], room: Room | None = None) -> None:
    """Make the relations on connections to one database, each with the seven tables and ``probe_senders``."""
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for lane in lanes:
        free.put(lane)
    made: dict[str, Future[None]] = {}

    def make(name: str) -> None:
        for needed in MADE[name]:
            made[needed].result()
        con = free.get()
        try:
            _execute(con, f"CREATE TABLE {name} AS {relation(name)}", room)
        finally:
            free.put(con)

    with ThreadPoolExecutor(len(lanes), "relations") as pool:
        for name in MADE:  # what a table needs is begun before it, so none waits for ever
            made[name] = pool.submit(make, name)
    for done in made.values():
        done.result()
    con = lanes[0]
    for name in STEPS:
        con.execute(f"DROP TABLE {name}")


def _take_relations(con: duckdb.DuckDBPyConnection, tables: Tables) -> bool:
    """Make the tables of the relations by the native core, in a third of the time of their SQL; whether it could."""
    from logtune.relations import native

    place = f"{COMPRESSED}." if tables.in_files else ""
    begun: set[str] = set()
    try:
        for name, rows in native.make(tables.tables, tables.probe_senders, tables.room or Room()):
            how = f"INSERT INTO {place}{name}" if name in begun else f"CREATE TABLE {place}{name} AS"
            _execute(con, f"{how} FROM made", tables.room, made=rows)
            con.unregister("made")
            begun.add(name)
    except native.NotByParts:
        for name in begun:
            con.execute(f"DROP TABLE {place}{name}")
        return False
    for name in ("recipient_facts", "flags"):
        con.execute(f"DELETE FROM {place}{name} WHERE id IN (FROM {place}{native.ADDED})")
    con.execute(f"DROP TABLE {place}{native.ADDED}")
    for name in begun - {native.ADDED} if place else ():
        con.execute(f"CREATE VIEW {name} AS FROM {place}{name}")
    return True


def _limit(con: duckdb.DuckDBPyConnection, room: Room, in_files: int) -> None:
    """Memory, and the directory for what does not fit; once outside access is off, these cannot be set."""
    room.make_for(in_files)
    con.execute(f"SET memory_limit = '{room.joins}B'")
    con.execute("SET temp_directory = ?", [room.folder])
    if in_files:
        con.execute("SET allowed_directories = ?", [[room.folder]])
        con.execute(f"SET checkpoint_threshold = '{room.joins // 4}B'")  # what is compressed at a time
        con.execute(f"ATTACH ':memory:' AS {COMPRESSED} (COMPRESS)")


def _execute(
    con: duckdb.DuckDBPyConnection, statement: str, room: Room | None, **rows: Callable[[], pa.RecordBatchReader]
) -> None:
    """Run *statement* over *rows*. Not every operator can write what it holds: then it gets more memory, rather than no
    answer."""
    import duckdb

    while True:
        try:
            for name, begin in rows.items():
                con.register(name, begin())
            con.execute(statement)
            return
        except duckdb.OutOfMemoryException:
            if room is None or not room.grow():
                raise
            con.execute(f"SET memory_limit = '{room.joins}B'")


def query(name: str) -> str:
    """Text of ``analyses/NAME.sql``."""
    return (resources.files("logtune") / "analyses" / f"{name}.sql").read_text("utf-8")


def relation(name: str) -> str:
    """Text of ``relations/NAME.sql``."""
    return (resources.files("logtune") / "relations" / f"{name}.sql").read_text("utf-8")


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
    con = connect(tables, room)
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
