"""The columns that a command builds are enough: its whole answer is the same as with all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune
from logtune import schema
from logtune.analyses.columns import COLUMNS
from logtune.postconf.read import read
from logtune.read_options import ALWAYS
from logtune.relations.making import KEPT
from logtune.render import json as rendered
from tests.analyses.scans import scanned

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
LOGS = (
    ("filter.log",),
    ("helo_trial_iso.log",),
    ("truth/shapes.log",),
    ("truth/limits.log",),
    ("truth/header_checks.log",),
    ("two_servers/mx1.log", "two_servers/mx2.log"),
)

EVERYTHING = """\
Mar  2 10:00:00 mail postfix/smtpd[7]: no such text was ever logged
Mar  2 10:00:00 mail sshd[7]: Connection closed by 192.0.2.99 port 4711
Mar  2 10:00:01 mail postfix/smtpd[7]: connect from a.example[192.0.2.1]
Mar  2 10:00:02 mail postfix/smtpd[7]: warning: a.example[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6
Mar  2 10:00:02 mail postfix/smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 auth=0/1 quit=1 commands=2/3
Mar  2 10:00:03 mail postfix/master[1]: warning: service "smtp" (25) has reached its process limit "100": new clients may experience noticeable delays
Mar  2 10:00:04 mail postfix/anvil[9]: statistics: max connection rate 61/60s for (smtp:192.0.2.1) at Mar  2 10:00:03
Mar  2 10:00:05 mail postfix/smtp[8]: A1B2C3D4E5: to=<r@example.com>, relay=mx.example.com[198.51.100.1]:25, delay=1, delays=0.1/0/0.4/0.5, dsn=5.7.1, status=bounced (host mx.example.com[198.51.100.1] said: 554 5.7.1 Service unavailable; Client host [203.0.113.1] blocked using bl.example (in reply to RCPT TO command))
Mar  2 10:00:06 mail postfix/smtp[8]: B1B2C3D4E5: to=<r@example.com>, relay=mx.example.com[198.51.100.1]:25, delay=7, delays=0.1/0/5.4/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok)
Mar  2 10:00:07 mail postfix/smtpd[7]: fatal: no SASL authentication mechanisms
"""  # fmt: skip


@cache
def sources(folder: Path) -> list[tuple[Path, ...]]:
    made = folder / "mail.log"
    made.write_text(EVERYTHING)
    return [(made,), *(tuple(SAMPLES / name for name in names) for names in LOGS)]


def read_log(paths: tuple[Path, ...], **more: Any) -> logtune.MailLog:
    return logtune.read(*paths, year=2026, tz="UTC", mynetworks="192.168.10.0/24", mx_order="mx1 mx2", **more)


LIST = "reject_non_fqdn_helo_hostname, reject_unknown_client_hostname"
MAIN_CF = f"smtpd_helo_restrictions = warn_if_reject {LIST.replace(', ', ', warn_if_reject ')}\n"
MASTER_CF = "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd -o syslog_name=postfix/submission\n"


def configuration_in(folder: Path) -> Any:
    (folder / "main.cf").write_text(MAIN_CF)
    (folder / "master.cf").write_text(MASTER_CF)
    return read(str(folder))


def report(log: Any, _: Path) -> str:
    return rendered.dumps(log.report()) + json.dumps(log.changes().state.to_json(), default=str)


def trial(log: Any, _: Path) -> str:
    whole = log.trial_json(recipients=True)
    names = [found["restriction"] for found in whole["restrictions"]]
    told = [log.trial(), *map(log.trial, names)]
    return "".join(map(rendered.dumps, told)) + json.dumps(whole) + repr(log.trial_folds())


def sizing(log: Any, folder: Path) -> str:
    return rendered.dumps(log.sizing(configuration_in(folder), charts=True, process_bytes=1 << 23))


ASKED: dict[str, Callable[[Any, Path], str]] = {
    "report": report,
    "trial": trial,
    "sizing": sizing,
    "what_if": lambda log, _: rendered.dumps(log.what_if(LIST)) + json.dumps(log.what_if_json(LIST, True), default=str),
    "verify": lambda log, _: rendered.dumps(log.verify(log)) + json.dumps(log.verification(log).to_json()),
    "tune": lambda log, folder: json.dumps(log.tune_json(log.plan(configuration_in(folder))), default=str),
}
"""How to ask the commands that are not a method without arguments."""


@cache
def whole(paths: tuple[Path, ...]) -> logtune.MailLog:
    """A log with all columns, which all commands are asked of."""
    return read_log(paths)


def answer(log: logtune.MailLog, command: str, folder: Path) -> str:
    ask = ASKED.get(command, lambda log, _: rendered.dumps(getattr(log, command)()))
    return re.sub(r"(\.[0-9]{9})[0-9]+", r"\1", ask(log, folder))  # DuckDB adds fractions in any order


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("columns")


@pytest.mark.parametrize("command", COLUMNS)
def test_a_command_needs_no_other_columns(command: str, folder: Path) -> None:
    """Its whole answer is the same with and without them."""
    for paths in sources(folder):
        some = read_log(paths, columns=COLUMNS[command])
        assert answer(some, command, folder) == answer(whole(paths), command, folder), paths[0].name


@pytest.mark.parametrize("command", COLUMNS)
def test_the_columns_exist(command: str, folder: Path) -> None:
    """A name that no table or relation has is a mistake in the list."""
    con = whole(sources(folder)[0]).tables.con
    for name, columns in COLUMNS[command].items():
        assert columns <= {told[0] for told in con.execute(f"FROM {name} LIMIT 0").description}, name


@pytest.mark.parametrize("command", [name for name in COLUMNS if name != "what_if"])
def test_no_query_reads_another_column(command: str, folder: Path) -> None:
    """DuckDB takes a name that a subquery's table lacks for one of the query around it, and tells nobody.

    A what-if computes rows of tables with the columns that there are.
    """
    asked = {name: {*ALWAYS, *COLUMNS[command].get(name, ())} for name in schema.TABLES}
    relations = {name: columns for name, columns in COLUMNS[command].items() if name in KEPT}
    for paths in sources(folder):
        log = read_log(paths)
        for name, columns in scanned(log, lambda log: answer(log, command, folder)).items():
            known = asked[name] if name in asked else relations[name] or columns  # all where none is named
            assert columns <= known, name


def test_only_what_is_asked_for_is_built() -> None:
    """ts, position and host are always there; link and classify read theirs all the same."""
    log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC", columns={"decisions": ["message", "restriction"]})
    assert log.table("decisions").column_names == ["ts", "position", "host", "message", "restriction"]
    assert log.table("queue").column_names == ["ts", "position", "host"]
    decisions = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC").table("decisions")
    assert log.table("decisions") == decisions.select(["ts", "position", "host", "message", "restriction"])
