"""From the counts of a trial to one of five words, with its reasons (docs/verdict.md).

A recommendation, never more than the log supports: history-dependent restrictions and damaged logs stay on trial.
The independent unit is the client organisation, not the recipient: recipients of one client stand or fall together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from logtune.analyses.common import counted, plural
from logtune.analyses.confidence import DRY_DAYS, MIN_DAYS, Borders, Confidence, Seen, confidence, length
from logtune.analyses.shares import share
from logtune.results import Period, Verdict

MIN_FLAGGED = 20
"""Below twenty flagged recipients a share means nothing."""
FEW_ORGANISATIONS = 20
"""As many exceptions as a person can check by hand and look after."""
SMALL_SHARE = 0.05
"""Above one in twenty of the organisations that deliver here, a long list of exceptions does not mend a restriction."""
LARGE_SHARE = 0.2
"""Where one in five delivering organisations is hit, so will be the next new one: no list of exceptions keeps up."""
A_FEW = 3
"""Fewer organisations than this are no share, whatever the base."""
OPEN_SHARE = 0.25
"""Where three in four strangers' recipients are known to be unwanted, the few without evidence are most likely, too."""
ENOUGH_UNWANTED = 10
"""Fewer recipients that are known to be unwanted say nothing about the others."""


@dataclass(frozen=True)
class Harmed:
    """A client organisation whose accepted mail a restriction would stop, authorized clients and the filter apart.

    ``first`` is that of its wanted mail, else of its mail without evidence. What is neither ``wanted`` nor ``unwanted``
    of ``recipients`` has no evidence.
    """

    organisation: str
    recipients: int
    mails: int
    first: datetime | None
    last: datetime | None
    wanted: int = 0
    unwanted: int = 0


NOBODY_SEEN = Seen()


@dataclass(frozen=True)
class Case:
    """All that a verdict rests on; counts are recipients (``trial.COUNTS``)."""

    counts: Mapping[str, int]
    depends_on_history: bool | None  # None: the text does not tell
    harmed: Sequence[Harmed]
    delivering_organisations: int
    period: Period
    lost: bool
    borders: Borders
    protocol_states: Mapping[str, int]
    seen: Seen = NOBODY_SEEN
    exceptions: int = 0  # how many clients an exception each would spare, and of how many recipients
    excepted: int = 0

    @property
    def wanted(self) -> list[Harmed]:
        """Organisations with wanted mail."""
        return [h for h in self.harmed if h.wanted]

    @property
    def open(self) -> list[Harmed]:
        """Organisations of whose mail nothing is known to be wanted, and some is not known to be unwanted either."""
        return [h for h in self.harmed if not h.wanted and h.unwanted < h.recipients]

    @cached_property
    def confidence(self) -> Confidence:
        """How far the trial can be trusted."""
        firsts = [h.first for h in self.wanted if h.first]
        return confidence(self.borders, self.period, firsts, self.seen, self.lost)


@dataclass(frozen=True)
class Ruling:
    """The verdict and its reasons, in words and numbers.

    ``unless_policy`` is the ruling for a reader who knows that no policy service wrote the text; None where the text
    tells.
    """

    verdict: Verdict
    reasons: Sequence[str]
    unless_policy: Ruling | None = None


def judge(case: Case) -> Ruling:
    """The verdict on one restriction; the first rule that applies decides, and every remark is added."""
    verdict, reasons = _decide(case)
    capped = _cap(case, verdict)
    other = judge(replace(case, depends_on_history=False)) if case.depends_on_history is None else None
    return Ruling(capped[0], [*capped[1], *reasons, *_remarks(case)], other)


def _decide(case: Case) -> tuple[Verdict, list[str]]:
    counts, spared = case.counts, case.counts["authorized"] + case.counts["filter"]
    if set(case.protocol_states) <= {"VRFY", "ETRN"}:
        return Verdict.LITTLE, ["It only fired on VRFY or ETRN, which concern no mail."]
    if _short(case):
        return Verdict.LITTLE, [_how_little(case)]
    if counts["accepted"] == 0:
        return Verdict.ENFORCE, [f"Of {counts['flagged']:,} flagged recipients, none is accepted today."]
    if counts["others"] + counts["private"] == 0:
        return Verdict.EXCEPTIONS, [f"All {spared:,} newly stopped recipients can be spared by exceptions."]
    if not case.wanted and _mostly_unwanted(case):
        return (Verdict.EXCEPTIONS if spared else Verdict.ENFORCE), [_whom_it_stops(case)]
    return _by_organisations(case)


def _mostly_unwanted(case: Case) -> bool:
    """Whether what has no evidence is little beside what is known to be unwanted, or nothing."""
    unwanted, unknown = case.counts["unwanted"], case.counts["no_evidence"]
    return (unwanted >= ENOUGH_UNWANTED and unknown <= OPEN_SHARE * (unwanted + unknown)) or unknown == 0


