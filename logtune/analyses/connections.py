"""Connections: smtpd sessions by service, how many at the same moment, and whether the processes suffice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import Course, ask, counted, course, covered_days, duration, service_labels
from logtune.analyses.loads import Key, LimitSource, Load, service_loads
from logtune.analyses.saturation import NEAR, episodes_of
from logtune.postfix.process_limits import NO_LIMIT, is_service
from logtune.results import Column, Finding, Item, Kind, Level, Next, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables


def connections(log: Tables, options: Options) -> Section:
    """Sessions at the same moment per service against the limit, and how sessions end."""
    loads = service_loads(log, options.limits)
    labels = service_labels(loads)
    items: list[Item] = [*findings(log, loads, labels), levels(log, options, loads, labels), services(log)]
    return Section(
        "connections",
        "Processes",
        items,
        "smtpd sessions at the same moment",
        (Next("logtune sizing", "episodes at the limit, the course per day"),),
    )


def load_findings(log: Tables) -> list[Finding]:
    """Services that reached their limit or nearly did, and limits that master reported of other services."""
    loads = service_loads(log)
    return [*findings(log, loads, service_labels(loads)), *_other_limits(log, loads)]


def limits_reached(log: Tables) -> list[tuple[str, float, datetime]]:
    """Services that had no free process: label, limit, last moment (UTC) at it, by smtpd's sessions or master."""
    loads = service_loads(log)
    labels = service_labels(loads)
    found = [
        (str(labels[key]), float(load.limit), max(e.end for e in times))
        for key, load in loads.items()
        if load.full() and (times := episodes_of(log, key, load))
    ]
    said = ask(log, "connections_limits")
    return found + [(str(endpoint), float(limit), last) for _, _, endpoint, limit, _, _, last in said if last]


def _other_limits(log: Tables, loads: dict[Key, Load]) -> list[Finding]:
    found = []
    for host, instance, endpoint, limit, lines, *_ in ask(log, "connections_limits"):
        known = [load for key, load in loads.items() if key[:2] == (host, instance) and is_service(key[2], endpoint)]
        if not any(load.full() for load in known):
            detail = f"master said it in {counted(lines, 'line')}, at most one per 1,000 s."
            found.append(
                Finding(
                    Level.ACT, f"Service {endpoint} reached its process limit of {limit:g}", detail, "logtune sizing"
                )
            )
    return found


def findings(log: Tables, loads: dict[Key, Load], labels: dict[Any, str]) -> list[Finding]:
    """What a person should know of the limits: reached, or nearly so where the limit is known."""
    found = []
    for key, load in loads.items():
        known = load.source is not LimitSource.DEFAULT
        if load.full():
            times = episodes_of(log, key, load)
            busy = sum(e.busy for e in times)
            how_often = f"{duration(busy)}, in {counted(len(times), 'episode')}"
            title = f"No free {labels[key]} process for {how_often}: limit {load.reached} reached"
            found.append(Finding(Level.ACT if known else Level.LOOK, title, limit_note(load), "logtune sizing"))
        elif known and load.limit != NO_LIMIT and load.peak >= NEAR * load.limit:
            title = f"{labels[key]}: peak {load.peak} of {load.limit} processes"
            found.append(Finding(Level.LOOK, title, limit_note(load), "logtune sizing"))
    return found


def limit_note(load: Load) -> str:
    """Where the limit comes from, as a sentence."""
    if load.source is LimitSource.POSTCONF:
        now = "There is no limit" if load.limit == NO_LIMIT else f"The limit of {load.limit} is from postconf"
        return f"{now}; the log reached {load.reached}." if load.reached != load.limit else f"{now}."
    if load.source is LimitSource.LOG:
        return f"The limit of {load.limit} is from the log."
    return f"The log does not tell the limit; {load.limit} is Postfix's default."


def levels(
    log: Tables, options: Options, loads: dict[Any, Load], labels: dict[Any, str], name: str = "concurrent_sessions"
) -> Table:
    """Peak, limit and where it is from, percentiles of time, and the daily peak per service or transport."""
    covered = covered_days(log)
    rows = [
        (
            labels[key],
            load.peak,
            None if load.limit == NO_LIMIT else load.limit,
            load.source.value,
            load.at_most(0.99),
            load.at_most(0.95),
            _course(load, options, covered),
        )
        for key, load in loads.items()
    ]
    columns = (
        Column("service", "service", Kind.LOGTEXT),
        Column("peak", "peak", Kind.COUNT),
        Column("limit", "limit", Kind.COUNT),
        Column("limit_from", "limit from", Kind.TEXT),
        Column("most_99", "99 % of the time", Kind.COUNT),
        Column("most_95", "95 %", Kind.COUNT),
        Column("course", "daily peak", Kind.COURSE),
    )
    note = "One smtpd process serves one session at a time." if rows else "The log has no smtpd session."
    return Table(name, columns, rows, note=note)


def _course(load: Load, options: Options, covered: Iterable[date]) -> Course:
    return course(load.peaks, options.days, covered)


def services(log: Tables) -> Table:
    """Sessions, clients, ends and lengths per service."""
    found = ask(log, "connections_services")
    labels = service_labels(row[:3] for row in found)
    columns = (
        Column("service", "service", Kind.LOGTEXT),
        Column("sessions", "sessions", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT),
        Column("lost", "connection lost", Kind.COUNT),
        Column("timeout", "timed out", Kind.COUNT),
        Column("too_many_errors", "too many errors", Kind.COUNT, wide=True),
        Column("open", "no end in the log", Kind.COUNT, wide=True),
        Column("mean", "mean length", Kind.SECONDS),
        Column("p95", "95 % within", Kind.SECONDS, wide=True),
    )
    sql = "SELECT service, count(*), count(DISTINCT client_addr) FROM sessions GROUP BY service"
    return Table(
        "sessions_by_service", columns, [(labels[row[:3]], *row[3:]) for row in found], "Sessions by service", sql=sql
    )
