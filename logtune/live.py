"""The Postfix that runs on this machine, sampled: processes against limits, memory, CPU. What no log can tell.

It only looks (psutil); nothing is sent to Postfix.
"""

from __future__ import annotations

import itertools
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from logtune.analyses.glance import Glance, Known, glance
from logtune.postconf.errors import PostconfError
from logtune.postconf.process_limits import process_limits
from logtune.postconf.read import read_running
from logtune.postfix.process_limits import NO_LIMIT, ServiceLimit
from logtune.results import Column, Item, Kind, Level, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.postconf.services import Configuration

INTERVAL = 0.5
"""Seconds between two looks; a session of a client that is turned away is often shorter than a second."""

NEAR = 0.9
"""From nine tenths of a limit the next peak may reach it."""

BUSY_CPU = 0.8
"""Above four fifths of all cores, what arrives next waits for the CPU more often than not."""

SCARCE_MEMORY = 0.1
"""With less than a tenth of the memory available the system gives up its file cache, which the queue lives on."""


class CannotSample(Exception):
    """Nothing can be measured here; ``advice`` says what to do."""

    def __init__(self, message: str, *advice: str) -> None:
        super().__init__(message)
        self.advice = advice


@dataclass
class Daemon:
    """Processes of one service: counts per look, bytes of memory of the largest, CPU seconds used while sampling."""

    key: str  # smtp/inet, as postconf -F names it
    daemon: str
    counts: list[int] = field(default_factory=list)
    rss: int = 0
    own: int | None = None  # not shared with other processes; None where that may not be read
    cpu: float = 0.0

    @property
    def peak(self) -> int:
        """Most processes at one look."""
        return max(self.counts, default=0)

    @property
    def mean(self) -> float:
        """Processes on average over all looks."""
        return sum(self.counts) / len(self.counts) if self.counts else 0.0


@dataclass(frozen=True)
class Sample:
    """What was seen in ``seconds`` of looking; ``load`` is the system's load average, ``cpu`` 0..1 of all cores."""

    began: datetime
    seconds: float
    daemons: Sequence[Daemon]
    cores: int
    load: tuple[float, float, float]
    cpu: float
    memory: int
    available: int

    def process_bytes(self, daemon: str = "smtpd") -> int | None:
        """Memory that one more process of *daemon* takes: its own where that may be read, else all of it."""
        sizes = [d.own or d.rss for d in self.daemons if d.daemon == daemon and (d.own or d.rss)]
        return max(sizes, default=None)


def sample(seconds: float) -> Sample:
    """Look at this machine's Postfix for so many seconds. Raises ``CannotSample``."""
    psutil = _psutil()
    found: dict[str, Daemon] = {}
    used: dict[int, tuple[str, float, float]] = {}  # pid -> key, CPU seconds at the first and last look
    began, start = datetime.now(UTC), time.monotonic()
    psutil.cpu_percent()  # the next call tells of the time since
    looks = 0
    while looks < 2 or time.monotonic() - start < seconds:
        if looks:
            time.sleep(min(INTERVAL, max(0.0, seconds - (time.monotonic() - start))) or INTERVAL / 10)
        _look(psutil, found, used, looks)
        looks += 1
    for key, first, last in used.values():
        found[key].cpu += last - first
    memory = psutil.virtual_memory()
    return Sample(
        began=began,
        seconds=time.monotonic() - start,
        daemons=sorted(found.values(), key=lambda d: (-d.peak, d.key)),
        cores=psutil.cpu_count() or 1,
        load=os.getloadavg(),
        cpu=psutil.cpu_percent() / 100,
        memory=memory.total,
        available=memory.available,
    )


def _psutil() -> Any:
    try:
        import psutil
    except ModuleNotFoundError as error:
        raise CannotSample("--live needs psutil.", "pip install 'logtune[live]'") from error
    return psutil


def _look(psutil: Any, found: dict[str, Daemon], used: dict[int, tuple[str, float, float]], looks: int) -> None:
    """Count the processes of each service once."""
    now = _processes(psutil)
    counts: dict[str, int] = {}
    for process, key, daemon in now:
        one = found.setdefault(key, Daemon(key, daemon, [0] * looks))
        counts[key] = counts.get(key, 0) + 1
        try:
            cpu = sum(process.cpu_times()[:2])
            one.rss = max(one.rss, process.memory_info().rss)
            if looks == 0 or process.pid not in used:
                one.own = max(filter(None, (one.own, _own(psutil, process))), default=None)
        except psutil.Error:  # it ended between two looks
            continue
        begin = used[process.pid][1] if process.pid in used else cpu if looks == 0 else 0.0
        used[process.pid] = (key, begin, cpu)
    for key, one in found.items():
        one.counts.append(counts.get(key, 0))


def _own(psutil: Any, process: Any) -> int | None:
    """Bytes that no other process shares; None where only root may know (/proc/PID/smaps)."""
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return None


def _processes(psutil: Any) -> list[tuple[Any, str, str]]:
    """Children of a Postfix master as (process, service key, daemon). Raises ``CannotSample`` without a master."""
    every = list(psutil.process_iter(["pid", "ppid", "name", "cmdline"]))
    masters = {p.info["pid"] for p in every if p.info["name"] == "master" and _is_master(p.info["cmdline"] or [])}
    if not masters:
        raise CannotSample(
            "no Postfix runs on this machine (no process master).",
            "Run it on the mail server, in the container that Postfix runs in; or read its log: logtune sizing PATHS",
        )
    return [(p, *service_of(p.info["cmdline"])) for p in every if p.info["ppid"] in masters and p.info["cmdline"]]


