"""Every other kind of line: sessions, queue, deliveries, notices, filters, lost lines."""

from __future__ import annotations

import pytest

from tests.parse.rows import row, said

C = "mx.example.com[192.0.2.1]"
WHO = {"client_name": "mx.example.com", "client_addr": "192.0.2.1"}
Q = {"queue_id": "4F2A91C0E"}

CONNECTIONS = [
    (f"connect from {C}", {"event": "connect"}),
    (f"disconnect from {C}", {"event": "disconnect"}),
    (
        f"disconnect from {C}:48123 ehlo=1 commands=0/1",
        {"event": "disconnect", "client_port": 48123, "counters": "ehlo=1 commands=0/1"},
    ),
    (f"lost connection after CONNECT from {C}", {"event": "lost_connection", "after": "CONNECT"}),
    (f"NOQUEUE: lost connection after DATA (4000 bytes) from {C}", {"event": "lost_connection", "after": "DATA"}),
    (f"timeout after BDAT (approximately 0 bytes) from {C}", {"event": "timeout", "after": "BDAT"}),
    (f"4F2A91C0E: too many errors after RCPT from {C}", {"event": "too_many_errors", "after": "RCPT"} | Q),
    (f"improper command pipelining after EHLO from {C}: QUIT\\r\\n", {"event": "pipelining", "after": "EHLO"}),
    (f"bare <LF> received after DATA (9 bytes) from {C}", {"event": "bare_lf", "after": "DATA"}),
]


@pytest.mark.parametrize(("text", "columns"), CONNECTIONS)
def test_sessions(text: str, columns: dict[str, object]) -> None:
    """Each event of an smtpd session names the client and, where the session broke, the protocol state."""
    assert said("smtpd", text) == {"table": "connections"} | WHO | columns


QUEUE = [
    ("smtpd", f"4F2A91C0E: client={C}", {"event": "client"} | WHO | Q),
    ("smtpd", f"NOQUEUE: client={C}", {"event": "client"} | WHO),
    (
        "smtpd",
        f"4F2A91C0E: client={C}, sasl_method=PLAIN, sasl_username=jane, doe, sasl_sender=j@example.com,"
        " orig_queue_id=3E1B80A11, orig_client=unknown[198.51.100.1]",
        {
            "event": "client",
            "sasl_method": "PLAIN",
            "sasl_username": "jane, doe",
            "orig_queue_id": "3E1B80A11",
            "orig_client": "unknown[198.51.100.1]",
        }
        | WHO
        | Q,
    ),
    ("cleanup", "4F2A91C0E: message-id=<x@example.com>", {"event": "message_id", "message_id": "x@example.com"} | Q),
    ("cleanup", "4F2A91C0E: resent-message-id=x", {"event": "message_id", "message_id": "x"} | Q),
    (
        "cleanup",
        "4F2A91C0E: message-id=<x@example.com>+y <z>",
        {"event": "message_id", "message_id": "x@example.com"} | Q,
    ),
    ("cleanup", "4F2A91C0E: message-id=<cut@exa", {"event": "message_id", "message_id": "cut@exa"} | Q),
    ("cleanup", "4F2A91C0E: message-id=<>", {"event": "message_id", "message_id": ""} | Q),
    ("cleanup", "4F2A91C0E: removed (canceled)", {"event": "removed"} | Q),
    (
        "qmgr",
        "4F2A91C0E: from=<>, size=9, nrcpt=2 (queue active)",
        {"event": "active", "sender": "", "size": 9, "nrcpt": 2} | Q,
    ),
    (
        "qmgr",
        "4F2A91C0E: from=<a@example.com>, status=force-expired, returned to sender",
        {"event": "expired", "sender": "a@example.com"} | Q,
    ),
    ("qmgr", "4F2A91C0E: skipped, still being delivered", {"event": "skipped"} | Q),
    ("qmgr", "4Xk9Qd2Wp7zG3n: removed", {"event": "removed", "queue_id": "4Xk9Qd2Wp7zG3n"}),
    ("pickup", "4F2A91C0E: uid=1000 from=<jane>", {"event": "pickup", "uid": 1000, "sender": "jane"} | Q),
    (
        "pickup",
        "4F2A91C0E: uid=0 from=<root> orig_id=3E1B80A11",
        {"event": "pickup", "uid": 0, "sender": "root", "orig_queue_id": "3E1B80A11"} | Q,
    ),
    (
        "bounce",
        "4F2A91C0E: sender delay notification: 3E1B80A11",
        {"event": "bounce_notice", "notice_queue_id": "3E1B80A11"} | Q,
    ),
]


@pytest.mark.parametrize(("daemon", "text", "columns"), QUEUE)
def test_queue(daemon: str, text: str, columns: dict[str, object]) -> None:
    """Each step in a queue file's life."""
    assert said(daemon, text) == {"table": "queue"} | columns


