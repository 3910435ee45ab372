"""Episodes in which all processes of a service were busy: when, how long, and what arrived meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from logtune.analyses.common import ask, counted, duration
from logtune.analyses.loads import Key, Load, number_of
from logtune.postfix.process_limits import is_service
from logtune.results import Column, Item, Kind, Note, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

NEAR = 0.9
"""From nine tenths of the limit on, processes that still look up their client's name may well be the rest."""

EPISODE_GAP = timedelta(seconds=1000)
"""Spans at the limit closer than this are one episode: master, too, says it once per 1,000 s (master_avail.c)."""

MOSTLY = 0.5
"""What half or more of the recipients or sessions of an episode have in common is called what arrived."""

CUT_SHARE = 0.1
"""From a tenth of the sessions cut short their mean length tells of the stress, not of the load."""

ONE_CLIENT_MIN = 10
"""From so many sessions of one client on it is told that it was one; of fewer, half is soon reached."""

Span = tuple[datetime, datetime | None, int | None]  # begin, end, level; no level: master's word


@dataclass(frozen=True)
class Episode:
    """A time with all processes of a service busy: ``busy`` seconds at the limit, ``near`` at nine tenths or more.

    ``warned``: master said so.
    """

    begin: datetime
    end: datetime
    busy: float
    near: float = 0.0
    warned: bool = False

    @property
    def seconds(self) -> float:
        """From its first to its last moment."""
        return (self.end - self.begin).total_seconds()

    @property
    def saturation(self) -> float:
        """Share of its time near the limit, 0..1; 1 where it has no length."""
        return min(1.0, self.near / self.seconds) if self.seconds else 1.0


@dataclass(frozen=True)
class Arrived:
    """Sessions that began during an episode: how many, from how many clients, mean length, and what they brought.

    ``cut`` of them were ended after too many errors - one is too many under stress; ``calm`` is the mean length outside
    of the episode.
    """

    sessions: int
    clients: int
    mean: float | None
    what: str
    meanwhile: str
    cut: int = 0
    calm: float | None = None

    def uncut(self, seconds: float) -> float:
        """Sessions at the same moment, had they not been cut short (Little's law); 0 where they were not."""
        if not seconds or self.calm is None or self.cut < CUT_SHARE * self.sessions:
            return 0.0
        return self.sessions * self.calm / seconds


def episodes_of(log: Tables, key: Key, load: Load) -> list[Episode]:
    """Episodes of a service in order; empty where its limit was not reached."""
    if not load.full() and not load.warned:
        return []
    near = math.ceil(NEAR * load.reached)
    spans: list[Span] = list(
        ask(log, "connections_full", number=number_of(log, key), near=near) if load.peak >= near else ()
    )
    spans += [
        (ts, ts, None)
        for of_host, of_instance, endpoint, ts, _ in ask(log, "saturation_warnings")
        if (of_host, of_instance) == key[:2] and is_service(key[2], endpoint)
    ]
    return episodes(sorted(spans, key=lambda span: span[0]), load.reached)


def episodes(spans: Iterable[Span], limit: int) -> list[Episode]:
    """Join *spans*, ordered by begin, that are less than ``EPISODE_GAP`` apart; those stay that reached *limit*."""
    found: list[tuple[Episode, bool]] = []  # whether the limit was reached
    for begin, until, level in spans:
        end = max(begin, until or begin)
        seconds = (end - begin).total_seconds()
        full = level is None or level >= limit
        one = Episode(begin, end, seconds if full else 0.0, seconds, level is None)
        if found and begin - found[-1][0].end < EPISODE_GAP:
            last, was_full = found.pop()
            found.append((_joined(last, one), full or was_full))
        else:
            found.append((one, full))
    return [episode for episode, full in found if full]


def _joined(a: Episode, b: Episode) -> Episode:
    return Episode(a.begin, max(a.end, b.end), a.busy + b.busy, a.near + b.near, a.warned or b.warned)


