"""Years and zones for stamps that lack them, in line order, vectorised.

A core leaves three kinds of time in ``ts`` and says which in ``stamp`` (see ``schema.PARSED_ONLY``):
0 UTC, 1 wall clock of an unknown zone, 2 wall clock without a year, put into the leap year 1972.

The year of a source's last line is ``--year`` where given (then it is the year of the first line of all), else the
latest year in which that line is not after the file's modification time; earlier lines follow by walking
back over roll-overs. The zone is ``--tz`` or the machine's. Both are assumptions, and ``Clock.notes`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema

LEAP_YEAR = 1972
DAY = 86_400_000_000
HALF_YEAR = 183 * DAY
"""A step back of more than half a year is a roll-over; a smaller one is time running backwards."""
ALMOST_A_YEAR = 330 * DAY
"""A step forward of nearly a year is a late line of the old year just after a roll-over."""
SLACK = timedelta(days=1)
"""A file may be stamped a little before its last line (clocks, copies)."""
QUARTER = 900_000_000
"""All zone offsets since 1972 change on quarter hours (tz database), so one look-up a quarter is enough."""

Times = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class Clock:
    """Turns the stamps of all tables into UTC; ``until`` gives the latest time of a source by rank.

    ``notes`` afterwards holds the years assumed (by source rank) and whether a zone was assumed;
    ``backwards`` counts lines whose time is earlier than that of the line before in the same source.
    """

    zone: ZoneInfo
    year: int | None = None
    until: Callable[[int], float | None] = lambda rank: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    years: dict[int, tuple[int, int]] = field(default_factory=dict)
    zone_used: bool = False
    backwards: int = 0
    no_stamp: int = 0
    _ended: tuple[int, int] | None = None

    def resolve(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Tables with ``ts`` in UTC and without ``stamp``. Stamps that cannot exist become null and are counted."""
        lengths = [t.num_rows for t in tables.values()]
        position = _joined(tables, "position")
        ts, known = _times(tables)
        stamp = _joined(tables, "stamp", fill=-1)
        order = np.argsort(position, kind="stable")
        whole = self._resolve_ordered(position[order], ts[order], stamp[order], known[order])
        fixed, valid = np.empty_like(ts), np.empty_like(known)
        fixed[order], valid[order] = whole
        self.no_stamp = int(np.count_nonzero(~valid))
        pieces = np.split(fixed, np.cumsum(lengths)[:-1]), np.split(valid, np.cumsum(lengths)[:-1])
        return {
            name: _with_time(table, values, ok)
            for (name, table), values, ok in zip(tables.items(), pieces[0], pieces[1], strict=True)
        }

    def _resolve_ordered(self, position: Times, ts: Times, stamp: Times, known: Bools) -> tuple[Times, Bools]:
        rank = position >> schema.SOURCE_SHIFT
        borders = np.flatnonzero(np.r_[True, rank[1:] != rank[:-1], True]) if len(rank) else rank
        for begin, end in pairwise(borders.tolist()):
            piece = slice(begin, end)
            yearless = (stamp[piece] == 2) & known[piece]
            if yearless.any():
                self._give_years(int(rank[begin]), ts[piece], known[piece], yearless)
            zoneless = (stamp[piece] >= 1) & known[piece]
            if zoneless.any():
                self.zone_used = True
                ts[piece][zoneless] = to_utc(ts[piece][zoneless], self.zone)
            seen = ts[piece][known[piece]]
            self.backwards += int(np.count_nonzero(seen[1:] < seen[:-1]))
        return ts, known

    def _give_years(self, rank: int, ts: Times, known: Bools, yearless: Bools) -> None:
        wall = ts[yearless]
        step = np.diff(wall)
        rolled = np.r_[0, np.cumsum((step < -HALF_YEAR).astype(int) - (step > ALMOST_A_YEAR).astype(int))]
        first = self._first_year(rank, int(wall[-1]), int(rolled[-1]), wall, rolled)
        moved, exists = _in_years(wall, first + rolled)
        ts[yearless] = moved
        known[np.flatnonzero(yearless)[~exists]] = False
        self.years[rank] = (first, first + int(rolled.max()))

    def _first_year(self, rank: int, last: int, rollovers: int, wall: Times, rolled: Times) -> int:
        if self.year is not None:
            return self._chained(int(wall[0]), last, rollovers)
        stamped = self.until(rank)
        limit = (datetime.fromtimestamp(stamped, UTC) if stamped is not None else self.now()) + SLACK
        bound = np.datetime64(limit.astimezone(self.zone).replace(tzinfo=None), "us").astype(np.int64)
        year = limit.year
        while _in_years(np.array([last]), np.array([year]))[0][0] > bound:
            year -= 1
        leap_days = rolled[(wall >= _start(LEAP_YEAR) + 59 * DAY) & (wall < _start(LEAP_YEAR) + 60 * DAY)]
        # A 29 February in the log proves a leap year: walk back to the latest year that has it (at most 8 years).
        for back in range(9):
            if all(_is_leap(year - back - rollovers + int(r)) for r in np.unique(leap_days)):
                return year - back - rollovers
        return year - rollovers

    def _chained(self, first: int, last: int, rollovers: int) -> int:
        """With ``--year`` sources follow each other: each begins in the year where the last one ended, or the next."""
        assert self.year is not None
        year = self.year
        if self._ended is not None:
            year = self._ended[0] + (first - self._ended[1] < -HALF_YEAR) - (first - self._ended[1] > ALMOST_A_YEAR)
        self._ended = (year + rollovers, last)
        return year

    def notes(self) -> str | None:
        """The years assumed, in words, or None where nothing was assumed: stamps with years, or ``--year``."""
        if not self.years or self.year is not None:
            return None
        first, last = min(a for a, _ in self.years.values()), max(b for _, b in self.years.values())
        years = str(first) if first == last else f"{first} to {last}"
        return f"{years} (file dates)"


