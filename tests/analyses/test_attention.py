"""Attention: which warnings need a person, worst first."""

from __future__ import annotations

from typing import Any

import pytest

from logtune.analyses.attention import attention, rule_of
from logtune.results import Finding, Level, Note
from tests.analyses.made_log import MadeLog, at, make, options_of


def warning(position: int, text: str, severity: str = "warning", daemon: str = "smtpd", **more: Any) -> dict[str, Any]:
    common = {"position": position, "ts": at("02 10:00:00"), "kind": severity, "severity": severity}
    return {**common, "daemon": daemon, "text": text, **more}


def findings(log: MadeLog) -> list[Finding]:
    return [i for i in attention(log, options_of(log)).items if isinstance(i, Finding)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("storage", "not enough free space in mail queue: 1024 bytes < 1.5*message size limit"),
        ("storage", "write queue file: No space left on device"),
        ("queue_write", "queue file write error"),
        ("resources", "fork: Cannot allocate memory"),
        ("throttling", "/usr/lib/postfix/sbin/smtpd: bad command startup -- throttling"),
        ("throttling", "process /usr/lib/postfix/sbin/smtpd pid 4711 exit status 1"),
        ("throttling", "process /usr/lib/postfix/sbin/qmgr pid 12 killed by signal 9"),
        ("unknown_restriction", 'unknown smtpd restriction: "reject_unknow_client"'),
        ("unknown_restriction", 'support for restriction "reject_maps_rbl" has been removed in Postfix 3.9; instead, specify "reject_rbl_client"'),
        ("ignored_restriction", "restriction `reject_rbl_client' after `reject' is ignored"),
        ("tables", "hash:/etc/postfix/access is unavailable. open database /etc/postfix/access.db: No such file or directory"),
        ("tables", "proxy:mysql:/etc/postfix/users.cf lookup problem"),
        ("tables_old", "database /etc/postfix/access.db is older than source file /etc/postfix/access"),
        ("tls_setup", "cannot get RSA certificate from file \"/etc/ssl/mail.pem\": disabling TLS support"),
        ("tls_setup", "No server certs available. TLS won't be enabled"),
        ("milter", "milter inet:localhost:8891: can't read SMFIC_OPTNEG reply packet header: Success"),
        ("milter", "connect to Milter service inet:localhost:8891: Connection refused"),
        ("policy", "problem talking to server 127.0.0.1:10023: Connection refused"),
        ("policy", "connect to 127.0.0.1:10023: Connection refused"),
        ("sasl_setup", "no SASL authentication mechanisms"),
        ("dnsbl", "192.0.2.1.bl.example.net: RBL lookup error: Host or domain name not found. Name service error for name=192.0.2.1.bl.example.net type=A: Host not found, try again"),
        ("domains", "do not list domain example.com in BOTH mydestination and virtual_mailbox_domains"),
        ("bad_config", "bad string length 0 < 1: mynetworks ="),
        ("permissions", "not owned by root: /etc/postfix/main.cf"),
        ("clients", "TLS library problem: error:1408F10B:SSL routines:ssl3_get_record:wrong version number"),
        ("clients", "non-SMTP command from unknown[192.0.2.1]: GET / HTTP/1.1"),
        ("clients", "numeric hostname: 192.0.2.1"),
        ("clients_limited", "Connection rate limit exceeded: 31 from mx.example.com[192.0.2.1] for service smtp"),
    ],
)  # fmt: skip
def test_rule(name: str, text: str) -> None:
    """Each warning is taken by the rule that says what to do about it."""
    rule = rule_of(text)
    assert rule is not None
    assert rule.name == name


def test_worst_first() -> None:
    """What needs a person stands before what is worth a look; lines of one rule are one finding."""
    log = make(
        notices=[
            warning(1, "database /etc/postfix/access.db is older than source file /etc/postfix/access"),
            warning(2, 'unknown smtpd restriction: "reject_unknow_client"', repeat=7),
            warning(3, 'unknown smtpd restriction: "reject_foo"', ts=at("02 12:30:00")),
        ]
    )
    assert findings(log) == [
        Finding(
            Level.ACT,
            "An unknown restriction",
            "8 lines, Mon 2 Mar 11:00 – Mon 2 Mar 13:30. Every request that reaches it fails with 451: correct main.cf.",
            samples=('smtpd: unknown smtpd restriction: "reject_foo"',),
        ),
        Finding(
            Level.LOOK,
            "A table is older than its source",
            "1 line, Mon 2 Mar 11:00. Run postmap or postalias on the source.",
            samples=("smtpd: database /etc/postfix/access.db is older than source file /etc/postfix/access",),
        ),
    ]


