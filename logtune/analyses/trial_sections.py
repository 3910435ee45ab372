"""A trial as sections of a report: verdict cards, the counts behind them, the overlap, and the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from logtune.analyses.common import plural
from logtune.analyses.trial import OnTrial, Trial
from logtune.results import (
    Card,
    Column,
    Harm,
    Item,
    Kind,
    Next,
    Note,
    Part,
    Section,
    Table,
    Verdict,
)

NOTHING = (
    Note(
        "No restriction is on trial. Nothing is lost by trying one: put warn_if_reject before it, reload Postfix,"
        " and wait two weeks."
    ),
    Note("A trial shows as reject_warning lines; this log has none.", aside=True),
)


def verdicts(trial: Trial) -> Section:
    """One card per restriction on trial, most harmful first."""
    items: Sequence[Item] = [card(r) for r in trial.restrictions] or NOTHING
    more = [Next("logtune trial", "the counts and the names behind them")] if trial.restrictions else []
    return Section("trial", "Restrictions on trial", items, "most harmful first" if trial.restrictions else "", more)


def card(entry: OnTrial) -> Card:
    """The restriction at a glance."""
    return Card(
        entry.label,
        entry.ruling.verdict,
        entry.service,
        entry.counts["accepted"],
        parts(entry),
        entry.ruling.reasons,
        entry.course,
        entry.counts["flagged"],
    )


def parts(entry: OnTrial) -> list[Part]:
    """For whom it would be bad that the newly stopped recipients are stopped."""
    counts = entry.counts
    found = [
        Part(Harm.WANTED, "wanted", counts["wanted"]),
        Part(Harm.AUTHORIZED, "authorized clients", counts["authorized"]),
        Part(Harm.OTHERS, "no evidence", counts["no_evidence"]),
        Part(Harm.UNWANTED, "unwanted", counts["unwanted"]),
    ]
    if counts["filter"]:
        found.insert(2, Part(Harm.FILTER, "own filter", counts["filter"]))
    return found


def headline(trial: Trial) -> str:
    """The answer in a sentence."""
    if not trial.restrictions:
        return "No restriction is on trial."
    words = [r.ruling.verdict for r in trial.restrictions]
    total = len(words)
    little = words.count(Verdict.LITTLE)
    good = sum(w in (Verdict.ENFORCE, Verdict.EXCEPTIONS) for w in words)
    said = [
        (good, "can be enforced"),
        (words.count(Verdict.NO), "must not"),
        (words.count(Verdict.KEEP), "should stay on trial"),
        (little, f"{plural(little, 'has', 'have')} too little evidence"),
    ]
    named = [f"{count} {text}" for count, text in said if count]
    return f"Of {total} {plural(total, 'restriction')} on trial, {listed(named)}."


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def counts(trial: Trial) -> Section:
    """What enforcing each restriction would do, all counts of docs/verdict.md side by side."""
    outcomes = _table(
        trial,
        "trial_counts",
        Column("warning_lines", "warning lines", Kind.COUNT, wide=True),
        Column("flagged", "flagged", Kind.COUNT),
        Column("rejected_anyway", "rejected anyway", Kind.COUNT),
        Column("deferred_anyway", "deferred anyway", Kind.COUNT),
        Column("abandoned", "aban- doned", Kind.COUNT, wide=True),
        Column("probes", "probes", Kind.COUNT, wide=True),
        Column("accepted", "newly stopped", Kind.COUNT),
    )
    stopped = _table(
        trial,
        "newly_stopped",
        Column("only_this", "only this", Kind.COUNT),
        Column("accepted_5xx", "by 5xx", Kind.COUNT),
        Column("accepted_4xx", "by 4xx", Kind.COUNT),
        Column("client_organisations", "organisations", Kind.COUNT),
    )
    items: list[Item] = [replace(outcomes, sql=SQL_COUNTS), OUTCOMES, *_unknown(trial)]
    items += [replace(stopped, title="Newly stopped"), REPLIES]
    return Section("counts", "What each restriction does", items, "recipients")


OUTCOMES = Note(
    "Rejected anyway: an enforced restriction stops it for good too. Deferred anyway: only for now, it may come back."
    " Newly stopped: accepted today."
)
REPLIES = Note(
    "A 5xx returns the mail to its sender at once; a 4xx lets a real server try for days, which helps only if the same"
    " client later passes."
)


def _table(trial: Trial, name: str, *columns: Column) -> Table:
    """Counts of all restrictions on trial, one column each."""
    head = (Column("restriction", "", Kind.LOGTEXT, strong=True), Column("service", "service", Kind.LOGTEXT))
    rows = [[r.label, r.service or "smtp", *(r.counts[c.name] for c in columns)] for r in trial.restrictions]
    return Table(name, (*head, *columns), rows)


def _unknown(trial: Trial) -> list[Note]:
    unknown = sum(r.counts["unknown"] for r in trial.restrictions)
    if not unknown:
        return []
    who = f"{unknown:,} flagged {plural(unknown, 'recipient')}"
    return [Note(f"Of {who} the log shows no end, or not which greeting counted.")]


SQL_COUNTS = (
    "SELECT coalesce(f.restriction, f.text) AS restriction, f.service, r.outcome, count(DISTINCT r.id) AS recipients"
    " FROM flags f JOIN recipients r USING (id) GROUP BY ALL ORDER BY ALL"
)


def overlap(trial: Trial) -> Section | None:
    """Which restrictions stop the same recipients; None with fewer than two that stop any."""
    names = sorted({name for combination, _ in trial.overlap for name in combination})
    if len(names) < 2:
        return None
    rows = [[", ".join(combination), len(combination) == 1, count] for combination, count in trial.overlap]
    columns = (
        Column("restrictions", "stopped by exactly these", Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT),
    )
    shown = rows[: trial.options.top]
    table = Table("overlap", columns, [[r[0], r[2]] for r in shown], omitted=len(rows) - len(shown))
    return Section("overlap", "Overlap", [table], f"{trial.newly_stopped:,} recipients newly stopped by any of them")