def machine_zone() -> str:
    """IANA name of this machine's zone; UTC where it cannot be told."""
    import tzlocal

    try:
        name = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except (LookupError, OSError, ValueError):
        return "UTC"
    return str(name)


def to_utc(wall: Times, zone: ZoneInfo) -> Times:
    """Wall clock microseconds of *zone*, in line order, as UTC microseconds.

    An hour that occurs twice is taken as its first occurrence until time steps back inside it, then as its second.
    """
    quarter = wall // QUARTER
    ends = np.flatnonzero(np.r_[quarter[1:] != quarter[:-1], True])
    runs = np.diff(np.r_[0, ends + 1])
    distinct, inverse = np.unique(quarter[ends], return_inverse=True)
    early = np.array([_offset(int(q), zone, 0) for q in distinct], dtype=np.int64)
    late = np.array([_offset(int(q), zone, 1) for q in distinct], dtype=np.int64)
    offset = np.repeat(early[inverse], runs)
    if (early != late).any():
        second = np.repeat(late[inverse], runs)
        twice = offset > second
        offset = np.where(twice & _after_step_back(wall, twice), second, offset)
    return wall - offset


def _after_step_back(wall: Times, twice: Bools) -> Bools:
    """Which lines of a doubled hour come after a step back of more than half an hour in it."""
    later = np.zeros(len(wall), dtype=np.bool_)
    begins = np.flatnonzero(twice & ~np.r_[False, twice[:-1]])
    ends = np.flatnonzero(twice & ~np.r_[twice[1:], False]) + 1
    for begin, end in zip(begins, ends, strict=True):
        piece = wall[begin:end]
        back = np.flatnonzero(np.maximum.accumulate(piece) - piece > 2 * QUARTER)
        if len(back):
            later[begin + back[0] : end] = True
    return later


def _offset(quarter: int, zone: ZoneInfo, fold: int) -> int:
    moment = datetime(1970, 1, 1) + timedelta(microseconds=quarter * QUARTER)
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return int(offset / timedelta(microseconds=1)) if offset is not None else 0


def _start(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "us").astype(np.int64))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _in_years(wall: Times, years: Times) -> tuple[Times, Bools]:
    """*wall* of the leap year 1972 moved to *years*, and which of them exist there (29 February does not always)."""
    since = wall - _start(LEAP_YEAR)
    moved, exists = np.empty_like(wall), np.ones(len(wall), dtype=np.bool_)
    for year in np.unique(years):
        here = years == year
        day = since[here] // DAY
        leap = _is_leap(int(year))
        exists[here] = leap | (day != 59)
        moved[here] = since[here] + _start(int(year)) - (0 if leap else np.where(day >= 59, DAY, 0))
    return moved, exists


def _joined(tables: Mapping[str, pa.Table], column: str, fill: int | None = None) -> Times:
    parts = [_numbers(t.column(column), fill) for t in tables.values()]
    return np.concatenate(parts) if parts else np.array([], dtype=np.int64)


def _numbers(column: pa.ChunkedArray, fill: int | None) -> Times:
    filled = column if fill is None else pc.fill_null(column, fill)
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def _times(tables: Mapping[str, pa.Table]) -> tuple[Times, Bools]:
    columns = [t.column("ts") for t in tables.values()]
    values = [_numbers(pc.fill_null(c.cast(pa.int64()), 0), None) for c in columns]
    known = [np.asarray(c.is_valid().to_numpy(), dtype=np.bool_) for c in columns]
    if not columns:
        return np.array([], dtype=np.int64), np.array([], dtype=np.bool_)
    return np.concatenate(values), np.concatenate(known)


def _with_time(table: pa.Table, values: Times, known: Bools) -> pa.Table:
    ts = pa.array(values, mask=~known).cast(schema.TIME)
    return table.set_column(table.column_names.index("ts"), "ts", ts).drop_columns(["stamp"])


def local_days(first: datetime, last: datetime, zone: ZoneInfo) -> Sequence[tuple[str, datetime, datetime]]:
    """Every local day from *first* to *last* (UTC, naive) as (ISO date, begin, end) with UTC borders, end exclusive."""
    day = first.replace(tzinfo=UTC).astimezone(zone).date()
    end = last.replace(tzinfo=UTC).astimezone(zone).date()
    days = []
    while day <= end:
        borders = [
            datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
            for d in (day, day + timedelta(days=1))
        ]
        days.append((day.isoformat(), borders[0], borders[1]))
        day += timedelta(days=1)
    return days
