"""Which process limit a load needs: today's and a multiple of it, with room to spare, and what it drags along."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, duration
from logtune.analyses.loads import Key, LimitSource, Load
from logtune.analyses.saturation import NEAR, Arrived, Episode, arrived, episodes_of, unexplained, worst
from logtune.postfix.process_limits import DESTINATION_LIMIT, NO_LIMIT
from logtune.results import Column, Item, Kind, Lines, Note, Table

if TYPE_CHECKING:
    from logtune.tables import Tables

_STEP_TO_100, _STEP = 5, 10
"""Limits are rounded up to these steps: a more exact one would pretend to know more."""

_SAFE = re.compile(r"[A-Za-z0-9_.:\[\]-]+", re.ASCII)
"""A service's name that may stand in a command line; the log's could be anything."""

LITTLE_APART = 0.25
"""Little's law and the count should agree within a quarter; if not, sessions are cut off or stamps jump."""


@dataclass(frozen=True)
class Wanted:
    """What the recommendation is for: ``growth`` times the load, ``headroom`` of the limit free at the peak (0..1).

    ``process_bytes`` is the memory of one more smtpd; ``direct`` and ``proxied`` are the database tables that each
    process asks itself and through proxymap, None where no configuration was given.
    """

    growth: float = 2.0
    headroom: float = 0.3
    process_bytes: int | None = None
    memory_from: str = ""
    direct: int | None = None
    proxied: int | None = None


@dataclass(frozen=True)
class Advice:
    """What one service needs: ``demand`` processes at the peak, ``now`` and ``grown`` the limits for it."""

    key: Key
    label: str
    load: Load
    demand: int
    now: int
    grown: int
    worst: Episode | None = None

    @property
    def saturated(self) -> bool:
        """Whether the limit was reached, so that the demand is an estimate."""
        return self.worst is not None

    @property
    def raises(self) -> bool:
        """Whether a higher limit is needed for today's load."""
        return self.now > self.load.limit != NO_LIMIT


def advise(log: Tables, key: Key, label: str, load: Load, wanted: Wanted) -> Advice:
    """The limits that the load of a service needs."""
    at_worst = None if unexplained(load) else worst(episodes_of(log, key, load))
    came = arrived(log, key, at_worst) if at_worst else None
    uncut = came.uncut(at_worst.seconds) if came and at_worst else 0.0
    demand = demand_of(load, at_worst, came.sessions if came else 0, uncut)
    now = limit_for(demand, wanted.headroom)
    grown = limit_for(demand * wanted.growth, wanted.headroom)
    return Advice(key, label, load, demand, max(now, load.limit), max(grown, load.limit), at_worst)


def demand_of(load: Load, episode: Episode | None, sessions: int, uncut: float = 0.0) -> int:
    """Processes that would have been busy at the peak without a limit.

    Below the limit that is the peak. At the limit the log cannot tell how many clients waited. The more of the worst
    episode was spent near the limit, the more there were: none waited for long if it was touched for a moment, and
    where it was never left as many again are taken to wait - but never more than its sessions. The step is bounded at
    twice the limit on purpose: one measures again after it. *uncut* is the load had stress mode not cut sessions short.
    """
    if episode is None:
        return load.peak
    estimate = math.ceil(max(load.reached * (1 + episode.saturation), uncut))
    return max(load.peak, load.reached, min(estimate, sessions) if sessions else estimate)


def limit_for(demand: float, headroom: float) -> int:
    """The rounded limit of which *demand* leaves *headroom* (0..1) free."""
    exact = math.ceil(round(demand / (1 - headroom), 6))
    step = _STEP_TO_100 if exact <= 100 else _STEP
    return math.ceil(exact / step) * step


def short_of(advice: Advice, limit: int, growth: float = 1.0) -> float | None:
    """Share of the time (0..1) in which *growth* times the load would have kept *limit* processes busy.

    Time near the limit that was reached counts as time of the estimated demand; None where the log gives no length.
    """
    load = advice.load
    if not load.total:
        return None
    near = NEAR * load.reached
    scale = advice.demand / load.reached if advice.saturated else 1.0
    busy = sum(
        seconds
        for level, seconds in load.seconds.items()
        if growth * level * (scale if advice.saturated and level >= near else 1.0) >= limit
    )
    return busy / load.total


