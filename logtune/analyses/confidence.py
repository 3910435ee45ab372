"""How far a trial can be trusted: how long it ran, whether it still surprises, and how many more it might harm.

The unit is the client organisation, not the recipient: recipients of one client stand or fall together, and a sender
domain can be forged. Organisations here are those whose mail the log shows to be wanted (evidence.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from logtune.analyses.common import counted, duration, plural
from logtune.analyses.shares import share
from logtune.results import Period

LEVEL = 0.95
"""The usual one: a bound that is wrong once in twenty restrictions."""
MIN_DAYS = 14
"""Mail has a weekly course, and monthly invoices are the usual late surprise: two whole weeks are the least."""
DRY_DAYS = 7
"""A week without a newly harmed organisation: every weekday has been seen once without surprise."""
GOOD_BOUND = 0.05
"""At most one in twenty of the organisations still to come: what a person can look after by hand."""
SILENT_TIMES = 5
"""A restriction that warned at least so often is expected to warn on; five times its longest silence is no chance."""
SILENT_FROM = 20
"""Fewer warnings are too few to tell how often it warns."""
SILENT_LEAST = timedelta(days=3)
"""A weekend with a day before or after it is no end of a trial."""
WORTH = 0.8
"""Waiting is worth while if a week would lower the bound by a fifth or more."""


class Trust(StrEnum):
    """The confidence in a word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class End(StrEnum):
    """Why a trial is over before the log is."""

    ENFORCED = "enforced"
    SILENT = "silent"


@dataclass(frozen=True)
class Borders:
    """Warnings and real rejects (lines) of one restriction in one service.

    ``silence``: the longest time between two warnings, in seconds.
    """

    first: datetime | None
    last: datetime | None
    silence: float = 0.0
    first_reject: datetime | None = None
    last_reject: datetime | None = None
    rejects: int = 0
    warnings: int = 0


