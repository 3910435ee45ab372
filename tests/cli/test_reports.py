"""The commands that answer with a report: text, JSON, files, widths."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import Runner

REPORTS = ["report", "trial", "rejects", "delays", "sizing"]


@pytest.mark.parametrize("command", REPORTS)
def test_text(logtune: Runner, maillog: Path, command: str) -> None:
    """A pipe gets 80 columns without escape codes, and stderr stays empty."""
    answer = logtune(command, maillog)
    assert (answer.code, answer.errors) == (ExitCode.OK, "")
    assert f"logtune {command}" in answer.text
    assert max(map(len, answer.text.splitlines())) <= 80
    assert "\x1b" not in answer.text


@pytest.mark.parametrize("command", REPORTS)
def test_json(logtune: Runner, maillog: Path, command: str) -> None:
    """--format json is one JSON document with its schema."""
    answer = logtune(command, maillog, "--format", "json")
    assert re.fullmatch(rf"logtune\.{command}/\d+", json.loads(answer.text)["schema"])


@pytest.mark.parametrize("command", REPORTS)
def test_html(logtune: Runner, maillog: Path, command: str) -> None:
    """--format html is one page, told in its title which command on which host it answers."""
    answer = logtune(command, maillog, "--format", "html")
    assert (answer.code, answer.errors) == (ExitCode.OK, "")
    assert answer.text.startswith("<!doctype html>")
    assert f"<title>logtune {command}: mx, Mon 2 Mar 2026, 1 day</title>" in answer.text


def test_html_of_a_trial_has_the_names(logtune: Runner, maillog: Path) -> None:
    """The page of all trials holds, folded, what --restriction shows of each that would stop anyone."""
    page = logtune("trial", maillog, "--format", "html").text
    assert "<details" in page
    assert "Whom it would hit" in page
    assert "<details" not in logtune("report", maillog, "--format", "html").text


def test_html_is_utf8_in_every_locale(maillog: Path) -> None:
    """The page names its encoding itself, so the locale of cron does not change its bytes."""
    command = [sys.executable, "-m", "logtune", "report", str(maillog), "--format", "html"]
    pages = [
        subprocess.run(command, env={**os.environ, **env}, capture_output=True, check=True).stdout
        for env in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"})
    ]
    assert pages[0] == pages[1]
    assert "–" in pages[0].decode("utf-8")


@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_output_file(logtune: Runner, maillog: Path, tmp_path: Path, form: str) -> None:
    """--output writes what stdout would get, and nothing to stdout."""
    target = tmp_path / "out"
    answer = logtune("report", maillog, "--format", form, "--output", target)
    assert (answer.code, answer.raw) == (ExitCode.OK, b"")
    assert target.read_bytes() == logtune("report", maillog, "--format", form).raw


def test_width_and_color(logtune: Runner, maillog: Path) -> None:
    """--width narrows and widens, --color always sends codes into a pipe."""
    assert max(map(len, logtune("report", maillog, "--width", "60").text.splitlines())) <= 60
    assert "\x1b[" in logtune("report", maillog, "--color", "always").text


def test_trial_json(logtune: Runner, maillog: Path) -> None:
    """The keys of docs/formats.md; recipients only when asked for."""
    made = json.loads(logtune("trial", maillog, "--format", "json").text)
    assert list(made) == ["schema", "period", "coverage", "evidence", "restrictions", "overlap"]
    assert made["schema"] == "logtune.trial/1"
    assert [(r["restriction"], r["flagged"], r["accepted"]) for r in made["restrictions"]] == [
        ("reject_non_fqdn_helo_hostname", 1, 1)
    ]
    full = json.loads(logtune("trial", maillog, "--format", "json", "--recipients").text)
    assert full["recipients"][0]["flags"][0]["source"] == str(maillog)


def test_one_restriction(logtune: Runner, maillog: Path) -> None:
    """--restriction shows one in full; one that is not on trial is told."""
    assert (
        "reject_non_fqdn_helo_hostname"
        in logtune("trial", maillog, "--restriction", "reject_non_fqdn_helo_hostname").text
    )
    answer = logtune("trial", maillog, "--restriction", "reject_unknown_client_hostname")
    assert (answer.code, answer.raw) == (ExitCode.NOT_FOUND, b"")
    assert "reject_unknown_client_hostname" in answer.errors


def test_the_log_is_never_overwritten(logtune: Runner, maillog: Path) -> None:
    """--output with the name of a log is refused and the log is as it was."""
    before = maillog.read_bytes()
    assert logtune("report", maillog, "--output", maillog).code == ExitCode.USAGE
    assert maillog.read_bytes() == before


def test_no_paths_is_the_systems_log(logtune: Runner, maillog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PATHS the system's mail log is read; where there is none, it is told how to read the journal."""
    monkeypatch.setattr("logtune.sources.default_paths", lambda: [str(maillog)])
    assert logtune("report") == logtune("report", maillog)
    monkeypatch.setattr("logtune.sources.default_paths", list)
    answer = logtune("report")
    assert (answer.code, answer.raw) == (ExitCode.NOTHING_READ, b"")
    assert "journalctl" in answer.errors


def test_a_log_found_in_a_directory_is_never_overwritten(logtune: Runner, maillog: Path) -> None:
    """--output with the name of a log that a directory or glob led to is refused too."""
    before = maillog.read_bytes()
    for given in (maillog.parent, f"{maillog.parent}/mail.*"):
        assert logtune("report", given, "--output", maillog).code == ExitCode.USAGE
    assert maillog.read_bytes() == before


def test_known_clients_leave_the_lists(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """--known shortens lists and says by how much; a file that cannot be read is a configuration error."""
    known = tmp_path / "known"
    known.write_text("192.0.2.7\n")
    name = "reject_non_fqdn_helo_hostname"
    shown = logtune("trial", maillog, "--restriction", name, "--known", known).text
    assert "Known, not shown: 1 recipient." in shown
    assert "By sender and recipient" in shown
    assert "Known" not in logtune("trial", maillog, "--restriction", name).text
    assert logtune("trial", maillog, "--known", tmp_path / "missing").code == ExitCode.CONFIG_ERROR


def test_sizing_options(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """Limits from saved postconf output, growth, memory and charts; a file that is no such output is a named error."""
    saved = tmp_path / "postconf.txt"
    saved.write_text("smtp/inet/process_limit = 7\nsmtp/inet/command = smtpd\n")
    answer = logtune("sizing", maillog, "--postconf", saved, "--growth", "3", "--rss-mb", "10", "--charts")
    assert answer.code == ExitCode.OK
    assert re.search(r"smtp +1 +7 +postconf", answer.text)
    assert re.search(r"3 ×", answer.text)
    assert "10 MiB a process, as given" in answer.text
    saved.write_text("hello\n")
    wrong = logtune("sizing", maillog, "--postconf", saved)
    assert (wrong.code, wrong.text) == (ExitCode.CONFIG_ERROR, "")


def test_sizing_live_without_postfix(logtune: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Postfix runs, --live says so and what to do instead."""
    from logtune import live

    def none(_: float) -> None:
        raise live.CannotSample("no Postfix runs on this machine (no process master).", "Run it on the mail server")

    monkeypatch.setattr(live, "sample", none)
    answer = logtune("sizing", "--live")
    assert (answer.code, answer.text) == (ExitCode.NOTHING_READ, "")
    assert "no Postfix runs on this machine" in answer.errors
