"""A table as lines: columns sized to the width, text cut or wrapped, charts in what is left; else stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from rich.text import Text

from logtune.render import cells, course, values
from logtune.render.glyphs import HARM_STYLE
from logtune.render.look import INDENT, Look
from logtune.results import Column, Kind, Table

# Between columns; one where it is tight, three where a left-aligned column follows a right-aligned one.
_GAP = 2
# Text columns give way first down to this, then charts to their least, then text to its least.
_NAME_FAIR, _TEXT_FAIR, _LOG_FAIR, _TEXT_LEAST = 32, 28, 20, 10
_CHART_LEAST = {Kind.COURSE: 7, Kind.STAGES: 8, Kind.AMOUNT: 4, Kind.PARTS: 8}
_CHART_MOST = {Kind.STAGES: (23, 50), Kind.AMOUNT: (36, 40), Kind.PARTS: (26, 60)}  # narrow, wide

STAGES_LEGEND = "a before the queue manager  b in it  c connecting (DNS, TCP, TLS)  d sending"
# A sparkline longer than five weeks says no more and costs the columns beside it.
_COURSE_MOST = 35
_STACKED_CHART = 20
_SAME = 20  # characters that tell one legend from another

# Lines of a heading (gaps are tight from two on), headings hyphenated, text cut and charts made small.
_TRIES = ((1, False, False), (2, False, False), (2, True, False), (9, True, False), (2, True, True), (9, True, True))

# Where a heading is wider than its numbers and columns would not fit.
_HYPHENS = {"recipients": "recip- ients", "abandoned": "aban- doned", "organisations": "organi- sations",
            "deliveries": "deliv- eries", "understood": "under- stood"}  # fmt: skip

_COURSE_LEGEND = "A column {days}, each row on its own scale{ascii}; bold: twice the usual or more."


@dataclass(eq=False)
class Slot:
    """A column while its width is looked for. ``cells`` are empty for charts, which are drawn to the width."""

    column: Column
    at: int  # index in the table's rows
    cells: list[Text]
    under: list[Text | None]  # second lines
    width: int
    least: int
    most: int
    natural: int  # of the values without the heading
    title: str
    top: float = 0.0  # the largest amount, for charts
    gap: int = 0  # before it

    @property
    def chart(self) -> bool:
        return self.column.kind in values.CHARTS

    @property
    def right(self) -> bool:
        return self.column.kind in values.RIGHT


def lines(table: Table, look: Look) -> list[Text]:
    """Return the table under its title, with what was left out, its legends and its note."""
    table = fitting(table, look.width)
    by = INDENT + 2 * bool(table.title)
    room = look.width - by
    slots = _slots(table, look, room)
    texts = _below(table, look, slots)
    return [
        *_title(table, look),
        *cells.indent(_body(table, look, slots, room), by),
        *(line for text in texts for line in look.paragraph(text, "dim", by)),
    ]


PAGE_WIDTH = 160
"""Characters of a line that a page in a browser counts as."""


def fitting(table: Table, width: int = PAGE_WIDTH) -> Table:
    """The table without the columns that ask for lines of more than *width* characters."""
    kept = [i for i, c in enumerate(table.columns) if c.least <= width]
    if len(kept) == len(table.columns):
        return table
    rows = [[_at(row, i) for i in kept] for row in table.rows]
    return replace(table, columns=[table.columns[i] for i in kept], rows=rows)


def _title(table: Table, look: Look) -> list[Text]:
    if not table.title:
        return []
    line = look.words(table.title, "bold")
    if table.harm is not None:
        line = cells.join(Text(look.signs.harm[table.harm], HARM_STYLE[table.harm]), " ", line)
    if table.counts:
        line = cells.join(line, "  ", look.words(table.counts))
    return cells.indent(cells.wrap(line, look.width - INDENT), INDENT)


def _below(table: Table, look: Look, slots: list[Slot]) -> list[str]:
    texts = [f"{table.omitted:,} more, not shown"] if table.omitted else []
    kinds = {c.kind for c in table.columns if slots or not c.wide} if table.rows else set()
    if slots:
        kinds = {s.column.kind for s in slots}
    if Kind.COURSE in kinds:
        room = min((s.width for s in slots if s.column.kind is Kind.COURSE), default=_STACKED_CHART)
        texts += _once(look, _course_legend(course.said(_longest(table), room), look), table.note)
    if Kind.STAGES in kinds:
        texts += _once(look, STAGES_LEGEND, table.note)
    return [*texts, table.note] if table.note else texts


def _longest(table: Table) -> int:
    """Return the number of days of the longest course."""
    courses = [i for i, c in enumerate(table.columns) if c.kind is Kind.COURSE]
    return max((len(course.numbers_of(_at(row, i))) for i in courses for row in table.rows), default=0)


def _once(look: Look, legend: str, note: str) -> list[str]:
    """Return the legend unless this output, or the table's own note, has said it."""
    if legend in look.told or legend[:_SAME] in note:
        return []
    look.told.add(legend)
    return [legend]


