"""Which of the four stages takes the time, where, and what that means; and whether it gets slower."""

from __future__ import annotations

from typing import Any

import pytest

from logtune.analyses.stages import delays_glance, stage_findings, stage_verdicts
from logtune.analyses.weeks import slower_findings
from logtune.results import Finding, Level
from tests.analyses.made_log import MadeLog, at, make, options_of
from tests.analyses.test_deliveries import BEGIN, attempt


def spent(position: int, relay: str = "mx.example.com", **stages: float) -> dict[str, Any]:
    """A first try that spent the given seconds in stages a to d, and next to nothing in the others."""
    a, b, c, d = (stages.get(letter, 0.01) for letter in "abcd")
    parts = {"delay_before_qmgr": a, "delay_in_qmgr": b, "delay_setup": c, "delay_transmit": d}
    where = {"relay": relay, "relay_name": relay, "recipient": f"r{position}@{relay.removeprefix('mx.')}"}
    return attempt(position, delay=round(a + b + c + d, 2), **where, **parts)


def log_of(deliveries: list[dict[str, Any]], **rows: Any) -> MadeLog:
    return make(connections=[BEGIN], deliveries=deliveries, **rows)


def only(log: MadeLog) -> Finding:
    found = stage_findings(log)
    assert len(found) == 1
    return found[0]


def test_nothing_is_slow_under_a_second() -> None:
    """Whatever stage has most, 95 % within a second is well."""
    log = log_of([spent(n, d=0.9) for n in range(1, 101)])
    assert only(log) == Finding(Level.WELL, "smtp: nothing is slow", "95 % within 0.93 s.")


def test_no_verdict_below_the_sample() -> None:
    """Nineteen transactions are no sample; what delivers nothing is none either."""
    assert stage_findings(log_of([spent(n, d=9.0) for n in range(1, 20)])) == []
    assert stage_findings(log_of([{**spent(n, d=9.0), "daemon": "discard"} for n in range(1, 50)])) == []
    few = log_of([spent(1, d=9.0)])
    assert delays_glance(few, options_of(few)).level is Level.UNKNOWN


def test_several_stages() -> None:
    """No stage with half of the waiting: the shares are given, and no cause."""
    log = log_of([spent(n, a=1.0, b=0.0, c=1.0, d=1.0) for n in range(1, 101)])
    assert only(log) == Finding(
        Level.LOOK, "smtp: no single stage takes the time", "95 % within 3 s. a 33 %, b 0 %, c 33 %, d 33 %."
    )


@pytest.mark.parametrize(
    ("stage", "relays", "meaning"),
    [
        ("b", 20, "Spread over 20 destinations: too few smtp processes (the transport's process limit; look: postconf -F),"
                  " not a full active queue (at most 0 mails at once)."),
        ("c", 20, "Spread over many relays: lookups without an answer, the network, or TLS on this machine."),
        ("c", 1, "At the only relay, late to connect or to greet: the remote side, or the way to it."),
        ("d", 20, "Spread over many relays: slow links or filters there, or a slow line here."),
        ("d", 1, "At the only relay, long over a mail: the remote side or its filter."),
    ],
)  # fmt: skip
def test_what_a_stage_means(stage: str, relays: int, meaning: str) -> None:
    """It depends on whether few places have the waiting, or all of them."""
    rows = [spent(n, f"mx.s{n % relays}.example", **{stage: 2.0}) for n in range(1, 101)]
    found = stage_verdicts(log_of(rows))[0]
    assert (found.stage, found.meaning) == (stage, meaning)


def test_a_process_limit_that_master_reports() -> None:
    """What the log says goes before what it lets one guess; the limit of the smtp service of clients is another one."""
    text = 'service "smtp" ({}) has reached its process limit "{}": new clients may experience noticeable delays'
    row = {
        "ts": at("02 10:00:00"),
        "daemon": "master",
        "kind": "process_limit",
        "severity": "warning",
        "endpoint": "smtp",
    }
    notices = [
        {**row, "position": 900, "value": 7.0, "text": text.format("private/smtp", 7)},
        {**row, "position": 901, "value": 50.0, "text": text.format("25", 50)},
    ]
    log = log_of([spent(n, f"mx.s{n % 20}.example", b=2.0) for n in range(1, 101)], notices=notices)
    said = "too few processes, master says in 1 line that smtp reached its limit of 7."
    assert stage_verdicts(log)[0].meaning == f"Spread over 20 destinations: {said}"


def test_half_a_minute_needs_a_person() -> None:
    """From thirty seconds for one in twenty on, senders ask; the glance names the transport and the stage."""
    log = log_of([spent(n, d=40.0) for n in range(1, 101)])
    glance = delays_glance(log, options_of(log))
    told = "5 % of smtp first tries take 40 s or more, most of it transmission"
    assert (only(log).level, glance.level, glance.detail) == (Level.ACT, Level.ACT, told)


@pytest.mark.parametrize(
    ("size", "row", "meaning"),
    [
        (2_000, {}, "Small mails wait as well: a milter, a before-queue filter, lookups of restrictions, or the disk."),
        (50_000, {}, "Slow clients, milters, a before-queue filter or the disk: too few small mails to tell which."),
        (2_000, {"origin": "milter", "action": "reject"},
         "Milters speak up in 1 line: look there first, then at the restrictions' lookups and the disk."),
    ],
)  # fmt: skip
def test_before_the_queue_manager(size: int, row: dict[str, Any], meaning: str) -> None:
    """Stage a: who had a word on the mails, and whether small ones wait too."""
    deliveries = [{**spent(n, a=3.0), "message": n} for n in range(1, 101)]
    queue = [{"position": n, "message": n, "event": "active", "size": size} for n in range(1, 101)]
    queue += [{"position": n, "message": n, "event": "client"} for n in range(1, 101)]
    log = log_of(deliveries, queue=queue, decisions=[{"position": 999, "ts": at("02 10:00:00"), **row}] if row else [])
    assert (stage_verdicts(log)[0].stage, stage_verdicts(log)[0].meaning) == ("a", meaning)


def weeks(*seconds: float, each: int = 100) -> MadeLog:
    days = ("02", "09", "16", "23")
    return log_of(
        [
            {**spent(1000 * week + n, c=c), "ts": at(f"{days[week]} 10:00:00")}
            for week, c in enumerate(seconds)
            for n in range(1, each + 1)
        ]
    )


def test_slower_from_week_to_week() -> None:
    """The last week against the first: half as much again and half a second more, and which stage grew."""
    log = weeks(1.0, 1.2, 2.0)
    assert [(f.title, f.detail) for f in slower_findings(log, options_of(log))] == [
        (
            "smtp gets slower from week to week",
            "95 % within 1 s in the first week, 2 s in the last; most of it in c, connection set-up.",
        )
    ]
    for steady in (weeks(1.0, 1.4), weeks(0.1, 0.3), weeks(1.0, 9.0, each=99)):
        assert slower_findings(steady, options_of(steady)) == []
