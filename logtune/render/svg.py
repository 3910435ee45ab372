"""Where the pieces of the HTML page's charts lie: shares of a bar, columns per day, sparklines; templates draw them.

Across, everything is in percent of what room there is, so that a chart fits a phone and a sheet of paper alike and its
words keep their size. Down, it is in pixels. Which colour and pattern a piece has is a class of the style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from logtune.render import course, numbers, values
from logtune.results import Chart, Kind, Part

BAR_UNITS = 200
"""Steps of a bar: the smallest piece is half a percent of it, so that no count above zero is invisible."""

COLUMNS_MOST = 124
"""Columns of a chart at most, of four months; more days than that share a column, as in the terminal."""

SPARK_MOST = 62
SPARK_HEIGHT = 22
CHART_HEIGHT = 150
_SPARK_STEP, _SPARK_COLUMN = 4, 3
_LETTER_FROM = 8.0
_TICKS_MOST = 5
_HOURLY_TO = 48

LAYER_LOOKS = 4
"""Looks of layers that the style sheet has: patterns, so that they differ without colours too."""


@dataclass(frozen=True)
class Piece:
    """A piece of a bar: from ``x``, ``width`` wide (percent of the bar), class, letter on it."""

    x: float
    width: float
    look: str
    letter: str = ""


@dataclass(frozen=True)
class Bar:
    """Pieces of a bar and the same in words."""

    pieces: Sequence[Piece]
    words: str


@dataclass(frozen=True)
class Spark:
    """A sparkline ``width`` wide: a path per class, the same in words, and the values."""

    width: int
    height: int
    paths: Sequence[tuple[str, str]]
    words: str
    counts: str


@dataclass(frozen=True)
class Column:
    """A column of a chart: percent across, pixels down, its class and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    look: str
    says: str


@dataclass(frozen=True)
class Columns:
    """A chart of columns: ``lines`` are (y, words, class) of the grid, ``ticks`` (percent, words) below.

    ``layers`` are what the columns are made of, each with its name and class, from the bottom up. ``heads`` and
    ``days`` are the same as a table: when, the whole, and each layer.
    """

    height: int
    columns: Sequence[Column]
    lines: Sequence[tuple[float, str, str]]
    ticks: Sequence[tuple[float, str]]
    words: str
    heads: Sequence[str]
    days: Sequence[Sequence[str]]
    layers: Sequence[Layer] = ()


@dataclass(frozen=True)
class Layer:
    """A part of every column of a chart."""

    name: str
    look: str
    columns: Sequence[Column]


def _pieces(weights: Sequence[float], looks: Sequence[str], whole: float = 100.0) -> list[Piece]:
    """Lay pieces beside each other over ``whole`` percent; those of nought are left out."""
    sizes = course.apportion(weights, round(BAR_UNITS * whole / 100)) if sum(weights) > 0 else []
    at, out = 0, []
    for size, look in zip(sizes, looks, strict=False):
        if size:
            out.append(Piece(100 * at / BAR_UNITS, 100 * size / BAR_UNITS, look))
        at += size
    return out


def harm(parts: Sequence[Part], top: float | None = None) -> Bar:
    """Whom enforcing would hit; ``top`` is the largest sum of the column, which fills the room."""
    counts = [max(0, p.count) for p in parts]
    whole = 100.0 if not top else max(100 / BAR_UNITS * sum(c > 0 for c in counts), 100 * sum(counts) / top)
    words = ", ".join(f"{numbers.count(p.count)} {p.label}" for p in parts if p.count > 0)
    return Bar(_pieces(counts, [f"h-{p.harm.value}" for p in parts], min(100.0, whole)), words or "none")


def amount(value: Any, top: float) -> Bar:
    """A thin bar, as long as the value's part of the top."""
    if not numbers.is_number(value) or value <= 0 or top <= 0:
        return Bar([], "0")
    return Bar([Piece(0, max(0.5, 100 * min(1.0, float(value) / top)), "amount")], numbers.number(value))


def stages(value: Any) -> Bar:
    """The delay stages' shares of all waiting; the one that dominates stands out."""
    seconds = [v or 0.0 for v in course.numbers_of(value)][: len(course.STAGES)]
    total = math.fsum(seconds)
    looks = [f"s-{letter}" + " dominant" * (part > course.DOMINANT * total) for letter, part in _by_letter(seconds)]
    pieces = [
        Piece(p.x, p.width, p.look, p.look[2] if p.width >= _LETTER_FROM else "") for p in _pieces(seconds, looks)
    ]
    shares = (f"{letter} {numbers.share(part / total)}" for letter, part in _by_letter(seconds) if part > 0)
    return Bar(pieces, ", ".join(shares) or "no waiting")


