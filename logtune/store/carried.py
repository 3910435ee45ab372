"""The state of the link pass between runs: the rows that later lines may still belong to.

What the pass remembers (open sessions, live queue files, decisions that wait for their mail, the last row of each host)
follows from rows that it was fed. So its state is kept as those rows: a new pass is fed them first, and knows what the
old one knew. Both linkers take them, whatever they keep inside, and whoever wants to know the state can read it: one
Parquet file, ``carried/NAME.parquet``, with the columns that the pass reads (``link.COMMON``, ``link.READ``), the
``session`` and ``message`` it gave, ``ts``, and the name of the ``table``.

Kept are whole: sessions without their disconnect line, mails that are in the queue, and what the last ``RECENT`` rows
of each host belong to; with a session its mails, with a mail its session. In the queue is a mail that cleanup took
(its message id was logged) or qmgr or a delivery agent spoke of, until its ``removed`` line. Only qmgr logs that line:
a mail whose content was rejected, and one whose client went away or on to another before its content came, have none
(``cleanup_flush`` in src/cleanup/cleanup_api.c removes the file in silence). What so has ended is let go: the state is
as large as the queue, whatever was read before.

Known weak point: a line about a mail that ended more than ``RECENT`` rows ago begins a message of its own, where
one pass over everything would have known the mail. Postfix logs nothing of a mail once it is removed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.link import COMMON, READ, Late, Linking
from logtune.store.catalogue import CARRIED
from logtune.store.errors import told
from logtune.store.parts import force, ordered

RECENT = 20_000
"""Rows of each host that are kept whatever they are: repeated-message lines and late lines refer to a few of them."""
DAY_US = 86_400_000_000
SESSION_US = 2 * DAY_US
"""A session without a line for so long has ended, and its end was lost: smtpd_timeout is 5 minutes."""
QUEUED_US = 10 * DAY_US
"""Likewise a mail in the queue: qmgr tries again after an hour or so (maximal_backoff_time), up to 5 days in all."""
HELD_US = 100 * DAY_US
"""Nothing is logged of a mail on hold until somebody releases it."""

ADDED = (("ts", schema.TIME), ("session", pa.int64()), ("message", pa.int64()))
ROW = "row"
"""Number of the row in the running pass, which is how the pass names it."""

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
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
        kept = _kept(_Columns.of(self._tables))
        ends = np.cumsum([0, *(self._tables[name].num_rows for name in names)]).tolist()
        for at, name in enumerate(names):
            rows = kept[ends[at] : ends[at + 1]]
            if not rows.all():
                self._tables[name] = self._tables[name].filter(pa.array(rows)).unify_dictionaries().combine_chunks()

    def save(self, folder: str) -> str:
        """Write the rows for a later run; gives the path below the store. Raises ``StoreWriteError``."""
        import pyarrow.parquet as pq

        file = os.path.join(CARRIED, f"{secrets.token_hex(8)}.parquet")
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

    def __init__(self, position: Ids, host: Any, session: Ids, message: Ids, ts: Ids, signs: _Signs) -> None:
        self.position, self.host, self.session, self.message, self.ts = position, host, session, message, ts
        self.signs = signs

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> _Columns:
        """Those of all *tables*, one after another."""
        each = list(tables.values())
        hosts = [np.asarray(pc.fill_null(t["host"].cast(pa.string()), ""), dtype=object) for t in each]
        return cls(
            np.concatenate([_numbers(t["position"]) for t in each]),
            np.concatenate(hosts),
            np.concatenate([_numbers(t["session"]) for t in each]),
            np.concatenate([_numbers(t["message"]) for t in each]),
            np.concatenate([_numbers(t["ts"].cast(pa.int64())) for t in each]),
            _Signs(*(np.concatenate(s) for s in zip(*(_signs(n, t) for n, t in tables.items()), strict=True))),
        )


class _Signs(NamedTuple):
    """What a row tells of its mail or session."""

    disconnected: Mask
    removed: Mask
    queued: Mask
    """qmgr or a delivery agent has the mail."""
    taken: Mask
    """cleanup has its header."""
    refused: Mask
    """Its content was rejected or discarded, so qmgr never gets it."""
    held: Mask


def _signs(name: str, table: pa.Table) -> _Signs:
    no = np.zeros(table.num_rows, dtype=np.bool_)
    if name == "connections":
        return _Signs(_is(table["event"], "disconnect"), no, no, no, no, no)
    if name == "deliveries":
        return _Signs(no, no, ~no, no, no, no)
    if name == "queue":
        removed, taken = _is(table["event"], "removed"), _is(table["event"], "message_id", "pickup")
        return _Signs(no, removed, ~(removed | taken | _is(table["event"], "client")), taken, no, no)
    if name == "decisions":
        content = _is(table["daemon"], "cleanup") | _is(table["protocol_state"], "END-OF-MESSAGE")
        refused = content & _is(table["action"], "reject", "discard")
        return _Signs(no, no, no, no, refused, _is(table["action"], "hold"))
    return _Signs(no, no, no, no, no, no)


def _kept(rows: _Columns) -> Mask:
    last, signs = rows.ts.max(initial=0), rows.signs
    queued = _ids(rows.message, signs.queued & (rows.ts > last - QUEUED_US))
    taken = _ids(rows.message, signs.taken & (rows.ts > last - QUEUED_US))
    held = _ids(rows.message, signs.held & (rows.ts > last - HELD_US))
    waiting = np.setdiff1d(np.union1d(taken, held), _ids(rows.message, signs.refused))
    messages = np.setdiff1d(np.union1d(queued, waiting), _ids(rows.message, signs.removed))
    sessions = np.setdiff1d(_ids(rows.session, rows.ts > last - SESSION_US), _ids(rows.session, signs.disconnected))
    kept = _recent(rows)
    while True:
        messages = np.union1d(messages, _ids(rows.message, kept))
        sessions = np.union1d(sessions, _ids(rows.session, kept))
        more = kept | np.isin(rows.message, messages) | np.isin(rows.session, sessions)
        if (more == kept).all():
            return more
        kept = more


def _recent(rows: _Columns) -> Mask:
    recent = np.zeros(len(rows.position), dtype=np.bool_)
    _, codes = np.unique(rows.host.astype(str), return_inverse=True)
    for code in range(int(codes.max(initial=-1)) + 1):
        own = np.flatnonzero(codes == code)
        recent[own[np.argsort(rows.position[own])][-RECENT:]] = True
    return recent


def _ids(ids: Ids, where: Mask) -> Ids:
    chosen = ids[where]
    return np.unique(chosen[chosen >= 0])


def _numbers(column: pa.ChunkedArray) -> Ids:
    return np.asarray(pc.fill_null(column, -1), dtype=np.int64)


def _is(column: pa.ChunkedArray, *words: str) -> Mask:
    return np.asarray(pc.is_in(column.cast(pa.string()), pa.array(words, pa.string())), dtype=np.bool_)