def percent(part: float) -> str:
    """0.3 as ``30 %``."""
    return f"{100 * part:.0f} %"


def recommendation(log: Tables, advices: Sequence[Advice], wanted: Wanted) -> list[Item]:
    """What to set per service, what it drags along, and the commands."""
    if not advices:
        return [Note("The log has no smtpd session: there is nothing to size.")]
    items: list[Item] = [_limits(advices, wanted)]
    first = max(advices, key=lambda a: (a.saturated, a.demand))
    if first.saturated:
        items.append(_candidates(first, wanted))
        items.append(Note(_estimate_said(first)))
    law = little(log, first)
    return [*items, *([Note(law)] if law else []), *dragged(first, wanted), *commands(advices, wanted)]


def _limits(advices: Sequence[Advice], wanted: Wanted) -> Table:
    rows = [
        (a.label, a.load.limit if a.load.limit != NO_LIMIT else None, a.load.source.value, a.demand, a.now, a.grown)
        for a in advices
    ]
    columns = (
        Column("service", "service", Kind.LOGTEXT),
        Column("limit", "limit", Kind.COUNT),
        Column("limit_from", "from", Kind.TEXT),
        Column("demand", "needed at the peak", Kind.COUNT),
        Column("now", "limit for today", Kind.COUNT, strong=True),
        Column("grown", f"for {wanted.growth:g} × the load", Kind.COUNT),
    )
    note = f"{percent(wanted.headroom)} of the limit stay free at the peak; a limit that is higher already is kept."
    strong = [n for n, a in enumerate(advices) if a.raises]
    return Table("recommended_limits", columns, rows, note=note, strong=strong)


def _candidates(a: Advice, wanted: Wanted) -> Table:
    limits = sorted({a.load.reached, a.demand, a.now, a.grown})
    said = {a.load.reached: "was the limit", a.now: "take", a.grown: f"for {wanted.growth:g} × the load"}
    rows: list[tuple[Any, ...]] = [
        (
            limit,
            short_of(a, limit),
            short_of(a, limit, wanted.growth),
            limit * wanted.process_bytes if wanted.process_bytes else None,
            said.get(limit, ""),
        )
        for limit in limits
    ]
    columns = [
        Column("limit", f"{a.label}: limit", Kind.COUNT),
        Column("busy", "all busy", Kind.SHARE),
        Column("busy_grown", f"with {wanted.growth:g} × the load", Kind.SHARE),
        Column("memory", "memory", Kind.BYTES, "MiB"),
        Column("said", "", Kind.TEXT),
    ]
    if not wanted.process_bytes:
        del columns[3]
        rows = [(*row[:3], row[4]) for row in rows]
    note = "Shares of the time, from the levels that were counted."
    return Table("more_processes", columns, rows, "What more processes would have taken", note=note)


def _estimate_said(a: Advice) -> str:
    assert a.worst is not None
    part = percent(a.worst.saturation)
    return (
        f"In the worst episode {part} of the time had {percent(NEAR)} or more of the {a.load.reached} processes busy."
        f" How many clients waited is not in the log; {a.demand} is an estimate. Set it,"
        " then measure again."
    )


def little(log: Tables, a: Advice) -> str:
    """Little's law on the worst episode, or the whole log, against the count; empty where lengths are missing."""
    if a.worst is not None and a.worst.seconds >= 1:
        came = arrived(log, a.key, a.worst)
        if came.mean is None:
            return ""
        return (
            f"Cross-check by Little's law, worst episode: {came.sessions:,} sessions in {duration(a.worst.seconds)}"
            f" × {came.mean:.3g} s = {came.sessions * came.mean / a.worst.seconds:.3g} at once, of {a.load.reached}."
            + _cut_said(came, a.worst)
        )
    rows = [row for row in ask(log, "connections_services") if row[:3] == a.key]
    if not rows or rows[0][8 + 1] is None or a.load.mean is None:
        return ""
    sessions, mean = rows[0][3], rows[0][9]
    law = sessions * mean / a.load.total
    said = f"Cross-check by Little's law: {sessions:,} sessions × {mean:.3g} s in {duration(a.load.total)} = {law:.2g}"
    apart = abs(law - a.load.mean) > LITTLE_APART * max(law, a.load.mean)
    more = "; they differ: many sessions lack an end, or the stamps jump" if apart else ""
    return f"{said} at once on average, {a.load.mean:.2g} counted{more}."


