"""Remote rejects: own mail that other sites rejected or deferred, by cause and destination."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, course, courses, covered_days, share
from logtune.analyses.trouble import keep_failed_deliveries
from logtune.results import Column, Finding, Item, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

BLOCKED = "our address is blocked"
UNAUTHENTICATED = "not authenticated (SPF, DKIM, DMARC)"
HOST_NAME = "our host name"
TOO_MUCH = "too much mail at once"

OUR_FAULT_MIN = 3
"""From so many recipients or two destinations a cause on our side is a finding: one site alone may be wrong."""
OUR_FAULT_DESTINATIONS = 2

ADVICE = {
    BLOCKED: (
        Level.ACT,
        "Other sites block this server's address",
        "Look it up at the list that the reply names, stop the cause, ask for removal.",
    ),
    UNAUTHENTICATED: (
        Level.ACT,
        "Other sites miss SPF, DKIM or DMARC",
        "Publish SPF for this server, sign with DKIM; forwarded mail needs SRS or a signature.",
    ),
    HOST_NAME: (
        Level.ACT,
        "Other sites dislike this server's name",
        "Its address needs a PTR record whose name has that address; smtp_helo_name must be that name.",
    ),
    TOO_MUCH: (
        Level.LOOK,
        "Other sites find that too much mail comes at once",
        "Slow down for them: a transport with its own rate delay and concurrency limit.",
    ),
}
"""What to do about causes that lie on this side: level, title, advice."""


@dataclass
class Cause:
    """Recipients (mail and recipient pairs) that one cause hit; ``destinations`` are recipient domains."""

    recipients: int = 0
    attempts: int = 0
    bounced: int = 0
    delivered_later: int = 0
    notices: int = 0
    destinations: int = 0
    sample: str = ""


def remote_rejects(log: Tables, options: Options) -> Section:
    """Causes with recipients, what bounced and what came through later, and the destinations behind them."""
    found = _found(log)
    per_destination = [row for row in found if row[-1]]
    if not per_destination:
        return Section(
            "remote_rejects",
            "Own mail rejected elsewhere",
            [Note("No other site rejected or deferred mail of this server.")],
        )
    causes = _causes(per_destination)
    per_day = courses((row[0], row[2], row[3]) for row in found if not row[-1])
    covered = covered_days(log)
    total = sum(cause.recipients for cause in causes.values())
    items: list[Item] = [
        *_findings(causes),
        _by_cause(causes, total, {name: course(days, options.days, covered) for name, days in per_day.items()}),
        _by_destination(per_destination, options.top),
    ]
    return Section("remote_rejects", "Own mail rejected elsewhere", items, f"{total:,} recipients")


def _found(log: Tables) -> list[tuple[Any, ...]]:
    """Rows per cause and destination, and per cause and day."""
    keep_failed_deliveries(log)
    return ask(log, "remote_rejects")


def _causes(rows: list[tuple[Any, ...]]) -> dict[str, Cause]:
    causes: dict[str, Cause] = {}
    for name, _, _, recipients, attempts, bounced, later, notices, sample, _ in rows:  # most recipients first
        cause = causes.setdefault(name, Cause(sample=sample or ""))
        cause.recipients += recipients
        cause.attempts += attempts
        cause.bounced += bounced
        cause.delivered_later += later
        cause.notices += notices
        cause.destinations += 1
    return dict(sorted(causes.items(), key=lambda item: (-item[1].recipients, item[0])))


def _findings(causes: dict[str, Cause]) -> list[Finding]:
    found = []
    for name, (level, title, advice) in ADVICE.items():
        cause = causes.get(name)
        if cause and (cause.recipients >= OUR_FAULT_MIN or cause.destinations >= OUR_FAULT_DESTINATIONS):
            hit = f"{counted(cause.recipients, 'recipient')} at {counted(cause.destinations, 'domain')}"
            found.append(Finding(level, title, f"{hit}, {cause.bounced:,} bounced. {advice}", samples=(cause.sample,)))
    return found


def remote_findings(log: Tables) -> list[Finding]:
    """The findings alone, for the list of what needs a person."""
    return _findings(_causes([row for row in _found(log) if row[-1]]))


def _by_cause(causes: dict[str, Cause], total: int, per_day: dict[str, tuple[int | None, ...]]) -> Table:
    columns = (
        Column("cause", "cause", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        Column("bounced", "bounced", Kind.COUNT),
        Column("delivered_later", "came through later", Kind.COUNT),
        Column("attempts", "attempts", Kind.COUNT, wide=True),
        Column("notices", "from <>", Kind.COUNT, wide=True),
        Column("destinations", "domains", Kind.COUNT, wide=True),
        Column("course", "per day", Kind.COURSE),
    )
    rows = [
        (
            name,
            c.recipients,
            share(c.recipients, total),
            c.bounced,
            c.delivered_later,
            c.attempts,
            c.notices,
            c.destinations,
            per_day.get(name, ()),
        )
        for name, c in causes.items()
    ]
    return Table(
        "remote_causes",
        columns,
        rows,
        "By cause",
        note="The cause is read from the remote side's words; a recipient counts once per cause.",
    )


def _by_destination(rows: list[tuple[Any, ...]], top: int) -> Table:
    columns = (
        Column("destination", "destination", Kind.LOGTEXT),
        Column("cause", "cause", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("bounced", "bounced", Kind.COUNT),
        Column("sample", "last answer", Kind.LOGTEXT, wide=True),
    )
    shown = [
        (destination, cause, recipients, bounced, sample)
        for cause, destination, _, recipients, _, bounced, _, _, sample, _ in rows[:top]
    ]
    return Table("remote_destinations", columns, shown, "By destination", max(0, len(rows) - top))
