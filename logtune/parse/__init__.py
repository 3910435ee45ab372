"""Blocks of log lines to Arrow batches. Pure: no state between lines, no clock of the machine.

``parse_block`` is the contract that every core keeps (docs/how-it-works.md): whatever the bytes are, it neither
raises nor stops; a line is recognised, or a row of ``unrecognised`` with a reason, or blank, so that
``recognised + unrecognised + blank == lines``. Any way of cutting the input at line ends gives the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

Columns = Mapping[str, Collection[str]]
"""Table name to the column names that are wanted; a table that is left out is not built (its lines still count)."""


class Tag(NamedTuple):
    """What a syslog tag stands for; a site can map its own tags in the configuration file."""

    instance: str
    service: str | None
    daemon: str


@dataclass(frozen=True)
class Counts:
    """Line accounts of what was parsed; ``not_postfix`` is a part of ``unrecognised``."""

    lines: int = 0
    recognised: int = 0
    unrecognised: int = 0
    blank: int = 0
    not_postfix: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.lines + other.lines,
            self.recognised + other.recognised,
            self.unrecognised + other.unrecognised,
            self.blank + other.blank,
            self.not_postfix + other.not_postfix,
        )


@dataclass(frozen=True)
class ParsedBlock:
    """One batch per table that has rows (schema ``schema.parsed_schema(table, columns)``), and the line accounts."""

    batches: Mapping[str, pa.RecordBatch]
    counts: Counts


def parse_block(
    block: bytes,
    base_position: int,
    columns: Columns | None = None,
    tags: Mapping[str, Tag] | None = None,
) -> ParsedBlock:
    """Parse *block*, which ends at a line end or at the end of its source.

    *base_position* is the position of its first byte. *tags* maps whole syslog tags that do not follow Postfix's
    ``instance/service/daemon`` form. Never raises for data.
    """
    from logtune.parse.core import core

    return core().parse_block(block, base_position, columns, tags)
