"""Small charts of one line: sparkline, amount, bar of stages, bar of harm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.text import Text

from logtune.render.glyphs import HARM_STYLE, Signs
from logtune.render.numbers import is_number
from logtune.results import Part

STAGES = "abcd"

# A day with this many times the usual (median) stands out.
UNUSUAL = 2

# A stage dominates from this share of all waiting on.
DOMINANT = 0.5


def numbers_of(value: Any) -> list[float | None]:
    """Return a course's values; whatever is no number is no data."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [float(v) if is_number(v) and v >= 0 else None for v in value]


def per_column(length: int, room: int) -> int:
    """Return how many days one column must stand for, so that the course fits."""
    return max(1, math.ceil(length / max(1, room)))


def said(length: int, room: int) -> str:
    """Return how many days a column stands for, in words: ``a day``, ``2 days``."""
    per = per_column(length, room)
    return "a day" if per == 1 else f"{per} days"


def bucket(values: Sequence[float | None], days: int) -> list[float | None]:
    """Return the highest of every ``days`` values, None where none has data."""
    groups = (values[i : i + days] for i in range(0, len(values), days))
    return [max((v for v in group if v is not None), default=None) for group in groups]


def sparkline(value: Any, room: int, signs: Signs, limit: float | None = None) -> Text:
    """Return a column per day: zero is a dot, no data a blank, the row's highest day or the limit a full column.

    With a limit, days that reach it are red; without, days of twice the usual are bold and the others dim.
    """
    values = numbers_of(value)
    values = bucket(values, per_column(len(values), room))
    known = [v for v in values if v is not None]
    top = limit or max(known, default=0)
    usual = median(known) if known else 0
    line = Text()
    for v in values:
        line.append(_column(v, top, signs), _day_style(v, limit, usual))
    return line


def _column(value: float | None, top: float, signs: Signs) -> str:
    if value is None:
        return " "
    if value == 0 or not top:
        return signs.zero
    return signs.steps[min(8, math.ceil(8 * min(1.0, value / top))) - 1]


def _day_style(value: float | None, limit: float | None, usual: float) -> str:
    if value is None:
        return ""
    if limit:
        return "bold red" if value >= limit else ""
    return "bold" if value >= UNUSUAL * usual and value > 0 else "dim"


def amount(value: Any, top: float, room: int, signs: Signs) -> Text:
    """Return a thin bar, as long as the value's part of the top; anything above zero gets its half cell."""
    if not is_number(value) or value <= 0 or top <= 0:
        return Text()
    halves = max(1, round(2 * room * min(1.0, float(value) / top)))
    return Text(signs.amount * (halves // 2) + signs.amount_half * (halves % 2))


def apportion(weights: Sequence[float], room: int) -> list[int]:
    """Share out cells by weight (largest remainder); every weight above zero gets one while there are enough."""
    total = math.fsum(weights)
    if total <= 0 or room <= 0:
        return [0] * len(weights)
    exact = [room * w / total for w in weights]
    out = [max(int(w > 0), math.floor(e)) for w, e in zip(weights, exact, strict=True)]
    while sum(out) < room:
        out[max(range(len(out)), key=lambda i: exact[i] - out[i])] += 1
    while sum(out) > room:
        out[max(range(len(out)), key=lambda i: (out[i] > 1, out[i] - exact[i]))] -= 1
    return out


def stages(value: Any, room: int) -> Text:
    """Return a bar of the letters of the delay stages; the one that dominates is bold yellow, the others dim."""
    seconds = [v or 0.0 for v in numbers_of(value)][:4]
    total = math.fsum(seconds)
    line = Text()
    dominated = any(s > DOMINANT * total for s in seconds)
    for letter, part, size in zip(STAGES, seconds, apportion(seconds, room), strict=False):
        style = "bold yellow" if part > DOMINANT * total else "dim" if dominated else ""
        line.append(letter * size, style)
    return line


def parts(values: Sequence[Part], room: int, signs: Signs) -> Text:
    """Return the shaded bar of whom enforcing would hit."""
    line = Text()
    for part, size in zip(values, apportion([max(0, p.count) for p in values], room), strict=True):
        line.append(signs.harm[part.harm] * size, HARM_STYLE[part.harm])
    return line
