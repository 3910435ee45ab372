"""Mailboxes over quota: whose, since when, and what became of the mail to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logtune.analyses.common import ask, counted, cut_rows, when
from logtune.analyses.trouble import keep_decision_kinds, keep_failed_deliveries
from logtune.postfix.quota import pattern
from logtune.results import Column, Finding, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

SHOWN = 5
"""Mailboxes that a finding names."""

SAID = 10
"""Column of ``quota.sql`` with the latest text."""


def quota(log: Tables, options: Options) -> Section:
    """Mailboxes over quota, those that cost most mail first: first and last hit, what became of the mail, senders."""
    found, omitted = cut_rows(_rows(log, options, options.top))
    if not found:
        none = Note("No mailbox over quota. Texts of your own are named by quota_texts in the configuration file.")
        return Section("quota", "Mailboxes over quota", [none])
    rows = [row[:3] + row[6:7] + row[5:6] + row[4:5] + row[7:10] for row in found]
    columns = (
        Column("mailbox", "mailbox", Kind.LOGTEXT, strong=True),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME),
        Column("rejected", "rejected", Kind.COUNT),
        Column("bounced", "bounced", Kind.COUNT),
        Column("waiting", "waiting", Kind.COUNT),
        Column("later", "later", Kind.COUNT, wide=True),
        Column("senders", "senders", Kind.COUNT),
        Column("mostly", "mostly from", Kind.LOGTEXT, wide=True),
    )
    note = (
        "Rejected: recipients, the client still there. Bounced, waiting and delivered later: mails. First and last are "
        "hits in this log; mail that waits bounces in the end."
    )
    table = Table("quota", columns, rows, omitted=omitted, note=note)
    said = (Column("mailbox", "mailbox", Kind.LOGTEXT, strong=True), Column("said", "last said", Kind.LOGTEXT))
    texts = Table("quota_texts", said, [(row[0], row[SAID]) for row in found], omitted=omitted)
    counts = counted(len(found) + omitted, "mailbox", "mailboxes")
    return Section("quota", "Mailboxes over quota", [table, texts], counts)


def quota_findings(log: Tables, options: Options) -> list[Finding]:
    """One finding on all mailboxes over quota, with the worst as samples."""
    rows = _rows(log, options, min(options.top, SHOWN))
    if not rows:
        return []
    zone, groups = ZoneInfo(options.zone), rows[0][-1]
    title = f"Mailbox over quota: {rows[0][0]}" if groups == 1 else f"{groups:,} mailboxes over quota"
    samples = tuple(_mailbox(row, zone) for row in rows)
    return [Finding(Level.LOOK, title, _detail(rows, zone), "logtune rejects", samples)]


def _rows(log: Tables, options: Options, top: int) -> list[tuple[Any, ...]]:
    keep_failed_deliveries(log)
    keep_decision_kinds(log)
    return ask(log, "quota", texts=pattern(options.quota_texts), top=top)


def _detail(rows: list[tuple[Any, ...]], zone: ZoneInfo) -> str:
    since, waiting, bounced, rejected, groups = rows[0][-5:]  # of all mailboxes
    parts = [f"since {when(since, zone)}"] if since else []
    parts += [f"{counted(waiting, 'mail')} waiting"] if waiting else []
    parts += [f"{bounced:,} bounced"] if bounced else []
    parts += [f"{rejected:,} rejected"] if rejected else []
    shown = f". The {len(rows)} worst:" if groups > len(rows) else ""
    return ", ".join(parts) + shown


def _mailbox(row: tuple[Any, ...], zone: ZoneInfo) -> str:
    mailbox, first, last, lines, *_ = row
    span = f"{when(first, zone)} to {when(last, zone)}"
    return f"{mailbox}: {span}, {counted(lines, 'try', 'tries')}: {row[SAID]}"
