"""One value of a table or metric as text, by its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from rich.text import Text

from logtune.render import course, numbers
from logtune.render.glyphs import LEVEL_STYLE, LEVEL_WORD, VERDICT_STYLE
from logtune.render.look import Look
from logtune.results import Kind, Level, Part, Verdict

CHARTS = frozenset([Kind.COURSE, Kind.STAGES, Kind.AMOUNT, Kind.PARTS])
RIGHT = frozenset([Kind.COUNT, Kind.SHARE, Kind.SECONDS, Kind.BYTES, Kind.NUMBER])
TEXTS = frozenset([Kind.LOGTEXT, Kind.TEXT])

_WRITERS: Mapping[Kind, Callable[[Any], str]] = {
    Kind.COUNT: numbers.count,
    Kind.SHARE: numbers.share,
    Kind.SECONDS: numbers.duration,
    Kind.BYTES: numbers.size,
    Kind.NUMBER: numbers.number,
    Kind.CHANCE: numbers.chance,
}


def text(value: Any, kind: Kind, look: Look, unit: str = "") -> Text:
    """Return the value written out. A value that does not suit the kind (``3 more`` among counts) is our own words."""
    if value is None:
        return look.words(numbers.NONE, "dim")
    if kind is Kind.LOGTEXT:
        return look.log(str(value))
    if kind is Kind.TIME and isinstance(value, date):
        return look.words(numbers.time(value, look.zone))
    if kind in _WRITERS and numbers.is_number(value):
        return look.words(_number(value, kind, unit))
    return _sign(value, kind, look) or look.words(str(value))


def _number(value: Any, kind: Kind, unit: str) -> str:
    if kind is Kind.SECONDS and unit == "s":
        return numbers.plain_seconds(value)
    if kind is Kind.BYTES and unit == "MiB":
        return numbers.memory(value)
    return _WRITERS[kind](value)


def _sign(value: Any, kind: Kind, look: Look) -> Text | None:
    if kind is Kind.VERDICT and isinstance(value, Verdict):
        return Text(look.signs.verdict[value], VERDICT_STYLE[value])
    if kind is Kind.LEVEL and isinstance(value, Level):
        return Text(f"{look.signs.level[value]} {LEVEL_WORD[value]}", LEVEL_STYLE[value])
    if kind is Kind.MARK:
        return Text(look.signs.mark) if value else Text(look.signs.zero, "dim")
    return None


def chart(value: Any, kind: Kind, look: Look, room: int, top: float) -> Text:
    """Return the value as a chart of at most ``room`` cells; ``top`` is the largest amount of the column."""
    if value is None:
        return Text()
    if kind is Kind.COURSE:
        return course.sparkline(value, room, look.signs)
    if kind is Kind.STAGES:
        return course.stages(value, room)
    if kind is Kind.AMOUNT:
        return course.amount(value, top, room, look.signs)
    parts = parts_of(value)
    total = sum(p.count for p in parts)
    return course.parts(parts, max(len(parts), round(room * total / top)) if top > 0 and total else 0, look.signs)


def parts_of(value: Any) -> list[Part]:
    """Return the parts of a PARTS value that have a count."""
    return [p for p in value if isinstance(p, Part) and p.count > 0] if isinstance(value, list | tuple) else []


def amount_of(value: Any, kind: Kind) -> float:
    """Return how much the value stands for beside the others of its column."""
    if kind is Kind.AMOUNT:
        return float(value) if numbers.is_number(value) else 0.0
    return float(sum(p.count for p in parts_of(value)))
