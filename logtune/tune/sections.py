"""The plan as a report: what to do with each restriction, the new lines, why this order, what else was seen."""

from __future__ import annotations

from collections.abc import Sequence

from logtune.analyses.common import counted, plural
from logtune.analyses.tuning import Seen
from logtune.results import (
    Column,
    Harm,
    Item,
    Kind,
    Lines,
    Next,
    Note,
    Part,
    Report,
    Section,
    Verdict,
)
from logtune.results import Table as Rows
from logtune.tables import Tables
from logtune.tune.also_seen import also_seen
from logtune.tune.files import postconf_lines, rollback_lines, shown, table_text
from logtune.tune.model import Action, Decision
from logtune.tune.order import Step, steps
from logtune.tune.plan import Plan

SCHEMA = "logtune.tune/1"

REASONS = 2
"""Of each decision; all of them are in JSON, and in ``logtune trial``."""

_VERDICTS = {
    Action.DROP: Verdict.NO,
    Action.KEEP: Verdict.KEEP,
    Action.EXCEPTIONS: Verdict.EXCEPTIONS,
    Action.ENFORCE: Verdict.ENFORCE,
}
_HARMS = {
    Harm.WANTED: "wanted",
    Harm.AUTHORIZED: "own users",
    Harm.FILTER: "own filter",
    Harm.OTHERS: "no evidence",
    Harm.UNWANTED: "unwanted",
}

LEGEND = Note(f"Bars from dark to light: {', '.join(_HARMS.values())}.", aside=True)


def report(log: Tables, plan: Plan, seen: Seen) -> Report:
    """The plan as ``logtune tune`` shows it."""
    order = steps(plan.decisions, seen.stopped)
    days = log.period.days
    sections = [
        _plan(plan),
        *_lines(plan),
        *_tables(plan),
        *_order(order, days),
        Section("also_seen", "Also seen", also_seen(plan, seen)),
        *_do_it(plan),
    ]
    return Report(
        schema=SCHEMA,
        command="tune",
        hosts=log.hosts,
        period=log.period,
        coverage=log.coverage,
        headline=headline(plan, order, days),
        sections=sections,
        details=[_reads(plan)],
    )


def _reads(plan: Plan) -> str:
    version = f" (Postfix {plan.configuration.version})" if plan.configuration.version else ""
    return f"Reads {plan.configuration.source}{version} and changes nothing there."


def headline(plan: Plan, order: Sequence[Step], days: int) -> str:
    """What the plan does, and what it would have stopped in the time of the log."""
    if not plan.decisions:
        return "No restriction is on trial in this configuration: there is nothing to plan."
    counts = [
        (len(plan.enforced), "enforce"),
        (sum(d.action is Action.DROP for d in plan.decisions), "drop"),
        (sum(d.action is Action.KEEP for d in plan.decisions), "keep on trial"),
    ]
    words = [f"{verb} {counted(n, 'restriction')}" for n, verb in counts if n]
    exceptions = sum(1 for t in plan.tables for _, _, result in t.entries if result in ("OK", "DUNNO"))
    words += [f"add {counted(exceptions, 'exception')}"] if exceptions else []
    text = ", ".join([words[0], *(word.replace(" restrictions", "").replace(" restriction", "") for word in words[1:])])
    return f"{text[:1].upper()}{text[1:]}.{_stops(order, days)}"


def _stops(order: Sequence[Step], days: int) -> str:
    if not order:
        return ""
    left = order[-1].left
    who = [(Harm.UNWANTED, "unwanted"), (Harm.OTHERS, "without evidence"), (Harm.WANTED, "wanted")]
    by = ", ".join(f"{left[harm]:,} {word}" for harm, word in who)
    own = left[Harm.AUTHORIZED] + left[Harm.FILTER]
    stops = f" It stops {order[-1].count:,} more {plural(order[-1].count, 'recipient')} in {counted(days, 'day')}"
    return f"{stops}: {by}, {own:,} of your own."


def _plan(plan: Plan) -> Section:
    columns = (
        Column("verdict", "", Kind.VERDICT),
        Column("restriction", "", Kind.LOGTEXT, strong=True),
        Column("action", "", Kind.TEXT),
        Column("service", "", Kind.LOGTEXT),
    )
    rows = [[_VERDICTS[d.action], d.candidate.name, d.action.value, _services(d)] for d in plan.decisions]
    items: list[Item] = [Rows("plan", columns, rows)] if rows else []
    items += [Note(f"{d.candidate.name}: {' '.join(d.why[:REASONS])}") for d in plan.decisions]
    if "smtpd_helo_required" in plan.parameters():
        items.append(
            Note("smtpd_helo_required = yes: without HELO no HELO restriction is evaluated; it stops no mail.")
        )
    items += [Note(text) for text in plan.notes]
    if not items:
        items = [Note("Put warn_if_reject before a restriction, reload Postfix, and wait two weeks.")]
    return Section("plan", "Plan", items)


