"""One restriction on trial in full: whom it would hit and why they are believed wanted or not, the confidence in it,
the exceptions, and what it has in common with what is enforced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from logtune.analyses import evidence
from logtune.analyses.common import counted, plural
from logtune.analyses.exemptions import Key
from logtune.analyses.trial import OnTrial, Trial
from logtune.analyses.trial_sections import parts
from logtune.postfix import helo
from logtune.results import Bar, Column, Harm, Item, Kind, Lines, Next, Note, Section, Table

RawLines = Callable[[Sequence[int]], Sequence[str]]
"""Positions to the raw lines behind them (api knows the sources; an analysis does not)."""

Row = Mapping[str, Any]


def in_full(trial: Trial, entry: OnTrial, raw: RawLines | None) -> list[Section]:
    """One restriction with the names behind its numbers."""
    sections = [_whom(trial, entry, raw), _confidence(trial, entry)]
    sections += [_exceptions(trial, entry)] if entry.exemptions or entry.counts["authorized"] else []
    return [*sections, *_anyway(trial, entry)]


def _at(entry: OnTrial) -> str:
    return f" at {entry.service}" if entry.service else ""


# --- whom it would hit


def _whom(trial: Trial, entry: OnTrial, raw: RawLines | None) -> Section:
    stopped = entry.counts["accepted"]
    items: list[Item] = [Note(_scope(entry))]
    if stopped:
        strangers = trial.tables.frame("trial_strangers", name=entry.name, service=entry.service).to_pylist()
        own = trial.tables.frame("trial_authorized", name=entry.name, service=entry.service).to_pylist()
        items += [Bar(parts(entry)), Note(_figures(entry)), *_learnt(trial)]
        items += _by_harm(trial, strangers, own)
        items += [*_known(entry), _transactions(trial, entry)]
        items += _raw([row["line"] for row in (*strangers, *own)][: trial.options.top], raw)
    return Section(
        "whom", f"Whom it would hit{_at(entry)}", items, f"{stopped:,} {plural(stopped, 'recipient')} newly stopped"
    )


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


def _learnt(trial: Trial) -> list[Item]:
    """What there was no way to know; without it "no evidence" says little."""
    missing = []
    if not trial.learnt.filter_lines:
        missing.append("no line of a content filter (amavis, rspamd, spamd)")
    if not trial.learnt.own_mails:
        missing.append("no mail that your own users sent")
    return [Note(f"To learn from, this log has {' and '.join(missing)}.", aside=True)] if missing else []


def _by_harm(trial: Trial, strangers: Sequence[Row], own: Sequence[Row]) -> list[Item]:
    """A table each for those who are hit, in the order in which it hurts."""
    by = {harm: [r for r in strangers if r["harm"] == harm] for harm in ("wanted", "filter", "no_evidence", "unwanted")}
    found: list[Item] = []
    if by["wanted"]:
        found.append(_strangers(trial, "wanted", "Wanted senders", Harm.WANTED, by["wanted"], evidence.words_for))
    if own:
        found.append(_own(trial, own))
    if by["filter"]:
        found.append(Note(f"Own filter: {_sum(by['filter'])} injected again from loopback. Enforcing would break it."))
    if by["no_evidence"]:
        found.append(_strangers(trial, "no_evidence", "No evidence", Harm.OTHERS, by["no_evidence"], evidence.words))
    if by["unwanted"]:
        against = evidence.words_against
        found.append(_strangers(trial, "unwanted", "Unwanted", Harm.UNWANTED, by["unwanted"], against))
    return found


def _sum(rows: Sequence[Row]) -> str:
    return counted(sum(r["recipients"] for r in rows), "recipient")


def _strangers(
    trial: Trial, name: str, title: str, harm: Harm, rows: Sequence[Row], words: Callable[[Row], Sequence[str]]
) -> Table:
    columns = (
        Column("organisation", "client organisation", Kind.LOGTEXT, strong=True),
        Column("client_addr", "client", Kind.LOGTEXT, below=True),
        Column("helo", "HELO", Kind.LOGTEXT, below=True),
        Column("sender_domain", "sender domain", Kind.LOGTEXT, wide=True),
        Column("recipients", "recipients", Kind.COUNT),
        Column("last", "last", Kind.TIME, wide=True),
        Column("evidence", "evidence", Kind.TEXT),
    )
    top = trial.options.top
    shown = [[*(r[c.name] for c in columns[:-1]), _evidence(r, words)] for r in rows[:top]]
    counts = f"{_sum(rows)} of {counted(len(rows), 'organisation')}"
    return Table(name, columns, shown, title=title, omitted=max(0, len(rows) - top), counts=counts, harm=harm)


def _evidence(row: Row, words: Callable[[Row], Sequence[str]]) -> str:
    if row["who"] == "private":
        return "; ".join(["private address: the client tells nothing", *words(row)])
    return ", ".join(words(row)) or "none"


def _own(trial: Trial, rows: Sequence[Row]) -> Table:
    columns = (
        Column("user", "user or client", Kind.LOGTEXT, strong=True),
        Column("helo", "HELO", Kind.LOGTEXT),
        Column("known_by", "known by", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("days", "days", Kind.COUNT),
    )
    top = trial.options.top
    shown = [[r[c.name] for c in columns] for r in rows[:top]]
    counts = f"{_sum(rows)} of {counted(len(rows), 'user or client', 'users and clients')}"
    omitted = max(0, len(rows) - top)
    return Table(
        "authorized", columns, shown, title="Authorized clients", omitted=omitted, counts=counts, harm=Harm.AUTHORIZED
    )


def _known(entry: OnTrial) -> list[Item]:
    known = entry.counts["known"]
    return [Note(f"Known, not shown: {counted(known, 'recipient')}.")] if known else []


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
    rows = [["<>" if r["sender"] == "" else r["sender"], *(r[c.name] for c in columns[1:])] for r in found[:top]]
    return Table("transactions", columns, rows, title="By sender and recipient", omitted=max(0, len(found) - top))


def _raw(positions: Sequence[int], raw: RawLines | None) -> list[Item]:
    """One raw line per row, so that every row can be believed."""
    return [Lines(list(raw(positions)), "log")] if raw is not None and positions else []


# --- how far it can be trusted


def _confidence(trial: Trial, entry: OnTrial) -> Section:
    columns = (
        Column("label", "", Kind.TEXT),
        Column("course", "per day", Kind.COURSE),
    )
    rows: list[list[Any]] = [
        ["newly stopped recipients", tuple(entry.course)],
        ["wanted organisations, new", _new(trial, entry)],
    ]
    items: list[Item] = [Table("course", columns, rows)]
    items += [Note(text) for text in (*entry.confidence.sentences, *entry.ruling.reasons)]
    return Section("course", f"Confidence{_at(entry)}", items, _trust(entry))


def _trust(entry: OnTrial) -> str:
    found = entry.confidence
    dry = f", dry for {found.dry_days}" if found.dry_days else ""
    return f"{found.trust.value}: {counted(found.span.days, 'day')} on trial{dry}"


def _new(trial: Trial, entry: OnTrial) -> tuple[int, ...]:
    """Organisations by the local day on which their wanted mail was first hit."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(trial.options.zone)
    days = [h.first.replace(tzinfo=UTC).astimezone(zone).date() for h in entry.harmed if h.first and h.wanted]
    return tuple(days.count(day) for day in trial.tables.days)


