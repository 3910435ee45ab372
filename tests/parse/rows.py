"""Rows of parsed lines as plain dictionaries, for whole comparisons."""

from __future__ import annotations

from logtune.parse import Counts, Tag, parse_block

COMMON = frozenset({"ts", "position", "host", "instance", "service", "daemon", "pid", "stamp"})


def rows(block: bytes, base: int = 0, tags: dict[str, Tag] | None = None) -> list[dict[str, object]]:
    """All rows of *block* in input order, without nulls, each with its ``table``."""
    found = []
    for table, batch in parse_block(block, base, tags=tags).batches.items():
        for row in batch.to_pylist():
            found.append({"table": table} | {name: value for name, value in row.items() if value is not None})
    return sorted(found, key=lambda row: row["position"])


def row(line: str) -> dict[str, object]:
    """The row of one whole line."""
    (only,) = rows(line.encode())
    return only


def said(daemon: str, text: str) -> dict[str, object]:
    """What *text* of ``postfix/daemon`` becomes, without the columns that the header gives."""
    found = row(f"Mar  2 06:12:00 mail postfix/{daemon}[77]: {text}")
    return {name: value for name, value in found.items() if name not in COMMON}


def counts(block: bytes) -> Counts:
    """Line accounts of *block*."""
    return parse_block(block, 0).counts
