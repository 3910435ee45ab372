"""Attention: what needs a person, worst first. Warnings of Postfix, rejects and deliveries that tell of trouble here.

A finding says how many lines, since when, and what to do. What clients and other sites do wrong is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from logtune.analyses.attention_rules import RULES, Rule
from logtune.analyses.common import ask, counted, when
from logtune.analyses.connections import load_findings
from logtune.analyses.name_service import name_service_findings
from logtune.analyses.quota import quota_findings
from logtune.analyses.remote_rejects import remote_findings
from logtune.analyses.sasl import sasl_findings
from logtune.analyses.servers_sections import server_findings
from logtune.analyses.trouble import keep_decision_kinds, keep_failed_deliveries, keep_warnings
from logtune.analyses.vrfy import vrfy_findings
from logtune.results import Finding, Item, Level, Next, Note, Section

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

ORDER = {Level.ACT: 0, Level.LOOK: 1, Level.UNKNOWN: 2, Level.WELL: 3}

SAMPLES = 3
"""Samples shown of one kind of trouble; each is the latest line of its wording."""

NAME_SERVICE_DOMAINS = 5
"""Name service errors of fewer domains are those domains' own."""

NO_FILE_TROUBLE = frozenset(
    {"sendmail", "postdrop", "postqueue", "postsuper", "postmap", "postalias", "postconf", "postcat"}
)
"""Programs that people run: their fatal errors are mostly a wrong command line."""


@dataclass
class Trouble:
    """Lines of one rule taken together; times are UTC."""

    lines: int = 0
    first: datetime | None = None
    last: datetime | None = None
    samples: list[str] = field(default_factory=list)

    def add(self, lines: int, first: datetime | None, last: datetime | None, sample: str) -> None:
        """Count *lines* more, seen from *first* to *last*."""
        self.lines += lines
        self.first = min((t for t in (self.first, first) if t), default=None)
        self.last = max((t for t in (self.last, last) if t), default=None)
        if len(self.samples) < SAMPLES:
            self.samples.append(sample)


def attention(log: Tables, options: Options) -> Section:
    """Findings, worst first, and a note on warnings that were left aside."""
    zone = ZoneInfo(options.zone)
    warnings, aside = _warnings(log, zone)
    found = [
        *load_findings(log),
        *server_findings(log, options),
        *warnings,
        *_decisions(log, zone),
        *_deliveries(log, zone),
        *quota_findings(log, options),
        *vrfy_findings(log, options),
        *name_service_findings(log),
        *sasl_findings(log),
        *remote_findings(log),
    ]
    items: list[Item] = list(_worst_first(found))
    if not items:
        items = [Note("Nothing in this log needs a person.")]
    if aside:
        items.append(
            Note(
                f"{counted(aside, 'warning only tells', 'warnings only tell')} what clients and other sites did.",
                aside=True,
            )
        )
    more = (Next("logtune sql \"FROM notices WHERE severity <> 'info'\"", "all warnings"),) if aside or found else ()
    return Section("attention", "Needs a person", items, "worst first", more)


def _worst_first(found: Iterable[Finding]) -> list[Finding]:
    """ACT before LOOK; one trouble seen in several places (a warning, the reject it caused) is one finding."""
    seen: dict[str, Finding] = {}
    for finding in found:
        same = seen.get(finding.title)
        seen[finding.title] = _merged(same, finding) if same else finding
    return sorted(seen.values(), key=lambda finding: ORDER[finding.level])


def _merged(one: Finding, other: Finding) -> Finding:
    samples = tuple(dict.fromkeys((*one.samples, *other.samples)))[:SAMPLES]
    return Finding(one.level, one.title, f"{one.detail} And {other.detail}", one.command or other.command, samples)


def _span(trouble: Trouble, zone: ZoneInfo) -> str:
    first, last = when(trouble.first, zone), when(trouble.last, zone)
    return f", {first}" if first == last and first else f", {first} – {last}" if first else ""


def _finding(level: Level, title: str, trouble: Trouble, zone: ZoneInfo, advice: str) -> Finding:
    detail = f"{counted(trouble.lines, 'line')}{_span(trouble, zone)}. {advice}".strip()
    return Finding(level, title, detail, samples=tuple(trouble.samples))


