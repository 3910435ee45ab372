"""Rows of Arrow tables as JSON lines, CSV and aligned text, column by column and chunk by chunk.

A column is encoded as a whole, and a row is put together from the pieces: no row ever becomes a Python dict, and
what is held at a time is one chunk. Every form escapes what strangers wrote for the place it goes to:

* JSON: pure ASCII (``\\uXXXX``), so that no control or bidi character, line separator or lone byte gets through;
* CSV: ``render.escape.csv_cell`` in quotes (controls as ``\\xXX``, a ``'`` before what a spreadsheet would run as a
  formula); null is an empty cell, an empty text ``""``;
* text: ``render.escape.visible``.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 20_000
"""Rows that are held as text at a time; measured: larger ones gain nothing."""

Encode = Callable[[Any], str]


def json_text(text: str) -> str:
    """*text* as a JSON string in printable ASCII (the standard encoder leaves DEL as it is)."""
    return encode_basestring_ascii(text).replace("\x7f", "\\u007f")


def json_value(value: Any) -> str:
    """Any value of a query's result as JSON; what JSON has no form for (decimals, times, bytes) as text."""
    return json.dumps(value, default=_plain, allow_nan=False).replace("\x7f", "\\u007f")


def _plain(value: Any) -> Any:
    from datetime import date

    if isinstance(value, date):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def csv_text(text: str) -> str:
    """*text* as a quoted CSV cell (RFC 4180) that a spreadsheet takes as text."""
    from logtune.render.escape import csv_cell

    return '"' + csv_cell(text).replace('"', '""') + '"'


def _csv_value(value: Any) -> str:
    return csv_text(value if isinstance(value, str) else json_value(value))


@functools.lru_cache(maxsize=65_536)
def counters_json(text: str) -> str:
    """Counters of a disconnect line as JSON: ``ehlo=1 rcpt=0/2`` is ``{"ehlo":[1,1],"rcpt":[0,2]}``."""
    from logtune.postfix.counters import counters

    return json.dumps(counters(text), separators=(",", ":"))


