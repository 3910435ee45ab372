"""Several servers: how the hosts of one log share the work, when one is silent, and what the others must then carry.

Nothing here is asked of a log of one host.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logtune.analyses.common import ask, keep
from logtune.analyses.loads import LimitSource, Load, service_loads
from logtune.postfix.process_limits import NO_LIMIT, SMTP_NAMES

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

SILENT_MINUTES = 30
"""Shorter spans without a session are a restart, or a pause of small traffic."""
SILENT_LEAST = 10
"""Sessions before and after a silent span, each in as long a time: by chance none comes once in 22,000 such spans."""
TAKEN = 0.5
"""Others that have half of a silent host's usual sessions more than theirs took its traffic."""

UNEVEN = 1.25
"""A share this many times the equal one is no chance of a round robin. Clients keep to a server for a while."""
SESSIONS_LEAST = 200
"""Shares of fewer sessions are not compared."""
WEEK_OTHER = 0.10
"""A week whose share is ten points from that of the others: somebody changed the weights."""
HOUR_LEAST, HOUR_SIGMA, HOUR_OTHER = 20, 6.0, 0.15
"""An hour stands out from so many sessions, so many standard deviations, and so many points. A wide margin: a client
opens several sessions in a row."""


@dataclass(frozen=True)
class Silence:
    """A span (UTC) in which nobody came to a host; sessions in it, and in as long a time before and after."""

    host: str
    since: datetime
    until: datetime
    own_before: int
    own_after: int
    others_before: int
    others: int
    others_after: int

    @property
    def expected(self) -> float:
        """Sessions that the host has in so long a time."""
        return (self.own_before + self.own_after) / 2

    @property
    def others_usual(self) -> float:
        """Sessions that the others have in so long a time."""
        return (self.others_before + self.others_after) / 2

    @property
    def taken_over(self) -> bool:
        """Whether the others had so many more that they took its traffic."""
        return self.others - self.others_usual >= TAKEN * self.expected

    def unexplained(self) -> bool:
        """Whether the others had sessions enough: else it was a quiet time for all."""
        usual = max(self.others_before + self.others_after, 1)
        return self.others * (self.own_before + self.own_after) / usual >= SILENT_LEAST


@dataclass(frozen=True)
class OddHour:
    """An hour in which a host had another part of the sessions than usual."""

    hour: datetime
    host: str
    sessions: int
    of: int
    usual: float


@dataclass(frozen=True)
class Without:
    """What a host needs if another fails: processes at the same moment, against its limit."""

    fails: str
    takes: str
    now: int
    needed: int
    limit: int
    limit_from: LimitSource


