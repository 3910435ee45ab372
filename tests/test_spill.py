"""Tables beyond the memory limit: the same rows from files, in a private directory that goes away."""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import logtune
from logtune import schema
from logtune.api import OptionError
from logtune.cli.exit_codes import ExitCode
from logtune.link import Late
from logtune.sources import Sources
from logtune.spill import Room, Spilled, SpillError, Store

SAMPLES = Path(__file__).parent.parent / "sample_logs"
LOGS = ("filter.log", "truth/shapes.log", "truth/repeated.log", "truth/random_before_queue.log")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Cut the input into blocks of about *size* bytes."""
    whole = Sources.blocks
    monkeypatch.setattr(Sources, "blocks", lambda self, _, progress: whole(self, size, progress))


def rounded(text: str) -> str:
    """*text* without the last digits of its fractions: DuckDB adds them in any order."""
    return re.sub(r"(\.[0-9]{9})[0-9]+", r"\1", text)


def answers(log: logtune.MailLog) -> dict[str, Any]:
    """All rows and what is made of them."""
    from logtune.render import json as rendered

    rows = {name: log.table(name).to_pydict() for name in schema.TABLES}
    return {
        **rows,
        "report": rounded(rendered.dumps(log.report())),
        "trial": json.dumps(log.trial_json(recipients=True), default=str),
        "period": log.period,
        "hosts": log.tables.hosts,
        "coverage": log.coverage,
        "repr": repr(log),
    }


@pytest.mark.parametrize("name", LOGS)
def test_files_hold_the_same_as_memory(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row and every answer, however the input is cut and wherever the tables are."""
    expected = answers(logtune.read(SAMPLES / name, year=2026, tz="UTC"))
    small_blocks(monkeypatch, 7_000)
    log = logtune.read(SAMPLES / name, year=2026, tz="UTC", memory=0)
    assert {type(table) for table in log.tables.tables.values() if table.num_rows} == {Spilled}
    assert answers(log) == expected


def test_a_choice_of_spilled_tables_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--day and --service choose the same sessions and messages."""
    asked: dict[str, Any] = {"year": 2026, "tz": "UTC", "day": "2026-03-10", "services": "smtp"}
    expected = logtune.read(SAMPLES / "filter.log", **asked)
    small_blocks(monkeypatch, 7_000)
    log = logtune.read(SAMPLES / "filter.log", **asked, memory=0)
    assert 0 < log.table("queue").num_rows < logtune.read(SAMPLES / "filter.log").table("queue").num_rows
    assert {n: log.table(n) for n in schema.TABLES} == {n: expected.table(n) for n in schema.TABLES}


@pytest.mark.parametrize("memory", [None, 0])
def test_a_year_that_turns_out_wrong_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: int | None
) -> None:
    """A log over New Year, copied late in that year: its first line could be of it, its last line tells."""
    stamps = ("Dec 30 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  2 10:00:00")
    path = tmp_path / "mail.log"
    path.write_text("".join(f"{stamp} mx postfix/qmgr[1]: A1B2C3D4E5: removed\n" for stamp in stamps))
    written = datetime(2026, 12, 31, 10, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    small_blocks(monkeypatch, 60)
    log = logtune.read(path, tz="Europe/Berlin", memory=memory)
    assert [ts.isoformat() for ts in log.table("queue").column("ts").to_pylist()] == [
        "2025-12-30T09:00:00",
        "2025-12-31T22:59:59",
        "2025-12-31T23:00:01",
        "2025-12-31T22:59:59",
        "2026-01-02T09:00:00",
    ]
    assert (log.coverage.backwards, log.coverage.year_assumed) == (1, "2025 to 2026 (file dates)")


def test_late_changes_reach_rows_in_files(folder: Path) -> None:
    """What a later block tells of rows that were written before stands in their files, the last word of it."""
    store = Store({"queue": schema.arrow_schema("queue", {"message"})}, Room(0))
    for begin in range(0, 50, 10):
        numbers = pa.array(range(begin, begin + 10), pa.int64())
        batch = pa.RecordBatch.from_arrays([numbers, pa.nulls(10, pa.int64())], schema=store.schemas["queue"])
        store.add({"queue": batch})
    store.change(Late("queue", "message", pa.array([3, 12, 49]), pa.array([7, 7, 7])))
    store.change(Late("queue", "message", pa.array([3, 13]), pa.array([None, 8])))
    table = store.tables()["queue"]
    assert isinstance(table, Spilled)
    changed = {row["position"]: row["message"] for row in table.table().to_pylist() if row["message"] is not None}
    assert changed == {12: 7, 49: 7, 13: 8}


def test_a_word_stands_in_a_file_once(folder: Path) -> None:
    """Blocks whose dictionaries differ share one in their file: no row has its word in full."""
    store = Store({"queue": schema.arrow_schema("queue", {"event"})}, Room(1 << 16))
    for begin in range(0, 1200, 200):
        words = ["active" * 100, "removed" * 100][:: 1 if begin % 400 else -1]
        events = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 100, pa.int32()), pa.array(words))
        numbers = pa.array(range(begin, begin + 200), pa.int64())
        store.add({"queue": pa.RecordBatch.from_arrays([numbers, events], schema=store.schemas["queue"])})
    table = store.tables()["queue"]
    assert isinstance(table, Spilled)
    events = [event[:7] for event in table.table()["event"].to_pylist()]
    assert events == (["removed", "activea"] * 100 + ["activea", "removed"] * 100) * 3
    files = [pq.ParquetFile(file).metadata for file in table.files]
    assert max(file.num_rows for file in files) >= 400
    assert max(file.row_group(0).column(1).total_uncompressed_size for file in files) < 2000


def test_the_directory_is_private_and_goes_with_the_log(folder: Path) -> None:
    """Nobody else reads the log there, and nothing stays behind."""
    log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC", memory=0)
    log.report()
    [made] = folder.iterdir()
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert list(made.iterdir())
    del log
    gc.collect()
    assert list(folder.iterdir()) == []


def test_joins_that_cannot_be_written_get_more_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB gives up where an operator cannot write what it holds; the answer comes all the same.

    So it is with the SQL of the relations; the native core needs no joins.
    """
    monkeypatch.setattr("logtune.tables.core_name", lambda: "reference")
    monkeypatch.setattr("logtune.spill.JOINS_LEAST", 4 << 20)
    log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC", memory=0)
    assert log.sql("SELECT count(*) AS n FROM recipients")["n"].tolist() == [
        logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC").sql("SELECT count(*) AS n FROM recipients")["n"][0]
    ]
    assert log.tables.room is not None and log.tables.room.joins > 4 << 20


