"""What reports said last, by a name for each kind of report: what the next one of the name is compared with.

It is written in a transaction of its own, for which no lock of the store is taken: a report may end while an ingestion
runs, and changes nothing that other readers or writers see.
"""

from __future__ import annotations

import contextlib
import os

from logtune.store import catalogue, lock, look, migrate
from logtune.store.errors import StoreWriteError, told

WAIT = 60.0
"""Seconds at most for another transaction; for an ingestion only where the store is of an earlier version."""


def last(folder: str, name: str) -> str | None:
    """What the last report *name* said; None where there was none. Raises ``StoreError``."""
    with catalogue.reading(folder) as opened:
        row = opened.con.execute("SELECT state FROM reports WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def check(folder: str) -> None:
    """Raise ``StoreWriteError`` where ``keep`` could not write."""
    for path in (folder, os.path.join(folder, catalogue.NAME)):
        if not os.access(path, os.W_OK):
            raise StoreWriteError(f"cannot write to the store {folder}, which is to keep what this report says")


def keep(folder: str, name: str, state: str) -> None:
    """Put *state* in place of what the last report *name* said, whole or not at all. Raises ``StoreError``."""
    if catalogue.version(folder) < migrate.VERSION:
        with lock.writing(folder, WAIT), catalogue.writing(folder):
            pass
    path = os.path.join(folder, catalogue.NAME)
    with told(folder), contextlib.closing(look.connect(path, WAIT, "rw")) as con:
        con.execute("PRAGMA synchronous = FULL")
        con.execute("INSERT OR REPLACE INTO reports VALUES (?, ?)", (name, state))