def _course_legend(per: str, look: Look) -> str:
    days = per if per == "a day" else f"for {per} (the highest of them)"
    ascii = ", 8 its highest, . none" if look.signs.ascii else ""
    return _COURSE_LEGEND.format(days=days, ascii=ascii)


def _at(row: Sequence[Any], index: int) -> Any:
    return row[index] if index < len(row) else None


def _slots(table: Table, look: Look, room: int) -> list[Slot]:
    """Return the columns with their widths; none where they do not fit beside each other.

    First with whole headings and full gaps, then wrapped and tight, then hyphenated; at last text is cut.
    """
    if not table.rows:
        return []
    for height, hyphens, cutting in _TRIES:
        slots = [_slot(table, i, look, hyphens) for i, c in enumerate(table.columns) if _has_place(c, i, look)]
        _align_points(slots)
        gaps = _gaps(slots, tight=height > 1)
        left = _fit(slots, room - sum(gaps), height, cutting)
        if left >= 0:
            _spread(slots, gaps, left)
            return slots
    return []


def _spread(slots: list[Slot], gaps: list[int], left: int) -> None:
    """Set the gaps, made full again as far as what is left over goes: the tightest first, from the right."""
    full = _gaps(slots, tight=False)
    for index in sorted(range(len(gaps)), key=lambda i: (gaps[i], -i)):
        more = min(left, full[index] - gaps[index])
        slots[index].gap = gaps[index] + more
        left -= more


def _body(table: Table, look: Look, slots: list[Slot], room: int) -> list[Text]:
    if not table.rows:
        return [look.words("none", "dim")]
    if not slots:
        return _stacked(table, look, room)
    out = _header(slots)
    for number, row in enumerate(table.rows):
        style = "bold" if number in table.strong else ""
        out += _row(slots, row, number, look, style)
    return out


def _has_place(column: Column, index: int, look: Look) -> bool:
    return look.wide or index == 0 or not (column.wide or column.below)


def _slot(table: Table, index: int, look: Look, hyphens: bool) -> Slot:
    column = table.columns[index]
    below = [c for c in table.columns[1:] if c.below and not look.wide and index == 0]
    title = look.words(", ".join(titled(c) for c in (column, *below))).plain
    if column.kind in values.CHARTS:
        return _chart_slot(table, index, title, look)
    style = "bold" if column.strong else ""
    texts = [_styled(values.text(_at(row, index), column.kind, look, column.unit), style) for row in table.rows]
    under = [_under(row, table, look) for row in table.rows] if index == 0 else []
    natural = max((cells.width(t) for t in (*texts, *under) if t), default=0)
    if hyphens:
        title = " ".join(_HYPHENS.get(w, w) if len(w) > natural else w for w in title.split())
    word = cells.longest_word(title)
    width = max(natural, cells.width(title))
    least = max(min(natural, _TEXT_LEAST), word) if column.kind in values.TEXTS else max(natural, word)
    return Slot(column, index, texts, under, width, least, width, natural, title)


def _under(row: Sequence[Any], table: Table, look: Look) -> Text | None:
    """Return the second line of a row: the columns that find no place in the first one of a narrow output."""
    below = [] if look.wide else [(i, c) for i, c in enumerate(table.columns) if c.below and i > 0]
    texts = [values.text(_at(row, i), c.kind, look, c.unit) for i, c in below]
    return _styled(cells.join("  ", Text("  ").join(texts)), "dim") if texts else None


def titled(column: Column) -> str:
    """Return the heading with its unit, unless the values say it or the heading does already."""
    said = column.kind in {Kind.SHARE, Kind.BYTES, Kind.TIME, Kind.SECONDS} or column.unit in column.title
    return column.title if said else f"{column.title} {column.unit}".strip()


def _styled(text: Text, style: str) -> Text:
    if style:
        text.stylize(style)
    return text


