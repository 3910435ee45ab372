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
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
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
    Harm,
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
"""Bytes of a page at most: every mail server takes it, and a phone opens it at once."""

ROWS_TRIED = (1000, 300, 100, 30, 10, 3)
"""Rows, cards and lines of one place at most, in the order tried until the page is small enough."""

_TEXT_MOST = 300  # characters of a log text; recipients of a mail and reply texts can fill a line of 2 kB
_WORDS_MOST = 2000
_STACK_FROM = 44  # characters beside each other that a phone of 360 pixels holds
_CHART_ROOM = 12  # characters that a chart in a table takes as much room as
_WRAP_FROM = (40, 22)  # characters without a space, from which a text is broken anywhere: in a row's name, elsewhere
_SCALED = {Kind.AMOUNT, Kind.PARTS}
_DENSE_FROM = 7  # columns, from which they stand closer
_PROSE_FROM = 24  # characters of our own words that want a column to be read in
_UNWRAPPED = 1_000_000  # cells: a paragraph as one line
_VERDICTS, _LEVELS = list(Verdict), list(Level)


@dataclass(frozen=True)
class Bounds:
    """How much of each place is shown, and which legends the page has given."""

    rows: int
    told: set[str] = field(default_factory=set)


Folds = Mapping[tuple[str, str | None], Sequence[Section]]
"""Sections that are folded under a card, by its restriction and service."""


def page(report: Report, folds: Folds = MappingProxyType({})) -> str:
    """Return the report as an HTML document. The same report gives the same page."""
    text = ""
    for rows in ROWS_TRIED:
        text = _render("page.html.j2", report.period.zone, Bounds(rows), report=report, folds=folds, **_assets())
        if len(text.encode()) <= PAGE_MOST:
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
        "fitting": tables.fitting,
        "harm_bar": svg.harm,
        "spark": svg.spark,
        "columns": svg.columns,
        "groups": groups,
        "legend": legend,
        "harm_key": harm_key,
        "stacks": stacks,
        "headed": headed,
        "name_column": name_column,
        "breaks": breaks,
        "fixed": lambda column: column.kind in values.RIGHT,
        "dense": lambda table: len(table.columns) > _DENSE_FROM,
        "time": lambda column: column.kind is Kind.TIME,
        "prose": lambda column, words: column.kind is Kind.TEXT and len(words) > _PROSE_FROM,
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
    return [p for p in parts if p.count > 0 or p.harm is not Harm.FILTER]


def harm_key(table: Table) -> list[Part]:
    """Whom the bars of a table tell apart, each once, the most harmful first."""
    drawn = [i for i, c in enumerate(table.columns) if c.kind is Kind.PARTS]
    parts = (p for row in table.rows for i in drawn if i < len(row) for p in values.parts_of(row[i]))
    first: dict[Harm, Part] = {}
    for part in parts:
        first.setdefault(part.harm, part)
    return [first[harm] for harm in Harm if harm in first]


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


def _rows(look: Look, table: Table, bounds: Bounds) -> list[list[Cell]]:
    """The cells of the rows that are shown; the largest amount of a column is looked for once."""
    kinds = [c.kind for c in table.columns]
    tops = [svg.top_of(table.rows, i, kind) if kind in _SCALED else 0.0 for i, kind in enumerate(kinds)]
    return [
        [_cell(look, row[i] if i < len(row) else None, column, tops[i]) for i, column in enumerate(table.columns)]
        for row in table.rows[: bounds.rows]
    ]


def _cell(look: Look, value: Any, column: Column, top: float) -> Cell:
    key = sort_key(value, column.kind)
    if column.kind in values.CHARTS and value is not None:
        return _drawn(value, column.kind, key, top)
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


def headed(table: Table) -> bool:
    """Whether the table has a heading to be seen."""
    return any(c.title for c in table.columns)


def name_column(table: Table) -> int:
    """The column that names the rows: the first of texts."""
    return next((i for i, c in enumerate(table.columns) if c.kind in values.TEXTS), 0)


def breaks(text: str, names: bool) -> bool:
    """Whether a text must be broken within a word, because it would push the other columns away."""
    return max(map(len, text.split()), default=0) > _WRAP_FROM[not names]


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
    if value is None:
        return ""
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
    cells = (values.text(r[index], column.kind, look, column.unit).plain for r in table.rows[:50] if index < len(r))
    longest = max((len(word) for text in (column.title, *cells) for word in _unbroken(text, column)), default=0)
    return 2 + (min(longest, _WRAP_FROM[1]) if column.kind in values.TEXTS else longest)


def _unbroken(text: str, column: Column) -> list[str]:
    """What is not broken: the words of our own, and numbers with their unit."""
    return text.split() if column.kind is Kind.TEXT or text == column.title else [text]


def _notes(look: Look, table: Table, bounds: Bounds) -> list[str]:
    """What stands below a table: rows left out, legends not yet given, its own note."""
    left_out = table.omitted + max(0, len(table.rows) - bounds.rows)
    kinds = {c.kind for c in table.columns} if table.rows else set()
    out = [f"{left_out:,} more, not shown"] if left_out else []
    if Kind.COURSE in kinds:
        out += _once("A column a day, each row on its own scale; strong: twice the usual or more.", table, bounds)
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


def _coverage(look: Look, report: Report) -> list[str]:
    """What was read, as sentences: the first says what is missing, where anything is."""
    unwrapped = replace(look, width=_UNWRAPPED)
    lines = (line.plain.strip() for line in blocks.coverage(report, unwrapped))
    return [line.removeprefix(UTF8.level[Level.ACT]).strip() for line in lines]


_LOOKING = {
    "rows": _rows,
    "notes": _notes,
    "plain": _plain,
    "value": _value,
    "period": _period,
    "coverage": _coverage,
}
"""Filters that need the report's zone."""
