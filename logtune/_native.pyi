"""The native core, a module in Rust (``rust/logtune-native``). It may be missing: ``logtune.parse.core`` chooses.

What it gives is what ``logtune.parse.reference`` gives, cell for cell; ``tests/parse/test_cores.py`` holds that.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Final, final

import pyarrow as pa

BLOCK_LIMIT: Final[int]
"""Largest block in bytes (2**29): the 32-bit offsets of its text columns cannot overflow."""

@final
class Batch:
    """Rows of one table. ``pyarrow.record_batch(batch)`` takes them over without a copy (Arrow PyCapsule interface)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Capsules ``arrow_schema`` and ``arrow_array``; *requested_schema* is not heeded."""

    def __arrow_c_schema__(self) -> object:
        """Capsule ``arrow_schema``: ``logtune.schema.parsed_schema`` of the table and the columns asked for."""

    def __len__(self) -> int:
        """Number of rows."""

def parse_block(
    block: bytes,
    base_position: int,
    columns: Mapping[str, Sequence[str]] | None = None,
    tags: Mapping[str, tuple[str, str | None, str]] | None = None,
) -> tuple[dict[str, Batch], tuple[int, int, int, int, int]]:
    """``(table name to its rows, fields of logtune.parse.Counts)``; a table without rows is left out.

    *columns* and *tags* are those of ``logtune.parse.parse_block``, as dictionaries of lists and tuples. The global
    interpreter lock is released meanwhile, so blocks can be parsed in threads. Raises ``ValueError`` for a block larger
    than ``BLOCK_LIMIT``, never for what stands in it.
    """

def programs_known() -> tuple[dict[str, str], list[str], dict[str, str], list[str], list[str]]:
    """``FAMILIES``, ``UNSLASHED``, ``FILTERS``, ``FOREIGN_OWNERS`` and ``SYSLOGS`` as compiled in.

    They are those of ``logtune.postfix.families``.
    """

@final
class Column:
    """Values of one column. ``pyarrow.array(column)`` takes them over without a copy (Arrow PyCapsule interface)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Capsules ``arrow_schema`` and ``arrow_array``; *requested_schema* is not heeded."""

    def __arrow_c_schema__(self) -> object:
        """Capsule ``arrow_schema``."""

    def __len__(self) -> int:
        """Number of values."""

@final
class Linker:
    """The ordered pass: the same results as those of ``logtune.link.Linker``. One thread at a time uses it.

    *kept*: so many mails that are over are remembered; None for ``logtune.link.KEPT``.
    """

    def __init__(self, kept: int | None = None) -> None: ...
    @property
    def unclosed(self) -> int:
        """How often a ``connect`` came inside an open session of the same process."""

    @property
    def uncounted(self) -> int:
        """How often a ``disconnect`` counted accepted recipients in a session whose lines show no ``client=``."""

    def feed(
        self, batches: dict[str, Batch | pa.RecordBatch]
    ) -> tuple[dict[str, dict[str, Column]], list[tuple[str, str, Column, Column]]]:
        """Take the batches of one block, by table, with all columns that the pass reads (``logtune.link.READ``).

        Gives ``{table: {column: values}}`` for session, message, repeat and (deliveries) successor of the block's rows,
        in row order, and (table, column, row numbers, values) of rows of earlier blocks that have another value now.
        The global interpreter lock is released meanwhile. Raises ``ValueError`` where a column is missing or of
        another type than in ``logtune.schema``, and takes nothing then.
        """

class Reopened(Exception):
    """A row tells of a session or mail that was over: this log cannot be made part by part."""

@final
class Relations:
    """The relations of linked tables, part by part: what ``logtune/relations/*.sql`` gives of the whole log.

    One thread at a time uses it.
    """

    ORDER: Final[list[str]]
    """The tables that are read."""

    def __init__(self, probe_senders: list[str]) -> None:
        """*probe_senders* are the sender addresses of the site's address verification."""

    def feed(self, table: str, batch: Batch | pa.RecordBatch) -> None:
        """Take rows of a table, which follow those before in position order.

        *batch* has the columns ``logtune.relations.native.READ``; columns are looked at when relations are made. Raises
        ``ValueError`` for another table.
        """

    def waiting(self) -> int:
        """How many rows were fed and are in no part yet."""

    def make(self) -> Made:
        """The relations of all sessions and mails that are over; all tables were fed up to one position.

        The global interpreter lock is released meanwhile. Raises ``Reopened``, and ``ValueError`` where a column is
        missing or of another type than in ``logtune.schema``.
        """

    def finish(self) -> tuple[Made, list[int]]:
        """The relations of all the rest, and ids of recipients of any part that are none: Postfix added them itself.

        The global interpreter lock is released meanwhile. Raises as ``make`` does.
        """

@final
class Made:
    """The rows of all relations of a part, until they are let go."""

    def rows(self) -> dict[str, int]:
        """Relation to its number of rows."""

    def batch(self, relation: str, begin: int, most: int, columns: Set[str] | None = None) -> Batch:
        """At most so many rows of a relation from number *begin* on, all columns or those named.

        Words that repeat are dictionary-encoded, batch by batch. Raises ``KeyError`` for another relation.
        """

    def forget(self, relation: str) -> None:
        """Let the rows of a relation go; it has none afterwards. Raises ``KeyError`` for another name."""
