"""Connections: smtpd sessions by service, how many at the same moment, and whether the processes suffice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import Course, ask, counted, course, covered_days, duration, service_labels
from logtune.results import Chart, Column, Finding, Item, Kind, Level, Next, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

DEFAULT_LIMIT = 100
"""``default_process_limit`` since Postfix 2.0 (src/global/mail_params.h)."""

NEAR = 0.9
"""A peak from nine tenths of a limit that the log states is worth a look: the next one may reach it."""

EPISODE_GAP = timedelta(seconds=1000)
"""Spans at the limit closer than this are one episode: master, too, says it once per 1,000 s (master_avail.c)."""

MOST = (0.95, 0.99)

SMTP_NAMES = frozenset({"smtp", "25", "smtpd"})
"""What master calls the service whose syslog tag is plain ``postfix/smtpd``; ``smtpd`` is the one behind postscreen."""

Key = tuple[str | None, str | None, str | None]  # host, instance, service


@dataclass
class Load:
    """Concurrent sessions of one service: seconds per level, peak per local day, and the limit that applies."""

    seconds: dict[int, float] = field(default_factory=dict)
    peaks: dict[date, int] = field(default_factory=dict)
    peak: int = 0
    limit: int = DEFAULT_LIMIT
    logged: bool = False  # the limit is from the log, else the default

    def add(self, day: date | None, level: int, seconds: float) -> None:
        """Count *seconds* at *level*."""
        self.seconds[level] = self.seconds.get(level, 0.0) + seconds
        self.peak = max(self.peak, level)
        if day is not None:
            self.peaks[day] = max(self.peaks.get(day, 0), level)

    def at_most(self, part: float) -> int | None:
        """The level that was not exceeded for *part* of the time; None where the log gives no length."""
        total = sum(self.seconds.values())
        so_far = 0.0
        for level in sorted(self.seconds):
            so_far += self.seconds[level]
            if total and so_far >= part * total:
                return level
        return None

    def full(self) -> bool:
        """Whether all processes were busy at some moment."""
        return self.peak >= self.limit


@dataclass(frozen=True)
class Episode:
    """A time in which all processes of a service were busy; ``busy`` seconds of it really at the limit."""

    begin: datetime
    end: datetime
    busy: float


def connections(log: Tables, options: Options) -> Section:
    """Sessions at the same moment per service against the limit, and how sessions end."""
    loads = service_loads(log)
    labels = service_labels(loads)
    items: list[Item] = [*_findings(log, loads, labels), _levels(log, options, loads, labels), _services(log)]
    return Section(
        "connections",
        "Processes",
        items,
        "smtpd sessions at the same moment",
        (Next("logtune sizing", "episodes at the limit, the course per day"),),
    )


def sizing(log: Tables, options: Options) -> list[Section]:
    """What ``logtune sizing`` shows of processes: the report's section, a chart and the episodes per service."""
    loads = service_loads(log)
    labels = service_labels(loads)
    covered = covered_days(log)
    sections = [replace(connections(log, options), next=())]
    for key, load in loads.items():
        chart = _chart(labels[key], load, options, covered)
        items: list[Item] = [chart] if chart else []
        items += [Note(_limit_note(load)), *_saturation(log, key, load)]
        sections.append(
            Section(f"sizing_{labels[key]}", f"{labels[key]}: sessions at the same moment", items, "daily peak")
        )
    return sections


def service_loads(log: Tables) -> dict[Key, Load]:
    """Load per (host, instance, service), highest peak first."""
    found: dict[Key, Load] = {}
    for host, instance, service, day, level, seconds in ask(log, "connections_levels", last=log.period.last):
        found.setdefault((host, instance, service), Load()).add(day, level, seconds)
    for host, instance, endpoint, limit, *_ in ask(log, "connections_limits"):
        for key, load in found.items():
            if key[:2] == (host, instance) and _is_service(key[2], endpoint):
                load.limit, load.logged = int(limit), True
    return dict(sorted(found.items(), key=lambda item: (-item[1].peak, str(item[0]))))


def load_findings(log: Tables) -> list[Finding]:
    """Services that reached their limit or nearly did, and limits that master reported of other services."""
    loads = service_loads(log)
    return [*_findings(log, loads, service_labels(loads)), *_other_limits(log, loads)]


def limits_reached(log: Tables) -> list[tuple[str, float, datetime]]:
    """Services that had no free process: label, limit, last moment (UTC) at it, by smtpd's sessions or master."""
    loads = service_loads(log)
    labels = service_labels(loads)
    found = [
        (str(labels[key]), float(load.limit), max(e.end for e in times))
        for key, load in loads.items()
        if load.full() and (times := _episodes(log, key, load))
    ]
    said = ask(log, "connections_limits")
    return found + [(str(endpoint), float(limit), last) for _, _, endpoint, limit, _, _, last in said if last]


