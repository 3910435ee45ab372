"""What ``read`` was asked for: texts and dates of people into values, or an ``OptionError`` that says what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from logtune import config, schema
from logtune.anonymize.identities import Identities
from logtune.anonymize.key import KeyFileError, read_or_make
from logtune.anonymize.pseudonyms import Level
from logtune.anonymize.rows import Anonymizer
from logtune.clock import machine_zone
from logtune.parse import Columns
from logtune.relations import making
from logtune.relations.making import MADE_OF
from logtune.spill import Room
from logtune.tables import CHOOSING, Choice

YEARS = range(1970, 2201)
ALWAYS = ("ts", "position", "host")
"""Columns that every answer needs."""
MxOrder = tuple[tuple[str, ...], ...]


class OptionError(ValueError):
    """An option of ``read`` that cannot be used; the text says which, what was found and what is expected."""


@dataclass(frozen=True)
class ReadOptions:
    """What to read of a log, and what it takes; all of it checked."""

    zone: ZoneInfo
    zone_assumed: bool
    """Whether nobody named the zone."""
    year: int | None
    choice: Choice
    """By hosts as they stand in the rows."""
    hosts: Sequence[str]
    """The same hosts as they were logged."""
    wanted: Mapping[str, pa.Schema]
    """Tables with the columns that are built, those that relations are made of among them."""
    kept: Mapping[str, pa.Schema]
    """The same without those that nothing but the relations needs."""
    relations: Mapping[str, frozenset[str]]
    """Relations that are made while the log is read, with the columns asked for, all where there are none, and views
    over them; empty where they are made when somebody asks."""
    room: Room
    settings: config.Config
    identities: Identities

    @property
    def probe_senders(self) -> tuple[str, ...]:
        """Senders of probes, as they stand in the rows."""
        return self.identities.mailboxes(self.settings.probe_senders)


def zone(tz: str | None) -> ZoneInfo:
    """The zone *tz*, else the machine's. Raises ``OptionError`` for a name that is none."""
    try:
        return ZoneInfo(tz or machine_zone())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OptionError(f"time zone {tz!r} is not known: expected an IANA name such as Europe/Berlin") from error


def span(
    zone: ZoneInfo, since: str | dt.date | None, until: str | dt.date | None, day: str | dt.date | None
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Begin and end (exclusive) in UTC of what is asked for."""
    if day is None:
        begin, end = _utc(since, zone, "since"), _utc(until, zone, "until")
    elif since is None and until is None:
        midnight = dt.datetime.combine(_date(day), dt.time())
        # a day has 23 or 25 hours where clocks change: add on the wall clock, then convert
        begin, end = _utc(midnight, zone, "day"), _utc(midnight + dt.timedelta(days=1), zone, "day")
    else:
        raise OptionError("day cannot be combined with since or until: expected one or the other")
    if begin and end and begin >= end:
        raise OptionError(f"until {str(until)!r}: expected a time later than since {str(since)!r}")
    return begin, end


def _utc(value: str | dt.date | None, zone: ZoneInfo, option: str) -> dt.datetime | None:
    if value is None:
        return None
    moment = _moment(value, option)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def _moment(value: str | dt.date, option: str) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError as error:
        wanted = "expected a date or time such as 2026-03-02 or 2026-03-02T14:30"
        raise OptionError(f"{option} {value!r}: {wanted}") from error


def _date(value: str | dt.date) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise OptionError(f"day {value!r}: expected a date such as 2026-03-02") from error


def checked_year(year: int | None) -> int | None:
    """*year* where it is one that a log can be of."""
    if year is not None and year not in YEARS:
        raise OptionError(f"year {year!r}: expected one from {YEARS[0]} to {YEARS[-1]}")
    return year


def check_store(lines: bool) -> None:
    """A store stands for the logs: what says how to read *lines* does not go with it."""
    if lines:
        raise OptionError("a store is read without paths and without a year: expected one or the other")


def networks(given: str | Sequence[str]) -> tuple[str, ...]:
    """Networks in CIDR form. Postfix writes IPv6 ones in brackets (mynetworks in postconf(5)); both ways are taken."""
    found = []
    for text in words(given):
        try:
            found.append(str(ip_network(text.replace("[", "").replace("]", ""))))
        except ValueError as error:
            wanted = "expected a network such as 192.0.2.0/24 or 2001:db8::/32"
            raise OptionError(f"mynetworks {text!r}: {error}; {wanted}") from error
    return tuple(found)


def mx_steps(text: str) -> MxOrder:
    """Steps of MX preference, best first."""
    steps = config.mx_steps(text) if text else ()
    if text and not steps:
        raise OptionError(f"mx_order {text!r}: expected host names such as mx1,mx2; equal ones as 'mx1 mx2,backup'")
    return steps


def words(given: str | Sequence[str]) -> tuple[str, ...]:
    """One word alone is taken as a list of one: Python would take it as a list of its letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def wanted(columns: Columns | None, choice: Choice) -> dict[str, pa.Schema]:
    """Schemas of the tables with the columns that are asked for, and those that every answer needs."""
    relations = MADE_OF if relations_of(columns) else {}
    chosen = frozenset() if choice.everything() else CHOOSING
    return _schemas(columns, {name: chosen | relations.get(name, frozenset()) for name in schema.TABLES})


def kept(columns: Columns | None) -> dict[str, pa.Schema]:
    """Schemas of the tables with the columns that are asked for, but not for the relations."""
    return _schemas(columns, {})


def relations_of(columns: Columns | None) -> dict[str, frozenset[str]]:
    """The relations that *columns* names, with their columns."""
    known = (*making.KEPT, *making.VIEWS)
    return {name: frozenset(columns[name]) for name in known if name in columns} if columns else {}


def _schemas(columns: Columns | None, more: Mapping[str, frozenset[str]]) -> dict[str, pa.Schema]:
    if columns is None:
        return {name: schema.arrow_schema(name) for name in schema.TABLES}
    asked = {name: {*ALWAYS, *columns.get(name, ()), *more.get(name, ())} for name in schema.TABLES}
    return {name: schema.arrow_schema(name, names) for name, names in asked.items()}


def room(memory: int | None) -> Room:
    """Memory (bytes) for tables and their joins."""
    try:
        return Room(memory)
    except ValueError as error:
        raise OptionError(str(error)) from error


def anonymizer(level: str | None, key: str | None = None) -> Anonymizer | None:
    """What *level* asks for, by the key in a file (see ``read``). Raises ``OptionError``."""
    if level is None:
        return None
    if level not in tuple(Level):
        raise OptionError(f"anonymize {level!r}: expected one of {', '.join(Level)}")
    try:
        return Anonymizer.make(read_or_make(key), Level(level))
    except KeyFileError as error:
        raise OptionError(str(error)) from error