def _is_master(command: Sequence[str]) -> bool:
    """Postfix's master, and no other program of that name (Cyrus has one): its directory says so."""
    return bool(command) and "postfix" in command[0].lower()


def service_of(command: Sequence[str]) -> tuple[str, str]:
    """Service key and daemon of ``smtpd -n smtp -t inet -u -c``; without -n, the service is called like the daemon.

    Source: src/master/master_ent.c (get_master_ent adds -n and -t).
    """
    daemon = command[0].rsplit("/", 1)[-1]
    given: Mapping[str, str] = dict(itertools.pairwise(command))
    return f"{given.get('-n', daemon)}/{given.get('-t', 'unix')}", daemon


def configuration_of(given: Configuration | None) -> Configuration | None:
    """The configuration *given*, else that of this machine; None where it cannot be read."""
    if given is not None:
        return given
    try:
        return read_running()
    except PostconfError:
        return None


def sections(seen: Sample, configuration: Configuration | None) -> list[Section]:
    """What was measured: at a glance, processes against limits, memory and CPU of each daemon, the machine."""
    limits = _limits(configuration)
    looks = len(seen.daemons[0].counts) if seen.daemons else 0
    head = f"{looks} looks in {seen.seconds:.0f} s"
    return [
        glance(glances(seen, configuration)),
        Section("live_processes", "Running processes", [_table(seen, limits), *_notes(limits)], head),
        Section("live_machine", "This machine", _machine(seen), "measured live"),
    ]


def _limits(configuration: Configuration | None) -> Mapping[str, ServiceLimit]:
    return {} if configuration is None else {s.key: s for s in process_limits(configuration)}


def _table(seen: Sample, limits: Mapping[str, ServiceLimit]) -> Table:
    columns = (
        Column("service", "service", Kind.LOGTEXT),
        Column("daemon", "daemon", Kind.LOGTEXT, wide=True),
        Column("peak", "peak", Kind.COUNT),
        Column("limit", "limit", Kind.COUNT),
        Column("mean", "mean", Kind.NUMBER),
        Column("rss", "memory", Kind.BYTES, "MiB"),
        Column("own", "of its own", Kind.BYTES, "MiB"),
        Column("cpu", "of one core", Kind.SHARE),
    )
    rows = []
    for d in seen.daemons:
        limit = limits[d.key].limit if d.key in limits else None
        share = d.cpu / seen.seconds if seen.seconds else None
        rows.append((d.key, d.daemon, d.peak, limit or None, round(d.mean, 1), d.rss or None, d.own, share))
    return Table("running", columns, rows, note="Memory: the largest process of each service.")


def _notes(limits: Mapping[str, ServiceLimit]) -> list[Item]:
    idle = "Processes that wait for work (up to max_idle, 100 s) are counted: they hold a place under the limit too."
    unknown = "The limits are not known: postconf cannot be asked here; give them by --postconf FILE."
    return [Note(idle), *([] if limits else [Note(unknown)])]


def _machine(seen: Sample) -> list[Item]:
    load = " ".join(f"{value:.2f}" for value in seen.load)
    return [
        Metric("CPU", seen.cpu, Kind.SHARE, f"of {seen.cores} cores, all programs"),
        Metric("load", load, Kind.TEXT, "runnable processes on average over 1, 5 and 15 minutes"),
        Metric("memory", seen.memory, Kind.BYTES, "in all"),
        Metric("available", seen.available, Kind.BYTES, "memory for more processes"),
    ]


def to_json(seen: Sample, configuration: Configuration | None) -> dict[str, Any]:
    """What was measured, as docs/sizing.md has it (schema ``logtune.live/1``)."""
    return {"schema": "logtune.live/1", "host": host(), **vars(seen), "sections": sections(seen, configuration)}


def glances(seen: Sample, configuration: Configuration | None) -> list[Glance]:
    """Processes, memory and CPU in a line each, measured live."""
    limits = _limits(configuration)
    return [_processes_glance(seen, limits), _memory_glance(seen), _cpu_glance(seen)]


def _processes_glance(seen: Sample, limits: Mapping[str, ServiceLimit]) -> Glance:
    known = [(d, limits[d.key].limit) for d in seen.daemons if d.key in limits and limits[d.key].limit != NO_LIMIT]
    # services that are one process by design (pickup, qmgr) are always full
    shared = [(d.peak / limit, d, limit) for d, limit in known if limit > 1]
    if not shared:
        return Glance(Level.UNKNOWN, "processes", "their limits are not known here", Known.LIVE)
    part, d, limit = max(shared, key=lambda one: one[0])
    level = Level.ACT if part >= 1 else Level.LOOK if part >= NEAR else Level.WELL
    return Glance(level, "processes", f"{d.key}: {d.peak} of {limit} processes", Known.LIVE)


def _memory_glance(seen: Sample) -> Glance:
    part = seen.available / seen.memory
    size = seen.process_bytes()
    one = f", {size / 2**20:.3g} MiB an smtpd" if size else ""
    why = f"{seen.available / 2**20:,.0f} of {seen.memory / 2**20:,.0f} MiB available{one}"
    return Glance(Level.LOOK if part < SCARCE_MEMORY else Level.WELL, "memory", why, Known.LIVE)


def _cpu_glance(seen: Sample) -> Glance:
    why = f"{100 * seen.cpu:.0f} % of {seen.cores} cores in use, load {seen.load[0]:.2f}"
    return Glance(Level.LOOK if seen.cpu > BUSY_CPU else Level.WELL, "CPU", why, Known.LIVE)


def host() -> str:
    """This machine's name."""
    return socket.gethostname()
