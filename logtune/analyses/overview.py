"""Overview: period, coverage, loss, and the traffic in sessions, mails and recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtune import results
from logtune.analyses.common import ask, course, courses, covered_days, share
from logtune.results import Column, Kind, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

OUTCOMES = ("accepted", "rejected", "deferred", "abandoned", "probe", "unknown")
"""All outcomes of a recipient (docs/relations.md), in the order in which they are shown."""

_NOT_TWICE = "WHERE NOT coalesce(reinjected, false)"


def overview(log: Tables, options: Options) -> Section:
    """Traffic as metrics, recipients by outcome (shares of all recipients) and mails by origin."""
    items: list[results.Item] = [*coverage_metrics(log), *_traffic(log)]
    items += [_outcomes(log, options), _mails(log)]
    items += [Note(sentence) for sentence in log.coverage.loss]
    return Section("overview", "Overview", items, counts="sessions, mails and recipients")


def coverage_metrics(log: Tables) -> list[Metric]:
    """What was read other than understood lines of Postfix; those and the whole stand in the report's coverage."""
    read = log.coverage
    counts = (
        ("unrecognised", read.unrecognised - read.not_postfix, "lines of Postfix that were not understood"),
        ("not_postfix", read.not_postfix, "lines of other programs, left aside"),
        ("blank", read.blank, "blank lines"),
        ("no_stamp", read.no_stamp, "lines without a readable time stamp"),
        ("backwards", read.backwards, "lines whose time is earlier than that of the line before"),
    )
    sql = {"unrecognised": "SELECT * FROM unrecognised WHERE why <> 'not postfix'"}
    sql["not_postfix"] = "SELECT * FROM unrecognised WHERE why = 'not postfix'"
    return [Metric(name, value, Kind.COUNT, what, sql.get(name)) for name, value, what in counts if value]


def _traffic(log: Tables) -> list[Metric]:
    sessions, clients, of_filter = ask(log, "overview_sessions")[0]
    mails = ask(log, "overview_mails")
    accepted = sum(row[2] for row in mails)
    size = sum(row[3] for row in mails)
    counted = "mails accepted; mail that a content filter gave back counts once"
    where = f"{_NOT_TWICE} AND accepted"
    given_back = "of these, sessions in which the own content filter gave mail back"
    filter_sql = "SELECT count(DISTINCT session) FROM messages WHERE reinjected"
    filters = [Metric("filter_sessions", of_filter, Kind.COUNT, given_back, filter_sql)] if of_filter else []
    return [
        Metric("sessions", sessions, Kind.COUNT, "smtpd sessions, by connect lines", "SELECT count(*) FROM sessions"),
        *filters,
        Metric(
            "clients",
            clients,
            Kind.COUNT,
            "client addresses with a session",
            "SELECT count(DISTINCT client_addr) FROM sessions",
        ),
        Metric("mails", accepted, Kind.COUNT, counted, f"SELECT count(*) FROM messages {where}"),
        Metric("bytes", size, Kind.BYTES, "size of the mails accepted", f"SELECT sum(size) FROM messages {where}"),
    ]


def _outcomes(log: Tables, options: Options) -> Table:
    found = {outcome: (count, clients) for outcome, count, clients in ask(log, "overview_recipients")}
    per_day = courses(ask(log, "overview_course"))
    covered = covered_days(log)
    total = sum(count for count, _ in found.values())
    rows = []
    for outcome in (*OUTCOMES, *sorted(set(found) - set(OUTCOMES), key=str)):
        count, clients = found.get(outcome, (0, 0))
        rows.append(
            (outcome, count, share(count, total), clients, course(per_day.get(outcome, {}), options.days, covered))
        )
    columns = (
        Column("outcome", "outcome", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        Column("clients", "clients", Kind.COUNT, wide=True),
        Column("course", "per day", Kind.COURSE),
    )
    sql = f"SELECT outcome, count(*) FROM recipients {_NOT_TWICE} GROUP BY outcome"
    note = (
        f"Shares of {total:,} recipients: one RCPT TO of one mail in one session."
        if total
        else "The log shows no recipient."
    )
    return Table("outcomes", columns, rows, "Recipients by outcome", note=note, sql=sql)


def _mails(log: Tables) -> Table:
    rows = [tuple(row) for row in ask(log, "overview_mails")]
    columns = (
        Column("via", "came by", Kind.TEXT),
        Column("mails", "mails", Kind.COUNT),
        Column("accepted", "accepted", Kind.COUNT),
        Column("bytes", "size accepted", Kind.BYTES, wide=True),
    )
    note = "smtpd: from clients; pickup: sendmail(1) on this host; internal: notices of Postfix itself." if rows else ""
    sql = f"SELECT via, count(*), count(*) FILTER (WHERE accepted) FROM messages {_NOT_TWICE} GROUP BY via"
    return Table("mails", columns, rows, "Mails by origin", note=note, sql=sql)
