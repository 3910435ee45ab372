"""What the last report said stays in the store: read before the answer, replaced behind it, by name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from logtune.store import catalogue, lock, reports
from tests.cli.conftest import LOG, Runner, logtune
from tests.store.older import make_older

__all__ = ["logtune"]

ZONE = ("--tz", "UTC", "--no-progress")
NEW = LOG.replace("192.0.2.7", "198.51.100.7").replace("mail.example.com", "mx.example.net").replace("03-02T", "03-03T")


@pytest.fixture
def store(tmp_path: Path, logtune: Runner) -> Path:
    """A store of a small log."""
    (tmp_path / "mail.log").write_text(LOG)
    assert logtune("ingest", tmp_path / "mail.log", "--store", tmp_path / "st", *ZONE).code == ExitCode.OK
    return tmp_path / "st"


def grow(store: Path, logtune: Runner) -> None:
    """Another day comes, with another client."""
    (store.parent / "mail.log").write_text(LOG + NEW)
    assert logtune("ingest", store.parent / "mail.log", "--store", store, *ZONE).code == ExitCode.OK


def names(store: Path) -> list[str]:
    """Reports that the store remembers."""
    with catalogue.reading(str(store)) as opened:
        return [row[0] for row in opened.con.execute("SELECT name FROM reports ORDER BY name")]


def test_a_condition_needs_no_file(store: Path, logtune: Runner) -> None:
    """Where a condition compares with the last report, the store keeps it: silent until something changes."""
    run = ("report", "--store", store, *ZONE, "--only-if", "new-client")
    assert logtune(*run).text
    assert names(store) == ["report"]
    assert logtune(*run).text == ""
    grow(store, logtune)
    assert "example.net" in logtune(*run).text
    assert logtune(*run).text == ""


def test_reports_have_names(store: Path, logtune: Runner) -> None:
    """Each name has a memory of its own; a report without condition or name leaves them alone."""
    for name in ("daily", "weekly"):
        assert "first report" in logtune("report", "--store", store, *ZONE, "--state", name).text.lower()
    grow(store, logtune)
    logtune("report", "--store", store, *ZONE, "--state", "daily")
    kept = {name: reports.last(str(store), name) for name in names(store)}
    assert list(kept) == ["daily", "weekly"]
    assert kept["daily"] != kept["weekly"]
    logtune("report", "--store", store, *ZONE)
    logtune("report", "--store", store, *ZONE, "--only-if", "limit")
    assert {name: reports.last(str(store), name) for name in names(store)} == kept


def test_a_file_is_a_file(store: Path, tmp_path: Path, logtune: Runner) -> None:
    """What has a slash is a file, beside a store too."""
    logtune("report", "--store", store, *ZONE, "--state", tmp_path / "state.json")
    assert (tmp_path / "state.json").exists()
    assert names(store) == []


def test_the_same_state_in_a_file_and_in_the_store(store: Path, tmp_path: Path, logtune: Runner) -> None:
    """The document is the one of the file."""
    logtune("report", "--store", store, *ZONE, "--state", tmp_path / "state.json")
    logtune("report", "--store", store, *ZONE, "--state", "daily")
    assert f"{reports.last(str(store), 'daily')}\n" == (tmp_path / "state.json").read_text()


def test_an_ingestion_does_not_stop_a_report(store: Path, logtune: Runner) -> None:
    """The state is written while a writer holds the lock of the store."""
    with lock.writing(str(store)):
        assert logtune("report", "--store", store, *ZONE, "--state", "daily").code == ExitCode.OK
    assert names(store) == ["daily"]


def test_an_earlier_store_is_brought_up_to_date(store: Path, logtune: Runner) -> None:
    """The first report that is to be remembered does it."""
    make_older(store, 2)
    assert logtune("report", "--store", store, *ZONE, "--state", "daily").code == ExitCode.OK
    assert names(store) == ["daily"]


def test_a_mail_that_was_not_sent(store: Path, tmp_path: Path, logtune: Runner) -> None:
    """The state stays as it was until the mail is taken over."""
    sendmail = tmp_path / "sendmail"
    sendmail.write_text("#!/bin/sh\nexit 75\n")
    sendmail.chmod(0o755)
    mail = ("--mail-to", "root", "--sendmail", sendmail)
    assert logtune("report", "--store", store, *ZONE, "--state", "daily", *mail).code == ExitCode.OUTPUT_ERROR
    assert names(store) == []


def test_a_state_that_cannot_be_used(store: Path, logtune: Runner) -> None:
    """One of another version ends the run before reading, and stays."""
    reports.keep(str(store), "daily", '{"schema": "logtune.state/9"}')
    answer = logtune("report", "--store", store, *ZONE, "--state", "daily")
    assert (answer.code, answer.text) == (ExitCode.CONFIG_ERROR, "")
    assert "logtune.state/9" in answer.errors
    assert reports.last(str(store), "daily") == '{"schema": "logtune.state/9"}'


def test_who_may_not_write(store: Path, logtune: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said before minutes go into reading; a report that is not remembered needs no such right."""
    monkeypatch.setattr(os, "access", lambda path, mode, **_: False)
    answer = logtune("report", "--store", store, *ZONE, "--state", "daily")
    assert (answer.code, answer.text) == (ExitCode.OUTPUT_ERROR, "")
    assert logtune("report", "--store", store, *ZONE).code == ExitCode.OK


def test_all_or_nothing(store: Path) -> None:
    """A transaction that fails leaves what was there."""
    reports.keep(str(store), "daily", "one")
    with contextlib.closing(sqlite3.connect(store / catalogue.NAME)) as con:
        con.execute("CREATE TRIGGER full BEFORE INSERT ON reports BEGIN SELECT raise(ABORT, 'full'); END")
    with pytest.raises(reports.StoreWriteError):
        reports.keep(str(store), "daily", "two")
    assert reports.last(str(store), "daily") == "one"
