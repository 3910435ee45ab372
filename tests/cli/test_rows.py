"""Rows as JSON lines, CSV and text: complete, in order, and harmless wherever they go."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.cli import rows

HOSTILE = "\x1b]0;owned\x07 [bold]\"'; from=<a@b> \x7f\x9b31m \u202e\u2028\r\n=cmd()"

any_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(any_text)
def test_json_text_is_printable_ascii_and_reads_back(text: str) -> None:
    """A JSON string has no control character, not even DEL or C1, and gives the same text back."""
    encoded = rows.json_text(text)
    assert encoded.isascii()
    assert encoded.isprintable()
    assert json.loads(encoded) == text


@given(any_text)
def test_csv_text_is_one_harmless_cell(text: str) -> None:
    """A CSV cell has no control character and no formula, and stays one cell of one line."""
    encoded = rows.csv_text(text)
    assert encoded.isprintable()
    assert list(csv.reader(io.StringIO(encoded))) == [[csv_read(encoded)]]
    assert not csv_read(encoded).startswith(("=", "+", "-", "@", "\t", "\r"))


def csv_read(encoded: str) -> str:
    return encoded[1:-1].replace('""', '"')


def table(**columns: pa.Array) -> pa.Table:
    return pa.table(columns)


def test_json_objects_of_every_type() -> None:
    """Times are ISO 8601 with Z, floats read back, NaN is no number, dictionaries are plain text."""
    made = table(
        position=pa.array([1, 2]),
        ts=pa.array([datetime(2026, 3, 2, 6, 12, 0, 123456), None], pa.timestamp("us")),
        host=pa.array(["mx", "mx"]).dictionary_encode(),
        delay=pa.array([0.1, float("nan")]),
        sender=pa.array(["", None]),
        ok=pa.array([True, False]),
        day=pa.array([datetime(2026, 3, 2).date(), None]),
        names=pa.array([["a", HOSTILE], None]),
    )
    assert [json.loads(row) for row in rows.json_objects(made, nulls=False)] == [
        {
            "position": 1,
            "ts": "2026-03-02T06:12:00.123456Z",
            "host": "mx",
            "delay": 0.1,
            "sender": "",
            "ok": True,
            "day": "2026-03-02",
            "names": ["a", HOSTILE],
        },
        {"position": 2, "host": "mx", "ok": False},
    ]


def test_json_objects_with_nulls() -> None:
    """A query's result has every column in every object."""
    assert rows.json_objects(table(a=pa.array([None, 1]), b=pa.nulls(2))) == ['{"a":null,"b":null}', '{"a":1,"b":null}']


def test_two_columns_of_one_name_both_stand() -> None:
    """SELECT 1 AS a, 2 AS a has two columns; none is lost on the way."""
    made = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert rows.json_objects(made) == ['{"a":1,"a":2}']


def test_counters_are_an_object() -> None:
    """Counters of a disconnect line are {command: [ok, total]}."""
    made = table(counters=pa.array(["ehlo=1 rcpt=0/2 commands=1/3", None]).dictionary_encode())
    assert rows.json_objects(made, nulls=False) == ['{"counters":{"ehlo":[1,1],"rcpt":[0,2],"commands":[1,3]}}', "{}"]


def test_csv_tells_null_from_empty() -> None:
    """Null is an empty cell, the empty sender a quoted empty text."""
    made = table(sender=pa.array(["", None, 'a"b', "=1+1"]), n=pa.array([1, None, 3, 4]))
    assert rows.csv_lines(made) == ['"",1', ",", '"a""b",3', '"\'=1+1",4']


def test_text_table_aligns_and_escapes() -> None:
    """Numbers stand right, text left, controls are shown, long cells are cut with a sign."""
    made = table(
        name=pa.array(["frasier", "\x1b[31m", "日本"]), n=pa.array([5, 1234, None]), long=pa.array(["x" * 70] * 3)
    )
    assert list(rows.text_table(made)) == [
        "name         n  long",
        "--------  ----  " + "-" * 60,
        "frasier      5  " + "x" * 59 + "…",
        "\\x1b[31m  1234  " + "x" * 59 + "…",
        "日本" + " " * 12 + "x" * 59 + "…",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_merge_is_by_position_whatever_the_chunk(size: int) -> None:
    """Rows of all tables come in the order of their positions, however their parts are cut, also in unsorted ones."""
    nothing = table(position=pa.array([], pa.int64()))
    tables = {
        "a": [table(position=pa.array([30, 10])), nothing, table(position=pa.array([50]))],
        "b": [table(position=pa.array([20, 40]))],
        "c": [nothing],
        "d": [],
    }

    def encode(name: str, part: pa.Table) -> list[str]:
        return [f"{name}{position}" for position in part["position"].to_pylist()]

    merged = [row for part in rows.in_position_order(tables, encode, size) for row in part]
    assert merged == ["a10", "b20", "a30", "b40", "a50"]


def test_merge_of_nothing() -> None:
    """No rows, no output."""
    assert list(rows.in_position_order({"a": [table(position=pa.array([], pa.int64()))]}, lambda _, __: [])) == []
