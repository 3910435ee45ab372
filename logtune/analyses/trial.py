"""The trial: what enforcing each restriction would do, counted in recipients, and a first verdict with its reasons.

Counts are those of docs/verdict.md. A restriction counts once per service, because each service can have its
own list. Where the text of a warning does not name a restriction, the text stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa

from logtune import classify
from logtune.analyses import evidence, organisations, verdict
from logtune.analyses.exemptions import Exemption, exemptions
from logtune.analyses.options import Options
from logtune.postfix import restrictions
from logtune.results import Coverage, Verdict
from logtune.tables import Tables, query

SCHEMA = "logtune.trial/1"

COUNTS = (
    "warning_lines", "flagged", "flagged_mails", "rejected_anyway", "deferred_anyway", "abandoned", "probes",
    "accepted", "unknown", "accepted_4xx", "accepted_5xx", "only_this", "authorized", "filter", "private", "others",
    "clients",
    "client_organisations", "helo_names", "sender_domains", "recipients",
)  # fmt: skip
"""Counts of a restriction on trial: recipients or who they are, but for ``warning_lines`` and ``flagged_mails``."""


@dataclass(frozen=True)
class OnTrial:
    """One restriction on trial in one service. ``counts`` has the names of ``COUNTS``."""

    name: str
    restriction: str | None
    text: str
    service: str | None
    candidates: Sequence[str]
    depends_on_history: bool | None  # None: the text does not tell
    protocol_states: Mapping[str, int]
    fates: Mapping[str, int]
    counts: Mapping[str, int]
    first: datetime | None
    last: datetime | None
    course: Sequence[int | None]
    harmed: Sequence[verdict.Harmed]
    ruling: verdict.Ruling
    exemptions: Sequence[Exemption] = ()

    @property
    def label(self) -> str:
        """Name of the restriction, else its text in quotes."""
        return self.restriction or f'"{self.text}"'

    def to_json(self) -> dict[str, Any]:
        """As docs/formats.md has it, and the counts behind ``authorized`` that it leaves out."""
        return {
            "restriction": self.restriction,
            "text": self.text,
            "service": self.service,
            "candidates": list(self.candidates),
            "depends_on_history": self.depends_on_history,
            "protocol_states": dict(self.protocol_states),
            **{name: self.counts[name] for name in COUNTS},
            "fates": dict(self.fates),
            "first": iso(self.first),
            "last": iso(self.last),
            "verdict": self.ruling.verdict.value,
            "reasons": list(self.ruling.reasons),
        }


@dataclass
class Trial:
    """All restrictions on trial in a log, most harmful first."""

    tables: Tables
    options: Options
    restrictions: Sequence[OnTrial]

    @classmethod
    def of(cls, tables: Tables, options: Options) -> Trial:
        """Count and judge; makes the tables ``clients``, ``submission`` and ``flagged`` on the log's connection."""
        prepare(tables, options)
        rows = tables.frame("trial_counts").to_pylist()
        courses = _courses(tables)
        harmed = _harmed(tables)
        delivering = tables.rows("trial_organisations")[0][0]
        spared = exemptions(tables)
        found = [
            replace(_on_trial(tables, options, row, courses, harmed, delivering), exemptions=spared.get(_key(row), ()))
            for row in rows
        ]
        order = [Verdict.NO, Verdict.KEEP, Verdict.EXCEPTIONS, Verdict.LITTLE, Verdict.ENFORCE]
        found.sort(key=lambda r: (order.index(r.ruling.verdict), -r.counts["accepted"], r.name, r.service or ""))
        return cls(tables, options, found)

    @cached_property
    def overlap(self) -> list[tuple[tuple[str, ...], int]]:
        """Combinations of restrictions and how many accepted recipients exactly these would stop, most first."""
        return [(tuple(names), count) for names, count in self.tables.rows("trial_overlap")]

    @cached_property
    def newly_stopped(self) -> int:
        """Recipients that are accepted today and flagged by any restriction on trial."""
        return sum(count for _, count in self.overlap)

    def find(self, name: str) -> list[OnTrial]:
        """The entries of a restriction or text. Raises ``KeyError`` naming those on trial."""
        found = [r for r in self.restrictions if name in (r.name, r.restriction, r.text)]
        if not found:
            there = ", ".join(sorted({r.name for r in self.restrictions})) or "none"
            raise KeyError(f"{name} is not on trial in this log; on trial: {there}")
        return found

    def to_json(self, recipients: bool = False) -> dict[str, Any]:
        """The document of schema ``logtune.trial/1``."""
        coverage, period = self.tables.coverage, self.tables.period
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "period": {"first": iso(period.first), "last": iso(period.last), "days": period.days, "zone": period.zone},
            "coverage": _coverage_json(coverage),
            "restrictions": [r.to_json() for r in self.restrictions],
            "overlap": [{"restrictions": list(names), "accepted": count} for names, count in self.overlap],
        }
        if recipients:
            document["recipients"] = self.recipients()
        return document

    def recipients(self) -> list[dict[str, Any]]:
        """All flagged recipients with their flags, in line order."""
        rows: list[dict[str, Any]] = self.tables.frame("trial_recipients").to_pylist()
        for row in rows:
            row["ts"] = iso(row["ts"])
        return rows


