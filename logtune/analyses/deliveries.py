"""Deliveries: attempts by status and transport, and where their time goes (the four stages of ``delays=a/b/c/d``).

Times are those of first tries that were not deferred; a transaction counts once for time and once per recipient for
attempts (one SMTP transaction logs a line per recipient, with the same delays).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, cut_rows, keep, share, sums
from logtune.results import Column, Finding, Item, Kind, Level, Metric, Next, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

STAGES = (
    ("a", "before the queue manager"),
    ("b", "in the queue manager"),
    ("c", "connecting (DNS, TCP, EHLO, TLS)"),
    ("d", "sending"),
)
"""The stages as Postfix writes them: ``delays=a/b/c/d`` (src/global/log_adhoc.c)."""

TIMES_MIN = 20
"""Below so many transactions percentiles are not shown as such: the 95 % of 19 values is their maximum."""

DNS_MIN_WAITS = 20
DNS_MIN_SHARE = 0.01
"""A peak at 5 s or 10 s is reported from 20 waits and 1 % of the transactions: fewer may be single slow sites."""
DNS_PEAK = 3.0
"""How many times denser just over 5 s must be than between 5.4 s and 9.9 s: slow sites alone fall off smoothly."""

_DELIVERY = "status NOT IN ('deliverable', 'undeliverable') AND successor IS NULL"


def deliveries(log: Tables, options: Options) -> Section:
    """Attempts by status and, per transport, how long first tries take; percentiles in seconds."""
    found = ask(log, "deliveries_status")
    per_kind = sums(found, key=0, count=3)
    total = per_kind.get("delivery", 0)
    items: list[Item] = [*_statuses(found), *_apart(per_kind)]
    if total:
        items.append(_first_tries(_times(log)))
    more = (Next("logtune delays", "by relay, destination and hour"),)
    return Section("deliveries", "Deliveries", items, f"{total:,} deliveries, one per recipient and try", more)


def delays(log: Tables, options: Options) -> list[Section]:
    """What ``logtune delays`` shows: stages per transport, then relays, destinations, hours and the slowest tries."""
    times = _times(log)
    stages = [_stages(row) for row in times if row[1] == "first" and row[3] >= TIMES_MIN]
    setup = dns_waits(log)
    views = [
        _by("relay", ask(log, "deliveries_by_relay", top=options.top)),
        _by("destination", ask(log, "deliveries_by_destination", top=options.top)),
    ]
    when = [_by_hour(ask(log, "deliveries_by_hour", zone=options.zone)), _slowest(log, options)]
    return [
        replace(deliveries(log, options), next=()),
        Section(
            "delays_stages",
            "Where the time goes",
            [_tries(times), *stages, *setup],
            "transactions; seconds, two digits as logged",
        ),
        Section("delays_where", "By relay and destination", views, "recipients at the first try"),
        Section("delays_when", "By hour, and the slowest", when, "recipients at the first try"),
    ]


def dns_waits(log: Tables) -> list[Item]:
    """Whether connecting takes just over 5 s or 10 s too often; empty where smtp delivered nothing."""
    _prepare(log)
    rows = ask(log, "deliveries_setup")
    if not rows:
        return []
    columns = (Column("class", "time to connect", Kind.TEXT), Column("transactions", "transactions", Kind.COUNT))
    table = Table("dns_waits", columns, [row[:2] for row in rows], "smtp: time to connect")
    return [table, *_dns_finding({name: (count, waited) for name, count, waited in rows})]


def dns_findings(log: Tables) -> list[Finding]:
    """The finding of :func:`dns_waits` alone, for the list of what needs a person."""
    return [item for item in dns_waits(log) if isinstance(item, Finding)]


def _dns_finding(classes: dict[str, tuple[int, float]]) -> list[Finding]:
    total = sum(count for count, _ in classes.values())
    five, ten, between = (classes.get(name, (0, 0.0))[0] for name in ("5.0 – 5.3 s", "10 s", "5.4 – 9.9 s"))
    waits = five + ten
    # 5.0-5.3 is four logged values wide, 5.4-9.9 forty-six: compare per logged value
    peak = five / 4 >= DNS_PEAK * max(between, 1) / 46
    if waits < DNS_MIN_WAITS or waits < DNS_MIN_SHARE * total or not peak:
        return []
    part = f"{100 * waits / total:.2g} %"
    detail = f"{waits:,} of {total:,} outgoing deliveries ({part}) waited 5 s or 10 s to connect."
    return [Finding(Level.ACT, "A name server does not answer at first", detail, "logtune delays")]


def _prepare(log: Tables) -> None:
    keep(log, "attempts", "deliveries_attempts", begin=log.period.first)


def _times(log: Tables) -> list[tuple[Any, ...]]:
    _prepare(log)
    return ask(log, "deliveries_times")


def _statuses(found: list[tuple[Any, ...]]) -> list[Item]:
    own = [row for row in found if row[0] == "delivery"]
    per_status = sums(own, key=2, count=3)
    total = sum(per_status.values())
    rows = [
        (status, count, share(count, total))
        for status, count in sorted(per_status.items(), key=lambda kv: (-kv[1], kv[0]))
    ]
    columns = (
        Column("status", "status", Kind.TEXT),
        Column("attempts", "attempts", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
    )
    sql = f"SELECT status, sum(coalesce(repeat, 1)) FROM deliveries WHERE {_DELIVERY} GROUP BY status"
    return (
        [Table("deliveries_by_status", columns, rows, "By status", sql=sql)]
        if rows
        else [Note("No delivery in this log.")]
    )


def _apart(per_kind: dict[str, int]) -> list[Metric]:
    probes = "address verification probes; they deliver nothing and are not counted above"
    hops = "hand-overs to the own content filter; the mail came back and is counted where it was delivered"
    said = (
        ("probe", probes, "SELECT * FROM deliveries WHERE status IN ('deliverable', 'undeliverable')"),
        ("filter", hops, "SELECT * FROM deliveries WHERE successor IS NOT NULL"),
    )
    return [Metric(name, per_kind[name], Kind.COUNT, what, sql) for name, what, sql in said if per_kind.get(name)]


def _first_tries(times: list[tuple[Any, ...]]) -> Table:
    columns = (
        Column("transport", "first tries", Kind.LOGTEXT),
        Column("recipients", "count", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("slowest", "slowest", Kind.SECONDS),
        Column("waited", "share of all waiting", Kind.STAGES),
    )
    rows = []
    for daemon, attempt, recipients, transactions, delay, *_, slowest, waited in times:
        if attempt == "first":
            half, most = (delay[0], delay[2]) if transactions >= TIMES_MIN else (None, None)
            rows.append((daemon, recipients, half, most, slowest[0], tuple(waited)))
    note = f"Under {TIMES_MIN} transactions only the slowest is given." if any(row[2] is None for row in rows) else ""
    return Table("first_tries", columns, rows, note=note)


def _tries(times: list[tuple[Any, ...]]) -> Table:
    columns = (
        Column("transport", "transport", Kind.LOGTEXT),
        Column("try", "try", Kind.TEXT),
        Column("recipients", "recipients", Kind.COUNT),
        Column("transactions", "transactions", Kind.COUNT, wide=True),
        *_PERCENTILES,
    )
    rows = [(*row[:4], *row[4], row[9][0]) for row in times]
    note = "Deferred first tries and retries are apart: their wait is the remote side's."
    return Table("tries", columns, rows, "First tries and retries", note=note)


_PERCENTILES = (
    Column("half", "50 %", Kind.SECONDS, "s"),
    Column("p90", "90 %", Kind.SECONDS, "s", wide=True),
    Column("p95", "95 %", Kind.SECONDS, "s"),
    Column("p99", "99 %", Kind.SECONDS, "s"),
    Column("max", "max", Kind.SECONDS, "s"),
)


def _stages(row: tuple[Any, ...]) -> Table:
    daemon, _, _, transactions, _, *stages, slowest, waited = row
    total = sum(part or 0.0 for part in waited)
    rows = [
        (f"{letter} {meaning}", *quantiles, worst, part / total if total and part is not None else None)
        for (letter, meaning), quantiles, worst, part in zip(STAGES, stages, slowest[1:], waited, strict=True)
        if quantiles is not None
    ]
    columns = (
        Column("stage", f"{daemon}, by stage", Kind.LOGTEXT),
        *_PERCENTILES,
        Column("share", "share", Kind.SHARE),
    )
    return Table(f"stages_{daemon}", columns, rows, counts=f"{transactions:,} first tries")


def _by(name: str, found: list[tuple[Any, ...]]) -> Table:
    cut, omitted = cut_rows(found)
    columns = (
        Column(name, name, Kind.LOGTEXT),
        Column("transport", "transport", Kind.LOGTEXT, wide=True),
        Column("recipients", "first tries", Kind.COUNT),
        Column("deferred", "deferred", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("slowest", "slowest", Kind.SECONDS),
        Column("waited", "share of all waiting", Kind.STAGES, wide=True),
    )
    rows = [(*row[:4], *row[4], row[5], _stage_sums(row[6])) for row in cut]
    return Table(f"delays_by_{name}", columns, rows, f"By {name}", omitted)


def _stage_sums(waited: list[float | None]) -> tuple[float, ...] | None:
    return tuple(part or 0.0 for part in waited) if any(part is not None for part in waited) else None


def _by_hour(found: list[tuple[Any, ...]]) -> Table:
    columns = (
        Column("hour", "hour", Kind.TEXT),
        Column("recipients", "first tries", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("slowest", "slowest", Kind.SECONDS),
    )
    return Table(
        "delays_by_hour",
        columns,
        [(f"{row[0]:02d}", row[1], *row[2], row[3]) for row in found],
        "By hour of the local day",
    )


def _slowest(log: Tables, options: Options) -> Table:
    columns = (
        Column("ts", "ended", Kind.TIME),
        Column("recipient", "recipient", Kind.LOGTEXT),
        Column("relay", "relay", Kind.LOGTEXT),
        Column("transport", "transport", Kind.LOGTEXT, wide=True),
        Column("delay", "took", Kind.SECONDS),
        Column("stages", "stages", Kind.STAGES),
        Column("position", "position", Kind.NUMBER, wide=True),
    )
    found = ask(log, "deliveries_slowest", top=options.top)
    rows = [(*row[:5], _stage_sums(list(row[5:9])), row[9]) for row in found]
    return Table(
        "slowest",
        columns,
        rows,
        "The slowest first tries",
        note="logtune lines PATHS --position N shows the raw line." if rows else "",
    )