DELIVERIES = [
    (
        "smtp",
        "to=<b@example.org>, orig_to=<info@example.com>, relay=mx.example.org[192.0.2.9]:25, conn_use=2, delay=2.1,"
        " delays=1.5/0/0.07/0.53, tls=may:none, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3E1B80A11)",
        {
            "orig_recipient": "info@example.com",
            "relay": "mx.example.org[192.0.2.9]:25",
            "relay_name": "mx.example.org",
            "relay_addr": "192.0.2.9",
            "relay_port": 25,
            "conn_use": 2,
            "delay": 2.1,
            "delay_before_qmgr": 1.5,
            "delay_in_qmgr": 0.0,
            "delay_setup": 0.07,
            "delay_transmit": 0.53,
            "tls": "may:none",
            "dsn": "2.0.0",
            "status": "sent",
            "reason": "250 2.0.0 Ok: queued as 3E1B80A11",
            "queued_as": "3E1B80A11",
        },
    ),
    (
        "local",
        'to=<b@example.org>, relay=local, delay=3, status=SOFTBOUNCE (unknown user: "b")',
        {"relay": "local", "delay": 3.0, "status": "softbounce", "reason": 'unknown user: "b"'},
    ),
    (
        "smtp",
        "to=<b@example.org>, relay=127.0.0.1[127.0.0.1]:10024, conn_use=3 delay=1, dsn=2.0.0, status=sent (250 2.0.0"
        " from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3E1B80A11)",
        {
            "relay": "127.0.0.1[127.0.0.1]:10024",
            "relay_name": "127.0.0.1",
            "relay_addr": "127.0.0.1",
            "relay_port": 10024,
            "conn_use": 3,
            "delay": 1.0,
            "dsn": "2.0.0",
            "status": "sent",
            "reason": "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3E1B80A11",
            "queued_as": "3E1B80A11",
        },
    ),
    (
        "lmtp",
        "to=<b@example.org>, relay=mail.example.org[private/dovecot-lmtp], delay=1, dsn=2.0.0, status=sent (250 Saved)",
        {
            "relay": "mail.example.org[private/dovecot-lmtp]",
            "relay_name": "mail.example.org",
            "delay": 1.0,
            "dsn": "2.0.0",
            "status": "sent",
            "reason": "250 Saved",
        },
    ),
    (
        "error",
        "to=<b@example.org>, relay=none, delay=1, new=thing, delays=1/0/0/0, dsn=4.4.1,"
        " status=deferred (cut with the li",
        {
            "relay": "none",
            "delay": 1.0,
            "delay_before_qmgr": 1.0,
            "delay_in_qmgr": 0.0,
            "delay_setup": 0.0,
            "delay_transmit": 0.0,
            "dsn": "4.4.1",
            "status": "deferred",
            "reason": "cut with the li",
        },
    ),
    (
        "local",
        "to=<b@example.org>, relay=local, delay=1, dsn=2.0.0, status=sent (forwarded as 3E1B80A11)",
        {
            "relay": "local",
            "delay": 1.0,
            "dsn": "2.0.0",
            "status": "sent",
            "reason": "forwarded as 3E1B80A11",
            "queued_as": "3E1B80A11",
        },
    ),
]


@pytest.mark.parametrize(("daemon", "text", "columns"), DELIVERIES)
def test_deliveries(daemon: str, text: str, columns: dict[str, object]) -> None:
    """A delivery attempt is read by key: old lines lack attributes, new ones have more, a cut one lacks its end."""
    assert said(daemon, f"4F2A91C0E: {text}") == {"table": "deliveries", "recipient": "b@example.org"} | Q | columns


