"""What all tests stand on: one locale, whatever the machine's, and the real postconf where there is one."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

os.environ.pop("LC_ALL", None)
os.environ["LANG"] = "C.UTF-8"  # golden files hold the UTF-8 signs; a C locale would get the ASCII ones


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


TOOLS = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))


@pytest.fixture
def postfix(tmp_path: Path) -> PostfixTools:
    """The tools of a Postfix that is installed, for ``tmp_path/postfix``."""
    if not all(shutil.which(name, path=TOOLS) for name in ("postconf", "postmap")):
        pytest.skip("needs postconf and postmap of Postfix (apt-get install postfix)")
    directory = tmp_path / "postfix"
    directory.mkdir(exist_ok=True)
    return PostfixTools(directory)
