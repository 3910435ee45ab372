"""From the counts of a trial to a verdict: one rule each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from logtune.analyses.confidence import Borders, Seen
from logtune.analyses.shares import share
from logtune.analyses.trial import COUNTS
from logtune.analyses.verdict import Case, Harmed, judge
from logtune.results import Period, Verdict

FIRST = datetime(2026, 3, 2)
LAST = datetime(2026, 3, 22, 23)


def harmed(count: int, first: datetime = FIRST) -> list[Harmed]:
    return [Harmed(f"site{i}.example", 2, 1, first, LAST) for i in range(count)]


def case(**given: Any) -> Case:
    """Three weeks in which 100 recipients were flagged and rejected anyway, unless *given* says otherwise."""
    counts = dict.fromkeys(COUNTS, 0) | {"flagged": 100, "rejected_anyway": 100} | given.pop("counts", {})
    fields: dict[str, Any] = {
        "counts": counts,
        "depends_on_history": False,
        "harmed": [],
        "delivering_organisations": 100,
        "period": Period(FIRST, LAST, 21, "UTC"),
        "lost": False,
        "borders": Borders(FIRST, LAST),
        "protocol_states": {"RCPT": 100},
    }
    return Case(**{**fields, **given})


def others(count: int, organisations: int, **given: Any) -> Case:
    return case(
        counts={"accepted": count, "others": count, "no_evidence": count}, harmed=harmed(organisations), **given
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(case(), Verdict.ENFORCE, id="nothing accepted would be stopped"),
        pytest.param(case(counts={"flagged": 19}), Verdict.LITTLE, id="too few flagged recipients"),
        pytest.param(
            case(borders=Borders(LAST - timedelta(days=3), LAST)), Verdict.LITTLE, id="the trial is four days old"
        ),
        pytest.param(case(protocol_states={"VRFY": 3, "ETRN": 1}), Verdict.LITTLE, id="only VRFY and ETRN"),
        pytest.param(case(counts={"accepted": 40, "authorized": 40}), Verdict.EXCEPTIONS, id="authorized clients only"),
        pytest.param(case(counts={"accepted": 40, "filter": 40}), Verdict.EXCEPTIONS, id="the own filter only"),
        pytest.param(others(8, 4), Verdict.EXCEPTIONS, id="few organisations, none of them new"),
        pytest.param(others(80, 40), Verdict.NO, id="many organisations and a large share"),
        pytest.param(others(8, 4, delivering_organisations=10), Verdict.NO, id="two in five of a small site's senders"),
        pytest.param(others(4, 2, delivering_organisations=2), Verdict.EXCEPTIONS, id="two organisations are no share"),
        pytest.param(others(80, 40, delivering_organisations=4000), Verdict.KEEP, id="many, yet a small share"),
        pytest.param(case(depends_on_history=True), Verdict.KEEP, id="a policy service cannot be predicted"),
        pytest.param(case(depends_on_history=None), Verdict.KEEP, id="the text may be a policy service's"),
        pytest.param(case(lost=True), Verdict.KEEP, id="lines are missing"),
        pytest.param(
            others(80, 40, depends_on_history=True), Verdict.NO, id="harm is believed even of a policy service"
        ),
    ],
)
def test_verdict(given: Case, expected: Verdict) -> None:
    """Each row is one rule, named by its id."""
    assert judge(given).verdict is expected


def test_a_newly_hit_organisation_keeps_the_trial_going() -> None:
    """What appeared in the last week would go on appearing."""
    recent = case(
        counts={"accepted": 8, "others": 8, "no_evidence": 8}, harmed=[*harmed(3), *harmed(1, LAST - timedelta(days=2))]
    )
    ruling = judge(recent)
    assert ruling.verdict is Verdict.KEEP
    assert ruling.reasons == [
        "Stops mail of 4 client organisations of 100 that deliver here (4.0 %), and the log does not tell whether any is"
        " wanted.",
        "1 of them appeared in the last 7 days, so more would follow.",
    ]


def test_reasons_state_what_they_count() -> None:
    """Every remark carries its number and what to do about it."""
    ruling = judge(case(counts={"accepted": 12, "authorized": 12, "probes": 3, "deferred_anyway": 5, "unknown": 2}))
    assert ruling.reasons == [
        "All 12 newly stopped recipients can be spared by exceptions.",
        "12 are of authorized clients: permit_mynetworks and permit_sasl_authenticated before it spare them.",
        "3 probes of other sites: refusing them breaks mail that your users send.",
        "5 more are deferred anyway: a 5xx would turn the delay into a bounce.",
        "Of 2 the log does not tell the end or the greeting.",
    ]


def stranger(name: str, recipients: int, wanted: int = 0, unwanted: int = 0, first: datetime = FIRST) -> Harmed:
    return Harmed(name, recipients, recipients, first, LAST, wanted, unwanted)


def by_evidence(wanted: int, unknown: int, unwanted: int, organisations: list[Harmed], **given: Any) -> Case:
    total = wanted + unknown + unwanted
    counts = {"accepted": total, "others": total, "wanted": wanted, "no_evidence": unknown, "unwanted": unwanted}
    return case(counts={**counts, **given.pop("counts", {})}, harmed=organisations, **given)


SPAMMERS = [stranger(f"spam{i}.test", 2, unwanted=2) for i in range(10)]
FRIENDS = [stranger(f"friend{i}.example", 2, wanted=2) for i in range(3)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(by_evidence(0, 0, 20, SPAMMERS), Verdict.ENFORCE, id="only unwanted"),
        pytest.param(
            by_evidence(0, 3, 20, [*SPAMMERS, stranger("a.example", 3)]), Verdict.ENFORCE, id="little without evidence"
        ),
        pytest.param(
            by_evidence(0, 20, 3, [stranger("a.example", 20), *SPAMMERS[:1]]),
            Verdict.EXCEPTIONS,
            id="mostly without evidence, of one organisation",
        ),
        pytest.param(
            by_evidence(6, 0, 20, [*SPAMMERS, *FRIENDS], seen=Seen(100)),
            Verdict.EXCEPTIONS,
            id="few wanted, long since",
        ),
        pytest.param(
            by_evidence(6, 0, 20, [*SPAMMERS, *FRIENDS], seen=Seen(10)), Verdict.NO, id="three of ten wanted ones"
        ),
        pytest.param(
            by_evidence(2, 0, 20, [*SPAMMERS, stranger("new.example", 2, 2, first=LAST)], seen=Seen(100)),
            Verdict.KEEP,
            id="a wanted one is new",
        ),
        pytest.param(
            by_evidence(0, 0, 20, SPAMMERS, counts={"authorized": 5, "accepted": 25}),
            Verdict.EXCEPTIONS,
            id="unwanted and authorized clients",
        ),
        pytest.param(
            by_evidence(0, 0, 20, SPAMMERS, lost=True), Verdict.KEEP, id="only unwanted, but lines are missing"
        ),
        pytest.param(
            by_evidence(0, 0, 20, SPAMMERS, depends_on_history=True),
            Verdict.KEEP,
            id="only unwanted, by a policy service",
        ),
    ],
)
def test_verdict_by_evidence(given: Case, expected: Verdict) -> None:
    """Only what may be wanted is harm; what nobody can judge counts unless it is little beside the unwanted."""
    assert judge(given).verdict is expected


def test_reasons_tell_wanted_from_unknown() -> None:
    """The sentence says of how many organisations it is known that their mail is wanted."""
    mixed = by_evidence(6, 8, 0, [*FRIENDS, *harmed(4)], seen=Seen(60), exceptions=3, excepted=6)
    assert judge(mixed).reasons == [
        "Stops mail of 7 client organisations of 100 that deliver here (7.0 %); 3 of them send wanted mail, of the"
        " others the log does not tell.",
        "No new one in the last 7 days; check those without evidence before you except them.",
        "3 exceptions by verified name or address would spare 6 wanted recipients.",
    ]


def test_a_re_injection_port_says_that_the_filter_would_break() -> None:
    """Mail that the site's own filter puts back is nobody's fault and everybody's harm."""
    ruling = judge(case(counts={"accepted": 40, "filter": 40}))
    assert ruling.reasons == [
        "All 40 newly stopped recipients can be spared by exceptions.",
        "40 come from the site's own filter: enforcing would break your filter, unless its re-injection port gets"
        " restriction lists of its own first.",
    ]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0 %"), (1, 5000, "<0.1 %"), (66, 1000, "6.6 %"), (1, 2, "50 %"), (9999, 10000, ">99.9 %"), (0, 0, "0 %")],
)
def test_shares_are_never_a_false_nought_or_hundred(part: int, whole: int, text: str) -> None:
    """A small share is not nothing, and nearly all is not all."""
    assert share(part, whole) == text


def test_who_knows_that_no_policy_service_wrote_it() -> None:
    """A text that may be a policy service's carries the ruling that holds where there is none, and others do not."""
    assert judge(case(depends_on_history=None)).unless_policy == judge(case(depends_on_history=False))
    assert judge(case(depends_on_history=False)).unless_policy is None
    assert judge(case(depends_on_history=True)).unless_policy is None
