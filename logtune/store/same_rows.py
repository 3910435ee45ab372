"""Whether lines are those that gave the rows of a store: told by parsing them again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.parse import Tag, parse_block
from logtune.sources import SOURCE_SHIFT
from logtune.store import parts
from logtune.store.catalogue import Catalogue

QUARTER_US = 900_000_000
"""Zones differ by whole quarters of an hour, so the rest of a time is the same in all of them, and in all years."""


class Rows:
    """Compares lines with the rows of a store."""

    def __init__(self, store: Catalogue, tags: Mapping[str, Tag]) -> None:
        self._store, self._tags = store, tags

    def same(self, rank: int, data: bytes, offset: int) -> int:
        """Offset of the first line of *data*, which begins at *offset*, that did not give the rows of source *rank*.

        Where nothing is left of those rows (``logtune store prune``) all lines are taken for old ones.
        """
        base = rank << SOURCE_SHIFT
        first, last = base | offset, base | (offset + len(data))
        here = dict(_rows(parse_block(data, first, None, self._tags).batches))
        stored = dict(self._stored(first, last))
        if not stored:
            return offset + len(data)
        different = [p for p in {*here, *stored} if here.get(p) != stored.get(p)]
        return min((p - base for p in different if p in here), default=offset + len(data))

    def _stored(self, first: int, last: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
        for part in self._store.parts_at(first, last):
            table = parts.read(self._store.folder, part, schema.arrow_schema(part.name))
            inside = pc.and_(pc.greater_equal(table["position"], first), pc.less(table["position"], last))
            for batch in table.filter(inside).to_batches():
                yield from _rows({part.name: batch})


def _rows(batches: Mapping[str, pa.RecordBatch]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Position and content of each row; of its time only what no zone and no year changes."""
    for name, batch in batches.items():
        told = [c for c in schema.arrow_schema(name).names if c not in schema.FILLED_LATER and c != "ts"]
        columns = [batch.column(c).to_pylist() for c in told]
        times = [t if t is None else t % QUARTER_US for t in batch.column("ts").cast(pa.int64()).to_pylist()]
        for position, time, *values in zip(batch.column("position").to_pylist(), times, *columns, strict=True):
            yield position, (name, time, *values)
