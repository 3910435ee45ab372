"""How numbers and times are written."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.render import numbers

BERLIN = numbers.zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "text"),
    [(61_382, "61,382"), (0, "0"), (-14, "−14"), (Decimal(1204), "1,204"), (None, "–"), (math.nan, "–"), ("x", "–")],
)
def test_count(value: object, text: str) -> None:
    """Counts are never rounded or abbreviated; what is no number cannot be told."""
    assert numbers.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6294, "63 %"), (0.066, "6.6 %"), (0.05, "5.0 %"), (0.0996, "10 %"), (0.0004, "<0.1 %"), (0, "0 %"),
        (1, "100 %"), (0.9999, ">99.9 %"), (0.9961, "99.6 %"), (0.994, "99 %"), (1.3, "130 %"), (None, "–"),
    ],
)  # fmt: skip
def test_share(value: object, text: str) -> None:
    """Two digits; nought and all are only said where they are true."""
    assert numbers.share(value) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_share_never_rounds_to_the_ends(value: float) -> None:
    """A share between is never shown as 0 % or 100 %."""
    assert numbers.share(value) not in {"0 %", "0.0 %", "100 %", "100.0 %"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0.04 s"), (0.306, "0.31 s"), (1.4, "1.4 s"), (0.9, "0.9 s"), (12.3, "12 s"), (62, "62 s"), (0, "0 s"),
        (119, "119 s"), (120, "2 min"), (1620, "27 min"), (3600, "1 h"), (12_000, "3 h 20 min"), (3599, "1 h"),
        (86_400, "24 h"), (200_000, "2 days 8 h"), (13 * 86_400, "13 days"), (-5, "−5 s"), (None, "–"),
    ],
)  # fmt: skip
def test_duration(value: object, text: str) -> None:
    """Two digits as Postfix logs delays, minutes from 2 min on, then hours and days."""
    assert numbers.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(512, "512 bytes"), (48_213, "48 kB"), (1_200_000, "1.2 MB"), (999_950, "1 MB"), (0, "0 bytes"), (None, "–")],
)
def test_size(value: object, text: str) -> None:
    """Mail is measured in powers of 1000."""
    assert numbers.size(value) == text


def test_memory() -> None:
    """Memory is measured in powers of 1024."""
    assert numbers.memory(840 * 1024**2) == "840 MiB"


def test_chance() -> None:
    """Small chances are said as one in how many, with two digits."""
    assert [numbers.chance(p) for p in (0.000107, 0.5, 1e-9, 0)] == [
        "1 in 9,300", "1 in 2", "fewer than 1 in a million", "never",
    ]  # fmt: skip


def test_time_is_local() -> None:
    """Times of the tables are UTC and are shown in the report's zone."""
    assert numbers.time(datetime(2026, 3, 10, 8, 4), BERLIN) == "Tue 10 Mar 09:04"
    assert numbers.time(datetime(2026, 3, 10, 8, 4, tzinfo=UTC), BERLIN) == "Tue 10 Mar 09:04"
    assert numbers.time(datetime(2026, 7, 10, 23, 4), BERLIN) == "Sat 11 Jul 01:04"
    assert numbers.time(date(2026, 3, 10), BERLIN) == "Tue 10 Mar"
    assert numbers.time(None, BERLIN) == "–"


@pytest.mark.parametrize(
    ("first", "last", "days", "text"),
    [
        ((2026, 3, 2), (2026, 3, 22), 21, "Mon 2 – Sun 22 Mar 2026, 21 days"),
        ((2026, 2, 24), (2026, 3, 8), 13, "Tue 24 Feb – Sun 8 Mar 2026, 13 days"),
        ((2025, 12, 30), (2026, 1, 2), 4, "Tue 30 Dec 2025 – Fri 2 Jan 2026, 4 days"),
        ((2026, 3, 2), (2026, 3, 2), 1, "Mon 2 Mar 2026, 1 day"),
    ],
)
def test_period(first: tuple[int, int, int], last: tuple[int, int, int], days: int, text: str) -> None:
    """What both ends share is said once."""
    assert numbers.period(datetime(*first, 6), datetime(*last, 6), days, BERLIN) == text


def test_period_of_nothing() -> None:
    """A log without time stamps has no period."""
    assert numbers.period(None, None, 0, BERLIN) == "no time stamps"


def test_span() -> None:
    """Ranges of days name the month once."""
    assert numbers.span(date(2026, 3, 2), date(2026, 3, 22)) == "2 – 22 Mar"
    assert numbers.span(date(2026, 2, 24), date(2026, 3, 8)) == "24 Feb – 8 Mar"
    assert numbers.span(date(2026, 3, 2), date(2026, 3, 2)) == "2 Mar"


def test_zone() -> None:
    """Zones are IANA names or offsets; what is neither is an error, paths included."""
    assert numbers.zone("+02:00").utcoffset(None).total_seconds() == 7200  # type: ignore[union-attr]
    for name in ("Mars/Olympus", "../etc/passwd", "", "Europe"):
        with pytest.raises(ValueError, match="no such time zone"):
            numbers.zone(name)


@given(st.one_of(st.floats(), st.integers(), st.none(), st.decimals(), st.booleans(), st.text()))
def test_no_value_raises(value: object) -> None:
    """Every writer takes everything."""
    for write in (numbers.count, numbers.number, numbers.share, numbers.duration, numbers.size, numbers.memory,
                  numbers.chance, numbers.plain_seconds):  # fmt: skip
        assert write(value)