def _cut_said(came: Arrived, episode: Episode) -> str:
    """What stress mode hides; empty where it cut no sessions short."""
    uncut = came.uncut(episode.seconds)
    if not uncut:
        return ""
    return (
        f" {came.cut:,} sessions were ended after errors: at the limit master starts smtpd with stress=yes, and one"
        f" error is too many. With the {came.calm:.3g} s of other times it would have been {uncut:.3g} at once."
    )


def dragged(a: Advice, wanted: Wanted) -> list[Item]:
    """What more smtpd processes drag along: memory, database connections, proxymap, deliveries."""
    rows: list[tuple[str, ...]] = [("memory", *_memory(a, wanted)), ("database connections", *_databases(a, wanted))]
    if wanted.proxied:
        rows.append(("clients of proxymap", *(f"{n:,}" for n in (a.load.limit, a.now, a.grown))))
    columns = (
        Column("what", f"{a.label}: at most", Kind.TEXT),
        Column("limit", f"at {a.load.limit}", Kind.TEXT),
        Column("now", f"at {a.now}", Kind.TEXT),
        Column("grown", f"at {a.grown}", Kind.TEXT),
    )
    shown = [row for row in rows if row[1]]
    table: list[Item] = [Table("drags_along", columns, shown, "What it drags along")] if shown else []
    return [*table, *(Note(text) for text in _dragged_notes(wanted))]


def _memory(a: Advice, wanted: Wanted) -> tuple[str, str, str]:
    if not wanted.process_bytes:
        return "", "", ""
    one, two, three = (f"{n * wanted.process_bytes / 2**20:,.0f} MiB" for n in (a.load.limit, a.now, a.grown))
    return one, two, three


def _databases(a: Advice, wanted: Wanted) -> tuple[str, str, str]:
    if not wanted.direct:
        return "", "", ""
    one, two, three = (f"{n * wanted.direct:,}" for n in (a.load.limit, a.now, a.grown))
    return one, two, three


def _dragged_notes(wanted: Wanted) -> list[str]:
    notes = []
    if wanted.process_bytes:
        notes.append(f"Memory: {wanted.process_bytes / 2**20:.3g} MiB a process, {wanted.memory_from}.")
    else:
        notes.append("Memory: the log cannot tell; measure by logtune sizing --live, or give --rss-mb.")
    if wanted.direct is None:
        notes.append(
            "Databases: each smtpd opens a connection per mysql:, pgsql: or ldap: table; with proxy: before it, few"
            " proxymap processes share them. --postconf tells how many there are."
        )
    elif not wanted.direct and not wanted.proxied:
        notes.append("Databases: main.cf names no table in a database.")
    notes.append(
        "Deliveries: what smtpd takes in must go out: a transport gives one destination"
        f" default_destination_concurrency_limit = {DESTINATION_LIMIT} deliveries at once by default."
    )
    return notes


def commands(advices: Sequence[Advice], wanted: Wanted) -> list[Item]:
    """The lines that set the limits, ready for a shell; empty where none needs to be raised."""
    lines = [_command(a) for a in advices if a.raises]
    written = [line for line in lines if line]
    if not written:
        return []
    out: list[Item] = [Lines([*written, "postfix reload"], "shell")]
    if any(a.raises and a.load.source is not LimitSource.POSTCONF for a in advices):
        out.append(Note("The service's name is taken from the log; postconf -F '*/*/process_limit' lists them."))
    return out


def _command(a: Advice) -> str:
    """``postconf -F "smtp/inet/process_limit = 70"``; empty where a name of the log is no name of a service."""
    instance, service = a.key[1] or "postfix", a.key[2] or "smtp"
    setting = a.load.setting or f"{service}/inet"
    if not all(_SAFE.fullmatch(name) for name in (instance, setting.replace("/", ""))):
        return ""
    before = "" if instance == "postfix" else f"postmulti -i {instance} -x "
    return f'{before}postconf -F "{setting}/process_limit = {a.now}"'