def test_fatal_errors() -> None:
    """A program that gives up needs a person; a wrong command line is only worth a look."""
    log = make(
        notices=[
            warning(1, "unexpected trouble", "panic", "cleanup"),
            warning(2, "usage: sendmail [options]", "fatal", "sendmail"),
        ]
    )
    assert [(f.level, f.title, f.samples) for f in findings(log)] == [
        (Level.ACT, "A Postfix program gave up", ("cleanup: panic: unexpected trouble",)),
        (Level.LOOK, "A command was called wrongly", ("sendmail: fatal: usage: sendmail [options]",)),
    ]


def test_doings_of_others_are_counted() -> None:
    """Warnings that only tell what clients did are no findings, but their number is said; unknown ones are shown."""
    log = make(
        notices=[
            warning(1, "non-SMTP command from unknown[192.0.2.1]: GET / HTTP/1.1", repeat=3),
            warning(2, "hostname a.example.com does not resolve to address 192.0.2.1"),
            warning(3, "something nobody has seen"),
        ]
    )
    items = attention(log, options_of(log)).items
    assert [(f.level, f.title) for f in items if isinstance(f, Finding)] == [(Level.LOOK, "Other warnings")]
    assert [n.text for n in items if isinstance(n, Note)] == ["3 warnings only tell what clients and other sites did."]


def test_chance_needs_five() -> None:
    """A milter that fails once, as in a restart, is chance; five times is a finding."""
    text = "connect to Milter service inet:localhost:8891: Connection refused"
    assert findings(make(notices=[warning(n, text) for n in range(4)])) == []
    assert [f.title for f in findings(make(notices=[warning(n, text) for n in range(5)]))] == [
        "A milter does not answer"
    ]


def test_storage_is_one_finding() -> None:
    """The warning about the full disk and the rejects that it causes are one finding."""
    shape = "Insufficient system storage"
    reject = {
        "position": 2,
        "ts": at("02 10:00:00"),
        "origin": "smtpd",
        "action": "reject",
        "reason": shape,
        "reason_shape": shape,
    }
    log = make(
        notices=[warning(1, "not enough free space in mail queue: 9 bytes < 1.5*message size limit")],
        decisions=[reject],
    )
    assert [f.title for f in findings(log)] == ["The disk is full"]


def delivery(position: int, reason: str, **more: Any) -> dict[str, Any]:
    common = {
        "position": position,
        "ts": at("02 10:00:00"),
        "daemon": "virtual",
        "message": position,
        "status": "deferred",
    }
    return {**common, "recipient": "anna@example.com", "reason": reason, **more}


def test_quota() -> None:
    """A mailbox over quota is worth a look, with the mails that wait; remote mailboxes and removed mails do not count."""
    full = (
        "maildir delivery failed: Sorry, the user's maildir has overdrawn his diskspace quota, please try again later."
    )
    log = make(
        deliveries=[
            delivery(1, full),
            delivery(2, full),
            delivery(3, full),
            delivery(4, full, daemon="smtp", relay_addr="192.0.2.9"),
        ],
        queue=[{"position": 9, "ts": at("02 11:00:00"), "event": "removed", "message": 2}],
    )
    found = findings(log)
    assert [(f.level, f.title, f.detail) for f in found] == [
        (Level.LOOK, "Mailbox over quota: anna@example.com", "since Mon 2 Mar 11:00, 2 mails waiting")
    ]


@pytest.mark.parametrize(
    ("title", "reason", "daemon"),
    [
        ("Mail goes in circles", "mail for example.com loops back to myself", "smtp"),
        ("A transport is missing or wrong", "mail transport unavailable", "error"),
        (
            "The mailbox server or filter does not answer",
            "connect to mail.example.com[private/dovecot-lmtp]: Connection refused",
            "lmtp",
        ),
        (
            "Mailboxes cannot be written",
            "cannot update mailbox /var/mail/anna for user anna. No space left on device",
            "local",
        ),
    ],
)
def test_deliveries_that_tell_of_trouble(title: str, reason: str, daemon: str) -> None:
    """Loops, missing transports, a mailbox server that is away and files that cannot be written need a person."""
    found = findings(make(deliveries=[delivery(1, reason, daemon=daemon)]))
    assert [(f.level, f.title) for f in found] == [(Level.ACT, title)]


def test_trouble_of_other_sites() -> None:
    """What another site said of itself is no trouble here."""
    said = "host mx.example.com[192.0.2.1] said: 451 4.3.0 Temporary lookup failure"
    assert findings(make(deliveries=[delivery(1, said, daemon="smtp", relay_addr="192.0.2.1")])) == []


def test_nothing() -> None:
    """Nothing to say is said."""
    log = make()
    assert attention(log, options_of(log)).items == [Note("Nothing in this log needs a person.")]
