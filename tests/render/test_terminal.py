"""Terminal output: golden files, colours and encodings, and that nothing hostile comes through."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from logtune.render import terminal
from logtune.results import (
    Bar,
    Card,
    Chart,
    Column,
    Finding,
    Harm,
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

GOLDEN = Path(__file__).parent / "golden"
REPORTS = {"report": sample.REPORT, "trial": sample.TRIAL}
CASES = [
    (name, width, ascii) for name in REPORTS for width, ascii in ((80, False), (120, False), (80, True), (48, False))
]
HOSTILE = ("\x1b]0;owned\x07", "[bold]hello[/bold]", "[/]", ":smile:", "\u202egpj", "日本語" * 20, "a" * 300,
           "e\u0301" * 90,
           "x\ny\rz", "\x9b2J", "👩\u200d👩\u200d👧", "\udcff", "{{ 7*7 }}", "%s{0}", "")  # fmt: skip


@pytest.mark.parametrize(("name", "width", "ascii"), CASES)
def test_golden(name: str, width: int, ascii: bool) -> None:
    """The sample looks as its golden file; LOGTUNE_REGENERATE=1 writes the files anew."""
    path = GOLDEN / f"{name}_{'ascii' if ascii else width}.txt"
    text = terminal.to_text(REPORTS[name], width, ascii)
    if os.environ.get("LOGTUNE_REGENERATE"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_past_120_nothing_grows() -> None:
    """A terminal of 200 columns gets what one of 120 gets."""
    assert terminal.to_text(sample.REPORT, 200) == terminal.to_text(sample.REPORT, 120)


def test_ascii_is_ascii() -> None:
    """Where only ASCII is safe there is nothing else, sign for sign in the same columns."""
    plain, signs = (terminal.to_text(sample.REPORT, 80, ascii) for ascii in (True, False))
    assert plain.isascii()
    bars = [i for i, line in enumerate(signs.splitlines()) if "newly stopped" in line]
    widths = [[len(text.splitlines()[i]) for i in bars] for text in (plain, signs)]
    assert bars
    assert widths[0] == widths[1]


def test_sums_of_the_sample() -> None:
    """The sample's cards add up: the parts are the recipients newly stopped, day by day too."""
    for card in sample.CARDS:
        assert sum(p.count for p in card.parts) == card.accepted
        assert sum(v or 0 for v in card.course) == card.accepted


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, file: io.StringIO, **environment: str) -> str:
    for name in ("NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    terminal.print_report(sample.REPORT, file=file)
    return file.getvalue()


def test_pipe_gets_plain_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gets 80 columns without codes, whatever the terminal is; without UTF-8 it gets ASCII."""
    assert shown(monkeypatch, io.StringIO(), COLUMNS="132") == terminal.to_text(sample.REPORT, 80, True)
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="utf-8", write_through=True) as file:
        terminal.print_report(sample.REPORT, file=file)
        assert raw.getvalue().decode() == terminal.to_text(sample.REPORT, 80)


def test_colour_only_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours, and without them the same characters; no background, no blue, no magenta."""
    text = shown(monkeypatch, Terminal(), COLUMNS="80")
    codes = re.findall(r"\x1b\[([\d;]*)m", text)
    assert {"1", "2", "31", "36", "1;31", "1;33", "1;32"} <= set(codes) <= {
        "0", "1", "2", "31", "32", "33", "36", "1;31", "1;32", "1;33",
    }  # fmt: skip
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert [line.rstrip() for line in plain.splitlines()] == terminal.to_text(sample.REPORT, 80).splitlines()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    """NO_COLOR and a dumb terminal give the characters alone, over the terminal's width."""
    assert shown(monkeypatch, Terminal(), COLUMNS="120", **environment) == terminal.to_text(sample.REPORT, 120)


def test_view_is_a_rich_renderable() -> None:
    """Any console of rich can print a result."""
    file = io.StringIO()
    Console(file=file, width=80).print(terminal.View(sample.REPORT.sections[0], zone="Europe/Berlin"))
    expected = terminal.to_text(sample.REPORT.sections[0], 80, zone="Europe/Berlin")
    assert [line.rstrip() for line in file.getvalue().splitlines()] == expected.splitlines()


def hostile_report(text: str, number: float | None) -> Report:
    """Return a report that holds the text wherever a result can hold text."""
    columns = [Column(kind.value, text if kind is Kind.TEXT else "title", kind) for kind in Kind]
    parts = tuple(Part(harm, text, 30) for harm in Harm)
    texts = [text for _ in Kind]
    values = [text, text, 1_234_567, number, number, number, datetime(2026, 3, 2), number, (1, None, 5) * 30,
              (1.0, 0.0, 3.0, number), number, parts, Verdict.NO, Level.ACT, True, number]  # fmt: skip
    return Report(
        schema="logtune.report/1", command=text, hosts=(text, text), period=sample.PERIOD,
        coverage=replace(sample.COVERAGE, sources=({"name": text, "problem": text},), loss=(text,), core=text,
                         year_assumed=text, zone=text),
        headline=text, details=(text,), verdict=Verdict.KEEP,
        sections=(
            Section(text, text, (
                Card(text, Verdict.EXCEPTIONS, text, 150, parts, (text, text), (1, 2, None), 300),
                Finding(Level.ACT, text, text, "logtune sizing", (text,)),
                Finding(Level.WELL, text),
                Metric(text, text, Kind.LOGTEXT, text), Metric(text, number, Kind.COUNT, text),
                Metric(text, (1, 2, 3), Kind.COURSE, text, limit=3),
                Table(text, columns, (values, texts, values[:3]), text, 3, text, counts=text, harm=Harm.FILTER),
                Table(text, (Column("a", text, Kind.LOGTEXT), Column("b", text, Kind.LOGTEXT, below=True),
                             Column("n", "", Kind.SECONDS, "s")), ((text, text, number), (text, text, 300))),
                Note(text), Bar(parts), Chart(text, date(2026, 3, 2), (1, 2, None, 9) * 9, 9),
            ), text, (Next("logtune trial", text),), Level.LOOK),
        ),
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=60)),
    number=st.one_of(st.none(), st.floats(), st.integers(-(10**12), 10**12)),
    width=st.integers(40, 200),
    ascii=st.booleans(),
)
def test_hostile_text(text: str, number: float | None, width: int, ascii: bool) -> None:
    """Whatever a stranger wrote, wherever it stands: no control but the line end, no line wider than the terminal."""
    out = terminal.to_text(hostile_report(text, number), width, ascii)
    assert out.replace("\n", "").isprintable()
    assert max(cell_len(line) for line in out.splitlines()) <= min(width, 120)
    assert out.isascii() or not ascii


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(exclude_categories=()), max_size=60), width=st.integers(1, 40))
def test_narrow_never_raises(text: str, width: int) -> None:
    """Even a terminal of one column gets its report."""
    assert terminal.to_text(hostile_report(text, 1.5), width)


