"""The HTML page in a real browser: quiet, alone, drawn, sorted, readable on a phone, and nothing of the log runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from logtune.render import html
from logtune.results import Card, Chart, Column, Finding, Kind, Level, Lines, Note, Section, Table, Verdict
from tests.browser.conftest import Open
from tests.cli.conftest import LOG
from tests.render import sample

SAMPLE_LOG = Path(__file__).parents[2] / "sample_logs" / "helo_trial.log"
REPORTS = {"report": sample.REPORT, "trial": sample.TRIAL}
TEXTS = (
    "<script>window.owned=1</script>",
    '"><img src=x onerror=window.owned=1>',
    "' autofocus onfocus='window.owned=1' x='",
    "javascript:window.owned=1",
    "{{7*7}}",
    "${7*7}",
    "</title></style></script><svg onload=window.owned=1>",
    "<iframe srcdoc='<script>parent.owned=1</script>'></iframe>",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("name", REPORTS)
def test_quiet_alone_and_no_wider_than_the_screen(open_page: Open, name: str, size: str, scheme: str) -> None:
    """Nothing on the console, no request but for the page itself, nothing to scroll sideways."""
    opened = open_page(html.page(REPORTS[name]), size, scheme)
    opened.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.page.url]
    assert opened.run("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_reader_chooses_light_or_dark(open_page: Open, scheme: str, dark: bool) -> None:
    """The background follows the reader's setting."""
    opened = open_page(html.page(sample.REPORT), "desktop", scheme)
    red, green, blue = opened.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (red + green + blue < 3 * 128) is dark


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("name", REPORTS)
def test_charts_are_drawn(open_page: Open, name: str, size: str) -> None:
    """Each piece of each chart that can be seen has a size and a colour or pattern that is there."""
    opened = open_page(html.page(REPORTS[name]), size)
    pieces = opened.run(
        """Array.from(document.querySelectorAll('main svg rect, main svg path')).filter(e => e.checkVisibility())
        .map(e => { const box = e.getBoundingClientRect(), fill = getComputedStyle(e).fill;
          const name = (fill.match(/#([\\w-]+)/) || [])[1];
          return [box.width, box.height, name ? document.getElementById(name) !== null : fill !== 'none']; })"""
    )
    assert len(pieces) > 20
    assert [p for p in pieces if not (p[0] > 0 and p[1] > 0 and p[2])] == []


def test_a_bar_has_the_proportions_of_its_counts(open_page: Open) -> None:
    """The widths of a card's bar are the shares of its parts."""
    opened = open_page(html.page(sample.REPORT))
    widths = opened.run(
        "Array.from(document.querySelector('article .bar').querySelectorAll('rect'), r => r.getBBox().width)"
    )
    shares = [p.count / 731 for p in sample.CARDS[0].parts if p.count]
    assert [w / sum(widths) for w in widths] == pytest.approx(shares, abs=0.006)


NUMBERS = Table(
    "made",
    (Column("name", "name", Kind.LOGTEXT), Column("count", "count", Kind.COUNT), Column("took", "took", Kind.SECONDS)),
    (("b", 9, 0.5), ("a", 61_382, 7200.0), ("c", None, 62.0), ("a10", 100, None), ("a9", 20, 4.0)),
)
BY_COUNT = ["a", "a10", "a9", "b", "c"]


def names(opened: Any) -> list[str]:
    found: list[str] = opened.run("Array.from(document.querySelectorAll('tbody th'), e => e.textContent)")
    return found


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_tables_sort(open_page: Open, size: str) -> None:
    """A click sorts numbers by their value, highest first, a second one the other way; unknown values stay last."""
    opened = open_page(html.page(replace(sample.REPORT, sections=(Section("s", "S", (NUMBERS,)),))), size)
    assert names(opened) == ["b", "a", "c", "a10", "a9"]
    opened.page.get_by_role("button", name="count").click()
    assert names(opened) == BY_COUNT
    assert opened.run("document.querySelector('[aria-sort]').textContent") == "count"
    opened.page.get_by_role("button", name="count").click()
    assert names(opened) == ["b", "a9", "a10", "a", "c"]
    opened.page.get_by_role("button", name="took").click()
    assert names(opened) == ["a", "c", "a9", "b", "a10"]
    opened.page.get_by_role("button", name="name").focus()
    opened.page.keyboard.press("Enter")
    assert names(opened) == ["a", "a9", "a10", "b", "c"]
    assert opened.run("document.querySelectorAll('[aria-sort]').length") == 1
    assert opened.said == []


def test_every_table_of_a_report_sorts(open_page: Open) -> None:
    """Each heading of each table can be clicked, and no row is lost by it."""
    opened = open_page(html.page(sample.REPORT))
    before = opened.run("document.querySelectorAll('tbody tr').length")
    buttons = opened.page.get_by_role("button").all()
    assert len(buttons) > 10
    for button in buttons:
        button.click()
    assert opened.run("document.querySelectorAll('tbody tr').length") == before
    assert opened.said == []


def test_it_reads_whole_without_script(open_page: Open) -> None:
    """Where scripts are forbidden everything is there but the buttons."""
    with_script, without = (open_page(html.page(sample.REPORT), script=script) for script in (True, False))
    assert without.page.get_by_role("button").count() == 0
    assert without.page.locator("main").text_content() == with_script.page.locator("main").text_content()