NOTICES = [
    (
        "master",
        'warning: service "smtp" (25) has reached its process limit "100": new clients may'
        " experience noticeable delays",
        {"kind": "process_limit", "severity": "warning", "endpoint": "smtp", "value": 100.0},
    ),
    (
        "smtpd",
        f"warning: Connection rate limit exceeded: 31 from {C} for service smtp",
        {"kind": "rate_limit", "severity": "warning", "endpoint": "smtp", "value": 31.0} | WHO,
    ),
    (
        "smtpd",
        f"warning: {C}: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=jane",
        {"kind": "sasl_failure", "severity": "warning"} | WHO,
    ),
    (
        "smtpd",
        "warning: hostname mx.example.com does not resolve to address 192.0.2.1: Name or service not known",
        {"kind": "warning", "severity": "warning", "client_addr": "192.0.2.1"},
    ),
    ("smtpd", f"warning: non-SMTP command from {C}: GET / HTTP/1.1", {"kind": "warning", "severity": "warning"} | WHO),
    (
        "pickup",
        "warning: 4F2A91C0E: message has been queued for 2 days",
        {"kind": "warning", "severity": "warning"} | Q,
    ),
    ("virtual", "NOQUEUE: fatal: update queue file: File too large", {"kind": "fatal", "severity": "fatal"}),
    ("smtpd", "panic: mymalloc: requested length 0", {"kind": "panic", "severity": "panic"}),
    ("smtpd", "error: open database: Permission denied", {"kind": "error", "severity": "error"}),
    (
        "smtpd",
        f"Anonymous TLS connection established from {C}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
        {"kind": "tls"} | WHO,
    ),
    ("smtp", f"Trusted TLS connection reused to {C}:25: TLSv1.3 with cipher X (256/256 bits)", {"kind": "tls"}),
    ("smtpd", f"SSL_accept error from {C}: lost connection", {"kind": "tls_error"} | WHO),
    ("smtpd", f"NOQUEUE: abort: TLS from {C}: No client certificate presented", {"kind": "tls_error"} | WHO),
    ("smtp", "4F2A91C0E: Cannot start TLS: handshake failure", {"kind": "tls_error"} | Q),
    ("smtp", f"connect to {C}:25: Connection timed out", {"kind": "connect_failure"}),
    ("lmtp", "connect to mail.example.com[private/lmtp]: No such file or directory", {"kind": "connect_failure"}),
    ("smtp", f"4F2A91C0E: host {C} said: 450 4.7.1 Later (in reply to RCPT TO command)", {"kind": "remote_said"} | Q),
    ("smtp", f"4F2A91C0E: host {C} refused to talk to me: 421 busy", {"kind": "remote_said"} | Q),
    ("smtp", f"4F2A91C0E: lost connection with {C} while sending DATA command", {"kind": "remote_lost_connection"} | Q),
    ("smtp", f"4F2A91C0E: conversation with {C} timed out while sending MAIL FROM", {"kind": "remote_timeout"} | Q),
    ("smtp", f"4F2A91C0E: SASL authentication failed; server {C} said: 535 no", {"kind": "client_sasl_failure"} | Q),
    ("smtp", "4F2A91C0E: passing <b@example.org> to transport=relay", {"kind": "other"} | Q),
    (
        "postscreen",
        "CONNECT from [192.0.2.1]:48123 to [198.51.100.1]:25",
        {"kind": "postscreen", "client_addr": "192.0.2.1"},
    ),
    ("postscreen", "PASS NEW [192.0.2.1]:48123", {"kind": "postscreen", "client_addr": "192.0.2.1"}),
    (
        "postscreen",
        "PREGREET 11 after 0.06 from [192.0.2.1]:48123: EHLO x\\r\\n",
        {"kind": "postscreen", "client_addr": "192.0.2.1", "value": 11.0},
    ),
    (
        "postscreen",
        "DNSBL rank -3 for [192.0.2.1]:48123",
        {"kind": "postscreen", "client_addr": "192.0.2.1", "value": -3.0},
    ),
    (
        "postscreen",
        "HANGUP after 0 from [2001:db8::1]:48123 in tests before SMTP handshake",
        {"kind": "postscreen", "client_addr": "2001:db8::1"},
    ),
    ("postscreen", "entering STRESS mode with 90 connections", {"kind": "postscreen", "value": 90.0}),
    (
        "dnsblog",
        "addr 192.0.2.1 listed by domain bl.example as 127.0.0.2",
        {"kind": "dnsblog", "client_addr": "192.0.2.1"},
    ),
    ("tlsproxy", "DISCONNECT [192.0.2.1]:48123", {"kind": "tlsproxy", "client_addr": "192.0.2.1"}),
    (
        "anvil",
        "statistics: max connection rate 3/60s for (127.0.0.1:10025:192.0.2.1) at Mar  2 06:12:00",
        {"kind": "anvil", "client_addr": "192.0.2.1", "endpoint": "127.0.0.1:10025", "value": 3.0},
    ),
    (
        "anvil",
        "statistics: max connection count 5 for (smtp:2001:db8::1) at Mar  2 06:12:00",
        {"kind": "anvil", "client_addr": "2001:db8::1", "endpoint": "smtp", "value": 5.0},
    ),
    ("anvil", "statistics: max cache size 12 at Mar  2 06:12:00", {"kind": "anvil", "value": 12.0}),
    ("scache", "statistics: domain lookup hits=4 miss=6 success=40%", {"kind": "scache"}),
    ("master", "daemon started -- version 3.7.11, configuration /etc/postfix", {"kind": "master"}),
    ("postfix-script", "refreshing the Postfix mail system", {"kind": "script"}),
    ("postsuper", "4F2A91C0E: removed", {"kind": "postsuper"} | Q),
    ("postsuper", "Released from hold: 12 messages", {"kind": "postsuper", "value": 12.0}),
    ("trivial-rewrite", "table hash:/etc/aliases(0,lock|fold_fix) has changed -- restarting", {"kind": "other"}),
    ("verify", "cache lmdb:/var/lib/postfix/verify full cleanup: retained=1 dropped=2 entries", {"kind": "other"}),
    ("qmgr", "4F2A91C0E: status=deferred (bounce failed)", {"kind": "other"} | Q),
]


