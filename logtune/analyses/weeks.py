"""First tries week by week: does a transport get slower, was one week slow, is one host slower than the others?

Compared are the 95 % of weeks, per transport, and per host where the log has several: one slow host among fast ones
disappears in the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from logtune.analyses.common import ask
from logtune.analyses.deliveries import TIMES_MIN, prepare
from logtune.analyses.stages import LETTERS, NO_DELIVERY, SLOW
from logtune.postfix.delay_stages import stage as known_stage
from logtune.results import Column, Finding, Item, Kind, Level, Note, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

WEEK_MIN = 100
"""Transactions that a week must have for a comparison of its 95 %: five of them are above it."""
SLOWER = 1.5
"""Times the 95 % of what it is compared with, and at least half of ``SLOW`` more in seconds: less comes and goes."""
OTHERS_LEAST = 2
"""Other weeks from which one stands out; of two nobody knows which is the odd one."""


@dataclass(frozen=True)
class Week:
    """First tries of a transport in a week, on one host where there are several (else ``host`` is None)."""

    transport: str
    host: str | None
    begin: date
    days: int
    transactions: int
    half: float
    most: float
    mean: Sequence[float]


def week_items(log: Tables, options: Options) -> list[Item]:
    """Whether it gets slower from week to week: findings or a sentence, and the table."""
    found = _weeks(log, options)
    if len({week.begin for week in found}) < 2:
        few = Note("Less than two weeks in the log: whether it gets slower cannot be told.")
        return [few, *slower_hosts(log, options)]
    hosts = any(week.host is not None for week in found)
    columns = (
        Column("transport", "transport", Kind.LOGTEXT),
        *([Column("host", "host", Kind.LOGTEXT)] if hosts else []),
        Column("week", "week from", Kind.TEXT),
        Column("days", "days", Kind.COUNT),
        Column("transactions", "first tries", Kind.COUNT),
        Column("half", "50 %", Kind.SECONDS, "s"),
        Column("p95", "95 %", Kind.SECONDS, "s"),
        *(Column(f"mean_{letter}", f"mean {letter}", Kind.SECONDS, "s", wide=True) for letter in LETTERS),
    )
    rows = [
        (
            week.transport,
            *([week.host] if hosts else []),
            f"{week.begin:%d %b %Y}",
            week.days,
            week.transactions,
            *((week.half, week.most) if week.transactions >= TIMES_MIN else (None, None)),
            *week.mean,
        )
        for week in found
    ]
    said: list[Item] = [*slower_findings(log, options), *odd_weeks(log, options), *slower_hosts(log, options)]
    return [*(said or [Note(_steady(found))]), Table("delays_by_week", columns, rows, "By week", counts="transactions")]


def _steady(found: Sequence[Week]) -> str:
    enough = [(week.transport, week.host) for week in found if week.transactions >= WEEK_MIN]
    if len(enough) == len(set(enough)):
        return f"No transport has {WEEK_MIN} first tries in two weeks: whether it gets slower cannot be told."
    return "No transport got slower from its first week to its last, and no week or host stands out."


def slower_findings(log: Tables, options: Options) -> list[Finding]:
    """Transports whose last week is slower than their first, where both have enough transactions."""
    found = []
    for weeks in _per_transport(log, options):
        first, last = weeks[0], weeks[-1]
        if len(weeks) > 1 and _slower(last.most, first.most):
            title = f"{_label(last)} gets slower from week to week"
            detail = (
                f"95 % within {first.most:.2g} s in the first week, {last.most:.2g} s in the last;"
                f" most of it in {_grown(last, [first])}."
            )
            found.append(Finding(Level.LOOK, title, detail, "logtune delays"))
    return found


def odd_weeks(log: Tables, options: Options) -> list[Finding]:
    """Weeks that were slow while those before and after were not; the last one is the matter of ``slower_findings``."""
    found = []
    for weeks in _per_transport(log, options):
        for week in weeks[:-1]:
            others = [other for other in weeks if other is not week]
            usual = median(other.most for other in others)
            if len(others) >= OTHERS_LEAST and _slower(week.most, usual):
                title = f"{_label(week)} was slow in the week of {week.begin.day} {week.begin:%B}"
                detail = (
                    f"95 % within {week.most:.2g} s, in the other weeks {usual:.2g} s;"
                    f" most of it in {_grown(week, others)}."
                )
                found.append(Finding(Level.LOOK, title, detail, "logtune delays"))
    return found


def slower_hosts(log: Tables, options: Options) -> list[Finding]:
    """Hosts on which a transport is slower than on each of the others, by the median of their weeks."""
    per: dict[str, dict[str, list[Week]]] = {}
    for weeks in _per_transport(log, options):
        if weeks[0].host is not None:
            per.setdefault(weeks[0].transport, {})[weeks[0].host] = weeks
    found = []
    for transport, hosts in per.items():
        usual = {host: median(week.most for week in weeks) for host, weeks in hosts.items()}
        for host, weeks in hosts.items():
            others = [usual[other] for other in hosts if other != host]
            if others and _slower(usual[host], max(others)):
                rest = [week for other, there in hosts.items() if other != host for week in there]
                detail = (
                    f"95 % within {usual[host]:.2g} s in a usual week, {max(others):.2g} s on the next slowest;"
                    f" most of it in {_grown(weeks[0], rest, weeks)}."
                )
                title = f"{transport} is slower on {host} than on the other hosts"
                found.append(Finding(Level.LOOK, title, detail, f"logtune delays --host {host}"))
    return found


def _slower(now: float, before: float) -> bool:
    return now >= SLOWER * before and now - before >= SLOW / 2


def _grown(week: Week, others: Sequence[Week], weeks: Sequence[Week] = ()) -> str:
    """The stage whose mean is most above that of *others*."""

    def mean(of: Sequence[Week], stage: int) -> float:
        return sum(one.mean[stage] or 0.0 for one in of) / len(of)

    grown = max(range(len(LETTERS)), key=lambda stage: mean(weeks or [week], stage) - mean(others, stage))
    return f"{LETTERS[grown]}, {known_stage(LETTERS[grown]).name}"


def _label(week: Week) -> str:
    return week.transport if week.host is None else f"{week.transport} on {week.host}"


def _per_transport(log: Tables, options: Options) -> list[list[Week]]:
    """Weeks with enough transactions, in order, per transport and host."""
    per: dict[tuple[str, str | None], list[Week]] = {}
    for week in _weeks(log, options):
        if week.transactions >= WEEK_MIN:
            per.setdefault((week.transport, week.host), []).append(week)
    return list(per.values())


def _weeks(log: Tables, options: Options) -> list[Week]:
    prepare(log)
    rows = ask(log, "stages_by_week", zone=options.zone, hosts=len(log.hosts) > 1)
    return [
        Week(transport, host, begin, days, transactions, delay[0], delay[1], mean)
        for transport, host, begin, days, transactions, delay, mean in rows
        if transport not in NO_DELIVERY
    ]
