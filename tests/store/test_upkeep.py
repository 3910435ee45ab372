"""One writer, many readers; full disks; versions; prune and compact; the commands."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logtune import api, cli, schema
from logtune.cli.exit_codes import ExitCode
from logtune.config import Config
from logtune.store import StoreBusy, catalogue, lock, migrate, upkeep
from logtune.store.ingest import ingest
from tests.store.older import UNDONE, make_older

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "helo_trial.log"
UTC = ZoneInfo("UTC")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logtune.store.ingest.BLOCK_BYTES", 20_000)


def take(store: Path, segment_bytes: int = 300_000) -> int:
    """Ingest the sample; gives the number of new lines."""
    return ingest([str(SAMPLE)], str(store), UTC, Config(), 2026, segment_bytes=segment_bytes).lines


def rows(store: Path) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    log = api.read(store=store)
    return {name: log.table(name).to_pylist() for name in schema.TABLES}


def files(store: Path) -> set[str]:
    """Part files that are on disk."""
    return {str(p.relative_to(store)) for p in (store / "parts").rglob("*") if p.is_file()}


def valid(store: Path) -> set[str]:
    """Part files that count."""
    with catalogue.reading(str(store)) as opened:
        return {p.file for p in opened.parts()}


def test_a_second_writer_is_told(tmp_path: Path) -> None:
    """While one writes, another one ends with a code of its own, or waits as long as it was asked to."""
    take(tmp_path / "s")
    with lock.writing(str(tmp_path / "s")), pytest.raises(StoreBusy, match="another logtune writes"):
        ingest([str(SAMPLE)], str(tmp_path / "s"), UTC, Config(), 2026, wait=0.2)
    with lock.writing(str(tmp_path / "s")):
        code = cli.run(["ingest", str(SAMPLE), "--store", str(tmp_path / "s"), "--year", "2026"])
    assert code == ExitCode.STORE_BUSY
    assert take(tmp_path / "s") == 0


def test_a_reader_neither_stops_an_ingest_nor_sees_half_of_it(tmp_path: Path) -> None:
    """What a notebook has open stays as it was, while a run adds lines; a new look sees them all."""
    growing, store = tmp_path / "mail.log", tmp_path / "s"
    text = SAMPLE.read_bytes()
    half = text.find(b"\n", len(text) // 2) + 1
    growing.write_bytes(text[:half])
    ingest([str(growing)], str(store), UTC, Config(), 2026)
    held = api.read(store=store)
    before = {name: held.table(name).num_rows for name in schema.TABLES}
    with catalogue.reading(str(store)) as reader:
        generation = reader.generation
    growing.write_bytes(text)
    ingest([str(growing)], str(store), UTC, Config(), 2026, segment_bytes=50_000)
    assert {name: held.table(name).num_rows for name in schema.TABLES} == before
    assert held.report() is not None
    with catalogue.reading(str(store)) as reader:
        assert reader.generation > generation
    assert api.read(store=store).coverage.lines == text.count(b"\n")


def test_parts_that_were_replaced_stay_for_who_reads_them(tmp_path: Path) -> None:
    """compact leaves the old files in their place for an hour, and the next writer takes them away after that."""
    take(tmp_path / "s", segment_bytes=50_000)
    before, old = rows(tmp_path / "s"), valid(tmp_path / "s")
    counts = upkeep.compact(str(tmp_path / "s"))
    assert counts == (len(old), len(valid(tmp_path / "s")))
    assert counts[1] < counts[0]
    assert rows(tmp_path / "s") == before
    assert files(tmp_path / "s") >= old
    with catalogue.writing(str(tmp_path / "s")) as opened:
        opened.sweep(grace=0)
    assert files(tmp_path / "s") == valid(tmp_path / "s")


def test_files_of_a_killed_run_are_taken_away(tmp_path: Path) -> None:
    """What no catalogue names does not count, and the run behind a killed one removes it."""
    store = tmp_path / "s"
    take(store)
    before = rows(store)
    orphan = store / next(iter(valid(store))).replace(".parquet", "x.parquet")
    code = (
        "import os, signal, sys\nfrom logtune.store import catalogue\n"
        "with catalogue.unfinished(sys.argv[1]):\n"
        "    open(sys.argv[2], 'wb').write(b'half a part')\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(store), str(orphan)], check=False).returncode < 0
    assert rows(store) == before
    take(store)
    assert files(store) == valid(store)
    assert not (store / catalogue.UNFINISHED).exists()


def test_a_run_behind_one_that_ended_looks_at_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of many days costs no run a walk through all its files; ``compact`` makes it."""
    store = tmp_path / "s"
    take(store)
    walked: list[str] = []
    real = os.walk

    def walk(top: str, topdown: bool = True) -> Iterator[tuple[str, list[str], list[str]]]:
        walked.append(os.path.basename(top))
        return real(top, topdown)

    monkeypatch.setattr("logtune.store.catalogue.os.walk", walk)
    take(store)
    assert set(walked) == {catalogue.CARRIED}
    upkeep.compact(str(store))
    assert set(walked) == {catalogue.CARRIED, catalogue.PARTS}


