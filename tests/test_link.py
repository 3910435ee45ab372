"""The ordered pass: sessions, lives of queue ids, re-injection, repeats. Lines as Postfix 3.7 wrote them."""

from __future__ import annotations

from typing import Any

from logtune.api import MailLog
from tests.lines import log_of


def rows(log: MailLog, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in log.arrow(query).to_pylist()]


def groups(log: MailLog, table: str, column: str) -> list[int | None]:
    """Values of *column* in line order, numbered by first appearance (positions say nothing to a reader)."""
    seen: dict[int, int] = {}
    values = log.table(table).sort_by("position").column(column).to_pylist()
    return [None if v is None else seen.setdefault(v, len(seen) + 1) for v in values]


def test_one_process_serves_one_session_after_another() -> None:
    """A session lasts from connect to disconnect of its process; the same process then begins another."""
    log = log_of("""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[8]: connect from b.example[192.0.2.2]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 quit=1 commands=2
        smtpd[7]: connect from c.example[192.0.2.3]
        smtpd[8]: lost connection after EHLO from b.example[192.0.2.2]
        smtpd[8]: disconnect from b.example[192.0.2.2] ehlo=1 commands=1
    """)
    assert groups(log, "connections", "session") == [1, 2, 1, 3, 2, 2]
    assert log.coverage.loss == []


def test_services_do_not_share_sessions() -> None:
    """The same process number in another service is another process."""
    log = log_of("""
        smtpd[7]: connect from a.example[192.0.2.1]
        submission/smtpd[7]: connect from b.example[192.0.2.2]
        smtpd[7]: disconnect from a.example[192.0.2.1] quit=1 commands=1
    """)
    assert groups(log, "connections", "session") == [1, 2, 1]


def test_a_connect_inside_an_open_session_means_lost_lines() -> None:
    """The disconnect is missing: a new session begins, and the report says that lines are missing."""
    log = log_of("""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: connect from b.example[192.0.2.2]
    """)
    assert groups(log, "connections", "session") == [1, 2]
    assert log.coverage.loss == ["1 connect inside an open session of the same process"]
    assert log.coverage.lost


def test_counters_that_no_line_explains_mean_lost_lines() -> None:
    """smtpd counted an accepted recipient; without its client= line something is missing."""
    log = log_of("""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
    """)
    assert log.coverage.loss == ["1 session counted recipients that no line shows"]


def test_a_log_that_begins_inside_a_session_is_no_loss() -> None:
    """Rotation cuts sessions; their lines still belong together."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
    """)
    assert groups(log, "queue", "session") == groups(log, "connections", "session") == [1]
    assert log.coverage.loss == []


def test_a_queue_id_that_comes_back_is_another_message() -> None:
    """Short queue ids are given again as soon as the file is gone."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
        qmgr[3]: A1B2C3D4E5: removed
        smtpd[8]: A1B2C3D4E5: client=b.example[192.0.2.2]
        cleanup[4]: A1B2C3D4E5: message-id=<1@b.example>
        qmgr[3]: A1B2C3D4E5: from=<y@b.example>, size=500, nrcpt=1 (queue active)
    """)
    assert groups(log, "queue", "message") == [1, 1, 1, 2, 2, 2]


def test_an_aborted_mail_leaves_no_trace_in_the_next_one() -> None:
    """An aborted mail is never removed by a line of its own (before 3.10); the next client= begins a new life."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: lost connection after DATA (12 bytes) from a.example[192.0.2.1]
        smtpd[8]: A1B2C3D4E5: client=b.example[192.0.2.2]
    """)
    assert groups(log, "queue", "message") == [1, 2]


def test_instances_have_their_own_queue_ids() -> None:
    """The key of a message is host, instance and queue id."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        Mar  2 10:00:00 mail postfix-out/smtpd[9]: A1B2C3D4E5: client=localhost[127.0.0.1]
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
    """)
    assert groups(log, "queue", "message") == [1, 2, 1]


