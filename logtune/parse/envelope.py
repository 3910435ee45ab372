"""Time stamp, host, tag and process id of one log line: every form that syslog daemons write.

The forms (``<..>`` and ``[..]`` optional)::

    Mar  2 06:12:00 host tag[pid]: text                     RFC 3164; postlogd writes "Mar 02"
    2026-03-02T06:12:00.123456+01:00 host tag[pid]: text    RFC 3339, rsyslog; fraction and zone optional, T or space
    Mar  2 2026 06:12:00 host tag: text                     year after the day (Cisco and some appliances)
    2026 Mar  2 06:12:00 host tag: text                     year first (syslog-ng templates)
    <22>1 2026-03-02T06:12:00Z host tag pid msgid - text    RFC 5424
    <22>, "container  | ", {"log":"..."}, "stdout F "       written before one of these
    <mail.info> or mail.info                                after the stamp (FreeBSD) or the host (BusyBox)

What cannot be read is null, never guessed: a month in another language leaves a line without time, not without meaning.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

LEAP_YEAR = 1972
"""Stamps without a year are put here, because 29 February must exist."""

COMPLETE, NO_ZONE, NO_YEAR = 0, 1, 2
"""What a stamp lacks: column ``stamp``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {
    name: n
    for n, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_FLAGS = re.ASCII | re.DOTALL


class Stamp(NamedTuple):
    """``ts`` in microseconds since 1970 (wall clock as if UTC where the zone is unknown); null where unreadable."""

    ts: int | None
    lacks: int | None


class Envelope(NamedTuple):
    """What stands before the text. ``tag`` is null where the line has none (``last message repeated``)."""

    stamp: Stamp
    host: str | None
    tag: str | None
    pid: str | None
    text: str


UNREADABLE = Stamp(None, None)

# The two forms that fill nearly every log, in one match. A host does not end with a colon: that would be a tag.
_USUAL = re.compile(
    r"([A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r" (\S*[^\s:]) ([^\s\[:]+)(?:\[(\d+)\])?: ?(.*)",
    _FLAGS,
)

_TIME = r"(?P<h>\d\d?):(?P<m>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d+))?"
_CLASSIC = re.compile(
    r"(?P<mon>[^\s\d:|<{]{3,10}) {1,2}(?P<d>\d{1,2}) (?:(?P<y>\d{4}),? )?" + _TIME + r"(?: (?P<y2>\d{4}))?(?=\s)",
    _FLAGS,
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4}) (?P<mon>[^\s\d:]{3,10}) {1,2}(?P<d>\d{1,2}) " + _TIME + r"(?=\s)", _FLAGS)
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)(?=\s))?(?=\s)", _FLAGS
)

_PRIORITY = re.compile(r"<\d{1,3}>(1 )?", _FLAGS)
_COMPOSE = re.compile(r"[\w.@/-]{1,128} *\| +", _FLAGS)
_JSON_FILE = re.compile(r'\{"log":("(?:[^"\\]|\\.)*")', _FLAGS)
_WEEKDAY = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? ", _FLAGS)
# journalctl -o short-full writes "Mon 2026-03-02 06:12:00 CET": a name that is no zone for certain
_ZONE_NAME = re.compile(r" [A-Z]{2,5}(?= )", _FLAGS)
_STREAM = re.compile(r"(?:stdout|stderr) [FP] ", _FLAGS)
_LEVEL = re.compile(r"<[\w.]{1,24}>:? |(?:kern|user|mail|daemon|auth|authpriv|syslog|local[0-7])\.[a-z]{3,7} ", _FLAGS)

# "host tag[pid]: text"; without a host the tag comes first
_HOST_TAG = re.compile(
    r"(?:(\S*[^\s:]) )?(?:(?:kern|user|mail|daemon|local[0-7])\.[a-z]{3,7} )?"
    r"([^\s\[:]+)(?:\[([^\]\s]*)\])?: ?(.*)",
    _FLAGS,
)
_RFC5424 = re.compile(r"(\S+) (\S+) (\S+) \S+ (?:-|(?:\[[^\]]*\])+)(?: \ufeff?(.*)|$)", _FLAGS)
_REPEATED = re.compile(r"(?:(\S+) )?((?:--- )?last message repeated \d+ times?.*)", _FLAGS)


def read(line: str) -> Envelope | None:
    """Envelope of *line*, or None where no syslog header stands at its start. Never raises."""
    m = _USUAL.match(line)
    if m is not None:
        stamp, host, tag, pid, text = m.groups()
        return Envelope(_stamp_of(stamp), host, tag, pid, text)
    return _read_rare(line)