def _whom_it_stops(case: Case) -> str:
    unwanted, unknown = case.counts["unwanted"], case.counts["no_evidence"]
    rest = f" and {unknown:,} without evidence" if unknown else ""
    return (
        f"Of strangers it stops {unwanted:,} unwanted {plural(unwanted, 'recipient')}{rest}, and none that is wanted."
    )


def _by_organisations(case: Case) -> tuple[Verdict, list[str]]:
    doubtful = [] if _mostly_unwanted(case) else case.open
    hit = [*case.wanted, *doubtful]
    reasons = [_hit(case, hit)]
    recent = _recent(case, hit)
    if recent:
        those = "It" if len(hit) == 1 else f"{len(recent):,} of them"
        reasons.append(f"{those} appeared in the last {DRY_DAYS} days, so more would follow.")
    if _too_many(case, hit):
        return Verdict.NO, reasons
    if recent or len(hit) > FEW_ORGANISATIONS:
        return Verdict.KEEP, reasons
    check = "check those without evidence" if doubtful else "look through them"
    return Verdict.EXCEPTIONS, [*reasons, f"No new one in the last {DRY_DAYS} days; {check} before you except them."]


def _hit(case: Case, hit: Sequence[Harmed]) -> str:
    base = max(case.delivering_organisations, len(hit))
    wanted, unknown = len(case.wanted), len(hit) - len(case.wanted)
    if not unknown:
        base = max(case.seen.organisations, wanted)
        return (
            f"Stops wanted mail of {_organisations(wanted)} of {base:,} that deliver such mail ({share(wanted, base)})."
        )
    known = f"; {wanted:,} of them {plural(wanted, 'sends', 'send')} wanted mail, of the others the log does not tell"
    if not wanted:
        known = ", and the log does not tell whether any is wanted"
    return f"Stops mail of {_organisations(len(hit))} of {base:,} that deliver here ({share(len(hit), base)}){known}."


def _recent(case: Case, hit: Sequence[Harmed]) -> list[Harmed]:
    since = case.period.last - timedelta(days=DRY_DAYS) if case.period.last else None
    return [h for h in hit if h.first and since and h.first > since]


def _too_many(case: Case, hit: Sequence[Harmed]) -> bool:
    """Whether exceptions could not keep up: by the wanted among the wanted, or by all among all that deliver."""
    wanted = len(case.wanted)
    among_wanted = wanted / max(case.seen.organisations, wanted, 1)
    among_all = len(hit) / max(case.delivering_organisations, len(hit), 1)
    if (wanted > FEW_ORGANISATIONS and among_wanted > SMALL_SHARE) or (wanted >= A_FEW and among_wanted > LARGE_SHARE):
        return True
    return len(hit) >= A_FEW and among_all > LARGE_SHARE


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
    return case.confidence.span.days < MIN_DAYS or case.counts["flagged"] < MIN_FLAGGED


def _how_little(case: Case) -> str:
    flagged, ran = case.counts["flagged"], case.confidence.span
    return (
        f"{flagged:,} flagged {plural(flagged, 'recipient')} in {length(ran)};"
        f" a verdict asks for {MIN_FLAGGED} in {MIN_DAYS} days."
    )


def _remarks(case: Case) -> list[str]:
    """What else a person should know, in the order in which it hurts; nothing where the count is nought."""
    remarks = [
        (case.counts["filter"], ("comes", "come"), "from the site's own filter: enforcing would break your filter,"
         " unless its re-injection port gets restriction lists of its own first."),
        (case.counts["authorized"], ("is", "are"), "of authorized clients: permit_mynetworks and"
         " permit_sasl_authenticated before it spare them."),
        (case.counts["private"], ("comes", "come"), "from private addresses that are not declared (--mynetworks);"
         " behind NAT or a container bridge the client tells nothing."),
    ]  # fmt: skip
    said = [f"{count:,} {plural(count, *verbs)} {text}" for count, verbs, text in remarks if count]
    return [*said, *_exceptions(case), *_other_outcomes(case.counts)]


def _exceptions(case: Case) -> list[str]:
    if not case.exceptions:
        return []
    count = counted(case.exceptions, "exception")
    return [f"{count} by verified name or address would spare {counted(case.excepted, 'wanted recipient')}."]


def _other_outcomes(counts: Mapping[str, int]) -> list[str]:
    remarks = []
    if counts["probes"]:
        remarks.append(
            f"{counted(counts['probes'], 'probe')} of other sites: refusing them breaks mail that your users send."
        )
    if counts["deferred_anyway"]:
        remarks.append(
            f"{counts['deferred_anyway']:,} more {plural(counts['deferred_anyway'], 'is', 'are')} deferred anyway:"
            " a 5xx would turn the delay into a bounce."
        )
    if counts["unknown"]:
        remarks.append(f"Of {counts['unknown']:,} the log does not tell the end or the greeting.")
    return remarks


def _organisations(count: int) -> str:
    return counted(count, "client organisation")
