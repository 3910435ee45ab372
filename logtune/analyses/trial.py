"""The trial: what enforcing each restriction would do, counted in recipients, and a first verdict with its reasons.

Counts are those of docs/verdict.md. A restriction counts once per service, because each service can have its
own list. Where the text of a warning does not name a restriction, the text stands for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from logtune import classify
from logtune.analyses import evidence, organisations, trial_hosts, verdict
from logtune.analyses.confidence import DRY_DAYS, Borders, Confidence, Seen
from logtune.analyses.exemptions import Exemption, exemptions
from logtune.analyses.options import Options
from logtune.analyses.trouble import keep_decision_kinds
from logtune.postfix import restrictions
from logtune.results import Coverage, Verdict
from logtune.tables import Tables, query

SCHEMA = "logtune.trial/1"

Entry = tuple[str, str | None]
"""Name or text of a restriction on trial, and its service."""

COUNTS = (
    "warning_lines", "flagged", "flagged_mails", "rejected_anyway", "deferred_anyway", "abandoned", "probes",
    "accepted", "unknown", "accepted_4xx", "accepted_5xx", "only_this", "authorized", "filter", "private", "others",
    "wanted", "no_evidence", "unwanted", "known", "clients",
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
    confidence: Confidence
    exemptions: Sequence[Exemption] = ()

    @property
    def label(self) -> str:
        """Name of the restriction, with its DNS list where there is one, else the text in quotes."""
        return self.name if self.restriction else f'"{self.text}"'

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
            "confidence": _confidence_json(self.confidence),
            "exceptions": [_exemption_json(e) for e in self.exemptions],
        }


@dataclass(frozen=True)
class OnHost:
    """A restriction on one host: as it is on trial there (None: no warning), and lines in which it really rejects."""

    host: str
    entry: OnTrial | None
    rejects: int = 0

    def to_json(self) -> dict[str, Any]:
        """Verdict and reasons (null and empty where it is not on trial), and all counts."""
        ruling = self.entry.ruling if self.entry else None
        return {
            "host": self.host,
            "verdict": ruling.verdict.value if ruling else None,
            "reasons": list(ruling.reasons) if ruling else [],
            "days": self.entry.confidence.span.days if self.entry else 0,
            "rejects": self.rejects,
            **{name: self.entry.counts[name] if self.entry else 0 for name in COUNTS},
        }


@dataclass(frozen=True)
class Facts:
    """What all restrictions on trial share, asked once: by restriction (or text) and service, or of the whole log."""

    courses: Mapping[Entry, Sequence[int | None]]
    harmed: Mapping[Entry, Sequence[verdict.Harmed]]
    borders: Mapping[Entry, Borders]
    exemptions: Mapping[Entry, Sequence[Exemption]]
    delivering: int
    seen: Seen

    @classmethod
    def of(cls, tables: Tables) -> Facts:
        """Ask the log; the tables of ``prepare`` must be there."""
        since = tables.days[-1] - timedelta(days=DRY_DAYS) if tables.days else date.min
        return cls(
            courses=_courses(tables),
            harmed=_harmed(tables),
            borders={(name, service): Borders(*rest) for name, service, *rest in tables.rows("trial_borders")},
            exemptions=exemptions(tables),
            delivering=tables.rows("trial_organisations")[0][0],
            seen=Seen(*tables.rows("trial_wanted_organisations", since=since)[0]),
        )


@dataclass
class Trial:
    """All restrictions on trial in a log, most harmful first, and what their evidence was learnt from."""

    tables: Tables
    options: Options
    restrictions: Sequence[OnTrial]
    learnt: evidence.Sources

    @classmethod
    def of(cls, tables: Tables, options: Options) -> Trial:
        """Count and judge; makes the tables that ``prepare`` names on the log's connection."""
        learnt = prepare(tables, options)
        found = _entries(tables, options)
        order = [Verdict.NO, Verdict.KEEP, Verdict.EXCEPTIONS, Verdict.LITTLE, Verdict.ENFORCE]
        found.sort(key=lambda r: (order.index(r.ruling.verdict), -r.counts["accepted"], r.name, r.service or ""))
        return cls(tables, options, found, learnt)

    @classmethod
    def none(cls, tables: Tables, options: Options) -> Trial:
        """The trial of a log in which no restriction is on trial, for those who ask for no evidence."""
        return cls(tables, options, (), evidence.Sources(0, 0))

    @cached_property
    def overlap(self) -> list[tuple[tuple[str, ...], int]]:
        """Combinations of restrictions and how many accepted recipients exactly these would stop, most first."""
        return [(tuple(names), count) for names, count in self.tables.rows("trial_overlap")]

    @cached_property
    def newly_stopped(self) -> int:
        """Recipients that are accepted today and flagged by any restriction on trial."""
        return sum(count for _, count in self.overlap)

    @cached_property
    def by_host(self) -> Mapping[Entry, Sequence[OnHost]]:
        """Each restriction on each host that takes mail, hosts by name; empty where fewer than two do."""
        if len(self.tables.hosts) < 2 or not self.restrictions:
            return {}
        rejecting = trial_hosts.rejecting(self.tables)
        if len(rejecting) < 2:
            return {}
        there = {
            host: {(r.name, r.service): r for r in _entries(tables, self.options)}
            for host, tables in trial_hosts.alone(self.tables, TRIAL_NAME)
            if host in rejecting
        }
        return {
            key: tuple(OnHost(host, there[host].get(key), rejecting[host].get(key, 0)) for host in sorted(there))
            for key in ((r.name, r.service) for r in self.restrictions)
        }

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
            "evidence": asdict(self.learnt),
            "restrictions": [
                {**r.to_json(), "hosts": [h.to_json() for h in self.by_host.get((r.name, r.service), ())]}
                for r in self.restrictions
            ],
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


