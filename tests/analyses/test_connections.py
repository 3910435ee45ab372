"""Connections: sessions at the same moment, limits, episodes."""

from __future__ import annotations

from typing import Any

from logtune.analyses.connections import connections, load_findings
from logtune.results import Level, Section, Table
from tests.analyses.made_log import MadeLog, at, make, options_of


def session(begin: int, end: int | None, begin_ts: str, end_ts: str | None, **more: Any) -> dict[str, Any]:
    ended = {"end_position": end if end is not None else begin, "ended": "disconnect" if end is not None else None}
    times = {"connect_ts": at(begin_ts), "end_ts": at(end_ts) if end_ts else None}
    return {"session": begin, "pid": begin, "client_addr": f"192.0.2.{begin}", **ended, **times, **more}


def lines(*stamps: str) -> list[dict[str, Any]]:
    return [{"position": 1000 + n, "ts": at(stamp)} for n, stamp in enumerate(stamps)]


def table(section: Section, name: str) -> Table:
    return next(i for i in section.items if isinstance(i, Table) and i.name == name)


def limit(position: int, value: float, endpoint: str = "smtp") -> dict[str, Any]:
    text = f'service "{endpoint}" (25) has reached its process limit "{value:g}": new clients may experience noticeable delays'
    common = {"position": position, "ts": at("02 08:00:01"), "daemon": "master", "kind": "process_limit"}
    return {**common, "severity": "warning", "endpoint": endpoint, "value": value, "text": text}


def busy_log(**more: Any) -> MadeLog:
    """Two sessions at once from 8:00:10 to 8:00:20, one before and after, none for the rest of 100 s."""
    return make(
        connections=lines("02 08:00:00", "02 08:01:40"),
        sessions=[
            session(1, 3, "02 08:00:00", "02 08:00:20"),
            session(2, 4, "02 08:00:10", "02 08:00:30"),
            session(5, 6, "02 08:01:39", "02 08:01:40"),
        ],
        **more,
    )


def test_levels_follow_the_lines() -> None:
    """The peak is counted in line order, shares of the time by the stamps; the limit is the default unless logged."""
    log = busy_log()
    section = connections(log, options_of(log))
    # 100 s: 21 s at one session, 10 s at two
    assert table(section, "concurrent_sessions").rows == [("smtp", 2, 100, "default", 2, 2, (2,))]


def test_same_second() -> None:
    """Within one second the order of the lines decides: a session that ended before the next began is not beside it."""
    log = make(
        connections=lines("02 08:00:00"),
        sessions=[session(1, 2, "02 08:00:00", "02 08:00:00"), session(3, 4, "02 08:00:00", "02 08:00:00")],
    )
    assert table(connections(log, options_of(log)), "concurrent_sessions").rows[0][1] == 1


def test_session_without_end() -> None:
    """A session whose end is not in the log counts at its connect only, but is open if its process says no more shortly before the end."""
    lost = [
        session(1, None, "02 08:00:00", None, pid=7),
        session(2, 5, "02 08:00:10", "02 08:00:30", pid=7),
        session(3, None, "02 08:00:20", None, pid=8),
        session(4, 6, "02 08:00:25", "02 08:00:40", pid=9),
    ]
    log = make(connections=lines("02 08:00:00", "02 08:01:00"), sessions=lost)
    assert table(connections(log, options_of(log)), "concurrent_sessions").rows[0][1] == 3
    late = make(connections=lines("02 08:00:00", "02 12:00:00"), sessions=lost)
    assert table(connections(late, options_of(late)), "concurrent_sessions").rows[0][1] == 2


def test_services_and_instances() -> None:
    """Services are counted apart; instances are named where there are several."""
    log = make(
        connections=lines("02 08:00:00"),
        sessions=[
            session(1, 5, "02 08:00:00", "02 08:00:09"),
            session(2, 6, "02 08:00:00", "02 08:00:09", service="submission"),
            session(3, 7, "02 08:00:00", "02 08:00:09", instance="postfix-out"),
        ],
    )
    rows = table(connections(log, options_of(log)), "concurrent_sessions").rows
    assert sorted(row[:2] for row in rows) == [("postfix-out/smtp", 1), ("postfix/smtp", 1), ("postfix/submission", 1)]


def test_limit_from_the_log() -> None:
    """master's notice gives the limit of the service that it names; at the limit a person is needed."""
    log = busy_log(notices=[limit(20, 2)])
    assert table(connections(log, options_of(log)), "concurrent_sessions").rows[0][:4] == ("smtp", 2, 2, "log")
    found = load_findings(log)
    assert [(f.level, f.title) for f in found] == [
        (Level.ACT, "No free smtp process for 10 s, in 1 episode: limit 2 reached")
    ]


def test_limit_of_another_service() -> None:
    """A limit of a service without sessions, such as lmtp, is a finding of its own."""
    found = load_findings(busy_log(notices=[limit(20, 5, "lmtp")]))
    assert [(f.level, f.title) for f in found] == [(Level.ACT, "Service lmtp reached its process limit of 5")]


def test_sessions_by_service() -> None:
    """Lost connections and timeouts are counted per service; the length needs both ends."""
    log = make(
        connections=lines("02 08:00:00"),
        sessions=[
            session(1, 3, "02 08:00:00", "02 08:00:10", lost="lost_connection"),
            session(2, None, "02 08:00:00", None, lost="timeout", client_addr="192.0.2.1"),
        ],
    )
    assert table(connections(log, options_of(log)), "sessions_by_service").rows == [
        ("smtp", 2, 1, 1, 1, 0, 1, 10.0, 10.0)
    ]
