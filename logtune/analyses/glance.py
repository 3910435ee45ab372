"""All resources at a glance: measured from the log, measured live, or where to look because the log cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from logtune.analyses.common import duration
from logtune.analyses.recommendation import Advice, Wanted
from logtune.analyses.saturation import unexplained
from logtune.postfix.process_limits import NO_LIMIT
from logtune.results import Column, Finding, Kind, Level, Section, Table


class Known(StrEnum):
    """How a statement on a resource is known."""

    LOG = "from the log"
    LIVE = "measured live"
    NOT = "the log cannot tell"


@dataclass(frozen=True)
class Glance:
    """One resource in one line."""

    level: Level
    what: str
    why: str
    known: Known = Known.LOG


_WORST = (Level.ACT, Level.LOOK, Level.WELL, Level.UNKNOWN)


def glance(lines: Sequence[Glance]) -> Section:
    """The table "At a glance", worst first."""
    ordered = sorted(lines, key=lambda g: _WORST.index(g.level))
    columns = (
        Column("level", "", Kind.LEVEL),
        Column("what", "", Kind.TEXT),
        Column("why", "", Kind.TEXT),
        Column("known", "", Kind.TEXT, wide=True),
    )
    table = Table("glance", columns, [(g.level, g.what, g.why, g.known.value) for g in ordered])
    return Section("glance", "At a glance", [table])


def of(found: Finding) -> Glance:
    """A finding that is one line on a resource, from the log or with the place to look."""
    known = Known.NOT if found.level is Level.UNKNOWN else Known.LOG
    return Glance(found.level, found.title, found.detail, known)


def processes_glance(advices: Sequence[Advice]) -> Glance:
    """The service that needs most."""
    if not advices:
        return Glance(Level.UNKNOWN, "processes", "no smtpd session in the log", Known.NOT)
    a = advices[0]
    if a.saturated:
        near = f" for {duration(a.worst.near)}" if a.worst and a.worst.near else ", says master"
        return Glance(Level.ACT, "processes", f"{a.label}: limit {a.load.reached} reached{near}; set {a.now}")
    odd = next((other for other in advices if unexplained(other.load)), None)
    if odd is not None and not a.raises:
        why = f"master: limit {odd.load.reached} of {odd.label} reached; the lines show {odd.load.peak}"
        return Glance(Level.LOOK, "processes", why)
    if a.raises:
        why = f"{a.label}: peak {a.load.peak} of {a.load.limit}; set {a.now}"
        return Glance(Level.LOOK, "processes", why)
    of = "" if a.load.limit == NO_LIMIT else f" of {a.load.limit} ({a.load.source.value})"
    return Glance(Level.WELL, "processes", f"{a.label}: at most {a.load.peak}{of} at once")


def memory_glance(advices: Sequence[Advice], wanted: Wanted) -> Glance:
    """Memory of all smtpd at their limit, where the size of one is known; the log alone cannot tell."""
    if not wanted.process_bytes or not advices:
        return Glance(Level.UNKNOWN, "memory", "on the server: logtune sizing --live", Known.NOT)
    a = advices[0]
    need = a.now * wanted.process_bytes / 2**20
    known = Known.LIVE if wanted.memory_from == "measured live" else Known.LOG
    return Glance(Level.WELL, "memory", f"{a.label}: {need:,.0f} MiB at {a.now} processes, {wanted.memory_from}", known)


def cpu_glance() -> Glance:
    """No log tells of the CPU."""
    return Glance(Level.UNKNOWN, "CPU", "on the server: logtune sizing --live", Known.NOT)
