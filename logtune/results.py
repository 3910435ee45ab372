"""What analyses find, as plain data: reports, sections, tables, findings, verdicts. No formatting here.

Every number carries what it counts. Render turns these into terminal text, JSON, HTML and notebook output;
a new output form is a small function over the same objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a value is, so that each output can show it rightly (alignment, unit, escaping)."""

    LOGTEXT = "logtext"  # written by strangers: escape, cut when long
    TEXT = "text"  # our own words
    COUNT = "count"  # whole number of what the column or metric says it counts
    SHARE = "share"  # 0..1
    SECONDS = "seconds"
    BYTES = "bytes"
    TIME = "time"  # datetime, UTC; shown in the report's zone
    NUMBER = "number"
    COURSE = "course"  # tuple of counts per day (None: no data): a sparkline
    STAGES = "stages"  # four seconds a/b/c/d summed: a bar of letters
    AMOUNT = "amount"  # number drawn as a thin bar, the largest of its column full
    PARTS = "parts"  # tuple of Part: a shaded bar, the largest sum of its column full
    VERDICT = "verdict"  # a Verdict, shown by its sign
    LEVEL = "level"  # a Level: sign and word
    MARK = "mark"  # bool: a dot or nothing
    CHANCE = "chance"  # 0..1, shown as "1 in N"


class Level(StrEnum):
    """How much a finding matters."""

    ACT = "act"  # needs a person
    LOOK = "look"  # worth a look
    WELL = "well"
    UNKNOWN = "unknown"  # the log cannot tell


class Harm(StrEnum):
    """Whom enforcing would hit; the darker in a bar, the more it hurts."""

    WANTED = "wanted"
    AUTHORIZED = "authorized"
    FILTER = "filter"  # the site's own content filter on a re-injection port
    OTHERS = "others"  # no evidence either way
    UNWANTED = "unwanted"


class Verdict(StrEnum):
    """The five words of a trial's verdict (docs/verdict.md)."""

    ENFORCE = "enforce"
    EXCEPTIONS = "enforce with exceptions"
    KEEP = "keep on trial"
    NO = "do not enforce"
    LITTLE = "too little evidence"


@dataclass(frozen=True)
class Metric:
    """One number and what it counts. ``sql`` gives the rows behind it when typed to ``logtune sql``."""

    name: str
    value: Any
    kind: Kind
    counts: str
    sql: str | None = None
    limit: float | None = None  # of a COURSE: what a full column stands for; days that reach it stand out


@dataclass(frozen=True)
class Column:
    """A column of a table. ``wide`` columns are left out where the output is narrow (80 columns), and those with a
    ``least`` where a line has fewer characters; data for machines has them all.

    ``below`` columns stand there in a second line under the first column instead. A ``strong`` column holds
    what the table is about. SECONDS with the unit "s" come without a unit, aligned at the point; BYTES with the
    unit "MiB" count in powers of 1024 (memory).
    """

    name: str
    title: str
    kind: Kind
    unit: str = ""
    wide: bool = False
    below: bool = False
    strong: bool = False
    least: int = 0


