"""Was the trial right? The prediction of one log against what a later one shows once restrictions are enforced.

Both logs are asked the same two questions (``verify_facts.sql``, ``verify_warned.sql``); the answers are compared in a
connection of their own. Numbers of logs of different length are compared per day. A sender is a client organisation,
as everywhere in a trial, but a client without a verified name stands for itself here: in a block of addresses one
that is spared could hide another that is newly rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logtune import database
from logtune.analyses import organisations
from logtune.analyses.options import Options
from logtune.analyses.trial import iso
from logtune.results import Coverage, Period
from logtune.tables import Tables, query

SCHEMA = "logtune.verify/1"

MIN_DAYS_BEFORE = 14.0
"""As long as a verdict asks for (verdict.py): a shorter trial has not seen two of each weekday."""
MIN_DAYS_AFTER = 7.0
"""Every weekday once; senders that mail monthly show later still."""
QUIET = 86400.0
"""Seconds. Sending servers try at least every few hours (RFC 5321 4.5.4.1 advises 30 minutes and more, Postfix's
maximal_backoff_time is 4000 s); a day without a try means that the mail was given up."""
FAR_OFF = 2.0
"""Rates beyond twice the most, or below half the least, that was predicted are not what the trial said."""
FEW = 20
"""Below twenty rejects a rate says little: it may be one sender's retries."""

REJECTED = ("as predicted", "passed before", "stopped before too", "new")
"""States of senders that the restriction rejects now; the others were to be rejected and are not."""
SPARED = ("passes now", "stopped by others", "gone")


@dataclass(frozen=True)
class Side:
    """One of the two logs. ``days`` is its length in days of 24 hours, at least one."""

    period: Period
    coverage: Coverage
    days: float

    @classmethod
    def of(cls, log: Tables) -> Side:
        """The period and coverage of *log*."""
        first, last = log.period.first, log.period.last
        seconds = (last - first).total_seconds() if first and last else 0.0
        return cls(log.period, log.coverage, max(seconds / 86400.0, 1.0))

    def to_json(self) -> dict[str, Any]:
        """``first``, ``last``, ``days`` and whether the log is whole."""
        return {
            "first": iso(self.period.first),
            "last": iso(self.period.last),
            "days": round(self.days, 3),
            "complete": self.coverage.complete,
            "sources": [source["name"] for source in self.coverage.sources],
        }


@dataclass(frozen=True)
class Enforced:
    """A restriction that was on trial, then and now. ``counts`` are the columns of verify_restrictions.sql."""

    name: str
    service: str
    counts: Mapping[str, Any]
    senders: Sequence[Mapping[str, Any]]
    retries: Mapping[str, Any]

    @property
    def status(self) -> str:
        """``enforced``, ``partly`` (rejects and still warns), ``on trial``, or ``silent`` (neither)."""
        if self.counts["rejected"]:
            return "partly" if self.counts["still_warned"] else "enforced"
        return "on trial" if self.counts["still_warned"] else "silent"

    def among(self, *states: str, authorized: bool | None = False) -> list[Mapping[str, Any]]:
        """Senders in one of *states*."""
        return [s for s in self.senders if s["state"] in states and authorized in (None, s["authorized"])]

    @property
    def locked_out(self) -> list[Mapping[str, Any]]:
        """Authorized clients that are rejected now."""
        return [s for s in self.senders if s["authorized"] and s["rejected"]]

    @property
    def surprises(self) -> list[Mapping[str, Any]]:
        """Senders that delivered before without being flagged, and are rejected now: no trial said so."""
        return self.among("passed before")

    def to_json(self, before: Side, after: Side) -> dict[str, Any]:
        """As docs/formats.md has it."""
        counts = {k: v for k, v in self.counts.items() if k not in ("name", "service", "first", "last")}
        return {
            "restriction": self.name,
            "service": self.service,
            "status": self.status,
            **counts,
            "first": iso(self.counts["first"]),
            "last": iso(self.counts["last"]),
            "predicted_per_day": round(self.counts["predicted"] / before.days, 3),
            "flagged_per_day": round(self.counts["flagged"] / before.days, 3),
            "rejected_per_day": round(self.counts["rejected"] / after.days, 3),
            "organisations": {s: len(self.among(s, authorized=None)) for s in (*REJECTED, *SPARED)},
            "retries": dict(self.retries),
            "senders": [{**s, "first": iso(s["first"]), "last": iso(s["last"])} for s in self.senders],
        }


