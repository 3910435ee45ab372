"""The progress bar: on stderr, only on a terminal, gone at the end."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

PROGRAM = [sys.executable, "-c", "from logtune.cli import main; main()"]


def stderr_on_a_terminal(*arguments: str) -> tuple[bytes, bytes]:
    """(stdout of the pipe, what the terminal got)."""
    outside, inside = pty.openpty()
    done = subprocess.run([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=inside, check=True)
    os.close(inside)
    try:
        shown = os.read(outside, 1 << 20)
    except OSError:  # Linux: nothing was written before the terminal closed
        shown = b""
    os.close(outside)
    return done.stdout, shown


def test_bar_on_a_terminal(maillog: Path) -> None:
    """While it reads, a bar; the report on stdout has nothing of it."""
    out, shown = stderr_on_a_terminal("sizing", str(maillog))
    assert b"reading" in shown
    assert b"\x1b" not in out
    assert b"reading" not in out


def test_no_progress(maillog: Path) -> None:
    """--no-progress leaves the terminal alone."""
    assert stderr_on_a_terminal("sizing", str(maillog), "--no-progress")[1] == b""
