"""The relations by SQL and by the native core, compared cell for cell: for tests and for ``scripts/differential``."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

import logtune
from logtune import database
from logtune.relations import making, native
from logtune.relations.making import KEPT
from logtune.spill import PARTS, RELATED_ROW, Room, Stored

PROBE_SENDERS = ("verify@example.com", "a@example.com")
PART_ROWS = (None, 40, 1000)
"""The native core makes a log whole, and in parts of so many rows."""
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


def in_parts(tables: Mapping[str, Stored], chance: random.Random, most: int = 5) -> dict[str, Stored]:
    """*tables*, in memory, in less than *most* + 1 parts that end at any rows, each with dictionaries of its own."""
    return {name: _in_parts(table, chance, most) for name, table in tables.items() if isinstance(table, pa.Table)}


def _in_parts(table: pa.Table, chance: random.Random, most: int) -> pa.Table:
    cuts = sorted(chance.randrange(table.num_rows + 1) for _ in range(chance.randrange(most)))
    ends = [*cuts, table.num_rows]
    slices = [table.slice(begin, end - begin) for begin, end in zip([0, *cuts], ends, strict=True)]
    return pa.concat_tables([pa.Table.from_pylist(part.to_pylist(), table.schema) for part in slices])


def difference(tables: Mapping[str, Stored], probe_senders: Sequence[str] = PROBE_SENDERS) -> str | None:
    """What the native core makes different of *tables* from the SQL, in words; None where every cell is the same.

    It makes the log whole, and in parts of several sizes where it can.
    """
    con = database.connect()
    database.show(con, tables)
    con.register("probe_senders", pa.table({"sender": pa.array(probe_senders, pa.string())}))
    making.by_sql([con])
    for rows in PART_ROWS:
        try:
            made = by_native(tables, probe_senders, rows)
        except native.NotByParts:
            assert rows is not None
            continue
        if set(made) != set(KEPT):
            return f"native has {sorted(made)}, SQL {sorted(KEPT)}"
        for name, table in made.items():
            con.register(f"native_{name}", table)
        if found := next((found for name in KEPT if (found := _of_relation(con, name))), None):
            return found if rows is None else f"in parts of {rows} rows: {found}"
    return None


class Taken:
    """Holds what the native core makes."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pa.Table]] = {}

    def begin_part(self, rows: int, last: bool) -> None:
        """Nothing is to be prepared."""

    def put(self, name: str, rows: native.Rows) -> None:
        """Rows of a relation."""
        self.parts.setdefault(name, []).append(rows().read_all())


def by_native(tables: Mapping[str, Stored], probe_senders: Sequence[str], rows: int | None) -> dict[str, pa.Table]:
    """The relations of the native core, made in parts of so many *rows* of the tables and what is open, or whole.

    Raises ``NotByParts``, but not because much is open.
    """
    room = Room(1 << 40 if rows is None else rows * PARTS * RELATED_ROW)
    taken = Taken()
    with patch.object(native, "OPEN_MOST", 1 << 30):
        native.make(native.Making(probe_senders, room, taken), tables)
    made = {name: pa.concat_tables(parts, promote_options="permissive") for name, parts in taken.parts.items()}
    added = made.pop(making.ADDED)["id"]
    for name in ("recipient_facts", "flags"):
        made[name] = made[name].filter(pc.invert(pc.is_in(made[name]["id"], added)))
    return made


def _of_relation(con: duckdb.DuckDBPyConnection, name: str) -> str | None:
    columns, ours = ([row[:2] for row in con.execute(f"DESCRIBE {n}").fetchall()] for n in (name, f"native_{name}"))
    if columns != ours:
        return f"{name}: native columns {ours}, SQL {columns}"
    lacking, more = (
        con.execute(f"FROM {a} EXCEPT ALL FROM {b} ORDER BY ALL LIMIT {SHOWN}").fetchall()
        for a, b in ((name, f"native_{name}"), (f"native_{name}", name))
    )
    return f"{name}: native lacks {lacking}, has instead {more}" if lacking or more else None