@pytest.mark.parametrize("text", HOSTILE)
def test_colour_sends_only_colour(text: str) -> None:
    """With colours, the only escape sequences are those for colours, whatever the log held."""
    file = io.StringIO()
    terminal.print_report(hostile_report(text, 2), file=file, width=100, color=True, ascii=False)
    rest = re.sub(r"\x1b\[[\d;]*m", "", file.getvalue())
    assert rest.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "text", ["[bold]hello[/bold]", "[/]", ":smile:", "[link=https://x.example]y[/link]", "{{ 7*7 }}"]
)
def test_markup_is_literal(text: str) -> None:
    """What looks like rich markup, an emoji code or a template comes out as it came."""
    file = io.StringIO()
    table = Table("t", (Column("helo", "HELO", Kind.LOGTEXT),), ((text,),))
    report = replace(sample.REPORT, sections=(Section("s", "S", (table,)),))
    terminal.print_report(report, file=file, width=80, color=True, ascii=False)
    assert f"  {text}\n" in file.getvalue()


def test_lines_are_whole() -> None:
    """What can be pasted is neither cut nor wrapped, however narrow the terminal is; controls are shown."""
    command = "postconf -e 'smtpd_helo_restrictions = " + "permit_mynetworks, " * 9 + "'"
    section = Section("s", "Do it", (Lines((command, "\x1b[2J"), "shell"),), next=(Next(command),))
    out = terminal.to_text(section, 60)
    assert out.count(command) == 2
    assert r"  \x1b[2J" in out


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "C"}, False),
        ({"LANG": "C.UTF-8", "LC_ALL": "POSIX"}, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LANG": "de_DE.UTF-8"}, True),
        ({}, True),
    ],
)
def test_a_pipe_in_a_c_locale_gets_ascii(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LANG=C asks for ASCII, though Python writes UTF-8 there and sets LC_CTYPE itself."""
    for name in ("LANG", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as pipe:
        assert terminal.speaks_utf8(pipe) is expected
