"""The relations by the native core: the rows of ``*.sql``, which is the specification, in less time.

Importing this fails where that core was not built. What it makes is compared in ``tests/test_relations_native.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from logtune import _native
from logtune.relations.making import ADDED
from logtune.spill import Room, Stored, parts

READ: Mapping[str, Sequence[str]] = {
    "connections": (
        "position", "ts", "host", "instance", "service", "pid", "session", "event", "client_name", "client_addr",
        "after", "counters",
    ),
    "queue": (
        "position", "ts", "host", "instance", "service", "pid", "session", "message", "event", "client_name",
        "client_addr", "sasl_username", "sender", "size", "nrcpt",
    ),
    "deliveries": (
        "position", "ts", "daemon", "message", "recipient", "orig_recipient", "status", "successor",
    ),
    "decisions": (
        "position", "ts", "host", "instance", "service", "daemon", "pid", "session", "message", "origin", "action",
        "protocol_state", "client_name", "client_addr", "reply_code", "dsn", "reason_shape", "restriction", "sender",
        "recipient", "proto", "helo", "sasl_username", "part",
    ),
    "notices": ("position", "session", "message", "kind", "text"),
}  # fmt: skip
"""Tables and columns that are read."""

ROWS = 122_880
"""Rows of a batch: what DuckDB gives one thread at a time."""

OPEN_MOST = 16
"""The rows of what is not over may take as much memory as so many parts."""

Rows: TypeAlias = "Callable[[], pa.RecordBatchReader]"
"""Begins to read the rows of a relation."""

T = TypeVar("T")


class NotByParts(Exception):
    """Rows tell of what was over, or too many are of what is never over: the SQL makes such a log."""


class Taking(Protocol):
    """Takes the relations part by part, in one thread (``making.Filling``)."""

    def begin_part(self, rows: int, last: bool) -> None:
        """So many *rows* of the tables were read when this part was made."""

    def put(self, name: str, rows: Rows) -> None:
        """Rows of a relation; they are gone afterwards."""


class Making:
    """The relations of linked tables, which are fed in position order: part by part, and at the end ``ADDED``."""

    columns = READ

    def __init__(
        self, probe_senders: Sequence[str], room: Room, taking: Taking, asked: Mapping[str, Set[str]] | None = None
    ) -> None:
        """*asked* are the relations that are given, with their columns, all where there are none; all without it."""
        self._relations = _native.Relations(list(probe_senders))
        self._room, self._taking = room, taking
        self._asked = asked
        self._rows = self._left = 0
        self._taker = ThreadPoolExecutor(1, "relations")
        self._taken: Future[None] | None = None

    def feed(self, rows: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Take the rows of all tables up to one position, which follow those before. They are let go part by part.

        Raises ``KeyError`` where a column is missing, and ``NotByParts``; then no more can be fed.
        """
        for name in READ:
            for batch in rows.get(name, ()):
                self._relations.feed(name, batch)
                self._rows += batch.num_rows
        if self._relations.waiting() < self._room.related + 2 * self._left:
            return
        with self._by_parts():
            self._hand_over(self._relations.make())
            self._left = self._relations.waiting()
            if self._left > self._room.related * OPEN_MOST:
                raise NotByParts(f"{self._left} rows are of sessions and mails that do not end")

    def finish(self) -> None:
        """All rows are fed: make the rest. Raises as ``feed`` does."""
        with self._by_parts():
            made, added = self._relations.finish()
        self._hand_over(made, last=True)
        ids = pa.record_batch({"id": pa.array(added, pa.int64())})
        self._wait()
        self._taking.put(ADDED, lambda: pa.RecordBatchReader.from_batches(ids.schema, [ids]))
        self._taker.shutdown()

    def _hand_over(self, made: _native.Made, last: bool = False) -> None:
        """Let a part be taken while the next one is made."""
        self._wait()
        self._taken = self._taker.submit(self._take, made, self._rows, last)

    def _take(self, made: _native.Made, rows: int, last: bool) -> None:
        self._taking.begin_part(rows, last)
        for name in made.rows():
            if self._asked is None or name in self._asked:
                columns = (self._asked or {}).get(name)
                self._taking.put(name, partial(_reader, made, name, columns or None))
            made.forget(name)

    @contextmanager
    def _by_parts(self) -> Iterator[None]:
        """Where it does not go on by parts, nothing is taken any more when that is told."""
        try:
            yield
        except (_native.Reopened, NotByParts) as error:
            self._wait()
            raise NotByParts(str(error)) from error

    def _wait(self) -> None:
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.result()


def make(making: Making, tables: Mapping[str, Stored]) -> None:
    """Feed *making* with linked *tables*, whose rows are in position order. Raises as ``Making.feed``."""
    for step in _ahead(_steps(tables)):
        making.feed(step)
    making.finish()


def _steps(tables: Mapping[str, Stored]) -> Iterator[dict[str, list[pa.RecordBatch]]]:
    """Rows of all tables up to one position, and again up to a later one."""
    coming = {name: _batches(tables[name], columns) for name, columns in READ.items()}
    here: dict[str, pa.RecordBatch] = {}
    while True:
        for name in [name for name in coming if name not in here]:
            batch = next(coming[name], None)
            if batch is None:
                del coming[name]
            else:
                here[name] = batch
        if not here:
            return
        until = min(batch["position"][-1].as_py() for batch in here.values())
        yield {name: [rows] for name in READ if name in here and (rows := _take(here, name, until)).num_rows}


def _batches(table: Stored, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    batches = (batch for part in parts(table, columns) for batch in part.to_batches())
    return (batch for batch in batches if batch.num_rows)


def _take(here: dict[str, pa.RecordBatch], name: str, until: int) -> pa.RecordBatch:
    """Take the rows up to a position out of those that are here."""
    batch = here.pop(name)
    end = int(np.searchsorted(batch["position"].to_numpy(), until, "right"))
    if end < batch.num_rows:
        here[name] = batch.slice(end)
    return batch.slice(0, end)


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """*items*, each made in a thread while the one before is worked on."""
    with ThreadPoolExecutor(1, "ahead") as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def _reader(made: _native.Made, name: str, columns: Set[str] | None) -> pa.RecordBatchReader:
    rows = made.rows()[name]
    begins = range(0, max(rows, 1), ROWS)  # the schema of an empty relation is that of no rows
    batches = (pa.record_batch(made.batch(name, begin, ROWS, columns)) for begin in begins)
    first = next(batches)
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
