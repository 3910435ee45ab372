"""logtune sql: questions only, with clear errors."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import Runner

QUERY = """
SELECT action, count(*) AS lines, min(delay) AS none
FROM decisions LEFT JOIN deliveries USING (position) GROUP BY 1 ORDER BY 1
"""


def test_text(logtune: Runner, maillog: Path) -> None:
    """An aligned table with headings."""
    answer = logtune("sql", "SELECT action, count(*) AS lines FROM decisions GROUP BY 1 ORDER BY 1", maillog)
    assert answer.text.splitlines() == [
        "action          lines",
        "--------------  -----",
        "reject              1",
        "reject_warning      1",
    ]
    assert answer.code == ExitCode.OK


def test_forms_agree(logtune: Runner, maillog: Path) -> None:
    """CSV, JSON and JSON lines hold the same rows."""
    wanted = [{"action": "reject", "lines": 1, "none": None}, {"action": "reject_warning", "lines": 1, "none": None}]
    assert json.loads(logtune("sql", QUERY, maillog, "--format", "json").text) == wanted
    assert [json.loads(r) for r in logtune("sql", QUERY, maillog, "--format", "jsonl").text.splitlines()] == wanted
    cells = list(csv.reader(io.StringIO(logtune("sql", QUERY, maillog, "--format", "csv").text)))
    assert cells == [["action", "lines", "none"], ["reject", "1", ""], ["reject_warning", "1", ""]]


@pytest.mark.parametrize("relation", ["sessions", "messages", "recipients", "flags"])
def test_relations(logtune: Runner, maillog: Path, relation: str) -> None:
    """The relations of the design are there and have rows."""
    answer = logtune("sql", f"SELECT count(*) AS n FROM {relation}", maillog, "--format", "jsonl")
    assert json.loads(answer.text)["n"] > 0


@pytest.mark.parametrize(
    "query", ["DESCRIBE decisions", "EXPLAIN SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "SHOW TABLES"]
)
def test_questions(logtune: Runner, maillog: Path, query: str) -> None:
    """Whatever only asks is answered."""
    answer = logtune("sql", query, maillog)
    assert (answer.code, answer.errors) == (ExitCode.OK, "")


def test_empty_result(logtune: Runner, maillog: Path) -> None:
    """No rows are a valid answer in each form."""
    query = "SELECT action FROM decisions WHERE false"
    texts = {form: logtune("sql", query, maillog, "--format", form).text for form in ("text", "csv", "json", "jsonl")}
    assert texts == {"text": "action\n------\n", "csv": "action\n", "json": "[]\n", "jsonl": ""}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nothing FROM decisions",
        "SELECT * FROM decision",
        "SELEC 1",
        "",
        ";",
        "SELECT 1; SELECT 2",
        "DROP TABLE decisions",
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO decisions SELECT * FROM decisions",
        "COPY decisions TO 'stolen.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM given",
        "SELECT * FROM self",
        "SELECT 1/'a'::int",
        "SELECT '\x1b[31m' + 1 AS \"\x1b]0;x\x07\"",
    ],
)
def test_what_is_no_question_to_the_tables(
    logtune: Runner, maillog: Path, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors, changes and reaches for files end with query_error, one clear message, and no file."""
    monkeypatch.chdir(tmp_path)
    answer = logtune("sql", query, maillog)
    assert (answer.code, answer.raw) == (ExitCode.QUERY_ERROR, b"")
    assert answer.errors.startswith("logtune: ")
    assert all(line.isprintable() for line in answer.errors.splitlines())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail.log"]


def test_an_error_names_what_there_is(logtune: Runner, maillog: Path) -> None:
    """A table that does not exist: which do."""
    errors = logtune("sql", "SELECT * FROM rejects", maillog).errors
    assert "Tables: decisions, connections, queue" in errors
    assert "Relations: sessions, messages, recipients, flags" in errors


def test_parquet(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """A file of the result's own types, or its bytes on stdout."""
    import pyarrow.parquet as pq

    path = tmp_path / "r.parquet"
    query = "SELECT outcome, count(*) AS n, max(ts) AS last FROM recipients GROUP BY 1 ORDER BY 1"
    run = ("sql", query, maillog, "--tz", "UTC", "--format", "parquet")
    assert logtune(*run, "--output", path).code == 0
    table = pq.read_table(path)
    assert [(row["outcome"], row["n"]) for row in table.to_pylist()] == [("accepted", 1), ("rejected", 1)]
    assert str(table.schema.field("last").type) == "timestamp[us]"
    assert pq.read_table(io.BytesIO(logtune(*run).raw)).equals(table)
