"""The queue from the log: what enters and leaves, what waits, and what is left at the end."""

from __future__ import annotations

from typing import Any

import pytest

from logtune.analyses import queue_view as view
from logtune.analyses.queue_view import active_findings, active_peaks, deferred_findings, queue_view, waiting_items
from logtune.results import Chart, Item, Note, Table
from tests.analyses.made_log import MadeLog, at, make, options_of

END = {"position": 10**6, "ts": at("05 12:00:00"), "event": "connect"}


def step(message: int, event: str, time: str) -> dict[str, Any]:
    number = {"active": 1, "removed": 8}.get(event, 5)
    return {"position": 100 * message + number, "ts": at(time), "message": message, "event": event}


def tried(message: int, status: str, time: str, delay: float = 1.0, number: int = 2) -> dict[str, Any]:
    where = {"daemon": "smtp", "pid": 1, "recipient": "jane@example.com", "relay": "none"}
    return {
        "position": 100 * message + number, "ts": at(time), "message": message, "status": status, "delay": delay, **where
    }  # fmt: skip


def site() -> MadeLog:
    """1 is delivered at once; 2 waits from the first day to the second; 3 waits at the end, 4 is being delivered."""
    return make(
        zone="UTC",
        connections=[{"position": 0, "ts": at("02 08:00:00"), "event": "connect"}, END],
        queue=[
            step(1, "active", "02 09:00:00"),
            step(1, "removed", "02 09:00:01"),
            step(2, "active", "02 10:00:00"),
            step(2, "removed", "03 10:00:00"),
            step(3, "active", "04 10:00:00"),
            step(4, "active", "05 11:30:00"),
        ],
        deliveries=[
            tried(1, "sent", "02 09:00:01"),
            tried(2, "deferred", "02 10:00:30"),
            tried(2, "sent", "03 10:00:00", 86400.0, 7),
            tried(3, "deferred", "04 10:00:30", 30.0),
        ],
    )


def tables_of(items: Any) -> dict[str, list[Any]]:
    return {item.name: list(item.rows) for item in items if isinstance(item, Table)}


def test_days_of_the_queue() -> None:
    """Mails that enter, leave and begin to wait per day; waiting is carried over from day to day."""
    log = site()
    assert tables_of(queue_view(log, options_of(log)).items)["queue_by_day"] == [
        ("Mon 2 Mar", 2, 1, 1, 1, 1, 1),
        ("Tue 3 Mar", 0, 1, 0, 1, 0, 1),
        ("Wed 4 Mar", 1, 0, 1, 1, 1, 1),
        ("Thu 5 Mar", 1, 0, 0, 1, 1, 1),
    ]


def test_what_is_left_has_an_age() -> None:
    """A mail without an end is active or deferred; its age runs from its arrival to the last line of the log."""
    log = site()
    assert tables_of(queue_view(log, options_of(log)).items)["queue_left"] == [
        ("active (being delivered)", 1, 1, 0, 0, 0, 1800.0, 401),
        ("deferred (waiting for a retry)", 1, 0, 0, 1, 0, 93600.0, 301),
    ]


def test_a_mail_of_before_the_log_waits_from_its_begin() -> None:
    """Its first line in the log is a retry: it arrived by delay=, and it is counted from then on."""
    log = make(
        zone="UTC",
        connections=[{"position": 0, "ts": at("04 08:00:00"), "event": "connect"}, END],
        deliveries=[tried(1, "deferred", "04 09:00:00", 6 * 86400.0)],
    )
    found = tables_of(queue_view(log, options_of(log)).items)
    assert found["queue_by_day"] == [("Wed 4 Mar", 0, 0, 1, 1, 1, 0), ("Thu 5 Mar", 0, 0, 0, 1, 1, 0)]
    assert [row[:6] for row in found["queue_left"]] == [("deferred (waiting for a retry)", 1, 0, 0, 0, 1)]


def test_a_deleted_mail_is_gone() -> None:
    """postsuper -d ends a mail too."""
    deleted = {
        "position": 900, "ts": at("04 12:00:00"), "message": 3, "daemon": "postsuper", "kind": "postsuper",
        "severity": "info", "text": "removed",
    }  # fmt: skip
    log = make(
        zone="UTC",
        connections=[END],
        queue=[step(3, "active", "04 10:00:00")],
        deliveries=[tried(3, "deferred", "04 10:00:30", 30.0)],
        notices=[deleted],
    )
    assert "queue_left" not in tables_of(queue_view(log, options_of(log)).items)


def test_waiting_is_a_sentence_and_a_chart() -> None:
    """The most at once, its day, what is left, and a column per day."""
    log = site()
    found: list[Item] = waiting_items(log, options_of(log))
    assert found == [
        Note("At most 1 deferred mail at once (Thu 5 Mar), 1 at the end; the most of each day:"),
        Chart("deferred_mails", at("02 00:00:00").date(), [1, 1, 1, 1]),
    ]


def growing(first: int, middle: int, last: int) -> MadeLog:
    mails = [(n, day) for day, count in (("02", first), ("03", middle), ("05", last)) for n in range(count)]
    rows = [tried(number + 1, "deferred", f"{day} 10:00:00") for number, (_, day) in enumerate(mails)]
    return make(zone="UTC", connections=[{**END, "position": 10**9}], deliveries=rows)


def test_growth_of_the_deferred_queue() -> None:
    """It grows where it doubles from the first day to the middle and from there to the end, by twenty mails."""
    log = growing(5, 7, 20)
    assert [f.detail for f in deferred_findings(log, options_of(log))] == [
        "5 mails waited at the end of the first day, 12 in the middle of the period, 32 now."
    ]
    for steady in (growing(30, 5, 5), growing(1, 4, 12)):
        assert deferred_findings(steady, options_of(steady)) == []


def test_most_in_the_active_queue() -> None:
    """Three mails become active within a minute and leave one after the other; a retry is a stay of its own."""
    log = make(
        zone="UTC",
        connections=[{"position": 0, "ts": at("02 08:00:00"), "event": "connect"}],
        queue=[
            *(step(n, "active", f"02 10:00:0{n}") for n in (1, 2, 3)),
            *(step(n, "removed", f"02 10:01:0{n}") for n in (1, 2)),
            {**step(3, "active", "02 12:00:00"), "position": 305},
            step(3, "removed", "02 12:00:01"),
        ],
        deliveries=[tried(3, "deferred", "02 10:00:30")],
    )
    assert active_peaks(log) == {at("02 00:00:00").date(): 3}
    assert active_findings(log) == []


def test_a_full_active_queue_needs_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """From nine tenths of the limit on: mail would wait in the incoming queue, and no stage says so."""
    monkeypatch.setattr(view, "ACTIVE_LIMIT", 1)
    assert [f.detail for f in active_findings(site())] == [
        "1 mail on Thu 5 Mar; qmgr_message_active_limit is 1 by default."
    ]


def test_no_mail() -> None:
    """A log without mails says so."""
    log = make(connections=[END])
    assert tables_of(queue_view(log, options_of(log)).items)["queue_by_day"] == [("Thu 5 Mar", 0, 0, 0, 0, 0, 0)]
    assert waiting_items(log, options_of(log)) == [Note("No mail was deferred.")]
