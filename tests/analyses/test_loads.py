"""Loads: sessions and deliveries at the same moment, and the limit that applies."""

from __future__ import annotations

from typing import Any

from logtune.analyses.loads import LimitSource, Load, service_loads, transport_labels, transport_loads
from logtune.postfix.process_limits import ServiceLimit
from tests.analyses.made_log import MadeLog, at, make
from tests.analyses.test_connections import busy_log, limit, lines


def delivery(position: int, ts: str, seconds: float, **more: Any) -> dict[str, Any]:
    """A delivery whose stages c and d together took *seconds* up to *ts*."""
    stages = {"delay_before_qmgr": 5.0, "delay_in_qmgr": 2.0, "delay_setup": 0.0, "delay_transmit": seconds}
    fixed = {"position": position, "ts": at(ts), "daemon": "smtp", "pid": position, "message": position}
    return {**fixed, "status": "sent", "recipient": f"u{position}@example.com", "delay": 7 + seconds, **stages, **more}


def levels(log: MadeLog) -> dict[str, dict[int, float]]:
    loads = transport_loads(log)
    labels = transport_labels(loads)
    return {labels[key]: load.seconds for key, load in loads.items()}


def test_deliveries_reach_back() -> None:
    """A delivery occupies its process for stages c and d before its line, not for a and b."""
    log = make(deliveries=[delivery(1, "02 08:00:10", 4), delivery(2, "02 08:00:12", 4)])
    assert levels(log) == {"smtp": {0: 0.0, 1: 4.0, 2: 2.0}}  # 06-08 and 10-12 one, 08-10 two


def test_recipients_of_one_transaction_count_once() -> None:
    """One SMTP transaction logs a line per recipient with the same delays: it is one process."""
    one = [delivery(n, "02 08:00:10", 4, pid=7, message=1) for n in (1, 2, 3)]
    assert levels(make(deliveries=one)) == {"smtp": {0: 0.0, 1: 4.0}}


def test_process_delivers_one_at_a_time() -> None:
    """What whole seconds and rounded delays let overlap in one process is cut."""
    log = make(deliveries=[delivery(1, "02 08:00:10", 2, pid=7), delivery(2, "02 08:00:12", 2.9, pid=7)])
    assert transport_loads(log)[("mail", "postfix", None, "smtp", None)].peak == 1


def test_delivery_without_length() -> None:
    """Under 0.01 s Postfix logs 0: there was one at least."""
    log = make(deliveries=[delivery(1, "02 08:00:10", 0.0, daemon="local")])
    assert transport_loads(log)[("mail", "postfix", None, "local", None)].peak == 1


def test_transports_by_name() -> None:
    """Of pipe the relay is the transport, a syslog name of its own names it too; error delivers nothing."""
    log = make(
        deliveries=[
            delivery(1, "02 08:00:10", 1, daemon="pipe", relay="dovecot"),
            delivery(2, "02 08:00:10", 1, service="relay"),
            delivery(3, "02 08:00:10", 1, daemon="error"),
        ]
    )
    assert sorted(levels(log)) == ["dovecot", "relay"]


def known(log: MadeLog, *limits: ServiceLimit) -> list[tuple[int, int, str, str | None]]:
    return [(x.limit, x.reached, x.source.value, x.setting) for x in service_loads(log, limits).values()]


def test_where_the_limit_is_from() -> None:
    """postconf's counts, then the log's, then the default; what the log ran into is kept beside it."""
    smtp = ServiceLimit("smtp/inet", "smtpd", "postfix", None, 9)
    other = ServiceLimit("submission/inet", "smtpd", "postfix", "submission", 3)
    warned = busy_log(notices=[limit(20, 2)])
    assert known(busy_log(), other) == [(100, 100, "default", None)]
    assert known(warned) == [(2, 2, "log", "smtp/inet")]
    assert known(busy_log(), smtp, other) == [(9, 9, "postconf", "smtp/inet")]
    assert known(warned, smtp) == [(9, 2, "postconf", "smtp/inet")]


def test_re_injection_does_not_give_the_limit() -> None:
    """A listener for the site's own filter shares the tag of smtp; its limit is not that of smtp."""
    own = ServiceLimit("127.0.0.1:10025/inet", "smtpd", "postfix", None, 4, own_filter=True)
    smtp = ServiceLimit("smtp/inet", "smtpd", "postfix", None, 9)
    assert known(busy_log(), own, smtp) == [(9, 9, "postconf", "smtp/inet")]


def test_transport_limits() -> None:
    """A transport takes its limit from the service that logs so, pipe's from the transport's name."""
    log = make(
        deliveries=[delivery(1, "02 08:00:10", 1, daemon="pipe", relay="dovecot"), delivery(2, "02 08:00:10", 1)]
    )
    limits = [
        ServiceLimit("smtp/unix", "smtp", "postfix", None, 40),
        ServiceLimit("maildrop/unix", "pipe", "postfix", None, 5),
        ServiceLimit("dovecot/unix", "pipe", "postfix", None, 7),
    ]
    found = {key[3]: load.limit for key, load in transport_loads(log, limits).items()}
    assert found == {"pipe": 7, "smtp": 40}


def test_time_weighted() -> None:
    """Percentiles and shares are of time, not of sessions."""
    load = Load({0: 50.0, 5: 44.0, 8: 4.0, 10: 2.0}, peak=10)
    load.set_limit(10, LimitSource.POSTCONF)
    assert [load.at_most(part) for part in (0.5, 0.94, 0.95, 0.99)] == [0, 5, 8, 10]
    assert [load.over(part) for part in (0.7, 0.8, 0.9)] == [6.0, 2.0, 2.0]
    assert load.mean == 2.72


def test_no_limit() -> None:
    """0 in master.cf is no limit: nothing is full, and no time is above a share of it."""
    log = busy_log()
    (load,) = service_loads(log, [ServiceLimit("smtp/inet", "smtpd", "postfix", None, 0)]).values()
    assert (load.full(), load.over(0.7)) == (False, 0.0)


def test_empty() -> None:
    """A log without sessions and deliveries has no loads."""
    log = make(connections=lines("02 08:00:00"))
    assert (service_loads(log), transport_loads(log)) == ({}, {})
