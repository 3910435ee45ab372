"""What all tests stand on: one locale, whatever the machine's, and the real postconf where there is one."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

os.environ.pop("LC_ALL", None)
os.environ["LANG"] = "C.UTF-8"  # golden files hold the UTF-8 signs; a C locale would get the ASCII ones

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of a shell's background: programs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class PostfixTools:
    """The real postconf and postmap, on a configuration directory of the test's own. No daemon is started."""

    directory: Path

    def postconf(self, *arguments: str) -> str:
        return self.run("postconf", "-c", str(self.directory), *arguments)

    def values(self, *arguments: str) -> dict[str, str]:
        """``name = value`` lines of postconf as a dictionary."""
        lines = [line.partition("=") for line in self.postconf(*arguments).splitlines()]
        return {name.strip(): value.strip() for name, _, value in lines}

    def query(self, table: str, key: str) -> str | None:
        """What ``postmap -q`` finds in *table* (``$config_directory`` is this directory); None for nothing."""
        table = table.replace("$config_directory", str(self.directory))
        return self.run("postmap", "-c", str(self.directory), "-q", key, table, fails=True).strip() or None

    def script(self, path: Path) -> None:
        """Run a shell script of postconf lines on this directory."""
        self.run("sh", str(path))

    def run(self, *command: str, fails: bool = False) -> str:
        environment = {**os.environ, "PATH": TOOLS, "MAIL_CONFIG": str(self.directory)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
        assert fails or done.returncode == 0, f"{shlex.join(command)}: {done.stderr}"
        return done.stdout


LONGEST = ("tests/live/test_plan", "tests/live/test_trial", "tests/live/")
"""What to begin with: whoever gets a long one last keeps the others waiting."""


def unit(nodeid: str) -> str:
    """The tests that go to one process, where what they share is made once: those of a file, live ones of a case.

    The id of a live test's parameters begins with the case.
    """
    file, _, test = nodeid.partition("::")
    function, _, parameters = test.removesuffix("]").partition("[")
    return f"{file}::{parameters.rpartition('-')[0] or parameters or function}" if "/live/" in file else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share tests out by units (docs/decisions/0011)."""
    from xdist.scheduler import LoadScopeScheduling

    class Units(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return Units(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, where several processes share the tests."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: next((n for n, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST)))


TOOLS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


@pytest.fixture
def postfix(tmp_path: Path) -> PostfixTools:
    """The tools of a Postfix that is installed, for ``tmp_path/postfix``."""
    if not all(shutil.which(name, path=TOOLS) for name in ("postconf", "postmap")):
        pytest.skip("needs postconf and postmap of Postfix (apt-get install postfix)")
    directory = tmp_path / "postfix"
    directory.mkdir(exist_ok=True)
    return PostfixTools(directory)
