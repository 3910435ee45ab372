"""Results as JSON: everything of the objects, counts as numbers, times in ISO 8601 (UTC), names as in results.py.

Top level: ``schema`` (``logtune.report/1``), ``command``, ``hosts``, ``period``, ``coverage``, ``headline``,
``details``, ``verdict``, ``sections``, and what the report's ``extra`` holds (the trial's ``restrictions``,
``overlap``). A table's rows are objects by column name. Only ASCII is written, controls are escaped: the output is
safe on a terminal, whatever the log held.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TextIO

from logtune.results import Coverage, Item, Report, Table


def dumps(report: Report, *, indent: int | None = 2) -> str:
    """Return the report as a JSON text, ended by a line end. Raises ValueError if ``extra`` takes a fixed name."""
    return text(report_data(report), indent=indent) + "\n"


def report_data(report: Report) -> dict[str, Any]:
    """Return the report as plain lists, dicts, strings and numbers."""
    out: dict[str, Any] = {f.name: data(getattr(report, f.name)) for f in fields(report) if f.name != "extra"}
    if taken := out.keys() & report.extra.keys():
        raise ValueError(f"extra takes a fixed name: {', '.join(sorted(taken))}")
    return out | {str(k): data(v) for k, v in report.extra.items()}


def write_rows(rows: Iterable[Mapping[str, Any]], file: TextIO) -> None:
    """Write one object per line (JSON lines), nulls left out."""
    for row in rows:
        file.write(text({k: v for k, v in row.items() if v is not None}) + "\n")


def text(value: Any, *, indent: int | None = None) -> str:
    """Return any value of results or tables as JSON."""
    # json leaves DEL as it is, the one control in ASCII that it does not escape.
    return json.dumps(data(value), ensure_ascii=True, allow_nan=False, indent=indent).replace("\x7f", "\\u007f")


def data(value: Any) -> Any:
    """Return the value in JSON's types: numbers that JSON lacks are null, durations are seconds."""
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | timedelta):
        return _time(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return _composed(value)


def _number(value: float | Decimal) -> float | int | None:
    if not math.isfinite(value):
        return None
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)


def _time(value: date | timedelta) -> str | float:
    """Return ISO 8601; a time without a zone is UTC, as in the tables."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.isoformat().replace("+00:00", "Z")
    return value.isoformat()


def _composed(value: Any) -> Any:
    if isinstance(value, Table):
        return _table(value)
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name: data(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Coverage):
            own["complete"] = value.complete
        # Items of a section say what they are; the rest is known by its place.
        return {"type": type(value).__name__.lower(), **own} if isinstance(value, Item) else own
    if isinstance(value, Mapping):
        return {str(data(k)): data(v) for k, v in value.items()}
    if isinstance(value, Sequence | AbstractSet):
        return [data(v) for v in value]
    return str(value)


def _table(table: Table) -> dict[str, Any]:
    names = [c.name for c in table.columns]
    own = {f.name: data(getattr(table, f.name)) for f in fields(table) if f.name not in {"rows", "columns"}}
    columns = [{"name": c.name, "title": c.title, "kind": c.kind.value, "unit": c.unit} for c in table.columns]
    rows = [{name: data(v) for name, v in zip(names, row, strict=False)} for row in table.rows]
    return {"type": "table", **own, "columns": columns, "rows": rows}
