"""The name service: waits of a resolver, lookups that failed, lists, and names that were found later."""

from __future__ import annotations

from typing import Any

from logtune.analyses.name_service import name_service, name_service_findings, name_service_glance
from logtune.results import Level, Section, Table
from tests.analyses.made_log import MadeLog, at, make, options_of
from tests.analyses.test_deliveries import BEGIN, attempt


def waits(fives: int, between: int, quick: int) -> list[dict[str, Any]]:
    setup = [5.1] * fives + [7.5] * between + [0.1] * quick
    return [attempt(n, delay_setup=c, delay=c + 0.7) for n, c in enumerate(setup, 1)]


def test_name_server_peak() -> None:
    """Many waits just over 5 s with few between 5.4 s and 9.9 s are a finding; without that gap sites are just slow."""
    log = make(connections=[BEGIN], deliveries=waits(20, 3, 400))
    assert [f.title for f in name_service_findings(log)] == ["A name server does not answer at first"]
    log = make(connections=[BEGIN], deliveries=waits(20, 100, 400))
    assert name_service_findings(log) == []


def test_name_server_needs_a_sample() -> None:
    """Nineteen waits are too few, and so is less than one in a hundred."""
    assert name_service_findings(make(connections=[BEGIN], deliveries=waits(19, 0, 100))) == []
    assert name_service_findings(make(connections=[BEGIN], deliveries=waits(20, 0, 2000))) == []


def tables_of(section: Section) -> dict[str, list[Any]]:
    return {item.name: list(item.rows) for item in section.items if isinstance(item, Table)}


def glance(log: MadeLog) -> tuple[Level, str]:
    found = name_service_glance(log, options_of(log))
    return found.level, found.detail


def test_glance_counts_what_a_resolver_would_spare() -> None:
    """Thirty waits of 5 s and ten of 10 s are 250 seconds; without a peak nothing would be spared."""
    tens = [attempt(n, delay_setup=10.0, delay=10.7) for n in range(1000, 1010)]
    log = make(connections=[BEGIN], deliveries=[*waits(30, 0, 160), *tens])
    told = "20 % of outgoing connections wait 5 s or 10 s; a local caching resolver would spare 4 min"
    assert glance(log) == (Level.ACT, told)
    log = make(connections=[BEGIN], deliveries=waits(0, 0, 100))
    told = "no peak at 5 s or 10 s in 100 connections; a caching resolver would spare little"
    assert glance(log) == (Level.WELL, told)


def test_too_few_deliveries_tell_nothing() -> None:
    """Below a hundred outgoing transactions the log cannot tell, and says where to look."""
    level, detail = glance(make(connections=[BEGIN], deliveries=waits(0, 0, 99)))
    assert level is Level.UNKNOWN
    assert detail == (
        "too few deliveries to other hosts (99); ask the resolver: "
        "dig +stats example.com @ADDRESS, for each server in /etc/resolv.conf"
    )


def unresolved(position: int, name: str, time: str = "02 10:00:00", more: str = "try again") -> dict[str, Any]:
    said = f"Host or domain name not found. Name service error for name={name} type=MX: Host not found, {more}"
    return attempt(position, status="deferred", relay="none", relay_name=None, ts=at(time), reason=said)


def notice(position: int, text: str, time: str = "02 10:00:00", **more: Any) -> dict[str, Any]:
    common = {"position": position, "ts": at(time), "daemon": "smtpd", "kind": "warning", "severity": "warning"}
    return {**common, "text": text, **more}


def test_failures_are_told_apart() -> None:
    """No answer is the resolver's fault; a name that does not exist, or does not lead back, is the name's."""
    gone = attempt(3, status="bounced", reason="Name service error for name=gone.example type=A: Host not found")
    log = make(
        connections=[BEGIN],
        deliveries=[unresolved(1, "a.example"), unresolved(2, "a.example"), gone],
        notices=[
            notice(4, "hostname h.example does not resolve to address 192.0.2.4"),
            notice(5, "hostname i.example does not resolve to address 192.0.2.5: Temporary failure in name resolution"),
            notice(
                6, "192.0.2.6: RBL lookup error: Name service error for name=6.2.0.192.bl.example type=A: try again"
            ),
        ],
    )
    rows = tables_of(name_service(log, options_of(log)))["failed_lookups"]
    assert [row[:4] for row in rows] == [
        ("deliveries", "no answer", 2, 1),
        ("deliveries", "no such name", 1, 1),
        ("lookups of restrictions and lists", "no answer", 1, 1),
        ("reverse lookups of clients", "name does not lead to the address", 1, 1),
        ("reverse lookups of clients", "no answer", 1, 1),
    ]