def _by_letter(seconds: Sequence[float]) -> list[tuple[str, float]]:
    return list(zip(course.STAGES, seconds, strict=False))


def spark(value: Any, limit: float | None = None) -> Spark:
    """A column per day (or for several, where there are many), zero as a thin line, no data as nothing."""
    days = course.numbers_of(value)
    per = course.per_column(len(days), SPARK_MOST)
    shown = course.bucket(days, per)
    known = [v for v in shown if v is not None]
    top = limit or max(known, default=0)
    usual = median(known) if known else 0
    paths: dict[str, str] = {}
    for index, v in enumerate(shown):
        if v is not None:
            look = _day_look(v, limit, usual)
            paths[look] = paths.get(look, "") + _spark_column(index, v, top)
    counts = ", ".join(numbers.NONE if v is None else numbers.count(v) for v in shown)
    width = max(1, _SPARK_STEP * len(shown) - (_SPARK_STEP - _SPARK_COLUMN))
    return Spark(width, SPARK_HEIGHT, list(paths.items()), _spark_words(known, len(days), per), counts)


def _spark_column(index: int, value: float, top: float) -> str:
    height = max(2.0, SPARK_HEIGHT * min(1.0, value / top)) if value > 0 and top > 0 else 1.0
    return f"M{_SPARK_STEP * index} {_short(SPARK_HEIGHT - height)}h{_SPARK_COLUMN}V{SPARK_HEIGHT}h-{_SPARK_COLUMN}z"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _day_look(value: float, limit: float | None, usual: float) -> str:
    if value <= 0:
        return "zero"
    if limit:
        return "full" if value >= limit else "day"
    return "unusual" if value >= course.UNUSUAL * usual else "day"


def _spark_words(known: Sequence[float], days: int, per: int) -> str:
    if not known:
        return "no data"
    said = "" if per == 1 else f", a column for {per} days"
    return f"per day, {numbers.days(days)}{said}: {_range(known)}"


def _range(known: Sequence[float]) -> str:
    return f"highest {numbers.number(max(known))}, lowest {numbers.number(min(known))}"


def columns(chart: Chart) -> Columns:
    """The chart of a number per day or hours, with the limit it runs into and a table of the same values."""
    per = course.per_column(len(chart.values), COLUMNS_MOST)
    shown = course.bucket(course.numbers_of(chart.values), per)
    top = max([chart.limit or 0.0, *(v for v in shown if v is not None)], default=0.0) or 1.0
    step = 100 / max(1, len(shown))
    names = [_from_to(chart, i * per, per) for i in range(len(shown))]
    bars = [
        _column(i * step, step, v, top, chart.limit, f"{name}: {_amount(v, chart)}")
        for i, (v, name) in enumerate(zip(shown, names, strict=True))
        if v is not None
    ]
    parts = [(name, course.bucket(course.numbers_of(layer), per)) for name, layer in chart.layers]
    known = [v for v in shown if v is not None]
    return Columns(
        height=CHART_HEIGHT,
        columns=bars,
        lines=_grid(top, chart),
        ticks=_ticks(chart, per, step),
        words=_said(chart, known),
        heads=["day" if chart.hours == 24 else "hours", chart.name.replace("_", " "), *(name for name, _ in parts)],
        days=[_row(names[i], [shown[i], *(layer[i] for _, layer in parts)], chart) for i in range(len(shown))],
        layers=_layers(parts, top, step, names, chart),
    )


def _row(name: str, cells: Sequence[float | None], chart: Chart) -> tuple[str, ...]:
    return (name, *(numbers.NONE if v is None else _amount(v, chart) for v in cells))


def _amount(value: float, chart: Chart) -> str:
    return f"{numbers.number(value)} {chart.unit}" if chart.unit else numbers.number(value)


def _layers(
    parts: Sequence[tuple[str, Sequence[float | None]]], top: float, step: float, names: Sequence[str], chart: Chart
) -> list[Layer]:
    """The layers, each column of which stands on those below it; a part of nought has no height."""
    reached = [0.0] * len(names)
    found = []
    for number, (name, layer) in enumerate(parts):
        look = f"layer-{number % LAYER_LOOKS}"
        pieces = []
        for i, value in enumerate(layer):
            if value is not None and value > 0:
                height = CHART_HEIGHT * value / top
                y = round(CHART_HEIGHT - reached[i] - height, 1)
                says = f"{names[i]}, {name}: {_amount(value, chart)}"
                x, width = _across(i * step, step)
                pieces.append(Column(x, y, width, round(height, 1), look, says))
                reached[i] += height
        found.append(Layer(name, look, pieces))
    return found