STAGES = Chart(
    "stages", date(2026, 3, 2), (2.0, None, 8.0, 4.0), None, 6,
    (("a before", (1.0, None, 2.0, 1.0)), ("b waiting", (0.5, None, 2.0, 1.0)),
     ("c setting up", (0.25, None, 2.0, 1.0)), ("d sending", (0.25, None, 2.0, 1.0))), "s",
)  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_stages_are_stacked(open_page: Open, size: str, scheme: str) -> None:
    """Without any script the parts of a column stand on each other, each with its own pattern and its place in the
    legend, and a table has the same values."""
    report = replace(sample.REPORT, sections=(Section("s", "Stages", (STAGES,)),))
    opened = open_page(html.page(report), size, scheme, script=False)
    drawn = [r.bounding_box() for r in opened.page.locator(".columns rect").all()]
    first = [drawn[n] for n in (0, 3, 6, 9)]  # the parts of the first column, from the bottom up
    for below, above in pairwise(first):
        assert above["y"] + above["height"] == pytest.approx(below["y"], abs=1)
        assert (above["x"], above["width"]) == pytest.approx((below["x"], below["width"]))
    assert [box["height"] for box in first] == pytest.approx(
        [19.3, 9.9, 5.2, 5.2], abs=0.2
    )  # with half a pixel of line
    keys = opened.page.locator("figure .legend li")
    assert keys.all_inner_texts() == ["d sending", "c setting up", "b waiting", "a before"]
    looks = [rect.get_attribute("class") for rect in keys.locator("rect").all()]
    assert looks == ["layer-3", "layer-2", "layer-1", "layer-0"]
    fills = {opened.page.locator(f".columns .{look}").first.evaluate("e => getComputedStyle(e).fill") for look in looks}
    assert len(fills) == 4 and sum(fill.startswith("url(") for fill in fills) == 3
    rows = opened.page.locator("figure table tbody tr").all()
    assert [row.text_content() for row in rows][2] == "Mon 2 Mar 12–18 h8 s2 s2 s2 s2 s"
    assert opened.page.get_by_role("img", name="each column from the bottom up").count() == 1
    assert opened.said == []


def test_a_phone_stacks_wide_tables(open_page: Open) -> None:
    """A wide table becomes one block a row on a phone, is still a table, and keeps its headings beside the values."""
    wide = open_page(html.page(sample.REPORT), "phone")
    assert wide.run("getComputedStyle(document.querySelector('table.stack tbody tr')).display") == "flex"
    assert wide.run("getComputedStyle(document.querySelector('table.stack td'), '::before').content") == '"recipients "'
    assert wide.page.get_by_role("row").count() > 10


@pytest.mark.parametrize("name", REPORTS)
def test_it_prints(open_page: Open, name: str) -> None:
    """On paper nothing is cut off or folded, and a dark screen prints black on white."""
    opened = open_page(html.page(REPORTS[name]), "paper", "dark")
    opened.page.emulate_media(media="print")
    assert opened.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert (
        opened.run("Array.from(document.querySelectorAll('.scroll')).filter(e => e.scrollWidth > e.clientWidth).length")
        == 0
    )
    assert opened.page.pdf().startswith(b"%PDF")
    assert opened.run("Array.from(document.querySelectorAll('details')).every(d => d.open)")
    assert opened.said == []


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_of_a_result_runs(open_page: Open, text: str) -> None:
    """Wherever an analysis puts a text of the log, the browser shows it and does nothing else."""
    items = (
        Table("t", (Column("a", text, Kind.LOGTEXT), Column("b", "b", Kind.TEXT)), ((text, text),), title=text),
        Finding(Level.ACT, text, text, text, (text,)),
        Card(text, Verdict.NO, text, 1, sample.parts(1, 0, 0, 0), (text,)),
        Lines((text,), "shell"),
        Note(text),
    )
    report = replace(sample.REPORT, hosts=(text,), headline=text, sections=(Section(text, text, items, text),))
    opened = open_page(html.page(report))
    assert text in opened.page.locator("h1").text_content()
    untouched(opened)


def untouched(opened: Any) -> None:
    """Nothing ran, nothing was asked for, and the browser did not even have to forbid anything."""
    assert opened.run("window.owned") is None
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [opened.page.url]
    assert opened.run("document.querySelectorAll('img, iframe, object, embed, base, form').length") == 0
    assert opened.run("document.querySelectorAll('script').length") == 1


def hostile_log(path: Path) -> Path:
    """Sessions whose HELO names, senders and recipients are markup."""
    lines = []
    for number, text in enumerate(TEXTS):
        session = LOG.replace("4fXyZ01abcz9", f"4fXyZ01abcz{'ABCDEFGH'[number]}").replace("06:1", f"{number + 7:02}:1")
        lines.append(session.replace("<frasier>", f"<{text}>").replace("a@example.com", f"{text}@example.com"))
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["report", "trial", "rejects", "delays", "sizing"])
def test_nothing_of_a_log_runs(open_page: Open, tmp_path: Path, command: str) -> None:
    """A log that strangers filled with markup is a quiet page like any other."""
    opened = open_page(command_page(command, hostile_log(tmp_path / "mail.log"), tmp_path))
    assert opened.page.title().startswith(f"logtune {command}: mx")
    untouched(opened)


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("command", ["report", "trial", "rejects", "delays", "sizing"])
def test_a_real_log(open_page: Open, tmp_path: Path, command: str, size: str) -> None:
    """Each command's page of a real log is quiet, alone and fits."""
    opened = open_page(command_page(command, SAMPLE_LOG, tmp_path), size, "dark")
    untouched(opened)
    assert opened.run("document.documentElement.scrollWidth <= window.innerWidth")


def command_page(command: str, log: Path, folder: Path) -> str:
    from logtune import cli

    target = folder / "made.html"
    arguments = [command, str(log), "--year", "2026", "--tz", "UTC", "--mynetworks", "192.168.10.0/24"]
    assert cli.run([*arguments, "--no-progress", "--format", "html", "--output", str(target)]) == 0
    return target.read_text(encoding="utf-8")
