"""Deliveries: attempts by status, times of first tries, transactions counted once."""

from __future__ import annotations

from typing import Any

from logtune.analyses.delays import delays
from logtune.analyses.deliveries import deliveries
from logtune.results import Item, Metric, Section, Table
from tests.analyses.made_log import at, make, options_of

BEGIN = {"position": 0, "ts": at("02 08:00:00"), "event": "connect"}


def attempt(position: int, **more: Any) -> dict[str, Any]:
    common = {
        "position": position,
        "ts": at("02 10:00:00"),
        "daemon": "smtp",
        "pid": 1,
        "message": position,
        "status": "sent",
    }
    where = {
        "recipient": f"r{position}@example.com",
        "relay": "mx.example.com[192.0.2.1]:25",
        "relay_name": "mx.example.com",
    }
    times = {"delay": 1.0, "delay_before_qmgr": 0.1, "delay_in_qmgr": 0.2, "delay_setup": 0.3, "delay_transmit": 0.4}
    return {**common, **where, **times, "relay_addr": "192.0.2.1", "relay_port": 25, **more}


def table(items: list[Item] | list[Section], name: str) -> Table:
    flat = [i for s in items for i in s.items] if items and isinstance(items[0], Section) else items
    return next(i for i in flat if isinstance(i, Table) and i.name == name)


def test_status_counts_attempts() -> None:
    """Attempts count per recipient and try; verification probes and hops to the own filter are apart."""
    log = make(
        deliveries=[
            attempt(1),
            attempt(2, status="deferred", message=9),
            attempt(3, message=9, recipient="r2@example.com"),
            attempt(4, status="deliverable"),
            attempt(5, successor=6, relay="127.0.0.1[127.0.0.1]:10024"),
        ]
    )
    section = deliveries(log, options_of(log))
    assert section.counts == "3 deliveries, one per recipient and try"
    assert table(section.items, "deliveries_by_status").rows == [("sent", 2, 2 / 3), ("deferred", 1, 1 / 3)]
    assert [(i.name, i.value) for i in section.items if isinstance(i, Metric)] == [("probe", 1), ("filter", 1)]


def test_transaction_counts_once_for_time() -> None:
    """Three recipients of one transaction are three recipients and one time."""
    log = make(connections=[BEGIN], deliveries=[attempt(n, message=1) for n in (1, 2, 3)] + [attempt(4, delay=9.0)])
    tries = table(delays(log, options_of(log)), "tries")
    assert tries.rows == [("smtp", "first", 4, 2, 1.0, 9.0, 9.0, 9.0, 9.0)]


def test_first_tries_apart_from_retries() -> None:
    """A try after a deferral of the same recipient of the same mail is a retry; mail from before the log is neither."""
    log = make(
        connections=[BEGIN],
        deliveries=[
            attempt(1, status="deferred", message=7, recipient="a@example.com"),
            attempt(2, message=7, recipient="b@example.com", delay=2.0),
            attempt(3, message=7, recipient="a@example.com", delay=900.0),
            attempt(4, ts=at("02 08:10:00"), delay=3600.0),
        ],
    )
    tries = table(delays(log, options_of(log)), "tries")
    assert sorted(row[:5] for row in tries.rows) == [
        ("smtp", "before the log", 1, 1, 3600.0),
        ("smtp", "first", 1, 1, 2.0),
        ("smtp", "first, deferred", 1, 1, 1.0),
        ("smtp", "retry", 1, 1, 900.0),
    ]


def test_percentiles_need_a_sample() -> None:
    """Below twenty transactions only the slowest is given; stages are summed as a to d."""
    few = [attempt(n, delay=float(n)) for n in range(1, 20)]
    log = make(connections=[BEGIN], deliveries=few)
    shown = table(deliveries(log, options_of(log)).items, "first_tries")
    assert shown.rows == [("smtp", 19, None, None, 19.0, (1.9, 3.8, 5.7, 7.6))]
    log = make(connections=[BEGIN], deliveries=[*few, attempt(20, delay=20.0)])
    shown = table(deliveries(log, options_of(log)).items, "first_tries")
    assert shown.rows == [("smtp", 20, 10.0, 19.0, 20.0, (2.0, 4.0, 6.0, 8.0))]


def test_by_relay_and_destination() -> None:
    """A relay is its name, a destination the recipient's domain; deferred first tries count but give no time."""
    log = make(
        connections=[BEGIN],
        deliveries=[
            attempt(1, recipient="a@Example.com"),
            attempt(2, recipient="b@example.com", status="deferred", delay=30.0, relay="mx.example.com[192.0.2.2]:25"),
            attempt(3, recipient="c@example.org", relay="none", relay_name=None, status="deferred"),
        ],
    )
    found = delays(log, options_of(log))
    assert [row[:5] for row in table(found, "delays_by_relay").rows] == [
        ("mx.example.com", "smtp", 2, 1, 1.0),
        ("none", "smtp", 1, 1, None),
    ]
    assert [row[:4] for row in table(found, "delays_by_destination").rows] == [
        ("example.com", "smtp", 2, 1),
        ("example.org", "smtp", 1, 1),
    ]


def test_hours_are_local() -> None:
    """10:00 UTC is 11 o'clock in Berlin in winter."""
    log = make(connections=[BEGIN], deliveries=[attempt(1)])
    assert table(delays(log, options_of(log)), "delays_by_hour").rows == [
        ("11", 1, *[1.0] * 5, *[0.1, 0.2, 0.3, 0.4] * 5)
    ]


def test_no_delivery() -> None:
    """A log without deliveries says so and has no times."""
    log = make(connections=[BEGIN])
    assert [type(i).__name__ for i in deliveries(log, options_of(log)).items] == ["Note"]
