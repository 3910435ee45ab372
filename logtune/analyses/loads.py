"""How many processes of each service and transport were busy at the same moment, and the limit that applies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from logtune.analyses.common import ask, keep
from logtune.analyses.deliveries import prepare
from logtune.postfix.process_limits import DEFAULT_LIMIT, NO_LIMIT, ServiceLimit, is_service, limit_of

if TYPE_CHECKING:
    from logtune.tables import Tables

Key = tuple[str | None, str | None, str | None]  # host, instance, service
TransportKey = tuple[str | None, str | None, str | None, str, str | None]  # and daemon, transport of pipe(8)
K = TypeVar("K")


class LimitSource(StrEnum):
    """Where a limit comes from."""

    POSTCONF = "postconf"
    LOG = "log"
    DEFAULT = "default"


@dataclass
class Load:
    """Busy processes of one service: seconds per level, peak per local day, and the limit.

    ``limit`` is what is set as far as is known (0: none), ``reached`` the one that the log ran into. ``setting`` is
    the service's name for ``postconf -F``, where a configuration was given.
    """

    seconds: dict[int, float] = field(default_factory=dict)
    peaks: dict[date, int] = field(default_factory=dict)
    peak: int = 0
    limit: int = DEFAULT_LIMIT
    reached: int = DEFAULT_LIMIT
    source: LimitSource = LimitSource.DEFAULT
    warned: bool = False  # master said that the limit is reached
    setting: str | None = None

    def add(self, day: date | None, level: int, seconds: float) -> None:
        """Count *seconds* at *level*."""
        self.seconds[level] = self.seconds.get(level, 0.0) + seconds
        self.peak = max(self.peak, level)
        if day is not None:
            self.peaks[day] = max(self.peaks.get(day, 0), level)

    def set_limit(self, limit: int, source: LimitSource) -> None:
        """The limit that holds and, until something else is known, the one that the log met."""
        self.limit = self.reached = limit
        self.source = source

    @property
    def logged(self) -> bool:
        """Whether the limit is the one that the log states."""
        return self.source is LimitSource.LOG

    @property
    def total(self) -> float:
        """Seconds from the first to the last step."""
        return sum(self.seconds.values())

    @property
    def mean(self) -> float | None:
        """Processes busy on average over time; None where the log gives no length."""
        return sum(level * s for level, s in self.seconds.items()) / self.total if self.total else None

    def at_most(self, part: float) -> int | None:
        """The level that was not exceeded for *part* of the time; None where the log gives no length."""
        so_far = 0.0
        for level in sorted(self.seconds):
            so_far += self.seconds[level]
            if self.total and so_far >= part * self.total:
                return level
        return None

    def over(self, part: float) -> float:
        """Seconds above *part* of the limit."""
        if self.limit == NO_LIMIT:
            return 0.0
        return sum(seconds for level, seconds in self.seconds.items() if level > part * self.limit)

    def full(self) -> bool:
        """Whether the lines show all processes busy at some moment."""
        return self.reached != NO_LIMIT and self.peak >= self.reached


def service_loads(log: Tables, limits: Iterable[ServiceLimit] = ()) -> dict[Key, Load]:
    """Load per smtpd service (host, instance, service), highest peak first. *limits* are those of a configuration."""
    keep(log, "session_levels", "connections_steps", last=log.period.last)
    found: dict[Key, Load] = {}
    for host, instance, service, day, level, seconds in ask(log, "connections_levels"):
        found.setdefault((host, instance, service), Load()).add(day, level, seconds)
    known = tuple(limits)
    for key, load in found.items():
        _configured(load, limit_of(known, key[1], key[2], "smtpd"))
    for host, instance, endpoint, limit, *_ in ask(log, "connections_limits"):
        for key, load in found.items():
            if key[:2] == (host, instance) and is_service(key[2], endpoint):
                _logged(load, int(limit), endpoint)
    return _by_peak(found)


def number_of(log: Tables, key: Key) -> int | None:
    """The number that stands for a service in the questions on levels."""
    numbers: dict[Key, int] = {
        (host, instance, service): n for host, instance, service, n in ask(log, "connections_numbers")
    }
    return numbers.get(key)


def transport_loads(log: Tables, limits: Iterable[ServiceLimit] = ()) -> dict[TransportKey, Load]:
    """Load per transport (host, instance, service, daemon, transport of pipe), highest peak first."""
    prepare(log)
    found: dict[TransportKey, Load] = {}
    for host, instance, service, daemon, pipe, day, level, seconds, instant in ask(log, "processes_deliveries"):
        load = found.setdefault((host, instance, service, daemon, pipe), Load())
        load.add(day, level, seconds)
        if instant and level == 0:  # too short for the two digits of delays=: one at a time at least
            load.add(day, 1, 0.0)
    known = tuple(limits)
    for key, load in found.items():
        of_pipe = [s for s in known if s.daemon == "pipe" and s.key == f"{key[4]}/unix"]
        _configured(load, of_pipe[0] if of_pipe else limit_of(known, key[1], key[2], key[3]))
    return _by_peak(found)


def _configured(load: Load, found: ServiceLimit | None) -> None:
    if found is not None:
        load.set_limit(found.limit, LimitSource.POSTCONF)
        load.setting = found.key


def _logged(load: Load, limit: int, endpoint: str) -> None:
    """master names the service as master.cf does; ``smtpd`` is the one that postscreen passes clients to."""
    load.warned = True
    load.setting = load.setting or (f"{endpoint}/pass" if endpoint == "smtpd" else f"{endpoint}/inet")
    if load.source is LimitSource.POSTCONF:
        load.reached = limit
    else:
        load.set_limit(limit, LimitSource.LOG)


def _by_peak(found: dict[K, Load]) -> dict[K, Load]:
    return dict(sorted(found.items(), key=lambda item: (-item[1].peak, str(item[0]))))


def transport_labels(keys: Iterable[TransportKey]) -> dict[TransportKey, str]:
    """Names of transports: that of pipe's, else the service's, else the daemon's; host and instance where several."""
    unique = list(keys)
    several = [len({key[n] for key in unique}) > 1 for n in (0, 1)]

    def label(key: TransportKey) -> str:
        before = [key[n] or "?" for n in (0, 1) if several[n]]
        return "/".join([*before, key[4] or key[2] or key[3]])

    return {key: label(key) for key in unique}
