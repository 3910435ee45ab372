"""How far a trial can be trusted: its length, its course, and the bound for what is still to come."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import comb

import pytest

from logtune.analyses.confidence import Borders, End, Seen, Trust, confidence, span, upper_bound
from logtune.results import Period
from tests.analyses.site_log import LISTED, Site

FIRST = datetime(2026, 3, 2)
LAST = datetime(2026, 3, 22, 23)
THREE_WEEKS = Period(FIRST, LAST, 21, "UTC")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHOLE = Borders(FIRST, LAST, silence=3600)


# --- the bound


@pytest.mark.parametrize(
    ("harmed", "seen", "bound"),
    [(0, 1, 0.95), (0, 59, 0.0495), (0, 412, 0.00725), (3, 412, 0.0187), (5, 10, 0.778), (7, 7, 1.0)],
)
def test_upper_bound(harmed: int, seen: int, bound: float) -> None:
    """Exact binomial bounds; with none harmed nearly the rule of three."""
    assert upper_bound(harmed, seen) == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize(("harmed", "seen"), [(0, 20), (2, 30), (10, 200), (40, 100)])
def test_at_the_bound_so_few_are_a_chance_of_one_in_twenty(harmed: int, seen: int) -> None:
    """What the bound means, counted directly."""
    share = upper_bound(harmed, seen)
    chance = sum(comb(seen, i) * share**i * (1 - share) ** (seen - i) for i in range(harmed + 1))
    assert chance == pytest.approx(0.05, rel=1e-6)


# --- how long it ran


@pytest.mark.parametrize(
    ("borders", "days", "end"),
    [
        pytest.param(WHOLE, 21, None, id="as long as the log"),
        pytest.param(Borders(LAST - 2 * HOUR, LAST, 600), 1, None, id="two hours"),
        pytest.param(Borders(FIRST, LAST - 2 * DAY, 3600, warnings=99), 21, None, id="a quiet weekend is no end"),
        pytest.param(Borders(FIRST, FIRST + 6 * DAY, 3600, warnings=20), 7, End.SILENT, id="silent longer than ever"),
        pytest.param(Borders(FIRST, FIRST + 6 * DAY, 3600, warnings=19), 21, None, id="it seldom warned at all"),
        pytest.param(
            Borders(FIRST, FIRST + 6 * DAY, 4 * 86400, warnings=20), 21, None, id="it is often silent for days"
        ),
        pytest.param(
            Borders(FIRST, FIRST + 6 * DAY, 3600, FIRST + 7 * DAY, LAST, 99), 8, End.ENFORCED, id="enforced since"
        ),
        pytest.param(Borders(FIRST + 7 * DAY, LAST, 3600, FIRST, FIRST + 6 * DAY, 99), 14, None, id="enforced before"),
    ],
)
def test_span(borders: Borders, days: int, end: End | None) -> None:
    """Borders are where the observed warnings begin, stop, or turn into rejects."""
    found = span(borders, THREE_WEEKS)
    assert (found.days, found.end) == (days, end)


# --- what is said


def test_two_hours_and_three_weeks_differ() -> None:
    """The same warnings and the same senders, but not the same confidence."""
    seen = Seen(412, 12)
    short = confidence(Borders(LAST - 2 * HOUR, LAST, 600), THREE_WEEKS, [], seen)
    whole = confidence(WHOLE, THREE_WEEKS, [], seen)
    assert (short.trust, whole.trust) == (Trust.POOR, Trust.GOOD)
    assert short.sentences == (
        "On trial for 2 h 0 min, since 22 Mar.",
        "No wanted organisation was hit.",
        "It hits 0 of 412 organisations whose mail is wanted (0 %); of those still to come, at most 0.7 %"
        " (95 % confidence).",
        "Wait 13 more days at least.",
    )
    assert whole.sentences == (
        "On trial for 21 days, as long as the log, perhaps longer.",
        "No wanted organisation was hit.",
        "It hits 0 of 412 organisations whose mail is wanted (0 %); of those still to come, at most 0.7 %"
        " (95 % confidence).",
        "12 new wanted organisations came in the last 7 days: a week more would hardly change this, the trial has told"
        " what it can.",
    )


def test_still_appearing() -> None:
    """An organisation that was newly hit this week says that more will follow."""
    found = confidence(WHOLE, THREE_WEEKS, [FIRST, LAST - 2 * DAY], Seen(412, 12))
    assert (found.trust, found.dry_days, found.harmed) == (Trust.FAIR, 2, 2)
    assert found.sentences[1] == (
        "1 of the 2 wanted organisations that it hits appeared in the last 7 days, so more would follow."
    )
    assert found.sentences[-1] == "Wait 5 more days at least."


def test_dry() -> None:
    """What was hit long ago and never since is a known cost."""
    found = confidence(WHOLE, THREE_WEEKS, [FIRST + 7 * DAY], Seen(412, 12))
    assert (found.trust, found.dry_days) == (Trust.GOOD, 13)
    assert found.sentences[1] == "No new wanted organisation for 13 days."


def test_few_organisations_bound_little() -> None:
    """Ten senders without harm still allow one in four of those to come; a week more is worth while."""
    found = confidence(WHOLE, THREE_WEEKS, [], Seen(10, 5))
    assert found.trust is Trust.FAIR
    assert found.bound == pytest.approx(0.259, abs=0.001)
    assert found.sentences[-1] == (
        "5 new wanted organisations came in the last 7 days: a week more might lower this to 18 %."
    )


def test_nothing_known_to_be_wanted_bounds_nothing() -> None:
    """Without evidence there is no base, and the sentence says so."""
    found = confidence(WHOLE, THREE_WEEKS, [], Seen(0, 0))
    assert (found.trust, found.bound) == (Trust.FAIR, None)
    assert "nothing bounds the harm" in found.sentences[2]


def test_a_damaged_log_is_poor() -> None:
    """Missing lines may hide whom it hits."""
    assert confidence(WHOLE, THREE_WEEKS, [], Seen(412, 12), lost=True).trust is Trust.POOR


# --- from a log


def test_enforced_in_the_middle_of_the_log() -> None:
    """Warnings of a list turn into rejects: the trial ended there, and the counts are of its days."""
    site = Site()
    for day in (2, 3, 4):
        site.arrives(day, "unknown[192.0.2.7]", "a@one.example", warning=LISTED)
    for day in (5, 9):
        site.refused(day, "unknown[192.0.2.7]", LISTED)
    found = site.entry().confidence
    assert (found.span.days, found.span.end) == (4, End.ENFORCED)
    assert "It really rejects since 5 Mar." in found.sentences


def test_the_unit_is_the_organisation() -> None:
    """Forty recipients of three servers of one sender are one organisation, with other senders beside it."""
    site = Site()
    site.sends(2, "boss@roofing.example")
    for number in range(40):
        site.arrives(3 + number % 5, f"mx{number % 3}.roofing.example[192.0.2.{number % 3}]", "boss@roofing.example")
    for name in ("bakery", "school"):
        site.sends(2, f"a@{name}.example")
        site.arrives(3, f"mx.{name}.example[198.51.100.7]", f"a@{name}.example", warning=None)
    found = site.entry().confidence
    assert (found.wanted, found.harmed) == (3, 1)


def test_json_carries_it() -> None:
    """The numbers of the sentence stand in the document."""
    site = Site()
    site.sends(2, "boss@roofing.example")
    site.arrives(3, "mx.roofing.example[192.0.2.7]", "boss@roofing.example")
    (row,) = site.read().trial_json()["restrictions"]
    stated = {k: v for k, v in row["confidence"].items() if k != "sentences"}
    assert stated == {
        "trust": "poor", "first": "2026-03-03T10:00:01Z", "until": "2026-03-03T10:00:01Z", "days": 1, "end": None,
        "dry_days": 0, "wanted_organisations": 1, "wanted_organisations_harmed": 1, "upper_bound": 1.0,
    }  # fmt: skip
    assert row["exceptions"] == [
        {
            "by": "client_name", "key": "mx.roofing.example", "organisation": "roofing.example", "recipients": 1,
            "mails": 1, "last": "2026-03-03T10:00:01Z", "helo_names": ["frasier"], "sender_domains": ["roofing.example"],
            "evidence": ["you wrote it 1 mail", "delivers on 1 day", "sends its own domain"],
        }
    ]  # fmt: skip
