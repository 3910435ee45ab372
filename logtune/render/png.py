"""Charts as PNG, for mail clients, which show no SVG: bars of harm, sparklines, columns per day.

Drawn twice as large as shown, for sharp screens, on a transparent ground in colours that read on light and dark.
What lies where comes from svg.py; Pillow only fills rectangles. Each image says in words what it shows.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from logtune.render import course, svg
from logtune.results import Chart, Part

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Drawing

SCALE = 2
BAR_WIDTH, BAR_HEIGHT = 480, 16
CHART_WIDTH, _LEFT, _TOP, _BOTTOM = 600, 44, 20, 24
_STEP, _COLUMN = 4, 3
_TEXT, _LINE, _DAY, _UNUSUAL, _FULL, _ZERO = "#757d88", "#9aa2ad", "#8a94a1", "#4d6f9e", "#c7404a", "#b4bac2"
_FONT_SIZE = 12

HARM_COLOURS = {
    "wanted": "#c7404a", "authorized": "#c98a16", "filter": "#e0bf7a", "others": "#9aa2ad", "unwanted": "#5aa872",
}  # fmt: skip
"""The colours of a bar, which a legend shows too. Every count stands in words beside it."""


@dataclass(frozen=True)
class Image:
    """A PNG, its size as shown, and the same in words."""

    png: bytes
    width: int
    height: int
    words: str


class _Canvas:
    """Draws in pixels as shown; the image has ``SCALE`` times as many."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image as Pillow
        from PIL import ImageDraw

        self.size = (max(1, width), max(1, height))
        self.image = Pillow.new("RGBA", (self.size[0] * SCALE, self.size[1] * SCALE), (0, 0, 0, 0))
        self.draw: Drawing = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle of at least one pixel of the image."""
        left, top = round(x * SCALE), round(y * SCALE)
        right, bottom = round((x + width) * SCALE) - 1, round((y + height) * SCALE) - 1
        self.draw.rectangle((left, top, max(left, right), max(top, bottom)), fill=colour)

    def text(self, x: float, y: float, words: str, anchor: str) -> None:
        """Write our own words; *anchor* as Pillow has it (``rm``: right, middle)."""
        from PIL import ImageFont

        font = ImageFont.load_default(_FONT_SIZE * SCALE)
        self.draw.text((x * SCALE, y * SCALE), words, fill=_TEXT, font=font, anchor=anchor)

    def done(self, words: str) -> Image:
        """The image as PNG, in few colours."""
        out = io.BytesIO()
        self.image.save(out, "PNG", optimize=True)
        return Image(out.getvalue(), *self.size, words)


def harm(parts: Sequence[Part]) -> Image:
    """Whom enforcing would hit, over the whole width."""
    drawn = svg.harm(parts)
    canvas = _Canvas(BAR_WIDTH, BAR_HEIGHT)
    for piece in drawn.pieces:
        colour = HARM_COLOURS[piece.look.removeprefix("h-")]
        canvas.box(piece.x * BAR_WIDTH / 100, 0, piece.width * BAR_WIDTH / 100, BAR_HEIGHT, colour)
    return canvas.done(drawn.words)


def spark(value: Any, limit: float | None = None) -> Image:
    """A column per day, or for several; zero as a thin line, no data as nothing."""
    drawn = svg.spark(value, limit)
    days = course.numbers_of(value)
    shown = course.bucket(days, course.per_column(len(days), svg.SPARK_MOST))
    known = [v for v in shown if v is not None]
    top, usual = limit or max(known, default=0), median(known) if known else 0
    canvas = _Canvas(drawn.width, drawn.height)
    for index, v in enumerate(shown):
        if v is not None:
            height = max(2.0, drawn.height * min(1.0, v / top)) if v > 0 and top > 0 else 1.0
            canvas.box(_STEP * index, drawn.height - height, _COLUMN, height, _colour(v, limit, usual))
    return canvas.done(drawn.words)


def _colour(value: float, limit: float | None, usual: float) -> str:
    if value <= 0:
        return _ZERO
    if limit:
        return _FULL if value >= limit else _DAY
    return _UNUSUAL if value >= course.UNUSUAL * usual else _DAY


def columns(chart: Chart) -> Image:
    """A number per day with the limit it runs into."""
    drawn = svg.columns(chart)
    canvas = _Canvas(CHART_WIDTH, _TOP + drawn.height + _BOTTOM)
    room = CHART_WIDTH - _LEFT
    for y, words, look in drawn.lines:
        canvas.box(_LEFT, _TOP + y, room, 1, _FULL if look == "limit" else _LINE)
        if look == "limit":
            canvas.text(_LEFT, _TOP + y - 2, words, "ls")
        else:
            canvas.text(_LEFT - 6, _TOP + y, words, "rm")
    for c in drawn.columns:
        x, width = _LEFT + c.x * room / 100, c.width * room / 100
        colours = {"zero": _ZERO, "full": _FULL}
        canvas.box(x, _TOP + c.y, width, c.height, colours.get(c.look, _DAY))
    for x, words in drawn.ticks:
        canvas.text(_LEFT + x * room / 100, _TOP + drawn.height + 6, words, "la")
    return canvas.done(drawn.words)
