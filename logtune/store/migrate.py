"""Catalogues of earlier versions to the present one.

``VERSION`` counts the layout of the catalogue and of the directory. Each step of ``STEPS`` brings a catalogue of its
version to the next one, inside the transaction that also raises the number: a kill leaves the old one. Columns of the
tables need no step: a part remembers the version of ``logtune.schema`` that it was written with, and columns that it
lacks are read as null.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from logtune.store.errors import StoreError

VERSION = 3
HISTORY = {
    1: "parts, sources, checkpoints, accounts",
    2: "accounts know how many bytes of a source were read, for reports over some days",
    3: "what reports said last, gaps between sources, parts found by day and position",
}
MADE = 2
"""Version that a new catalogue is made with; it is then brought up to date like any other."""


def _bytes_in_accounts(con: sqlite3.Connection) -> None:
    con.execute("ALTER TABLE accounts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0")
    con.execute(
        "UPDATE accounts SET bytes = coalesce((SELECT reached FROM sources s WHERE s.rank = accounts.rank), 0)"
        " WHERE day = (SELECT max(day) FROM accounts a WHERE a.rank = accounts.rank)"
    )


def _reports_gaps_indexes(con: sqlite3.Connection) -> None:
    con.execute("CREATE TABLE reports (name TEXT PRIMARY KEY, state TEXT NOT NULL)")
    con.execute(
        "CREATE TABLE gaps (rank INTEGER PRIMARY KEY, name TEXT NOT NULL, begin_us INTEGER NOT NULL,"
        " end_us INTEGER NOT NULL)"
    )
    con.execute("CREATE INDEX parts_by_day ON parts (day)")
    con.execute("CREATE INDEX parts_by_position ON parts (last, first)")


STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _bytes_in_accounts, 2: _reports_gaps_indexes}


def check(found: int, folder: str) -> None:
    """Raise ``StoreError`` where a store is of a later version than this program."""
    if found > VERSION:
        raise StoreError(f"the store {folder} has version {found}; this logtune knows up to {VERSION}: use a newer one")


def migrate(con: sqlite3.Connection, found: int) -> None:
    """Bring a catalogue of version *found* to ``VERSION``; the caller holds the lock of the store."""
    for version in range(found, VERSION):
        con.execute("BEGIN IMMEDIATE")
        STEPS[version](con)
        con.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(version + 1),))
        con.execute("COMMIT")
