"""Logs made of rows: analyses are tested on tables and relations as the design describes them, without any parser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from logtune import database, schema
from logtune.analyses.options import Options
from logtune.clock import local_days
from logtune.results import Coverage
from logtune.tables import Tables, empty

Rows = Sequence[Mapping[str, Any]]

T = pa.string()
P = pa.int64()
B = pa.bool_()
TIME = pa.timestamp("us")


def columns(text: str, **others: pa.DataType) -> pa.Schema:
    """A schema of text columns, where *others* have types of their own."""
    return pa.schema([(name, others.get(name, T)) for name in text.split()])


RELATIONS = {
    "sessions": columns(
        "session host instance service pid client_name client_addr connect_ts end_ts end_position ended lost"
        " lost_after counters greetings starttls quit mail rcpt rcpt_ok data sasl_username helo",
        session=P, end_position=P, pid=pa.int32(), connect_ts=TIME, end_ts=TIME, greetings=pa.int32(),
        starttls=pa.int32(), quit=pa.int32(), mail=pa.int32(), rcpt=pa.int32(), rcpt_ok=pa.int32(),
        data=pa.int32(),
    ),
    "messages": columns(
        "message host instance queue_id session service first_ts client_name client_addr sasl_method sasl_username"
        " message_id sender size nrcpt via accepted accepted_as active_ts removed_ts predecessor reinjected aborted",
        message=P, session=P, first_ts=TIME, size=P, nrcpt=pa.int32(), accepted=B, active_ts=TIME, removed_ts=TIME,
        predecessor=P, reinjected=B, aborted=B,
    ),
    "recipients": columns(
        "id session message ts host instance service pid queue_id client_name client_addr helo sender recipient"
        " sasl_username outcome by by_code fate hops reinjected",
        id=P, session=P, message=P, ts=TIME, pid=pa.int32(), by_code=pa.int16(), hops=pa.int32(), reinjected=B,
    ),
}  # fmt: skip


class MadeLog(Tables):
    """Tables whose relations are given as rows instead of being computed."""

    relations: Mapping[str, pa.Table]

    @cached_property
    def con(self) -> Any:
        connection = database.connect()
        database.show(connection, self.tables)
        first, last = self.period.first, self.period.last
        days = local_days(first, last, self.zone) if first and last else []
        named = {
            "day": [date.fromisoformat(d[0]) for d in days],
            "begin": [d[1] for d in days],
            "end": [d[2] for d in days],
        }
        types = pa.schema([("day", pa.date32()), ("begin", TIME), ("end", TIME)])
        connection.register("days", pa.table(named, schema=types))
        for name, table in self.relations.items():
            connection.register(name, table)
            connection.register(f"{name[:-1]}_facts", table)
        return connection


def coverage(**changes: Any) -> Coverage:
    """A whole log of ten lines, but for *changes*."""
    whole: dict[str, Any] = dict(
        sources=[], lines=10, recognised=10, unrecognised=0, blank=0, not_postfix=0, no_stamp=0, backwards=0, loss=[],
        lost=False, zone="Europe/Berlin", zone_assumed=False, year_assumed=None, core="reference",
    )  # fmt: skip
    return Coverage(**{**whole, **changes})


def make(zone: str = "Europe/Berlin", read: Coverage | None = None, **rows: Rows) -> MadeLog:
    """A log of the given rows per table or relation; what a row leaves out is null."""
    tables = empty()
    for name in schema.TABLES:
        if name in rows:
            filled = [{"host": "mail", "instance": "postfix", **row} for row in rows[name]]
            tables[name] = pa.Table.from_pylist(filled, schema=schema.arrow_schema(name))
    log = MadeLog(tables, ZoneInfo(zone), read or coverage())
    made = {}
    for name, wanted in RELATIONS.items():
        filled = [
            {"host": "mail", "instance": "postfix", **row} if name == "sessions" else row for row in rows.get(name, ())
        ]
        made[name] = pa.Table.from_pylist(filled, schema=wanted)
    log.relations = made
    return log


def options_of(log: Tables, top: int = 10) -> Options:
    """Options that fit *log*."""
    return Options(top=top, zone=log.zone.key, days=log.days)


def at(text: str) -> datetime:
    """``02 10:00:00`` as that time of March 2026, UTC."""
    return datetime.fromisoformat(f"2026-03-{text.replace(' ', 'T')}")