@dataclass(frozen=True)
class Servers:
    """The hosts of a log side by side. Shares are of sessions on port 25 that the outside world brings.

    ``begin`` and ``until`` are the time that all of them cover (None: there is none). ``order`` are the steps of
    the MX order, each the hosts of one preference, and ``strangers`` its names that are no host of the log.
    """

    hosts: tuple[str, ...]
    traffic: Mapping[str, tuple[Any, ...]]
    covered: Mapping[str, tuple[datetime, datetime]]
    begin: datetime | None
    until: datetime | None
    hours: Mapping[datetime, Counter[str]]
    silences: tuple[Silence, ...]
    order: tuple[tuple[str, ...], ...]
    strangers: tuple[str, ...]

    @classmethod
    def of(cls, log: Tables, options: Options) -> Servers | None:
        """The comparison, or None where fewer than two hosts of the log do anything."""
        if len(log.hosts) < 2:
            return None
        _keep_sessions(log)
        traffic = {row[0]: row[1:] for row in ask(log, "servers_traffic")}
        if len(traffic) < 2:
            return None
        hosts = tuple(host for host in traffic if traffic[host][1])
        covered = {host: (first, last) for host, first, last in ask(log, "servers_covered") if host in traffic}
        begin, until = _common(covered, hosts)
        hours: dict[datetime, Counter[str]] = {}
        silences: tuple[Silence, ...] = ()
        if begin and until and len(hosts) > 1:
            for host, hour, sessions in ask(log, "servers_hours", begin=begin, until=until):
                hours.setdefault(hour, Counter())[host] = sessions
            found = ask(log, "servers_silence", minutes=SILENT_MINUTES, least=SILENT_LEAST)
            silences = tuple(s for s in (Silence(*row) for row in found) if s.unexplained())
        order, strangers = _order(options.mx_order, hosts)
        return cls(hosts, traffic, covered, begin, until, hours, silences, order, strangers)

    def usual(self, among: Sequence[str] | None = None) -> Counter[str]:
        """Sessions per host in the hours in which none was silent; all hours where there is no other."""
        chosen = self.hosts if among is None else among
        calm = [h for h in self.hours if not self._silent(h)] or list(self.hours)
        return Counter({host: sum(self.hours[hour][host] for hour in calm) for host in chosen})

    def shares(self) -> dict[str, float]:
        """Usual part of each host, 0..1."""
        return _parts(self.usual())

    def uneven(self) -> list[tuple[tuple[str, ...], Counter[str]]]:
        """Hosts that should share equally and do not, with their sessions: all, or those of one MX preference."""
        groups = [step for step in self.order if len(step) > 1] if self.order else [self.hosts]
        found = []
        for group in groups:
            counts = self.usual(group)
            equal = counts.total() / max(len(group), 1)
            if len(group) > 1 and counts.total() >= SESSIONS_LEAST and max(counts.values()) >= UNEVEN * equal:
                found.append((group, counts))
        return found

    def odd_hours(self) -> list[OddHour]:
        """Hours in which the split was another than usual, each with the host that differs most, in order of time."""
        usual = self.shares()
        found = []
        for hour, counts in sorted(self.hours.items()):
            total = counts.total()
            if total < HOUR_LEAST:
                continue
            host = max(self.hosts, key=lambda h: abs(_sigmas(counts[h], total, usual[h])))
            off = abs(counts[host] / total - usual[host])
            if off >= HOUR_OTHER and abs(_sigmas(counts[host], total, usual[host])) >= HOUR_SIGMA:
                found.append(OddHour(hour, host, counts[host], total, usual[host]))
        return found

    def weeks(self, zone: str) -> dict[date, Counter[str]]:
        """Sessions per host and week (its Monday in *zone*), in the hours in which none was silent."""
        found: dict[date, Counter[str]] = {}
        for hour, counts in sorted(self.hours.items()):
            day = hour.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
            if not self._silent(hour):
                found.setdefault(day - timedelta(days=day.weekday()), Counter()).update(counts)
        return {week: counts for week, counts in found.items() if counts.total() >= SESSIONS_LEAST}

    def odd_weeks(self, zone: str) -> list[tuple[date, str, float, float]]:
        """Weeks in which a host had another part than in the others: Monday, host, its part, its part in the others."""
        weeks = self.weeks(zone)
        found = []
        for week, counts in weeks.items() if len(weeks) > 1 else ():
            others = sum((c for w, c in weeks.items() if w != week), Counter[str]())
            off = {h: _parts(counts).get(h, 0.0) - _parts(others).get(h, 0.0) for h in self.hosts}
            host = max(self.hosts, key=lambda h: abs(off[h]))
            if abs(off[host]) >= WEEK_OTHER:
                part = counts[host] / counts.total()
                found.append((week, host, part, part - off[host]))
        return found

    def ends_early(self) -> list[tuple[str, datetime, datetime]]:
        """Hosts whose lines end while the others go on: host, its last line, the last of all.

        Its log may have been collected earlier, or it is down.
        """
        if not self.hours:
            return []
        last = max(end for _, end in self.covered.values())
        per_hour = {h: sum(c[h] for c in self.hours.values()) / len(self.hours) for h in self.hosts}
        ends = [(h, self.covered[h][1], (last - self.covered[h][1]).total_seconds()) for h in self.hosts]
        return [
            (host, end, last)
            for host, end, missing in ends
            if missing >= 60 * SILENT_MINUTES and per_hour[host] * missing / 3600 >= SILENT_LEAST
        ]

    def _silent(self, hour: datetime) -> bool:
        return any(s.since < hour + timedelta(hours=1) and s.until > hour for s in self.silences)


