"""Recommendation: limits for a load, with room to spare, and what they drag along."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from logtune.analyses.loads import LimitSource, Load, service_loads
from logtune.analyses.recommendation import (
    Advice,
    Wanted,
    advise,
    commands,
    demand_of,
    dragged,
    limit_for,
    little,
    short_of,
)
from logtune.analyses.saturation import Episode
from logtune.results import Lines, Note, Table
from tests.analyses.made_log import at
from tests.analyses.test_connections import busy_log, limit

KEY = ("mail", "postfix", None)
EPISODE = Episode(at("02 08:00:00"), at("02 08:01:40"), 100.0, 100.0)


def load(limit: int = 10, source: LimitSource = LimitSource.LOG, **more: Any) -> Load:
    made = Load({0: 800.0, 5: 100.0, 10: 100.0}, peak=10, **more)
    made.set_limit(limit, source)
    return made


def advice(**more: Any) -> Advice:
    return Advice(
        **{"key": KEY, "label": "smtp", "load": load(), "demand": 20, "now": 30, "grown": 60, "worst": EPISODE, **more}
    )


@pytest.mark.parametrize(
    ("demand", "headroom", "expected"),
    [(7, 0.3, 10), (8, 0.3, 15), (70, 0.3, 100), (71, 0.3, 110), (7, 0, 10), (35, 0.5, 70)],
)
def test_headroom(demand: int, headroom: float, expected: int) -> None:
    """The demand leaves the headroom free; limits are rounded up to fives, above 100 to tens."""
    assert limit_for(demand, headroom) == expected


def test_demand() -> None:
    """Below the limit the peak; at it, as much again as it was full, never more than the sessions that came."""
    assert demand_of(load(50), None, 0) == 10
    assert demand_of(load(), EPISODE, 500) == 20
    assert demand_of(load(), replace(EPISODE, near=10.0), 500) == 11
    assert demand_of(load(), EPISODE, 13) == 13
    assert demand_of(load(), EPISODE, 4) == 10


def test_what_more_would_have_taken() -> None:
    """Time near the limit counts as time of the estimated demand; growth lifts every level."""
    assert [short_of(advice(), n) for n in (10, 20, 21)] == [0.1, 0.1, 0.0]
    assert [short_of(advice(), n, 2) for n in (10, 11, 40, 41)] == [0.2, 0.1, 0.1, 0.0]


def test_of_a_log() -> None:
    """The report's busy log with a limit of two: never more processes than sessions that came."""
    log = busy_log(notices=[limit(20, 2)])
    (found,) = service_loads(log).values()
    made = advise(log, KEY, "smtp", found, Wanted())
    assert (made.saturated, made.demand, made.now, made.grown) == (True, 2, 5, 10)


def test_unexplained_warning_raises_nothing() -> None:
    """master's word alone, which the lines do not bear out, is no reason for a higher limit."""
    log = busy_log(notices=[limit(20, 50)])
    (found,) = service_loads(log).values()
    made = advise(log, KEY, "smtp", found, Wanted())
    assert (made.saturated, made.raises, made.demand, made.now) == (False, False, 2, 50)


def test_little() -> None:
    """Sessions per second times their mean length is what was counted: 50 s of sessions in 100 s."""
    log = busy_log()
    (found,) = service_loads(log).values()
    made = advise(log, KEY, "smtp", found, Wanted())
    assert little(log, made) == (
        "Cross-check by Little's law: 3 sessions × 13.7 s in 100 s = 0.41 at once on average, 0.41 counted."
    )


def lines_of(*found: Advice) -> list[str]:
    return [line for item in commands(found, Wanted()) if isinstance(item, Lines) for line in item.lines]


def test_commands() -> None:
    """A line per service that needs more, by its name in master.cf; another instance by postmulti; one reload."""
    named = advice(load=load(setting="192.0.2.1:smtp/inet"))
    other = advice(key=("mail", "postfix-out", "submission"))
    enough = advice(now=10)
    assert lines_of(named, other, enough) == [
        'postconf -F "192.0.2.1:smtp/inet/process_limit = 30"',
        'postmulti -i postfix-out -x postconf -F "submission/inet/process_limit = 30"',
        "postfix reload",
    ]
    assert lines_of(enough) == []


def test_hostile_names_reach_no_command() -> None:
    """What stands in the syslog tag may be anything; only names that a shell leaves alone become a command."""
    assert lines_of(advice(key=("mail", "postfix", 'x"; rm -rf /;"'))) == []
    assert lines_of(advice(key=("mail", "$(id)", None))) == []
    assert lines_of(advice(load=load(setting="`id`/inet"))) == []


def test_drags_along() -> None:
    """Memory, connections to databases and clients of proxymap at today's and the recommended limits."""
    wanted = Wanted(process_bytes=12 * 2**20, memory_from="as given", direct=2, proxied=1)
    (table,) = [i for i in dragged(advice(), wanted) if isinstance(i, Table)]
    assert table.rows == [
        ("memory", "120 MiB", "360 MiB", "720 MiB"),
        ("database connections", "20", "60", "120"),
        ("clients of proxymap", "10", "30", "60"),
    ]


def test_unknown_is_said() -> None:
    """Without sizes and configuration there are no sums but where to look."""
    items = dragged(advice(), Wanted())
    texts = [item.text for item in items if isinstance(item, Note)]
    assert len(texts) == len(items)
    assert "logtune sizing --live" in texts[0]
