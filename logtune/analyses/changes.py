"""What changed since an earlier report: trials and their verdicts, who is newly harmed, new clients, new problems.

A log read again is compared with what the last report said (``state.State``), not with a part of itself: what was
told once is no news, whichever files are named this time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logtune.analyses.attention import ORDER
from logtune.analyses.common import ask, plural, when
from logtune.analyses.connections import limits_reached
from logtune.analyses.state import Entry, State, Stood, remembered
from logtune.results import Column, Finding, Item, Kind, Level, Note, Section, Table, Verdict

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.analyses.trial import OnTrial, Trial
    from logtune.tables import Tables


class News(StrEnum):
    """What may have changed; the words are those of ``--only-if``."""

    VERDICT = "new-verdict"  # a restriction newly on trial, no longer on trial, or with another verdict
    HARM = "new-harm"  # wanted mail of a client organisation would be stopped, which was not so before
    CLIENT = "new-client"  # a client organisation delivers mail that did not before
    PROBLEM = "new-problem"  # something needs a person that was not there
    LIMIT = "limit"  # a process limit was reached since


WORTH_A_MAIL = frozenset({News.VERDICT, News.HARM, News.PROBLEM, News.LIMIT})
"""What ``changed`` means. New clients are left out: most servers see some every day."""

SUBJECT_PARTS = 3
"""Kinds of change that a subject names; a list of mails shows no more."""

_TOWARDS = {
    Verdict.NO: Level.ACT,
    Verdict.KEEP: Level.LOOK,
    Verdict.LITTLE: Level.UNKNOWN,
    Verdict.EXCEPTIONS: Level.LOOK,
    Verdict.ENFORCE: Level.WELL,
}


@dataclass(frozen=True)
class Harm:
    """A client organisation whose wanted mail a restriction would stop: recipients, of these wanted, last time."""

    organisation: str
    restriction: str
    recipients: int
    wanted: int
    last: datetime | None


@dataclass(frozen=True)
class Client:
    """A client organisation that delivers mail: accepted recipients, first and last time."""

    organisation: str
    recipients: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Changes:
    """The difference between an earlier report (None: there is none) and this log; ``state`` is for the next one."""

    before: State | None
    state: State
    newly_on_trial: Sequence[OnTrial]
    turned: Sequence[tuple[OnTrial, str]]  # and the verdict before
    ended: Sequence[Entry]
    harmed: Sequence[Harm]
    clients: Sequence[Client]
    problems: Sequence[Finding]
    gone: Sequence[str]
    limits: Sequence[tuple[str, float, datetime]]
    needs_a_person: bool
    zone: ZoneInfo

    @property
    def first(self) -> bool:
        """Whether there is no earlier report: then nothing is new, and everything is."""
        return self.before is None

    @property
    def news(self) -> frozenset[News]:
        """What of it there is."""
        found = {
            News.VERDICT: self.newly_on_trial or self.turned or self.ended,
            News.HARM: self.harmed,
            News.CLIENT: self.clients,
            News.PROBLEM: self.problems,
            News.LIMIT: self.limits,
        }
        return frozenset(news for news, there in found.items() if there)

    @property
    def subject(self) -> str:
        """The changes in a few words, for the subject of a mail: our own words and numbers alone."""
        if self.first:
            return "first report"
        parts = [
            _so_many(self.turned, "verdict", "turned"),
            _so_many(self.newly_on_trial, "restriction", "newly on trial"),
            _so_many(self.ended, "trial", "ended"),
            _so_many({h.organisation for h in self.harmed}, "organisation", "newly harmed"),
            _so_many(self.problems, "new problem"),
            _so_many(self.limits, "limit", "reached"),
            _so_many(self.clients, "new client"),
        ]
        return ", ".join([part for part in parts if part][:SUBJECT_PARTS]) or "nothing changed"

    def section(self, top: int) -> Section:
        """The changes as the first section of a report, most harmful first."""
        since = self.before.until if self.before else None
        if self.first:
            items: list[Item] = [Note("This is the first report; the next one begins with what changed since.")]
        else:
            findings = [*_trials(self), *_limits(self), *self.problems]
            items = [*sorted(findings, key=lambda f: ORDER[f.level]), *_tables(self, top), *_rest(self)]
        then = f"its log ended {when(since, self.zone)}" if since else ""
        return Section("changes", "What changed since the last report", items, then)


def changes(log: Tables, options: Options, trial: Trial, problems: Section, before: State | None) -> Changes:
    """Compare with *before*; *problems* is the section of ``attention``. The trial's tables must be there."""
    old = before or State()
    findings = [i for i in problems.items if isinstance(i, Finding) and i.level in (Level.ACT, Level.LOOK)]
    clients = [Client(*row) for row in ask(log, "changes_organisations")]
    here = {(r.name, r.service): r for r in trial.restrictions}
    limits = [reached for reached in limits_reached(log) if not (old.until and reached[2] <= old.until)]
    return Changes(
        before=before,
        state=_state(log, here, clients, findings, old),
        newly_on_trial=[r for key, r in here.items() if key not in old.restrictions] if before else [],
        turned=[(r, was) for key, r in here.items() if (was := _was(old, key)) not in (None, r.ruling.verdict.value)],
        ended=[key for key in old.restrictions if key not in here],
        harmed=list(_newly_harmed(here, old)) if before else [],
        clients=[c for c in clients if c.organisation not in old.organisations] if before else [],
        problems=[f for f in findings if problem_key(f.title) not in old.problems] if before else [],
        gone=sorted(set(old.problems) - {problem_key(f.title) for f in findings}),
        limits=limits,
        needs_a_person=any(f.level is Level.ACT for f in findings),
        zone=ZoneInfo(options.zone),
    )


