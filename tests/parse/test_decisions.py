"""Lines in which Postfix decided about a command or a mail."""

from __future__ import annotations

import pytest

from tests.parse.rows import said

CLIENT = {"client_name": "mx.example.com", "client_addr": "192.0.2.1"}
FROM = "from mx.example.com[192.0.2.1]"
TAIL = "from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<mx>"
TAILED = {"sender": "a@example.com", "recipient": "b@example.org", "proto": "ESMTP", "helo": "mx"}


def decision(**columns: object) -> dict[str, object]:
    """A row of decisions by smtpd about RCPT; the shape is the reason if not given."""
    row: dict[str, object] = {"table": "decisions", "origin": "smtpd", "action": "reject", "protocol_state": "RCPT"}
    row |= columns
    if "reason" in row:
        row.setdefault("reason_shape", row["reason"])
    return row


HELO = "Helo command rejected: need fully-qualified hostname"
SMTPD = [
    (
        f"NOQUEUE: reject_warning: RCPT {FROM}: 504 5.5.2 <mx>: {HELO}; {TAIL}",
        decision(action="reject_warning", reply_code=504, dsn="5.5.2", object="mx", reason=HELO, **CLIENT, **TAILED),
    ),
    (
        f"4F2A91C0E: reject: RCPT {FROM}: 554 <b@example.org>: Relay access denied; {TAIL}",
        decision(
            queue_id="4F2A91C0E",
            reply_code=554,
            object="b@example.org",
            reason="Relay access denied",
            **CLIENT,
            **TAILED,
        ),
    ),
    (
        "NOQUEUE: reject: RCPT from unknown[2001:db8::1%eth0]:48123: 450 4.7.25 Client host rejected: cannot find your"
        " hostname, [2001:db8::1%eth0]; from=<> to=<b@example.org> proto=SMTP helo=<mx>",
        decision(
            client_name="unknown",
            client_addr="2001:db8::1%eth0",
            client_port=48123,
            reply_code=450,
            dsn="4.7.25",
            reason="Client host rejected: cannot find your hostname, [2001:db8::1%eth0]",
            reason_shape="Client host rejected: cannot find your hostname, [ip]",
            sender="",
            recipient="b@example.org",
            proto="SMTP",
            helo="mx",
        ),
    ),
    (
        f"NOQUEUE: reject: CONNECT {FROM}: 554 5.7.1 <mx.example.com[192.0.2.1]>: Client host rejected: no; proto=SMTP",
        decision(
            protocol_state="CONNECT",
            reply_code=554,
            dsn="5.7.1",
            object="mx.example.com[192.0.2.1]",
            reason="Client host rejected: no",
            proto="SMTP",
            **CLIENT,
        ),
    ),
    (
        f"NOQUEUE: filter: RCPT {FROM}: <>: Sender address triggers FILTER smtp:[127.0.0.1]:10025; {TAIL}",
        decision(
            action="filter",
            object="",
            reason="Sender address triggers FILTER smtp:[127.0.0.1]:10025",
            reason_shape="Sender address triggers FILTER smtp:[ip]:10025",
            **CLIENT,
            **TAILED,
        ),
    ),
    (
        f"NOQUEUE: permit: RCPT {FROM}: action=permit_mynetworks for Client host=mx.example.com[192.0.2.1] ; {TAIL}",
        decision(
            action="permit",
            reason="action=permit_mynetworks for Client host=mx.example.com[192.0.2.1]",
            reason_shape="action=permit_mynetworks for Client host=mx.example.com[ip]",
            **CLIENT,
            **TAILED,
        ),
    ),
    (
        f"NOQUEUE: warn: RCPT {FROM}:; {TAIL}",
        decision(action="warn", **CLIENT, **TAILED),
    ),
    (
        f"NOQUEUE: reject: RCPT {FROM}: 450 4.7.1 No; {TAIL} sasl_method=PLAIN sasl_username=jane sasl_sender=j@x",
        decision(
            reply_code=450, dsn="4.7.1", reason="No", sasl_method="PLAIN", sasl_username="jane", **CLIENT, **TAILED
        ),
    ),
    (
        f"NOQUEUE: milter-reject: MAIL {FROM}: 451 4.7.1 Later; from=<a@example.com> proto=ESMTP helo=<mx>"
        " sasl_username=<jane>",
        decision(
            origin="milter",
            protocol_state="MAIL",
            reply_code=451,
            dsn="4.7.1",
            reason="Later",
            sender="a@example.com",
            proto="ESMTP",
            helo="mx",
            sasl_username="jane",
            **CLIENT,
        ),
    ),
    (
        f"NOQUEUE: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as 3E1B80A11; {TAIL}",
        decision(
            origin="proxy",
            action="accept",
            protocol_state="END-OF-MESSAGE",
            reply_code=250,
            dsn="2.0.0",
            reason="Ok: queued as 3E1B80A11",
            **TAILED,
        ),
    ),
    (
        f"4F2A91C0E: reject: DATA {FROM}: 421 4.3.0 mail.example.com Server local data error",
        decision(
            queue_id="4F2A91C0E",
            protocol_state="DATA",
            reply_code=421,
            dsn="4.3.0",
            reason="mail.example.com Server local data error",
            **CLIENT,
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), SMTPD)
def test_smtpd(text: str, expected: dict[str, object]) -> None:
    """Each decision of smtpd, a milter or the proxy gives its reply, object and attributes by key."""
    assert said("smtpd", text) == expected


POSTSCREEN = [
    (
        "NOQUEUE: reject: RCPT from [192.0.2.1]:48123: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using"
        " bl.example; from=<a@example.com>, to=<b@example.org>, proto=ESMTP, helo=<mx>",
        {
            "reply_code": 550,
            "dsn": "5.7.1",
            "reason": "Service unavailable; client [192.0.2.1] blocked using bl.example",
            "reason_shape": "Service unavailable; client [ip] blocked using bl.example",
        }
        | TAILED,
    ),
    (
        "NOQUEUE: reject: CONNECT from [192.0.2.1]:48123: too many connections",
        {"protocol_state": "CONNECT", "reason": "too many connections"},
    ),
    (
        "reject: connect from [192.0.2.1]:48123: all screening ports busy",
        {"protocol_state": "CONNECT", "reason": "all screening ports busy"},
    ),
]


@pytest.mark.parametrize(("text", "columns"), POSTSCREEN)
def test_postscreen(text: str, columns: dict[str, object]) -> None:
    """postscreen gives a port and no name, and commas between the attributes."""
    client = {"origin": "postscreen", "client_addr": "192.0.2.1", "client_port": 48123}
    assert said("postscreen", text) == decision(**(client | columns))


CLEANUP = [
    (
        f"4F2A91C0E: milter-reject: END-OF-MESSAGE {FROM}: 5.7.1 Spam; {TAIL}",
        {"origin": "milter", "protocol_state": "END-OF-MESSAGE", "dsn": "5.7.1", "reason": "Spam"} | CLIENT | TAILED,
    ),
    (
        f"4F2A91C0E: reject: header Subject: Buy now {FROM}; {TAIL}: 5.7.1 Not here",
        {"part": "header", "text": "Subject: Buy now", "dsn": "5.7.1", "reason": "Not here"} | CLIENT | TAILED,
    ),
    (
        "4F2A91C0E: warning: body Buy now from local; from=<a@example.com> to=<b@example.org>",
        {
            "action": "warning",
            "part": "body",
            "text": "Buy now",
            "sender": "a@example.com",
            "recipient": "b@example.org",
        },
    ),
    (
        f"4F2A91C0E: milter-header-hold: header X-Spam: yes {FROM}; {TAIL}",
        {"origin": "milter", "action": "hold", "part": "header", "text": "X-Spam: yes"} | CLIENT | TAILED,
    ),
    (
        f"4F2A91C0E: reject: mime-error improper use of 8-bit data in message header: Subject: x {FROM};"
        " from=<a@example.com> to=<b@example.org>",
        {
            "reason": "mime-error improper use of 8-bit data in message header",
            "text": "Subject: x",
            "sender": "a@example.com",
            "recipient": "b@example.org",
        }
        | CLIENT,
    ),
    ("warning: 4F2A91C0E: message rejected: hopcount exceeded", {"reason": "message rejected: hopcount exceeded"}),
    (
        "4F2A91C0E: replace: header From: Jane <j@example.com>: From: Jane <jane@example.com>",
        {
            "action": "replace",
            "part": "header",
            "text": "From: Jane <j@example.com>",
            "reason": "From: Jane <jane@example.com>",
            "reason_shape": "From: Jane <>",
        },
    ),
]


@pytest.mark.parametrize(("text", "columns"), CLEANUP)
def test_cleanup(text: str, columns: dict[str, object]) -> None:
    """Checks of header and body, milters and refused content are decisions of cleanup about a whole mail."""
    expected = decision(**({"origin": "cleanup", "queue_id": "4F2A91C0E"} | columns))
    if "protocol_state" not in columns:
        del expected["protocol_state"]
    assert said("cleanup", text) == expected
