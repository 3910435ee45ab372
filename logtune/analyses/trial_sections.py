"""A trial as sections of a report: verdict cards, the counts behind them, the overlap, and the names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from logtune.analyses.common import plural
from logtune.analyses.trial import OnTrial, Trial
from logtune.results import (
    Bar,
    Card,
    Column,
    Harm,
    Item,
    Kind,
    Lines,
    Next,
    Note,
    Part,
    Section,
    Table,
    Verdict,
)

RawLines = Callable[[Sequence[int]], Sequence[str]]
"""Positions to the raw lines behind them (api knows the sources; an analysis does not)."""

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
    """By whom the newly stopped recipients were sent. Without evidence from elsewhere the rest is "others"."""
    counts = entry.counts
    found = [Part(Harm.AUTHORIZED, "authorized clients", counts["authorized"])]
    if counts["filter"]:
        found.append(Part(Harm.FILTER, "own filter", counts["filter"]))
    found.append(Part(Harm.OTHERS, "others", counts["others"] + counts["private"]))
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


def in_full(trial: Trial, entry: OnTrial, raw: RawLines | None) -> list[Section]:
    """One restriction with the names behind its numbers."""
    return [_whom(trial, entry, raw), _course(trial, entry)]


def _whom(trial: Trial, entry: OnTrial, raw: RawLines | None) -> Section:
    stopped = entry.counts["accepted"]
    items: list[Item] = [Note(_scope(entry))]
    items += [Bar(parts(entry))] if stopped else []
    items += [Note(_figures(entry))] if stopped else []
    if stopped:
        items += [_organisations(trial, entry), _transactions(trial, entry)]
        items += _raw(trial, entry, raw)
    items += _retries(trial, entry)
    return Section(
        "whom", f"Whom it would hit{_at(entry)}", items, f"{stopped:,} {plural(stopped, 'recipient')} newly stopped"
    )


def _at(entry: OnTrial) -> str:
    return f" at {entry.service}" if entry.service else ""


def _scope(entry: OnTrial) -> str:
    states = ", ".join(f"{state} {count:,}" for state, count in entry.protocol_states.items())
    service = f" of service {entry.service}" if entry.service else ""
    lines = entry.counts["warning_lines"]
    text = f"{lines:,} warning {plural(lines, 'line')}{service}, by protocol state: {states}."
    if entry.candidates:
        text += f" The text does not decide which restriction spoke: {', '.join(entry.candidates)}."
    return text


def _figures(entry: OnTrial) -> str:
    counts = entry.counts
    figures = [
        (counts["clients"], "client"),
        (counts["client_organisations"], "client organisation"),
        (counts["helo_names"], "HELO name"),
        (counts["sender_domains"], "sender domain"),
        (counts["recipients"], "recipient address"),
    ]
    words = [f"{n:,} {plural(n, w, 'recipient addresses' if w.endswith('ss') else '')}" for n, w in figures]
    fates = ", ".join(f"{count:,} {fate}" for fate, count in entry.fates.items())
    return f"{' · '.join(words)}. What became of the mail: {fates}. Only by this restriction: {counts['only_this']:,}."


WHO = {"others": "", "private": "private address", "filter": "own filter", "authorized": "authorized"}


def _organisations(trial: Trial, entry: OnTrial) -> Table:
    found = trial.tables.frame("trial_by_organisation", name=entry.name, service=entry.service).to_pylist()
    columns = (
        Column("organisation", "client organisation", Kind.LOGTEXT, strong=True),
        Column("who", "known as", Kind.TEXT),
        Column("helo", "HELO", Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("mails", "mails", Kind.COUNT, wide=True),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME),
        Column("fate", "fate", Kind.TEXT),
    )
    top = trial.options.top
    rows = [
        [row["organisation"], WHO[row["who"]], row["helo"], *(row[c.name] for c in columns[3:])] for row in found[:top]
    ]
    return Table("organisations", columns, rows, title="By client organisation", omitted=max(0, len(found) - top))


def _transactions(trial: Trial, entry: OnTrial) -> Table:
    found = trial.tables.frame("trial_names", name=entry.name, service=entry.service).to_pylist()
    columns = (
        Column("sender", "sender", Kind.LOGTEXT),
        Column("recipient", "recipient", Kind.LOGTEXT),
        Column("client_addr", "client", Kind.LOGTEXT, wide=True),
        Column("helo", "HELO", Kind.LOGTEXT, wide=True),
        Column("recipients", "times", Kind.COUNT),
        Column("last", "last", Kind.TIME),
        Column("fate", "fate", Kind.TEXT),
        Column("line", "line", Kind.NUMBER, wide=True),
    )
    top = trial.options.top
    rows = [[_sender(row["sender"]), *(row[c.name] for c in columns[1:])] for row in found[:top]]
    return Table("transactions", columns, rows, title="By sender and recipient", omitted=max(0, len(found) - top))


def _sender(sender: str | None) -> str | None:
    return "<>" if sender == "" else sender


def _raw(trial: Trial, entry: OnTrial, raw: RawLines | None) -> list[Item]:
    """One raw line per client organisation, so that every row can be believed."""
    if raw is None:
        return []
    found = trial.tables.frame("trial_by_organisation", name=entry.name, service=entry.service).to_pylist()
    return [Lines(list(raw([row["line"] for row in found[: trial.options.top]])), "log")]


def _retries(trial: Trial, entry: OnTrial) -> list[Item]:
    deferred = entry.counts["deferred_anyway"]
    if not deferred:
        return []
    came, never, seconds, tries = trial.tables.rows("trial_retries", name=entry.name, service=entry.service)[0]
    text = f"{deferred:,} deferred anyway: {came:,} came in later, {never:,} never did in this log."
    if came:
        more = f"{round(tries)} further {plural(round(tries), 'try', 'tries')}"
        text += f" Half of those that came in took {more} and {round(seconds):,} s or less."
    return [Note(text)]


def _course(trial: Trial, entry: OnTrial) -> Section:
    columns = (
        Column("label", "", Kind.TEXT),
        Column("course", "per day", Kind.COURSE),
    )
    rows: list[list[Any]] = [
        ["newly stopped recipients", tuple(entry.course)],
        ["organisations newly hit", _new(trial, entry)],
    ]
    items: list[Item] = [Table("course", columns, rows)]
    items += [Note(reason) for reason in entry.ruling.reasons]
    days = trial.tables.period.days
    return Section("course", f"How the trial runs{_at(entry)}", items, f"{days} {plural(days, 'day')} of log")


def _new(trial: Trial, entry: OnTrial) -> tuple[int, ...]:
    """Organisations by the local day on which they were first hit (authorized clients and the filter apart)."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(trial.options.zone)
    days = [h.first.replace(tzinfo=UTC).astimezone(zone).date() for h in entry.harmed if h.first]
    return tuple(days.count(day) for day in trial.tables.days)
