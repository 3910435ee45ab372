"""The verdicts of several hosts side by side: each host's own beside that on all of them, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logtune.analyses.common import counted
from logtune.analyses.trial import OnHost, OnTrial, Trial
from logtune.results import Column, Finding, Item, Kind, Level, Section, Table, Verdict

ALL = "all"
NOT_THERE = "not on trial"
REJECTS = "rejects"

NOTE = (
    "Recipients. A host's verdict rests on its own warnings, recipients, organisations and days; whether mail is"
    " wanted is learnt from the mail of all hosts. Restrictions are set on each host by itself."
)


def section(trial: Trial) -> list[Section]:
    """The section of ``trial``; none for a log of one host."""
    items = side_by_side(trial)
    return [Section("hosts", "Host by host", items, "recipients")] if items else []


def side_by_side(trial: Trial) -> list[Item]:
    """Where hosts differ, and the table of all verdicts; nothing for a log of one host."""
    if not trial.by_host:
        return []
    rows = [row for entry in trial.restrictions for row in _rows(entry, trial.by_host[entry.name, entry.service])]
    services = any(entry.service for entry in trial.restrictions)
    columns = (
        Column("restriction", "on trial", Kind.LOGTEXT),
        Column("service", "service", Kind.LOGTEXT, wide=not services),
        Column("host", "host", Kind.LOGTEXT),
        Column("sign", "", Kind.VERDICT),
        Column("verdict", "verdict", Kind.TEXT),
        Column("days", "days", Kind.COUNT, wide=True),
        Column("flagged", "flagged", Kind.COUNT, wide=services),
        Column("accepted", "newly stopped", Kind.COUNT),
        Column("wanted", "wanted", Kind.COUNT, wide=True),
        Column("organisations", "organisations", Kind.COUNT, wide=True),
        Column("rejects", "reject lines", Kind.COUNT, wide=True),
    )
    strong = [n for n, row in enumerate(rows) if row[2] == ALL]
    return [*differences(trial), Table("trial_by_host", columns, rows, "Verdicts by host", note=NOTE, strong=strong)]


def differences(trial: Trial) -> list[Finding]:
    """Restrictions on which hosts differ, in the order of the trial.

    Where all that differs is that a host has too little evidence, or it does not take part, it is no contradiction.
    """
    found = []
    for entry in trial.restrictions:
        hosts = trial.by_host.get((entry.name, entry.service), ())
        said = {_word(on) for on in hosts}
        if len(said) > 1:
            told = said - {Verdict.LITTLE.value, NOT_THERE}
            found.append(_difference(entry, hosts, Level.LOOK if len(told) > 1 else Level.UNKNOWN))
    return found


def _difference(entry: OnTrial, hosts: Sequence[OnHost], level: Level) -> Finding:
    words = ", ".join(f"{_word(on)} on {on.host}" for on in hosts)
    at = f" at {entry.service}" if entry.service else ""
    reasons = [f"All hosts, {entry.ruling.verdict.value}: {entry.ruling.reasons[0]}"]
    reasons += [f"{on.host}: {_why(on)}" for on in hosts]
    command = f"logtune trial --host {hosts[0].host}"
    return Finding(level, f"{entry.label}{at}: {words}", " ".join(reasons), command)


def _why(on: OnHost) -> str:
    if on.entry is None:
        lines = f"it rejects there ({counted(on.rejects, 'line')})" if on.rejects else "nor does it reject there"
        return f"no warning on this host, {lines}."
    return on.entry.ruling.reasons[0]


def _word(on: OnHost) -> str:
    if on.entry is not None:
        return on.entry.ruling.verdict.value
    return REJECTS if on.rejects else NOT_THERE


def _rows(entry: OnTrial, hosts: Sequence[OnHost]) -> list[tuple[Any, ...]]:
    rejects = sum(on.rejects for on in hosts)
    rows = [_row(entry, ALL, entry, entry.ruling.verdict.value, rejects)]
    return rows + [_row(entry, on.host, on.entry, _word(on), on.rejects) for on in hosts]


def _row(of: OnTrial, host: str, entry: OnTrial | None, word: str, rejects: int) -> tuple[Any, ...]:
    names = ("flagged", "accepted", "wanted", "client_organisations")
    counts = [entry.counts[name] if entry else 0 for name in names]
    verdict = entry.ruling.verdict if entry else None
    days = entry.confidence.span.days if entry else 0
    return (of.label, of.service or "smtp", host, verdict, word, days, *counts, rejects)
