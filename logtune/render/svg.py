"""Where the pieces of the HTML page's charts lie: shares of a bar, columns per day, sparklines; templates draw them.

Across, everything is in percent of what room there is, so that a chart fits a phone and a sheet of paper alike and its
words keep their size. Down, it is in pixels. Which colour and pattern a piece has is a class of the style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    """A chart of columns: ``lines`` are (y, words, class) of the grid, ``ticks`` (percent, words) below."""

    height: int
    columns: Sequence[Column]
    lines: Sequence[tuple[float, str, str]]
    ticks: Sequence[tuple[float, str]]
    words: str
    days: Sequence[tuple[str, str]]


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
    """The chart of a number per day, with the limit it runs into and a table of the same values."""
    days = course.numbers_of(chart.values)
    per = course.per_column(len(days), COLUMNS_MOST)
    shown = course.bucket(days, per)
    top = max([chart.limit or 0.0, *(v for v in shown if v is not None)], default=0.0) or 1.0
    step = 100 / max(1, len(shown))
    names = [_from_to(chart.first + timedelta(days=i * per), per) for i in range(len(shown))]
    bars = [
        _column(i * step, step, v, top, chart.limit, name)
        for i, (v, name) in enumerate(zip(shown, names, strict=True))
        if v is not None
    ]
    table = [(name, numbers.NONE if v is None else numbers.number(v)) for name, v in zip(names, shown, strict=True)]
    known = [v for v in shown if v is not None]
    return Columns(CHART_HEIGHT, bars, _grid(top, chart.limit), _ticks(chart, per, step), _said(chart, known), table)


def _from_to(first: date, days: int) -> str:
    return numbers.weekday(first) if days == 1 else numbers.span(first, first + timedelta(days=days - 1))


def _column(x: float, step: float, value: float, top: float, limit: float | None, name: str) -> Column:
    height = max(2.0, CHART_HEIGHT * value / top) if value > 0 else 1.0
    look = "zero" if value <= 0 else "full" if limit is not None and value >= limit else "day"
    gap = 0.14 * step
    y = round(CHART_HEIGHT - height, 1)
    return Column(
        round(x + gap / 2, 2), y, round(step - gap, 2), round(height, 1), look, f"{name}: {numbers.number(value)}"
    )


def _grid(top: float, limit: float | None) -> list[tuple[float, str, str]]:
    """The highest value and its half; the limit's line says that it is one."""
    lines = [(0.0, numbers.number(top), "grid"), (CHART_HEIGHT / 2, numbers.number(top / 2), "grid")]
    if limit:
        lines = [line for line in lines if line[1] != numbers.number(limit)]
        lines.append((round(CHART_HEIGHT * (1 - limit / top), 1), f"limit {numbers.number(limit)}", "limit"))
    return [*lines, (float(CHART_HEIGHT), "0", "base")]


def _ticks(chart: Chart, per: int, step: float) -> list[tuple[float, str]]:
    """The first day and Mondays, as many as have room on a phone."""
    starts = [chart.first + timedelta(days=i * per) for i in range(-(-len(chart.values) // per))]
    mondays = [i for i, day in enumerate(starts) if i and (day.weekday() == 0 or per > 1)]
    if mondays and mondays[0] * step < 100 / (_TICKS_MOST + 1):
        mondays = mondays[1:]
    every = max(1, math.ceil(len(mondays) / (_TICKS_MOST - 1)))
    chosen = [i for i in mondays[::every] if (len(starts) - i) * step > 100 / (2 * _TICKS_MOST)]
    return [(round(i * step, 2), numbers.day(starts[i])) for i in ([0] if starts else []) + chosen]


def _said(chart: Chart, known: Sequence[float]) -> str:
    limit = f", limit {numbers.number(chart.limit)}" if chart.limit else ""
    if not known:
        return f"per day: no data{limit}"
    return f"per day, {numbers.days(len(chart.values))}: {_range(known)}{limit}"


def top_of(rows: Sequence[Sequence[Any]], index: int, kind: Kind) -> float:
    """The largest amount of a table's column."""
    return max((values.amount_of(row[index], kind) for row in rows if index < len(row)), default=0.0)
