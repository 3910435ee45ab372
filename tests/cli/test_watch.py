"""``logtune watch`` as a user starts it."""

from __future__ import annotations

import gzip
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Runner

SAMPLES = Path(__file__).parents[2] / "sample_logs"
COMMAND = [sys.executable, "-m", "logtune", "watch", "--tz", "UTC"]


def test_one_json_line_per_event(logtune: Runner, maillog: Path) -> None:
    """In a pipe each row that is understood is an event, and the last line sums up."""
    answer = logtune("watch", "--once", "--tz", "UTC", maillog)
    events = [json.loads(line) for line in answer.text.splitlines()]
    kinds = [event["event"] for event in events]
    assert answer.code == 0
    assert kinds == ["connect", "warning", "disconnect", "delivery", "connect", "reject", "disconnect", "summary"]
    assert (
        events[1]["restriction"] == "reject_non_fqdn_helo_hostname" and events[1]["ts"] == "2026-03-02T06:12:00.200000Z"
    )
    assert (events[-1]["lines"], events[-1]["warnings"]) == (13, {"reject_non_fqdn_helo_hostname": 1})


def test_pseudonyms(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """--anonymize holds for events too."""
    text = logtune("watch", "--once", "--anonymize", "full", "--key", tmp_path / "key", maillog).text
    assert '"warning"' in text and not any(name in text for name in ("example.com", "192.0.2.7", "frasier", '"mx"'))


def test_what_does_not_go_with_it(logtune: Runner, maillog: Path) -> None:
    """Choices of time and packed files are refused."""
    assert logtune("watch", "--day", "today", maillog).code == 2
    assert logtune("watch", f"{maillog}.1.gz").code == 2


def test_interrupt_ends_it_in_order(maillog: Path) -> None:
    """SIGINT ends with the sum, and no traceback."""
    running = subprocess.Popen([*COMMAND, str(maillog)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    first = running.stdout.readline()
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    rest, errors = running.communicate(timeout=20)
    assert (running.returncode, errors) == (0, "")
    assert json.loads(first)["event"] == "connect" and json.loads(rest.splitlines()[-1])["event"] == "summary"


def test_stdin() -> None:
    """``-`` is read until it ends; a last line without an end counts."""
    line = "2026-03-02T06:12:00+00:00 mx postfix/smtpd[1]: connect from mail.example.com[192.0.2.7]"
    done = subprocess.run([*COMMAND, "-"], input=line, capture_output=True, text=True, timeout=30, check=True)
    assert [json.loads(text)["event"] for text in done.stdout.splitlines()] == ["connect", "summary"]


def test_the_journal() -> None:
    """Entries of ``journalctl -f -o json`` are lines as any other."""
    entry = {"MESSAGE": "connect from mail.example.com[192.0.2.7]", "SYSLOG_IDENTIFIER": "postfix/smtpd", "_PID": "7",
             "_HOSTNAME": "mx", "__REALTIME_TIMESTAMP": "1772432000000000"}  # fmt: skip
    text = f"{json.dumps(entry)}\n" * 2
    done = subprocess.run([*COMMAND, "-"], input=text, capture_output=True, text=True, timeout=30, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["connect", "connect", "summary"]
    assert (events[0]["host"], events[0]["pid"], events[2]["recognised"]) == ("mx", 7, 2)


def test_screen_and_keys(maillog: Path) -> None:
    """In a terminal it draws, l shows lines, ? the help, and q ends it with the terminal as it was."""
    with maillog.open("a") as log:
        log.write("2026-03-02T06:15:00+00:00 mx postfix/smtpd[1]: warning: hostile \x1b]0;title\x07 text\n")
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="30")
        os.execv(sys.executable, [*COMMAND, str(maillog)])
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        end = time.monotonic() + 30
        while text not in shown and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536)
        assert text in shown

    until(b"reject_non_fqdn_helo_hostname")
    os.write(terminal, b"r")
    os.write(terminal, b"l")
    until(b"last flagged lines")
    os.write(terminal, b"?")
    until(b"this help")
    os.write(terminal, b"q")
    end = time.monotonic() + 30
    while (status := os.waitpid(process, os.WNOHANG))[0] == 0 and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    code = status[1] if status[0] else os.waitpid(process, 0)[1]
    os.close(terminal)
    assert os.waitstatus_to_exitcode(code) == 0
    assert b"\x1b]0;" not in shown and b"Traceback" not in shown


ROTATIONS = ("rename", "create", "copytruncate", "gz")


def rotated(path: Path, number: int, how: str) -> None:
    """As logrotate does: the writer opens its file anew for each line, so that a rename needs no signal."""
    old = Path(f"{path}.{number}")
    if how == "copytruncate":
        shutil.copyfile(path, old)
        os.truncate(path, 0)
        return
    path.rename(old)
    if how == "create":
        path.touch()
    if how == "gz":
        Path(f"{old}.gz").write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()


@pytest.mark.parametrize("how", ROTATIONS)
def test_nothing_is_lost_through_rotations(tmp_path: Path, logtune: Runner, how: str) -> None:
    """Twenty rotations while lines come: the sum is that of a report on the same lines, and truncations are told."""
    lines = (SAMPLES / "helo_trial.log").read_bytes().splitlines(keepends=True)
    path, whole = tmp_path / "mail.log", tmp_path / "whole.log"
    whole.write_bytes(b"".join(lines))
    path.touch()
    running = subprocess.Popen([*COMMAND, "--year", "2026", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    answer: list[bytes] = []
    reader = threading.Thread(target=lambda: answer.extend(running.communicate()))
    reader.start()
    for number in range(20):
        part = lines[number * len(lines) // 20 : (number + 1) * len(lines) // 20]
        for at in range(0, len(part), 40):
            with path.open("ab") as file:
                file.write(b"".join(part[at : at + 40]))
            time.sleep(0.005)
        if number == 0:
            time.sleep(3)  # it has begun
        rotated(path, number, how)
    time.sleep(3)
    running.send_signal(signal.SIGINT)
    reader.join(60)
    events = [json.loads(line) for line in answer[0].splitlines()]
    told = json.loads(logtune("watch", "--once", "--year", "2026", "--tz", "UTC", whole).text.splitlines()[-1])
    report = json.loads(logtune("report", "-f", "json", "--year", "2026", "--tz", "UTC", whole).text)["coverage"]
    names = ("lines", "recognised", "unrecognised", "rejects", "warnings", "statuses", "sessions")
    assert {n: events[-1][n] for n in names} == {n: told[n] for n in names}
    assert (told["lines"], told["recognised"]) == (report["lines"], report["recognised"])
    gaps = [event for event in events if event["event"] == "gap"]
    assert len(gaps) == events[-1]["gaps"] == (20 if how == "copytruncate" else 0)
    assert all(gap["copied"] for gap in gaps)