@dataclass(frozen=True)
class Span:
    """From when to when the restriction is known to have been on trial; ``end`` is None if the log ends first."""

    first: datetime | None
    until: datetime | None
    end: End | None = None

    @property
    def seconds(self) -> float:
        """Length; 0 where nothing has a time."""
        return (self.until - self.first).total_seconds() if self.first and self.until else 0.0

    @property
    def days(self) -> int:
        """Days begun."""
        return int(self.seconds // 86400) + 1 if self.first and self.until else 0


def span(borders: Borders, period: Period) -> Span:
    """How long the trial ran by what the log shows: configuration changes leave no line that can be believed."""
    first, last, end = borders.first, borders.last, period.last
    if first is None or last is None or end is None:
        return Span(first, end)
    if borders.first_reject is not None and borders.first_reject > last:
        return Span(first, borders.first_reject, End.ENFORCED)
    silent = end - last > max(SILENT_LEAST, SILENT_TIMES * timedelta(seconds=borders.silence))
    if silent and borders.warnings >= SILENT_FROM:
        return Span(first, last, End.SILENT)
    return Span(first, end)


@dataclass(frozen=True)
class Seen:
    """Organisations that deliver wanted mail here: all of them, and those first seen in the last ``DRY_DAYS`` days."""

    organisations: int = 0
    new: int = 0


@dataclass(frozen=True)
class Confidence:
    """``bound``: upper bound for the share of wanted organisations harmed among those not seen yet (None: unknown)."""

    trust: Trust
    span: Span
    dry_days: int | None  # since the last newly harmed organisation; None: none was harmed
    wanted: int
    harmed: int
    bound: float | None
    sentences: Sequence[str]


def confidence(
    borders: Borders, period: Period, firsts: Sequence[datetime], seen: Seen, lost: bool = False
) -> Confidence:
    """*firsts*: when each wanted organisation was first harmed."""
    ran = span(borders, period)
    harmed, wanted = len(firsts), max(seen.organisations, len(firsts))
    dry = int((ran.until - max(firsts)).total_seconds() // 86400) if firsts and ran.until else None
    bound = upper_bound(harmed, wanted) if wanted else None
    surprised = dry is not None and dry < DRY_DAYS
    if ran.days < MIN_DAYS or lost:
        trust = Trust.POOR
    elif surprised or bound is None or bound > GOOD_BOUND:
        trust = Trust.FAIR
    else:
        trust = Trust.GOOD
    sentences = [*_duration(borders, period, ran), _course(firsts, dry, ran), *_share(harmed, wanted, bound)]
    sentences += _waiting(ran, period, dry, harmed, Seen(wanted, seen.new), bound)
    return Confidence(trust, ran, dry, wanted, harmed, bound, tuple(s for s in sentences if s))


def upper_bound(harmed: int, seen: int, level: float = LEVEL) -> float:
    """Exact one-sided bound (Clopper and Pearson): the share at which so few among *seen* would be a rare chance.

    With none harmed it is close to the rule of three, 3 / *seen*.
    """
    if harmed >= seen:
        return 1.0
    low, high = harmed / seen, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(harmed, seen, middle) > 1 - level else (low, middle)
    return high


def _at_most(k: int, n: int, p: float) -> float:
    """Probability of at most *k* of *n*, each with probability *p* between 0 and 1."""
    yes, no = math.log(p) if p else -math.inf, math.log1p(-p)
    whole = math.lgamma(n + 1)
    terms = (
        whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + (i * yes if i else 0.0) + (n - i) * no
        for i in range(k + 1)
    )
    return math.fsum(map(math.exp, terms))


def _duration(borders: Borders, period: Period, ran: Span) -> list[str]:
    if ran.first is None or ran.until is None:
        return []
    begins = period.first is not None and ran.first - period.first < timedelta(days=1)
    since = "as long as the log, perhaps longer" if begins and ran.end is None else f"since {_day(ran.first)}"
    said = [f"On trial for {length(ran)}, {since}."]
    if ran.end is End.ENFORCED:
        said.append(f"It really rejects since {_day(ran.until)}.")
    elif ran.end is End.SILENT:
        said.append(f"No warning since {_day(ran.until)}, longer than ever before: it may be on trial no more.")
    elif borders.rejects and borders.last_reject and borders.last_reject < ran.first:
        said.append(f"It really rejected until {_day(borders.last_reject)}.")
    elif borders.rejects:
        said.append(
            f"It also really rejects ({counted(borders.rejects, 'line')}): in another list, or for other clients."
        )
    return said


def length(ran: Span) -> str:
    """The length in words: days begun, or hours where it is shorter."""
    return duration(ran.seconds) if ran.seconds < 2 * 86400 else f"{ran.days} days"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def _course(firsts: Sequence[datetime], dry: int | None, ran: Span) -> str:
    if dry is None or ran.until is None:
        return "No wanted organisation was hit."
    recent = sum(ran.until - first < timedelta(days=DRY_DAYS) for first in firsts)
    if recent:
        those = "It" if len(firsts) == 1 else f"{recent:,} of the {len(firsts):,} wanted organisations that it hits"
        return f"{those} appeared in the last {DRY_DAYS} days, so more would follow."
    return f"No new wanted organisation for {counted(dry, 'day')}."


def _share(harmed: int, wanted: int, bound: float | None) -> list[str]:
    if bound is None:
        return ["The log shows of no organisation that its mail is wanted, so nothing bounds the harm."]
    return [
        f"It hits {harmed:,} of {counted(wanted, 'organisation')} whose mail is wanted ({share(harmed, wanted)});"
        f" of those still to come, at most {share(bound, 1)} (95 % confidence)."
    ]


def _waiting(ran: Span, period: Period, dry: int | None, harmed: int, seen: Seen, bound: float | None) -> list[str]:
    """How much longer is worth waiting. What comes in a week is taken from the last one."""
    if ran.end is not None:
        return []
    wait = max(MIN_DAYS - ran.days, DRY_DAYS - dry if dry is not None else 0)
    if wait > 0:
        return [f"Wait {counted(wait, 'more day')} at least."]
    if bound is None or period.days <= DRY_DAYS:
        return []
    coming = f"{seen.new:,} new wanted {plural(seen.new, 'organisation')} came in the last {DRY_DAYS} days"
    after = upper_bound(harmed, seen.organisations + seen.new)
    if after > WORTH * bound:
        return [f"{coming}: a week more would hardly change this, the trial has told what it can."]
    return [f"{coming}: a week more might lower this to {share(after, 1)}."]
