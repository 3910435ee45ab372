"""Rejects: what was rejected or deferred in the SMTP dialogue, by restriction, client, HELO name and domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, course, courses, covered_days, cut_rows, service_labels, share, sums
from logtune.analyses.trouble import keep_decision_kinds
from logtune.classify import explain
from logtune.results import Column, Item, Kind, Metric, Next, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

FEW = 3
"""A text of Postfix's own is shared by at most three restrictions; a free text could be any access table's."""

_ONCE = "NOT coalesce(reinjected, false)"
_STOPPED = f"outcome IN ('rejected', 'deferred') AND {_ONCE}"


def rejects(log: Tables, options: Options) -> Section:
    """Recipients rejected or deferred per restriction, with clients, share of all of them and course per day."""
    keep_decision_kinds(log)
    found = ask(log, "rejects_by_restriction")
    total = sum(row[1] for row in found)
    items: list[Item] = [*_totals(found), _by_restriction(log, options, found, total)]
    more = (Next("logtune rejects", "by client, HELO, sender and recipient domain"),)
    return Section("rejects", "Rejected", items, counts=f"{total:,} recipients", next=more)


def rejects_details(log: Tables, options: Options) -> list[Section]:
    """What ``logtune rejects`` shows beyond the report's section: other views of the same recipients, and the lines."""
    lines = _lines(log)
    views = [
        _view(log, options, "client", "client", "client"),
        _view(log, options, "helo", "helo", "HELO name"),
        _view(log, options, "sender_domain", "sender_domain", "sender domain"),
        _view(log, options, "recipient_domain", "recipient_domain", "recipient domain"),
    ]
    by_line = [_by_state(lines), _by_list(log, options), _unknown_texts(log, options)]
    return [
        Section("rejects_by_whom", "Rejected, by whom", [*views, _by_service(log)], counts="recipients"),
        Section("rejects_lines", "Reject lines", by_line, counts="lines"),
    ]


def _lines(log: Tables) -> list[tuple[Any, ...]]:
    keep_decision_kinds(log)
    return ask(log, "rejects_lines")


def _totals(found: list[tuple[Any, ...]]) -> list[Metric]:
    said = (
        ("rejected", 2, "recipients rejected for good (5xx)", "rejected"),
        ("deferred", 3, "recipients deferred (4xx): a real server tries again", "deferred"),
    )
    return [
        Metric(
            name,
            sum(row[at] for row in found),
            Kind.COUNT,
            what,
            f"SELECT * FROM recipients WHERE outcome = '{outcome}' AND {_ONCE}",
        )
        for name, at, what, outcome in said
    ]


def _by_restriction(log: Tables, options: Options, found: list[tuple[Any, ...]], total: int) -> Table:
    lines = sums(_lines(log), key=0, count=5)
    per_day = courses(ask(log, "rejects_course"))
    covered = covered_days(log)
    rows = [
        (
            name,
            count,
            share(count, total),
            clients,
            rejected,
            deferred,
            lines.get(name, 0),
            course(per_day.get(name, {}), options.days, covered),
        )
        for name, count, rejected, deferred, clients in found
    ]
    columns = (
        Column("restriction", "restriction", Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        Column("clients", "clients", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT, wide=True),
        Column("deferred", "deferred", Kind.COUNT, wide=True),
        Column("lines", "lines", Kind.COUNT, wide=True),
        Column("course", "per day", Kind.COURSE),
    )
    shown = rows[: options.top]
    note = "" if rows else "Nothing was rejected."
    sql = f'SELECT "by", count(*) FROM recipients WHERE {_STOPPED} GROUP BY 1'
    return Table("rejects_by_restriction", columns, shown, "By restriction", len(rows) - len(shown), note, sql)


def _view(log: Tables, options: Options, name: str, column: str, title: str) -> Table:
    rows, omitted = cut_rows(ask(log, f"rejects_by_{name}", top=options.top))
    columns = (
        Column(column, title, Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT),
        Column("deferred", "deferred", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT, wide=True),
        Column("mostly", "mostly by", Kind.LOGTEXT),
    )
    return Table(f"rejects_by_{name}", columns, rows, f"By {title}", omitted)


def _by_service(log: Tables) -> Table:
    found = ask(log, "rejects_by_service")
    labels = service_labels(row[:3] for row in found)
    columns = (
        Column("service", "service", Kind.LOGTEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT),
        Column("deferred", "deferred", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT, wide=True),
    )
    return Table("rejects_by_service", columns, [(labels[row[:3]], *row[3:]) for row in found], "By service")


def _by_state(lines: list[tuple[Any, ...]]) -> Table:
    labels = service_labels(row[2:5] for row in lines)
    columns = (
        Column("restriction", "restriction", Kind.LOGTEXT),
        Column("protocol_state", "protocol state", Kind.TEXT),
        Column("service", "service", Kind.LOGTEXT, wide=True),
        Column("lines", "lines", Kind.COUNT),
    )
    rows = [(restriction, state, labels[tuple(key)], count) for restriction, state, *key, count in lines]
    lines_sql = "SELECT restriction, protocol_state, sum(coalesce(repeat, 1)) FROM decisions"
    sql = f"{lines_sql} WHERE action = 'reject' GROUP BY 1, 2"
    return Table("rejects_by_state", columns, rows, "By restriction and protocol state", sql=sql)


def _by_list(log: Tables, options: Options) -> Table:
    rows, omitted = cut_rows(ask(log, "rejects_by_list", top=options.top))
    columns = (
        Column("list", "DNS list", Kind.LOGTEXT),
        Column("restriction", "restriction", Kind.TEXT),
        Column("lines", "lines", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT),
    )
    note = "The first list in the configuration takes the most." if len(rows) > 1 else ""
    return Table("rejects_by_list", columns, rows, "By DNS list", omitted, note)


def _unknown_texts(log: Tables, options: Options) -> Table:
    found = unknown_texts(log)
    columns = (
        Column("lines", "lines", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT),
        Column("sample", "text, as logged", Kind.LOGTEXT),
        Column("could_be", "could be", Kind.TEXT, wide=True),
    )
    rows = [(t.lines, t.clients, t.sample, " or ".join(t.could_be)) for t in found[: options.top]]
    note = "Name them under [[texts]] in /etc/logtune.toml." if any(not text.could_be for text in found) else ""
    title = "Texts that do not tell the restriction"
    return Table("rejects_unknown_texts", columns, rows, title, len(found) - len(rows), note)


@dataclass(frozen=True)
class UnknownText:
    """A reject text that does not tell its restriction; ``could_be``: the few that share it, if it is Postfix's own."""

    sample: str
    lines: int
    clients: int
    could_be: tuple[str, ...]


def unknown_texts(log: Tables) -> list[UnknownText]:
    """Texts of smtpd, rejects and warnings, that do not tell the restriction; most lines first."""
    found = []
    for shape, lines, clients, sample, has_object, reply_class in ask(log, "rejects_unknown_texts"):
        candidates = explain("smtpd", shape, has_object, reply_class).candidates
        could_be = candidates if len(candidates) <= FEW else ()
        found.append(UnknownText(sample or shape, lines, clients, could_be))
    return found
