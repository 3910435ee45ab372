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

VERSION = 2
HISTORY = {
    1: "parts, sources, checkpoints, accounts",
    2: "accounts know how many bytes of a source were read, for reports over some days",
}


def _bytes_in_accounts(con: sqlite3.Connection) -> None:
    con.execute("ALTER TABLE accounts ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0")
    con.execute(
        "UPDATE accounts SET bytes = coalesce((SELECT reached FROM sources s WHERE s.rank = accounts.rank), 0)"
        " WHERE day = (SELECT max(day) FROM accounts a WHERE a.rank = accounts.rank)"
    )


STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _bytes_in_accounts}


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
