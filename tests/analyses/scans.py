"""Which columns the queries of a command read, by the plans that DuckDB makes of them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import duckdb

import logtune
from logtune import schema
from logtune.relations.making import KEPT

QUERY = re.compile(r"(?:\s*--.*\n)*\s*(?:CREATE (?:OR REPLACE )?(?:TEMP )?TABLE|SELECT|WITH|FROM)\b")


def scanned(log: logtune.MailLog, command: Callable[[logtune.MailLog], Any]) -> dict[str, set[str]]:
    """Table or relation to its columns that are read when *command* asks *log*, which has all columns."""
    con = log.tables.con
    for name in schema.TABLES:  # a plan does not name what is registered
        con.execute(f"CREATE TABLE held AS FROM {name}")
        con.unregister(name)
        con.execute(f"ALTER TABLE held RENAME TO {name}")
    found: dict[str, set[str]] = defaultdict(set)
    columns = {
        name: {d[0] for d in con.execute(f"FROM {name} LIMIT 0").description} for name in (*schema.TABLES, *KEPT)
    }

    def note(node: dict[str, Any]) -> None:
        info = node.get("extra_info", {})
        table = str(info.get("Table", "")).rpartition(".")[2]
        words = re.findall(r"\w+", json.dumps([info.get("Projections"), info.get("Filters")]))
        if table in columns:
            found[table] |= columns[table].intersection(words)
        for child in node.get("children", ()):
            note(child)

    def beside(_: duckdb.DuckDBPyConnection) -> Any:
        other = con.cursor()
        log.tables._register(other)
        return _Watched(other, note)

    vars(log.tables).update(con=_Watched(con, note), _beside=beside)
    command(log)
    return found


class _Watched:
    """A connection of which each plan is noted before its query runs."""

    def __init__(self, con: duckdb.DuckDBPyConnection, note: Callable[[dict[str, Any]], None]) -> None:
        self.con, self.note = con, note

    def __getattr__(self, name: str) -> Any:
        return getattr(self.con, name)

    def execute(self, query: str, parameters: object = None) -> Any:
        self._explain(query, parameters)
        self.con.execute(query, parameters)
        return self

    def sql(self, query: str, **more: Any) -> Any:
        self._explain(query, more.get("params"))
        return self.con.sql(query, **more)

    def cursor(self) -> Any:
        return _Watched(self.con.cursor(), self.note)

    def _explain(self, query: str, parameters: object) -> None:
        if QUERY.match(query):
            plans: Iterable[tuple[str, str]] = self.con.execute(f"EXPLAIN (FORMAT json) {query}", parameters).fetchall()
            for _, plan in plans:
                for node in json.loads(plan):
                    self.note(node)