def if_one_fails(log: Tables, options: Options, servers: Servers) -> list[Without]:
    """For each host that fails and each that takes over: processes needed at the peak, most needed first."""
    shares = servers.shares()
    if len(shares) < 2:
        return []
    keep(log, "server_minutes", "servers_minutes")
    limits = _limits(log, options)
    unknown = (NO_LIMIT, LimitSource.DEFAULT)
    asked = ask(log, "servers_without", hosts=tuple(shares), shares=tuple(shares.values()))
    return [Without(fails, takes, now, needed, *limits.get(takes, unknown)) for fails, takes, now, needed in asked]


def peaks_while(log: Tables, silence: Silence) -> list[tuple[str, int]]:
    """Sessions at the same moment on the other hosts during *silence*, highest first."""
    keep(log, "server_minutes", "servers_minutes")
    return [
        (host, peak)
        for host, peak in ask(log, "servers_peak", host=silence.host, begin=silence.since, until=silence.until)
    ]


def peaks(log: Tables, options: Options) -> dict[str, Load]:
    """Host to that of its port-25 services which has the highest peak."""
    found: dict[str, Load] = {}
    for host, load in _loads(log, options):
        if host not in found or load.peak > found[host].peak:
            found[host] = load
    return found


def _limits(log: Tables, options: Options) -> dict[str, tuple[int, LimitSource]]:
    """Host to the processes that its port-25 services may have together (0: no limit), and where that is from.

    Of several sources the weakest is named: the sum is no better than its worst part.
    """
    found: dict[str, list[Load]] = {}
    for host, load in _loads(log, options):
        found.setdefault(host, []).append(load)
    weakest = [LimitSource.DEFAULT, LimitSource.LOG, LimitSource.POSTCONF]
    return {
        host: (
            NO_LIMIT if any(load.limit == NO_LIMIT for load in loads) else sum(load.limit for load in loads),
            min((load.source for load in loads), key=weakest.index),
        )
        for host, loads in found.items()
    }


def _loads(log: Tables, options: Options) -> list[tuple[str, Load]]:
    """Host and load of each port-25 service. A configuration that was given is taken for every host."""
    loads = service_loads(log, options.limits)
    return [(host, load) for (host, _, service), load in loads.items() if host is not None and _by_mx(service)]


def _by_mx(service: str | None) -> bool:
    return service is None or service in SMTP_NAMES


def _keep_sessions(log: Tables) -> None:
    fellows = ask(log, "servers_fellows")
    keep(log, "server_sessions", "servers_sessions", to=[f[1] for f in fellows], addresses=[f[2] for f in fellows])


def _common(
    covered: Mapping[str, tuple[datetime, datetime]], hosts: Iterable[str]
) -> tuple[datetime | None, datetime | None]:
    ends = [covered[host] for host in hosts if host in covered]
    begin = max((first for first, _ in ends), default=None)
    until = min((last for _, last in ends), default=None)
    return (begin, until) if begin and until and begin < until else (None, None)


def _order(steps: Sequence[Sequence[str]], hosts: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """The steps with names as the log has them, and the names that it does not have.

    A log often has the first part of a name alone: ``mx1`` is ``mx1.example.com`` where no other host begins so.
    """
    found: list[tuple[str, ...]] = []
    strangers: list[str] = []
    for step in steps:
        known: list[str] = []
        for name in step:
            same = [h for h in hosts if h.lower() == name.lower()] or [h for h in hosts if _first(h) == _first(name)]
            (known if len(same) == 1 else strangers).append(same[0] if len(same) == 1 else name)
        if known:
            found.append(tuple(known))
    return tuple(found), tuple(strangers)


def _first(name: str) -> str:
    return name.lower().partition(".")[0]


def _parts(counts: Counter[str]) -> dict[str, float]:
    total = counts.total()
    return {key: count / total for key, count in counts.items()} if total else {}


def _sigmas(count: int, total: int, part: float) -> float:
    """By how many standard deviations *count* of *total* differs from a share of *part*; a share of 0 or 1 has some."""
    spread = math.sqrt(total * max(part * (1 - part), 1 / total))
    return (count - total * part) / spread