def prepare(tables: Tables, options: Options) -> None:
    """Make the tables that all trial queries share; once per log."""
    con = tables.con
    pairs = con.execute(
        "SELECT DISTINCT client_name, client_addr FROM recipients"
        " WHERE outcome = 'accepted' OR id IN (SELECT id FROM flags)"
    ).fetchall()
    con.register("clients", organisations.table(pairs, options.mynetworks))
    con.register("submission", pa.table({"service": pa.array(options.submission_services, pa.string())}))
    con.execute("CREATE OR REPLACE TABLE flagged AS " + query("trial_flagged"))
    evidence.prepare(tables)


def _key(row: Mapping[str, Any]) -> tuple[str, str | None]:
    return row["name"], row["service"]


def _depends_on_history(name: str | None, explained: classify.Classified, options: Options) -> bool | None:
    if name is None:
        return explained.depends_on_history
    return name in options.history or restrictions.depends_on_history(name)


def _on_trial(
    tables: Tables,
    options: Options,
    row: Mapping[str, Any],
    courses: Mapping[tuple[str, str | None], Sequence[int | None]],
    harmed: Mapping[tuple[str, str | None], Sequence[verdict.Harmed]],
    delivering: int,
) -> OnTrial:
    key = _key(row)
    explained = classify.explain("smtpd", row["text"], row["has_object"], (row["reply_code"] or 0) // 100)
    counts = {name: int(row[name] or 0) for name in COUNTS}
    history = _depends_on_history(row["restriction"], explained, options)
    case = verdict.Case(
        counts=counts,
        depends_on_history=history,
        harmed=harmed.get(key, ()),
        delivering_organisations=delivering,
        period=tables.period,
        lost=tables.coverage.lost,
        first=row["first"],
        last=row["last"],
        protocol_states=dict(row["protocol_states"] or {}),
    )
    return OnTrial(
        name=row["name"],
        restriction=row["restriction"],
        text=row["text"],
        service=row["service"],
        candidates=() if row["restriction"] else explained.candidates,
        depends_on_history=history,
        protocol_states=dict(row["protocol_states"] or {}),
        fates=dict(row["fates"] or {}),
        counts=counts,
        first=row["first"],
        last=row["last"],
        course=courses.get(key, ()),
        harmed=case.harmed,
        ruling=verdict.judge(case),
    )


def _courses(tables: Tables) -> dict[tuple[str, str | None], Sequence[int | None]]:
    """Newly stopped recipients per local day of the period, by restriction and service."""
    courses: dict[tuple[str, str | None], list[int | None]] = {}
    index = {day: i for i, day in enumerate(tables.days)}
    for name, service, day, count in tables.rows("trial_course"):
        course = courses.setdefault((name, service), [0] * len(index))
        if day in index:
            course[index[day]] = count
    return {key: tuple(course) for key, course in courses.items()}


def _harmed(tables: Tables) -> dict[tuple[str, str | None], list[verdict.Harmed]]:
    found: dict[tuple[str, str | None], list[verdict.Harmed]] = {}
    for name, service, *rest in tables.rows("trial_organisations_harmed"):
        found.setdefault((name, service), []).append(verdict.Harmed(*rest))
    return found


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with its zone, as all machine formats have it."""
    return None if moment is None else moment.isoformat() + "Z"


def _coverage_json(coverage: Coverage) -> dict[str, Any]:
    return {**asdict(coverage), "complete": coverage.complete}
