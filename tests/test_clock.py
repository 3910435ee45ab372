"""Years, zones, roll-overs and leap days of stamps that lack them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from logtune.clock import Clock, local_days

BERLIN = ZoneInfo("Europe/Berlin")


def stamped(*rows: tuple[str, int], rank: int = 0) -> dict[str, pa.Table]:
    """A table as a core gives it: (wall clock, stamp kind) in line order; yearless stamps are given in 1972."""
    times = [datetime.fromisoformat(r[0]) if r[0] else None for r in rows]
    return {
        "notices": pa.table(
            {
                "ts": pa.array(times, pa.timestamp("us")),
                "position": pa.array([(rank << 40) + 100 * i for i in range(len(rows))], pa.int64()),
                "stamp": pa.array([r[1] if r[0] else None for r in rows], pa.int8()),
            }
        )
    }


def resolved(clock: Clock, *rows: tuple[str, int]) -> list[str | None]:
    column = clock.resolve(stamped(*rows))["notices"].column("ts").to_pylist()
    return [None if t is None else t.isoformat() for t in column]


def written(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def test_a_complete_stamp_is_left_alone() -> None:
    """A stamp with year and zone does not depend on options, file dates or today."""
    clock = Clock(BERLIN, 1999, lambda rank: 0.0)
    assert resolved(clock, ("2026-03-02T06:12:00", 0)) == ["2026-03-02T06:12:00"]
    assert clock.notes() is None and not clock.zone_used


def test_the_year_is_that_of_the_files_date_and_walks_back_over_new_year() -> None:
    """The last line is not after the file's date; lines before a roll-over belong to the year before."""
    clock = Clock(ZoneInfo("UTC"), None, lambda rank: written("2026-01-05T12:00:00"))
    times = resolved(clock, ("1972-12-30T23:00:00", 2), ("1972-12-31T23:59:59", 2), ("1972-01-05T11:00:00", 2))
    assert times == ["2025-12-30T23:00:00", "2025-12-31T23:59:59", "2026-01-05T11:00:00"]
    assert clock.notes() == "2025 to 2026 (file dates)"


def test_a_line_of_the_old_year_just_after_midnight_stays_in_it() -> None:
    """Two daemons race at midnight: one late line of December does not start another year."""
    clock = Clock(ZoneInfo("UTC"), None, lambda rank: written("2026-01-02T00:00:00"))
    times = resolved(clock, ("1972-01-01T00:00:00", 2), ("1972-12-31T23:59:59", 2), ("1972-01-01T00:00:01", 2))
    assert times == ["2026-01-01T00:00:00", "2025-12-31T23:59:59", "2026-01-01T00:00:01"]
    assert clock.backwards == 1


def test_several_years_in_one_file() -> None:
    """Each roll-over is one year, however many there are."""
    clock = Clock(ZoneInfo("UTC"), None, lambda rank: written("2026-02-01T00:00:00"))
    days = ("12-01", "01-01", "06-01", "12-01", "01-31")
    times = resolved(clock, *((f"1972-{day}T00:00:00", 2) for day in days))
    assert [t and t[:10] for t in times] == ["2024-12-01", "2025-01-01", "2025-06-01", "2025-12-01", "2026-01-31"]


def test_a_leap_day_proves_its_year() -> None:
    """29 February stands only in a leap year, whatever the file's date says."""
    clock = Clock(ZoneInfo("UTC"), None, lambda rank: written("2026-11-22T00:00:00"))
    assert resolved(clock, ("1972-02-29T10:00:00", 2), ("1972-03-01T10:00:00", 2)) == [
        "2024-02-29T10:00:00",
        "2024-03-01T10:00:00",
    ]


def test_a_leap_day_that_the_given_year_lacks_is_null_and_counted() -> None:
    """--year is believed; a stamp that cannot exist in it becomes null, never another day."""
    clock = Clock(ZoneInfo("UTC"), 2025)
    assert resolved(clock, ("1972-02-28T10:00:00", 2), ("1972-02-29T10:00:00", 2)) == ["2025-02-28T10:00:00", None]
    assert clock.no_stamp == 1


def test_the_given_year_is_that_of_the_first_line() -> None:
    """--year counts on over roll-overs."""
    clock = Clock(ZoneInfo("UTC"), 2020)
    assert resolved(clock, ("1972-12-31T00:00:00", 2), ("1972-01-01T00:00:00", 2)) == [
        "2020-12-31T00:00:00",
        "2021-01-01T00:00:00",
    ]