def _services(decision: Decision) -> str:
    names = [service.label for service in decision.candidate.services]
    return ", ".join(names)


def _lines(plan: Plan) -> list[Section]:
    """The new lines: as diffs where the files are there, else as main.cf and postconf -P would have them."""
    found = []
    main = [c for c in plan.changes if c.place.service is None]
    master = [c for c in plan.changes if c.place.service is not None]
    if plan.main_diff:
        found.append(Section("main_cf", "main.cf", [Lines(plan.main_diff, "diff")]))
    elif main:
        found.append(Section("main_cf", "main.cf", [Lines([x for c in main for x in shown(c)], "config")]))
    if plan.master_diff:
        found.append(Section("master_cf", "master.cf", [Lines(plan.master_diff, "diff")]))
    elif master:
        found.append(Section("master_cf", "master.cf", [Lines(postconf_lines(master), "shell")]))
    return found


def _tables(plan: Plan) -> list[Section]:
    return [
        Section(
            f"table_{table.name}",
            table.name,
            [Lines(table_text(table).splitlines(), "config")],
            f"{counted(sum(r in ('OK', 'DUNNO') for _, _, r in table.entries), 'exception')}, new file",
        )
        for table in plan.tables
    ]


def _order(order: Sequence[Step], days: int) -> list[Section]:
    if not order:
        return []
    columns = (
        Column("step", "", Kind.TEXT, strong=True),
        Column("count", "", Kind.COUNT),
        Column("by", "", Kind.PARTS),
        Column("change", "", Kind.TEXT),
    )
    before = [order[0].count, *(step.count for step in order)]
    rows = [
        [s.label, s.count, _parts(s), f"−{before[i] - s.count:,} {s.spares}" if before[i] != s.count else ""]
        for i, s in enumerate(order)
    ]
    counts = f"recipients newly stopped, {counted(days, 'day')}"
    return [Section("order", "Why this order", [Rows("order", columns, rows), LEGEND], counts)]


def _parts(step: Step) -> tuple[Part, ...]:
    return tuple(Part(harm, _HARMS[harm], step.left[harm]) for harm in Harm if step.left[harm])


def _do_it(plan: Plan) -> list[Section]:
    if not plan.changes:
        return []
    install = [f"install -m 644 plan/{t.name} $(postconf -h config_directory)/" for t in plan.tables]
    steps = [*install, "sh plan/postconf.sh && postfix check && postfix reload"]
    items: list[Item] = [Note("Write the plan, read its files, then as root:"), Lines(steps, "shell")]
    if plan.later:
        items += [
            Note("A week later, where the log shows no surprise:"),
            Lines(["sh plan/later.sh && postfix reload"], "shell"),
        ]
    if plan.main_diff or plan.master_diff:
        names = [n for n, lines in (("main.cf", plan.main_diff), ("master.cf", plan.master_diff)) if lines]
        patches = ", ".join(f"patch < {name}.diff" for name in names)
        items.append(
            Note(f"postconf writes a list in one line; {patches} beside the file keeps its layout instead.", True)
        )
    items += [Note("Back to how it was:"), Lines(["sh plan/rollback.sh && postfix reload"], "shell")]
    return [
        Section(
            "do_it", "Do it", items, next=[Next("logtune tune --output plan", "writes the files of the plan, there")]
        )
    ]


def to_json(plan: Plan, seen: Seen, report_: Report) -> dict[str, object]:
    """The document of schema ``logtune.tune/1`` (docs/formats.md)."""
    return {
        "schema": SCHEMA,
        "source": plan.configuration.source,
        "postfix": plan.configuration.version,
        "headline": report_.headline,
        "decisions": [_decision_json(d) for d in plan.decisions],
        "parameters": plan.parameters(),
        "service_parameters": plan.service_parameters(),
        "later": {c.place.parameter: c.new for c in plan.later},
        "tables": [{"name": t.name, "type": t.kind, "permits": t.permits, "text": table_text(t)} for t in plan.tables],
        "main_cf_diff": list(plan.main_diff),
        "master_cf_diff": list(plan.master_diff),
        "postconf": postconf_lines(plan.changes),
        "rollback": rollback_lines(plan),
        "notes": list(plan.notes),
        "order": [
            {"step": s.label, "newly_stopped": s.count, "by": {h.value: n for h, n in s.left.items()}}
            for s in steps(plan.decisions, seen.stopped)
        ],
        "also_seen": [{"level": f.level.value, "title": f.title, "detail": f.detail} for f in also_seen(plan, seen)],
    }


def _decision_json(decision: Decision) -> dict[str, object]:
    candidate = decision.candidate
    return {
        "restriction": candidate.name,
        "written": candidate.element.text,
        "lists": list(candidate.lists),
        "services": [service.key for service in candidate.services],
        "action": decision.action.value,
        "reasons": list(decision.why),
        "moved_to": decision.move_to,
        "exceptions": len(decision.exemptions),
    }
