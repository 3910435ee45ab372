"""The DuckDB connection that answers questions, over tables in memory or in files.

It can read nothing but what is registered here and the files of spilled tables: no other file, no network, no
extension.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from logtune.spill import Room, Spilled, Stored

if TYPE_CHECKING:
    import duckdb

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

ROWS_FOR_THREADS = 122_880
"""DuckDB gives a thread so many rows at a time (a row group). With less, its threads cost more than they bring; two
questions at the same time still take two cores."""

COMPRESSED = "compressed"
"""Database for the relations of a large log: a third of the memory, and questions that read few columns read less."""

_opened: list[duckdb.DuckDBPyConnection] = []


def open_ahead() -> None:
    """Open the database that the next ``connect`` takes: 20 ms without the interpreter's lock, beside the reading."""
    import duckdb

    _opened.append(duckdb.connect(":memory:"))


def connect(room: Room | None = None) -> duckdb.DuckDBPyConnection:
    """A connection to a database of its own that sees nothing; *room* limits its memory."""
    import duckdb

    con = _opened.pop() if _opened else duckdb.connect(":memory:")
    if room is not None:
        limit(con, room)
        con.execute("SET temp_directory = ?", [room.folder])  # once outside access is off, these two cannot be set
        con.execute("SET allowed_directories = ?", [[room.folder]])
    con.execute("SET enable_external_access = false")
    con.execute("SET autoinstall_known_extensions = false")
    for macro in MACROS:
        con.execute(macro)
    return con


def show(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Stored], room: Room | None = None) -> None:
    """Let *con* see *tables*, and have it take memory and threads as so many rows need."""
    if room is not None:
        room.make_for(sum(table.num_rows for table in tables.values() if isinstance(table, Spilled)))
        limit(con, room)
    threads_for(con, sum(table.num_rows for table in tables.values()))
    register(con, tables)


def register(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Stored]) -> None:
    """Let *con* see *tables*. What is registered is known to one connection only."""
    for name, table in tables.items():
        if isinstance(table, Spilled):
            con.execute(f"CREATE TEMP VIEW {name} AS {table.scan()}")
        else:
            con.register(name, table)


def limit(con: duckdb.DuckDBPyConnection, room: Room) -> None:
    """Have the database of *con* take no more memory than *room* has for joins."""
    con.execute(f"SET memory_limit = '{room.joins}B'")


def threads_for(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Have the database of *con* work in one thread where there are few rows."""
    if rows < ROWS_FOR_THREADS:
        con.execute("SET threads = 1")


def compress(con: duckdb.DuckDBPyConnection, room: Room) -> None:
    """Add the database ``COMPRESSED``."""
    con.execute(f"SET checkpoint_threshold = '{room.joins // 4}B'")  # what is compressed at a time
    con.execute(f"ATTACH ':memory:' AS {COMPRESSED} (COMPRESS)")


def run(
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
            limit(con, room)
