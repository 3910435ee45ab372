"""A look at the catalogue by who may have no right to write, also after a writer was killed inside a transaction.

A killed writer leaves a journal beside the catalogue from which SQLite rolls the transaction back ("hot journal" in
https://sqlite.org/lockingv3.html). That is writing, so a reader is told ``SQLITE_READONLY_ROLLBACK`` until the next
writer comes, which may be a day later. Such a reader takes a copy of both files, while no writer is at work, and rolls
back there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time

from logtune.store import lock

STEP = 0.05
"""Seconds between tries."""


def connect(path: str, wait: float, mode: str = "rwc") -> sqlite3.Connection:
    """The database *path*; *wait* seconds at most for another transaction. Raises ``sqlite3.Error``."""
    con = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, isolation_level=None, timeout=wait)
    con.execute("PRAGMA mmap_size = 0")
    return con


def at(folder: str, path: str, wait: float) -> sqlite3.Connection:
    """A transaction that reads the catalogue *path* of the store *folder*. Raises ``sqlite3.Error``, ``StoreError``."""
    end = time.monotonic() + wait
    while True:
        try:
            return _plain(path, wait)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK or time.monotonic() > end:
                raise
        with lock.quiet(folder) as alone:
            if alone and os.path.exists(f"{path}-journal"):
                return _rolled_back(path)
        time.sleep(STEP)  # a writer is there: it rolls back first


def _plain(path: str, wait: float) -> sqlite3.Connection:
    con = connect(path, wait, "ro")
    try:
        con.execute("BEGIN")
        con.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        con.close()
        raise
    return con


def _rolled_back(path: str) -> sqlite3.Connection:
    """The catalogue as it was before the transaction that was not finished, in memory."""
    with tempfile.TemporaryDirectory(prefix="logtune-") as scratch:
        copy = os.path.join(scratch, os.path.basename(path))
        for end in ("", "-journal"):
            shutil.copyfile(f"{path}{end}", f"{copy}{end}")
        with contextlib.closing(connect(copy, 0)) as con:
            return in_memory(con)


def in_memory(con: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of the database that *con* has open. Raises ``sqlite3.Error``."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    con.backup(memory)
    return memory


def _quoted(path: str) -> str:
    """*path* as a URI of SQLite has it."""
    from urllib.parse import quote

    return quote(os.path.abspath(path))
