"""Counters of a log as it grows: totals, a course by minute, open sessions, what was flagged last.

Its state is bounded, whatever the log: so many texts, sessions and minutes, the rest counts as ``other``. It counts
lines, as they come; what becomes of a flagged recipient only ``logtune trial`` can tell, from the whole log.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from logtune.analyses.live_trial import LiveTrial
from logtune.parse import Counts
from logtune.results import LiveCounts, LiveMinute

MINUTES = 60
MOST_TEXTS = 200
"""Restrictions and texts that are told apart; strangers can make new texts."""
MOST_SESSIONS = 20_000
"""Open sessions; where disconnect lines are lost, the oldest are given up."""
LATEST = 20
OTHER = "other texts"

DECISION_COLUMNS = ("ts", "host", "instance", "service", "pid", "queue_id", "origin", "action", "protocol_state",
                    "client_name", "client_addr", "reply_code", "dsn", "restriction", "reason", "reason_shape",
                    "sender", "recipient", "helo", "sasl_username", "repeat")  # fmt: skip
SESSION_COLUMNS = ("ts", "host", "instance", "service", "pid", "event", "client_name", "client_addr", "repeat")
QUEUE_COLUMNS = ("host", "instance", "service", "daemon", "pid", "event", "queue_id", "client_addr", "sender",
                 "sasl_username")  # fmt: skip
DELIVERY_COLUMNS = (
    "ts",
    "host",
    "instance",
    "queue_id",
    "recipient",
    "relay",
    "delay",
    "dsn",
    "status",
    "reason",
    "repeat",
)
NOTICE_COLUMNS = ("ts", "host", "service", "kind", "severity", "client_addr", "value", "text", "repeat")
OPENING, CLOSING = "connect", "disconnect"
TOLD = frozenset({"warning", "error", "fatal", "panic"})

Event = dict[str, Any]
"""What happened, with its kind under ``event``; nulls are left out."""


@dataclass
class Live:
    """Feed parsed batches in order with ``ts`` in UTC and ``restriction`` filled."""

    limit: int | None = None
    """Processes that smtpd may have; a process_limit notice tells it too."""
    counts: Counts = field(default_factory=Counts)
    rejects: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    sessions: int = 0
    peak: int = 0
    trial: LiveTrial = field(default_factory=LiveTrial)
    gaps: int = 0
    """Truncations before which lines may have been lost."""
    last: datetime | None = None
    host: str | None = None
    _open: OrderedDict[tuple[Any, ...], None] = field(default_factory=OrderedDict)
    _minutes: OrderedDict[datetime, LiveMinute] = field(default_factory=OrderedDict)
    _flagged: deque[Event] = field(default_factory=lambda: deque(maxlen=LATEST))
    _notices: deque[Event] = field(default_factory=lambda: deque(maxlen=LATEST))

    def feed(self, batches: Mapping[str, pa.RecordBatch], counts: Counts) -> list[Event]:
        """Count the rows of a block; its events in the order of the log."""
        self.counts = self.counts + counts
        found = [row for name, batch in batches.items() for row in _rows(name, batch)]
        found.sort(key=lambda row: row[0])
        return [event for _, kind, row in found for event in self._events(kind, row)]

    def _events(self, table: str, row: Event) -> Iterator[Event]:
        if table == "queue":  # tells what became of others, and is no event itself
            self.trial.queue(row)
            return iter(())
        return self._take(table, row)

    def gap(self, row: Event) -> Event:
        """Lines may be missing: shown among the notices."""
        self.gaps += 1
        self._notices.append(row)
        return {"event": "gap", **row}

    def _take(self, table: str, row: Event) -> Iterator[Event]:
        moment = row.get("ts")
        if moment is not None:
            self.last = moment if self.last is None else max(self.last, moment)
        self.host = row.get("host") or self.host
        minute = self._minute(moment or self.last)
        yield {"event": _TAKERS[table](self, row, minute, row.pop("repeat", None) or 1), **row}

    def _decision(self, row: Event, minute: LiveMinute, times: int) -> str:
        self.actions[row.get("action", "")] += times
        if row.get("action") == "reject":
            minute.rejects += times
            self.rejects[self._name(self.rejects, row)] += times
            self.trial.rejected(row)
            return "reject"
        if row.get("action") == "reject_warning":
            minute.warnings += times
            name = self._name(self.warnings, row)
            self.warnings[name] += times
            self.trial.flagged(name, row)
            self._flagged.append(row)
            return "warning"
        return "decision"

    def _name(self, counter: Counter[str], row: Event) -> str:
        name = str(row.get("restriction") or row.get("reason_shape") or row.get("reason") or "no text")
        row["name"] = name
        return name if name in counter or len(counter) < MOST_TEXTS else OTHER

    def _session(self, row: Event, minute: LiveMinute, times: int) -> str:
        key = tuple(row.get(name) for name in ("host", "instance", "service", "pid"))
        if row.get("event") == OPENING:
            self.sessions += times
            self.trial.connected(row)
            self._open[key] = None
            if len(self._open) > MOST_SESSIONS:
                self._open.popitem(last=False)
        elif row.get("event") == CLOSING:
            self._open.pop(key, None)
        self.peak = max(self.peak, len(self._open))
        minute.sessions = max(minute.sessions, len(self._open))
        return str(row.pop("event", "session"))

    def _delivery(self, row: Event, minute: LiveMinute, times: int) -> str:
        self.statuses[row.get("status", "")] += times
        self.trial.delivered(row)
        minute.deliveries += times
        return "delivery"

    def _notice(self, row: Event, minute: LiveMinute, times: int) -> str:
        del minute, times
        if row.get("kind") == "process_limit" and row.get("value"):
            self.limit = int(row["value"])
        if row.get("severity") in TOLD:
            self._notices.append(row)
        return "notice"

    def _minute(self, moment: datetime | None) -> LiveMinute:
        begin = (moment or datetime(1970, 1, 1)).replace(second=0, microsecond=0)
        found = self._minutes.setdefault(begin, LiveMinute(sessions=len(self._open)))
        if len(self._minutes) > 2 * MINUTES:
            del self._minutes[min(self._minutes)]  # begin itself, where a rotated file has late lines
        return found

    def shown(self, now: datetime | None = None) -> LiveCounts:
        """All of it; the course ends at *now* (UTC) where the log is of the present, else at its last line."""
        return LiveCounts(
            host=self.host,
            last=self.last,
            lines=self.counts.lines,
            recognised=self.counts.recognised,
            unrecognised=self.counts.unrecognised - self.counts.not_postfix,
            not_postfix=self.counts.not_postfix,
            blank=self.counts.blank,
            rejects=dict(self.rejects.most_common()),
            warnings=dict(self.warnings.most_common()),
            stopped=dict(self.trial.stopped),
            wanted=dict(self.trial.wanted),
            actions=dict(self.actions),
            statuses=dict(self.statuses),
            sessions=self.sessions,
            open_sessions=len(self._open),
            peak=self.peak,
            limit=self.limit,
            gaps=self.gaps,
            course=self._course(now),
            flagged=list(self._flagged),
            notices=list(self._notices),
        )

    def _course(self, now: datetime | None) -> list[LiveMinute]:
        """The last hour, a minute each, the present one last; quiet minutes keep the sessions of those before."""
        if self.last is None:
            return []
        recent = now is not None and timedelta() < now - self.last < timedelta(minutes=MINUTES)
        end = (now if recent and now else self.last).replace(second=0, microsecond=0)
        course: list[LiveMinute] = []
        for back in range(MINUTES - 1, -1, -1):
            held = min(course[-1].sessions, len(self._open)) if course else 0
            course.append(self._minutes.get(end - timedelta(minutes=back), LiveMinute(sessions=held)))
        return course


_TAKERS = {
    "decisions": Live._decision,
    "connections": Live._session,
    "deliveries": Live._delivery,
    "notices": Live._notice,
}
_COLUMNS = {
    "queue": QUEUE_COLUMNS,
    "decisions": DECISION_COLUMNS,
    "connections": SESSION_COLUMNS,
    "deliveries": DELIVERY_COLUMNS,
    "notices": NOTICE_COLUMNS,
}


def _rows(table: str, batch: pa.RecordBatch) -> Iterator[tuple[int, str, Event]]:
    """Rows as (position, table, columns that are not null)."""
    if table not in _COLUMNS:
        return
    names = [name for name in _COLUMNS[table] if name in batch.schema.names]
    columns = [batch.column(name).to_pylist() for name in names]
    for position, *values in zip(batch.column("position").to_pylist(), *columns, strict=True):
        yield position, table, {n: v for n, v in zip(names, values, strict=True) if v is not None}