def test_prune(tmp_path: Path) -> None:
    """Days long ago go with their files and accounts; what stays is whole, and no old line comes in anew."""
    take(tmp_path / "s")
    upkeep.prune(str(tmp_path / "s"), 5, dt.date(2026, 3, 20))
    log = api.read(store=tmp_path / "s")
    times = [t for name in schema.TABLES for t in log.table(name).column("ts").to_pylist()]
    assert min(times) >= dt.datetime(2026, 3, 15)
    assert log.coverage.lines == len(times)
    assert files(tmp_path / "s") == valid(tmp_path / "s")
    copy = tmp_path / "mail.log.old"
    copy.write_bytes(SAMPLE.read_bytes()[:100_000])
    assert ingest([str(copy), str(SAMPLE)], str(tmp_path / "s"), UTC, Config(), 2026).lines == 0


FULL = """
import resource, sys
from logtune import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(cli.run(sys.argv[2:]))
"""


@pytest.mark.parametrize("limit", [4_000, 12_000, 40_000])
def test_no_space(limit: int, tmp_path: Path) -> None:
    """Where nothing more can be written the error says so, the store is as before, and the next run completes."""
    growing, store = tmp_path / "mail.log", tmp_path / "s"
    growing.write_bytes(b"".join(SAMPLE.read_bytes().splitlines(keepends=True)[:300]))
    ingest([str(growing)], str(store), UTC, Config(), 2026)
    before = rows(store)
    command = ["ingest", str(SAMPLE), "--store", str(store), "--year", "2026", "--tz", "UTC"]
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(limit), *command], check=False, capture_output=True, text=True
    )
    assert done.returncode == ExitCode.OUTPUT_ERROR, done.stderr
    assert str(store) in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(store) == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    take(store)
    assert rows(store) == rows_at_once(tmp_path)


def rows_at_once(folder: Path) -> dict[str, list[dict[str, object]]]:
    """The sample in a store of one run."""
    take(folder / "other", segment_bytes=1 << 30)
    return rows(folder / "other")


@pytest.mark.parametrize("command", ["ingest", "info"])
@pytest.mark.parametrize("version", UNDONE)
def test_an_earlier_version_is_brought_up_to_date(version: int, command: str, tmp_path: Path) -> None:
    """A catalogue of each earlier version gets what it lacks, and what it holds stays; who may only read has it so too."""
    store = tmp_path / "s"
    take(store)
    before = rows(store)
    make_older(store, version)
    old = (store / catalogue.NAME).read_bytes()
    assert rows(store) == before
    assert (store / catalogue.NAME).read_bytes() == old
    assert (take(store) if command == "ingest" else upkeep.info(str(store)).account.unclosed) == 0
    assert catalogue.version(str(store)) == migrate.VERSION
    assert rows(store) == before
    assert api.read(store=store).coverage.sources[0]["bytes"] == SAMPLE.stat().st_size


def test_a_later_version_is_left_alone(tmp_path: Path) -> None:
    """A store of a newer program is neither read nor written, and the error says what to do."""
    store = tmp_path / "s"
    take(store)
    with contextlib.closing(sqlite3.connect(store / catalogue.NAME)) as con:
        con.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
        con.commit()
    for command in (["report"], ["ingest", str(SAMPLE)], ["store", "info"]):
        assert cli.run([*command, "--store", str(store)]) == ExitCode.STORE_ERROR


def test_commands_say_what_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory without a catalogue, and PATHS beside a store, are told in words."""
    assert cli.run(["report", "--store", str(tmp_path)]) == ExitCode.STORE_ERROR
    assert "is no store" in capsys.readouterr().err
    assert cli.run(["report", str(SAMPLE), "--store", str(tmp_path)]) == ExitCode.USAGE
    assert cli.run(["ingest", "-", "--store", str(tmp_path / "s")]) == ExitCode.USAGE
    assert cli.run(["store", "prune", "--store", str(tmp_path), "--keep", "soon"]) == ExitCode.USAGE


def test_a_question_about_a_day_opens_the_parts_of_that_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of days before are never opened; of days after, those that hold rows of what began on the day."""
    from logtune.store import parts

    take(tmp_path / "s")
    opened = []
    real = parts.read
    monkeypatch.setattr(
        parts, "read", lambda folder, part, target: opened.append(part.day) or real(folder, part, target)
    )
    api.read(store=tmp_path / "s", day="2026-03-22", tz="UTC")
    assert set(opened) == {"2026-03-22"}
    opened.clear()
    api.read(store=tmp_path / "s", day="2026-03-10", tz="UTC")
    assert min(opened) == "2026-03-10"
    assert len(set(opened)) < 8