def unexplained(load: Load) -> bool:
    """Whether master said that the limit was reached, and the lines show fewer sessions by far."""
    return load.warned and load.peak < NEAR * load.reached


def worst(found: Sequence[Episode]) -> Episode | None:
    """The episode with the longest time near the limit."""
    return max(found, key=lambda e: (e.near, e.seconds), default=None)


def arrived(log: Tables, key: Key, episode: Episode) -> Arrived:
    """What came while all processes of the service were busy."""
    host, instance, service = key
    where = {"host": host, "instance": instance, "service": service, "begin": episode.begin, "until": episode.end}
    row = ask(log, "saturation_arrived", **where)[0]
    unknown, rejects, ports_busy, stress, _ = ask(log, "saturation_meanwhile", **where)[0]
    sessions, clients, mean, lost, timeout, mail, rcpt, rcpt_ok, without_mail, most, cut, calm = row
    what = _what(sessions, mail or 0, max(rcpt or 0, rejects), rcpt_ok or 0, unknown, without_mail, most or 0)
    parts = [
        (cut, "too many errors"),
        (lost, "lost connection"),
        (timeout, "timeout"),
        (ports_busy, "postscreen port busy"),
        (stress, "stress mode"),
    ]
    said = ", ".join(f"{count:,} × {name}" for count, name in parts if count)
    return Arrived(sessions, clients, mean, what, said, cut, calm)


def _what(sessions: int, mail: int, rcpt: int, rcpt_ok: int, unknown: int, without_mail: int, most: int) -> str:
    """What most of it was, in two or three words; who brought it stands first where it was one client."""
    who = "one client: " if most >= max(ONE_CLIENT_MIN, MOSTLY * sessions) else ""
    if not sessions:
        return "nothing in the log"
    if rcpt and unknown >= MOSTLY * rcpt:
        return who + "unknown users"
    if rcpt and rcpt_ok < MOSTLY * rcpt:
        return who + "rejected recipients"
    if without_mail >= MOSTLY * sessions:
        return who + "sessions without mail"
    return who + (f"{counted(mail, 'mail')}" if mail else "not in the log")


def episode_items(log: Tables, options: Options, key: Key, load: Load) -> list[Item]:
    """The episodes of a service as a table, the worst first, and what is understated; empty without any."""
    found = episodes_of(log, key, load)
    if not found:
        return []
    shown = sorted(found, key=lambda e: (-e.near, -e.seconds, e.begin))[: options.top]
    rows = []
    for e in shown:
        a = arrived(log, key, e)
        rows.append((e.begin, e.seconds, e.busy, a.sessions, a.clients, a.mean, a.what, a.meanwhile))
    table = Table("episodes", _COLUMNS, rows, f"Episodes at the limit of {load.reached}", len(found) - len(shown))
    notes = [Note(_waited(found))]
    if unexplained(load):
        notes.append(
            Note(
                f"master said that all {load.reached} were busy, the lines show {load.peak} at most: the others were"
                " looking up their clients' names (a sick name server), or lines are missing."
            )
        )
    return [table, *notes]


def _waited(found: Sequence[Episode]) -> str:
    near = sum(e.near for e in found)
    said = "clients wait in the listen backlog and are not turned away: how many, and for how long, is not in the log"
    unseen = "A process that looks up a client's name has not logged its connect line and is not counted."
    understated = f" The load in these {duration(near)} is therefore understated." if near else ""
    return f"At the limit {said}. {unseen}{understated}"


_COLUMNS = (
    Column("began", "began", Kind.TIME),
    Column("lasted", "lasted", Kind.SECONDS),
    Column("busy", "at the limit", Kind.SECONDS, wide=True),
    Column("sessions", "sessions", Kind.COUNT),
    Column("clients", "clients", Kind.COUNT),
    Column("mean", "mean", Kind.SECONDS),
    Column("what", "what arrived", Kind.TEXT),
    Column("meanwhile", "meanwhile", Kind.TEXT, wide=True),
)