@dataclass(frozen=True)
class Table:
    """Rows under typed columns. ``omitted`` rows were cut by --top; ``note`` stands below.

    ``counts`` says after the title what is counted, ``harm`` puts that sign before it, ``strong`` rows stand out.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    title: str = ""
    omitted: int = 0
    note: str = ""
    sql: str | None = None
    counts: str = ""
    harm: Harm | None = None
    strong: Sequence[int] = ()


@dataclass(frozen=True)
class Finding:
    """Something that a person should know, worst first in every list."""

    level: Level
    title: str
    detail: str = ""
    command: str = ""
    samples: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """A piece of a bar; its label and count are its legend."""

    harm: Harm
    label: str
    count: int


@dataclass(frozen=True)
class Card:
    """A restriction on trial at a glance: verdict, newly stopped recipients by whom, reasons."""

    restriction: str
    verdict: Verdict
    service: str | None
    accepted: int
    parts: Sequence[Part]
    reasons: Sequence[str]
    course: Sequence[int | None] = ()
    flagged: int = 0


@dataclass(frozen=True)
class Bar:
    """Recipients by whom enforcing would hit, over the whole width, with its legend."""

    parts: Sequence[Part]


@dataclass(frozen=True)
class Chart:
    """A number per day as columns, with the limit it runs into. ``first`` is the date of the first value.

    With ``hours`` under 24 there are so many values a day, the first from midnight on. ``layers`` are the named parts
    that make up each value, from the bottom up. None is no data.
    """

    name: str
    first: date
    values: Sequence[float | None]
    limit: float | None = None
    hours: int = 24  # that one value stands for; divides 24
    layers: Sequence[tuple[str, Sequence[float | None]]] = ()
    unit: str = ""


@dataclass(frozen=True)
class Lines:
    """Text to be pasted or read as it stands: never wrapped. ``kind`` is one of plain, log, config, diff, shell."""

    lines: Sequence[str]
    kind: str = "plain"


@dataclass(frozen=True)
class Note:
    """A sentence of our own words inside a section. An ``aside`` gives context only and may be shown quieter."""

    text: str
    aside: bool = False


@dataclass(frozen=True)
class Next:
    """The command that shows more, and what it gives."""

    command: str
    gives: str = ""


Item = Metric | Table | Finding | Card | Note | Bar | Chart | Lines


@dataclass(frozen=True)
class Section:
    """A heading, what its numbers count (right of the heading), its items, and the next commands."""

    name: str
    title: str
    items: Sequence[Item]
    counts: str = ""
    next: Sequence[Next] = ()
    level: Level | None = None  # shown at the right edge of the heading


@dataclass(frozen=True)
class Coverage:
    """What was read and how far it can be trusted (all counts are lines unless the name says otherwise)."""

    sources: Sequence[Mapping[str, Any]]  # name, bytes, lines, first, last, problem
    lines: int
    recognised: int
    unrecognised: int
    blank: int
    not_postfix: int
    no_stamp: int
    backwards: int  # lines whose time is earlier than the line before
    loss: Sequence[str]  # sentences on lost lines
    lost: bool  # more than a trace: no verdict says enforce
    zone: str
    zone_assumed: bool
    year_assumed: str | None  # how the year was found, None where stamps have one
    core: str  # parser core that ran
    anonymized: str | None = None  # what pseudonyms leave (full, keep-domains, ...), None where nothing was replaced

    @property
    def complete(self) -> bool:
        """Whether every source was read to its end and no line is known to be missing."""
        return not self.loss and not any(s.get("problem") for s in self.sources)


@dataclass(frozen=True)
class Period:
    """First and last time stamp (UTC), None where nothing has one, and how many days that spans."""

    first: datetime | None
    last: datetime | None
    days: int
    zone: str


@dataclass(frozen=True)
class Report:
    """One command's answer. ``headline`` is the bold sentence that could be the whole report."""

    schema: str  # e.g. logtune.report/1
    command: str
    hosts: Sequence[str]
    period: Period
    coverage: Coverage
    headline: str
    sections: Sequence[Section]
    details: Sequence[str] = ()  # lines under the headline
    extra: Mapping[str, Any] = field(default_factory=dict)  # what only JSON shows
    verdict: Verdict | None = None  # where the whole report is about one restriction


@dataclass
class LiveMinute:
    """A minute of a log that is followed: lines of rejects, warnings and deliveries; most open sessions."""

    rejects: int = 0
    warnings: int = 0
    deliveries: int = 0
    sessions: int = 0


@dataclass(frozen=True)
class LiveCounts:
    """What ``watch`` has counted so far. Rejects and warnings are lines, by restriction or text; times are UTC."""

    host: str | None
    last: datetime | None
    lines: int
    recognised: int
    unrecognised: int  # without those of other programs
    not_postfix: int
    blank: int
    rejects: Mapping[str, int]
    warnings: Mapping[str, int]
    stopped: Mapping[str, int]  # recipients that were accepted so far and that enforcing would stop, by restriction
    wanted: Mapping[str, int]  # of these, those of which the log so far says that they are wanted
    actions: Mapping[str, int]
    statuses: Mapping[str, int]
    sessions: int
    open_sessions: int
    peak: int  # most sessions open at once
    limit: int | None
    gaps: int  # truncations before which lines may have been lost
    course: Sequence[LiveMinute]  # the last 60 minutes, the present one last
    flagged: Sequence[Mapping[str, Any]]  # the last decisions that warn_if_reject logged
    notices: Sequence[Mapping[str, Any]]  # the last warnings and errors
