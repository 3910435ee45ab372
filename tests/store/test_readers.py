"""Who may only read a store can ask it at any time: beside a writer, behind a killed one, before it is brought up to
date."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logtune import api, cli, schema
from logtune.cli.exit_codes import ExitCode
from logtune.config import Config
from logtune.store import StoreError, catalogue, lock, migrate, upkeep
from logtune.store.ingest import ingest
from tests.store.older import UNDONE, make_older

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "helo_trial.log"
NOBODY = 65534

KILLED = """
import os, signal, sys
from logtune.store import catalogue, lock
with lock.writing(sys.argv[1]), catalogue.writing(sys.argv[1]) as opened:
    run = opened.con.execute
    run("PRAGMA cache_size = 1")  # changes go to the file before the end of the transaction
    run("BEGIN IMMEDIATE")
    run("DELETE FROM parts")
    run("UPDATE sources SET reached = 0")
    opened.con.executemany("INSERT INTO dropped VALUES (?, 0)", [(f"{n:0100}",) for n in range(2000)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def store() -> Iterator[Path]:
    """A store of the sample, in a directory that anybody may reach and read, and only its owner may write."""
    with tempfile.TemporaryDirectory(prefix="logtune-test-") as folder:
        os.chmod(folder, 0o755)
        made = Path(folder) / "store"
        take(made)
        yield made
        for where, _, _ in os.walk(made):
            os.chmod(where, 0o755)


def take(folder: Path) -> int:
    """Ingest the sample; gives the number of new lines."""
    return ingest([str(SAMPLE)], str(folder), ZoneInfo("UTC"), Config(), 2026, segment_bytes=300_000).lines


def readable(folder: Path) -> None:
    """All may read, nobody but root may write."""
    for where, _, names in os.walk(folder):
        for name in names:
            os.chmod(os.path.join(where, name), 0o444)
        os.chmod(where, 0o555)


@contextlib.contextmanager
def a_reader(folder: Path) -> Iterator[None]:
    """Be somebody who may read *folder* and not write to it: root becomes another user for the time."""
    readable(folder)
    root = os.geteuid() == 0
    if root:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    try:
        assert not os.access(folder, os.W_OK, effective_ids=True)
        yield
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)


def kill_a_writer(folder: Path) -> None:
    """Leave a transaction of which a part has reached the file."""
    code = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False).returncode
    assert code == -signal.SIGKILL
    uri = f"file:{folder / catalogue.NAME}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as con, pytest.raises(sqlite3.OperationalError):
        con.execute("SELECT 1 FROM parts").fetchone()


def rows(folder: Path) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    log = api.read(store=folder)
    return {name: log.table(name).to_pylist() for name in schema.TABLES}


def test_a_reader_needs_no_right_to_write(store: Path) -> None:
    """Who may only read the directory has what its owner has."""
    whole = rows(store)
    with a_reader(store):
        assert rows(store) == whole


def test_a_killed_transaction_is_not_seen(store: Path) -> None:
    """A journal that a killed writer left is rolled back in a copy; the directory stays as it is."""
    whole = rows(store)
    kill_a_writer(store)
    left = (store / catalogue.NAME).read_bytes()
    with a_reader(store):
        assert rows(store) == whole
    assert rows(store) == whole
    assert (store / catalogue.NAME).read_bytes() == left


def test_commands_after_a_killed_transaction(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports, ``store info`` and the next ``ingest`` work behind a killed writer; the latter cleans up."""
    kill_a_writer(store)
    assert cli.run(["report", "--store", str(store), "--no-progress"]) == ExitCode.OK
    assert cli.run(["store", "info", "--store", str(store)]) == ExitCode.OK
    capsys.readouterr()
    assert cli.run(["ingest", str(SAMPLE), "--store", str(store), "--no-progress"]) == ExitCode.OK
    assert capsys.readouterr().out == f"nothing new for {store}\n"
    assert not (store / f"{catalogue.NAME}-journal").exists()


def test_a_reader_waits_for_a_writer_who_rolls_back(store: Path) -> None:
    """While somebody has the lock behind a killed writer, the reader waits for him, and then sees what he left."""
    whole = rows(store)
    kill_a_writer(store)

    def writes() -> None:
        with lock.writing(str(store)):
            begun.set()
            time.sleep(0.3)
            with catalogue.writing(str(store)) as opened:
                opened.commit(catalogue.Commit(meta={"zone": "Europe/Berlin"}))

    begun = threading.Event()
    writer = threading.Thread(target=writes)
    writer.start()
    begun.wait()
    assert rows(store) == whole
    writer.join()
    assert api.read(store=store).coverage.zone == "Europe/Berlin"


def test_a_catalogue_that_was_never_finished_is_none(store: Path) -> None:
    """A run killed while it made the catalogue leaves none: readers are told so, the next run makes it."""
    empty = store.parent / "empty"
    empty.mkdir()
    (empty / catalogue.NAME).touch()
    with pytest.raises(StoreError, match="is no store"):
        api.read(store=empty)
    assert take(empty)
    assert rows(empty) == rows(store)


@pytest.mark.parametrize("version", UNDONE)
def test_a_reader_of_an_earlier_version(version: int, store: Path) -> None:
    """Who may not bring a store up to date sees it as if it were."""
    whole = rows(store)
    make_older(store, version)
    with a_reader(store):
        assert rows(store) == whole
        assert upkeep.info(str(store)).version == migrate.VERSION
    assert catalogue.version(str(store)) == version
