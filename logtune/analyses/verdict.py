"""From the counts of a trial to one of five words, with its reasons (docs/verdict.md).

A recommendation, never more than the log supports: history-dependent restrictions and damaged logs stay on trial.
The independent unit is the client organisation, not the recipient: recipients of one client stand or fall together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logtune.results import Period, Verdict

MIN_DAYS = 14
"""Mail has a weekly course, and monthly invoices are the usual late surprise: two whole weeks are the least."""
MIN_FLAGGED = 20
"""Below twenty flagged recipients a share means nothing."""
DRY_DAYS = 7
"""A week without a newly harmed organisation: every weekday has been seen once without surprise."""
FEW_ORGANISATIONS = 20
"""As many exceptions as a person can check by hand and look after."""
SMALL_SHARE = 0.05
"""Above one in twenty of the organisations that deliver here, a long list of exceptions does not mend a restriction."""
LARGE_SHARE = 0.2
"""Where one in five delivering organisations is hit, so will be the next new one: no list of exceptions keeps up."""
A_FEW = 3
"""Fewer organisations than this are no share, whatever the base."""


@dataclass(frozen=True)
class Harmed:
    """A client organisation whose accepted mail a restriction would stop, authorized clients and the filter apart."""

    organisation: str
    recipients: int
    mails: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Case:
    """All that a verdict rests on; counts are recipients (``trial.COUNTS``)."""

    counts: Mapping[str, int]
    depends_on_history: bool | None  # None: the text does not tell
    harmed: Sequence[Harmed]
    delivering_organisations: int
    period: Period
    lost: bool
    first: datetime | None
    last: datetime | None
    protocol_states: Mapping[str, int]


@dataclass(frozen=True)
class Ruling:
    """The verdict and its reasons, in words and numbers."""

    verdict: Verdict
    reasons: Sequence[str]


def judge(case: Case) -> Ruling:
    """The verdict on one restriction; the first rule that applies decides, and every remark is added."""
    verdict, reasons = _decide(case)
    capped = _cap(case, verdict)
    return Ruling(capped[0], [*capped[1], *reasons, *_remarks(case)])


def _decide(case: Case) -> tuple[Verdict, list[str]]:
    counts, spared = case.counts, case.counts["authorized"] + case.counts["filter"]
    others = counts["others"] + counts["private"]
    if set(case.protocol_states) <= {"VRFY", "ETRN"}:
        return Verdict.LITTLE, ["It only fired on VRFY or ETRN, which concern no mail."]
    if _short(case):
        return Verdict.LITTLE, [_how_little(case)]
    if counts["accepted"] == 0:
        return Verdict.ENFORCE, [f"Of {counts['flagged']:,} flagged recipients, none is accepted today."]
    if others == 0:
        return Verdict.EXCEPTIONS, [f"All {spared:,} newly stopped recipients can be spared by exceptions."]
    return _by_organisations(case)


def _by_organisations(case: Case) -> tuple[Verdict, list[str]]:
    harmed, base = len(case.harmed), max(case.delivering_organisations, len(case.harmed), 1)
    since = case.period.last - timedelta(days=DRY_DAYS) if case.period.last else None
    recent = [h for h in case.harmed if h.first and since and h.first > since]
    reasons = [f"Stops mail of {_organisations(harmed)} of {base:,} that deliver here ({share(harmed, base)})."]
    if recent:
        those = "It" if harmed == 1 else f"{len(recent):,} of them"
        reasons.append(f"{those} appeared in the last {DRY_DAYS} days, so more would follow.")
    too_many = harmed > FEW_ORGANISATIONS and harmed / base > SMALL_SHARE
    if too_many or (harmed >= A_FEW and harmed / base > LARGE_SHARE):
        return Verdict.NO, reasons
    if recent:
        return Verdict.KEEP, reasons
    if harmed <= FEW_ORGANISATIONS:
        dry = f"No new one in the last {DRY_DAYS} days; check each before you except it."
        return Verdict.EXCEPTIONS, [*reasons, dry]
    return Verdict.KEEP, reasons


def _cap(case: Case, verdict: Verdict) -> tuple[Verdict, list[str]]:
    """What no evidence can lift: unpredictable answers and damaged logs."""
    if case.depends_on_history:
        why = (
            "Its answer depends on what happened before (policy service, greylisting, address verification):"
            " no trial can predict it."
        )
        return (Verdict.KEEP if verdict is not Verdict.NO else verdict), [why]
    if case.depends_on_history is None and verdict in (Verdict.ENFORCE, Verdict.EXCEPTIONS):
        why = (
            "The text may come from a policy service, whose answers no trial can predict; name it under [[texts]]"
            " in the configuration."
        )
        return Verdict.KEEP, [why]
    if case.lost and verdict in (Verdict.ENFORCE, Verdict.EXCEPTIONS):
        return Verdict.KEEP, ["The log is not whole: lines are missing, and counts are too low."]
    return verdict, []


def _short(case: Case) -> bool:
    return _days(case) < MIN_DAYS or case.counts["flagged"] < MIN_FLAGGED


def _days(case: Case) -> int:
    """Days for which the trial is known to have run: from its first warning to the end of the log."""
    if case.first is None or case.period.last is None:
        return 0
    return (case.period.last - case.first).days + 1


def _how_little(case: Case) -> str:
    days, flagged = _days(case), case.counts["flagged"]
    return (
        f"{flagged:,} flagged {_plural(flagged, 'recipient')} in {days} {_plural(days, 'day')};"
        f" a verdict asks for {MIN_FLAGGED} in {MIN_DAYS} days."
    )


def _remarks(case: Case) -> list[str]:
    counts = case.counts
    remarks = []
    if counts["authorized"]:
        remarks.append(
            f"{counts['authorized']:,} are of authorized clients: permit_mynetworks and permit_sasl_authenticated"
            " before it spare them."
        )
    if counts["filter"]:
        remarks.append(f"{counts['filter']:,} come from the site's own filter: enforcing would break your filter.")
    if counts["private"]:
        remarks.append(
            f"{counts['private']:,} come from private addresses that are not declared (--mynetworks); behind NAT or a"
            " container bridge the client tells nothing."
        )
    if counts["probes"]:
        remarks.append(
            f"{counts['probes']:,} are probes of other sites: refusing them breaks mail that your users send."
        )
    if counts["deferred_anyway"]:
        remarks.append(
            f"{counts['deferred_anyway']:,} more are deferred anyway: a 5xx would turn their delay into a bounce."
        )
    if counts["unknown"]:
        remarks.append(f"Of {counts['unknown']:,} the log does not tell the end or the greeting.")
    return remarks


def _organisations(count: int) -> str:
    return f"{count:,} client {_plural(count, 'organisation')}"


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"


def share(part: int, whole: int) -> str:
    """A share in per cent: one decimal below 10, never a false 0 or 100."""
    value = 100 * part / whole if whole else 0.0
    if 0 < value < 0.1:
        return "<0.1 %"
    if 99.9 < value < 100:
        return ">99.9 %"
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %"
