"""Recipients and flags from the lines and from smtpd's counters. Lines as Postfix 3.7 wrote them."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from logtune.api import MailLog
from tests.lines import log_of


def rows(log: MailLog, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in log.arrow(query).to_pylist()]


def recipients(log: MailLog) -> list[tuple[Any, ...]]:
    """(recipient, outcome, fate, flagged by how many restrictions) in line order."""
    return rows(
        log,
        "SELECT recipient, outcome, fate, (SELECT count(DISTINCT restriction) FROM flags f WHERE f.id = r.id AND f.certain)"
        " FROM recipients r ORDER BY id",
    )


FQDN = "504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname;"
WARNED = f"reject_warning: RCPT from a.example[192.0.2.1]: {FQDN} from=<x@a.example>"
UNKNOWN = "550 5.1.1 <no@corbel.example>: Recipient address rejected: User unknown in virtual mailbox table;"
REFUSED = f"reject: RCPT from a.example[192.0.2.1]: {UNKNOWN} from=<x@a.example> to=<no@corbel.example>"
TAIL = "proto=ESMTP helo=<frasier>"
GREETED = f"reject_warning: EHLO from a.example[192.0.2.1]: {FQDN} proto=SMTP helo=<frasier>"
SENT = "relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)"


def test_a_recipient_refused_in_two_mails_is_two_recipients() -> None:
    """The client began anew with the same addresses: each RCPT TO of another mail counts."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<no@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: {REFUSED} {TAIL}
        smtpd[7]: NOQUEUE: {WARNED} to=<no@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: {REFUSED} {TAIL}
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=2 rcpt=0/2 rset=2 quit=1 commands=6/8
    """)
    assert recipients(log) == [("no@corbel.example", "rejected", None, 1)] * 2


def test_a_recipient_refused_twice_in_one_mail_is_one_recipient() -> None:
    """smtpd counted one MAIL command: the client only repeated RCPT TO."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<no@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: {REFUSED} {TAIL}
        smtpd[7]: NOQUEUE: {WARNED} to=<no@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: {REFUSED} {TAIL}
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=0/2 quit=1 commands=3/5
    """)
    assert recipients(log) == [("no@corbel.example", "rejected", None, 1)]


def test_a_mail_that_was_given_up_stands_for_as_many_recipients_as_smtpd_counted() -> None:
    """With smtpd_delay_reject=no no line names them, but the disconnect line counts accepted RCPT commands."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {GREETED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=3 rset=1 quit=1 commands=7
    """)
    assert recipients(log) == [(None, "abandoned", None, 1)] * 3


def test_a_recipient_beside_a_refused_one_is_counted_too() -> None:
    """A line names only the refused recipient of a mail that was given up; smtpd counted another, accepted one."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {GREETED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: A1B2C3D4E5: {REFUSED} {TAIL}
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1/2 rset=1 quit=1 commands=5/6
    """)
    assert sorted(recipients(log), key=str) == [
        ("no@corbel.example", "rejected", None, 1),
        (None, "abandoned", None, 1),
    ]


def test_which_of_several_mails_a_merely_counted_recipient_belongs_to_is_unknown() -> None:
    """One mail is held and one given up: the recipient that only the counter knows may be of either."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {GREETED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        cleanup[4]: A1B2C3D4E5: message-id=<1@a.example>
        cleanup[4]: A1B2C3D4E5: hold: header Subject: x from a.example[192.0.2.1]; from=<x@a.example> to=<r@corbel.example> {TAIL}
        smtpd[7]: B1B2C3D4E6: client=a.example[192.0.2.1]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=2 rcpt=3 data=1 rset=1 quit=1 commands=9
    """)
    assert rows(log, "SELECT outcome, fate FROM recipients ORDER BY outcome") == [
        ("abandoned", None),
        ("accepted", "held"),
        ("unknown", None),
    ]


def test_copies_that_postfix_adds_are_no_recipients() -> None:
    """always_bcc adds a delivery that no client asked for: smtpd counted one recipient."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {GREETED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=2 (queue active)
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
        local[5]: A1B2C3D4E5: to=<r@corbel.example>, {SENT}
        local[5]: A1B2C3D4E5: to=<archive@corbel.example>, {SENT}
    """)
    assert recipients(log) == [("r@corbel.example", "accepted", "delivered", 1)]


def test_a_mail_that_is_too_big_is_rejected_without_a_reject_line() -> None:
    """smtpd answers 552 at the end of DATA and logs a warning about the queue file only."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<r@corbel.example> {TAIL}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: warning: A1B2C3D4E5: queue file size limit exceeded
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
    """)
    assert recipients(log) == [("r@corbel.example", "rejected", None, 1)]


def test_a_lookup_that_fails_in_cleanup_defers() -> None:
    """cleanup says that the message was not accepted; the client got 451."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<r@corbel.example> {TAIL}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        cleanup[4]: warning: A1B2C3D4E5: sender_bcc_maps map lookup problem -- message not accepted, try again later
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
    """)
    assert recipients(log) == [("r@corbel.example", "deferred", None, 1)]


def test_a_probe_in_a_session_with_other_mail_is_a_probe() -> None:
    """Null sender, RCPT, RSET; the only DATA command belongs to the mail that was accepted."""
    probed = WARNED.replace("from=<x@a.example>", "from=<>")
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {probed} to=<r@corbel.example> {TAIL}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<r@corbel.example> {TAIL}
        smtpd[7]: B1B2C3D4E6: client=a.example[192.0.2.1]
        qmgr[3]: B1B2C3D4E6: from=<x@a.example>, size=400, nrcpt=1 (queue active)
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=2 rcpt=2 data=1 rset=1 quit=1 commands=8
    """)
    assert recipients(log) == [
        ("r@corbel.example", "probe", None, 1),
        ("r@corbel.example", "accepted", "waiting", 1),
    ]


