"""Years and zones for stamps that lack them, in line order, vectorised.

A core leaves three kinds of time in ``ts`` and says which in ``stamp`` (see ``schema.PARSED_ONLY``):
0 UTC, 1 wall clock of an unknown zone, 2 wall clock without a year, put into the leap year 1972.

Blocks are taken one after another. The year of a source's last line is ``--year`` where given (then it is the year of
the first line of all), else the latest year in which that line is not after the file's modification time; earlier
lines follow by walking back over roll-overs. Until the last line is known, the year of the first is taken to be the
latest in which that one is not after the file's date; where this turns out wrong (``Clock.mistaken``), the source's
blocks are taken again. The zone is ``--tz`` or the machine's. Both are assumptions, and ``Clock.notes`` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema

LEAP_YEAR = 1972
DAY = 86_400_000_000
LEAP_DAY = (2 * 365 + 59) * DAY
"""29 February 1972."""
HALF_YEAR = 183 * DAY
"""A step back of more than half a year is a roll-over; a smaller one is time running backwards."""
ALMOST_A_YEAR = 330 * DAY
"""A step forward of nearly a year is a late line of the old year just after a roll-over."""
SLACK = timedelta(days=1)
"""A file may be stamped a little before its last line (clocks, copies)."""
QUARTER = 900_000_000
"""All zone offsets since 1972 change on quarter hours (tz database), so one look-up a quarter is enough."""

QUARTERS_MOST = 2 * 96
"""A block of a busy log has fewer: then all of them are looked at, of a longer time only those that have lines."""

Times = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass
class _Doubled:
    """Where lines stand in an hour that occurs twice, from block to block."""

    inside: bool = False
    latest: int = 0
    stepped_back: bool = False


@dataclass
class _Course:
    """What is known of a source's time while its blocks are taken."""

    rank: int
    before: int | None = None
    """Last known time."""
    doubled: _Doubled = field(default_factory=_Doubled)
    backwards: int = 0
    no_stamp: int = 0
    year: int | None = None
    """Year of the first line without one; None as long as there was none."""
    start: int = 0
    wall: int = 0
    """Wall clock of the first and the last line without a year, in 1972."""
    rolled: int = 0
    most_rolled: int = 0
    leap_days: set[int] = field(default_factory=set)
    """Roll-overs before each 29 February."""