@dataclass
class Verification:
    """The comparison of two logs, per restriction that was on trial in the first."""

    before: Side
    after: Side
    restrictions: Sequence[Enforced]
    top: int = 10
    zone: str = "UTC"
    caveats: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, before: Tables, after: Tables, options: Options) -> Verification:
        """Compare *before*, in which restrictions are on trial, with *after*, in which they may be enforced."""
        con = database.connect()
        con.execute("SET threads = 1")  # few rows
        for name, log in (("before", before), ("after", after)):
            for table, made in _facts(log, options).items():
                con.register(name + table, made)
        senders: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for row in con.sql(query("verify_senders")).to_arrow_table().to_pylist():
            senders.setdefault((row["name"], row["service"]), []).append(row)
        found = []
        for row in con.sql(query("verify_restrictions")).to_arrow_table().to_pylist():
            name, service = row["name"], row["service"]
            asked = {"name": name, "service": service, "quiet": QUIET}
            retries = con.sql(query("verify_retries"), params=asked).to_arrow_table().to_pylist()[0]
            found.append(Enforced(name, service, row, senders.get((name, service), ()), retries))
        sides = Side.of(before), Side.of(after)
        return cls(*sides, found, options.top, options.zone, _caveats(*sides))

    def only(self, restriction: str | None) -> Verification:
        """This with one restriction. Raises ``KeyError`` naming those that were on trial."""
        if restriction is None:
            return self
        found = [r for r in self.restrictions if r.name == restriction]
        if not found:
            there = ", ".join(sorted({r.name for r in self.restrictions})) or "none"
            raise KeyError(f"{restriction} was not on trial in the first log; on trial: {there}")
        return Verification(self.before, self.after, found, self.top, self.zone, self.caveats)

    @property
    def wanted_stopped(self) -> bool:
        """Whether authorized clients, or senders that no trial foretold, are rejected now."""
        return any(r.locked_out or r.surprises for r in self.restrictions)

    def to_json(self) -> dict[str, Any]:
        """The document of schema ``logtune.verify/1``."""
        return {
            "schema": SCHEMA,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "wanted_stopped": self.wanted_stopped,
            "restrictions": [r.to_json(self.before, self.after) for r in self.restrictions],
            "caveats": list(self.caveats),
        }


def _facts(log: Tables, options: Options) -> dict[str, Any]:
    """The two answers of one log, by the end of their table's name."""
    pairs = log.con.execute("SELECT DISTINCT client_name, client_addr FROM recipients").fetchall()
    log.con.register("verify_known", organisations.table(pairs, options.mynetworks))
    services = {"submission": list(options.submission_services)}
    facts = log.con.sql(query("verify_facts"), params=services).to_arrow_table()
    return {"": facts, "_warned": log.con.sql(query("verify_warned")).to_arrow_table()}


def _caveats(before: Side, after: Side) -> list[str]:
    """Why the comparison may say less than it seems to."""
    found = []
    if before.days < MIN_DAYS_BEFORE:
        found.append(f"The trial's log spans {before.days:.1f} days; less than {MIN_DAYS_BEFORE:.0f} foretell little.")
    if after.days < MIN_DAYS_AFTER:
        few = f"Less than {MIN_DAYS_AFTER:.0f} lack weekdays, and retries are not over."
        found.append(f"The log since then spans {after.days:.1f} days. {few}")
    if before.period.last and after.period.first and after.period.first < before.period.last:
        found.append("The second log begins before the first ends: the same mail may count on both sides.")
    if before.period.last and after.period.first and (after.period.first - before.period.last).days >= 1:
        gap = (after.period.first - before.period.last).days
        found.append(f"Between the two logs {gap} {'day is' if gap == 1 else 'days are'} missing.")
    found += [
        f"The {word} log is not whole."
        for word, side in (("first", before), ("second", after))
        if not side.coverage.complete
    ]
    return found