def test_a_file_dated_just_before_its_last_line_keeps_its_year() -> None:
    """Clocks and copies differ by seconds; a day of slack keeps the log in its year."""
    clock = Clock(ZoneInfo("UTC"), None, lambda rank: written("2026-03-02T09:59:58"))
    assert resolved(clock, ("1972-03-02T10:00:00", 2)) == ["2026-03-02T10:00:00"]


def test_wall_clock_becomes_utc_by_the_zones_offset_of_that_day() -> None:
    """Winter and summer time differ within one log."""
    clock = Clock(BERLIN)
    assert resolved(clock, ("2026-03-02T12:00:00", 1), ("2026-07-02T12:00:00", 1)) == [
        "2026-03-02T11:00:00",
        "2026-07-02T10:00:00",
    ]


def test_the_doubled_hour_is_told_by_the_step_back() -> None:
    """When summer time ends, 02:30 occurs twice: the second is after the clock went back."""
    clock = Clock(BERLIN)
    times = resolved(
        clock,
        ("2026-10-25T02:10:00", 1),
        ("2026-10-25T02:50:00", 1),
        ("2026-10-25T02:05:00", 1),
        ("2026-10-25T03:05:00", 1),
    )
    assert times == ["2026-10-25T00:10:00", "2026-10-25T00:50:00", "2026-10-25T01:05:00", "2026-10-25T02:05:00"]


def test_an_unreadable_stamp_stays_null() -> None:
    """A time that cannot be read is null and counted, never 1970."""
    clock = Clock(ZoneInfo("UTC"))
    assert resolved(clock, ("", 0), ("2026-03-02T12:00:00", 0)) == [None, "2026-03-02T12:00:00"]
    assert clock.no_stamp == 1


@pytest.mark.parametrize(("first", "last", "days"), [("2026-03-28T10:00:00", "2026-03-30T10:00:00", [24, 23, 24])])
def test_local_days_know_summer_time(first: str, last: str, days: list[int]) -> None:
    """The day on which summer time begins has 23 hours."""
    found = local_days(datetime.fromisoformat(first), datetime.fromisoformat(last), BERLIN)
    assert [(end - begin).total_seconds() / 3600 for _, begin, end in found] == days


def test_a_log_without_lines_has_no_times() -> None:
    """Nothing in, nothing out."""
    assert resolved(Clock(BERLIN)) == []


def test_the_given_year_counts_on_over_the_files_of_a_rotated_set() -> None:
    """--year is that of the first file's first line; the next file begins where that one ended."""
    clock = Clock(ZoneInfo("UTC"), 2025)
    old = stamped(("1972-12-30T00:00:00", 2))["notices"]
    new = stamped(("1972-01-03T00:00:00", 2), rank=1)["notices"]
    tables = clock.resolve({"notices": pa.concat_tables([old, new])})
    assert [t.year for t in tables["notices"].column("ts").to_pylist()] == [2025, 2026]


@pytest.mark.parametrize("year", [None, 2025])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_any_way_of_cutting_blocks_gives_the_same_times(year: int | None, size: int) -> None:
    """Roll-overs, leap days, doubled hours and steps back are seen across the borders of blocks."""
    rows = [
        ("1972-10-25T02:10:00", 2),
        ("1972-10-25T02:50:00", 2),
        ("", 0),
        ("1972-10-25T02:05:00", 2),
        ("1972-10-25T02:06:00", 2),
        ("2026-10-25T02:10:00", 1),
        ("1972-12-31T23:59:59", 2),
        ("1972-01-01T00:00:01", 2),
        ("1972-12-31T23:59:58", 2),
        ("1972-02-29T10:00:00", 2),
        ("1972-07-01T10:00:00", 2),
    ]
    table = pa.concat_tables([stamped(*rows)["notices"], stamped(*rows[6:8], rank=1)["notices"]])

    def clock() -> Clock:
        return Clock(BERLIN, year, lambda rank: written("2027-12-31T00:00:00"))

    whole, cut = clock(), clock()
    expected = whole.resolve({"notices": table})["notices"].column("ts").to_pylist()
    found: list[datetime | None] = []
    blocks = [table.slice(begin, size) for begin in range(0, table.num_rows, size)]
    for block in blocks:
        found += cut.take({"notices": block})["notices"].to_pylist()
    cut.finish()
    for rank in list(cut.mistaken):
        cut.again(rank)
        for number, position in enumerate(table.column("position").to_pylist()):
            if position >> 40 == rank:
                [found[number]] = cut.take({"notices": table.slice(number, 1)})["notices"].to_pylist()
        cut.finish()
    assert found == expected
    assert (cut.backwards, cut.no_stamp, cut.years, cut.notes()) == (
        whole.backwards, whole.no_stamp, whole.years, whole.notes(),
    )  # fmt: skip
    assert (cut.no_stamp > 1) == (year is not None)
