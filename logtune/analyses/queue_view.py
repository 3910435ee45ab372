"""A queue view from the log: mails that come and go, mail that waits, and what is left at the end."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, keep, plural
from logtune.results import Chart, Column, Finding, Item, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

GROWTH_MIN = 20
"""A deferred queue is said to grow from so many mails more: some site is always down."""
GROWTH_FACTOR = 2.0
"""It grows when at the end it holds twice what it held in the middle of the period, and that twice the beginning."""
GROWTH_DAYS = 3
"""Days that a log must have for it: within a day or two every queue has its tides."""

ACTIVE_LIMIT = 20_000
"""``qmgr_message_active_limit`` by default (src/global/mail_params.h); the log does not tell the site's own."""
ACTIVE_NEAR = 0.9
"""From nine tenths of it the next burst fills it."""

STATES = {"active": "active (being delivered)", "waiting": "deferred (waiting for a retry)"}


def queue_view(log: Tables, options: Options) -> Section:
    """The queue day by day, and the age of what is still there at the end."""
    items: list[Item] = [*active_findings(log), *_course(log), *_left(log)]
    return Section("queue_view", "The queue", items, "mails; from the log, not from the queue itself")


def waiting_items(log: Tables, options: Options) -> list[Item]:
    """A sentence and a chart on mails that wait, for the section on disk and queue."""
    rows = _days(log)
    if not rows:
        return []
    most, day = max((row[4], row[0]) for row in rows)
    if not most:
        return [Note("No mail was deferred.")]
    said = f"At most {counted(most, 'deferred mail')} at once ({_day(day)}), {rows[-1][5]:,} at the end"
    if len(rows) == 1:
        return [Note(f"{said}.")]
    return [Note(f"{said}; the most of each day:"), Chart("deferred_mails", rows[0][0], [row[4] for row in rows])]


def deferred_findings(log: Tables, options: Options) -> list[Finding]:
    """Whether mail piles up in the deferred queue."""
    rows = _days(log)
    if len(rows) < GROWTH_DAYS:
        return []
    begin, middle, end = rows[0][5], rows[len(rows) // 2][5], rows[-1][5]
    grew = end - begin >= GROWTH_MIN and end >= GROWTH_FACTOR * middle >= GROWTH_FACTOR**2 * begin
    if not grew:
        return []
    detail = f"{begin:,} mails waited at the end of the first day, {middle:,} in the middle of the period, {end:,} now."
    return [Finding(Level.LOOK, "The deferred queue grows", detail, "logtune delays")]


def _days(log: Tables) -> list[tuple[date, int, int, int, int, int]]:
    keep(log, "queue_lives", "queue_lives", begin=log.period.first)
    return [(day, *counts) for day, *counts in ask(log, "queue_course")]


def active_peaks(log: Tables) -> dict[date, int]:
    """Most mails in the active queue at the same moment, per local day."""
    return dict(ask(log, "queue_active"))


def active_findings(log: Tables) -> list[Finding]:
    """Whether the active queue was nearly full: then mail waits in the incoming queue, and no stage says so."""
    peaks = active_peaks(log)
    most, day = max(((count, day) for day, count in peaks.items()), default=(0, None))
    if day is None or most < ACTIVE_NEAR * ACTIVE_LIMIT:
        return []
    detail = f"{counted(most, 'mail')} on {_day(day)}; qmgr_message_active_limit is {ACTIVE_LIMIT:,} by default."
    return [Finding(Level.ACT, "The active queue was nearly full", detail, "postconf qmgr_message_active_limit")]


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _course(log: Tables) -> list[Item]:
    columns = (
        Column("day", "day", Kind.TEXT),
        Column("entered", "entered active", Kind.COUNT),
        Column("removed", "left the queue", Kind.COUNT),
        Column("deferred", "newly deferred", Kind.COUNT),
        Column("most", "waiting, most", Kind.COUNT),
        Column("waiting", "at day's end", Kind.COUNT),
        Column("active", "active, most", Kind.COUNT, wide=True),
    )
    active = active_peaks(log)
    rows = [(_day(row[0]), *row[1:], active.get(row[0], 0)) for row in _days(log)]
    note = "A mail enters the active queue again at every retry. Waiting: deferred at least once, and not gone yet."
    return [Table("queue_by_day", columns, rows, "By local day", note=note)] if rows else [Note("No mail in the log.")]


def _left(log: Tables) -> list[Item]:
    found: list[tuple[Any, ...]] = ask(log, "queue_left", last=log.period.last)
    if not found:
        return [Note("Every mail of the log left the queue.")]
    columns = (
        Column("state", "still there at the end", Kind.TEXT),
        Column("mails", "mails", Kind.COUNT),
        Column("hour", "under 1 h", Kind.COUNT),
        Column("day", "under 1 day", Kind.COUNT),
        Column("days", "under 5 days", Kind.COUNT),
        Column("longer", "older", Kind.COUNT),
        Column("oldest", "oldest", Kind.SECONDS),
        Column("position", "position of the oldest", Kind.NUMBER, wide=True),
    )
    rows = [(STATES[row[0]], *row[1:]) for row in found]
    total = sum(row[1] for row in found)
    note = (
        f"The log has no end of {plural(total, 'this mail', 'these mails')}; postqueue -p tells what is really there."
    )
    return [Table("queue_left", columns, rows, note=note)]
