"""Text written by strangers: nothing in it may become an attribute of the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parse.rows import said

CLIENT = "from unknown[192.0.2.1]"


def attributes(text: str) -> dict[str, object]:
    """The parts of a decision that strangers can write."""
    found = said("smtpd", text)
    return {name: found.get(name) for name in ("object", "reason", "sender", "recipient", "proto", "helo")}


def expected(
    object_: str | None, reason: str | None, sender: str | None, recipient: str | None, proto: str, helo: str | None
) -> dict[str, object]:
    return {"object": object_, "reason": reason, "sender": sender, "recipient": recipient, "proto": proto, "helo": helo}


FALSE_TAIL = "from=<jane@example.com> to=<joe@example.org> proto=ESMTP helo=<mail.example.com>"

LATER_STAGES = [
    (
        '"x; from=<y@z> to="@larkspur.example',
        "b@example.org",
    ),
    (
        "a@example.com",
        '"x> proto=ESMTP helo=<fake"@example.org',
    ),
    (
        f'"; {FALSE_TAIL}"@example.com',
        "b@example.org",
    ),
    (
        '"a to=<b"@example.com',
        '"c to=<d> ; from=<e"@example.org',
    ),
    (
        '"a\\"; from=<b> to=<c"@example.com',
        '"d\\\\"@example.org',
    ),
]


@pytest.mark.parametrize(("sender", "recipient"), LATER_STAGES)
def test_quoted_local_parts(sender: str, recipient: str) -> None:
    """A quoted local part holds any text, and stays one address."""
    tail = f"from=<{sender}> to=<{recipient}> proto=ESMTP helo=<mx>"
    text = f"NOQUEUE: reject: RCPT {CLIENT}: 554 5.7.1 <{recipient}>: Relay access denied; {tail}"
    assert attributes(text) == expected(recipient, "Relay access denied", sender, recipient, "ESMTP", "mx")


@pytest.mark.parametrize("sender", [sender for sender, _ in LATER_STAGES])
def test_quoted_sender_at_the_end_of_the_tail(sender: str) -> None:
    """At MAIL a client that did not greet leaves a line that ends with the sender and proto=."""
    text = (
        f"NOQUEUE: reject: MAIL {CLIENT}: 450 4.1.8 <{sender}>: Sender address rejected: No; from=<{sender}> proto=SMTP"
    )
    assert attributes(text) == expected(sender, "Sender address rejected: No", sender, None, "SMTP", None)


@pytest.mark.parametrize(
    "helo",
    [
        f"x; {FALSE_TAIL[:-1]}",
        "a>: Helo command rejected: Host not found; proto=ESMTP helo=<b",
        "a>: b helo=<a",
        "<x>",
        "a b c",
        'a" ; from=<"b',
        ">",
    ],
)
def test_raw_greeting(helo: str) -> None:
    """At HELO and EHLO the greeting is raw, but stands twice: as object and as attribute."""
    reply = f"501 5.5.2 <{helo}>: Helo command rejected: Invalid name"
    text = f"NOQUEUE: reject: EHLO {CLIENT}: {reply}; proto=SMTP helo=<{helo}>"
    assert attributes(text) == expected(helo, "Helo command rejected: Invalid name", None, None, "SMTP", helo)


def test_raw_greeting_under_a_client_restriction() -> None:
    """Where the reply does not name the greeting, everything after the first helo= is the greeting."""
    reason = "Client host rejected: cannot find your hostname, [192.0.2.1]"
    helo = f"x; {FALSE_TAIL[:-1]}"
    text = f"NOQUEUE: reject: EHLO {CLIENT}: 450 4.7.25 {reason}; proto=SMTP helo=<{helo}>"
    assert attributes(text) == expected(None, reason, None, None, "SMTP", helo)


def test_table_text_that_imitates_a_tail() -> None:
    """The text of an access table may look like attributes; only the tail at the end of the line counts."""
    reason = "Recipient address rejected: no; from=<a@x> to=<b@y> helo=<z>"
    text = f"NOQUEUE: reject: RCPT {CLIENT}: 554 5.7.1 <b@example.org>: {reason}; {FALSE_TAIL}"
    assert attributes(text) == expected(
        "b@example.org", reason, "jane@example.com", "joe@example.org", "ESMTP", "mail.example.com"
    )


def test_greeting_cut_with_the_line() -> None:
    """A line that was cut within the greeting keeps the rest of its attributes."""
    tail = f"from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<{'m' * 900}"
    text = f"NOQUEUE: reject: RCPT {CLIENT}: 450 4.7.1 No; {tail}"
    assert attributes(text) == expected(None, "No", "a@example.com", "b@example.org", "ESMTP", "m" * 900)


def test_reply_cut_within_the_object() -> None:
    """A reply cut at 510 bytes within a long greeting has an object and no reason: that is gone."""
    helo = "m" * 900
    text = (
        f"NOQUEUE: reject: RCPT {CLIENT}: 504 5.5.2 <{helo[:498]}; from=<> to=<b@example.org> proto=ESMTP helo=<{helo}>"
    )
    assert attributes(text) == expected("m" * 498, None, "", "b@example.org", "ESMTP", helo)


def test_address_that_is_none() -> None:
    """Brackets inside brackets stay part of what the client sent."""
    reply = "450 4.1.2 <<1@b>>: Recipient address rejected: No"
    text = f"NOQUEUE: reject: VRFY {CLIENT}: {reply}; to=<<1@b>> proto=SMTP helo=<mx>"
    assert attributes(text) == expected("<1@b>", "Recipient address rejected: No", None, "<1@b>", "SMTP", "mx")


def test_subject_that_imitates_the_end_of_its_line() -> None:
    """A header cannot say where it came from: cleanup prints 200 bytes of it, the last origin within reach is true."""
    subject = f"Subject: x from example.com[198.51.100.1]; {FALSE_TAIL}: no"
    text = (
        f"4F2A91C0E: reject: header {subject} {CLIENT}; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<mx>"
    )
    found = said("cleanup", text)
    assert [found.get(name) for name in ("text", "client_addr", "sender", "helo", "reason")] == [
        subject,
        "192.0.2.1",
        "a@example.com",
        "mx",
        None,
    ]


def test_sender_that_imitates_the_queue_manager() -> None:
    """Size and number of recipients are the last ones of the line."""
    sender = '"x>, size=1, nrcpt=1 (queue active)"@example.com'
    assert said("qmgr", f"4F2A91C0E: from=<{sender}>, size=22, nrcpt=2 (queue active)") == {
        "table": "queue",
        "queue_id": "4F2A91C0E",
        "event": "active",
        "sender": sender,
        "size": 22,
        "nrcpt": 2,
    }


def test_recipient_that_imitates_a_delivery() -> None:
    """The attributes of a delivery begin after its whole recipient."""
    recipient = '"x>, relay=evil, status=sent (y)"@example.org'
    found = said(
        "smtp", f"4F2A91C0E: to=<{recipient}>, relay=none, delay=1, dsn=4.4.1, status=deferred (status=sent (x))"
    )
    assert [found.get(name) for name in ("recipient", "relay", "status", "reason")] == [
        recipient,
        "none",
        "deferred",
        "status=sent (x)",
    ]


PIECES = st.sampled_from(
    ['"', "\\", ">", "<", "; from=<", " to=<", " proto=ESMTP", " helo=<", ">: ", "@", " ", "x", "é", ", "]
)
WRITTEN = st.lists(PIECES, max_size=12).map("".join)


def quoted(local: str) -> str:
    """*local* as Postfix logs it: quoted, with quotes and backslashes escaped."""
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"@example.com'


@given(WRITTEN.map(quoted), WRITTEN.map(quoted))
def test_any_quoted_addresses(sender: str, recipient: str) -> None:
    """Whatever two strangers write into quoted local parts, each comes back as it was."""
    reply = f"554 5.7.1 <{recipient}>: Relay access denied"
    text = f"NOQUEUE: reject: RCPT {CLIENT}: {reply}; from=<{sender}> to=<{recipient}> proto=ESMTP helo=<mx>"
    assert attributes(text) == expected(recipient, "Relay access denied", sender, recipient, "ESMTP", "mx")


@given(WRITTEN)
def test_any_raw_greeting(helo: str) -> None:
    """Whatever a client greets with, it comes back as it was, and is nothing else."""
    reply = f"501 5.5.2 <{helo}>: Helo command rejected: Invalid name"
    text = f"NOQUEUE: reject: EHLO {CLIENT}: {reply}; proto=SMTP helo=<{helo}>"
    assert attributes(text) == expected(helo, "Helo command rejected: Invalid name", None, None, "SMTP", helo)