def problem_key(title: str) -> str:
    """A problem's title without its numbers, which change while the problem stays."""
    return re.sub(r"\d[\d,.]*", "N", title)


def _state(
    log: Tables, here: Mapping[Entry, OnTrial], clients: Iterable[Client], findings: Iterable[Finding], old: State
) -> State:
    seen = {c.organisation: c.last for c in clients}
    last = [moment for moment in (old.until, log.period.last) if moment]
    return State(
        until=max((_naive(moment) for moment in last), default=None),
        restrictions={key: _stood(r, old.restrictions.get(key)) for key, r in here.items()},
        organisations=remembered(old.organisations, seen),
        problems=tuple(sorted({problem_key(f.title) for f in findings})),
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _stood(entry: OnTrial, old: Stood | None) -> Stood:
    """Those who were harmed before stay known: a log that lacks their days would make them new again."""
    harmed = {h.organisation for h in entry.harmed if h.wanted}
    return Stood(
        entry.ruling.verdict.value, entry.counts["accepted"], frozenset(harmed | (old.harmed if old else set()))
    )


def _was(old: State, key: Entry) -> str | None:
    stood = old.restrictions.get(key)
    return stood.verdict if stood else None


def _newly_harmed(here: Mapping[Entry, OnTrial], old: State) -> Iterable[Harm]:
    for key, entry in here.items():
        known = old.restrictions[key].harmed if key in old.restrictions else frozenset()
        for h in entry.harmed:
            if h.wanted and h.organisation not in known:
                yield Harm(h.organisation, _label(entry), h.recipients, h.wanted, h.last)


def _label(entry: OnTrial) -> str:
    return f"{entry.label} ({entry.service})" if entry.service else entry.label


def _trials(found: Changes) -> list[Finding]:
    turned = [_finding(r, f"turned from {was} to {r.ruling.verdict.value}") for r, was in found.turned]
    new = [_finding(r, f"is newly on trial, verdict {r.ruling.verdict.value}") for r in found.newly_on_trial]
    ended = [
        Finding(Level.LOOK, f"{name}{f' ({service})' if service else ''} is no longer on trial", "No line warns of it.")
        for name, service in found.ended
    ]
    return [*turned, *new, *ended]


def _finding(entry: OnTrial, news: str) -> Finding:
    return Finding(_TOWARDS[entry.ruling.verdict], f"{_label(entry)} {news}", _why(entry))


def _why(entry: OnTrial) -> str:
    return " ".join(entry.ruling.reasons[:2])


def _limits(found: Changes) -> list[Finding]:
    return [
        Finding(
            Level.ACT,
            f"Process limit of {limit:g} reached: {label}",
            f"Last {when(last, found.zone)}.",
            "logtune sizing",
        )
        for label, limit, last in found.limits
    ]


def _tables(found: Changes, top: int) -> list[Table]:
    harmed = (
        Column("organisation", "client organisation", Kind.LOGTEXT, strong=True),
        Column("restriction", "would be stopped by", Kind.LOGTEXT, below=True),
        Column("recipients", "recipients", Kind.COUNT),
        Column("wanted", "of these wanted", Kind.COUNT),
        Column("last", "last", Kind.TIME, wide=True),
    )
    clients = (
        Column("organisation", "client organisation", Kind.LOGTEXT, strong=True),
        Column("recipients", "recipients accepted", Kind.COUNT),
        Column("first", "first", Kind.TIME),
        Column("last", "last", Kind.TIME, wide=True),
    )
    return [
        *_table("newly_harmed", "Newly harmed client organisations", harmed, found.harmed, top),
        *_table("new_clients", "Newly seen client organisations", clients, found.clients, top),
    ]


def _table(name: str, title: str, columns: Sequence[Column], rows: Sequence[Any], top: int) -> list[Table]:
    if not rows:
        return []
    shown = [[getattr(row, column.name) for column in columns] for row in rows[:top]]
    return [Table(name, columns, shown, title=title, omitted=max(0, len(rows) - top), counts=f"{len(rows):,}")]


def _rest(found: Changes) -> list[Note]:
    gone = [Note(f"No longer: {title}.") for title in found.gone]
    return [*gone, Note("Nothing else changed." if found.news or gone else "Nothing changed.")]


def _so_many(things: Sequence[Any] | set[str], word: str, after: str = "") -> str:
    return f"{len(things):,} {plural(len(things), word)} {after}".strip() if things else ""
