"""The relations by the native core: the rows of ``*.sql``, which is the specification, in less time.

Importing this fails where that core was not built. What it makes is compared in ``tests/test_relations_native.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import TypeAlias, TypeVar

import numpy as np
import pyarrow as pa

from logtune import _native
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

OPEN_MOST = 4
"""The rows of what is not over may take as much memory as so many parts."""

ADDED = "added"
"""Ids of rows of recipient_facts and flags to be removed, for Postfix added these recipients itself: which they are is
known when all parts are made."""

Rows: TypeAlias = "Callable[[], pa.RecordBatchReader]"
"""Begins to read the rows of a relation."""

T = TypeVar("T")


class NotByParts(Exception):
    """Rows tell of what was over, or too many are of what is never over: the SQL makes such a log."""


def make(tables: Mapping[str, Stored], probe_senders: Sequence[str], room: Room) -> Iterator[tuple[str, Rows]]:
    """Names and rows of the relations, part by part, and at the end ``ADDED``.

    *tables* are linked, their rows in position order. What is read of the tables is let go part by part, and a
    relation's rows when the next is asked for. Raises ``KeyError`` where a column is missing, and ``NotByParts``.
    """
    added: list[int] = []
    for made, found in _ahead(_parts(tables, probe_senders, room)):
        for name in made.rows():
            yield name, partial(_reader, made, name)
            made.forget(name)
        added += found
    ids = pa.record_batch({"id": pa.array(added, pa.int64())})
    yield ADDED, lambda: pa.RecordBatchReader.from_batches(ids.schema, [ids])


def _parts(
    tables: Mapping[str, Stored], probe_senders: Sequence[str], room: Room
) -> Iterator[tuple[_native.Made, list[int]]]:
    """The relations of each part. A part has so many rows more than those of what was not over before it."""
    relations = _native.Relations(list(probe_senders))
    left = 0
    try:
        for step in _ahead(_steps(tables)):
            for name, batch in step:
                relations.feed(name, batch)
            if relations.waiting() >= room.related + 2 * left:
                yield relations.make(), []
                left = relations.waiting()
                if left > room.related * OPEN_MOST:
                    raise NotByParts(f"{left} rows are of sessions and mails that do not end")
        yield relations.finish()
    except _native.Reopened as error:
        raise NotByParts(str(error)) from error


def _steps(tables: Mapping[str, Stored]) -> Iterator[list[tuple[str, pa.RecordBatch]]]:
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
        yield [(name, rows) for name in READ if name in here and (rows := _take(here, name, until)).num_rows]


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


def _reader(made: _native.Made, name: str) -> pa.RecordBatchReader:
    rows = made.rows()[name]
    begins = range(0, max(rows, 1), ROWS)  # the schema of an empty relation is that of no rows
    batches = (pa.record_batch(made.batch(name, begin, ROWS)) for begin in begins)
    first = next(batches)
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