def _from_to(chart: Chart, index: int, values: int) -> str:
    """The days or hours that a column stands for."""
    per_day = 24 // chart.hours
    first, last = (chart.first + timedelta(days=i // per_day) for i in (index, index + values - 1))
    if per_day > 1 and values < per_day:
        begin = index % per_day * chart.hours
        return f"{numbers.weekday(first)} {begin:02d}–{begin + values * chart.hours:02d} h"
    return numbers.weekday(first) if first == last else numbers.span(first, last)


def _across(x: float, step: float) -> tuple[float, float]:
    """Where a column begins and how wide it is, with a gap to the next."""
    gap = 0.14 * step
    return round(x + gap / 2, 2), round(step - gap, 2)


def _column(x: float, step: float, value: float, top: float, limit: float | None, says: str) -> Column:
    height = max(2.0, CHART_HEIGHT * value / top) if value > 0 else 1.0
    look = "zero" if value <= 0 else "full" if limit is not None and value >= limit else "day"
    at, width = _across(x, step)
    return Column(at, round(CHART_HEIGHT - height, 1), width, round(height, 1), look, says)


def _grid(top: float, chart: Chart) -> list[tuple[float, str, str]]:
    """The highest value and its half if that is whole or has a unit; the limit's line says that it is one."""
    limit = chart.limit
    lines = [(0.0, _amount(top, chart), "grid")]
    if chart.unit or top / 2 == round(top / 2):
        lines.append((CHART_HEIGHT / 2, _amount(top / 2, chart), "grid"))
    if limit:
        lines = [line for line in lines if line[1] != _amount(limit, chart)]
        lines.append((round(CHART_HEIGHT * (1 - limit / top), 1), f"limit {_amount(limit, chart)}", "limit"))
    return [*lines, (float(CHART_HEIGHT), "0", "base")]


def _ticks(chart: Chart, per: int, step: float) -> list[tuple[float, str]]:
    """The first day and Mondays; of hours midnights, of a day or two some hours; as many as fit on a phone."""
    if chart.hours < 24 and len(chart.values) * chart.hours <= _HOURLY_TO:
        return _hour_ticks(chart, per, step)
    per_day = 24 // chart.hours
    starts = [(i * per, chart.first + timedelta(days=i * per // per_day)) for i in range(-(-len(chart.values) // per))]
    marked = [
        n for n, (i, day) in enumerate(starts)
        if n and (per > 1 or (i % per_day == 0 and (day.weekday() == 0 or per_day > 1)))
    ]  # fmt: skip
    marked = [n for n in marked if n * step >= 100 / (_TICKS_MOST + 1)]
    every = max(1, math.ceil(len(marked) / (_TICKS_MOST - 1)))
    chosen = [n for n in marked[::every] if (len(starts) - n) * step > 100 / (2 * _TICKS_MOST)]
    return [(round(n * step, 2), numbers.day(starts[n][1])) for n in ([0] if starts else []) + chosen]


def _hour_ticks(chart: Chart, per: int, step: float) -> list[tuple[float, str]]:
    """A few hours of a day or two; midnight is its date."""
    found = []
    for n in range(-(-len(chart.values) // per)):
        hours = n * per * chart.hours
        if hours % (len(chart.values) * chart.hours // (_TICKS_MOST - 1)) == 0:
            day = chart.first + timedelta(days=hours // 24)
            found.append((round(n * step, 2), f"{hours % 24:02d}:00" if hours % 24 else numbers.day(day)))
    return found


def _said(chart: Chart, known: Sequence[float]) -> str:
    limit = f", limit {_amount(chart.limit, chart)}" if chart.limit else ""
    layers = f"; each column from the bottom up: {', '.join(name for name, _ in chart.layers)}" if chart.layers else ""
    per = "per day" if chart.hours == 24 else "per hour" if chart.hours == 1 else f"per {chart.hours} hours"
    if not known:
        return f"{per}: no data{limit}"
    unit = f" {chart.unit}" if chart.unit else ""
    days = numbers.days(-(-len(chart.values) * chart.hours // 24))
    highest, lowest = (f"{numbers.number(value)}{unit}" for value in (max(known), min(known)))
    return f"{per}, {days}: highest {highest}, lowest {lowest}{limit}{layers}"


def top_of(rows: Sequence[Sequence[Any]], index: int, kind: Kind) -> float:
    """The largest amount of a table's column."""
    return max((values.amount_of(row[index], kind) for row in rows if index < len(row)), default=0.0)
