"""The state of the link pass between runs: the rows that later lines may still belong to.

What the pass remembers (open sessions, live queue files, decisions that wait for their mail, the last row of each host)
follows from rows that it was fed. So its state is kept as those rows: a new pass is fed them first, and knows what the
old one knew. Both linkers take them, whatever they keep inside, and whoever wants to know the state can read it: one
Parquet file, ``carried/NAME.parquet``, with the columns that the pass reads (``link.COMMON``, ``link.READ``), the
``session`` and ``message`` it gave, ``ts``, and the name of the ``table``.

Kept are whole: sessions without their disconnect line, mails without their ``removed`` line, and what the last
``RECENT`` rows of each host belong to; with a session its mails, with a mail its session. A mail of which there is
nothing but a content filter's verdict has no end in the log (amavis logs under a tag of its own): it is not kept.

Known weak point: a line about a mail that was removed more than ``RECENT`` rows ago begins a message of its own, where
one pass over everything would have known the mail. Postfix logs nothing of a mail once it is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.link import COMMON, READ, Late, Linking
from logtune.store.errors import told
from logtune.store.parts import force, ordered

FOLDER = "carried"
RECENT = 20_000
"""Rows of each host that are kept whatever they are: repeated-message lines and late lines refer to a few of them."""
FORGOTTEN_US = 100 * 86_400_000_000
"""What has had no line for 100 days has ended, and its end was lost; no queue keeps mail so long."""

ADDED = (("ts", schema.TIME), ("session", pa.int64()), ("message", pa.int64()))
ROW = "row"
"""Number of the row in the running pass, which is how the pass names it."""

Ids = npt.NDArray[np.int64]
Changes = dict[tuple[str, str], dict[int, int | None]]
"""(table, column) to position to value, of rows that are in parts already."""


def read_columns(name: str) -> list[str]:
    """Columns of table *name* that the pass reads."""
    return list(dict.fromkeys((*COMMON, *READ[name])))


class Carried:
    """The rows, and their numbers in the pass *linker*, which has been fed them when this is made."""

    def __init__(self, linker: Linking, tables: Mapping[str, pa.Table]) -> None:
        self._next = dict.fromkeys(READ, 0)
        self._tables: dict[str, pa.Table] = {}
        batches = {}
        for name, table in tables.items():
            if table.num_rows:
                batches[name] = table.select(read_columns(name)).combine_chunks().to_batches()[0]
                self.add(name, table)
        if batches:
            linker.feed(batches)

    def add(self, name: str, table: pa.Table) -> None:
        """Rows that the pass has been fed, with the columns of ``read_columns`` and ``ADDED``."""
        begin = self._next[name]
        self._next[name] = begin + table.num_rows
        numbers = pa.array(np.arange(begin, self._next[name], dtype=np.int64))
        table = table.select([*read_columns(name), *(c for c, _ in ADDED)]).append_column(ROW, numbers)
        before = self._tables.get(name)
        self._tables[name] = table if before is None else pa.concat_tables([before, table])

    def begin(self, name: str) -> int:
        """Number of the next row of a table."""
        return self._next[name]

    def change(self, late: Late, changes: Changes) -> None:
        """The pass says of rows before those being added that cells have other values: note it here and in *changes*.

        What was forgotten keeps its values.
        """
        table = self._tables.get(late.table)
        if table is None:
            return
        numbers = np.asarray(table[ROW], dtype=np.int64)
        place = np.searchsorted(numbers, np.asarray(late.rows, dtype=np.int64))
        position = np.asarray(table["position"], dtype=np.int64)
        cells = changes.setdefault((late.table, late.column), {})
        mask, values = np.zeros(len(numbers), dtype=np.bool_), []
        for at, row, value in zip(place.tolist(), late.rows.to_pylist(), late.values.to_pylist(), strict=True):
            if at < len(numbers) and numbers[at] == row:
                cells[int(position[at])] = value
                mask[at] = True
                values.append(value)
        if late.column == "message":
            new = pc.replace_with_mask(table["message"], pa.array(mask), pa.array(values, pa.int64()))
            self._tables[late.table] = table.set_column(table.schema.get_field_index("message"), "message", new)

    def forget(self) -> None:
        """Let go of what no later line can belong to."""
        names = list(self._tables)
        if not names:
            return
        columns = [_Columns.of(name, self._tables[name]) for name in names]
        whole = _Columns(*(np.concatenate(c) for c in zip(*(vars(x).values() for x in columns), strict=True)))
        kept = _kept(whole)
        ends = np.cumsum([0, *(self._tables[name].num_rows for name in names)]).tolist()
        for at, name in enumerate(names):
            rows = kept[ends[at] : ends[at + 1]]
            if not rows.all():
                self._tables[name] = self._tables[name].filter(pa.array(rows)).unify_dictionaries().combine_chunks()

    def save(self, folder: str) -> str:
        """Write the rows for a later run; gives the path below the store. Raises ``StoreWriteError``."""
        import pyarrow.parquet as pq

        file = os.path.join(FOLDER, f"{secrets.token_hex(8)}.parquet")
        path = os.path.join(folder, file)
        whole = [
            table.drop_columns([ROW]).append_column("table", pa.array([name] * table.num_rows, pa.string()))
            for name, table in self._tables.items()
        ]
        with told(folder):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                empty = pa.schema([("table", pa.string()), ("position", pa.int64())]).empty_table()
                table = pa.concat_tables([empty, *whole], promote_options="default")
                pq.write_table(table, path, compression="zstd", compression_level=1)
                force(path)
                force(os.path.dirname(path))
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(path)
                raise
        return file


def load(folder: str, file: str) -> dict[str, pa.Table]:
    """The rows that an earlier run kept, by table, in position order; none where *file* is empty."""
    import pyarrow.parquet as pq

    if not file:
        return {}
    whole = pq.read_table(os.path.join(folder, file), memory_map=False)
    found = {}
    for name in READ:
        rows = whole.filter(pc.equal(whole["table"], name))
        if rows.num_rows:
            found[name] = ordered([rows.select([*read_columns(name), *(c for c, _ in ADDED)])])
    return found


class _Columns:
    """What decides about keeping, of rows of all tables."""

    def __init__(
        self, position: Ids, host: Any, session: Ids, message: Ids, ts: Ids, ended: Any, closed: Any, ends: Any
    ) -> None:
        self.position, self.host, self.session, self.message, self.ts = position, host, session, message, ts
        self.ended, self.closed, self.ends = ended, closed, ends

    @classmethod
    def of(cls, name: str, table: pa.Table) -> _Columns:
        """Those of one table."""
        no = np.zeros(table.num_rows, dtype=np.bool_)
        return cls(
            _numbers(table["position"]),
            np.asarray(pc.fill_null(table["host"].cast(pa.string()), ""), dtype=object),
            _numbers(table["session"]),
            _numbers(table["message"]),
            _numbers(table["ts"].cast(pa.int64())),
            _is(table["event"], "removed") if name == "queue" else no,
            _is(table["event"], "disconnect") if name == "connections" else no,
            no if name == "verdicts" else ~no,
        )


def _kept(rows: _Columns) -> npt.NDArray[np.bool_]:
    recent = _recent(rows)
    lost = rows.ts.max(initial=0) - FORGOTTEN_US
    fresh = rows.ts > lost
    messages = np.setdiff1d(_ids(rows.message, fresh & rows.ends), _ids(rows.message, rows.ended))
    sessions = np.setdiff1d(_ids(rows.session, fresh), _ids(rows.session, rows.closed))
    kept = recent
    while True:
        messages = np.union1d(messages, _ids(rows.message, kept))
        sessions = np.union1d(sessions, _ids(rows.session, kept))
        more = kept | np.isin(rows.message, messages) | np.isin(rows.session, sessions)
        if (more == kept).all():
            return more
        kept = more


def _recent(rows: _Columns) -> npt.NDArray[np.bool_]:
    recent = np.zeros(len(rows.position), dtype=np.bool_)
    _, codes = np.unique(rows.host.astype(str), return_inverse=True)
    for code in range(int(codes.max(initial=-1)) + 1):
        own = np.flatnonzero(codes == code)
        recent[own[np.argsort(rows.position[own])][-RECENT:]] = True
    return recent


def _ids(ids: Ids, where: npt.NDArray[np.bool_]) -> Ids:
    chosen = ids[where]
    return np.unique(chosen[chosen >= 0])


def _numbers(column: pa.ChunkedArray) -> Ids:
    return np.asarray(pc.fill_null(column, -1), dtype=np.int64)


def _is(column: pa.ChunkedArray, word: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(pc.equal(column.cast(pa.string()), word), False), dtype=np.bool_)
