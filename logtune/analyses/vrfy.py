"""VRFY: which clients ask whether addresses exist, and what they learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, plural
from logtune.analyses.networks import is_own
from logtune.results import Column, Finding, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

HARVEST = 10
"""From so many answers a stranger collects addresses; a person or a monitoring system asks for one."""


def vrfy(log: Tables, options: Options) -> Section:
    """VRFY commands per client: asked, answered, refused with a line, refused without one."""
    found = ask(log, "vrfy")
    if not found:
        return Section("vrfy", "VRFY", [Note("No client asked with VRFY.")])
    rows = [
        (addr, name, is_own(addr, options.mynetworks), sessions, asked, yes, no, asked - yes - no, first, last)
        for name, addr, sessions, asked, yes, no, first, last in found[: options.top]
    ]
    columns = (
        Column("client", "client", Kind.LOGTEXT, strong=True),
        Column("name", "name", Kind.LOGTEXT, wide=True),
        Column("own", "own", Kind.MARK, wide=True),
        Column("sessions", "sessions", Kind.COUNT, wide=True),
        Column("asked", "asked", Kind.COUNT),
        Column("answered", "answered", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT),
        Column("unlogged", "no line", Kind.COUNT),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME, wide=True),
    )
    sql = "SELECT client_addr, count(*) FROM connections WHERE counters LIKE '%vrfy=%' GROUP BY 1"
    table = Table("vrfy", columns, rows, omitted=len(found) - len(rows), note=_note(found), sql=sql)
    asked = sum(row[3] for row in found)
    return Section("vrfy", "VRFY", [*vrfy_findings(log, options), table], counted(asked, "command"))


def vrfy_findings(log: Tables, options: Options) -> list[Finding]:
    """Strangers that learn from VRFY which addresses exist. A logged reject tells it as well as an answer."""
    told = [(row, row[4] + row[5]) for row in ask(log, "vrfy") if not is_own(row[1], options.mynetworks)]
    told = [(row, count) for row, count in told if count >= HARVEST]
    if not told:
        return []
    answers = sum(count for _, count in told)
    detail = (
        f"{counted(answers, 'answer')} to {counted(len(told), 'client')} outside your networks. "
        "With disable_vrfy_command = yes nobody is told."
    )
    samples = tuple(f"{_client(row[0], row[1])}: {row[4]:,} answered, {row[5]:,} rejected" for row, _ in told[:3])
    return [Finding(Level.LOOK, "VRFY tells strangers which addresses exist", detail, "logtune rejects", samples)]


def _note(found: list[tuple[Any, ...]]) -> str:
    asked, answered, logged = (sum(row[at] for row in found) for at in (3, 4, 5))
    silent = asked - answered - logged
    if silent and not answered and not logged:
        return "None was answered, and no line says so: as with disable_vrfy_command = yes. Counts are smtpd's own."
    tail = f" {silent:,} {plural(silent, 'was', 'were')} refused without a line (syntax, or disable_vrfy_command)."
    return f"Answered and rejected alike tell a client whether an address exists.{tail if silent else ''}"


def _client(name: str | None, addr: str | None) -> str:
    return f"{name}[{addr}]" if name and name != "unknown" else addr or "?"