def test_a_requeued_mail_keeps_its_message() -> None:
    """postsuper -r gives the mail another queue file; orig_id names the one before."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
        postsuper[9]: A1B2C3D4E5: requeued
        pickup[5]: B1B2C3D4E6: uid=0 from=<x@a.example> orig_id=A1B2C3D4E5
        qmgr[3]: B1B2C3D4E6: from=<x@a.example>, size=400, nrcpt=1 (queue active)
    """)
    assert set(groups(log, "queue", "message")) == {1}


SENT = "relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent"
FILTERED = (
    f"to=<r@corbel.example>, {SENT} (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as B1B2C3D4E6)"
)


def test_a_filtered_mail_has_a_successor() -> None:
    """The filter's answer names the queue id that the mail came back with."""
    log = log_of(f"""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[9]: B1B2C3D4E6: client=localhost[127.0.0.1]
        smtp[5]: A1B2C3D4E5: {FILTERED}
    """)
    assert rows(log, "SELECT d.successor = q.message FROM deliveries d, queue q WHERE q.queue_id = 'B1B2C3D4E6'") == [
        (True,)
    ]


def test_a_remote_queue_id_that_equals_one_of_ours_is_not_believed() -> None:
    """Another site's queue id means nothing here, even where we happen to have the same."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[9]: B1B2C3D4E6: client=c.example[198.51.100.3]
        smtp[5]: A1B2C3D4E5: to=<r@far.example>, relay=mx.far.example[203.0.113.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B1B2C3D4E6)
    """)
    assert log.deliveries.column("successor").to_pylist() == [None]


def test_a_client_line_that_names_another_origin_is_not_believed() -> None:
    """orig_queue_id outranks the address: it says which mail this one was."""
    log = log_of(f"""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[9]: B1B2C3D4E6: client=localhost[127.0.0.1], orig_queue_id=C1B2C3D4E7, orig_client=x.example[192.0.2.5]
        smtp[5]: A1B2C3D4E5: {FILTERED}
    """)
    assert log.deliveries.column("successor").to_pylist() == [None]


def test_a_forwarded_mail_has_a_successor() -> None:
    """local(8) forwards under a new queue id, without a client line."""
    log = log_of("""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        cleanup[4]: B1B2C3D4E6: message-id=<1@a.example>
        local[5]: A1B2C3D4E5: to=<r@corbel.example>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as B1B2C3D4E6)
    """)
    assert rows(log, "SELECT d.successor = q.message FROM deliveries d, queue q WHERE q.queue_id = 'B1B2C3D4E6'") == [
        (True,)
    ]


WARNED = "reject_warning: RCPT from a.example[192.0.2.1]: 504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname;"


def test_a_warning_before_the_queue_file_belongs_to_its_mail() -> None:
    """The first recipient is judged under NOQUEUE; client= follows in the same session."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        smtpd[7]: A1B2C3D4E5: {WARNED} from=<x@a.example> to=<s@corbel.example> proto=ESMTP helo=<frasier>
    """)
    assert rows(
        log,
        "SELECT count(DISTINCT message), count(*) FROM (SELECT message FROM decisions UNION ALL SELECT message FROM queue)",
    ) == [(1, 3)]


def test_a_transaction_of_another_sender_does_not_join_the_next_mail() -> None:
    """What was refused under another sender belongs to another mail."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<other@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
    """)
    assert [m is None for m in log.decisions.column("message").to_pylist()] == [True, False]


def test_repeated_lines_count_as_often_as_they_say() -> None:
    """syslogd folds equal lines: "last message repeated" adds to the line before it on that host."""
    log = log_of("""
        smtpd[7]: connect from a.example[192.0.2.1]
        Mar  2 10:00:01 mail last message repeated 3 times
        Mar  2 10:00:02 mail postfix/smtpd[7]: message repeated 2 times: [ lost connection after EHLO from a.example[192.0.2.1]]
    """)
    assert log.connections.column("repeat").to_pylist() == [4, 2]