@dataclass
class Clock:
    """Turns the stamps of all tables into UTC; ``until`` gives the latest time of a source by rank.

    Feed blocks to ``take`` in order, then ``finish``. Afterwards ``mistaken`` holds the sources whose year was taken
    wrongly: call ``again`` for each and take its blocks once more.

    ``notes`` tells the years assumed; ``backwards`` counts lines whose time is earlier than that of the line before in
    the same source, ``no_stamp`` those whose stamp cannot be read or cannot exist.
    """

    zone: ZoneInfo
    year: int | None = None
    until: Callable[[int], float | None] = lambda rank: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    years: dict[int, tuple[int, int]] = field(default_factory=dict)
    zone_used: bool = False
    mistaken: dict[int, int] = field(default_factory=dict)
    """Rank of a source to the year of its first line, where another one was taken."""
    _done: dict[int, _Course] = field(default_factory=dict)
    _course: _Course | None = None
    _before_guess: dict[int, _Course] = field(default_factory=dict)
    _ended: tuple[int, int] | None = None
    _kept: dict[int, _Course] = field(default_factory=dict)

    @property
    def backwards(self) -> int:
        """Lines whose time is earlier than that of the line before in the same source."""
        return sum(course.backwards for course in self._courses())

    @property
    def no_stamp(self) -> int:
        """Lines without a time."""
        return sum(course.no_stamp for course in self._courses())

    def guessed(self, rank: int) -> bool:
        """Whether a year was taken for lines of a source so far that may turn out wrong."""
        return rank in self._before_guess

    def take(self, batches: Mapping[str, pa.RecordBatch | pa.Table]) -> dict[str, pa.Array]:
        """Times in UTC of the rows of *batches* by table; null where a stamp cannot exist.

        Reads the columns position, ts and stamp. Raises ``KeyError`` where one is missing.
        """
        lengths = [batch.num_rows for batch in batches.values()]
        position = _joined(batches, "position")
        ts, known = _times(batches)
        stamp = _joined(batches, "stamp", fill=-1)
        order = _order(position)
        whole = self._take_ordered(position[order], ts[order], stamp[order], known[order])
        fixed, valid = np.empty_like(ts), np.empty_like(known)
        fixed[order], valid[order] = whole
        ends = np.cumsum([0, *lengths])
        return {
            name: _column(fixed[a:b], valid[a:b]) for name, (a, b) in zip(batches, pairwise(ends.tolist()), strict=True)
        }

    def finish(self) -> None:
        """The last line was taken."""
        if self._course is not None:
            self._close(self._course)
        self._course = None

    def again(self, rank: int) -> None:
        """Forget the lines of a source in ``mistaken`` from the first without a year on: they are taken once more."""
        course = self._before_guess.pop(rank)
        course.year = self.mistaken.pop(rank)
        self._done.pop(rank)
        self._course = course

    def resolve(self, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
        """Whole *tables* with ``ts`` in UTC and without ``stamp``."""
        times = self.take(tables)
        self.finish()
        for rank in list(self.mistaken):
            self.again(rank)
            own = {
                n: pc.equal(pc.shift_right(t.column("position"), schema.SOURCE_SHIFT), rank) for n, t in tables.items()
            }
            again = self.take({n: t.filter(own[n]) for n, t in tables.items()})
            times = {n: pc.replace_with_mask(times[n], pa.array(np.asarray(own[n])), again[n]) for n in tables}
            self.finish()
        return {
            name: table.set_column(table.column_names.index("ts"), "ts", times[name]).drop_columns(["stamp"])
            for name, table in tables.items()
        }

    def keep(self, rank: int) -> dict[str, Any]:
        """What later lines of a source need to know of it, as JSON holds it; ``go_on`` takes it. Version 1."""
        course = self._course if self._course is not None and self._course.rank == rank else self._done.get(rank)
        return {} if course is None else {**asdict(course), "leap_days": sorted(course.leap_days), "backwards": 0,
                                          "no_stamp": 0}  # fmt: skip

    def go_on(self, kept: Mapping[str, Any]) -> None:
        """Lines of a source that was read before are to come: its year and its doubled hour go on."""
        fields = {**kept, "doubled": _Doubled(**kept["doubled"]), "leap_days": set(kept["leap_days"])}
        self._kept[kept["rank"]] = _Course(**fields)

    @property
    def ended(self) -> tuple[int, int] | None:
        """With ``--year``: year and wall clock of the last line, where the next source goes on."""
        return self._ended

    @ended.setter
    def ended(self, value: tuple[int, int] | None) -> None:
        self._ended = value

    def _courses(self) -> list[_Course]:
        return [*self._done.values(), *([self._course] if self._course else [])]

    def _take_ordered(self, position: Times, ts: Times, stamp: Times, known: Bools) -> tuple[Times, Bools]:
        for rank, begin, end in _of_sources(position):
            piece = slice(begin, end)
            self._take_source(self._of_rank(rank), ts[piece], stamp[piece], known[piece])
        return ts, known

    def _of_rank(self, rank: int) -> _Course:
        if self._course is None or self._course.rank != rank:
            self.finish()
            self._course = self._kept.pop(rank, None) or _Course(rank)
        return self._course

    def _take_source(self, course: _Course, ts: Times, stamp: Times, known: Bools) -> None:
        yearless = _chosen((stamp == 2) & known)
        if yearless is not None:
            self._give_years(course, ts, known, yearless)
        zoneless = _chosen((stamp >= 1) & known)
        if zoneless is not None:
            self.zone_used = True
            ts[zoneless] = to_utc(ts[zoneless], self.zone, course.doubled)
        course.no_stamp += len(known) - int(np.count_nonzero(known))
        seen = ts if known.all() else ts[known]
        if len(seen):
            before = seen[0] if course.before is None else course.before
            course.backwards += int(seen[0] < before) + int(np.count_nonzero(seen[1:] < seen[:-1]))
            course.before = int(seen[-1])

    def _give_years(self, course: _Course, ts: Times, known: Bools, yearless: slice | Times) -> None:
        wall = ts[yearless]
        if course.year is None:
            course.start = course.wall = int(wall[0])
            course.year = self._year_of_first(course)
        if _are_of_one_year(wall, course.wall):
            moved, exists = _in_years(wall[:1], np.array([course.year + course.rolled]))
            course.wall = int(wall[-1])
            ts[yearless] += moved - wall[:1]
            return
        step = np.diff(wall, prepend=course.wall)
        rolled = course.rolled + np.cumsum((step < -HALF_YEAR).astype(int) - (step > ALMOST_A_YEAR).astype(int))
        moved, exists = _in_years(wall, course.year + rolled)
        course.leap_days.update(_distinct(rolled[(wall >= LEAP_DAY) & (wall < LEAP_DAY + DAY)]))
        course.wall, course.rolled = int(wall[-1]), int(rolled[-1])
        course.most_rolled = max(course.most_rolled, int(rolled.max()))
        ts[yearless] = moved
        known[yearless] &= exists

    def _year_of_first(self, course: _Course) -> int:
        if self.year is not None:
            return self._chained(course.start)
        self._before_guess[course.rank] = deepcopy(course)
        return self._latest_year(course.rank, course.start)

    def _close(self, course: _Course) -> None:
        """All lines of a source were taken."""
        self._done[course.rank] = course
        if course.year is None:
            return
        first = course.year
        if self.year is not None:
            self._ended = (course.year + course.rolled, course.wall)
        elif course.rank in self._before_guess:
            first = self._first_year(course)
            if first != course.year:
                self.mistaken[course.rank] = first
        self.years[course.rank] = (first, first + course.most_rolled)

    def _latest_year(self, rank: int, wall: int) -> int:
        """The latest year in which *wall* is not after the date of a source."""
        stamped = self.until(rank)
        limit = (datetime.fromtimestamp(stamped, UTC) if stamped is not None else self.now()) + SLACK
        bound = np.datetime64(limit.astimezone(self.zone).replace(tzinfo=None), "us").astype(np.int64)
        year = limit.year
        while _in_years(np.array([wall]), np.array([year]))[0][0] > bound:
            year -= 1
        return year

    def _first_year(self, course: _Course) -> int:
        """Year of the first line of a source, from its last line."""
        year = self._latest_year(course.rank, course.wall) - course.rolled
        # A 29 February in the log proves a leap year: walk back to the latest year that has it (at most 8 years).
        for back in range(9):
            if all(_is_leap(year - back + rolled) for rolled in course.leap_days):
                return year - back
        return year

    def _chained(self, first: int) -> int:
        """With ``--year`` sources follow each other: each begins in the year where the last one ended, or the next."""
        assert self.year is not None
        if self._ended is None:
            return self.year
        year, wall = self._ended
        return year + (first - wall < -HALF_YEAR) - (first - wall > ALMOST_A_YEAR)

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


def to_utc(wall: Times, zone: ZoneInfo, doubled: _Doubled | None = None) -> Times:
    """Wall clock microseconds of *zone*, in line order, as UTC microseconds.

    An hour that occurs twice is taken as its first occurrence until time steps back inside it, then as its second;
    *doubled* carries that over from the lines before, and to those that follow.
    """
    offsets = _offsets_between(int(wall.min()), int(wall.max()), zone)
    if len(offsets) == 1:
        if doubled is not None:
            doubled.inside = False
        return wall - offsets.pop()
    quarter = wall // QUARTER
    ends = np.flatnonzero(np.r_[quarter[1:] != quarter[:-1], True])
    runs = np.diff(np.r_[0, ends + 1])
    distinct, inverse = np.unique(quarter[ends], return_inverse=True)
    early = np.array([_offset(int(q), zone, 0) for q in distinct], dtype=np.int64)
    late = np.array([_offset(int(q), zone, 1) for q in distinct], dtype=np.int64)
    offset = np.repeat(early[inverse], runs)
    if (early > late).any():
        second = np.repeat(late[inverse], runs)
        twice = offset > second
        offset = np.where(twice & _after_step_back(wall, twice, doubled or _Doubled()), second, offset)
    elif doubled is not None:
        doubled.inside = False
    return wall - offset


def _after_step_back(wall: Times, twice: Bools, doubled: _Doubled) -> Bools:
    """Which lines of a doubled hour come after a step back of more than half an hour in it."""
    later = np.zeros(len(wall), dtype=np.bool_)
    begins = np.flatnonzero(twice & ~np.r_[False, twice[:-1]])
    ends = np.flatnonzero(twice & ~np.r_[twice[1:], False]) + 1
    for begin, end in zip(begins, ends, strict=True):
        piece = wall[begin:end]
        if begin or not doubled.inside:
            doubled.latest, doubled.stepped_back = int(piece[0]), False
        latest = np.maximum(np.maximum.accumulate(piece), doubled.latest)
        back = np.flatnonzero(latest - piece > 2 * QUARTER)
        if doubled.stepped_back or len(back):
            later[begin + (0 if doubled.stepped_back else back[0]) : end] = True
            doubled.stepped_back = True
        doubled.latest = int(latest[-1])
    doubled.inside = bool(twice[-1])
    return later


def _offsets_between(first: int, last: int, zone: ZoneInfo) -> set[int]:
    """The distinct offsets of *zone* from *first* to *last*; none where that is long."""
    quarters = range(first // QUARTER, last // QUARTER + 1)
    return {_offset(q, zone, fold) for q in quarters for fold in (0, 1)} if len(quarters) <= QUARTERS_MOST else set()


@lru_cache(maxsize=4 * QUARTERS_MOST)
def _offset(quarter: int, zone: ZoneInfo, fold: int) -> int:
    moment = datetime(1970, 1, 1) + timedelta(microseconds=quarter * QUARTER)
    offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
    return int(offset / timedelta(microseconds=1)) if offset is not None else 0


def _start(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "us").astype(np.int64))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _are_of_one_year(wall: Times, before: int) -> bool:
    """Whether no roll-over can be among *wall* and the line *before* them, and all are on one side of 29 February."""
    first, last = int(wall.min()), int(wall.max())
    return max(before, last) - min(before, first) <= HALF_YEAR and (last < LEAP_DAY or first >= LEAP_DAY + DAY)


def _in_years(wall: Times, years: Times) -> tuple[Times, Bools]:
    """*wall* of the leap year 1972 moved to *years*, and which of them exist there (29 February does not always)."""
    moved, exists = np.empty_like(wall), np.ones(len(wall), dtype=np.bool_)
    distinct = _distinct(years)
    for year in distinct:
        here = slice(None) if len(distinct) == 1 else years == year
        since = wall[here] - _start(LEAP_YEAR)
        start = _start(year)
        if _is_leap(year):
            moved[here] = since + start
        else:
            exists[here] = (since < 59 * DAY) | (since >= 60 * DAY)
            moved[here] = since + np.where(since >= 59 * DAY, start - DAY, start)
    return moved, exists


def _distinct(numbers: Times) -> list[int]:
    """The distinct values of *numbers*, which hardly change from one to the next (``np.unique`` looks at all alike)."""
    changes = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    return sorted(set(numbers[:1].tolist()) | set(numbers[changes].tolist()))


def _column(times: Times, known: Bools) -> pa.Array:
    """*times* as a column, null where they are not *known*. (``pa.array`` would copy, and import ``numpy.ma``.)"""
    validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(schema.TIME, len(times), [validity, pa.py_buffer(times)])


def _order(position: Times) -> Times:
    """The rows by *position*, of which none are equal."""
    rows = len(position)
    bits = rows.bit_length()
    first = int(position.min()) if rows else 0
    if rows == 0 or int(position.max()) - first >= 1 << 62 - bits:
        return np.argsort(position, kind="stable")
    # numpy sorts numbers twice as fast as what they stand for, so each brings its row along
    return np.sort((position - first) << bits | np.arange(rows)) & ((1 << bits) - 1)


def _of_sources(position: Times) -> Iterator[tuple[int, int, int]]:
    """(rank, begin, end) of the rows of each source; a block has those of one."""
    begin, rows = 0, len(position)
    while begin < rows:
        rank = int(position[begin]) >> schema.SOURCE_SHIFT
        last = (rank << schema.SOURCE_SHIFT) + (1 << schema.SOURCE_SHIFT) - 1
        end = int(np.searchsorted(position, last, "right"))
        yield rank, begin, end
        begin = end


def _chosen(rows: Bools) -> slice | Times | None:
    """What chooses *rows*: mostly all of them or none."""
    if rows.all():
        return slice(None) if len(rows) else None
    found = np.flatnonzero(rows)
    return found if len(found) else None


def _joined(batches: Mapping[str, pa.RecordBatch | pa.Table], column: str, fill: int | None = None) -> Times:
    parts = [_numbers(batch.column(column), fill) for batch in batches.values()]
    return np.concatenate(parts) if parts else np.array([], dtype=np.int64)


def _numbers(column: pa.Array | pa.ChunkedArray, fill: int | None) -> Times:
    return np.asarray(column if fill is None or not column.null_count else pc.fill_null(column, fill))


def _times(batches: Mapping[str, pa.RecordBatch | pa.Table]) -> tuple[Times, Bools]:
    columns = [batch.column("ts") for batch in batches.values()]
    values = [_numbers(c.cast(pa.int64()), 0) for c in columns]
    known = [
        np.asarray(c.is_valid(), dtype=np.bool_) if c.null_count else np.ones(len(c), dtype=np.bool_) for c in columns
    ]
    if not columns:
        return np.array([], dtype=np.int64), np.array([], dtype=np.bool_)
    return np.concatenate(values), np.concatenate(known)


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
