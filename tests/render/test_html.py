"""The HTML page: golden files, one page without network or style attributes, accessible, bounded, nothing runs."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune.render import html, values
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
    Next,
    Note,
    Part,
    Report,
    Section,
    Table,
    Verdict,
)
from tests.render import sample
from tests.render.html_page import Element, parse

GOLDEN = Path(__file__).parent / "golden"
REPORTS = {"report": sample.REPORT, "trial": sample.TRIAL}
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7*7 }}{% include 'x' %}${7*7}",
    "</style></title></textarea></pre><script>alert(1)</script>",
    "<!-- --><![CDATA[ ]]>",
    "&lt;script&gt;&#x3c;",
    "\x1b]0;owned\x07\x9b2J",
    "\u202egpj.exe\u2066",
    "\udcff\x00",
    "x" * 5000,
)
ASSETS = re.compile(r"(?<=<style>).*?(?=</style>)|(?<=<script>).*?(?=</script>)|sha256-[\w+/=]+", re.DOTALL)


def page(name: str) -> Element:
    return parse(html.page(REPORTS[name]))


def all_items(items: tuple[Item, ...]) -> Report:
    return replace(sample.REPORT, sections=(Section("made", "Made", items),))


@pytest.mark.parametrize("name", REPORTS)
def test_golden(name: str) -> None:
    """The sample looks as its golden file, apart from style sheet and script; LOGTUNE_REGENERATE=1 writes it anew."""
    path = GOLDEN / f"{name}.html"
    text = ASSETS.sub("", html.page(REPORTS[name]))
    if os.environ.get("LOGTUNE_REGENERATE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_item_has_its_macro() -> None:
    """A new item of results.py needs a macro in templates/items.html.j2, and an entry here."""
    template = files("logtune.render").joinpath("templates", "items.html.j2").read_text(encoding="utf-8")
    assert set(html.SHOWN) == set(get_args(Item))
    for name in html.SHOWN.values():
        assert f"{{% macro {name}(" in template or f"kind == '{name}'" in template


def test_every_kind_has_its_cell() -> None:
    """A new kind of value is either written out or drawn."""
    assert set(Kind) == html.WRITTEN | values.CHARTS
    assert not html.WRITTEN & values.CHARTS


SHOWS: Mapping[Kind, tuple[Any, str, str]] = {
    Kind.LOGTEXT: ("<b>\x1b", "<b>\\x1b", ""),
    Kind.TEXT: ("words", "words", ""),
    Kind.COUNT: (61_382, "61,382", "61382"),
    Kind.SHARE: (0.6294, "63 %", "0.6294"),
    Kind.SECONDS: (1620.0, "27 min", "1620"),
    Kind.BYTES: (48_213, "48 kB", "48213"),
    Kind.TIME: (datetime(2026, 3, 10, 8, 4), "Tue 10 Mar 09:04", "2026-03-10T08:04:00"),
    Kind.NUMBER: (8.5, "8.5", "8.5"),
    Kind.COURSE: ((1, None, 3), "1, –, 3", "4"),
    Kind.STAGES: ((1.0, 0.0, 2.0, 1.0), "acd", "4"),
    Kind.AMOUNT: (12, "", "12"),
    Kind.PARTS: (sample.parts(1, 2, 0, 3), "", "6"),
    Kind.VERDICT: (Verdict.NO, "✗do not enforce", "3"),
    Kind.LEVEL: (Level.ACT, "▲ act", "0"),
    Kind.MARK: (True, "●yes", "1"),
    Kind.CHANCE: (0.000107, "1 in 9,300", "0.000107"),
}


@pytest.mark.parametrize("kind", Kind)
def test_cell_of_every_kind(kind: Kind) -> None:
    """Each kind of value is shown as the terminal writes it, and sorts by the value itself."""
    value, shown, key = SHOWS[kind]
    table = Table(
        "made", (Column("name", "name", Kind.TEXT), Column("value", "value", kind)), (("a", value), ("b", None))
    )
    first, second = parse(html.page(all_items((table,)))).one("tbody").children
    cell = first.one("td")
    assert cell.text.strip().endswith(shown)
    assert cell.attributes.get("data-v", "") == key
    assert "data-v" not in second.one("td").attributes


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_asked_of_the_network(name: str) -> None:
    """No element refers to anything but the page itself."""
    for element in page(name).all():
        for attribute in ("src", "href", "srcset", "action", "data", "xlink:href", "background", "poster"):
            assert element.attributes.get(attribute, "#").startswith("#") or element.attributes[attribute] == "data:,"
    assert "@import" not in html.page(REPORTS[name])
    patterns = {"#p-authorized", "#p-filter", "#p-unwanted", "#p-layer-1", "#p-layer-2", "#p-layer-3"}
    assert set(re.findall(r"url\(([^)]*)\)", html.page(REPORTS[name]))) == patterns
    assert "//" not in re.sub(r"^\s*//.*$", "", html.page(REPORTS[name]), flags=re.MULTILINE)


@pytest.mark.parametrize("name", REPORTS)
def test_the_policy_names_what_the_page_holds(name: str) -> None:
    """The policy allows the one style sheet and the one script by their hashes, and nothing inline beside them."""
    root = page(name)
    (policy,) = (m.attributes["content"] for m in root.all("meta") if "http-equiv" in m.attributes)
    sources = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert sources == {
        "default-src": "'none'",
        "style-src": f"'{digest(root.one('style').text)}'",
        "script-src": f"'{digest(root.one('script').text)}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    for element in root.all():
        assert not [a for a in element.attributes if a == "style" or a.startswith("on")]


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("name", REPORTS)
def test_headings_and_landmarks(name: str) -> None:
    """One h1, no level left out, one main, header and footer; every id once, and every reference leads to one."""
    root = page(name)
    levels = [int(h.tag[1]) for h in root.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip([0, *levels], levels, strict=False))
    assert [len(list(root.all(tag))) for tag in ("main", "header", "footer", "nav")] == [1, 1, 1, 1]
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    refers = {e.attributes[a].lstrip("#") for e in root.all() for a in ("aria-labelledby", "href") if a in e.attributes}
    assert refers - {"data:,"} <= set(ids)


@pytest.mark.parametrize("name", REPORTS)
def test_tables_and_charts_can_be_read_aloud(name: str) -> None:
    """Tables have a caption and scopes, each row its name; charts have words or are said to be decoration."""
    root = page(name)
    for table in root.all("table"):
        assert table.one("caption").text.strip()
        assert [th.attributes.get("scope") for th in table.one("thead").all("th")] == ["col"] * len(
            list(table.one("thead").all("th"))
        )
        assert all(th.text.strip() for th in table.one("thead").all("th"))
        for row in table.one("tbody").children:
            assert [th.attributes.get("scope") for th in row.all("th")] == ["row"]
    for svg in root.all("svg"):
        named = svg.attributes.get("role") == "img" and svg.attributes.get("aria-label")
        assert named or svg.attributes.get("aria-hidden") == "true"


def test_bars_add_up() -> None:
    """The pieces of a bar fill it, each count above zero has one, and its words give the counts."""
    bar = html.svg.harm(sample.parts(1, 0, 5_000, 30))
    assert [p.look for p in bar.pieces] == ["h-wanted", "h-others", "h-unwanted"]
    assert bar.pieces[0].width > 0
    assert sum(p.width for p in bar.pieces) == pytest.approx(100)
    assert bar.words == "1 wanted, 5,000 no evidence, 30 unwanted"


def test_a_chart_says_its_days() -> None:
    """Columns are as high as their values, the limit is a line, and the same stands in a table."""
    drawn = html.svg.columns(Chart("daily peak", date(2026, 3, 2), (25, None, 0, 50), 50))
    assert [(c.says, c.height, c.look) for c in drawn.columns] == [
        ("Mon 2 Mar: 25", 75, "day"), ("Wed 4 Mar: 0", 1, "zero"), ("Thu 5 Mar: 50", 150, "full")
    ]  # fmt: skip
    assert drawn.lines == [(75.0, "25", "grid"), (0, "limit 50", "limit"), (150.0, "0", "base")]
    assert list(drawn.days) == [("Mon 2 Mar", "25"), ("Tue 3 Mar", "–"), ("Wed 4 Mar", "0"), ("Thu 5 Mar", "50")]
    assert drawn.words == "per day, 4 days: highest 50, lowest 0, limit 50"


def test_layers_stand_on_each_other() -> None:
    """Each part of a column begins where the one below it ends; all parts together are as high as the whole."""
    layers = (("a before", (1.0, None, 2.0)), ("d sending", (1.0, None, 6.0)))
    drawn = html.svg.columns(Chart("stages", date(2026, 3, 2), (2.0, None, 8.0), None, 24, layers, "s"))
    assert [(layer.name, layer.look, [(c.y, c.height, c.says) for c in layer.columns]) for layer in drawn.layers] == [
        ("a before", "layer-0", [(131.2, 18.8, "Mon 2 Mar, a before: 1 s"), (112.5, 37.5, "Wed 4 Mar, a before: 2 s")]),
        ("d sending", "layer-1", [(112.5, 18.8, "Mon 2 Mar, d sending: 1 s"), (0.0, 112.5, "Wed 4 Mar, d sending: 6 s")]),
    ]  # fmt: skip
    assert drawn.lines == [(0.0, "8 s", "grid"), (75.0, "4 s", "grid"), (150.0, "0", "base")]
    assert list(drawn.heads) == ["day", "stages", "a before", "d sending"]
    assert [tuple(row) for row in drawn.days] == [
        ("Mon 2 Mar", "2 s", "1 s", "1 s"), ("Tue 3 Mar", "–", "–", "–"), ("Wed 4 Mar", "8 s", "2 s", "6 s")
    ]  # fmt: skip
    assert drawn.words == (
        "per day, 3 days: highest 8 s, lowest 2 s; each column from the bottom up: a before, d sending"
    )


def test_a_chart_of_hours_says_them() -> None:
    """Columns of hours are named by them, and below stand dates, or hours where there is a day or two."""
    four = html.svg.columns(Chart("peak", date(2026, 3, 2), (1, 2, 3, 4) * 4, 4, 6))
    assert [c.says for c in four.columns][3:5] == ["Mon 2 Mar 18–24 h: 4", "Tue 3 Mar 00–06 h: 1"]
    assert list(four.ticks) == [(0, "2 Mar"), (25.0, "3 Mar"), (50.0, "4 Mar"), (75.0, "5 Mar")]
    assert four.words == "per 6 hours, 4 days: highest 4, lowest 1, limit 4"
    one = html.svg.columns(Chart("peak", date(2026, 3, 2), tuple(range(24)), None, 1))
    assert (one.columns[23].says, one.heads[0], one.words[:16]) == (
        "Mon 2 Mar 23–24 h: 23",
        "hours",
        "per hour, 1 day:",
    )
    assert list(one.ticks) == [(0, "2 Mar"), (25.0, "06:00"), (50.0, "12:00"), (75.0, "18:00")]


def test_a_chart_of_years_stays_a_chart() -> None:
    """Where the days are too many, a column is the highest of several."""
    drawn = html.svg.columns(Chart("daily peak", date(2020, 1, 1), [*range(2000)]))
    assert len(drawn.columns) <= html.svg.COLUMNS_MOST
    assert drawn.columns[-1].says.endswith("1,999")
    assert len(drawn.ticks) <= 6


@pytest.mark.parametrize("values", [(), (None,), (0, 0), (1,), (float("nan"), float("inf"), -1)])
def test_a_chart_of_next_to_nothing(values: tuple[Any, ...]) -> None:
    """No data, nothing but noughts and what is no number are no error."""
    items = (Chart("daily peak", date(2026, 3, 2), values), Metric("days", values, Kind.COURSE, "lines"), Bar(()))
    assert "daily peak" in parse(html.page(all_items(items))).one("main").text


def made_of(value: Any, text: str) -> Any:
    """The same results with each text of theirs replaced, which an analysis may have taken from the log."""
    if isinstance(value, Enum) or (not isinstance(value, str | tuple | list | Mapping) and not is_dataclass(value)):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, Mapping):
        return {k: made_of(v, text) for k, v in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: made_of(getattr(value, f.name), text) for f in fields(value)})
    return tuple(made_of(v, text) for v in value)


def tags(root: Element) -> list[str]:
    return [e.tag for e in root.all()]


def hostile(name: str, text: str) -> Report:
    report: Report = made_of(REPORTS[name], text)
    return replace(report, period=replace(report.period, zone="Europe/Berlin"))


def columns_with_titles(report: Report) -> Iterator[Column]:
    return (c for s in report.sections for i in s.items if isinstance(i, Table) for c in i.columns)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", REPORTS)
def test_texts_are_texts(name: str, text: str) -> None:
    """Whatever stands in any text of a report, the page has the elements that it has for a harmless word."""
    assert tags(parse(html.page(hostile(name, text)))) == tags(parse(html.page(hostile(name, "word" * 20))))


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>\"'&={}%;:/!-[]\x00\x1b\n\u202e\u2028aà "), min_size=1))
def test_no_text_makes_an_element_or_attribute(text: str) -> None:
    """Names, cells, samples and lines of any characters stay inside the element that shows them."""
    items: tuple[Item, ...] = (
        Table("made", (Column("a", "a", Kind.LOGTEXT), Column("b", text, Kind.TEXT)), ((text, text),), title=text),
        Finding(Level.ACT, text, text, text, (text,)),
        Card(text, Verdict.NO, text, 1, sample.parts(1, 0, 0, 0), (text, text)),
        Lines((text,), "diff"),
        Note(text),
        Bar((Part(sample.Harm.WANTED, text, 3),)),
        Metric(text, text, Kind.LOGTEXT, text),
    )
    report = replace(all_items(items), hosts=(text,), headline=text)
    for element in parse(html.page(report)).all():
        assert element.tag.isascii()
        assert set(element.attributes) <= ATTRIBUTES, element


ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "id", "role", "tabindex", "scope",
    "aria-hidden", "aria-label", "aria-labelledby", "focusable", "data-v", "data-l", "width", "height", "viewbox", "x", "y",
    "x1", "x2", "y1", "y2", "d", "cx", "cy", "r", "patternunits", "patterntransform",
}  # fmt: skip


def test_controls_are_shown() -> None:
    """Escape sequences and bidi overrides of the log are seen by their number, and no page holds one."""
    text = html.page(all_items((Note("a\x1b[31mb\u202ec\udcff"),)))
    assert "a\\x1b[31mb\\u202ec\\xff" in text
    assert all(c.isprintable() or c == "\n" for c in text)


@pytest.mark.parametrize("kind", ["plain", "shell", "config", "diff"])
def test_lines_are_whole(kind: str) -> None:
    """What is to be pasted stands there as it is, line by line, blanks and empty lines too."""
    given = ("--- a", "+    permit,", "", "-x = <$y>", " z  =  1")
    assert parse(html.page(all_items((Lines(given, kind),)))).one("pre").text == "".join(f"{x}\n" for x in given)


def test_the_page_is_bounded() -> None:
    """However long tables, lists and texts are, the page stays small and says what it leaves out."""
    columns = tuple(
        Column(f"c{i}", f"c{i}", kind) for i, kind in enumerate((Kind.LOGTEXT, Kind.COUNT, Kind.COURSE) * 3)
    )
    row = ("語" * 2000, 1, (5,) * 400) * 3
    items: tuple[Item, ...] = (
        Table("made", columns, (row,) * 30_000, omitted=7),
        *(sample.CARDS[0] for _ in range(10_000)),
        *(Finding(Level.ACT, "y" * 3000, samples=("z" * 3000,) * 10) for _ in range(10_000)),
        Lines(("line " * 50,) * 100_000),
    )
    text = html.page(all_items(items))
    assert len(text.encode()) < 2_000_000
    root = parse(text)
    rows = len(root.one("tbody").children)
    cards = len(list(root.all("article")))
    assert f"{30_007 - rows:,} more, not shown" in text
    assert f"{10_000 - cards:,} more, not shown" in text
    assert "more lines, not shown" in text


def test_findings_are_worst_first() -> None:
    """What needs a person stands on top, and its level is said in words too."""
    shown = parse(html.page(all_items(tuple(reversed(sample.FINDINGS))))).one("main")
    items = [li.text.split() for li in shown.all("li")]
    assert [(words[0], words[1]) for words in items] == [("▲act:", "A"), ("▲act:", "No"), ("△look:", "Mailbox")]


def test_evidence_is_folded_under_its_card() -> None:
    """The names behind a verdict stand closed under it, with headings below its own; other cards have no fold."""
    card = sample.CARDS[2]
    folds = {(card.restriction, card.service): sample.TRIAL.sections[:2]}
    root = parse(html.page(sample.REPORT, folds))
    fold = root.one("details")
    assert "open" not in fold.attributes
    assert fold.one("summary").text == "Whom it would hit · What each restriction does"
    assert [h.tag for h in fold.all("h2", "h3", "h4")] == ["h4", "h4"]
    (article,) = (a for a in root.all("article") if list(a.all("details")))
    assert article.one("h3").text == "reject_invalid_helo_hostname submission"


def test_next_commands_and_levels() -> None:
    """A section ends with the next command, and its level stands beside the heading."""
    section = Section("s", "Disk", (), "mails", (Next("logtune sizing --live", "on the server"),), Level.LOOK)
    main = parse(html.page(replace(sample.REPORT, sections=(section,)))).one("main")
    assert " ".join(main.one("section").text.split()) == "Disk mails △ look → logtune sizing --live on the server"


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(color: str) -> float:
        color = color if len(color) == 7 else "#" + "".join(c * 2 for c in color[1:])
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(p * w for p, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_colours_are_told_apart(scheme: int) -> None:
    """Words have a contrast of 4.5 with what is behind them, pieces of charts 3 with the page (WCAG 2.2 AA)."""
    css = files("logtune.render").joinpath("templates", "page.css").read_text(encoding="utf-8")
    roots = [
        dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    ]
    colours = roots[0] | roots[scheme]
    for name in ("fg", "dim", "red", "yellow", "green", "link"):
        assert contrast(colours[name], colours["bg"]) >= 4.5, name
        assert contrast(colours[name], colours["soft"]) >= 4.5, name
    for name in ("bar", "red", "layer-0", "layer-1", "layer-2", "layer-3"):
        assert contrast(colours[name], colours["bg"]) >= 3, name
    for name in ("layer-1", "layer-2", "layer-3"):  # a pattern must be seen on its ground
        assert contrast(colours[name], colours[f"{name}-back"]) >= 3, name
    for name in ("sa", "sb", "sc", "sd"):
        assert contrast(colours["fg"], colours[name]) >= 4.5, name
