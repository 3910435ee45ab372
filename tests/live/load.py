"""A known number of clients that come all the time, and what ``ps`` shows meanwhile."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.client import Gone, Wire

from logtune.results import Lines, Report, Table
from tests.live.instance import SMTP, Instance, wait_for
from tests.live.own_network import own_network

EVERY = 0.2
"""Seconds between two looks."""


class Sized(Instance):
    """An instance whose smtpd may have so many processes; idle ones leave at once, so that ps counts busy ones.

    It has a network of its own: master warns only of services that not just this machine can reach.
    """

    def __init__(self, limit: int) -> None:
        self.network = own_network()
        settings = {"max_idle": "1s", "smtpd_client_connection_count_limit": "0"}
        super().__init__(settings, change=lambda config: self.set(f"{{smtp}}/process_limit = {limit}"))

    def find_address(self) -> str:
        return self.network.__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if hasattr(self, "address"):
            self.network.__exit__(None, None, None)

    @property
    def smtp(self) -> str:
        return f"{self.address}:{SMTP}/inet"

    def set(self, what: str) -> None:
        """As ``postconf -F`` takes it."""
        run = ["postconf", "-c", str(self.config), "-F", what.replace("{smtp}", self.smtp)]
        subprocess.run(run, check=True)

    def postconf(self) -> str:
        """What ``postconf -F`` and ``-P`` print, for a file."""
        run = ["postconf", "-c", str(self.config)]
        return "".join(
            subprocess.run([*run, option], check=True, capture_output=True, text=True).stdout for option in ("-F", "-P")
        )

    def busy(self) -> int:
        """Running smtpd processes, as ps has them."""
        found = subprocess.run(
            ["ps", "-o", "comm=", "--ppid", str(self.master.pid)], capture_output=True, text=True, check=False
        )
        return found.stdout.split().count("smtpd")


@dataclass(frozen=True)
class Seen:
    """Counts of running smtpd processes while the clients came."""

    counts: Sequence[int]

    @property
    def peak(self) -> int:
        return max(self.counts)

    def at_most(self, part: float) -> int:
        return sorted(self.counts)[min(len(self.counts) - 1, int(part * len(self.counts)))]


def come(postfix: Sized, clients: int, seconds: float, hold: float) -> Seen:
    """So many clients at the same time, each of which comes again as soon as it has left; *hold* is a session."""
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=_client, args=(postfix.address, n, end, hold)) for n in range(clients)]
    for thread in threads:
        thread.start()
    counts = []
    while time.monotonic() < end:
        time.sleep(EVERY)
        counts.append(postfix.busy())
    for thread in threads:
        thread.join()
    wait_for(lambda: postfix.busy() == 0, 10)
    return Seen(counts)


def _client(address: str, number: int, end: float, hold: float) -> None:
    while time.monotonic() < end:
        try:
            wire = Wire(SMTP, f"192.0.2.{100 + number % 30}", 40000 + number, address)
            wire.command("EHLO mail.example.org")
            time.sleep(hold)
            wire.command("QUIT")
            wire.socket.close()
        except (Gone, OSError):  # the server stops, or the backlog was full: it comes again
            time.sleep(0.05)


def written(folder: Path, text: str) -> str:
    """*text* in a file, for --postconf."""
    path = folder / "postconf.txt"
    path.write_text(text)
    return str(path)


def table(report: Report, name: str) -> list[dict[str, object]]:
    """The rows of a table of the report by column name; empty where it is not there."""
    found = [i for s in report.sections for i in s.items if isinstance(i, Table) and i.name == name]
    return [dict(zip([c.name for c in t.columns], row, strict=True)) for t in found for row in t.rows]


def settings(report: Report) -> list[str]:
    """What the report's commands give to ``postconf -F``."""
    lines = [line for s in report.sections for i in s.items if isinstance(i, Lines) for line in i.lines]
    return [found for line in lines for found in re.findall(r'^postconf -F "(.*)"$', line)]
