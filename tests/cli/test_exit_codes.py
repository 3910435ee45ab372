"""Exit codes: stable numbers with names, all documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from logtune.cli.exit_codes import ExitCode

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"


def test_numbers_are_a_promise() -> None:
    """Scripts rely on these numbers; changing one is a breaking change."""
    assert {code.documented_name: int(code) for code in ExitCode} == {
        "ok": 0,
        "bug": 1,
        "usage": 2,
        "no_postfix_lines": 3,
        "partly_read": 4,
        "nothing_read": 5,
        "config_error": 6,
        "query_error": 7,
        "output_error": 8,
        "not_found": 9,
        "wanted_stopped": 10,
        "store_busy": 11,
        "store_error": 12,
        "interrupted": 130,
        "output_closed": 141,
        "terminated": 143,
    }


def test_the_page_has_a_line_for_each_code() -> None:
    """docs/exit-codes.md gives every number with its name and meaning."""
    page = PAGE.read_text(encoding="utf-8")
    rows = [
        f"| {code.value} | `{code.documented_name}` | {code.meaning.replace('|', chr(92) + '|')} |" for code in ExitCode
    ]
    assert [row for row in rows if row not in page] == []


def test_what_is_registered_for_the_end_is_done() -> None:
    """The process ends without being taken apart, but temporary files go, what was said is out, and the code stands."""
    code = """
import atexit, sys
from logtune.cli import main
atexit.register(print, "the end")
sys.argv = ["logtune", "nonsense"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "the end\n")
    assert "nonsense" in done.stderr
