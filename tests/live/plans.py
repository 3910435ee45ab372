"""Plans of `logtune tune` from live trials, carried out on a real configuration as an administrator would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.live.comparison import Case
from tests.live.instance import Instance
from tests.live.sessions import Answers, Script, play

DAYS = 28
FIRST = datetime(2026, 9, 1)
NOT_TABLES = {"PLAN.txt", "postconf.sh", "rollback.sh", "later.sh", "main.cf.diff", "master.cf.diff"}


@dataclass(frozen=True)
class Planned:
    """A trial and the folder with the files of its plan."""

    case: Case
    trial: Answers
    folder: Path
    report: str

    @property
    def changes(self) -> bool:
        return (self.folder / "postconf.sh").exists()

    def instance(self) -> Instance:
        """The server with the plan carried out."""
        return Instance(self.case.settings, dict(self.case.services), dict(self.case.files), self.carry_out)

    def carry_out(self, config: Path) -> None:
        """Copy the tables and run the script of postconf lines; postconf and postmap must accept all of it in silence."""
        for path in self.folder.iterdir():
            if path.name not in NOT_TABLES:
                shutil.copy(path, config)
                run(config, "postmap", "-q", "probe.example", f"{kind_of(path)}:{config / path.name}", fails=True)
        if self.changes:
            run(config, "sh", str(self.folder / "postconf.sh"))
        run(config, "postconf", "-n")
        run(config, "postconf", "-M")


def plan_of(case: Case, visits: Sequence[Sequence[Script]], folder: Path) -> Planned:
    """The one way by which tests get a plan: a live trial, its log told over four weeks, and `logtune tune`."""
    config, log = folder / "config", folder / "mail.log"
    with case.instance() as instance:
        trial = play(instance, visits, at_once=1)
        instance.stop()
        log.write_text(over_weeks(instance.log_text()))
        shutil.copytree(instance.config, config)
    command = [
        sys.executable,
        "-m",
        "logtune",
        "tune",
        str(log),
        "--postfix",
        str(config),
        "--output",
        str(folder / "plan"),
    ]
    done = subprocess.run([*command, "--year", "2026", "--tz", "UTC"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Planned(case, trial, folder / "plan", done.stdout)


def over_weeks(log: str) -> str:
    """The same lines in the same order, their times spread over DAYS: a verdict wants weeks, a test has seconds."""
    lines = log.splitlines()
    step = timedelta(days=DAYS) / max(len(lines), 1)
    return "".join(f"{FIRST + number * step:%b %e %H:%M:%S}{line[15:]}\n" for number, line in enumerate(lines))


def kind_of(table: Path) -> str:
    """The type of a table stands in its first line: `# cidr:$config_directory/NAME, written by logtune tune.`"""
    return table.read_text().removeprefix("# ").partition(":")[0]


def run(config: Path, *command: str, fails: bool = False) -> str:
    """Run a tool of Postfix on this configuration. A warning is a failure; a key that is not found need not be one."""
    environment = {**os.environ, "MAIL_CONFIG": str(config)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == "" and (fails or done.returncode == 0), f"{command}: {done.stderr}"
    return done.stdout