# --- exceptions


def _exceptions(trial: Trial, entry: OnTrial) -> Section:
    counts, top = entry.counts, trial.options.top
    by = {Key.NAME: "verified name", Key.ADDRESS: "address"}
    rows: list[list[Any]] = [
        [e.key, by[e.by], ", ".join(e.helo_names), e.recipients, e.last, ", ".join(e.evidence)]
        for e in entry.exemptions
    ]
    columns = (
        Column("key", "exception for", Kind.LOGTEXT, strong=True),
        Column("by", "by", Kind.TEXT),
        Column("helo", "HELO", Kind.LOGTEXT, wide=True),
        Column("recipients", "spares recipients", Kind.COUNT),
        Column("last", "last", Kind.TIME, wide=True),
        Column("evidence", "evidence", Kind.TEXT),
    )
    items: list[Item] = []
    if counts["authorized"]:
        spared = counted(counts["authorized"], "recipient")
        items.append(Note(f"permit_mynetworks and permit_sasl_authenticated before the restriction spare {spared}."))
    if rows:
        items.append(Table("exceptions", columns, rows[:top], omitted=max(0, len(rows) - top), note=_BY_CLIENT))
    excepted = counts["authorized"] + sum(e.recipients for e in entry.exemptions)
    spare = f"spare {excepted:,} of {counts['authorized'] + counts['wanted']:,} recipients"
    after = [Next("logtune tune", "the lines for main.cf")]
    return Section("exceptions", f"Exceptions{_at(entry)}", items, spare, after)


_BY_CLIENT = "By verified client name or address, not by HELO name: anyone can say any name."


# --- overlap with what is enforced, and what was never evaluated


def _anyway(trial: Trial, entry: OnTrial) -> list[Section]:
    found = trial.tables.rows("trial_anyway", name=entry.name, service=entry.service)
    columns = (
        Column("by", "stopped by", Kind.LOGTEXT),
        Column("outcome", "for", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
    )
    words = {"rejected": "good", "deferred": "now (4xx)"}
    top = trial.options.top
    rows = [[by or "(not named)", words[outcome], count] for by, outcome, count in found]
    items: list[Item] = [Table("anyway", columns, rows[:top], omitted=max(0, len(rows) - top))] if rows else []
    items += [*_retries(trial, entry), *_unwarned(trial, entry)]
    total = sum(row[2] for row in found)
    counts = f"{counted(total, 'recipient')} flagged and stopped by it"
    return [Section("anyway", f"What is enforced already{_at(entry)}", items, counts)] if items else []


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


def _unwarned(trial: Trial, entry: OnTrial) -> list[Item]:
    """What an earlier permit or reject kept from being evaluated: unknown, but for the syntax of a greeting."""
    ran = entry.confidence.span
    if entry.restriction not in (helo.INVALID, helo.NON_FQDN, helo.UNKNOWN) or ran.first is None:
        return [Note(_UNKNOWN, aside=True)]
    rows = trial.tables.rows("trial_unwarned", name=entry.name, service=entry.service, first=ran.first, until=ran.until)
    fails = [(ok, count) for name, ok, count in rows if helo.judge(name).restrictions[entry.restriction].rejects]
    total, accepted = sum(count for _, count in fails), sum(count for ok, count in fails if ok)
    text = f"{_UNKNOWN} By the syntax of its greeting alone it would"
    if not total:
        return [Note(f"{text} reject no other recipient whose HELO is known.", aside=True)]
    warned = f"{counted(total, 'recipient')} without a warning, {accepted:,} of them accepted"
    return [Note(f"{text} also reject {warned}.")]


_UNKNOWN = "An earlier permit or reject keeps a restriction from being evaluated: what it would have said is unknown."