def test_held_mail_that_was_deleted_has_no_known_fate() -> None:
    """postsuper -d removes it from the hold queue without a word of the queue manager."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<r@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: hold: RCPT from a.example[192.0.2.1]: <x@a.example>: Sender address triggers HOLD action; from=<x@a.example> to=<r@corbel.example> {TAIL}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
        postsuper[9]: A1B2C3D4E5: removed
    """)
    assert recipients(log) == [("r@corbel.example", "accepted", "unknown", 1)]


def test_the_fate_of_a_renamed_recipient_is_the_fate_of_the_mail() -> None:
    """A filter injected the mail again for another address."""
    log = log_of(f"""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: A1B2C3D4E5: {WARNED} to=<r@corbel.example> {TAIL}
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
        smtpd[9]: B1B2C3D4E6: client=localhost[127.0.0.1], orig_queue_id=A1B2C3D4E5, orig_client=a.example[192.0.2.1]
        smtp[5]: A1B2C3D4E5: to=<r@corbel.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B1B2C3D4E6)
        qmgr[3]: A1B2C3D4E5: removed
        local[5]: B1B2C3D4E6: to=<other@corbel.example>, {SENT}
    """)
    assert rows(log, "SELECT fate FROM recipients WHERE NOT reinjected") == [("delivered",)]


def test_views_have_the_rows_of_their_facts() -> None:
    """Looking texts up neither doubles nor loses a row: a session, mail and recipient stands once in its relation."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} to=<no@corbel.example> {TAIL}
        smtpd[7]: NOQUEUE: {WARNED} to=<yes@corbel.example> {TAIL}
        smtpd[7]: A1B2C3: client=a.example[192.0.2.1]
        cleanup[8]: A1B2C3: message-id=<1@a.example>
        qmgr[9]: A1B2C3: from=<x@a.example>, size=1, nrcpt=2 (queue active)
        local[10]: A1B2C3: to=<yes@corbel.example>, {SENT}
        local[10]: A1B2C3: to=<tom@corbel.example>, orig_to=<no@corbel.example>, {SENT}
        local[10]: A1B2C3: to=<copy@corbel.example>, {SENT}
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=3 data=1 quit=1 commands=7
    """)
    counts = "SELECT (SELECT count(*) FROM {0}s), (SELECT count(*) FROM {0}_facts)"
    assert [rows(log, counts.format(name)) for name in ("session", "message", "recipient")] == [
        [(1, 1)],
        [(1, 1)],
        [(3, 3)],
    ]
    assert rows(log, "SELECT recipient, helo, queue_id, host, pid FROM recipients ORDER BY id") == [
        ("no@corbel.example", "frasier", "A1B2C3", "mail", 7),
        ("yes@corbel.example", "frasier", "A1B2C3", "mail", 7),
        ("copy@corbel.example", "frasier", "A1B2C3", "mail", 7),
    ]
    assert rows(log, "SELECT queue_id, message_id, host FROM messages") == [("A1B2C3", "1@a.example", "mail")]
    assert rows(log, "SELECT helo, counters LIKE 'ehlo=1 %' FROM sessions") == [("frasier", True)]