def _other_limits(log: Tables, loads: dict[Key, Load]) -> list[Finding]:
    found = []
    for host, instance, endpoint, limit, lines, *_ in ask(log, "connections_limits"):
        known = [load for key, load in loads.items() if key[:2] == (host, instance) and _is_service(key[2], endpoint)]
        if not any(load.full() for load in known):
            detail = f"master said it in {counted(lines, 'line')}, at most one per 1,000 s."
            found.append(
                Finding(
                    Level.ACT, f"Service {endpoint} reached its process limit of {limit:g}", detail, "logtune sizing"
                )
            )
    return found


def episodes(spans: Iterable[tuple[datetime, datetime | None]]) -> list[Episode]:
    """Join (begin, end) *spans*, ordered by begin, that are less than ``EPISODE_GAP`` apart."""
    found: list[Episode] = []
    for begin, until in spans:
        end = max(begin, until or begin)
        seconds = (end - begin).total_seconds()
        if found and begin - found[-1].end < EPISODE_GAP:
            last = found.pop()
            found.append(Episode(last.begin, max(last.end, end), last.busy + seconds))
        else:
            found.append(Episode(begin, end, seconds))
    return found


def _chart(label: str, load: Load, options: Options, covered: Iterable[date]) -> Chart | None:
    """Daily peaks; against the limit only where the log tells it, else a quiet server were a flat line."""
    if not options.days:
        return None
    limit = load.limit if load.logged else None
    return Chart(f"peak_{label}", options.days[0], _course(load, options, covered), limit)


def _is_service(service: str | None, endpoint: str | None) -> bool:
    """Whether master's name of a service (``smtp``, ``submission``, ``127.0.0.1:10025``) is that of the syslog tag."""
    if endpoint is None:
        return False
    return endpoint in SMTP_NAMES if service is None else endpoint == service


def _course(load: Load, options: Options, covered: Iterable[date]) -> Course:
    return course(load.peaks, options.days, covered)


def _findings(log: Tables, loads: dict[Key, Load], labels: dict[Any, str]) -> list[Finding]:
    found = []
    for key, load in loads.items():
        if load.full():
            times = _episodes(log, key, load)
            busy = sum(e.busy for e in times)
            how_often = f"{duration(busy)}, in {counted(len(times), 'episode')}"
            title = f"No free {labels[key]} process for {how_often}: limit {load.limit} reached"
            found.append(Finding(Level.ACT if load.logged else Level.LOOK, title, _limit_note(load), "logtune sizing"))
        elif load.logged and load.peak >= NEAR * load.limit:
            found.append(
                Finding(
                    Level.LOOK,
                    f"{labels[key]}: peak {load.peak} of {load.limit} processes",
                    _limit_note(load),
                    "logtune sizing",
                )
            )
    return found


def _limit_note(load: Load) -> str:
    if load.logged:
        return f"The limit of {load.limit} is from the log."
    return f"The log does not tell the limit; {load.limit} is Postfix's default."


def _levels(log: Tables, options: Options, loads: dict[Key, Load], labels: dict[Any, str]) -> Table:
    covered = covered_days(log)
    rows = [
        (
            labels[key],
            load.peak,
            load.limit,
            "log" if load.logged else "default",
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
    return Table("concurrent_sessions", columns, rows, note=note)


def _services(log: Tables) -> Table:
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


def _episodes(log: Tables, key: Key, load: Load) -> list[Episode]:
    host, instance, service = key
    spans = ask(
        log, "connections_full", last=log.period.last, host=host, instance=instance, service=service, limit=load.limit
    )
    return episodes(spans)


def _saturation(log: Tables, key: Key, load: Load) -> list[Item]:
    most = [load.at_most(part) for part in MOST]
    if None in most:
        return []
    said: list[Item] = [Note(f"95 % of the time at most {most[0]}, 99 % at most {most[1]}; peak {load.peak}.")]
    total = sum(load.seconds.values())
    for part in (0.7, NEAR):
        over = sum(seconds for level, seconds in load.seconds.items() if level > part * load.limit)
        if over:
            said.append(
                Note(f"Over {part:.0%} of the limit for {over:,.0f} s ({100 * over / total:.2g} % of the time).")
            )
    return [*said, *([_episode_table(log, key, _episodes(log, key, load))] if load.full() else [])]


def _episode_table(log: Tables, key: Key, found: Sequence[Episode]) -> Table:
    host, instance, service = key
    rows = []
    for e in found:
        where = {"host": host, "instance": instance, "service": service}
        sessions, clients, mean = ask(log, "connections_arrivals", begin=e.begin, until=e.end, **where)[0]
        rows.append((e.begin, (e.end - e.begin).total_seconds(), e.busy, sessions, clients, mean))
    columns = (
        Column("began", "began", Kind.TIME),
        Column("lasted", "lasted", Kind.SECONDS),
        Column("busy", "at the limit", Kind.SECONDS),
        Column("sessions", "sessions", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT),
        Column("mean", "mean session", Kind.SECONDS),
    )
    note = "At the limit clients wait in the listen backlog; they are not turned away."
    return Table("episodes", columns, rows, "Episodes at the limit", note=note)
