"""Disk and queue: is the queue's disk slow or full, and does mail pile up?

What Postfix logs of the disk is indirect: the time of a mail before the queue manager, and its complaints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted
from logtune.analyses.deliveries import TIMES_MIN, prepare
from logtune.analyses.queue_view import deferred_findings, waiting_items
from logtune.results import Column, Finding, Item, Kind, Level, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

SMALL = 10_000
"""Bytes. So little is sent within one round trip or two; what such a mail waits for is not the line's width."""
SMALL_SLOW = 1.0
"""Seconds that half of the small mails take: a disk that syncs takes milliseconds, a busy one tenths."""
STEP_SLOW_SHARE = 0.05
"""From so many small mails that wait 2 s and more between cleanup and qmgr it is no accident."""

_LOOK = "iostat -x 5, and postconf in_flow_delay smtpd_milters smtpd_proxy_filter"

Small = dict[str, tuple[int, list[float], float]]
"""Who brought the mails -> mails, [50 %, 95 %, 99 %] of stage a in seconds, slowest."""


def disk_and_queue(log: Tables, options: Options) -> Section:
    """What the log tells of disk and queue; level and first item are the answer, tables its evidence."""
    answer = disk_glance(log, options)
    items: list[Item] = [*(_found(log, options) or [answer])]
    items += [_small_table(log), *_steps(log), *_warnings(log), *waiting_items(log, options)]
    return Section("disk_and_queue", "Disk and queue", items, f"mails under {SMALL // 1000} kB", level=answer.level)


def disk_glance(log: Tables, options: Options) -> Finding:
    """One line: whether the disk keeps up, or that the log cannot tell."""
    found = _found(log, options)
    worst = next((f for level in (Level.ACT, Level.LOOK, Level.UNKNOWN) for f in found if f.level is level), None)
    if worst is not None:
        return Finding(worst.level, "disk", worst.title)
    known = [row for row in small_mails(log).values() if row[0] >= TIMES_MIN]
    if not known:
        return Finding(Level.UNKNOWN, "disk", f"too few small mails ({_few(log)}); look: {_LOOK}")
    half = min(times[0] for _, times, _ in known)
    return Finding(Level.WELL, "disk", f"small mails reach the queue manager in {half:.2g} s (half)")


def disk_findings(log: Tables, options: Options) -> list[Finding]:
    """What needs a person, for the list of all such things."""
    return _found(log, options)


def _found(log: Tables, options: Options) -> list[Finding]:
    return [*_full(log), *_slow(log), *deferred_findings(log, options)]


def _full(log: Tables) -> list[Finding]:
    rows = [row for row in ask(log, "disk_warnings") if row[0] != TOO_LARGE]
    if not rows:
        return []
    queue = [f"{what}: {counted(lines, 'line')}" for what, lines, *_ in rows if what != MAILBOXES]
    mailboxes = sum(lines for what, lines, *_ in rows if what == MAILBOXES)
    found = []
    if queue:
        title, command = "The queue's disk is or was full, or fails", "df -h -i /var/spool/postfix"
        found.append(Finding(Level.ACT, title, "; ".join(queue) + ".", command))
    if mailboxes:
        detail = (
            f"{counted(mailboxes, 'delivery', 'deliveries')} put off: no space left on device. Mail waits meanwhile."
        )
        found.append(Finding(Level.ACT, "The mailboxes' disk is or was full", detail, "df -h -i"))
    return found


def _slow(log: Tables) -> list[Finding]:
    """Slow for mail from clients and for the site's own notices is the disk; for clients alone it is before it."""
    small = {via: row for via, row in small_mails(log).items() if row[0] >= TIMES_MIN}
    clients, notices = small.get(CLIENTS), small.get(NOTICES)
    if clients is None or clients[1][0] < SMALL_SLOW:
        return []
    wait = f"Half of {clients[0]:,} small mails wait {clients[1][0]:.2g} s and more before the queue manager"
    if notices is None:
        detail = f"{wait}: disk, milters, a before-queue filter or lookups. Look: {_LOOK}."
        return [Finding(Level.UNKNOWN, "The log cannot tell the disk from what stands before it", detail)]
    if notices[1][0] >= SMALL_SLOW:
        detail = f"{wait}, and the site's own notices, which no filter sees, {notices[1][0]:.2g} s: the disk is slow."
        return [Finding(Level.ACT, "The queue's disk is slow", detail, "iostat -x 5")]
    detail = (
        f"{wait}, the site's own notices only {notices[1][0]:.2g} s: not the disk, but filters, milters or lookups."
    )
    return [Finding(Level.LOOK, "Small mails wait before the queue, not for the disk", detail, "logtune delays")]


MAILBOXES = "mailbox storage: no space left on device"
"""What ``disk_warnings.sql`` counts of deliveries: another disk, as a rule, than the queue's."""

TOO_LARGE = "mail larger than the queue takes"
"""A warning that ``disk_warnings.sql`` counts too, but message_size_limit is no fault of the disk."""

CLIENTS, NOTICES = "clients", "notices and forwarded mail"
"""Who brought a mail, as ``disk_small.sql`` says it."""


def small_mails(log: Tables) -> Small:
    """Stage a of mails under ``SMALL`` bytes, by who brought them."""
    prepare(log)
    return {via: (mails, times, slowest) for via, mails, times, slowest in ask(log, "disk_small", small=SMALL)}


def _few(log: Tables) -> str:
    return f"{sum(row[0] for row in small_mails(log).values()):,}"


def _small_table(log: Tables) -> Table:
    columns = (
        Column("via", "small mails from", Kind.TEXT),
        Column("mails", "mails", Kind.COUNT),
        Column("half", "50 %", Kind.SECONDS, "s"),
        Column("p95", "95 %", Kind.SECONDS, "s"),
        Column("p99", "99 %", Kind.SECONDS, "s"),
        Column("max", "max", Kind.SECONDS, "s"),
    )
    rows: list[tuple[Any, ...]] = [
        (via, mails, *(times if mails >= TIMES_MIN else [None] * 3), slowest)
        for via, (mails, times, slowest) in small_mails(log).items()
    ]
    note = "Seconds before the queue manager. Notices (bounces) pass cleanup and the disk, but no client and no filter."
    return Table("small_mails", columns, rows, note=note if rows else "The log has no mail whose size it tells.")


def _steps(log: Tables) -> list[Item]:
    mails, waited, longest = ask(log, "disk_steps", small=SMALL)[0]
    if mails < TIMES_MIN:
        return []
    what = f"of {mails:,} small mails took 2 s and more from cleanup to qmgr"
    many = waited >= STEP_SLOW_SHARE * mails
    why = f"; the longest {longest:.0f} s" + (": a busy disk, or in_flow_delay that holds mail back" if many else "")
    return [Metric("cleanup", waited, Kind.COUNT, what + (why if waited else ""))]


def _warnings(log: Tables) -> list[Item]:
    rows = ask(log, "disk_warnings")
    if not rows:
        return [Note("No line tells of a full disk or of a queue file that could not be written.")]
    columns = (
        Column("what", "warnings", Kind.TEXT),
        Column("lines", "lines", Kind.COUNT),
        Column("first", "first", Kind.TIME),
        Column("last", "last", Kind.TIME),
    )
    return [Table("disk_warnings", columns, rows)]