def flags_of(log: MailLog) -> list[tuple[Any, ...]]:
    """(recipient, text, certain) of every flag."""
    return rows(
        log, "SELECT r.recipient, f.text, f.certain FROM flags f JOIN recipients r USING (id) ORDER BY f.position, r.id"
    )


def early(text: str, helo: str, verb: str = "EHLO", proto: str = "SMTP") -> str:
    """A warning about a greeting where smtpd_delay_reject is no."""
    return f"smtpd[7]: NOQUEUE: reject_warning: {verb} from a.example[192.0.2.1]: 504 5.5.2 <{helo}>: {text}; proto={proto} helo=<{helo}>"


ONE_MAIL = """
    smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
    cleanup[8]: A1B2C3D4E5: message-id=<1@a.example>
    qmgr[9]: A1B2C3D4E5: from=<x@a.example>, size=300, nrcpt=1 (queue active)
    smtpd[7]: disconnect from a.example[192.0.2.1] {counters}
    lmtp[10]: A1B2C3D4E5: to=<anna@b.example>, relay=b.example[private/lmtp], delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)
    qmgr[9]: A1B2C3D4E5: removed
"""


def session(*lines: str, counters: str) -> MailLog:
    return log_of(
        "\n".join(
            ["smtpd[7]: connect from a.example[192.0.2.1]", *lines, dedent(ONE_MAIL).strip().format(counters=counters)]
        )
    )


FULL_NAME = "Helo command rejected: need fully-qualified hostname"
BAD_LITERAL = "Helo command rejected: invalid ip address"
TLS = "smtpd[7]: Anonymous TLS connection established from a.example[192.0.2.1]: TLSv1.3 with cipher X (256/256 bits)"


def test_a_greeting_under_tls_is_the_one_that_counts_also_after_helo() -> None:
    """The client said HELO before TLS, so that proto= of its EHLO under TLS is SMTP still: the TLS line tells the order."""
    log = session(
        TLS, early(FULL_NAME, "frasier"), counters="helo=1 ehlo=1 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
    )
    assert flags_of(log) == [("anna@b.example", FULL_NAME, True)]


def test_without_a_tls_line_a_warning_after_helo_may_be_of_either_greeting() -> None:
    """smtpd_tls_loglevel=0: one warning in two greetings, of which one was HELO; proto= does not tell which was first."""
    log = session(
        early(FULL_NAME, "frasier"), counters="helo=1 ehlo=1 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7"
    )
    assert flags_of(log) == [("anna@b.example", FULL_NAME, False)]


def test_tls_throws_away_what_three_restrictions_said_of_a_greeting() -> None:
    """A bad address literal gets one text from each of the three; that is one greeting, and TLS made the client greet anew."""
    said = [early(BAD_LITERAL, "[192.0.2]")] * 3
    log = session(*said, TLS, counters="ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7")
    assert flags_of(log) == []


def test_what_three_restrictions_say_of_one_greeting_is_not_three_greetings() -> None:
    """The client greeted again, by a name that nobody warned about, or by the same: the log does not tell."""
    said = [early(BAD_LITERAL, "[192.0.2]")] * 3
    log = session(*said, counters="ehlo=2 mail=1 rcpt=1 data=1 quit=1 commands=6")
    assert flags_of(log) == [("anna@b.example", BAD_LITERAL, False)] * 3


def test_the_greeting_of_a_front_end_is_not_that_of_the_client_it_names() -> None:
    """With smtpd_delay_reject=no a front end is warned about its own EHLO, before XCLIENT: that concerns no mail."""
    own = early(FULL_NAME, "proxy").replace("a.example[192.0.2.1]", "front.example[192.0.2.9]")
    of_client = early(FULL_NAME, "frasier")
    counters = "ehlo=2 xclient=0/1 mail=1 rcpt=1 data=1 quit=1 commands=6/7"
    assert flags_of(session(own, counters=counters)) == []
    assert [f[:2] for f in flags_of(session(own, of_client, counters=counters))] == [("anna@b.example", FULL_NAME)]


def test_a_client_named_by_xclient_is_judged_anew() -> None:
    """With smtpd_delay_reject=no its client restrictions warn at the stage XCLIENT; that concerns its later mails."""
    text = "Client host rejected: cannot find your hostname, [192.0.2.1]"
    line = f"smtpd[7]: NOQUEUE: reject_warning: XCLIENT from unknown[192.0.2.1]: 450 4.7.25 {text}; proto=SMTP"
    log = session(line, counters="ehlo=2 xclient=0/1 mail=1 rcpt=1 data=1 quit=1 commands=6/7")
    assert [(recipient, certain) for recipient, _, certain in flags_of(log)] == [("anna@b.example", True)]
