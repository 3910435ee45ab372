"""Sampling a running Postfix: what needs none."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from logtune import live
from logtune.analyses.glance import Known
from logtune.postconf.master_cf import parse
from logtune.postconf.services import Configuration
from logtune.results import Level

MASTER = """\
smtp inet n - y - 5 smtpd
submission inet n - y - - smtpd
pickup unix n - n 60 1 pickup
"""


class Gone(Exception):
    pass


class Process:
    """As psutil has them."""

    def __init__(self, pid: int, parent: int, *command: str, name: str = "") -> None:
        self.pid = pid
        self.info = {"pid": pid, "ppid": parent, "name": name or command[0].rsplit("/")[-1], "cmdline": list(command)}

    def cpu_times(self) -> tuple[float, float]:
        return 0.5, 0.25

    def memory_info(self) -> Any:
        return type("Memory", (), {"rss": 10 << 20})

    def memory_full_info(self) -> Any:
        return type("Memory", (), {"uss": 3 << 20})


class Fake:
    """psutil of a machine with these processes."""

    Error = Gone

    def __init__(self, *processes: Process) -> None:
        self.processes = processes

    def process_iter(self, _attributes: object) -> list[Process]:
        return list(self.processes)

    def cpu_percent(self) -> float:
        return 25.0

    def cpu_count(self) -> int:
        return 4

    def virtual_memory(self) -> Any:
        return type("Memory", (), {"total": 4 << 30, "available": 1 << 30})


RUNNING = Fake(
    Process(1, 0, "/usr/lib/postfix/sbin/master", "-w"),
    Process(2, 1, "smtpd", "-n", "smtp", "-t", "inet", "-u", "-c", "-o", "stress="),
    Process(3, 1, "smtpd", "-n", "smtp", "-t", "inet", "-u", "-c", "-o", "stress="),
    Process(4, 1, "pickup", "-l", "-t", "unix", "-u", "-c"),
    Process(5, 0, "/usr/lib/cyrus/bin/master", "-d"),
    Process(6, 5, "lmtpd"),
    Process(7, 0, "smtpd", "-n", "smtp"),
)


def configuration() -> Configuration:
    return Configuration({}, parse(MASTER), "test")


def sample(monkeypatch: pytest.MonkeyPatch, machine: Fake) -> live.Sample:
    monkeypatch.setattr(live, "_psutil", lambda: machine)
    monkeypatch.setattr(live.time, "sleep", lambda _: None)
    return live.sample(0.001)


def test_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of Postfix's master are counted by the service's name in master.cf; other masters' are not."""
    seen = sample(monkeypatch, RUNNING)
    assert [(d.key, d.daemon, d.peak, d.rss, d.own) for d in seen.daemons] == [
        ("smtp/inet", "smtpd", 2, 10 << 20, 3 << 20),
        ("pickup/unix", "pickup", 1, 10 << 20, 3 << 20),
    ]
    assert seen.process_bytes() == 3 << 20


def test_at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes, memory and CPU, all measured; services of one process by design are never the fullest."""
    lines = live.glances(sample(monkeypatch, RUNNING), configuration())
    assert [(g.level, g.what, g.why) for g in lines] == [
        (Level.WELL, "processes", "smtp/inet: 2 of 5 processes"),
        (Level.WELL, "memory", "1,024 of 4,096 MiB available, 3 MiB an smtpd"),
        (Level.WELL, "CPU", lines[2].why),
    ]
    assert lines[2].why.startswith("25 % of 4 cores in use, load ")
    assert {g.known for g in lines} == {Known.LIVE}


def test_no_postfix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Postfix runs the message says so, and what to do."""
    with pytest.raises(live.CannotSample, match="no Postfix runs on this machine") as found:
        sample(monkeypatch, Fake(Process(5, 0, "/usr/lib/cyrus/bin/master", "-d")))
    assert "logtune sizing PATHS" in found.value.advice[0]


def test_no_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil is an extra: without it the message names the package to install."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    with pytest.raises(live.CannotSample) as found:
        live.sample(1)
    assert found.value.advice == ("pip install 'logtune[live]'",)


def test_memory_that_cannot_be_told_apart() -> None:
    """Where what a process shares cannot be read, all of its memory counts."""
    daemon = live.Daemon("smtp/inet", "smtpd", [1], rss=10)
    assert live.Sample(datetime.now(UTC), 1.0, [daemon], 1, (0, 0, 0), 0.0, 1, 1).process_bytes() == 10
