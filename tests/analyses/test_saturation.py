"""Episodes at the limit: when, and what arrived meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from logtune.analyses.loads import service_loads
from logtune.analyses.saturation import Arrived, Episode, arrived, episodes, episodes_of, unexplained
from tests.analyses.made_log import at, make
from tests.analyses.test_connections import busy_log, limit, lines, session

KEY = ("mail", "postfix", None)
FIRST, LATER = at("02 08:00:00"), at("02 09:00:00")


def after(seconds: float) -> Any:
    return FIRST + timedelta(seconds=seconds)


def test_spans_join() -> None:
    """Spans less than 1,000 s apart are one episode; a span whose end has no stamp has no length."""
    spans = [(FIRST, after(10), 5), (after(500), None, 5), (LATER, LATER + timedelta(seconds=5), 5)]
    assert episodes(spans, 5) == [
        Episode(FIRST, after(500), 10.0, 10.0),
        Episode(LATER, LATER + timedelta(seconds=5), 5.0, 5.0),
    ]


def test_near_is_no_episode() -> None:
    """Nine tenths of the limit belong to an episode that reached it, and are none alone; master's word is enough."""
    near = [(FIRST, after(10), 9)]
    assert episodes(near, 10) == []
    assert episodes([*near, (after(10), after(12), 10)], 10) == [Episode(FIRST, after(12), 2.0, 12.0)]
    assert episodes([*near, (after(10), after(10), None)], 10) == [Episode(FIRST, after(10), 0.0, 10.0, True)]


def test_of_a_log() -> None:
    """Two sessions at once from 8:00:10 to 8:00:20 with a limit of two are an episode of ten seconds."""
    log = busy_log(notices=[limit(20, 2)])
    (load,) = service_loads(log).values()
    (found,) = episodes_of(log, KEY, load)
    assert (found.begin, found.end, found.busy, found.warned) == (at("02 08:00:01"), at("02 08:00:20"), 10.0, True)
    assert not unexplained(load)


def test_only_master_says_so() -> None:
    """A warning that the lines do not bear out is an episode without length, and said to be unexplained."""
    log = busy_log(notices=[limit(20, 50)])
    (load,) = service_loads(log).values()
    assert episodes_of(log, KEY, load) == [Episode(at("02 08:00:01"), at("02 08:00:01"), 0.0, 0.0, True)]
    assert unexplained(load)


def visit(number: int, **more: Any) -> dict[str, Any]:
    counts = {"mail": 1, "rcpt": 1, "rcpt_ok": 1}
    return session(number, number + 50, "02 08:00:00", "02 08:00:02", **{**counts, **more})


def reject(position: int) -> dict[str, Any]:
    fixed = {"position": position, "ts": FIRST, "daemon": "smtpd", "origin": "smtpd", "action": "reject"}
    return {**fixed, "restriction": "reject_unlisted_recipient", "session": position}


def what(sessions: list[dict[str, Any]], **rows: Any) -> Arrived:
    log = make(connections=lines("02 08:00:00", "02 08:10:00"), sessions=sessions, **rows)
    return arrived(log, KEY, Episode(FIRST, after(60), 60.0))


def test_mail() -> None:
    """Accepted mail is counted."""
    assert what([visit(1), visit(2, mail=2)]) == Arrived(2, 2, 2.0, "3 mails", "", 0, None)


def test_unknown_users() -> None:
    """A dictionary attack: most recipients do not exist; where one client brings it, that is said."""
    sessions = [visit(n, rcpt=2, rcpt_ok=0) for n in (1, 2)]
    rejects = [reject(n) for n in (21, 22, 23)]
    assert what(sessions, decisions=rejects) == Arrived(2, 2, 2.0, "unknown users", "", 0, None)
    one = [visit(n, rcpt=1, rcpt_ok=0, client_addr="192.0.2.9") for n in range(1, 11)]
    rejects = [reject(n) for n in range(21, 31)]
    assert what(one, decisions=rejects).what == "one client: unknown users"


def test_rejected_and_idle() -> None:
    """Recipients that other restrictions reject, and sessions that bring no mail."""
    assert what([visit(1, rcpt=4, rcpt_ok=1), visit(2, rcpt_ok=0)]).what == "rejected recipients"
    assert what([visit(n, mail=0, rcpt=0, rcpt_ok=0) for n in (1, 2)]).what == "sessions without mail"


def test_meanwhile() -> None:
    """Lost connections, timeouts, postscreen's busy ports and stress mode are told beside it."""
    common = {"ts": FIRST, "daemon": "postscreen"}
    busy = {
        **common,
        "position": 31,
        "origin": "postscreen",
        "action": "reject",
        "reason_shape": "all server ports busy",
    }
    notes = [
        {**common, "position": 32, "kind": "postscreen", "text": "entering STRESS mode with 90 connections"},
        {
            **common,
            "position": 33,
            "kind": "postscreen",
            "text": "reject: connect from [192.0.2.1]:48123: all screening ports busy",
        },
    ]
    sessions = [visit(1, lost="lost_connection"), visit(2, lost="timeout"), visit(3, lost="timeout")]
    said = what(sessions, decisions=[busy], notices=notes).meanwhile
    assert said == "1 × lost connection, 2 × timeout, 2 × postscreen port busy, 1 × stress mode"


def test_stress_cuts_sessions_short() -> None:
    """Under stress one error ends a session: the load is then reckoned with the length of sessions at other times."""
    short = [session(n, n + 50, "02 08:00:10", "02 08:00:10", lost="too_many_errors", mail=1) for n in range(1, 31)]
    calm = session(90, 95, "02 09:00:00", "02 09:00:04", mail=1)
    came = what([*short, calm])
    assert (came.sessions, came.mean, came.cut, came.calm) == (30, 0.0, 30, 4.0)
    assert came.uncut(60) == 2.0
    assert what([visit(1), calm]).uncut(60) == 0.0
