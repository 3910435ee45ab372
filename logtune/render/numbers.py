"""How numbers and times are written for people. UTF-8 signs here; ``escape.words`` turns them into ASCII.

Counts are never rounded, shares and durations have two digits (as Postfix logs delays), sizes of mail are powers of
1000 and memory of 1024, times are in the report's zone. None and NaN are an en dash: cannot tell.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

NONE = "–"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400

# No count, size or time is near the end of what a float can hold; NaN is not below it either.
_BEYOND = 1e300

# From here on a duration is read in minutes.
_MINUTES_FROM = 2 * _MINUTE
# Up to here the hours beside the days still say something.
_HOURS_UNTIL = 4 * _DAY


def is_number(value: Any) -> bool:
    """Whether the value can be written as a number (bool is none, NaN and infinity are none)."""
    if isinstance(value, Decimal) and not value.is_finite():
        return False
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and -_BEYOND < value < _BEYOND


def _signed(text: str, negative: bool) -> str:
    return f"−{text}" if negative else text


def _digits(value: float, most: int = 3) -> str:
    """Return a number not below 0 with two digits, without padding noughts, at most ``most`` decimals."""
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    decimals = min(most, 1 - math.floor(math.log10(value)))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: Any) -> str:
    """61382 → 61,382: never rounded, never abbreviated."""
    return _signed(f"{abs(round(value)):,}", value < 0) if is_number(value) else NONE


def number(value: Any) -> str:
    """8.5 → 8.5, 0.123 → 0.12, 1234.5 → 1,234."""
    if not is_number(value):
        return NONE
    if isinstance(value, int) or value == round(value):
        return count(value)
    return _signed(_digits(abs(float(value))), value < 0)


def share(value: Any) -> str:
    """0.6294 → 63 %, 0.066 → 6.6 %; nought and all are only said where they are true."""
    if not is_number(value):
        return NONE
    percent = abs(float(value)) * 100
    if percent in (0, 100):
        text = f"{percent:.0f}"
    elif percent < 0.1:
        text = "<0.1"
    elif 99.5 <= percent < 100:
        text = f"{percent:.1f}" if percent < 99.95 else ">99.9"
    else:
        text = f"{percent:.1f}" if round(percent, 1) < 10 else f"{percent:,.0f}"
    return _signed(f"{text} %", value < 0)


def chance(value: Any) -> str:
    """0.000107 → 1 in 9,300."""
    if not is_number(value):
        return NONE
    if value <= 0:
        return "never"
    if value < 1e-6:
        return "fewer than 1 in a million"
    odds = 1 / min(1.0, float(value))
    scale = 10 ** max(0, math.floor(math.log10(odds)) - 1)
    return f"1 in {round(odds / scale) * scale:,}"


def plain_seconds(value: Any) -> str:
    """Seconds without the unit, for columns that are aligned at the point: 0.31, 12, 300."""
    return _signed(_digits(abs(float(value))), value < 0) if is_number(value) else NONE


def duration(value: Any) -> str:
    """0.31 → 0.31 s, 62 → 62 s, 1620 → 27 min, 12000 → 3 h 20 min, 13 days from 4 days on."""
    if not is_number(value):
        return NONE
    return _signed(_duration(abs(float(value))), value < 0)


def _duration(seconds: float) -> str:
    if seconds < _MINUTES_FROM:
        return f"{_digits(seconds)} s"
    minutes = round(seconds / _MINUTE)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _two(minutes // 60, "h", minutes % 60, "min")
    if seconds < 2 * _DAY:
        return f"{round(seconds / _HOUR)} h"
    hours = round(seconds / _HOUR)
    if seconds < _HOURS_UNTIL:
        return _two(hours // 24, "days", hours % 24, "h")
    return f"{round(seconds / _DAY):,} days"


def _two(big: int, unit: str, small: int, small_unit: str) -> str:
    return f"{big} {unit} {small} {small_unit}" if small else f"{big} {unit}"


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    step = 0
    while step < len(units) - 1 and round(value, 1 if value < 10 else 0) >= base:
        value /= base
        step += 1
    return f"{_digits(value, 1)} {units[step]}"


def size(value: Any) -> str:
    """Bytes of mail or files: 48213 → 48 kB (powers of 1000)."""
    if not is_number(value):
        return NONE
    return _signed(_scaled(abs(float(value)), 1000, ("bytes", "kB", "MB", "GB", "TB", "PB")), value < 0)


def memory(value: Any) -> str:
    """Bytes of memory: 840 MiB (powers of 1024)."""
    if not is_number(value):
        return NONE
    return _signed(_scaled(abs(float(value)), 1024, ("bytes", "KiB", "MiB", "GiB", "TiB")), value < 0)


def zone(name: str) -> tzinfo:
    """Return the zone of that name (IANA name, ``UTC`` or ``+02:00``). Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # not found, a folder, a path
        pass
    try:
        return timezone(datetime.strptime(name, "%z").utcoffset() or timedelta())
    except ValueError:
        raise ValueError(f"no such time zone: {name!r}") from None


def local(value: datetime, tz: tzinfo) -> datetime:
    """Return a time of the tables (UTC, without a zone) in the report's zone."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return aware.astimezone(tz)
    except (OverflowError, OSError):  # the first and last day of the calendar
        return aware


def day(value: date) -> str:
    """10 Mar."""
    return f"{value.day} {_MONTHS[value.month - 1]}"


def weekday(value: date) -> str:
    """Tue 10 Mar."""
    return f"{_DAYS[value.weekday()]} {day(value)}"


def time(value: Any, tz: tzinfo) -> str:
    """Tue 10 Mar 09:04, in the report's zone; a date without its hour."""
    if isinstance(value, datetime):
        there = local(value, tz)
        return f"{weekday(there)} {there:%H:%M}"
    return weekday(value) if isinstance(value, date) else NONE


def days(number_of_days: int) -> str:
    """21 days, 1 day."""
    return f"{number_of_days:,} day{'' if number_of_days == 1 else 's'}"


def period(first: datetime | None, last: datetime | None, number_of_days: int, tz: tzinfo) -> str:
    """Mon 2 – Sun 22 Mar 2026, 21 days: what need not be said twice is not."""
    if first is None or last is None:
        return "no time stamps"
    a, b = local(first, tz).date(), local(last, tz).date()
    end = f"{weekday(b)} {b.year}, {days(number_of_days)}"
    if a == b:
        return end
    if a.year != b.year:
        return f"{weekday(a)} {a.year} – {end}"
    if a.month != b.month:
        return f"{weekday(a)} – {end}"
    return f"{_DAYS[a.weekday()]} {a.day} – {end}"


def span(first: date, last: date) -> str:
    """2 – 22 Mar, 24 Feb – 8 Mar, 2 Mar."""
    if first == last:
        return day(first)
    same_month = (first.year, first.month) == (last.year, last.month)
    return f"{first.day if same_month else day(first)} – {day(last)}"