def cells(column: pa.ChunkedArray, text: Encode, other: Encode) -> list[str | None]:
    """Each value of *column* as text, None for null: strings by *text*, nested and unusual types by *other*.

    Times are ISO 8601 in UTC with ``Z``; floats are as short as they can be read back; NaN and infinity are null.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        column = column.cast(kind)
    encode: Encode = other
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        encode = text
    elif pa.types.is_timestamp(kind):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
        encode = functools.partial('"{}"'.format) if text is json_text else str
    elif pa.types.is_boolean(kind):
        encode = _boolean
    elif pa.types.is_integer(kind):
        encode = str
    elif pa.types.is_floating(kind):
        return [repr(v) if v is not None and abs(v) < float("inf") else None for v in column.to_pylist()]
    return [None if v is None else encode(v) for v in column.to_pylist()]


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def json_objects(table: pa.Table, start: str = "", nulls: bool = True) -> list[str]:
    """Each row of *table* as a JSON object; *start* is what stands before the first column (``"table":"queue",``).

    Without *nulls*, null columns are left out. A column ``counters`` of text becomes an object of its own.
    """
    rows = ["{" + start] * table.num_rows
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not nulls and column.null_count == len(column):
            continue
        key = f"{json_text(name)}:"
        encode = counters_json if name == "counters" and not nulls else json_text
        for i, cell in enumerate(cells(column, encode, json_value)):
            if cell is not None:
                rows[i] += f"{key}{cell},"
            elif nulls:
                rows[i] += f"{key}null,"
    return [f"{row.removesuffix(',')}}}" for row in rows]


def csv_lines(table: pa.Table) -> list[str]:
    """Each row of *table* as a line of CSV, without its end."""
    columns = [[cell or "" for cell in cells(column, csv_text, _csv_value)] for column in table.columns]
    return [",".join(row) for row in zip(*columns, strict=True)]


def csv_header(names: Sequence[str]) -> str:
    """The first line of a CSV file."""
    return ",".join(csv_text(name) if re.search(r"\W", name) else name for name in names)


def chunks(table: pa.Table, size: int = CHUNK) -> Iterator[pa.Table]:
    """*table* in slices of at most *size* rows."""
    for start in range(0, table.num_rows, size):
        yield table.slice(start, size)


def in_position_order(
    tables: Mapping[str, Iterable[pa.Table]], encode: Callable[[str, pa.Table], list[str]], size: int = CHUNK
) -> Iterator[list[str]]:
    """Rows of several *tables* merged by ``position``, in lists of at most *size* texts.

    A table comes in parts, each after the other by position; one part of each is held at a time.
    ``encode(name, slice)`` gives the texts of the rows of a slice of one table.
    """
    left = [_Rows(name, parts) for name, parts in tables.items()]
    while left := [rows for rows in left if rows.fill()]:
        border = min(rows.last for rows in left)
        yield from _merged({rows.name: rows.take(border) for rows in left}, encode, size)


class _Rows:
    """The rows of a table that are not given yet."""

    def __init__(self, name: str, parts: Iterable[pa.Table]) -> None:
        self.name = name
        self._parts = (_by_position(part) for part in parts if part.num_rows)
        self._held: pa.Table | None = None

    def fill(self) -> bool:
        """Whether there is a row left; then at least one is held."""
        if self._held is None or not self._held.num_rows:
            self._held = next(self._parts, None)
        return self._held is not None

    @property
    def last(self) -> int:
        """Position of the last row that is held."""
        assert self._held is not None
        return int(self._held["position"][-1].as_py())

    def take(self, border: int) -> pa.Table:
        """The rows up to the position *border*."""
        import numpy as np

        assert self._held is not None
        count = int(np.searchsorted(self._held["position"].to_numpy(), border, side="right"))
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        return taken


def _merged(
    tables: Mapping[str, pa.Table], encode: Callable[[str, pa.Table], list[str]], size: int
) -> Iterator[list[str]]:
    import numpy as np

    names = list(tables)
    positions = [table["position"].to_numpy() for table in tables.values()]
    order = np.argsort(np.concatenate(positions), kind="stable")
    owner = np.repeat(np.arange(len(names), dtype=np.int8), [len(p) for p in positions])[order]
    done = [0] * len(names)
    for start in range(0, len(owner), size):
        part = owner[start : start + size]
        texts: list[Iterator[str]] = []
        for i, count in enumerate(np.bincount(part, minlength=len(names)).tolist()):
            texts.append(iter(encode(names[i], tables[names[i]].slice(done[i], count)) if count else ()))
            done[i] += count
        yield [next(texts[i]) for i in part.tolist()]


def _by_position(table: pa.Table) -> pa.Table:
    import numpy as np

    positions = table["position"].to_numpy()
    return table if bool(np.all(positions[1:] >= positions[:-1])) else table.sort_by("position")


def text_table(table: pa.Table, widest: int = 60) -> Iterator[str]:
    """*table* as aligned text: headings, a line, rows; numbers to the right, cells cut at *widest* columns."""
    import pyarrow as pa
    from rich.cells import cell_len, set_cell_size

    from logtune.render.escape import visible

    def shown(value: Any) -> str:
        text = visible(value if isinstance(value, str) else json_value(value))
        return text if cell_len(text) <= widest else set_cell_size(text, widest - 1).rstrip() + "…"

    columns = [[cell or "" for cell in cells(column, shown, shown)] for column in table.columns]
    heads = [visible(name) for name in table.column_names]
    widths = [max([cell_len(head), *map(cell_len, column)]) for head, column in zip(heads, columns, strict=True)]
    right = [pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t) for t in table.schema.types]

    def line(values: Sequence[str]) -> str:
        padded = [
            " " * (width - cell_len(value)) + value if to_right else value + " " * (width - cell_len(value))
            for value, width, to_right in zip(values, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    yield line(heads)
    yield line(["-" * width for width in widths])
    for row in zip(*columns, strict=True):
        yield line(row)
