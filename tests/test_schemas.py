"""Every document of ``--format json`` fits its JSON Schema, which leaves no key unsaid; so does every row of ``parse``."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

import logtune
from logtune import cli, schema
from logtune.render.json import data, report_data
from tests.cli.conftest import LOG

Run = Callable[..., str]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """What the program writes to stdout."""

    def answer(*arguments: str | Path) -> str:
        assert cli.run([str(a) for a in arguments]) == 0
        return capfdbinary.readouterr().out.decode()

    return answer


@pytest.fixture
def maillog(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_text(LOG, encoding="utf-8")
    return path


FOLDER = Path(schema.__file__).parent / "schemas"
SAMPLES = Path(__file__).parent.parent / "sample_logs"
LOGS = ("helo_trial.log", "filter.log", "truth/limits.log", "truth/abandoned_and_probes.log")
LIST = "reject_non_fqdn_helo_hostname, reject_unknown_client_hostname"


@cache
def validator(name: str) -> Draft202012Validator:
    document = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def errors(name: str, document: Any) -> list[str]:
    return [f"{list(e.absolute_path)}: {e.message[:300]}" for e in validator(name).iter_errors(document)]


@cache
def read(name: str) -> Any:
    return logtune.read(SAMPLES / name, year=2026, tz="UTC", mynetworks="192.168.10.0/24")


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("command", ["report", "rejects", "delays", "sizing"])
def test_reports(command: str, log: str) -> None:
    """report, rejects, delays, sizing."""
    assert errors("report", report_data(getattr(read(log), command)())) == []


@pytest.mark.parametrize("log", LOGS)
def test_trial(log: str) -> None:
    """The trial with all recipients, and what a list would do."""
    assert errors("trial", data(read(log).trial_json(recipients=True))) == []
    assert errors("trial", data(read(log).what_if_json(LIST, True))) == []


def test_verify() -> None:
    """A log with itself, and with a later one."""
    for after in ("helo_trial.log", "filter.log"):
        assert errors("verify", data(read("helo_trial.log").verification(read(after)).to_json())) == []


def test_state() -> None:
    """What ``--state`` keeps."""
    assert errors("state", data(read("helo_trial.log").changes().state.to_json())) == []


def test_tune(run: Run, tmp_path: Path) -> None:
    """A plan for a configuration."""
    (tmp_path / "main.cf").write_text(f"smtpd_helo_restrictions = warn_if_reject {LIST.split(',', maxsplit=1)[0]}\n")
    (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    answer = run(
        "tune", SAMPLES / "helo_trial.log", "--year", "2026", "--tz", "UTC", "--postfix", tmp_path, "--format", "json"
    )
    assert errors("tune", json.loads(answer)) == []


def test_helo(run: Run) -> None:
    """Names of every kind."""
    answer = run("helo", "mail.example.com", "frasier", "x_y", "[192.0.2.1]", "192.0.2.1", "--format", "json")
    assert errors("helo", json.loads(answer)) == []


def test_a_wrong_document_does_not_fit() -> None:
    """A missing key, another type, a key of which nobody knows."""
    whole = data(read("helo_trial.log").trial_json())
    for wrong in ({k: v for k, v in whole.items() if k != "period"}, {**whole, "overlap": {}}, {**whole, "more": 1}):
        assert len(errors("trial", wrong)) == 1


# --- rows of parse

TYPES = {pa.types.is_integer: "integer", pa.types.is_floating: "number", pa.types.is_boolean: "boolean"}


def rows_schema() -> dict[str, Any]:
    """The schema of a line of ``parse --format jsonl``, made of the tables' own."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:logtune:row:1",
        "title": "A line of logtune parse --format jsonl",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in schema.TABLES],
        "$defs": {name: row_of(name) for name in schema.TABLES},
    }


def row_of(table: str) -> dict[str, Any]:
    columns = {c.name: {**type_of(c), "description": c.meaning} for c in schema.TABLES[table]}
    own = {
        "source": {"type": "string", "description": "name of the file"},
        "offset": {"type": "integer", "description": "byte offset of the line in the decompressed file"},
    }
    return {
        "type": "object",
        "required": ["table", "position", "source", "offset"],
        "properties": {"table": {"const": table}, **columns, **own},
        "additionalProperties": False,
    }


def type_of(column: schema.Column) -> dict[str, Any]:
    if column.name == "counters":
        pair = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
        return {"type": "object", "additionalProperties": pair}
    if pa.types.is_timestamp(column.type):
        return {"type": "string", "format": "date-time", "pattern": "Z$"}
    return {"type": next((name for is_, name in TYPES.items() if is_(column.type)), "string")}


def test_rows_schema_is_that_of_the_tables() -> None:
    """The file says what schema.py says; ``rows_schema()`` above makes it anew."""
    assert json.loads((FOLDER / "row.schema.json").read_text("utf-8")) == rows_schema()


@pytest.mark.parametrize("log", [*LOGS, None])
def test_rows(run: Run, maillog: Path, log: str | None) -> None:
    """Every line of ``parse --format jsonl``; of large logs each hundredth."""
    answer = run("parse", SAMPLES / log if log else maillog, "--year", "2026", "--tz", "UTC", "--format", "jsonl")
    rows = [json.loads(line) for line in answer.splitlines()]
    rows = rows if len(rows) < 500 else rows[::100]
    assert rows
    assert [e for row in rows for e in errors("row", row)] == []
