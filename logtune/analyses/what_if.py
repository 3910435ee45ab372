"""What a restriction list would do, computed from what the log holds about each recipient; nothing need be on trial.

The list is evaluated over every recipient that smtpd judged (``logtune/postfix/evaluate.py``), as though warn_if_reject
stood before each of its restrictions. What comes out are flags like those of a real trial, so the trial's own counts,
names and sections serve them: ``Computed`` is the log as it would look with these flags and no others.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from logtune import database, schema
from logtune.analyses import organisations, verdict
from logtune.analyses.common import plural
from logtune.analyses.options import Options
from logtune.analyses.trial import OnTrial, Trial
from logtune.postfix.evaluate import CLIENT_ACCESS, HELO_ACCESS, Course, Facts, Step, evaluate
from logtune.relations.making import KEPT, VIEWS
from logtune.results import Verdict
from logtune.tables import Tables, query

if TYPE_CHECKING:
    import duckdb

FACTS = ("helo", "client_name", "client_addr", "authenticated", "reverse")
LOOPBACK = ("127.0.0.0/8", "::1/128")
"""Part of mynetworks whatever mynetworks_style says (postconf(5)) and unless a site leaves it out by hand."""

HELO_LINE = "smtpd_data_restrictions = check_helo_access static:INFO"
"""One harmless line per accepted mail, ``QID: info: DATA from ..: ; from=<..> proto=ESMTP helo=<..>``: INFO decides
nothing (access(5)), and nothing reaches DATA without an accepted recipient. INFO is new in 3.0, WARN is from 2.1."""


@dataclass
class Computed(Tables):
    """The tables and relations of a log in which ``flags`` are the computed ones, and warnings stand for them."""

    source: Tables | None = None
    flags: pa.Table | None = None

    @cached_property
    def con(self) -> duckdb.DuckDBPyConnection:
        """DuckDB connection over the tables and relations; those but ``flags`` are the source's."""
        assert self.source is not None and self.flags is not None
        con = database.connect(self.source.room)
        database.show(con, self.tables, self.source.room)
        for name in ("days", "sources", "probe_senders", *KEPT, *VIEWS):
            made = self.flags if name == "flags" else self.source.con.sql(f"FROM {name}").to_arrow_table()
            con.register(f"made_{name}", made)
            con.execute(f"CREATE TABLE {name} AS FROM made_{name}")
        con.execute("SET lock_configuration = true")
        return con


@dataclass
class WhatIf:
    """A list and what it would do. Counts are recipients.

    ``counts``: what_if_counts.sql; ``steps``: per restriction of the list, in its order, the columns of
    what_if_steps.sql; ``on_trial``: rows of what_if_on_trial.sql; ``trial``: the computed flags, counted as a trial.
    """

    given: str
    steps: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]
    on_trial: Sequence[Mapping[str, Any]]
    trial: Trial
    notes: Sequence[str]

    @classmethod
    def of(cls, tables: Tables, options: Options, given: str, steps: Sequence[Step]) -> WhatIf:
        """Evaluate *steps*, the list *given* in words."""
        _evaluate(tables, options, steps)
        con = tables.con
        flags = con.sql("SELECT * EXCLUDE (first) FROM what_if_flags").to_arrow_table()
        decisions = con.sql(query("what_if_warnings")).to_arrow_table()
        wanted = schema.arrow_schema("decisions", decisions.column_names)
        made = {**tables.tables, "decisions": decisions.select(wanted.names).cast(wanted)}
        log = Computed(
            made, tables.zone, tables.coverage, tables.sources, tables.probe_senders, source=tables, flags=flags
        )
        counts = tables.frame("what_if_counts").to_pylist()[0]
        trial = Trial.of(log, options)
        trial.restrictions = [_computed(entry, counts) for entry in trial.restrictions]
        rows = {row["name"]: row for row in tables.frame("what_if_steps").to_pylist()}
        return cls(
            given=given,
            steps=[rows.get(n, _nothing(n)) for n in dict.fromkeys(step.name for step in steps)],
            counts=counts,
            on_trial=tables.frame("what_if_on_trial").to_pylist(),
            trial=trial,
            notes=_notes(options, steps),
        )

    def to_json(self, recipients: bool = False) -> dict[str, Any]:
        """The key ``what_if`` of docs/formats.md; *recipients* adds all with computed flags."""
        left_open = self.counts["accepted_open_no_helo"]
        return {
            "list": self.given,
            "assumed": {"smtpd_delay_reject": "yes", "parent_domain_matches_subdomains": "smtpd_access_maps"},
            "recipients": dict(self.counts),
            "steps": [dict(row) for row in self.steps],
            "on_trial": [dict(row) for row in self.on_trial],
            "restrictions": [entry.to_json() for entry in self.trial.restrictions],
            "overlap": [{"restrictions": list(names), "accepted": count} for names, count in self.trial.overlap],
            "log_the_helo": HELO_LINE if left_open else None,
            "notes": list(self.notes),
            **({"recipients_flagged": self.trial.recipients()} if recipients else {}),
        }


def _nothing(name: str) -> dict[str, Any]:
    return {"name": name, "rejects": 0, "replies": 0, "permits": 0, "open": 0}


