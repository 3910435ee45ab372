"""A verification as sections of a report: who is stopped that should not be, then numbers, senders and retries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from logtune.analyses.common import plural
from logtune.analyses.verify import FAR_OFF, FEW, REJECTED, Enforced, Verification
from logtune.results import Column, Finding, Item, Kind, Level, Note, Section, Table

STATUS = {
    "enforced": "enforced",
    "partly": "enforced, and still on trial somewhere",
    "on trial": "still on trial",
    "silent": "neither rejects nor warns; what stands before it may reject first",
}
STATES = {
    "as predicted": "rejected, as predicted",
    "passed before": "rejected, passed before",
    "stopped before too": "rejected, stopped before too",
    "new": "rejected, new",
    "passes now": "predicted, passes now",
    "stopped by others": "predicted, stopped by others",
    "gone": "predicted, does not come any more",
}


LOCKED_OUT = "rejects authorized clients"


def headline(found: Verification) -> str:
    """The answer in a sentence."""
    enforced = [r for r in found.restrictions if r.counts["rejected"]]
    if not found.restrictions:
        return "No restriction was on trial in the first log."
    if not enforced:
        return "None of the restrictions that were on trial rejects anything in the second log."
    locked = sum(len(r.locked_out) for r in enforced)
    surprises = len({s["organisation"] for r in enforced for s in r.surprises})
    said = f"{len(enforced):,} of {len(found.restrictions):,} {plural(len(found.restrictions), 'restriction')} enforced"
    if locked:
        return f"{said}; authorized clients are rejected."
    if surprises:
        who = plural(surprises, "sender is rejected that the trial", "senders are rejected that the trial")
        return f"{said}; {surprises:,} {who} had let pass."
    return f"{said}; nobody is rejected that the trial had let pass."


def sections(found: Verification) -> list[Section]:
    """Alarms, numbers, senders, retries, caveats."""
    shown = [_alarms(found), _numbers(found)]
    shown += [_senders(found, r) for r in found.restrictions if r.counts["rejected"]]
    return [*shown, _retries(found), _caveats(found)]


# ---- alarms ----------------------------------------------------------------------------------------------------------


def _alarms(found: Verification) -> Section:
    findings: list[Item] = [f for r in found.restrictions for f in _findings(found, r)]
    findings.sort(key=lambda f: isinstance(f, Finding) and (LOCKED_OUT not in f.title, list(Level).index(f.level)))
    nothing = Note("No authorized client and no sender that the trial had let pass is rejected.")
    return Section("alarms", "Stopped, and perhaps wanted", findings or [nothing])


def _findings(found: Verification, entry: Enforced) -> list[Finding]:
    title, findings = _title(entry), []
    if entry.locked_out:
        count = sum(s["rejected"] for s in entry.locked_out)
        detail = (
            f"{count:,} {plural(count, 'recipient')} of {_names(entry.locked_out, found.top)}."
            " Put permit_mynetworks and permit_sasl_authenticated before it."
        )
        findings.append(Finding(Level.ACT, f"{title} {LOCKED_OUT}", detail))
    if entry.surprises:
        detail = (
            f"{_names(entry.surprises, found.top)}: accepted before without a warning, rejected now."
            " They greet in a new way, have a new address, or an exception was lost."
        )
        findings.append(Finding(Level.ACT, f"{title} rejects senders that the trial let pass", detail))
    lasting = [s for s in entry.among("as predicted") if not s["later"]]
    if lasting:
        detail = (
            f"{_names(lasting, found.top)}: delivered before, and nothing of them came in since. The trial said so."
        )
        findings.append(Finding(Level.LOOK, f"{title} stops senders that delivered before", detail))
    return findings


def _title(entry: Enforced) -> str:
    return entry.name if entry.service == "smtp" else f"{entry.name} at {entry.service}"


def _names(senders: Sequence[Mapping[str, Any]], top: int) -> str:
    named = ", ".join(s["organisation"] for s in senders[:top])
    more = len(senders) - top
    return f"{named} and {more:,} more" if more > 0 else named


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _numbers(found: Verification) -> Section:
    columns = (
        Column("restriction", "", Kind.LOGTEXT, strong=True),
        Column("service", "service", Kind.LOGTEXT),
        Column("predicted", "newly stopped", Kind.NUMBER),
        Column("flagged", "all flagged", Kind.NUMBER),
        Column("rejected", "rejected", Kind.NUMBER),
        Column("rejected_count", "rejected in all", Kind.COUNT, wide=True),
    )
    days = (found.before.days, found.before.days, found.after.days)
    rows = [
        [r.name, r.service, *(_rate(r.counts[n], d) for n, d in zip(RATES, days, strict=True)), r.counts["rejected"]]
        for r in found.restrictions
    ]
    table = Table("rates", columns, rows, sql=None)
    items: list[Item] = [table, MEANING, *(Note(_said(found, r)) for r in found.restrictions)]
    return Section("numbers", "Predicted and real", items, "recipients per day")


RATES = ("predicted", "flagged", "rejected")
MEANING = Note(
    "What is newly stopped is the least that enforcing rejects, all that was flagged the most: a recipient that another"
    " restriction rejected anyway may now be rejected by this one first.",
    aside=True,
)


def _rate(count: int, days: float) -> float:
    return round(count / days, 1)


def _said(found: Verification, entry: Enforced) -> str:
    """One restriction in words."""
    title = f"{_title(entry)}: {STATUS[entry.status]}"
    if entry.status in ("on trial", "silent"):
        return f"{title}."
    counts = entry.counts
    least, most = counts["predicted"] / found.before.days, counts["flagged"] / found.before.days
    real = counts["rejected"] / found.after.days
    if counts["rejected"] < FEW:
        word = f"{counts['rejected']:,} rejected {plural(counts['rejected'], 'recipient')} are too few for a rate"
    elif least / FAR_OFF <= real <= most * FAR_OFF:
        word = "rejects about as many as predicted"
    else:
        word = f"rejects {'more' if real > most else 'fewer'} than predicted; retries count each time"
    also = f" It rejected {counts['rejected_before']:,} in the first log already." if counts["rejected_before"] else ""
    return f"{title}; {word}.{also}"


# ---- senders and retries ---------------------------------------------------------------------------------------------


def _senders(found: Verification, entry: Enforced) -> Section:
    columns = (
        Column("organisation", "client organisation", Kind.LOGTEXT, strong=True),
        Column("state", "what became of it", Kind.TEXT),
        Column("helo", "HELO", Kind.LOGTEXT, wide=True),
        Column("delivered", "accepted before", Kind.COUNT),
        Column("rejected", "rejected since", Kind.COUNT),
        Column("accepted", "accepted since", Kind.COUNT),
        Column("last", "last rejected", Kind.TIME, wide=True),
    )
    order = ("passed before", "as predicted", "new", "stopped before too", "stopped by others", "gone", "passes now")
    known = sorted(entry.senders, key=lambda s: (not s["authorized"], order.index(s["state"]), -s["rejected"]))
    rows = [[s["organisation"], _state(s), *(s[c.name] for c in columns[2:])] for s in known[: found.top]]
    table = Table("senders", columns, rows, omitted=max(0, len(known) - found.top))
    return Section("senders", f"Senders: {_title(entry)}", [table, Note(_summary(entry))], "recipients")


def _state(sender: Mapping[str, Any]) -> str:
    text = STATES[sender["state"]]
    text = f"authorized; {text}" if sender["authorized"] else text
    return f"{text}, came in later" if sender["later"] else text


def _summary(entry: Enforced) -> str:
    counted = [(len(entry.among(state, authorized=None)), words) for state, words in STATES.items()]
    rejected = sum(len(entry.among(state, authorized=None)) for state in REJECTED)
    words = ", ".join(f"{n:,} {text.replace('rejected, ', '')}" for n, text in counted if n)
    return f"{rejected:,} client {plural(rejected, 'organisation')} rejected. Of all: {words}."


def _retries(found: Verification) -> Section:
    rows = [
        [_title(r), *(r.retries[n] for n in ("mails", "tries", "came_in", "given_up"))]
        for r in found.restrictions
        if r.retries["mails"]
    ]
    columns = (
        Column("restriction", "", Kind.LOGTEXT, strong=True),
        Column("mails", "mails", Kind.COUNT),
        Column("tries", "rejected tries", Kind.COUNT),
        Column("came_in", "came in later", Kind.COUNT),
        Column("given_up", "given up", Kind.COUNT),
    )
    if not rows:
        return Section("retries", "Retries", [Note("Nothing was rejected.")])
    note = Note(
        "A mail is one sender, recipient and client network. Given up: no try for a day; its sender got a bounce notice"
        " from the sending server, or nothing if a program sent it.",
        aside=True,
    )
    return Section("retries", "Retries", [Table("retries", columns, rows), note], "mails")


def _caveats(found: Verification) -> Section:
    ends = (("Before", found.before), ("after", found.after))
    spans = "; ".join(f"{word}: {side.days:.1f} days of log" for word, side in ends)
    return Section(
        "caveats", "What to keep in mind", [Note(f"{spans}. Rates are per 24 hours."), *map(Note, found.caveats)]
    )