@pytest.mark.parametrize(("daemon", "text", "columns"), NOTICES)
def test_notices(daemon: str, text: str, columns: dict[str, object]) -> None:
    """Everything else that is understood has a kind, a severity, and its text without severity and queue id."""
    found = said(daemon, text)
    kept = found.pop("text")
    assert found == {"table": "notices", "severity": "info"} | columns
    assert text.endswith(str(kept))


LOSS = [
    ("systemd-journald[9]", "Suppressed 12 messages from postfix@-.service", 12.0, "postfix@-.service"),
    ("systemd-journald[9]", "Forwarding to syslog missed 7 messages.", 7.0, None),
    ("rsyslogd-2177", "imuxsock lost 35 messages from pid 12105 due to rate-limiting", 35.0, None),
    ("rsyslogd", "imuxsock[pid 77]: begin to drop messages due to rate-limiting", None, None),
    ("rsyslogd", "imjournal: 800 messages lost due to rate-limiting (20000 allowed within 600 seconds)", 800.0, None),
]


@pytest.mark.parametrize(("tag", "text", "value", "endpoint"), LOSS)
def test_lost_lines(tag: str, text: str, value: float | None, endpoint: str | None) -> None:
    """What journald and rsyslog say about lines they dropped is counted."""
    found = row(f"Mar  2 06:12:00 mail {tag}: {text}")
    named = (found["kind"], found["severity"], found.get("value"), found.get("endpoint"))
    assert named == ("log_loss", "warning", value, endpoint)


VERDICTS = [
    (
        "amavis",
        "(77-01) Blocked INFECTED (Eicar) {DiscardedInbound}, [192.0.2.1]:48123 [192.0.2.1] <a@example.com> ->"
        " <b@example.org>,<c@example.org>, Queue-ID: 4F2A91C0E, Message-ID: <x@example.com>, Hits: -, size: 9",
        {"verdict": "virus", "client_addr": "192.0.2.1"} | Q,
    ),
    (
        "amavis",
        "(77-01) Passed SPAMMY {RelayedInbound}, [192.0.2.1]:48123 <a@example.com> -> <b@example.org>,"
        " Queue-ID: 4F2A91C0E, Message-ID: <x@example.com>, Hits: 6.31, size: 9, queued_as: 3E1B80A11, 9 ms",
        {"verdict": "spam", "client_addr": "192.0.2.1", "score": 6.31} | Q,
    ),
    (
        "rspamd",
        "<a1b2c3>; task; rspamd_task_write_log: id: <x@example.com>, qid: <4F2A91C0E>, ip: 192.0.2.1,"
        " from: <a@example.com>, (default: F (no action): [-2.10/15.00] [A(1.0)]), len: 9, time: 3ms,"
        " rcpts: <b@example.org,c@d.example>",
        {"verdict": "clean", "client_addr": "192.0.2.1", "score": -2.1} | Q,
    ),
]


@pytest.mark.parametrize(("tag", "text", "columns"), VERDICTS)
def test_verdicts(tag: str, text: str, columns: dict[str, object]) -> None:
    """A filter's word on a mail names the mail, so that it can be joined with it."""
    found = row(f"Mar  2 06:12:00 mail {tag}[77]: {text}")
    named = {k: v for k, v in found.items() if k not in ("table", "ts", "stamp", "position", "host", "instance", "pid")}
    mail = {"filter": tag, "sender": "a@example.com", "recipient": "b@example.org", "message_id": "x@example.com"}
    assert named == mail | columns


def test_spamd_says_it_twice_and_counts_once() -> None:
    """Of spamd's two lines about a mail only the one with its message id is a verdict."""
    first = row(
        "Mar  2 06:12:00 mail spamd[77]: spamd: identified spam (8.7/5.0) for jane:1001 in 1.2 seconds, 4711 bytes."
    )
    second = row(
        "Mar  2 06:12:00 mail spamd[77]: spamd: result: Y 9 - A,B scantime=0.8,size=5,mid=<x@example.com>,autolearn=no"
    )
    assert (first["table"], first["why"]) == ("unrecognised", "not postfix")
    assert [second[name] for name in ("table", "verdict", "score", "message_id")] == [
        "verdicts",
        "spam",
        9.0,
        "x@example.com",
    ]
