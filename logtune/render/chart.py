"""The chart of a number per day: five lines of columns under the limit they run into."""

from __future__ import annotations

import math
from datetime import date, timedelta

from rich.text import Text

from logtune.render import cells, course, numbers
from logtune.render.look import INDENT, Look
from logtune.results import Chart

_HEIGHT = 5
_LABEL = 5  # the number at the axis and a space
_LIMIT = "limit"


def lines(chart: Chart, look: Look) -> list[Text]:
    """Return the chart, or a sparkline where the days do not fit beside each other."""
    values = course.numbers_of(chart.values)
    top = max([chart.limit or 0.0, *(v for v in values if v is not None)], default=0.0)
    axis = max(_LABEL, len(numbers.count(top)) + 1)
    room = look.width - 2 * INDENT - axis - len(_LIMIT) - 1
    column = min(4, room // max(1, len(values)) - 1)
    if column < 1 or not top:
        return _as_sparkline(chart, look)
    rows = [_row(values, chart.limit, top, number, column, look) for number in range(_HEIGHT, 0, -1)]
    labels = {0: numbers.count(top), _HEIGHT // 2: numbers.count(top / 2)}
    out = [cells.join(look.words(labels.get(i, "").rjust(axis - 1) + " ", "dim"), row) for i, row in enumerate(rows)]
    if chart.limit and chart.limit >= top:
        out[0] = cells.join(out[0], look.words(f" {_LIMIT}", "dim"))
    out += [cells.join(Text("0".rjust(axis - 1), "dim"), " ", _letters(chart, column)), _dates(chart, column, axis)]
    for line in out:
        line.rstrip()
    return cells.indent(out, INDENT)


def _as_sparkline(chart: Chart, look: Look) -> list[Text]:
    per = course.said(len(chart.values), look.width - 2 * INDENT)
    name = look.words(f"{chart.name}, a column for {per}")
    line = course.sparkline(chart.values, look.width - 2 * INDENT, look.signs, chart.limit)
    return cells.indent([*cells.wrap(name, look.width - INDENT), line], INDENT)


def _row(values: list[float | None], limit: float | None, top: float, number: int, column: int, look: Look) -> Text:
    """Return one of the five lines, the highest with the limit drawn through what is empty."""
    through = look.signs.limit if number == _HEIGHT and limit is not None and limit >= top else " "
    line = Text()
    for value in values:
        cell = _cell(value, top, number, look)
        style = "red" if limit is not None and value is not None and value >= limit else ""
        line.append((cell or through) * column, style if cell else "dim")
        line.append(through, "dim")
    return line


def _cell(value: float | None, top: float, number: int, look: Look) -> str:
    """Return the part of a day's column in that line: full, one of eight heights, or nothing."""
    eighths = math.ceil(8 * _HEIGHT * (value or 0) / top) - 8 * (number - 1)
    if eighths >= 8:
        return look.signs.full
    if look.signs.ascii:
        return look.signs.full if eighths >= 4 or (eighths > 0 and number == 1) else ""
    return look.signs.steps[eighths - 1] if eighths > 0 else ""


def _days(chart: Chart) -> list[date]:
    return [chart.first + timedelta(days=i) for i in range(len(chart.values))]


def _letters(chart: Chart, column: int) -> Text:
    return Text(" ".join(f"{day:%A}"[:1].ljust(column) for day in _days(chart)), "dim")


def _dates(chart: Chart, column: int, axis: int) -> Text:
    """Return the dates of the first day and of every Monday that leaves room for them."""
    line = " " * axis
    for index, day in enumerate(_days(chart)):
        at = axis + index * (column + 1)
        if (index == 0 or day.weekday() == 0) and len(line) <= at - (2 if index else 0):
            line = line.ljust(at) + numbers.day(day)
    return Text(line, "dim")
