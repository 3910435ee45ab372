"""SASL login failures: guessed passwords by client and name, guesses that succeeded, and own logins that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, course, courses, covered_days, cut_rows, keep
from logtune.analyses.trouble import keep_warnings
from logtune.results import Column, Finding, Item, Kind, Level, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

GUESSES = 10
"""From so many failures of one client a later login is suspicious: a person with a wrong password gives up before."""
NAMES = 3
"""From so many names it is no person but a program that guesses."""

_FAILURES = "FROM notices WHERE kind = 'sasl_failure'"


def sasl(log: Tables, options: Options) -> Section:
    """Failed logins (lines) in total, per client and per name, and what needs a person."""
    findings = sasl_findings(log)
    failures, clients, names, *_ = ask(log, "sasl_totals")[0]
    if not failures:
        return Section("sasl", "Logins that failed", [*findings, Note("No SASL login failed.")])
    per_day = courses(ask(log, "sasl_course")).get("failures", {})
    days = course(per_day, options.days, covered_days(log))
    items: list[Item] = [
        *findings,
        Metric(
            "failures",
            failures,
            Kind.COUNT,
            "failed or aborted login attempts, lines",
            f"SELECT sum(coalesce(repeat, 1)) {_FAILURES}",
        ),
        Metric(
            "clients",
            clients,
            Kind.COUNT,
            "client addresses with a failed login",
            f"SELECT count(DISTINCT client_addr) {_FAILURES}",
        ),
        Metric("names", names, Kind.COUNT, "login names tried, where logged (Postfix 3.5 and later)"),
        Metric("per_day", days, Kind.COURSE, "failed or aborted login attempts per day"),
        _clients(log, options),
        _users(log, options),
    ]
    return Section("sasl", "Logins that failed", items, f"{failures:,} lines")


def sasl_findings(log: Tables) -> list[Finding]:
    """Guesses that were followed by a login from the same client, and own logins that failed elsewhere."""
    keep_warnings(log)
    keep(log, "failures", "sasl_failures")
    keep(log, "logins", "sasl_logins")
    _, _, _, own, sample = ask(log, "sasl_totals")[0]
    found = [_entered(row) for row in ask(log, "sasl_entered", guesses=GUESSES)]
    if own:
        detail = f"{counted(own, 'line')}: this server's own login at a relay fails; its mail waits."
        found.append(Finding(Level.ACT, "Own login at another server fails", detail, samples=(sample or "",)))
    return sorted(found, key=lambda finding: finding.level is not Level.ACT)


def _entered(row: tuple[Any, ...]) -> Finding:
    client, failures, names, logins, login = row
    level = Level.ACT if names >= NAMES else Level.LOOK
    guessed = f"{failures:,} failed logins with {counted(names, 'name')}"
    detail = f"{guessed}, then {counted(logins, 'mail')} with a login from {client}."
    return Finding(
        level,
        "A client that guessed passwords got in" if level is Level.ACT else "Many failed logins, then a login",
        detail,
        samples=(login or "",),
    )


def _clients(log: Tables, options: Options) -> Table:
    rows, omitted = cut_rows(ask(log, "sasl_clients", top=options.top))
    columns = (
        Column("client", "client", Kind.LOGTEXT),
        Column("failures", "failures", Kind.COUNT),
        Column("names", "names", Kind.COUNT),
        Column("mechanisms", "mechanisms", Kind.LOGTEXT, wide=True),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME),
        Column("logins", "mails with a login after", Kind.COUNT, wide=True),
    )
    return Table("sasl_clients", columns, [row[:7] for row in rows], "By client", omitted)


def _users(log: Tables, options: Options) -> Table:
    rows, omitted = cut_rows(ask(log, "sasl_users", top=options.top))
    columns = (
        Column("username", "login name", Kind.LOGTEXT),
        Column("failures", "failures", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME),
    )
    note = "" if rows else "The log shows no login names; Postfix logs them since 3.5."
    return Table("sasl_users", columns, rows, "By login name", omitted, note)