def on_trial(tables: Tables) -> bool:
    """Whether any restriction is on trial: a look at few rows, where ``Trial.of`` weighs all mail of strangers."""
    keep_decision_kinds(tables)
    asked = "SELECT EXISTS (FROM decision_kinds WHERE action = 'reject_warning')"
    return bool(tables.con.execute(asked).fetchall()[0][0])


def prepare(tables: Tables, options: Options) -> evidence.Sources:
    """Make what all trial queries share, once per log; what there was to learn from.

    ``decision_kinds``, ``clients``, ``submission``, the tables of ``evidence.prepare``, ``entries``, ``marked`` and the
    view ``flagged``.
    """
    con = tables.con
    keep_decision_kinds(tables)
    con.execute("CREATE OR REPLACE TEMP MACRO " + TRIAL_NAME)
    pairs = con.execute(
        "SELECT client_name, client_addr FROM recipient_facts WHERE outcome = 'accepted' UNION"
        " SELECT client_name, client_addr FROM recipient_facts SEMI JOIN flags USING (id)"
        " WHERE outcome IS DISTINCT FROM 'accepted'"
    ).fetchall()
    con.register("clients", organisations.table(pairs, options.mynetworks, options.known))
    con.register("submission", pa.table({"service": pa.array(options.submission_services, pa.string())}))
    learnt = evidence.prepare(tables)
    con.execute("CREATE OR REPLACE TABLE entries AS " + query("trial_entries"))
    con.execute("CREATE OR REPLACE TABLE marked AS " + query("trial_marked"))
    con.execute("CREATE OR REPLACE TEMP VIEW flagged AS " + query("trial_flagged"))
    return learnt


TRIAL_NAME = r"""trial_name(restriction, text) AS
    CASE WHEN restriction IS NOT NULL AND contains(text, 'blocked using ')
         THEN trim(restriction || ' ' || regexp_extract(text, 'blocked using ([^\s;]+)', 1))
         ELSE coalesce(restriction, text) END"""
"""One entry per DNS list (smtpd_check.c: default_rbl_reply says which): lists differ more than any two restrictions."""


