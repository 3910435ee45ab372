"""Comparison of the two cores, for tests and for ``scripts/differential``."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from logtune import schema
from logtune.parse import Columns, ParsedBlock, Tag
from logtune.parse.native import parse_block as native
from logtune.parse.reference import parse_block as reference

SITE_TAGS = {"site": Tag("postfix-x", "submission", "smtpd"), "odd": Tag("", None, "nonsense")}


def difference(
    block: bytes, base: int = 0, columns: Columns | None = None, tags: Mapping[str, Tag] | None = None
) -> str | None:
    """What the cores read differently in *block*, in words; None where they agree cell for cell."""
    return compared(native(block, base, columns, tags), reference(block, base, columns, tags), columns)


def compared(ours: ParsedBlock, theirs: ParsedBlock, columns: Columns | None = None) -> str | None:
    """What differs between *ours* of the native and *theirs* of the reference core, in words."""
    if ours.counts != theirs.counts:
        return f"native {ours.counts}, reference {theirs.counts}"
    if set(ours.batches) != set(theirs.batches):
        return f"native has {sorted(ours.batches)}, reference {sorted(theirs.batches)}"
    return next((found for table in theirs.batches if (found := _of_table(table, ours, theirs, columns))), None)


def _of_table(table: str, ours: ParsedBlock, theirs: ParsedBlock, columns: Columns | None) -> str | None:
    mine, its = ours.batches[table], theirs.batches[table]
    mine.validate(full=True)
    expected = schema.parsed_schema(table, None if columns is None else columns[table])
    if mine.schema != expected:
        return f"{table}: schema {mine.schema}"
    if plain(mine).equals(plain(its)):
        return None
    names = [name for name in expected.names if not plain(mine)[name].equals(plain(its)[name])]
    return f"{table}: {names}: native {mine.select(names).to_pylist()}, reference {its.select(names).to_pylist()}"


def plain(batch: pa.RecordBatch) -> pa.Table:
    """*batch* without dictionaries, whose order says nothing."""
    fields = [(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in batch.schema]
    return pa.Table.from_batches([batch]).cast(pa.schema(fields))


def differing_lines(block: bytes, tags: Mapping[str, Tag] | None = None) -> list[bytes]:
    """The lines of *block*, which ends with a newline, that the cores read differently."""
    if difference(block, tags=tags) is None:
        return []
    lines = [line + b"\n" for line in block.removesuffix(b"\n").split(b"\n")]
    if len(lines) == 1:
        return lines
    half = len(lines) // 2
    return [line for part in (lines[:half], lines[half:]) for line in differing_lines(b"".join(part), tags)]
