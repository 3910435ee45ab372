"""The catalogue: a small SQLite database that says which parts are valid and how far each source was read.

One transaction makes a segment valid: its parts, the ones they replace, positions, accounts, carried rows. Files that
the catalogue does not name do not exist for anybody (a kill can leave such), and are taken away by the next writer.

A rollback journal is used, not a write-ahead log: a reader needs no more than the right to read, and holds its lock
for the milliseconds of one query, after which it works on files that nobody changes. What a part was replaced by stays
on disk for ``GRACE`` seconds, so that who has read the catalogue can still read its parts.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logtune.store import look, migrate
from logtune.store.errors import StoreError, told

NAME = "catalogue.sqlite"
PARTS = "parts"
CARRIED = "carried"
UNFINISHED = "unfinished"
"""A file that is there while parts are written. A power cut may lose it and leave a part: ``compact`` finds that."""
GRACE = 3600.0
"""Seconds for which a part that was replaced stays on disk: readers that began before have finished by then."""
BUSY_MS = 60_000

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sources (
    rank INTEGER PRIMARY KEY, name TEXT NOT NULL, begin INTEGER NOT NULL, reached INTEGER NOT NULL,
    first_line BLOB NOT NULL, tail BLOB NOT NULL, stat TEXT NOT NULL, clock TEXT NOT NULL, problem TEXT, path TEXT);
CREATE TABLE checkpoints (rank INTEGER NOT NULL, first INTEGER NOT NULL, digests BLOB NOT NULL,
    PRIMARY KEY (rank, first));
CREATE TABLE accounts (
    rank INTEGER NOT NULL, day TEXT NOT NULL, recognised INTEGER NOT NULL, unrecognised INTEGER NOT NULL,
    not_postfix INTEGER NOT NULL, blank INTEGER NOT NULL, no_stamp INTEGER NOT NULL, backwards INTEGER NOT NULL,
    loss_notes INTEGER NOT NULL, loss_lines REAL NOT NULL, unclosed INTEGER NOT NULL, uncounted INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (rank, day));
CREATE TABLE parts (
    file TEXT PRIMARY KEY, name TEXT NOT NULL, host TEXT NOT NULL, day TEXT NOT NULL, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, least_unit INTEGER NOT NULL,
    tables_version INTEGER NOT NULL);
CREATE TABLE dropped (file TEXT PRIMARY KEY, at REAL NOT NULL);
"""


@dataclass(frozen=True)
class Part:
    """A Parquet file: rows of one table, host and UTC day, in position order."""

    file: str
    """Path below the store."""
    name: str
    """Table."""
    host: str
    """Empty where lines have none."""
    day: str
    """ISO date."""
    rows: int
    bytes: int
    first: int
    last: int
    """Positions of its first and last row."""
    least_unit: int
    """Earliest session or message that a row belongs to: it may have begun in another part."""
    tables_version: int


@dataclass
class Account:
    """Lines of one source on one UTC day; ``Coverage`` is made of these."""

    recognised: int = 0
    unrecognised: int = 0
    not_postfix: int = 0
    blank: int = 0
    no_stamp: int = 0
    backwards: int = 0
    loss_notes: int = 0
    loss_lines: float = 0.0
    unclosed: int = 0
    uncounted: int = 0
    bytes: int = 0


ACCOUNT = tuple(Account.__dataclass_fields__)


@dataclass
class Known:
    """A source that was read: what it is recognised by, and how far it was read."""

    rank: int
    name: str
    begin: int
    reached: int
    first_line: bytes
    """Digest of its first line."""
    tail: bytes
    """Digest of what stands between its last checkpoint and the byte reached."""
    stat: str = ""
    """What the system said of the file when all of it was here: the same again needs no reading."""
    clock: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    path: str | None = None
    """Absolute path under which it was read last."""


@dataclass(frozen=True)
class Gap:
    """Between these times lines may be missing (store/gaps.py)."""

    rank: int
    """Source whose end was not read."""
    name: str
    begin: int
    end: int
    """Microseconds since 1970, UTC."""


@dataclass(frozen=True)
class Commit:
    """What one transaction makes valid."""

    added: Sequence[Part] = ()
    dropped: Sequence[str] = ()
    sources: Sequence[Known] = ()
    checkpoints: Sequence[tuple[int, int, bytes]] = ()
    """Rank, number of the first digest, digests."""
    accounts: Mapping[tuple[int, str], Account] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    forgotten: str = ""
    """Accounts and gaps of days before this one go."""
    gaps: Sequence[Gap] = ()
    closed: Sequence[int] = ()
    """Sources whose gap is none any more."""


