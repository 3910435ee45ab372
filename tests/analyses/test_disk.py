"""Disk and queue: small mails before the queue manager, cleanup and qmgr, warnings of a full disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logtune.analyses.disk import disk_and_queue, disk_findings, disk_glance
from logtune.api import read
from logtune.results import Finding, Level, Metric, Section, Table
from tests.analyses.made_log import MadeLog, at, make, options_of
from tests.analyses.test_deliveries import BEGIN, attempt

STORAGE = Path(__file__).parents[2] / "sample_logs" / "full_storage.log"


def mails(count: int, seconds: float, first: int = 1, by: str = "client", size: int = 2000) -> dict[str, list[Any]]:
    """*count* mails that took *seconds* before the queue manager; ``by`` is client, or bounce for a notice."""
    numbers = range(first, first + count)
    common = [{"position": 10 * n, "ts": at("02 10:00:00"), "message": 10 * n} for n in numbers]
    queue = [{**row, "event": "message_id"} for row in common]
    queue += [{**row, "position": row["position"] + 1, "event": "active", "size": size} for row in common]
    queue += [{**row, "position": row["position"] + 2, "event": "client"} for row in common if by == "client"]
    more = {"delay_before_qmgr": seconds, "delay": seconds + 1}
    return {"queue": queue, "deliveries": [attempt(10 * n + 5, message=10 * n, **more) for n in numbers]}


def log_of(*parts: dict[str, list[Any]], **rows: Any) -> MadeLog:
    joined: dict[str, list[Any]] = {"connections": [BEGIN]}
    for part in (*parts, rows):
        for name, more in part.items():
            joined[name] = joined.get(name, []) + more
    return make(**joined)


def glance(log: MadeLog) -> tuple[Level, str]:
    found = disk_glance(log, options_of(log))
    return found.level, found.detail


def table(section: Section, name: str) -> list[Any]:
    return next(list(item.rows) for item in section.items if isinstance(item, Table) and item.name == name)


def test_quick_small_mails_are_well() -> None:
    """Half of the small mails is the measure; large mails and mails by sendmail are left out."""
    log = log_of(mails(20, 0.04), mails(30, 9.0, first=100, size=50_000))
    assert glance(log) == (Level.WELL, "small mails reach the queue manager in 0.04 s (half)")
    assert table(disk_and_queue(log, options_of(log)), "small_mails") == [("clients", 20, 0.04, 0.04, 0.04, 0.04)]


def test_too_few_small_mails() -> None:
    """Nineteen are too few: the log cannot tell, and says where to look."""
    level, detail = glance(log_of(mails(19, 0.04)))
    assert (level, detail) == (
        Level.UNKNOWN,
        "too few small mails (19); look: iostat -x 5, and postconf in_flow_delay smtpd_milters smtpd_proxy_filter",
    )


@pytest.mark.parametrize(
    ("notices", "level", "title"),
    [
        (None, Level.UNKNOWN, "The log cannot tell the disk from what stands before it"),
        (1.5, Level.ACT, "The queue's disk is slow"),
        (0.02, Level.LOOK, "Small mails wait before the queue, not for the disk"),
    ],
)
def test_slow_small_mails(notices: float | None, level: Level, title: str) -> None:
    """Slow for clients and for the site's own notices is the disk; for clients alone it is a filter, milter or lookup."""
    own = mails(20, notices, first=500, by="bounce") if notices is not None else {}
    assert glance(log_of(mails(40, 1.2), own)) == (level, title)


def test_steps_of_two_seconds_are_waits() -> None:
    """From the Message-ID to the active queue: a second may be the stamps', two are a wait."""
    parts = mails(30, 0.0)
    for number, row in enumerate(parts["queue"]):
        if row["event"] == "active" and number % 30 < 6:
            row["ts"] = at(f"02 10:00:{1 + number % 2 * 3:02d}")
    log = log_of(parts)
    found = [i for i in disk_and_queue(log, options_of(log)).items if isinstance(i, Metric)]
    why = "; the longest 4 s: a busy disk, or in_flow_delay that holds mail back"
    what = f"of 30 small mails took 2 s and more from cleanup to qmgr{why}"
    assert [(m.value, m.counts) for m in found] == [(3, what)]


def test_warnings_of_a_full_disk() -> None:
    """What Postfix says of a full, failing or damaged queue is counted by line; a full mailbox is not."""
    texts = (
        "not enough free space in mail queue: 4096 bytes < 1.5*message size limit",
        "write queue file: No space left on device",
        "queue file size limit exceeded",
        "saving corrupt file A1B2C3 from queue incoming to queue corrupt",
        "maildir delivery failed: Disk quota exceeded",
    )
    notices = [
        {"position": n, "ts": at("02 10:00:00"), "kind": "warning", "severity": "warning", "text": text}
        for n, text in enumerate(texts, 10)
    ]
    told = {"action": "reject", "reply_code": 452, "reason_shape": "Insufficient system storage", "origin": "smtpd"}
    log = log_of(decisions=[{"position": 9, "ts": at("02 10:00:00"), **told}], notices=notices)
    assert [row[:2] for row in table(disk_and_queue(log, options_of(log)), "disk_warnings")] == [
        ("clients told: insufficient system storage", 1),
        ("mail larger than the queue takes", 1),
        ("no space left on device", 1),
        ("not enough free space in the queue", 1),
        ("queue file damaged", 1),
    ]
    assert glance(log) == (Level.ACT, "The queue's disk is or was full, or fails")


def test_a_large_mail_is_no_full_disk() -> None:
    """message_size_limit is shown, but nobody needs to look after the disk for it."""
    row = {"position": 9, "ts": at("02 10:00:00"), "kind": "warning", "severity": "warning"}
    log = log_of(mails(20, 0.04), notices=[{**row, "text": "queue file size limit exceeded"}])
    assert glance(log)[0] is Level.WELL
    assert [row[:2] for row in table(disk_and_queue(log, options_of(log)), "disk_warnings")] == [
        ("mail larger than the queue takes", 1)
    ]


def test_a_full_disk_of_the_mailboxes() -> None:
    """Deliveries of a real Postfix that a full disk put off are another disk's than the queue's."""
    log = read(STORAGE, year=2026, tz="UTC")
    (finding,) = [f for f in disk_findings(log.tables, log.options) if f.level is Level.ACT]
    said = "10 deliveries put off: no space left on device. Mail waits meanwhile."
    assert finding == Finding(Level.ACT, "The mailboxes' disk is or was full", said, "df -h -i")
