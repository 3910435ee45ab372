"""logtune parse: every line as a row, in order, in three forms that agree."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from logtune import schema
from logtune.cli.exit_codes import ExitCode
from logtune.cli.parse import GROUP_BYTES, ROW_GROUP, _gathered
from tests.cli.conftest import LOG, Runner


def rows(logtune: Runner, *arguments: str | Path) -> list[dict[str, Any]]:
    answer = logtune("parse", *arguments)
    assert (answer.code, answer.errors) == (ExitCode.OK, "")
    return [json.loads(row) for row in answer.text.splitlines()]


def test_a_row_per_line_in_input_order(logtune: Runner, maillog: Path) -> None:
    """Each line that is not blank is one object, in the order of the lines."""
    made = rows(logtune, maillog)
    assert [row["table"] for row in made] == [
        *("connections", "decisions", "queue", "queue", "queue", "connections", "deliveries", "queue"),
        *("connections", "decisions", "connections", "unrecognised"),
    ]
    text = LOG.encode()
    starts = [0, *(i + 1 for i, byte in enumerate(text) if byte == 10)][:12]
    assert [row["offset"] for row in made] == starts
    assert {row["source"] for row in made} == {str(maillog)}


def test_a_decision_in_full(logtune: Runner, maillog: Path) -> None:
    """Every column that the line, the link pass and classify give, and no null."""
    assert rows(logtune, maillog)[1] == {
        "table": "decisions",
        "position": (begin := LOG.index("2026-03-02T06:12:00.200000")),
        "source": str(maillog),
        "offset": begin,
        "ts": "2026-03-02T06:12:00.200000Z",
        "host": "mx",
        "instance": "postfix",
        "daemon": "smtpd",
        "pid": 101,
        "session": 0,
        "message": LOG.index("2026-03-02T06:12:00.300000"),
        "repeat": 1,
        "origin": "smtpd",
        "action": "reject_warning",
        "protocol_state": "RCPT",
        "client_name": "mail.example.com",
        "client_addr": "192.0.2.7",
        "reply_code": 504,
        "dsn": "5.5.2",
        "object": "frasier",
        "reason": "Helo command rejected: need fully-qualified hostname",
        "reason_shape": "Helo command rejected: need fully-qualified hostname",
        "restriction": "reject_non_fqdn_helo_hostname",
        "sender": "a@example.com",
        "recipient": "b@example.test",
        "proto": "ESMTP",
        "helo": "frasier",
    }


def test_counters_are_a_map(logtune: Runner, maillog: Path) -> None:
    """Counters of a disconnect are {command: [ok, total]}."""
    last = [row for row in rows(logtune, maillog) if row.get("event") == "disconnect"][-1]
    assert last["counters"] == {"helo": [1, 1], "mail": [1, 1], "rcpt": [0, 1], "quit": [1, 1], "commands": [3, 4]}


def test_empty_sender_is_there(logtune: Runner, maillog: Path) -> None:
    """<> is the empty text, not null: its key stands."""
    assert rows(logtune, maillog)[9]["sender"] == ""


def test_other_programs_leave_no_text(logtune: Runner, maillog: Path) -> None:
    """A line of another program is a row that says so, without what it said."""
    last = rows(logtune, maillog)[-1]
    assert last["why"] == schema.NOT_POSTFIX
    assert "text" not in last


def test_session_and_message_are_linked(logtune: Runner, maillog: Path) -> None:
    """Rows carry the position of what they belong to."""
    made = rows(logtune, maillog)
    assert [row.get("session") for row in made[:3]] == [0, 0, 0]
    begin = LOG.index("2026-03-02T06:12:00.300000")
    assert {row.get("message") for row in made if row.get("queue_id")} == {begin}


def test_one_table(logtune: Runner, maillog: Path) -> None:
    """--table leaves the others out."""
    assert {row["table"] for row in rows(logtune, "--table", "queue", maillog)} == {"queue"}


def test_csv_has_all_columns_in_schema_order(logtune: Runner, maillog: Path) -> None:
    """The header is the schema with source and offset after position; cells agree with JSON."""
    answer = logtune("parse", "--format", "csv", "--table", "decisions", maillog)
    made = list(csv.DictReader(io.StringIO(answer.text)))
    names = [column.name for column in schema.TABLES["decisions"]]
    at = names.index("position") + 1
    assert list(made[0]) == [*names[:at], "source", "offset", *names[at:]]
    from_json = rows(logtune, "--table", "decisions", maillog)
    for cells, row in zip(made, from_json, strict=True):
        assert {k: v for k, v in cells.items() if v != ""} == {
            k: str(v) for k, v in row.items() if k != "table" and v != ""
        }


def test_parquet_files(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """--output DIR gets a file per table, with the schema's types and source and offset."""
    folder = tmp_path / "rows"
    assert logtune("parse", "--format", "parquet", "--output", folder, maillog).code == ExitCode.OK
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.parquet" for name in schema.TABLES)
    made = pq.read_table(folder / "decisions.parquet")
    assert made.drop_columns(["source", "offset"]).schema.names == schema.arrow_schema("decisions").names
    assert made["source"].to_pylist() == [str(maillog)] * 2
    assert made["offset"].to_pylist() == made["position"].to_pylist()


def test_one_parquet_file(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """--table with --output FILE is one file, and the same bytes go to a pipe."""
    path = tmp_path / "queue.parquet"
    assert logtune("parse", "--format", "parquet", "--table", "queue", "--output", path, maillog).code == ExitCode.OK
    assert pq.read_table(path).num_rows == 4
    assert logtune("parse", "--format", "parquet", "--table", "queue", maillog).raw == path.read_bytes()


def test_two_sources_are_told_apart(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """source names the file of each row, offset counts in it."""
    older = tmp_path / "mail.log.1"
    older.write_text(LOG.replace("2026-03-02", "2026-03-01"))
    made = rows(logtune, maillog, older)
    assert [row["source"] for row in made] == [str(older)] * 12 + [str(maillog)] * 12
    assert [row["offset"] for row in made[:12]] == [row["offset"] for row in made[12:]]


@pytest.mark.parametrize("option", [["--host", "other"], ["--day", "2026-03-01"], ["--service", "submission"]])
def test_a_choice_that_leaves_nothing(logtune: Runner, maillog: Path, option: list[str]) -> None:
    """Options that choose nothing give no rows of Postfix, and no error: the log was read."""
    assert [row for row in rows(logtune, *option, maillog) if row["table"] != "unrecognised"] == []


def test_parts_are_written_together() -> None:
    """A file has few row groups, however many parts a long log has: all of them are listed in memory until its end."""
    part = pa.table({"position": pa.array(range(ROW_GROUP // 3), pa.int64())})
    assert [len(parts) for parts in _gathered([part] * 7)] == [3, 3, 1]
    wide = pa.table({"text": ["x" * (GROUP_BYTES // 2)]})
    assert [len(parts) for parts in _gathered([wide] * 5)] == [2, 2, 1]
    assert list(_gathered([])) == []
