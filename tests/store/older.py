"""Stores as earlier versions left them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from logtune.store import catalogue

UNDONE = {
    1: "ALTER TABLE accounts DROP COLUMN bytes",
    2: "DROP TABLE reports; DROP TABLE gaps; DROP INDEX parts_by_day; DROP INDEX parts_by_position",
}
"""What each version lacks of the one after it."""


def make_older(store: Path, version: int) -> None:
    """Take from the catalogue what came after *version*."""
    with contextlib.closing(sqlite3.connect(store / catalogue.NAME)) as con:
        for undone in sorted(UNDONE, reverse=True):
            if undone >= version:
                con.executescript(UNDONE[undone])
        con.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(version),))
        con.commit()