def _entries(tables: Tables, options: Options) -> list[OnTrial]:
    """All restrictions on trial; the tables of ``prepare`` must be there."""
    rows = tables.frame("trial_counts").to_pylist()
    facts = Facts.of(tables)
    return [_on_trial(tables, options, row, facts) for row in rows]


def _key(row: Mapping[str, Any]) -> Entry:
    return row["name"], row["service"]


def _depends_on_history(name: str | None, explained: classify.Classified, options: Options) -> bool | None:
    if name is None:
        return explained.depends_on_history
    return name in options.history or restrictions.depends_on_history(name)


def _on_trial(tables: Tables, options: Options, row: Mapping[str, Any], facts: Facts) -> OnTrial:
    key = _key(row)
    explained = classify.explain("smtpd", row["text"], row["has_object"], (row["reply_code"] or 0) // 100)
    history = _depends_on_history(row["restriction"], explained, options)
    case = _case(tables, row, facts, history)
    return OnTrial(
        name=row["name"],
        restriction=row["restriction"],
        text=row["text"],
        service=row["service"],
        candidates=() if row["restriction"] else explained.candidates,
        depends_on_history=history,
        protocol_states=case.protocol_states,
        fates=dict(row["fates"] or {}),
        counts=case.counts,
        first=row["first"],
        last=row["last"],
        course=facts.courses.get(key, ()),
        harmed=case.harmed,
        ruling=verdict.judge(case),
        confidence=case.confidence,
        exemptions=facts.exemptions.get(key, ()),
    )


def _case(tables: Tables, row: Mapping[str, Any], facts: Facts, history: bool | None) -> verdict.Case:
    key = _key(row)
    spared = facts.exemptions.get(key, ())
    return verdict.Case(
        counts={name: int(row[name] or 0) for name in COUNTS},
        depends_on_history=history,
        harmed=facts.harmed.get(key, ()),
        delivering_organisations=facts.delivering,
        period=tables.period,
        lost=tables.coverage.lost,
        borders=facts.borders.get(key, Borders(row["first"], row["last"])),
        protocol_states=dict(row["protocol_states"] or {}),
        seen=facts.seen,
        exceptions=len(spared),
        excepted=sum(e.recipients for e in spared),
    )


def _courses(tables: Tables) -> dict[Entry, Sequence[int | None]]:
    """Newly stopped recipients per local day of the period, by restriction and service."""
    courses: dict[Entry, list[int | None]] = {}
    index = {day: i for i, day in enumerate(tables.days)}
    for name, service, day, count in tables.rows("trial_course"):
        course = courses.setdefault((name, service), [0] * len(index))
        if day in index:
            course[index[day]] = count
    return {key: tuple(course) for key, course in courses.items()}


def _harmed(tables: Tables) -> dict[Entry, list[verdict.Harmed]]:
    found: dict[Entry, list[verdict.Harmed]] = {}
    for name, service, *rest in tables.rows("trial_organisations_harmed"):
        found.setdefault((name, service), []).append(verdict.Harmed(*rest))
    return found


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with its zone, as all machine formats have it."""
    return None if moment is None else moment.isoformat() + "Z"


def _confidence_json(confidence: Confidence) -> dict[str, Any]:
    ran = confidence.span
    return {
        "trust": confidence.trust.value,
        "first": iso(ran.first),
        "until": iso(ran.until),
        "days": ran.days,
        "end": ran.end.value if ran.end else None,
        "dry_days": confidence.dry_days,
        "wanted_organisations": confidence.wanted,
        "wanted_organisations_harmed": confidence.harmed,
        "upper_bound": confidence.bound,
        "sentences": list(confidence.sentences),
    }


def _exemption_json(exemption: Exemption) -> dict[str, Any]:
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(exemption).items()}
    left_out = ("restriction", "service")
    return {name: value for name, value in values.items() if name not in left_out} | {"last": iso(exemption.last)}


def _coverage_json(coverage: Coverage) -> dict[str, Any]:
    return {**asdict(coverage), "complete": coverage.complete}
