"""Deliveries: attempts by status and transport, and where their time goes (the four stages of ``delays=a/b/c/d``).

Times are those of first tries that were not deferred; a transaction counts once for time and once per recipient for
attempts (one SMTP transaction logs a line per recipient, with the same delays).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, keep, share, sums
from logtune.analyses.trouble import keep_failed_deliveries
from logtune.results import Column, Item, Kind, Metric, Next, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

TIMES_MIN = 20
"""Below so many transactions percentiles are not shown as such: the 95 % of 19 values is their maximum."""

_DELIVERY = "status NOT IN ('deliverable', 'undeliverable') AND successor IS NULL"


def deliveries(log: Tables, options: Options) -> Section:
    """Attempts by status and, per transport, how long first tries take; percentiles in seconds."""
    found = ask(log, "deliveries_status")
    per_kind = sums(found, key=0, count=3)
    total = per_kind.get("delivery", 0)
    items: list[Item] = [*_statuses(found), *_apart(per_kind)]
    if total:
        items.append(_first_tries(first_tries(log)))
    more = (Next("logtune delays", "by relay, destination and hour"),)
    return Section("deliveries", "Deliveries", items, f"{total:,} deliveries, one per recipient and try", more)


def prepare(log: Tables) -> None:
    """Keep the delivery attempts with their kind of try as table ``attempts``, once per log."""
    keep_failed_deliveries(log)
    keep(log, "attempts", "deliveries_attempts", begin=log.period.first)


def first_tries(log: Tables) -> list[tuple[Any, ...]]:
    """Rows of ``deliveries_first_tries.sql``: half and 95 % per transport, of first tries that were not deferred."""
    prepare(log)
    return ask(log, "deliveries_first_tries")


def delivery_times(log: Tables) -> list[tuple[Any, ...]]:
    """Rows of ``deliveries_times.sql``: percentiles per transport and kind of try."""
    prepare(log)
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


def _first_tries(found: list[tuple[Any, ...]]) -> Table:
    columns = (
        Column("transport", "first tries", Kind.LOGTEXT),
        Column("recipients", "count", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("slowest", "slowest", Kind.SECONDS),
        Column("waited", "share of all waiting", Kind.STAGES),
    )
    rows = []
    for daemon, recipients, transactions, delay, slowest, waited in found:
        half, most = delay if transactions >= TIMES_MIN else (None, None)
        rows.append((daemon, recipients, half, most, slowest, tuple(waited)))
    note = f"Under {TIMES_MIN} transactions only the slowest is given." if any(row[2] is None for row in rows) else ""
    return Table("first_tries", columns, rows, note=note)
