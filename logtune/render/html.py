"""Results as one HTML page: self-contained, no network, for a screen, a phone and paper (templates/page.html.j2).

``page(report)`` is what ``--format html`` writes. Its Content-Security-Policy names the style sheet and the one script
(which sorts tables) by their hashes and forbids everything else, so that even an escape forgotten here would run
nothing. The policy also forbids ``style=`` attributes: what depends on numbers is drawn as SVG (svg.py).

The page is bounded: what does not fit is left out row by row, and each place says how much that is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from logtune.render import blocks, course, escape, numbers, svg, tables, terminal, values
from logtune.render.glyphs import LEVEL_WORD, UTF8
from logtune.render.look import Look
from logtune.render.look import look as look_for
from logtune.results import (
    Bar,
    Card,
    Chart,
    Column,
    Finding,
    Item,
    Kind,
    Level,
    Lines,
    Metric,
    Note,
    Part,
    Report,
    Section,
    Table,
    Verdict,
)

if TYPE_CHECKING:
    from jinja2 import Environment

SHOWN: Mapping[type, str] = {
    Metric: "metric",
    Table: "table",
    Finding: "finding",
    Card: "card",
    Note: "note",
    Bar: "bar",
    Chart: "chart",
    Lines: "lines",
}
"""Item to the macro of ``templates/items.html.j2`` that shows it; any other is shown as the terminal does."""

WRITTEN = values.RIGHT | values.TEXTS | {Kind.TIME, Kind.CHANCE, Kind.MARK, Kind.VERDICT, Kind.LEVEL}
"""Kinds of a cell that are written out; those of ``values.CHARTS`` are drawn."""

PAGE_MOST = 1_900_000
"""Characters of a page at most: every mail server takes it, and a phone opens it at once."""

ROWS_TRIED = (2000, 500, 200, 60, 20, 6, 2)
"""Rows, cards and lines of one place at most, in the order tried until the page is small enough."""

_TEXT_MOST = 300  # characters of a log text; recipients of a mail and reply texts can fill a line of 2 kB
_WORDS_MOST = 2000
_STACK_FROM = 44  # characters beside each other that a phone of 360 pixels holds
_CHART_ROOM = 12  # characters that a chart in a table takes as much room as
_VERDICTS, _LEVELS = list(Verdict), list(Level)


@dataclass(frozen=True)
class Bounds:
    """How much of each place is shown, and which legends the page has given."""

    rows: int
    told: set[str] = field(default_factory=set)


def page(report: Report) -> str:
    """Return the report as an HTML document. The same report gives the same page."""
    text = ""
    for rows in ROWS_TRIED:
        text = _render("page.html.j2", report.period.zone, Bounds(rows), report=report, **_assets())
        if len(text) <= PAGE_MOST:
            break
    return text


def _render(template: str, zone: str, bounds: Bounds, **names: Any) -> str:
    return environment().get_template(template).render(look=look_for(120, zone=zone), bounds=bounds, **names)


def _assets() -> dict[str, Any]:
    """The style sheet and the script, which are ours and go into the page as they are, and their hashes."""
    from markupsafe import Markup

    style, script = (_asset(name) for name in ("page.css", "sort.js"))
    return {
        "style": Markup(style),
        "script": Markup(script),
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }


@cache
def _asset(name: str) -> str:
    return files("logtune.render").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The source expression of CSP 3 for an inline style or script: its base64 SHA-256."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def environment() -> Environment:
    """The templates: everything is escaped, and a name that does not exist is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("logtune.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(_plain_filters())
    env.filters.update({name: _with_look(function) for name, function in _LOOKING.items()})
    env.filters.update(charts=lambda column: column.kind in values.CHARTS, right=lambda c: c.kind in values.RIGHT)
    return env


def _plain_filters() -> dict[str, Any]:
    return {
        "s": lambda text: _cut(escape.visible(str(text)), _WORDS_MOST),
        "log": lambda text: _cut(escape.visible(str(text)), _TEXT_MOST),
        "count": numbers.count,
        "plural": lambda number: "" if number == 1 else "s",
        "macro": lambda item: SHOWN.get(type(item), "plain"),
        "verdict_sign": UTF8.verdict.__getitem__,
        "verdict_class": lambda verdict: f"v-{verdict.name.lower()}",
        "level_sign": UTF8.level.__getitem__,
        "level_word": LEVEL_WORD.__getitem__,
        "titled": tables.titled,
        "harm_bar": svg.harm,
        "spark": svg.spark,
        "columns": svg.columns,
        "legend": legend,
        "stacks": stacks,
        "slug": slug,
        "line_class": line_class,
        "most": lambda course_: numbers.number(
            max((v for v in course.numbers_of(course_) if v is not None), default=None)
        ),
        "worst_first": lambda findings: sorted(findings, key=lambda f: _LEVELS.index(f.level)),
        "is_sparkline": lambda metric: metric.kind is Kind.COURSE,
    }


def _with_look(function: Any) -> Any:
    from jinja2 import pass_context

    return pass_context(lambda context, *args: function(context["look"], *args))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + UTF8.cut


def slug(text: str) -> str:
    """A name as an HTML id that needs no escaping: ``main.cf`` → ``main-cf``."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()) or "section"


def legend(parts: Sequence[Part]) -> list[Part]:
    """The parts that stand under a bar: all but a filter that is not hit, which most sites do not have."""
    return [p for p in parts if p.count > 0 or p.harm.value != "filter"]


def line_class(line: str, kind: str) -> str:
    """How a line of a diff or configuration file is painted; its first character says the same."""
    if kind == "diff":
        if line.startswith(("---", "+++", "@@")):
            return "file"
        return {"-": "del", "+": "add"}.get(line[:1], "")
    return "file" if kind == "config" and line.startswith("#") else ""


def groups(items: Sequence[Item]) -> list[list[Item]]:
    """Items of one type that follow each other, as lists: findings and metrics are one list each."""
    out: list[list[Item]] = []
    for item in items:
        if out and type(out[-1][0]) is type(item):
            out[-1].append(item)
        else:
            out.append([item])
    return out


@dataclass(frozen=True)
class Cell:
    """A table's cell: its words or the bar or sparkline drawn, what it sorts by, its class."""

    words: str = ""
    bar: svg.Bar | None = None
    spark: svg.Spark | None = None
    key: str = ""
    look: str = ""
    sign: str = ""
    hidden: str = ""  # words for those who do not see the sign


def _cell(look: Look, row: Sequence[Any], index: int, table: Table) -> Cell:
    column = table.columns[index]
    value = row[index] if index < len(row) else None
    key = sort_key(value, column.kind)
    if column.kind in values.CHARTS and value is not None:
        return _drawn(value, column.kind, key, svg.top_of(table.rows, index, column.kind))
    if column.kind is Kind.VERDICT and isinstance(value, Verdict):
        return Cell(key=key, look=f"v-{value.name.lower()}", sign=UTF8.verdict[value], hidden=value.value)
    if column.kind is Kind.LEVEL and isinstance(value, Level):
        return Cell(LEVEL_WORD[value], key=key, look=f"l-{value.value}", sign=UTF8.level[value])
    if column.kind is Kind.MARK:
        return Cell(
            key=key, look="mark" if value else "dim", sign="●" if value else "·", hidden="yes" if value else "no"
        )
    most = _TEXT_MOST if column.kind is Kind.LOGTEXT else _WORDS_MOST
    return Cell(_cut(values.text(value, column.kind, look, column.unit).plain, most), key=key)


def _drawn(value: Any, kind: Kind, key: str, top: float) -> Cell:
    if kind is Kind.COURSE:
        return Cell(spark=svg.spark(value), key=key)
    if kind is Kind.STAGES:
        return Cell(bar=svg.stages(value), key=key, look="stages")
    if kind is Kind.AMOUNT:
        return Cell(bar=svg.amount(value, top), key=key, look="amounts")
    return Cell(bar=svg.harm(values.parts_of(value), top), key=key, look="harm")


def sort_key(value: Any, kind: Kind) -> str:
    """What a cell sorts by, where its words do not tell: a number. Empty for texts and for what is not known."""
    if isinstance(value, Verdict):
        return str(_VERDICTS.index(value))
    if isinstance(value, Level):
        return str(_LEVELS.index(value))
    if isinstance(value, date):
        return value.isoformat()
    if kind in {Kind.COURSE, Kind.STAGES}:
        return f"{sum(v or 0.0 for v in course.numbers_of(value)):.10g}"
    if kind is Kind.PARTS:
        return f"{values.amount_of(value, kind):.10g}"
    if kind is Kind.MARK:
        return str(int(bool(value)))
    return f"{float(value):.10g}" if numbers.is_number(value) else ""


def stacks(table: Table) -> bool:
    """Whether the rows stand one value a line on a phone, because the columns have no room beside each other."""
    return sum(_room(table, i, c) for i, c in enumerate(table.columns)) > _STACK_FROM


def _room(table: Table, index: int, column: Column) -> int:
    if column.kind in values.CHARTS:
        return _CHART_ROOM
    look = look_for(120)
    cells = (
        values.text(row[index], column.kind, look, column.unit).plain for row in table.rows[:50] if index < len(row)
    )
    return 2 + max((len(word) for text in (column.title, *cells) for word in _unbroken(text, column)), default=0)


def _unbroken(text: str, column: Column) -> list[str]:
    """What is not broken: the words of our own, and numbers with their unit."""
    return text.split() if column.kind is Kind.TEXT or text == column.title else [text]


def _notes(look: Look, table: Table, bounds: Bounds) -> list[str]:
    """What stands below a table: rows left out, legends not yet given, its own note."""
    left_out = table.omitted + max(0, len(table.rows) - bounds.rows)
    kinds = {c.kind for c in table.columns} if table.rows else set()
    out = [f"{left_out:,} more, not shown"] if left_out else []
    if Kind.COURSE in kinds:
        out += _once("A column a day, each row on its own scale; dark: twice the usual or more.", table, bounds)
    if Kind.STAGES in kinds:
        out += _once(tables.STAGES_LEGEND.replace("  ", ", "), table, bounds)
    return [*out, table.note] if table.note else out


def _once(text: str, table: Table, bounds: Bounds) -> list[str]:
    if text in bounds.told or text[:20] in table.note:
        return []
    bounds.told.add(text)
    return [text]


def _plain(look: Look, item: Item) -> str:
    return "\n".join(line.plain.rstrip() for line in terminal.items_lines([item], look))


def _value(look: Look, metric: Metric) -> str:
    if metric.kind in values.CHARTS:
        return _plain(look, metric)
    return _cut(values.text(metric.value, metric.kind, look).plain, _TEXT_MOST)


def _period(look: Look, report: Report) -> str:
    return numbers.period(report.period.first, report.period.last, report.period.days, look.zone)


def _coverage(look: Look, report: Report) -> str:
    """What was read, as one paragraph; the sign of an incomplete log is the template's."""
    lines = (line.plain.strip() for line in blocks.coverage(report, look))
    return " ".join(lines).removeprefix(UTF8.level[Level.ACT]).strip()


def _groups(look: Look, section: Section) -> list[list[Item]]:
    return groups(section.items)


_LOOKING = {
    "cell": _cell,
    "notes": _notes,
    "plain": _plain,
    "value": _value,
    "period": _period,
    "coverage": _coverage,
    "groups": _groups,
}
"""Filters that need the report's zone."""