def _read_rare(line: str) -> Envelope | None:
    """The forms that ``_USUAL`` does not know: prefixes, other stamps, no host, no tag."""
    line, rfc5424 = _without_prefixes(line)
    stamp, rest = _take_stamp(line)
    if stamp is None:
        return None
    level = _LEVEL.match(rest)
    if level is not None:
        rest = rest[level.end() :]
    if rfc5424:
        m = _RFC5424.match(rest)
        return Envelope(stamp, _dash(m[1]), _dash(m[2]), m[3], m[4] or "") if m else None
    m = _REPEATED.match(rest)
    if m is not None:
        return Envelope(stamp, m[1], None, None, m[2])
    m = _HOST_TAG.match(rest)
    return Envelope(stamp, m[1], m[2], m[3], m[4]) if m else None


def _dash(value: str) -> str | None:
    """RFC 5424 writes ``-`` for what it does not know."""
    return None if value == "-" else value


def _without_prefixes(line: str) -> tuple[str, bool]:
    """*line* without what containers and syslog daemons put before the stamp, and whether it is RFC 5424."""
    line = line.lstrip("\ufeff\0 ")
    m = _JSON_FILE.match(line)
    if m is not None:
        line = _json_text(m[1])
    m = _COMPOSE.match(line)
    if m is not None:
        line = line[m.end() :]
    m = _PRIORITY.match(line)
    if m is None:
        return line, False
    return line[m.end() :], m[1] is not None


_SURROGATE = re.compile("[\ud800-\udfff]")
"""A lone half of a pair, which JSON can write and UTF-8 cannot."""


def _json_text(literal: str) -> str:
    """The string that a JSON string literal stands for; the literal itself where it is damaged."""
    try:
        text = json.loads(literal)
    except ValueError:
        return literal
    return _SURROGATE.sub("\ufffd", str(text)).rstrip("\r\n")


def _take_stamp(line: str) -> tuple[Stamp | None, str]:
    """Stamp at the start of *line* and what follows. ``docker logs -t`` puts its own before the log's: that counts."""
    stamp, rest = _one_stamp(line)
    if stamp is None:
        return None, line
    m = _STREAM.match(rest)
    if m is not None:
        rest = rest[m.end() :]
    second, after = _one_stamp(rest)
    if second is not None:
        rest = after
    return stamp, rest


def _one_stamp(line: str) -> tuple[Stamp | None, str]:
    day = _WEEKDAY.match(line)
    start = day.end() if day else 0
    m = _ISO.match(line, start)
    if m is not None:
        zone = _ZONE_NAME.match(line, m.end()) if day else None
        return _iso(m[0].replace(" UTC", "Z")), line[(zone or m).end() + 1 :]
    m = _CLASSIC.match(line, start) or _YEAR_FIRST.match(line, start)
    if m is not None:
        return _classic(m.groupdict()), line[m.end() :].lstrip(" ")
    return None, line


# A busy server writes many lines a second, so the last stamps are worth remembering.
@lru_cache(maxsize=256)
def _stamp_of(text: str) -> Stamp:
    """Stamp of a text that has the form of ``_USUAL``."""
    if text[0].isdigit():
        return _iso(text)
    month, day, clock = text.split()
    return _moment(LEAP_YEAR, _MONTHS.get(month), int(day), (clock[0:2], clock[3:5], clock[6:8]), "", NO_YEAR)


def _iso(text: str) -> Stamp:
    """ISO 8601 as :meth:`datetime.fromisoformat` reads it; a leap second counts as the second before."""
    text = text[:10] + "T" + text[11:].replace(" ", "")
    if text[17:19] == "60":
        text = text[:17] + "59" + text[19:]
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return Stamp((moment.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND, NO_ZONE)
        return Stamp((moment - _EPOCH) // _MICROSECOND, COMPLETE)
    except (ValueError, OverflowError):
        return UNREADABLE


def _classic(parts: dict[str, str | None]) -> Stamp:
    year = parts.get("y") or parts.get("y2")
    month = _MONTHS.get((parts["mon"] or "")[:3])
    lacks = NO_ZONE if year else NO_YEAR
    h, m, s, f = (parts[key] or "0" for key in "hmsf")
    return _moment(int(year or LEAP_YEAR), month, int(parts["d"] or 0), (h, m, s), f, lacks)


def _moment(year: int, month: int | None, day: int, clock: tuple[str, str, str], fraction: str, lacks: int) -> Stamp:
    if month is None:
        return UNREADABLE
    hour, minute, second = clock
    micro = int(fraction[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, int(hour), int(minute), min(int(second), 59), micro, tzinfo=UTC)
    except ValueError:
        return UNREADABLE
    return Stamp((moment - _EPOCH) // _MICROSECOND, lacks)