class Catalogue:
    """The open catalogue of the store *folder*. ``reading`` and ``writing`` open it."""

    def __init__(self, folder: str, con: sqlite3.Connection) -> None:
        self.folder = folder
        self.con = con

    def meta(self, key: str, default: str = "") -> str:
        """A value by its name."""
        row = self.con.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else str(row[0])

    @property
    def generation(self) -> int:
        """How many transactions changed what readers see."""
        return int(self.meta("generation", "0"))

    def parts(self) -> list[Part]:
        """All valid parts, in the order of their first rows."""
        return self._parts("")

    def parts_of_days(self, first: str, last: str) -> list[Part]:
        """Those of the days (ISO) from *first* to *last*."""
        return self._parts("WHERE day BETWEEN ? AND ?", first, last)

    def parts_after(self, day: str, unit: int) -> list[Part]:
        """Those of the days after *day* with rows of a session or message that began at *unit* or before."""
        return self._parts("WHERE day > ? AND least_unit <= ?", day, unit)

    def parts_at(self, first: int, end: int) -> list[Part]:
        """Those that may have rows at positions from *first* to before *end*."""
        return self._parts("WHERE last >= ? AND first < ?", first, end)

    def _parts(self, where: str, *values: str | int) -> list[Part]:
        columns = ", ".join(Part.__dataclass_fields__)
        query = f"SELECT {columns} FROM parts {where} ORDER BY first, file"
        return [Part(*row) for row in self.con.execute(query, values)]

    def gaps(self) -> list[Gap]:
        """All gaps."""
        rows = self.con.execute("SELECT rank, name, begin_us, end_us FROM gaps ORDER BY begin_us, rank")
        return [Gap(*row) for row in rows]

    def sources(self) -> list[Known]:
        """All sources in rank order."""
        rows = self.con.execute(
            "SELECT rank, name, begin, reached, first_line, tail, stat, clock, problem, path FROM sources ORDER BY rank"
        )
        found = []
        for rank, name, begin, reached, first_line, tail, stat, clock, problem, path in rows:
            known = Known(rank, name, begin, reached, first_line, tail, stat, json.loads(clock), problem, path)
            found.append(known)
        return found

    def checkpoints(self, rank: int) -> bytes:
        """Digests of all checkpoints of a source, one after another."""
        rows = self.con.execute("SELECT digests FROM checkpoints WHERE rank = ? ORDER BY first", (rank,))
        return b"".join(row[0] for row in rows)

    def accounts(self) -> dict[tuple[int, str], Account]:
        """Lines by source and day."""
        rows = self.con.execute(f"SELECT rank, day, {', '.join(ACCOUNT)} FROM accounts ORDER BY rank, day")
        return {(row[0], row[1]): Account(*row[2:]) for row in rows}

    def commit(self, commit: Commit) -> None:
        """Make *commit* valid, all of it or nothing. Raises ``StoreWriteError``."""
        with told(self.folder):
            self.con.execute("BEGIN IMMEDIATE")
            try:
                self._write(commit)
                self.con.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk may have rolled it back already
                    self.con.execute("ROLLBACK")
                raise

    def _write(self, commit: Commit) -> None:
        run, many = self.con.execute, self.con.executemany
        many("DELETE FROM parts WHERE file = ?", [(file,) for file in commit.dropped])
        many("INSERT INTO dropped VALUES (?, ?)", [(file, time.time()) for file in commit.dropped])
        columns = tuple(Part.__dataclass_fields__)
        many(_insert("parts", columns), [tuple(getattr(p, c) for c in columns) for p in commit.added])
        for s in commit.sources:
            named = (s.rank, s.name, s.begin, s.reached, s.first_line, s.tail, s.stat)
            run(
                "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*named, json.dumps(s.clock), s.problem, s.path),
            )
        many("INSERT INTO checkpoints VALUES (?, ?, ?)", commit.checkpoints)
        added = ", ".join(f"{c} = {c} + excluded.{c}" for c in ACCOUNT)
        many(
            f"{_insert('accounts', ('rank', 'day', *ACCOUNT))} ON CONFLICT (rank, day) DO UPDATE SET {added}",
            [(*key, *(getattr(account, c) for c in ACCOUNT)) for key, account in commit.accounts.items()],
        )
        run("DELETE FROM accounts WHERE day < ?", (commit.forgotten,))
        run("DELETE FROM gaps WHERE date(end_us / 1000000, 'unixepoch') < ?", (commit.forgotten,))
        many("DELETE FROM gaps WHERE rank = ?", [(rank,) for rank in commit.closed])
        many("INSERT OR REPLACE INTO gaps VALUES (?, ?, ?, ?)", [(g.rank, g.name, g.begin, g.end) for g in commit.gaps])
        meta = {**commit.meta, "generation": str(self.generation + 1)}
        many("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(meta.items()))

    def sweep(self, grace: float = GRACE, thorough: bool = False) -> None:
        """Take away files that no reader can need: replaced before *grace* seconds, or left by a killed writer.

        All parts are looked at where a writer did not end as it should (``UNFINISHED``), and where *thorough* asks.
        """
        old = [row[0] for row in self.con.execute("SELECT file FROM dropped WHERE at <= ?", (time.time() - grace,))]
        for file in old:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, file))
        self.con.executemany("DELETE FROM dropped WHERE file = ?", [(file,) for file in old])
        carried = self.meta("carried")
        self._take_away(file for file in _files(self.folder, CARRIED) if file != carried)
        mark = os.path.join(self.folder, UNFINISHED)
        if thorough or os.path.exists(mark):
            known = {row[0] for row in self.con.execute("SELECT file FROM parts UNION ALL SELECT file FROM dropped")}
            self._take_away(file for file in _files(self.folder, PARTS) if file not in known)
            _without_empty_folders(os.path.join(self.folder, PARTS))
            with contextlib.suppress(FileNotFoundError):
                os.unlink(mark)

    def _take_away(self, files: Iterable[str]) -> None:
        for file in list(files):
            os.unlink(os.path.join(self.folder, file))


