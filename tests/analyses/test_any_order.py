"""Answers are the same in two runs: DuckDB's threads hand on rows in any order, and so do these tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import zip_longest

import duckdb
import pyarrow as pa
import pytest

from logtune.api import MailLog
from logtune.render import json
from logtune.spill import Stored
from tests.lines import log_of

Order = Callable[[int], list[int]]
"""The rows of a table of so many rows, in an order."""

BY_NAME = "from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>"
WARNED = f"reject_warning: RCPT from a.example[192.0.2.1]: 504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname; {BY_NAME}"
TRIED = "orig_to=<r@corbel.example>, relay=mx.corbel.example[198.51.100.1]:25, delay=2, delays=1/0.1/0.2/0.7"


def sent(number: int, delays: str) -> str:
    """A delivery whose stages are such that their sum depends on the order in which they are summed."""
    return f"Mar  2 10:05:00 mail postfix/smtp[3]: D{number}B2C3D4E5: to=<u@corbel.example>, relay=mx.corbel.example[198.51.100.1]:25, delay=2.2, delays={delays}, dsn=2.0.0, status=sent (250 2.0.0 Ok)"


LOG = f"""
    smtpd[7]: connect from a.example[192.0.2.1]
    smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
    smtpd[7]: A1B2C3D4E5: {WARNED}
    cleanup[9]: A1B2C3D4E5: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: 5.7.1 Spam; {BY_NAME}
    smtpd[7]: proxy-reject: END-OF-MESSAGE: 554 5.7.1 Spam; {BY_NAME}
    smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=0/1 vrfy=0/1 quit=1 commands=4/6
    submission/smtpd[5]: NOQUEUE: {WARNED}
    Mar  2 10:00:00 mx2 postfix/smtpd[6]: connect from b.example[192.0.2.1]
    Mar  2 10:00:00 mx2 postfix/smtpd[6]: disconnect from b.example[192.0.2.1] ehlo=1 vrfy=0/1 quit=1 commands=2/3
    qmgr[2]: B1B2C3D4E5: from=<x@a.example>, size=100, nrcpt=2 (queue active)
    qmgr[2]: C1B2C3D4E5: from=<x@a.example>, size=100, nrcpt=1 (queue active)
    smtp[3]: B1B2C3D4E5: to=<s@corbel.example>, {TRIED}, dsn=5.1.1, status=bounced (host mx.corbel.example[198.51.100.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))
    smtp[3]: B1B2C3D4E5: to=<s@corbel.example>, {TRIED}, dsn=4.1.1, status=deferred (host mx.corbel.example[198.51.100.1] said: 450 4.1.1 No such user (in reply to RCPT TO command))
    smtp[4]: C1B2C3D4E5: to=<t@corbel.example>, {TRIED}, dsn=4.1.1, status=deferred (host mx.corbel.example[198.51.100.1] said: 450 4.1.1 Unknown user (in reply to RCPT TO command))
    {sent(1, "0.11/0.1/0.1/0.12")}
    {sent(2, "0.21/0.2/0.2/0.33")}
    {sent(3, "0.31/0.3/0.3/0.71")}
    {sent(4, "0.71/0.7/0.9/0.93")}
    smtpd[7]: error: cannot open it
    master[1]: error: cannot open it
"""


def answers(log: MailLog) -> dict[str, str]:
    """What the commands answer, as text."""
    reports = {
        "report": log.report(),
        "trial": log.trial(),
        "rejects": log.rejects(),
        "delays": log.delays(),
        "sizing": log.sizing(charts=True),
    }
    found = {name: json.dumps(report) for name, report in reports.items()}
    rows = {f"the {name}": str(log.arrow(f"FROM {name} ORDER BY ALL").to_pylist()) for name in RELATIONS}
    return {**found, **rows, "recipients": json.text(log.trial_json(recipients=True), indent=1)}


RELATIONS = ("sessions", "messages", "recipients", "flags")


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Order], dict[str, str]]:
    """The answers to ``LOG`` where DuckDB reads the rows of each table in an order. SQL makes the relations too."""
    log = log_of(LOG)

    def of(order: Order) -> dict[str, str]:
        def show(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Stored]) -> None:
            for name, table in tables.items():
                assert isinstance(table, pa.Table)
                con.register(name, table.take(pa.array(order(table.num_rows), pa.int64())))

        monkeypatch.setattr("logtune.database.register", show)
        monkeypatch.setattr("logtune.tables.core_name", lambda: "reference")
        return answers(replace(log, tables=replace(log.tables)))

    return of


def different(found: dict[str, str], wanted: dict[str, str]) -> dict[str, list[str]]:
    """Lines of each answer that are not as wanted."""
    lines = {name: (text.splitlines(), wanted[name].splitlines()) for name, text in found.items()}
    return {n: [a for a, b in zip_longest(one, other) if a != b] for n, (one, other) in lines.items() if one != other}


def test_answers_do_not_depend_on_the_order_of_rows(answered: Callable[[Order], dict[str, str]]) -> None:
    """Backward and shuffled, the rows give the answers that they give in their order, to the last digit."""
    wanted = answered(lambda rows: list(range(rows)))
    assert different(answered(lambda rows: list(range(rows))[::-1]), wanted) == {}
    for seed in range(3):
        chance = random.Random(seed)
        assert different(answered(lambda rows, chance=chance: chance.sample(range(rows), rows)), wanted) == {}
