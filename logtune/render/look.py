"""How one output looks: its width, its signs and its time zone. Everything drawn is given one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from rich.text import Text

from logtune.render import cells, escape, numbers
from logtune.render.glyphs import ASCII, UTF8, Signs

# Designed for 80 columns. From WIDE on tables have more columns and words stand beside the bars; past WIDEST nothing
# grows, because the eye loses the line. Below NARROWEST the terminal breaks lines itself.
WIDE, WIDEST, NARROWEST = 100, 120, 20

# What every section's content is moved right by.
INDENT = 2


@dataclass(frozen=True)
class Look:
    """Width in cells (between NARROWEST and WIDEST), signs, zone. ``told`` holds the legends already given."""

    width: int
    signs: Signs
    zone: tzinfo = UTC
    told: set[str] = field(default_factory=set)

    @property
    def wide(self) -> bool:
        """Whether there is room for the wide columns."""
        return self.width >= WIDE

    def words(self, text: str, style: str = "") -> Text:
        """Return our own words, escaped all the same: they may quote the log."""
        return Text(escape.words(text, ascii=self.signs.ascii), style)

    def log(self, text: str, style: str = "") -> Text:
        """Return text from the log, escaped."""
        return Text(escape.visible(text, ascii=self.signs.ascii), style)

    def cut(self, text: Text, room: int) -> Text:
        """Return the text, cut with the sign for it where it is wider than ``room``."""
        return cells.cut(text, room, self.signs.cut)

    def paragraph(self, text: str, style: str = "", by: int = INDENT, room: int | None = None) -> list[Text]:
        """Return a sentence as wrapped lines, moved right."""
        lines = cells.wrap(self.words(text, style), (room if room is not None else self.width) - by)
        return cells.indent(lines, by)


def look(width: int, *, ascii: bool = False, zone: str = "UTC") -> Look:
    """Return the look for a terminal of that width. A zone that this machine does not know is shown as UTC."""
    try:
        tz = numbers.zone(zone)
    except ValueError:
        tz = UTC
    return Look(max(NARROWEST, min(width, WIDEST)), ASCII if ascii else UTF8, tz)
