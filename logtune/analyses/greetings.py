"""Mail without a greeting: what smtpd_helo_required would have stopped, and whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, service_labels
from logtune.analyses.networks import is_own
from logtune.results import Column, Item, Kind, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

TITLE = "Mail without a greeting"
KINDS = {"none": "no greeting", "refused": "greeting refused", "before TLS": "none after STARTTLS"}
"""Kinds of ``greetings.sql``."""


def greetings(log: Tables, options: Options) -> Section:
    """Sessions that gave MAIL FROM without HELO or EHLO, per client, and the recipients accepted in them."""
    found = ask(log, "greetings")
    if not found:
        return Section("greetings", TITLE, [Note(_nobody(log))])
    owned = [_authorized(row, options) for row in found]
    items: list[Item] = [*_metrics(found, owned), _clients(found, owned, options)]
    stopped = sum(row[10] for row in found)
    return Section("greetings", TITLE, items, f"{counted(stopped, 'recipient')} accepted")


def _nobody(log: Tables) -> str:
    ends = "SELECT count(counters), count(*) FROM connections WHERE event = 'disconnect'"
    counters = log.con.execute(ends).fetchone()
    if counters and counters[1] and not counters[0]:
        return "The log cannot tell who sends mail without a greeting: Postfix counts commands since 3.0."
    return "No session gave MAIL FROM without a greeting: smtpd_helo_required = yes would have stopped nobody."


def _authorized(row: tuple[Any, ...], options: Options) -> bool:
    _, _, _, service, _, addr, login, *_ = row
    return bool(login) or service in options.submission_services or is_own(addr, options.mynetworks)


def _metrics(found: list[tuple[Any, ...]], owned: list[bool]) -> list[Metric]:
    accepted = sum(row[10] for row in found)
    own = sum(row[10] for row, mine in zip(found, owned, strict=True) if mine)
    refused = sum(row[9] for row in found)
    would = "accepted recipients that smtpd_helo_required = yes would stop"
    metrics = [
        Metric("would_stop", accepted, Kind.COUNT, would),
        Metric("of_authorized", own, Kind.COUNT, "of these, of authorized clients"),
    ]
    said = "MAIL commands refused in such sessions; no line tells it"
    return [*metrics, Metric("refused", refused, Kind.COUNT, said)] if refused else metrics


def _clients(found: list[tuple[Any, ...]], owned: list[bool], options: Options) -> Table:
    labels = service_labels(row[1:4] for row in found)
    rows = [
        (row[5], row[4], mine, labels[row[1:4]], KINDS[row[0]], *row[7:11], row[12])
        for row, mine in list(zip(found, owned, strict=True))[: options.top]
    ]
    columns = (
        Column("client", "client", Kind.LOGTEXT, strong=True),
        Column("name", "name", Kind.LOGTEXT, wide=True),
        Column("authorized", "authorized", Kind.MARK),
        Column("service", "service", Kind.LOGTEXT, wide=True),
        Column("kind", "greeting", Kind.TEXT),
        Column("sessions", "sessions", Kind.COUNT),
        Column("mails", "MAIL taken", Kind.COUNT, wide=True),
        Column("refused", "MAIL refused", Kind.COUNT, wide=True),
        Column("accepted", "accepted", Kind.COUNT),
        Column("last", "last", Kind.TIME, wide=True),
    )
    note = (
        "Where smtpd_helo_required is on, all MAIL without a greeting is refused. Accepted: recipients. "
        "Authorized: a login, the submission service or --mynetworks."
    )
    sql = "SELECT client_addr, count(*) FROM sessions WHERE mail > 0 AND greetings <= starttls GROUP BY 1"
    return Table("greetings", columns, rows, omitted=len(found) - len(rows), note=note, sql=sql)
