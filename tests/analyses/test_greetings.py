"""Mail without a greeting, and what smtpd_helo_required would have stopped."""

from __future__ import annotations

import json
from pathlib import Path

from logtune.analyses.greetings import greetings
from logtune.api import MailLog, read
from logtune.results import Metric, Note, Table
from tests.lines import log_of

TRUTH = Path(__file__).parents[2] / "sample_logs" / "truth"
ANNA = "anna.dsl.example[192.0.2.7]"


def session(counters: str, pid: int = 7, client: str = ANNA, mail: str = "", service: str = "", login: str = "") -> str:
    smtpd = f"{service}smtpd[{pid}]"
    sasl = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
    taken = (
        f"{smtpd}: {mail}: client={client}{sasl}\n"
        f"qmgr[3]: {mail}: from=<s@example.net>, size=900, nrcpt=1 (queue active)\n"
        f"lmtp[4]: {mail}: to=<r@example.com>, relay=m[private/l], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (ok)\n"
    )
    return f"{smtpd}: connect from {client}\n{taken if mail else ''}{smtpd}: disconnect from {client} {counters}\n"


def rows(log: MailLog) -> list[tuple[object, ...]]:
    """Client, authorized, greeting, sessions, MAIL taken, MAIL refused, recipients accepted."""
    items = greetings(log.tables, log.options).items
    found = next((item for item in items if isinstance(item, Table)), None)
    return [(f"{row[1]}[{row[0]}]", row[2], *row[4:9]) for row in found.rows] if found else []


def metrics(log: MailLog) -> dict[str, int]:
    return {i.name: i.value for i in greetings(log.tables, log.options).items if isinstance(i, Metric)}


def test_accepted_without_greeting() -> None:
    """MAIL without HELO and EHLO was taken: its recipients would have been stopped."""
    log = log_of(session("mail=1 rcpt=1 data=1 quit=1 commands=4", mail="A1B2C3D4E5"))
    assert rows(log) == [(ANNA, False, "no greeting", 1, 1, 0, 1)]
    assert metrics(log) == {"would_stop": 1, "of_authorized": 0}


def test_whose_it_was() -> None:
    """A login, the submission service and the own networks are authorized clients."""
    counters = "mail=1 rcpt=1 data=1 quit=1 commands=4"
    log = log_of(
        session(counters, 7, mail="A1B2C3D4E5", login="anna")
        + session(counters, 8, "a.example[198.51.100.1]", "B1B2C3D4E5", "submission/")
        + session(counters, 9, "b.example[203.0.113.5]", "C1B2C3D4E5")
        + session(counters, 10, "c.example[203.0.113.77]", "D1B2C3D4E5"),
        mynetworks="203.0.113.0/28",
    )
    assert [(row[0], row[1]) for row in rows(log)] == [
        (ANNA, True), ("a.example[198.51.100.1]", True), ("b.example[203.0.113.5]", True), ("c.example[203.0.113.77]", False),
    ]  # fmt: skip
    assert metrics(log) == {"would_stop": 4, "of_authorized": 3}


def test_already_required() -> None:
    """Where every MAIL without a greeting is refused, nothing is left to stop; no line tells of the 503."""
    log = log_of(session("mail=0/1 quit=1 commands=1/2"))
    assert rows(log) == [(ANNA, False, "no greeting", 1, 0, 1, 0)]
    assert metrics(log) == {"would_stop": 0, "of_authorized": 0, "refused": 1}


def test_real_postfix() -> None:
    """Without smtpd_helo_required a client sends mail without a greeting; another greets before STARTTLS only.

    See sample_logs/lab/cases/commands.py, vrfy_off: the truth beside the log names the recipients accepted and their HELO name.
    """
    log = read(TRUTH / "vrfy_off.log", year=2026, tz="UTC", mynetworks="192.168.10.0/24")
    recipients = json.loads((TRUTH / "vrfy_off.json").read_text())["recipients"]
    silent = [r for r in recipients if r["helo"] is None and r["outcome"] == "accepted"]
    own = [r for r in silent if r["client_addr"].startswith("192.168.10.")]
    assert metrics(log) == {"would_stop": len(silent), "of_authorized": len(own)}
    assert (len(silent), len(own)) == (4, 1)
    assert [row[2] for row in rows(log)] == ["no greeting", "no greeting", "none after STARTTLS"]


def test_a_refused_greeting_and_one_before_tls() -> None:
    """A greeting that was not accepted does not count, nor one that STARTTLS made Postfix forget."""
    log = log_of(
        session("ehlo=0/1 mail=1 rcpt=1 data=1 quit=1 commands=4/5", 7, mail="A1B2C3D4E5")
        + session("ehlo=1 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=6", 8, mail="B1B2C3D4E5")
    )
    assert sorted(str(row[2]) for row in rows(log)) == ["greeting refused", "none after STARTTLS"]


def test_greeted() -> None:
    """Who greeted, once more after STARTTLS, is not here; nor is a session without mail."""
    log = log_of(
        session("ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5", 7)
        + session("ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", 8)
        + session("helo=1 mail=1 rcpt=1 data=1 quit=1 commands=5", 9)
        + session("quit=1 commands=1", 10)
    )
    nobody = "No session gave MAIL FROM without a greeting: smtpd_helo_required = yes would have stopped nobody."
    assert greetings(log.tables, log.options).items == [Note(nobody)]


def test_without_counters() -> None:
    """Postfix before 3.0 logs no counters: then nobody can tell."""
    log = log_of(session(""))
    (note,) = greetings(log.tables, log.options).items
    assert isinstance(note, Note) and note.text.startswith("The log cannot tell")
