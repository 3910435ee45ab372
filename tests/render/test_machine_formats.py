"""JSON, CSV and the notebook bundle."""

from __future__ import annotations

import csv as std_csv
import io
import json as std_json
import math
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune.render import csv, json, notebook
from logtune.results import Column, Kind, Table, Verdict
from tests.render import sample
from tests.render.test_terminal import HOSTILE, hostile_report


def test_json_top_level() -> None:
    """The report's fields and what ``extra`` holds stand at the top; rows are objects by column name."""
    data = std_json.loads(json.dumps(sample.TRIAL))
    assert list(data) == [
        "schema", "command", "hosts", "period", "coverage", "headline", "sections", "details", "verdict",
        "restrictions",
    ]  # fmt: skip
    assert data["schema"] == "logtune.trial/1"
    assert data["period"]["first"] == "2026-03-02T05:12:00Z"
    assert data["coverage"]["complete"] is False
    assert data["restrictions"] == [{"restriction": sample.NON_FQDN, "accepted": 178}]
    table = data["sections"][0]["items"][1]
    assert (table["type"], table["columns"][0]["kind"]) == ("table", "logtext")
    assert table["rows"][0] == {
        "organisation": "hollis-roofing.example", "client": "203.0.113.58", "helo": "SRV-MAIL01", "recipients": 6,
        "last": "2026-03-19T08:00:00Z", "evidence": "you wrote it 14 mails, 5 days, filter: clean",
    }  # fmt: skip


def test_json_extra_cannot_hide_a_field() -> None:
    """A name in ``extra`` that the report has itself is an error."""
    with pytest.raises(ValueError, match="extra takes a fixed name: period"):
        json.dumps(replace(sample.TRIAL, extra={"period": None}))


def test_json_values() -> None:
    """Enums are their words, numbers stay numbers, what JSON lacks is null."""
    values = {"v": Verdict.KEEP, "d": Decimal("3"), "x": math.inf, "t": datetime(2026, 3, 2, 5), 7: (1, 2.5)}
    assert json.data(values) == {"v": "keep on trial", "d": 3, "x": None, "t": "2026-03-02T05:00:00Z", "7": [1, 2.5]}


@given(st.text(st.characters(exclude_categories=())))
def test_json_text_comes_back(text: str) -> None:
    """Any text is printable ASCII in the JSON, and the same text when read."""
    out = json.text(text)
    assert out.isascii()
    assert out.isprintable()
    assert std_json.loads(out) == text


def test_json_lines() -> None:
    """Rows are one object a line, nulls left out."""
    file = io.StringIO()
    json.write_rows([{"a": 1, "b": None}, {"t": datetime(2026, 3, 2)}], file)
    assert file.getvalue() == '{"a": 1}\n{"t": "2026-03-02T00:00:00Z"}\n'


def test_csv_table() -> None:
    """All columns by name, values for machines, text escaped for spreadsheets."""
    columns = (Column("helo", "HELO", Kind.LOGTEXT), Column("n", "mails", Kind.COUNT), Column("t", "last", Kind.TIME),
               Column("d", "days", Kind.COURSE))  # fmt: skip
    rows = (("=1+1", -5, datetime(2026, 3, 2), (1, None, 3)), ('a"b,c\n', None, None, ()))
    file = io.StringIO()
    csv.write_table(Table("t", columns, rows), file)
    assert file.getvalue() == 'helo,n,t,d\n\'=1+1,-5,2026-03-02T00:00:00Z,1  3\n"a""b,c\\x0a",,,\n'


@given(
    st.lists(st.one_of(st.text(st.characters(exclude_categories=())), st.sampled_from(HOSTILE)), min_size=2, max_size=5)
)
def test_csv_cells(texts: list[str]) -> None:
    """Every row is read back with as many cells, none of which begins a formula or holds a control."""
    file = io.StringIO()
    csv.write_rows([f"c{i}" for i in range(len(texts))], [texts], file)
    _, row = std_csv.reader(io.StringIO(file.getvalue()))
    assert len(row) == len(texts)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert all(cell.isprintable() for cell in row)


def test_csv_mappings() -> None:
    """A stream of mappings; a counter map is JSON, a column that lacks is empty."""
    file = io.StringIO()
    csv.write_mappings(["a", "b", "c"], iter([{"a": {"ehlo": [1, 2]}, "b": True}]), file)
    assert file.getvalue() == 'a,b,c\n"{""ehlo"": [1, 2]}",true,\n'


def test_bundle_of_everything() -> None:
    """Reports, sections and items have text and HTML."""
    for obj in (sample.REPORT, sample.TRIAL, *sample.TRIAL.sections, *sample.TRIAL.sections[0].items, *sample.CARDS):
        bundle = notebook.bundle(obj)
        assert list(bundle) == ["text/plain", "text/html"]
        assert bundle["text/html"].startswith("<div>")
    assert "214 wanted" in notebook.html(sample.REPORT)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_html_is_safe(text: str) -> None:
    """Text adds no element, attribute or control to the page, whatever it is."""
    markup = f"<script>alert(1)</script>\" onload='x' {{{{ 7*7 }}}} {text}"
    out = notebook.html(hostile_report(markup, 1.5))
    assert "<script" not in out
    assert "onload='" not in out
    assert out.replace("\n", "").isprintable()
    plain = notebook.html(hostile_report("x", 1.5))
    assert out.count("<") == plain.count("<")


def test_register_without_ipython() -> None:
    """Outside of IPython there is nothing to tell."""
    assert notebook.register() is False
