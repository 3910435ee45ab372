"""A kill at any moment neither loses nor doubles a line."""

from __future__ import annotations

from pathlib import Path

from tests.store import killing


def test_kills_while_a_log_is_rotated(tmp_path: Path) -> None:
    """After kills at random moments, with renames, copytruncate and gzip going on, each line is there exactly once."""
    found, log, _ = killing.run(tmp_path, kills=6, seed=7)
    assert killing.wrong(found, log) == ""
