"""The relations by SQL and by the native core, compared cell for cell: for tests and for ``scripts/differential``."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

import logtune
from logtune.relations import native
from logtune.spill import Stored
from logtune.tables import KEPT, connect, make_relations

PROBE_SENDERS = ("verify@example.com", "a@example.com")
SHOWN = 3
"""So many differing rows of a relation are told."""


def tables_of(lines: Sequence[str]) -> Mapping[str, Stored]:
    """The linked tables of a log of *lines*."""
    return tables_in("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))


def tables_in(log: bytes) -> Mapping[str, Stored]:
    """The linked tables of a log."""
    with tempfile.TemporaryDirectory(prefix="logtune-test-") as folder:
        path = Path(folder) / "mail.log"
        path.write_bytes(log)
        return logtune.read(path, year=2026, tz="UTC").tables.tables


def in_parts(tables: Mapping[str, Stored], chance: random.Random) -> dict[str, Stored]:
    """*tables*, in memory, in parts that end at any rows, each with dictionaries of its own."""
    return {name: _in_parts(table, chance) for name, table in tables.items() if isinstance(table, pa.Table)}


def _in_parts(table: pa.Table, chance: random.Random) -> pa.Table:
    cuts = sorted(chance.randrange(table.num_rows + 1) for _ in range(chance.randrange(5)))
    ends = [*cuts, table.num_rows]
    slices = [table.slice(begin, end - begin) for begin, end in zip([0, *cuts], ends, strict=True)]
    return pa.concat_tables([pa.Table.from_pylist(part.to_pylist(), table.schema) for part in slices])


def difference(tables: Mapping[str, Stored], probe_senders: Sequence[str] = PROBE_SENDERS) -> str | None:
    """What the native core makes different of *tables* from the SQL, in words; None where every cell is the same."""
    con = connect(tables)
    con.register("probe_senders", pa.table({"sender": pa.array(probe_senders, pa.string())}))
    make_relations([con])
    made = {name: rows().read_all() for name, rows in native.make(tables, probe_senders)}
    if set(made) != set(KEPT):
        return f"native has {sorted(made)}, SQL {sorted(KEPT)}"
    for name, table in made.items():
        con.register(f"native_{name}", table)
    return next((found for name in KEPT if (found := _of_relation(con, name))), None)


def _of_relation(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    columns, ours = ([row[:2] for row in con.execute(f"DESCRIBE {n}").fetchall()] for n in (name, f"native_{name}"))
    if columns != ours:
        return f"{name}: native columns {ours}, SQL {columns}"
    lacking, more = (
        con.execute(f"FROM {a} EXCEPT ALL FROM {b} ORDER BY ALL LIMIT {SHOWN}").fetchall()
        for a, b in ((name, f"native_{name}"), (f"native_{name}", name))
    )
    return f"{name}: native lacks {lacking}, has instead {more}" if lacking or more else None
