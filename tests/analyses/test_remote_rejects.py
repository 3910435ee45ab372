"""Own mail that other sites rejected: causes, destinations, findings."""

from __future__ import annotations

from typing import Any

import pytest

from logtune.analyses.remote_rejects import remote_rejects
from logtune.results import Finding, Level, Note, Table
from tests.analyses.made_log import at, make, options_of

HOST = "host mx.example.com[192.0.2.1] said: "


def failed(position: int, reason: str, **more: Any) -> dict[str, Any]:
    common = {"position": position, "ts": at("02 10:00:00"), "daemon": "smtp", "message": position, "status": "bounced"}
    where = {"recipient": f"r{position}@example.com", "relay_addr": "192.0.2.1", "relay_port": 25}
    return {**common, **where, "dsn": "5.7.1", "reason": reason, **more}


def causes(*rows: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    log = make(deliveries=list(rows), **more)
    found = remote_rejects(log, options_of(log)).items
    return [tuple(row) for i in found if isinstance(i, Table) and i.name == "remote_causes" for row in i.rows]


@pytest.mark.parametrize(
    ("reason", "dsn", "cause"),
    [
        (HOST + "554 5.7.1 Service unavailable; Client host [198.51.100.1] blocked using bl.example.net", "5.7.1", "our address is blocked"),
        (HOST + "550 5.7.26 Unauthenticated email from example.org is not accepted due to DMARC policy", "5.7.26", "not authenticated (SPF, DKIM, DMARC)"),
        (HOST + "450 4.7.25 Client host rejected: cannot find your hostname, [198.51.100.1]", "4.7.25", "our host name"),
        (HOST + "421 4.7.28 Our system has detected an unusual rate of mail, too many messages", "4.7.28", "too much mail at once"),
        (HOST + "450 4.2.0 <a@example.com>: Recipient address rejected: Greylisted", "4.2.0", "greylisted"),
        (HOST + "550 5.1.1 <a@example.com>: Recipient address rejected: User unknown", "5.1.1", "no such recipient"),
        (HOST + "552 5.2.2 <a@example.com> Quota exceeded", "5.2.2", "mailbox full"),
        (HOST + "552 5.3.4 Message size exceeds fixed limit", "5.3.4", "mail too large"),
        (HOST + "451 4.3.0 Temporary lookup failure", "4.3.0", "trouble over there"),
        (HOST + "554 5.7.1 Message rejected as spam", "5.7.1", "content or policy"),
        ("connect to mx.example.com[192.0.2.1]:25: Connection timed out", "4.4.1", "no connection"),
        ("lost connection with mx.example.com[192.0.2.1] while receiving the initial server greeting", "4.4.2", "no connection"),
        ("Host or domain name not found. Name service error for name=example.com type=MX: Host not found", "5.4.4", "the domain cannot be found"),
        ("TLS is required, but was not offered by host mx.example.com[192.0.2.1]", "4.7.4", "TLS"),
    ],
)  # fmt: skip
def test_cause(reason: str, dsn: str, cause: str) -> None:
    """The cause is read from the words of the other side, or from what smtp itself met."""
    assert [row[0] for row in causes(failed(1, reason, dsn=dsn))] == [cause]


def test_recipients_count_once() -> None:
    """A recipient tried three times and delivered at last is one recipient, three attempts, and came through."""
    grey = HOST + "450 4.2.0 Greylisted"
    tries = [failed(n, grey, status="deferred", message=1, recipient="a@example.com") for n in (1, 2, 3)]
    sent = failed(4, "250 2.0.0 Ok", status="sent", message=1, recipient="a@example.com")
    notice = [{"message": 1, "sender": ""}]
    assert causes(*tries, sent, messages=notice) == [("greylisted", 1, 1.0, 0, 1, 3, 1, 1, (1,))]


def test_own_filter_is_no_other_site() -> None:
    """Deliveries to the own filter, local deliveries and verification probes are left out."""
    reason = HOST + "554 5.7.1 no"
    rows = [
        failed(1, reason, relay_addr="127.0.0.1", relay_port=10024),
        failed(2, reason, daemon="lmtp"),
        failed(3, reason, status="undeliverable"),
    ]
    log = make(deliveries=rows)
    assert remote_rejects(log, options_of(log)).items == [
        Note("No other site rejected or deferred mail of this server.")
    ]


def test_blocked_address_needs_a_person() -> None:
    """Two sites that block our address are a finding; one recipient at one site is none."""
    blocked = HOST + "554 5.7.1 Client host [198.51.100.1] blocked using bl.example.net"
    one = make(deliveries=[failed(1, blocked)])
    assert not [i for i in remote_rejects(one, options_of(one)).items if isinstance(i, Finding)]
    two = make(deliveries=[failed(1, blocked), failed(2, blocked, recipient="b@example.org")])
    found = [i for i in remote_rejects(two, options_of(two)).items if isinstance(i, Finding)]
    assert [(f.level, f.title, f.samples) for f in found] == [
        (Level.ACT, "Other sites block this server's address", (blocked,))
    ]