def test_a_refused_recipient_that_is_named_again_belongs_to_the_next_mail() -> None:
    """The client was deferred, began anew in the same session and came in: two mails."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 450 4.7.1 <r@corbel.example>: Recipient address rejected: Greylisted; from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=2 rcpt=1/2 data=1 rset=1 quit=1 commands=7/8
    """)
    assert rows(log, "SELECT outcome, message IS NULL FROM recipients ORDER BY id") == [
        ("deferred", True),
        ("accepted", False),
    ]


MAILED = "MAIL from a.example[192.0.2.1]: 450 4.1.8 <x@no.example>: Sender address rejected: Domain not found; from=<x@no.example> proto=ESMTP helo=<a.example>"


def test_a_mail_refused_at_mail_does_not_join_the_next_one() -> None:
    """With smtpd_delay_reject=no the next mail may leave no line before its queue file."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: reject: {MAILED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
    """)
    assert log.decisions.column("message").to_pylist() == [None]


def test_a_warning_of_another_sender_than_the_queue_manager_names_is_given_back() -> None:
    """The mail that was warned about was given up; the one that came next was silent until it became active."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: reject_warning: {MAILED}
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<y@a.example>, size=400, nrcpt=1 (queue active)
    """)
    assert log.decisions.column("message").to_pylist() == [None]


def test_a_rewritten_sender_does_not_take_the_lines_from_its_mail() -> None:
    """sender_canonical_maps: the queue manager names another sender, but the accepted recipient itself was warned about."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        qmgr[3]: A1B2C3D4E5: from=<nice@a.example>, size=400, nrcpt=1 (queue active)
    """)
    assert log.decisions.column("message").to_pylist() == log.queue.column("message").to_pylist()[:1]


def test_the_same_recipient_again_before_the_next_queue_file_is_of_the_next_mail() -> None:
    """A before-queue filter: the first mail was given up, its second recipient is the first of the next mail."""
    log = log_of(f"""
        smtpd[7]: connect from a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<r@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: client=a.example[192.0.2.1]
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<s@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: {WARNED} from=<x@a.example> to=<s@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: NOQUEUE: client=a.example[192.0.2.1]
        smtpd[7]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok; from=<x@a.example> to=<s@corbel.example> proto=ESMTP helo=<frasier>
        smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=2 rcpt=3 data=1 rset=1 quit=1 commands=9
    """)
    assert rows(log, "SELECT recipient, outcome FROM recipients ORDER BY id") == [
        ("r@corbel.example", "abandoned"),
        ("s@corbel.example", "abandoned"),
        ("s@corbel.example", "accepted"),
    ]


def test_a_filter_speaks_of_the_last_mail_with_that_queue_id_on_its_host() -> None:
    """amavis and rspamd log under names of their own; what they say belongs to Postfix's mail, or to none that is known."""
    passed = "Passed CLEAN, [192.0.2.1]:4711 <x@a.example> -> <r@corbel.example>, Queue-ID: {}, mail_id: b, Hits: -0.1, size: 4"
    log = log_of(f"""
        smtpd[7]: A1B2C3D4E5: client=a.example[192.0.2.1]
        Mar  2 10:00:00 mail postfix-in/smtpd[8]: A1B2C3D4E5: client=b.example[192.0.2.2]
        Mar  2 10:00:00 mail amavis[9]: (9-1) {passed.format("A1B2C3D4E5")}
        Mar  2 10:00:00 other amavis[9]: (9-1) {passed.format("A1B2C3D4E5")}
        Mar  2 10:00:00 mail amavis[9]: (9-1) {passed.format("C1C2C3D4E5")}
        qmgr[3]: A1B2C3D4E5: from=<x@a.example>, size=400, nrcpt=1 (queue active)
    """)
    first, second, again = log.queue.column("message").to_pylist()
    assert first == again
    assert log.verdicts.column("message").to_pylist() == [second, None, None]