# ---- evaluating ------------------------------------------------------------------------------------------------------


def _evaluate(tables: Tables, options: Options, steps: Sequence[Step]) -> None:
    """Make the tables ``what_if_*`` on the log's connection: each distinct set of facts is evaluated once."""
    con = tables.con
    con.execute("CREATE OR REPLACE TEMP TABLE what_if_rows AS " + query("what_if_facts"))
    columns = ", ".join(FACTS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE what_if_facts AS SELECT row_number() OVER () AS fact, *"
        f" FROM (SELECT DISTINCT {columns} FROM what_if_rows)"
    )
    same = " AND ".join(f"f.{name} IS NOT DISTINCT FROM r.{name}" for name in FACTS)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE what_if_recipients AS SELECT f.fact, r.*"
        f" FROM what_if_rows r JOIN what_if_facts f ON {same}"
    )
    rows = con.execute(f"SELECT fact, {columns} FROM what_if_facts").fetchall()
    own = _own(options.mynetworks)
    courses = {fact: evaluate(steps, Facts(h, n, a, own(a), auth, rev)) for fact, h, n, a, auth, rev in rows}
    _register(con, "what_if_courses", _course_table(courses))
    _register(con, "what_if_stops", _stop_table(courses))
    _register(con, "what_if_names", pa.table({"name": pa.array([step.name for step in steps], pa.string())}))
    con.execute("CREATE OR REPLACE TEMP TABLE what_if_flags AS " + query("what_if_flags"))


def _register(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register(f"{name}_made", table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM {name}_made")
    con.unregister(f"{name}_made")


def _own(mynetworks: Iterable[str]) -> Any:
    """Whether permit_mynetworks would let an address in."""
    networks = [ipaddress.ip_network(n, strict=False) for n in (*mynetworks, *LOOPBACK)]

    def own(text: str | None) -> bool:
        address = organisations.parse_address(text)
        return address is not None and any(address in n for n in networks if n.version == address.version)

    return own


def _course_table(courses: Mapping[int, Course]) -> pa.Table:
    return pa.table(
        {
            "fact": pa.array(courses, pa.int64()),
            "stopped": pa.array([c.stopped for c in courses.values()], pa.bool_()),
            "permitted_by": pa.array([c.permitted_by for c in courses.values()], pa.string()),
            "open": pa.array([list(dict.fromkeys(c.open)) for c in courses.values()], pa.list_(pa.string())),
        }
    )


def _stop_table(courses: Mapping[int, Course]) -> pa.Table:
    """One row per set of facts and restriction that rejects it; a restriction that stands twice speaks once."""
    stops = [(f, s) for f, course in courses.items() for s in {s.name: s for s in reversed(course.stops)}.values()]
    return pa.table(
        {
            "fact": pa.array([fact for fact, _ in stops], pa.int64()),
            "name": pa.array([stop.name for _, stop in stops], pa.string()),
            "code": pa.array([stop.code for _, stop in stops], pa.int16()),
            "dsn": pa.array([stop.dsn for _, stop in stops], pa.string()),
            "text": pa.array([stop.text for _, stop in stops], pa.string()),
            "certain": pa.array([stop.certain for _, stop in stops], pa.bool_()),
            "first": pa.array([stop.first for _, stop in stops], pa.bool_()),
        }
    )


def _notes(options: Options, steps: Sequence[Step]) -> list[str]:
    """What a reader has to know about the tables and networks that were given."""
    notes = [note for step in steps if step.table for note in step.table.notes]
    if any(step.name == "permit_mynetworks" for step in steps) and not options.mynetworks:
        notes.append("No networks are declared (--mynetworks): permit_mynetworks lets loopback in, and nobody else.")
    return notes


# ---- what a computation may say --------------------------------------------------------------------------------------


def _computed(entry: OnTrial, counts: Mapping[str, int]) -> OnTrial:
    """*entry* without warning lines, which there are none, and with a word that a computation can stand for."""
    ruling = _ruling(entry, counts)
    return replace(entry, counts={**entry.counts, "warning_lines": 0}, ruling=ruling)


def _ruling(entry: OnTrial, counts: Mapping[str, int]) -> verdict.Ruling:
    """At best "keep on trial": nothing was tried. With mail of unknown HELO harm can be shown, harmlessness cannot."""
    said, reasons = entry.ruling.verdict, list(entry.ruling.reasons)
    unheard = counts["accepted_open"] if _by_helo(entry) else 0
    if unheard:
        of = f"{unheard:,} of {counts['accepted']:,} accepted {plural(counts['accepted'], 'recipient')}"
        reasons.insert(0, f"The log does not tell what it would do to {of}.")
        said = said if said is Verdict.NO else Verdict.LITTLE
    if said in (Verdict.ENFORCE, Verdict.EXCEPTIONS):
        said = Verdict.KEEP
    why = "Computed from the log, not tried: put warn_if_reject before it and let it run before you enforce it."
    return verdict.Ruling(said, [why, *reasons])


def _by_helo(entry: OnTrial) -> bool:
    return "helo" in entry.name.split()[0] or entry.name.startswith((HELO_ACCESS, CLIENT_ACCESS))
