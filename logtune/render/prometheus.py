"""A report's numbers as metrics for the textfile collector of Prometheus' node_exporter (text exposition format 0.0.4).

All are gauges: they tell of the log that was read, and shrink where it is rotated. Labels are restrictions, services,
outcomes and the like, never clients or addresses, and their number is bounded whatever strangers send:
``SERIES_MOST`` per metric, what is beyond is counted together under ``(other)`` where counts can be added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logtune.render import escape, numbers
from logtune.results import Card, Finding, Kind, Level, Metric, Report, Section, Table, Verdict

SERIES_MOST = 60
"""Label values of one metric at most."""

_LABEL_MOST = 100
_OTHER = "(other)"

_UNITS = {Kind.BYTES: "bytes", Kind.SECONDS: "seconds", Kind.SHARE: "ratio"}
_NUMBERS = {Kind.COUNT, Kind.NUMBER, *_UNITS}

# A text that names no restriction stands in a label itself, without what would make it one of thousands: mail
# addresses, URLs, IPv4 and IPv6 addresses, and numbers of four digits and more (cookies, dates, waiting times).
_VARYING = re.compile(
    r"\S*@\S*|\S*://\S*|[0-9]{1,3}(\.[0-9]{1,3}){3}\S*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*|\d{4,}"
)


@dataclass(frozen=True)
class Of:
    """Metric of a table's column: its name and help, and whether the values of rows can be added."""

    name: str
    help: str
    adds: bool = True


_SERVICE = "smtpd sessions by service"
_DELAY = "seconds from arrival to the first try's end, by transport"

TABLES: Mapping[str, tuple[str, str, Mapping[str, Of]]] = {
    "outcomes": ("outcome", "outcome", {"recipients": Of("recipients", "Recipients by outcome")}),
    "mails": (
        "via", "via",
        {
            "mails": Of("mails", "Mails by origin"),
            "accepted": Of("mails_accepted", "Mails accepted by origin"),
            "bytes": Of("mails_accepted_bytes", "Size of the mails accepted by origin"),
        },
    ),
    "rejects_by_restriction": (
        "restriction", "restriction",
        {
            "rejected": Of("rejected_recipients", "Recipients rejected for good (5xx) by restriction"),
            "deferred": Of("deferred_recipients", "Recipients deferred (4xx) by restriction"),
        },
    ),
    "deliveries_by_status": ("status", "status", {"attempts": Of("delivery_attempts", "Delivery attempts by status")}),
    # a label "quantile" is for summaries alone (promtool check metrics), and these are gauges
    "first_tries": (
        "transport", "transport",
        {
            "half": Of("first_try_delay_median_seconds", f"Half of mails: {_DELAY}", adds=False),
            "most": Of("first_try_delay_p95_seconds", f"95 % of mails: {_DELAY}", adds=False),
        },
    ),
    "concurrent_sessions": (
        "service", "service",
        {
            "peak": Of("smtpd_sessions_peak", "Most smtpd sessions at the same moment by service"),
            "limit": Of("smtpd_process_limit", "Process limit by service: from the log, else Postfix's default"),
        },
    ),
    "sessions_by_service": (
        "service", "service",
        {
            "sessions": Of("smtpd_sessions", _SERVICE),
            "lost": Of("smtpd_sessions_lost", f"{_SERVICE} that ended by a lost connection"),
            "timeout": Of("smtpd_sessions_timeout", f"{_SERVICE} that ended by a timeout"),
            "too_many_errors": Of("smtpd_sessions_errors", f"{_SERVICE} that ended after too many errors"),
        },
    ),
    "remote_causes": (
        "cause", "cause", {"recipients": Of("remote_rejected_recipients", "Recipients rejected by other sites")},
    ),
}  # fmt: skip
"""Table to its label's column, the label, and the columns that are metrics. Tables of clients are not among them."""

Labels = tuple[tuple[str, str], ...]


class _Metrics:
    """Metrics in the order in which they are first named; a series that comes again is added."""

    def __init__(self) -> None:
        self.helps: dict[str, str] = {}
        self.series: dict[str, dict[Labels, float | int]] = {}

    def add(self, name: str, help: str, value: Any, **labels: str) -> None:
        """Add a value; what is no number is unknown, and left out."""
        if isinstance(value, bool):
            value = int(value)
        if not numbers.is_number(value):
            return
        name = _name(name)
        self.helps.setdefault(name, help)
        series = self.series.setdefault(name, {})
        key = tuple((label, _label(text)) for label, text in labels.items())
        series[key] = series.get(key, 0) + value

    def lines(self) -> Iterable[str]:
        """The exposition format, every line ended."""
        for name, series in self.series.items():
            yield f"# HELP {name} {_help(self.helps[name])}\n# TYPE {name} gauge\n"
            for labels, value in series.items():
                yield f"{name}{_braces(labels)} {value}\n"


