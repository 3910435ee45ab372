"""The chart of a number per day or hours: five lines of columns under the limit they run into, plain or in layers."""

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
    axis = max(_LABEL, len(_axis(top, chart)) + 1)
    room = look.width - 2 * INDENT - axis - len(_LIMIT) - 1
    column = min(4, room // max(1, len(values)) - 1)
    if column < 1 or not top:
        return _as_sparkline(chart, look)
    rows = _layered(chart, top, column) if chart.layers else []
    rows = rows or [_row(values, chart.limit, top, number, column, look) for number in range(_HEIGHT, 0, -1)]
    labels = {0: _axis(top, chart), len(rows) // 2: _axis(top / 2, chart)}
    out = [cells.join(look.words(labels.get(i, "").rjust(axis - 1) + " ", "dim"), row) for i, row in enumerate(rows)]
    if chart.limit and chart.limit >= top:
        out[0] = cells.join(out[0], look.words(f" {_LIMIT}", "dim"))
    below = _letters(chart, column) if chart.hours == 24 else _hours(chart, column)
    out += [cells.join(Text("0".rjust(axis - 1), "dim"), " ", below), _dates(chart, column, axis)]
    for line in out:
        line.rstrip()
    return cells.indent(out, INDENT)


def _axis(value: float, chart: Chart) -> str:
    """Return a label of the axis; what has a unit is no count."""
    return f"{value:.2g} {chart.unit}" if chart.unit else numbers.count(value)


def _layered(chart: Chart, top: float, column: int) -> list[Text]:
    """Return lines of columns made of the letters of their layers, from the bottom up."""
    height = _HEIGHT + 3
    stacks = [_stack([part[n] or 0.0 for _, part in chart.layers], top, height) for n in range(len(chart.values))]
    letters = [name[:1] for name, _ in chart.layers]
    rows = []
    for number in range(height - 1, -1, -1):
        line = Text()
        for stack in stacks:
            layer = stack[number] if number < len(stack) else None
            line.append((letters[layer] if layer is not None else " ") * column + " ")
        rows.append(line)
    return rows


def _stack(parts: list[float], top: float, height: int) -> list[int]:
    """Return the layer in each cell of a column, from the bottom up."""
    cells_of = course.apportion(parts, round(sum(parts) / top * height))
    return [n for n, count in enumerate(cells_of) for _ in range(count)]


def _as_sparkline(chart: Chart, look: Look) -> list[Text]:
    per = course.said(len(chart.values), look.width - 2 * INDENT)
    if chart.hours < 24:
        per = per.replace("days", f"× {chart.hours} h").replace("a day", f"{chart.hours} h")
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
    per_day = 24 // chart.hours
    return [chart.first + timedelta(days=i // per_day) for i in range(len(chart.values))]


def _letters(chart: Chart, column: int) -> Text:
    return Text(" ".join(f"{day:%A}"[:1].ljust(column) for day in _days(chart)), "dim")


def _hours(chart: Chart, column: int) -> Text:
    """Return the hour at which a column begins, wherever there is room for it."""
    line = ""
    for index in range(len(chart.values)):
        at = index * (column + 1)
        hour = f"{index * chart.hours % 24:02d}"
        if len(line) < at or not index:
            line = line.ljust(at) + hour
    return Text(line, "dim")


def _dates(chart: Chart, column: int, axis: int) -> Text:
    """Return the dates of the first day and of every Monday, of hours of every day, that leaves room for them."""
    line = " " * axis
    per_day = 24 // chart.hours
    for index, day in enumerate(_days(chart)):
        at = axis + index * (column + 1)
        begins = index % per_day == 0 and (day.weekday() == 0 or per_day > 1)
        if (index == 0 or begins) and len(line) <= at - (2 if index else 0):
            line = line.ljust(at) + numbers.day(day)
    return Text(line, "dim")