def test_burst_of_unrelated_names() -> None:
    """Five unrelated domains in one minute are a burst; hosts of one domain, and five in five minutes, are none."""
    burst = [unresolved(n, f"mx.d{n}.example", f"02 10:00:{n:02d}") for n in range(1, 6)]
    found = name_service_findings(make(connections=[BEGIN], deliveries=burst))
    assert [(f.level, f.detail) for f in found] == [
        (Level.LOOK, "Up to 5 unrelated domains within a minute, in 1 minute from 2026-03-02 10:00 UTC.")
    ]
    related = [unresolved(n, f"mx{n}.d.example") for n in range(1, 9)]
    spread = [unresolved(n, f"mx.d{n}.example", f"02 10:{n:02d}:00") for n in range(1, 6)]
    for quiet in (related, spread):
        assert name_service_findings(make(connections=[BEGIN], deliveries=quiet)) == []


def test_three_bursts_need_a_person() -> None:
    """One burst is a restart of the name server; three minutes of them are a fault."""
    bursts = [
        unresolved(10 * minute + n, f"mx.d{n}.example", f"02 10:{minute:02d}:00")
        for minute in range(3)
        for n in range(1, 6)
    ]
    log = make(connections=[BEGIN], deliveries=bursts)
    assert name_service_findings(log)[0].level is Level.ACT
    assert glance(log) == (Level.ACT, "The name server failed for many names at once")


def deferred_then(position: int, seconds: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    who = {"client_addr": f"192.0.2.{position}", "sender": "Jane@example.com"}
    to = f"r{position}@example.org"
    said = {"action": "reject", "reply_code": 450, "restriction": "reject_unknown_sender_domain", "origin": "smtpd"}
    decision = {"position": position, "ts": at("02 10:00:00"), "recipient": to, **who, **said}
    later = 1000 + position
    mail = {"message": later, "first_ts": at(f"02 10:{seconds // 60:02d}:00"), **who, "sender": "jane@example.com"}
    return decision, mail, attempt(later, message=later, recipient=to)


def test_deferred_for_a_name_and_accepted_later() -> None:
    """Recipients that were deferred for a name and tried within the hour were deferred for nothing."""
    rows = [deferred_then(n, 600) for n in range(1, 6)]
    log = make(
        connections=[BEGIN],
        decisions=[decision for decision, *_ in rows] + [deferred_then(6, 0)[0]],
        messages=[mail for _, mail, _ in rows],
        deliveries=[delivery for *_, delivery in rows],
    )
    assert [(f.level, f.detail) for f in name_service_findings(log)] == [
        (
            Level.LOOK,
            "5 of 6 recipients deferred for a name came in later, half of them within 10 min: "
            "that soon it was the lookup that failed.",
        )
    ]


def test_lists_of_postscreen() -> None:
    """A list is timed from the connection of the client that it knows; timeouts count apart."""
    screen = {"daemon": "postscreen", "kind": "postscreen", "severity": "info", "client_addr": "192.0.2.9"}
    blog = {"daemon": "dnsblog", "kind": "dnsblog", "severity": "info", "client_addr": "192.0.2.9"}
    log = make(
        connections=[BEGIN],
        notices=[
            notice(1, "CONNECT from [192.0.2.9]:4711 to [198.51.100.1]:25", "02 09:00:00", **screen),
            notice(2, "CONNECT from [192.0.2.9]:4712 to [198.51.100.1]:25", "02 10:00:00", **screen),
            notice(3, "addr 192.0.2.9 listed by domain bl.example as 127.0.0.2", "02 10:00:03", **blog),
            notice(4, "dnsblog reply timeout 10s for other.example", "02 10:00:10", daemon="postscreen"),
        ],
    )
    assert tables_of(name_service(log, options_of(log)))["dns_lists"] == [
        ("other.example", 0, None, None, 1),
        ("bl.example", 1, 3.0, 3.0, 0),
    ]


def test_postscreen_keeps_clients() -> None:
    """From the connection to PASS of the same address; NEW and OLD are two questions."""
    screen = {"daemon": "postscreen", "kind": "postscreen", "severity": "info"}
    log = make(
        connections=[BEGIN],
        notices=[
            notice(
                1, "CONNECT from [192.0.2.9]:1 to [198.51.100.1]:25", "02 10:00:00", client_addr="192.0.2.9", **screen
            ),
            notice(
                2, "CONNECT from [192.0.2.8]:1 to [198.51.100.1]:25", "02 10:00:02", client_addr="192.0.2.8", **screen
            ),
            notice(3, "PASS OLD [192.0.2.8]:1", "02 10:00:02", client_addr="192.0.2.8", **screen),
            notice(4, "PASS NEW [192.0.2.9]:1", "02 10:00:06", client_addr="192.0.2.9", **screen),
        ],
    )
    assert tables_of(name_service(log, options_of(log)))["postscreen"] == [
        ("PASS NEW", 1, 6.0, 6.0, 6.0),
        ("PASS OLD", 1, 0.0, 0.0, 0.0),
    ]