def _warnings(log: Tables, zone: ZoneInfo) -> tuple[list[Finding], int]:
    """Findings of the warnings, and how many lines were left aside as the doing of others."""
    troubles: dict[Rule, Trouble] = {}
    fatal, tools, other = Trouble(), Trouble(), Trouble()
    keep_warnings(log)
    for row in ask(log, "attention_notices"):
        _, severity, daemon, sample, lines, first, last, *_ = row
        rule = rule_of(sample)
        if severity in ("fatal", "panic") and not (rule and rule.level is Level.ACT):
            (tools if daemon in NO_FILE_TROUBLE and severity == "fatal" else fatal).add(
                lines, first, last, f"{daemon}: {severity}: {sample}"
            )
        elif rule:
            troubles.setdefault(rule, Trouble()).add(lines, first, last, f"{daemon}: {sample}")
        else:
            other.add(lines, first, last, f"{daemon}: {sample}")
    found = [_finding(Level.ACT, "A Postfix program gave up", fatal, zone, "")] if fatal.lines else []
    found += [
        _finding(r.level, r.title, troubles[r], zone, r.advice)
        for r in RULES
        if r in troubles and _matters(r, troubles[r])
    ]
    found += [_finding(Level.LOOK, "A command was called wrongly", tools, zone, "")] if tools.lines else []
    found += [_finding(Level.LOOK, "Other warnings", other, zone, "")] if other.lines else []
    return found, sum(t.lines for r, t in troubles.items() if not _matters(r, t))


def rule_of(text: str) -> Rule | None:
    """The first rule whose pattern fits the text of a warning."""
    return next((rule for rule in RULES if rule.pattern.search(text)), None)


def _matters(rule: Rule, trouble: Trouble) -> bool:
    return rule.level is not Level.WELL and trouble.lines >= rule.at_least


DECISIONS = (
    (
        "storage",
        "insufficient system storage",
        Level.ACT,
        "The disk is full",
        "Mail is put off until there is room: free space under the queue directory.",
    ),
    (
        "write",
        "queue file write error",
        Level.ACT,
        "The queue cannot be written",
        "Look at the disk and at the queue directory (postfix check).",
    ),
    (
        "config",
        "server configuration",
        Level.ACT,
        "Requests fail on a configuration error",
        "A warning just before each says what is wrong.",
    ),
    (
        "lookup",
        "temporary lookup",
        Level.ACT,
        "Requests fail on a table or name service lookup",
        "A warning just before each says which.",
    ),
    (
        "local",
        "server local data error",
        Level.ACT,
        "Requests fail on a table lookup",
        "A warning just before each says which.",
    ),
    (
        "busy",
        "ports busy",
        Level.ACT,
        "postscreen had no process to hand clients to",
        "Raise smtpd's process limit or postscreen_post_queue_limit.",
    ),
)
"""Rejects that this server itself is the reason of: name, part of the text, level, title, advice."""


def _decisions(log: Tables, zone: ZoneInfo) -> list[Finding]:
    troubles: dict[str, Trouble] = {}
    keep_decision_kinds(log)
    for shape, daemon, sample, lines, first, last in ask(log, "attention_decisions"):
        name = next((d[0] for d in DECISIONS if d[1] in shape.lower()), "")
        troubles.setdefault(name, Trouble()).add(lines, first, last, f"{daemon}: {sample}")
    return [
        _finding(level, title, troubles[name], zone, advice)
        for name, _, level, title, advice in DECISIONS
        if name in troubles
    ]


DELIVERIES = {
    "loop": (Level.ACT, "Mail goes in circles", "Name the domain in mydestination, or correct its MX or transport."),
    "configuration": (Level.ACT, "A transport is missing or wrong", "Compare transport_maps with master.cf."),
    "files": (Level.ACT, "Mailboxes cannot be written", "Look at the disk and at the owners of the mail directories."),
    "lookup": (Level.ACT, "Deliveries fail on a table lookup or a command", "A warning just before each says which."),
    "name service": (
        Level.ACT,
        "Names of many domains cannot be resolved",
        "Check /etc/resolv.conf; a caching resolver on this machine helps.",
    ),
    "transport": (Level.ACT, "The mailbox server or filter does not answer", "Check that it runs and listens."),
}


def _deliveries(log: Tables, zone: ZoneInfo) -> list[Finding]:
    troubles: dict[str, Trouble] = {}
    keep_failed_deliveries(log)
    for name, daemon, sample, lines, _, domains, first, last in ask(log, "attention_deliveries"):
        if name != "name service" or domains >= NAME_SERVICE_DOMAINS:
            troubles.setdefault(name, Trouble()).add(lines, first, last, f"{daemon}: {sample}")
    return [
        _finding(level, title, troubles[name], zone, advice)
        for name, (level, title, advice) in DELIVERIES.items()
        if name in troubles
    ]