def test_queries_reach_no_other_file(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Only the directory of the spilled tables is open to DuckDB."""
    import duckdb

    outside = tmp_path_factory.mktemp("outside") / "a.csv"
    outside.write_text("a\n1\n")
    log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC", memory=0)
    with pytest.raises(duckdb.PermissionException):
        log.sql(f"FROM '{outside}'")


def test_no_room_for_temporary_files_raises(folder: Path) -> None:
    """The error says where and why."""
    os.rmdir(folder)
    with pytest.raises(SpillError, match=f"cannot write temporary files in {folder}: no such file or directory"):
        logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC", memory=0)


def command(folder: Path, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "TMPDIR": str(folder), "LOGTUNE_MEMORY": "1"}
    line = [sys.executable, "-m", "logtune", *map(str, arguments)]
    return subprocess.run(line, env=settings, capture_output=True, text=True, check=False, **options)


def test_a_full_disk_ends_the_command_and_leaves_nothing(tmp_path: Path) -> None:
    """The same as a limit on the size of files: a message, a code, no file left."""
    big = tmp_path / "mail.log"
    big.write_bytes((SAMPLES / "helo_trial.log").read_bytes() * 4)
    folder = tmp_path / "temporary"
    folder.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    done = command(folder, "report", "--tz", "UTC", "--year", "2026", big, preexec_fn=limit)
    assert done.returncode == ExitCode.OUTPUT_ERROR
    assert done.stderr.startswith(f"logtune: cannot write temporary files in {folder}: ")
    assert "LOGTUNE_MEMORY" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", ["a lot", "0", "-1"])
def test_a_memory_limit_is_a_number_of_megabytes(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """LOGTUNE_MEMORY says what was found and what is expected."""
    monkeypatch.setenv("LOGTUNE_MEMORY", value)
    with pytest.raises(OptionError, match=f"LOGTUNE_MEMORY is '{value}'; expected a number of megabytes"):
        logtune.read(SAMPLES / "filter.log")