def _chart_slot(table: Table, index: int, title: str, look: Look) -> Slot:
    column = table.columns[index]
    least = _CHART_LEAST[column.kind]
    if column.kind is Kind.COURSE:
        longest = _longest(table)
        most = max(1, -(-longest // course.per_column(longest, _COURSE_MOST)))
        least = min(least, most)
    else:
        most = _CHART_MOST[column.kind][look.wide]
    word = cells.longest_word(title)
    # Charts start at their least and grow into what the numbers and words leave; a course is worth its days.
    width = max(most if column.kind is Kind.COURSE else least, word)
    top = max((values.amount_of(_at(row, index), column.kind) for row in table.rows), default=0.0)
    return Slot(column, index, [], [], width, max(least, word), max(most, cells.width(title)), most, title, top)


def _align_points(slots: list[Slot]) -> None:
    """Pad seconds without a unit at the right, so that their points stand under each other."""
    for slot in slots:
        if slot.column.kind is Kind.SECONDS and slot.column.unit == "s":
            tails = [len(t.plain) - (t.plain.find(".") if "." in t.plain else len(t.plain)) for t in slot.cells]
            longest = max(tails, default=0)
            slot.cells = [cells.join(t, " " * (longest - tail)) for t, tail in zip(slot.cells, tails, strict=True)]
            natural = max((cells.width(t) for t in slot.cells), default=0)
            slot.width, slot.least = max(slot.width, natural), max(slot.least, natural)


def _gaps(slots: list[Slot], tight: bool) -> list[int]:
    """Return the gap before each column."""
    out = [0]
    headed = any(slot.title for slot in slots)
    for before, slot in pairwise(slots):
        if before.column.kind is Kind.VERDICT or (tight and before.right and slot.right):
            out.append(1)
        else:
            out.append(_GAP + (before.right and not slot.right and headed and not tight))
    return out[: len(slots)]


def _fit(slots: list[Slot], room: int, height: int, cutting: bool) -> int:
    """Find widths that fill at most the room; return what is left of it, below nought if there are none."""
    texts = [s for s in slots if s.column.kind in values.TEXTS]
    charts = [s for s in slots if s.chart]
    for slot in slots:
        if height > 1 and slot not in texts and slot not in charts:
            slot.width = next(w for w in range(slot.least, slot.width + 1) if _height(slot.title, w) <= height)
    _shrink(texts, room - _total(slots, texts), fair=True)
    if cutting:
        _shrink(charts, room - _total(slots, charts))
        _shrink(texts, room - _total(slots, texts))
    left = room - sum(s.width for s in slots)
    for slot in charts:
        grow = max(0, min(left, slot.most - slot.width))
        slot.width += grow
        left -= grow
    return left


def _height(title: str, width: int) -> int:
    """Return the lines of a heading; one that its column cannot hold in fewer than nine counts as nine."""
    return min(9, len(cells.wrap(Text(title), width))) if title else 1


def _total(slots: list[Slot], without: list[Slot]) -> int:
    return sum(s.width for s in slots if s not in without)


def _shrink(slots: list[Slot], room: int, fair: bool = False) -> None:
    """Take cells from the widest of the slots, none below its least (or fair) width, until they fit."""
    excess = sum(s.width for s in slots) - room
    while excess > 0:
        able = [s for s in slots if s.width > max(s.least, _fair(s, s is slots[0]) if fair else 0)]
        if not able:
            return
        widest = max(able, key=lambda s: s.width)
        widest.width -= 1
        excess -= 1


def _fair(slot: Slot, first: bool) -> int:
    """Return the width that a text column keeps while headings can still give way; the first one holds the names."""
    most = _NAME_FAIR if first else _TEXT_FAIR if slot.column.kind is Kind.TEXT else _LOG_FAIR
    return min(slot.natural, most)


def _header(slots: list[Slot]) -> list[Text]:
    if not any(slot.title for slot in slots):
        return []
    columns = [cells.wrap(Text(slot.title, "dim"), slot.width) for slot in slots]
    height = max(len(c) for c in columns)
    columns = [[Text()] * (height - len(c)) + c for c in columns]
    return _side_by_side(slots, columns)


def _row(slots: list[Slot], row: Sequence[Any], number: int, look: Look, style: str) -> list[Text]:
    columns = []
    for slot in slots:
        if slot.chart:
            columns.append([values.chart(_at(row, slot.at), slot.column.kind, look, slot.width, slot.top)])
        else:
            columns.append(_cell(slot, number, look, style))
    return _side_by_side(slots, columns)


def _cell(slot: Slot, number: int, look: Look, style: str) -> list[Text]:
    """Return the lines of a cell: our own words are wrapped, what strangers wrote is cut."""
    text = _styled(slot.cells[number].copy(), style)
    lines = cells.wrap(text, slot.width) if slot.column.kind is Kind.TEXT else [look.cut(text, slot.width)]
    under = slot.under[number] if slot.under else None
    return [*lines, look.cut(under, slot.width)] if under else lines


def _side_by_side(slots: list[Slot], columns: list[list[Text]]) -> list[Text]:
    out = []
    for height in range(max(len(c) for c in columns)):
        line = Text()
        for slot, column in zip(slots, columns, strict=True):
            cell = column[height] if height < len(column) else Text()
            if slot.column.kind is Kind.MARK:
                cell = cells.join(" " * ((slot.width - cells.width(cell)) // 2), cell)
            line = cells.join(line, " " * slot.gap, cells.pad(cell, slot.width, slot.right))
        line.rstrip()
        out.append(line)
    return out


def _stacked(table: Table, look: Look, room: int) -> list[Text]:
    """Return the rows one value a line, for terminals that are too narrow for columns."""
    out: list[Text] = []
    for row in table.rows:
        for index, column in enumerate(table.columns):
            if column.wide:
                continue
            value = _stacked_value(_at(row, index), column, look, room - 4)
            title = look.words(titled(column), "dim")
            one = cells.join(title, " " * bool(column.title), value) if index else value
            by = 2 * bool(index)
            own = column.kind is Kind.LOGTEXT
            out += cells.indent([look.cut(one, room - by)] if own else cells.wrap(one, room - by), by)
    return out


def _stacked_value(value: Any, column: Column, look: Look, room: int) -> Text:
    if column.kind in values.CHARTS:
        return values.chart(value, column.kind, look, min(room, _STACKED_CHART), values.amount_of(value, column.kind))
    return values.text(value, column.kind, look, column.unit)