@contextlib.contextmanager
def unfinished(folder: str) -> Iterator[None]:
    """Mark the store *folder* while parts are written to it; the mark of a killed writer stays. Raises as ``told``."""
    mark = os.path.join(folder, UNFINISHED)
    with told(folder):
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640))
    yield
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mark)


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _files(folder: str, top: str) -> Iterable[str]:
    for where, _, names in os.walk(os.path.join(folder, top)):
        yield from (os.path.relpath(os.path.join(where, name), folder) for name in names)


def _without_empty_folders(folder: str) -> None:
    for where, folders, files in os.walk(folder, topdown=False):
        if not folders and not files and where != folder:
            with contextlib.suppress(OSError):
                os.rmdir(where)


@contextlib.contextmanager
def reading(folder: str) -> Iterator[Catalogue]:
    """The catalogue for one consistent look: all that is asked inside is of one generation.

    One of an earlier version is brought to the present one in memory: a reader may have no right to do it in the
    directory. Raises ``StoreError`` where *folder* is no store, or one of a later version.
    """
    with _looking(folder) as con:
        found = int(Catalogue(folder, con).meta("version", "0"))
        migrate.check(found, folder)
        if found == migrate.VERSION:
            yield Catalogue(folder, con)
            return
        with contextlib.closing(look.in_memory(con)) as memory:
            migrate.migrate(memory, found)
            yield Catalogue(folder, memory)


def version(folder: str) -> int:
    """Version of the store *folder*, earlier and later ones too. Raises ``StoreError`` where it is none."""
    with _looking(folder) as con:
        return int(Catalogue(folder, con).meta("version", "0"))


@contextlib.contextmanager
def _looking(folder: str) -> Iterator[sqlite3.Connection]:
    path = os.path.join(folder, NAME)
    if not os.path.isfile(path):
        raise StoreError(_none(folder))
    try:
        with contextlib.closing(look.at(folder, path, BUSY_MS / 1000)) as con:
            if not _has_tables(con):
                raise StoreError(_none(folder))
            yield con
    except sqlite3.Error as error:
        raise StoreError(f"the catalogue of the store {folder} cannot be read: {error}") from error


def _none(folder: str) -> str:
    return f"{folder} is no store: it has no {NAME}; logtune ingest --store {folder} makes one"


def _has_tables(con: sqlite3.Connection) -> bool:
    """Not so where the run that made the catalogue was killed while it did."""
    return con.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


@contextlib.contextmanager
def writing(folder: str) -> Iterator[Catalogue]:
    """The catalogue for a writer, which holds the lock; made where there is none, brought to the present version.

    Raises ``StoreError`` for a later version, ``StoreWriteError``.
    """
    with told(folder), contextlib.closing(look.connect(os.path.join(folder, NAME), BUSY_MS / 1000)) as con:
        con.execute("PRAGMA synchronous = FULL")
        if not _has_tables(con):
            con.executescript(f"BEGIN; {_TABLES} INSERT INTO meta VALUES ('version', '{migrate.MADE}'); COMMIT;")
        catalogue = Catalogue(folder, con)
        found = int(catalogue.meta("version", "0"))
        migrate.check(found, folder)
        migrate.migrate(con, found)
        yield catalogue
