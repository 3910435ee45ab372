"""Verdicts of a trial: a card per restriction with its bar, its legend and its reasons."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from logtune.render import cells, course, numbers
from logtune.render.glyphs import HARM_STYLE, VERDICT_STYLE
from logtune.render.look import INDENT, Look
from logtune.results import Bar, Card, Harm, Part

# Below this many recipients a bar would show proportions that mean nothing.
BAR_FROM = 20

_BAR = 32
_NAME = _BAR + INDENT  # where the verdict stands
_BODY = 2 * INDENT
# In wide output: the bar and its legend at the left, the reasons from this column on.
_REASONS_AT = 69
_REASONS_LEAST = 44

GAP = 2


def lines(card: Card, look: Look, legend: Sequence[int]) -> list[Text]:
    """Return a card; ``legend`` is what ``legend_widths`` gives for all the cards of the section."""
    head = _head(card, look)
    if look.width - _REASONS_AT >= _REASONS_LEAST and all(cells.width(line) < _REASONS_AT for line in head):
        left = [*head, *_measure(card, look, legend, _REASONS_AT - GAP)]
        return _beside(left, _reasons(card, look, look.width - _REASONS_AT))
    reasons = _reasons(card, look, look.width - _BODY)
    return [*head, *_measure(card, look, legend, look.width), *cells.indent(reasons, _BODY)]


def _head(card: Card, look: Look) -> list[Text]:
    """Return sign, name and verdict: on one line, or the verdict below a name that is too long."""
    style = VERDICT_STYLE[card.verdict]
    name = look.log(card.restriction, "bold")
    if card.service:
        name = cells.join(name, " (", look.log(card.service), ")")
    name = look.cut(name, look.width - _BODY)
    verdict = look.words(card.verdict.value, f"bold {style}".strip())
    sign = cells.join("  ", Text(look.signs.verdict[card.verdict], style), " ")
    line = cells.join(sign, cells.pad(name, _NAME - GAP), "  ", verdict)
    if cells.width(line) <= (_REASONS_AT - GAP if look.wide else look.width):
        return [line]
    return [cells.join(sign, name), *cells.indent(cells.wrap(verdict, look.width - _BODY), _BODY)]


def _measure(card: Card, look: Look, legend: Sequence[int], width: int) -> list[Text]:
    """Return the number newly stopped, with bar and legend where it is worth them."""
    room = width - _BODY
    stopped = look.words(_stopped(card))
    if card.accepted < BAR_FROM or not any(p.count > 0 for p in card.parts):
        out = cells.wrap(stopped, room)
    else:
        bar = course.parts(card.parts, min(_BAR, room), look.signs)
        line = cells.join(bar, "  ", stopped)
        out = [line] if cells.width(line) <= room else [bar, *cells.wrap(stopped, room)]
    if card.accepted:
        out += legend_lines(card.parts, look, legend, room)
    return cells.indent(out, _BODY)


def _stopped(card: Card) -> str:
    if not card.accepted and not card.flagged:
        return "no recipient flagged"
    if not card.accepted:
        return f"none of {numbers.count(card.flagged)} flagged recipients newly stopped"
    return f"{numbers.count(card.accepted)} recipient{'s' * (card.accepted != 1)} newly stopped"


def _shown(parts: Sequence[Part]) -> list[Part]:
    """Return the parts of a legend: all but a filter that is not hit, which most sites do not have."""
    return [p for p in parts if p.count > 0 or p.harm is not Harm.FILTER]


def legend_widths(cards: Sequence[Card]) -> list[int]:
    """Return the digits for each place of the legend, so that legends of several cards stand under each other."""
    rows = [_shown(card.parts) for card in cards if card.accepted]
    places = max((len(row) for row in rows), default=0)
    return [max(len(numbers.count(row[i].count)) for row in rows if i < len(row)) for i in range(places)]


def legend_lines(parts: Sequence[Part], look: Look, digits: Sequence[int], room: int) -> list[Text]:
    """Return sign, count and label of each part: on one line if they fit, else in columns."""
    entries = []
    for index, part in enumerate(_shown(parts)):
        count = numbers.count(part.count).rjust(digits[index] if index < len(digits) else 0)
        sign = Text(look.signs.harm[part.harm], HARM_STYLE[part.harm])
        entries.append(cells.join(sign, look.words(f" {count} {part.label}")))
    return _grid(entries, room, look)


def _grid(entries: list[Text], room: int, look: Look) -> list[Text]:
    for gap in (3, 2):
        if sum(cells.width(e) for e in entries) + gap * (len(entries) - 1) <= room:
            return [Text(" " * gap).join(entries)]
    entries = [look.cut(e, room) for e in entries]
    for most in range(len(entries) - 1, 1, -1):
        columns = -(-len(entries) // -(-len(entries) // most))  # rows of equal length: two and two, not three and one
        widths = [max(cells.width(e) for e in entries[i::columns]) for i in range(columns)]
        if sum(widths) + GAP * (columns - 1) <= room:
            rows = [entries[i : i + columns] for i in range(0, len(entries), columns)]
            return [_grid_row(row, widths) for row in rows]
    return entries


def _grid_row(row: list[Text], widths: list[int]) -> Text:
    line = Text("  ").join(cells.pad(e, w) for e, w in zip(row, widths, strict=False))
    line.rstrip()
    return line


def _reasons(card: Card, look: Look, room: int) -> list[Text]:
    """Return the reasons as one paragraph and, where there is room, the course per day."""
    text = " ".join(card.reasons)
    out = cells.wrap(look.words(text), room) if text else []
    known = [v for v in course.numbers_of(card.course) if v is not None]
    if look.wide and card.accepted and known:
        out.append(_per_day(card, look, room, numbers.count(max(known))))
    return out


def _per_day(card: Card, look: Look, room: int, most: str) -> Text:
    room -= len("per 99 days    at most ") + len(most)
    per = course.said(len(card.course), room).removeprefix("a ")
    line = course.sparkline(card.course, room, look.signs)
    return cells.join(look.words(f"per {per}  ", "dim"), line, look.words(f"  at most {most}", "dim"))


def _beside(left: list[Text], right: list[Text]) -> list[Text]:
    out = []
    for index in range(max(len(left), len(right))):
        line = left[index] if index < len(left) else Text()
        if index < len(right):
            line = cells.join(cells.pad(line, _REASONS_AT), right[index])
        out.append(line)
    return out


def bar(item: Bar, look: Look) -> list[Text]:
    """Return a bar over the whole width, and its legend."""
    room = look.width - INDENT
    out = legend_lines(item.parts, look, [], room)
    if sum(p.count for p in item.parts) >= BAR_FROM:
        out.insert(0, course.parts(item.parts, room, look.signs))
    return cells.indent(out, INDENT)
