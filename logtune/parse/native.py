"""The native core behind the contract of ``logtune.parse``. Importing this fails where it was not built."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from logtune._native import BLOCK_LIMIT
from logtune._native import parse_block as parse_native
from logtune.parse import Columns, Counts, ParsedBlock, Tag


def parse_block(
    block: bytes, base_position: int, columns: Columns | None = None, tags: Mapping[str, Tag] | None = None
) -> ParsedBlock:
    """See :func:`logtune.parse.parse_block`. Threads may call it side by side."""
    if len(block) > BLOCK_LIMIT:
        from logtune.parse.reference import parse_block as reference

        return reference(block, base_position, columns, tags)
    found, counts = parse_native(
        block,
        base_position,
        None if columns is None else {table: list(names) for table, names in columns.items()},
        None if tags is None else {name: (tag.instance, tag.service, tag.daemon) for name, tag in tags.items()},
    )
    return ParsedBlock({table: pa.record_batch(rows) for table, rows in found.items()}, Counts(*counts))
