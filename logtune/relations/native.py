"""The relations by the native core: the rows of ``*.sql``, which is the specification, in less time.

Importing this fails where that core was not built. What it makes is compared in ``tests/test_relations_native.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TypeAlias

import pyarrow as pa

from logtune import _native
from logtune.spill import Stored, parts

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
"""Tables and columns that are read, in this order."""

ROWS = 122_880
"""Rows of a batch: what DuckDB gives one thread at a time."""


Rows: TypeAlias = "Callable[[], pa.RecordBatchReader]"
"""Begins to read the rows of a relation."""


def make(tables: Mapping[str, Stored], probe_senders: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Names and rows of the relations. *tables* are linked, their rows in position order.

    What is read of the tables is let go part by part, and a relation's rows when the next is asked for. Raises
    ``KeyError`` where a column is missing.
    """
    relations = _native.Relations(list(probe_senders))
    for name, columns in READ.items():
        for part in parts(tables[name], columns):
            for batch in part.to_batches():
                relations.feed(name, batch)
    made = relations.make()
    for name in made.rows():
        yield name, partial(_reader, made, name)
        made.forget(name)


def _reader(made: _native.Made, name: str) -> pa.RecordBatchReader:
    rows = made.rows()[name]
    begins = range(0, max(rows, 1), ROWS)  # the schema of an empty relation is that of no rows
    batches = (pa.record_batch(made.batch(name, begin, ROWS)) for begin in begins)
    first = next(batches)
    return pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
