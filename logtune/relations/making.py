"""The relations as tables of a database: by the SQL of this folder, or as the native core makes them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from importlib import resources
from queue import SimpleQueue
from typing import TYPE_CHECKING

from logtune import database
from logtune.database import COMPRESSED
from logtune.spill import Room

if TYPE_CHECKING:
    import duckdb

    from logtune.relations.native import Rows

MADE: Mapping[str, Sequence[str]] = {
    "session_facts": (),
    "message_lines": (),
    "tries": (),
    "message_facts": ("session_facts", "message_lines"),
    "rcpt": ("session_facts",),
    "judged": ("rcpt",),
    "shown": ("message_facts", "tries", "judged"),
    "stopped": ("message_facts", "judged"),
    "mail_told": (),
    "session_told": ("message_facts",),
    "known": ("shown",),
    "fates": ("known",),
    "recipient_facts": ("fates", "stopped", "mail_told", "session_told"),
    "flags": ("recipient_facts",),
}
"""Tables that are made once per log, and after which others each can be made (and after those that they name). Few
columns, mostly numbers."""

STEPS = (
    "message_lines", "tries", "judged", "shown", "stopped", "mail_told", "session_told", "known", "fates",
)  # fmt: skip
"""Those that only the ones after them need: dropped at the end."""

KEPT = tuple(name for name in MADE if name not in STEPS)

LANES = 2
"""So many of these are made at once: a statement alone leaves a second core idle half of the time."""

VIEWS = ("sessions", "messages", "recipients")
"""Relations that look up their other texts in the tables when they are asked for; later ones in earlier ones."""

ADDED = "added"
"""Ids of rows of recipient_facts and flags to be removed, for Postfix added these recipients itself: which they are is
known when all parts are made."""


def _words(**tables: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in tables.items()}


MADE_OF = _words(
    decisions="instance service daemon pid queue_id session message origin action protocol_state client_name"
    " client_addr reply_code dsn reason_shape restriction sender recipient proto helo sasl_username part",
    connections="instance service pid session event client_name client_addr after counters",
    queue="instance service pid queue_id session message event client_name client_addr sasl_method sasl_username"
    " message_id sender size nrcpt",
    deliveries="instance daemon queue_id message recipient orig_recipient status successor",
    notices="session message kind text",
)
"""Columns of the tables, beyond ts, position and host, that the relations and the views over them are made of."""


def by_sql(lanes: Sequence[duckdb.DuckDBPyConnection], room: Room | None = None) -> None:
    """Make the relations on connections to one database, each with the seven tables and ``probe_senders``."""
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    for lane in lanes:
        free.put(lane)
    made: dict[str, Future[None]] = {}

    def make(name: str) -> None:
        for needed in MADE[name]:
            made[needed].result()
        con = free.get()
        try:
            database.run(con, f"CREATE TABLE {name} AS {relation(name)}", room)
        finally:
            free.put(con)

    with ThreadPoolExecutor(len(lanes), "relations") as pool:
        for name in MADE:  # what a table needs is begun before it, so none waits for ever
            made[name] = pool.submit(make, name)
    for done in made.values():
        done.result()
    con = lanes[0]
    for name in STEPS:
        con.execute(f"DROP TABLE {name}")


def show(con: duckdb.DuckDBPyConnection, views: Container[str] = VIEWS) -> None:
    """Add the relations that are *views* over those that are made."""
    for name in VIEWS:
        if name in views:
            con.execute(f"CREATE VIEW {name} AS {relation(name)}")


def relation(name: str) -> str:
    """Text of ``relations/NAME.sql``."""
    return (resources.files("logtune") / "relations" / f"{name}.sql").read_text("utf-8")


class Filling:
    """Puts the relations that the native core makes into a database, part by part: those of a large log compressed."""

    def __init__(self, room: Room, con: duckdb.DuckDBPyConnection | None = None) -> None:
        self.room = room
        self._con = con
        self._place: str | None = None
        self._begun: set[str] = set()

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection: opened when it is first needed, where none was given."""
        return self._con or database.connect(self.room)

    def begin_part(self, rows: int, last: bool) -> None:
        """So many *rows* of the tables were read when this part was made."""
        self.room.make_for(rows)
        database.limit(self.con, self.room)
        if self._place is None:
            self._place = "" if last else f"{COMPRESSED}."
            if self._place:
                database.compress(self.con, self.room)
            else:
                database.threads_for(self.con, rows)

    def put(self, name: str, rows: Rows) -> None:
        """Add *rows* to the relation *name*."""
        table = f"{self._place}{name}"
        how = f"INSERT INTO {table}" if name in self._begun else f"CREATE TABLE {table} AS"
        database.run(self.con, f"{how} FROM made", self.room, made=rows)
        self.con.unregister("made")
        self._begun.add(name)

    def finish(self) -> None:
        """All parts are there, and ``ADDED``."""
        for name in self._begun & {"recipient_facts", "flags"}:
            self.con.execute(f"DELETE FROM {self._place}{name} WHERE id IN (FROM {self._place}{ADDED})")
        self.con.execute(f"DROP TABLE {self._place}{ADDED}")
        for name in self._begun - {ADDED} if self._place else ():
            self.con.execute(f"CREATE VIEW {name} AS FROM {self._place}{name}")

    def drop(self) -> None:
        """Take back what was put."""
        for name in self._begun:
            self.con.execute(f"DROP TABLE {self._place}{name}")
