"""The first stamp of a source, and the order of sources by it.

The rule of the order, which every source takes part in:

1. A source stands where its first readable stamp stands. Stamps with a zone count in UTC, others as their wall clock
   (between files of one log that is the same to within hours, less than a rotation).
2. A stamp without a year gets the latest year in which it is not later than one day after the *bound*, the earliest
   of: the modification time, the time of the original in a gzip header (it survives a copy), the date in a dated name.
   Streams, which have none of these, take the present.
3. Modification times that are all alike tell nothing about the year (a copy, ``git clone``). So a numbered file that
   would come out later than the next younger file of its log by name goes back a year where (a) the bounds of the two
   lie within an hour of each other and (b) that brings the two nearer. Distinct times win over names.
4. Equal times: by name (older rotation first), then in the order given.
5. A source without any stamp stands at its bound.

Known weak points: a log that holds more than a year in one file, without years, is placed by the last possible year
of its first line; months in other languages than English are no stamps.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from logtune.sources.model import Source
from logtune.sources.names import Name, parse_name

ANY_YEAR = 1972
"""Stand-in for a missing year: a leap year, so that 29 February exists."""

SLACK = timedelta(days=1)  # the bound is UTC, the stamp may be any zone's wall clock
ALIKE = timedelta(hours=1)  # a copy of a whole set takes less; the shortest usual rotation takes more
EARLIEST = datetime(1998, 1, 1)  # Postfix's first release; earlier times of a file are defaults such as 1970 or 1980

_MONTHS = {m: i for i, m in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_STAMP = re.compile(
    rb"""(?:<\d{1,3}>(?:1[ ])?)?                    # <22> of a raw syslog record, version 1 of RFC 5424
    (?:[\w.-]+[ ]+\|[ ])?                      # docker compose: container name
    (?:
      (?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d+))?
      (?P<zone>Z|[+-]\d\d:?\d\d)?              # 2026-03-02T06:12:00.123456+02:00
    |
      (?:(?P<year0>\d{4})[ ])?
      (?P<name>[A-Za-z]{3})[ ]+(?P<day3>\d\d?)[ ]
      (?:(?P<year3>\d{4})[ ])?(?P<time3>\d\d:\d\d:\d\d)(?:\.(?P<fraction3>\d+))?(?:[ ](?P<year4>\d{4})\b)?
    )""",
    re.X,
)


class Stamp(NamedTuple):
    """*time* is naive: UTC where *has_zone*, else wall clock; in ``ANY_YEAR`` unless *has_year*."""

    time: datetime
    has_year: bool
    has_zone: bool


def first_stamp(line: bytes) -> Stamp | None:
    """Time stamp at the beginning of *line*: RFC 3339 or RFC 3164 (with or without a year); None if there is none."""
    text = line.lstrip(b"\0").removeprefix(b"\xef\xbb\xbf")  # a log truncated while open begins with NULs
    found = _STAMP.match(text)
    if found is None:
        return None
    try:
        return _rfc3339(found) if found["year"] else _rfc3164(found)
    except (ValueError, OverflowError):  # 31 February, hour 25, a zone of 99 hours
        return None


def _rfc3339(found: re.Match[bytes]) -> Stamp:
    day = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
    return Stamp(day + _clock(found["time"], found["fraction"]) - _offset(found["zone"]), True, bool(found["zone"]))


def _rfc3164(found: re.Match[bytes]) -> Stamp | None:
    month = _MONTHS.get(found["name"].lower())
    if month is None:
        return None
    year = found["year0"] or found["year3"] or found["year4"]
    day = datetime(int(year or ANY_YEAR), month, int(found["day3"]))
    return Stamp(day + _clock(found["time3"], found["fraction3"]), year is not None, False)


def _clock(text: bytes, fraction: bytes | None) -> timedelta:
    hours, minutes, seconds = map(int, text.split(b":"))
    datetime(ANY_YEAR, 1, 1, hours, minutes, min(seconds, 59))  # raises for 25:00:00; 60 is a leap second
    micro = int((fraction or b"0")[:6].ljust(6, b"0"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micro)


def _offset(zone: bytes | None) -> timedelta:
    if zone is None or zone == b"Z":
        return timedelta()
    digits = zone[1:].replace(b":", b"")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -ahead if zone[:1] == b"-" else ahead


def latest_year(stamp: datetime, bound: datetime) -> datetime:
    """*stamp* in the latest year in which it exists and is not later than *bound*; as it is if there is none."""
    for year in range(bound.year, max(bound.year - 9, 0), -1):  # 29 February may be 8 years away
        try:
            dated = stamp.replace(year=year)
        except ValueError:
            continue
        if dated <= bound:
            return dated
    return stamp


def order(sources: Iterable[Source], year: int | None = None, now: datetime | None = None) -> list[Source]:
    """*sources* in rank order, each with its rank and, where the first stamp lacked it, its year (see above).

    *year* is the last year that stamps without one may lie in. *now* (UTC, naive) is for tests.
    """
    present = now or datetime.now(UTC).replace(tzinfo=None)
    listed = list(sources)
    bounds = [_bound(s, year, present) for s in listed]
    for source, (bound, evidence) in zip(listed, bounds, strict=True):
        source.until = _seconds(bound)
        _give_year(source, bound + SLACK, evidence)
    limits = [bound for bound, _ in bounds]
    for numbered in _numbered_sets(listed):
        _chain(listed, limits, numbered)
    keys = [(s.first or limits[i], *_name_key(_name(s)), i) for i, s in enumerate(listed)]
    ranked = [listed[key[-1]] for key in sorted(keys)]
    for rank, source in enumerate(ranked):
        source.rank = rank
    return ranked


def _give_year(source: Source, bound: datetime, evidence: str) -> None:
    if source.first is not None:
        source.year_from = "stamp" if source.first_has_year else evidence
    if source.first is not None and not source.first_has_year:
        source.first = latest_year(source.first, bound)


def _bound(source: Source, year: int | None, now: datetime) -> tuple[datetime, str]:
    """Latest time that a line of *source* may have, but for the slack of its zone, and where that comes from."""
    evidence = [(now, "now")] if source.mtime is None else []
    for seconds, where in ((source.packed_at, "gzip header"), (source.mtime, "mtime")):
        moment = _utc(seconds)
        if moment is not None and moment >= EARLIEST:
            evidence.append((moment, where))
    date = _name(source).date
    if date is not None:
        evidence.append((date + timedelta(days=1), "name"))  # rotated on that day, or named after it
    if year is not None:
        evidence.append((datetime(year, 12, 31, 23, 59, 59) - SLACK, "year"))
    return min(evidence, default=(now, "now"))


def _utc(seconds: float | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):  # file systems can hold years beyond 9999
        return None


def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()


def _name(source: Source) -> Name:
    return parse_name(os.path.basename(source.path or source.name))


def _name_key(name: Name) -> tuple[str, bool, datetime, int]:
    return name.base, name.live, name.date or datetime.min, -(name.number or 0)


def _numbered_sets(sources: Sequence[Source]) -> list[list[int]]:
    """Indices of the numbered and live files with yearless stamps of each log, youngest first by name."""
    sets: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for i, source in enumerate(sources):
        name = _name(source)
        if source.first is None or source.path is None or name.date is not None:
            continue
        age = -1 if name.number is None else name.number
        sets.setdefault((os.path.dirname(os.path.abspath(source.path)), name.base), []).append((age, i))
    return [[i for _, i in sorted(members)] for members in sets.values()]


def _chain(sources: Sequence[Source], bounds: Sequence[datetime], youngest_first: Sequence[int]) -> None:
    for younger, older in itertools.pairwise(youngest_first):
        ceiling, first = sources[younger].first, sources[older].first
        if ceiling is None or first is None or sources[older].first_has_year or first <= ceiling:
            continue
        moved = latest_year(first, ceiling)
        alike = abs(bounds[younger] - bounds[older]) < ALIKE
        if alike and ceiling - moved < first - ceiling:
            sources[older].first, sources[older].year_from = moved, "rotation"
            sources[older].until = _seconds(ceiling)