def text(report: Report) -> str:
    """Return the report's numbers in the exposition format. The same report gives the same text."""
    metrics = _Metrics()
    _coverage(report, metrics)
    for section in report.sections:
        _section(section, metrics)
    return "".join(metrics.lines())


def _coverage(report: Report, metrics: _Metrics) -> None:
    told = report.coverage
    for kind in ("recognised", "unrecognised", "blank"):
        metrics.add("log_lines", "Lines read", getattr(told, kind), kind=kind)
    metrics.add("log_lines_not_postfix", "Lines of other programs, which count as unrecognised", told.not_postfix)
    metrics.add("log_complete", "1 if all was read to its end and no line is known to be lost", told.complete)
    for name, moment in (("first", report.period.first), ("last", report.period.last)):
        if isinstance(moment, datetime):
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            metrics.add(f"log_{name}_timestamp_seconds", f"Time of the log's {name} line", aware.timestamp())


def _section(section: Section, metrics: _Metrics) -> None:
    cards = [item for item in section.items if isinstance(item, Card)]
    _cards(cards, metrics)
    if section.name == "attention":
        _findings([item for item in section.items if isinstance(item, Finding)], metrics)
    for item in section.items:
        if isinstance(item, Metric) and item.kind in _NUMBERS:
            metrics.add(_metric_name(section, item), _sentence(item.counts), item.value)
        elif isinstance(item, Table) and item.name in TABLES:
            _table(item, metrics)


def _metric_name(section: Section, metric: Metric) -> str:
    unit = _UNITS.get(metric.kind, "")
    name = f"{section.name}_{metric.name}"
    return name if not unit or name.endswith(f"_{unit}") else f"{name}_{unit}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _cards(cards: list[Card], metrics: _Metrics) -> None:
    for index, card in enumerate(cards):
        name = card.restriction if index < SERIES_MOST else _OTHER
        labels = {"restriction": name, "service": (card.service or "smtp") if index < SERIES_MOST else _OTHER}
        metrics.add(
            "trial_flagged_recipients", "Recipients that a restriction on trial warned about", card.flagged, **labels
        )
        for part in card.parts:
            stopped = "Recipients that enforcing the restriction would newly stop, by whom it would hit"
            metrics.add("trial_newly_stopped_recipients", stopped, part.count, **labels, harm=part.harm.value)
    # texts that differ in what a label leaves out share it: the verdict of the first, the most harmful, stands
    named = {(_label(card.restriction), card.service or "smtp"): card for card in reversed(cards[:SERIES_MOST])}
    for (name, service), card in reversed(named.items()):
        labels = {"restriction": name, "service": service}
        for verdict in Verdict:
            word = "Verdict on a restriction on trial: 1 for the one that holds"
            metrics.add("trial_verdict", word, card.verdict is verdict, **labels, verdict=verdict.value)


def _findings(findings: list[Finding], metrics: _Metrics) -> None:
    for level in Level:
        count = sum(finding.level is level for finding in findings)
        metrics.add("findings", "Things that a person should know: act needs a person", count, level=level.value)


def _table(table: Table, metrics: _Metrics) -> None:
    column, label, wanted = TABLES[table.name]
    at = {c.name: index for index, c in enumerate(table.columns)}
    for name, of in wanted.items():
        if name not in at or column not in at:
            continue
        for index, row in enumerate(table.rows):
            if index >= SERIES_MOST and not of.adds:
                break
            value = row[at[column]] if index < SERIES_MOST else _OTHER
            metrics.add(of.name, of.help, row[at[name]], **{label: str(value)})


def _name(name: str) -> str:
    return "logtune_" + re.sub(r"[^a-zA-Z0-9_]", "_", name)


def _label(text: str) -> str:
    shown = escape.visible(_VARYING.sub("*", text))
    return shown if len(shown) <= _LABEL_MOST else shown[: _LABEL_MOST - 1] + "…"


def _braces(labels: Labels) -> str:
    """Labels as the format writes them: backslash, quote and line end are escaped in values."""
    inside = ",".join(f'{name}="{_quoted(text)}"' for name, text in labels)
    return f"{{{inside}}}" if inside else ""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _help(text: str) -> str:
    return escape.visible(text).replace("\\", "\\\\")
