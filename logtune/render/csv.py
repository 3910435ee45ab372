"""Tables and streams of rows as CSV (RFC 4180, UTF-8), for spreadsheets: no cell of it is run as a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TextIO

from logtune.render import escape, json
from logtune.results import Table


def write_table(table: Table, file: TextIO) -> None:
    """Write all columns of the table, by name, and its rows. Open the file with ``newline=""``."""
    write_rows([c.name for c in table.columns], table.rows, file)


def write_rows(header: Sequence[str], rows: Iterable[Sequence[Any]], file: TextIO) -> None:
    """Write the header and the rows as they come; a row is never held back or kept."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([escape.csv_cell(name) for name in header])
    for row in rows:
        writer.writerow([cell(value) for value in row])


def write_mappings(header: Sequence[str], rows: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write rows given as mappings; a column that a row lacks is empty."""
    write_rows(header, ([row.get(name) for name in header] for row in rows), file)


def cell(value: Any) -> str | int | float | None:
    """Return a value for a cell: numbers as they are, null empty, times in ISO 8601, text escaped.

    Lists of numbers (a course) stand with spaces between them, everything else that is composed is JSON.
    """
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        return escape.csv_cell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | timedelta):
        return str(json.data(value))
    if isinstance(value, list | tuple) and all(v is None or isinstance(v, int | float) for v in value):
        return escape.csv_cell(" ".join("" if v is None else str(v) for v in value))
    plain = json.data(value)
    return plain if isinstance(plain, int | float) else escape.csv_cell(json.text(plain))
