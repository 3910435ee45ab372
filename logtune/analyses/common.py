"""What every analysis needs: shares, courses per local day, labels. No queries of its own but the covered days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logtune.tables import query

if TYPE_CHECKING:
    from logtune.tables import Tables

Course = tuple[int | None, ...]
"""A count per local day of the period; None where the log has no line of that day."""


def share(part: int, whole: int) -> float | None:
    """*part* of *whole* as 0..1; None where there is nothing to take a share of."""
    return part / whole if whole else None


def ask(log: Tables, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of ``analyses/NAME.sql``, remembered: a log does not change, and sections of one report ask the same."""
    key = (name, *sorted(parameters.items()))
    if key not in log.answers:
        log.answers[key] = log.rows(name, **parameters)
    return log.answers[key]


def keep(log: Tables, table: str, name: str, **parameters: Any) -> None:
    """Keep the rows of ``analyses/NAME.sql`` as *table*, once per log: several questions ask of it."""
    if table not in log.kept:
        log.con.execute(f"CREATE OR REPLACE TABLE {table} AS {query(name)}", parameters or None)
        log.kept.add(table)


def covered_days(log: Tables) -> frozenset[date]:
    """Local days on which the log has at least one understood Postfix line."""
    with_sessions = frozenset(day for (day,) in ask(log, "covered_by_sessions"))
    return with_sessions if with_sessions >= set(log.days) else frozenset(day for (day,) in ask(log, "covered_days"))


def course(counts: Mapping[date, int], days: Sequence[date], covered: Iterable[date]) -> Course:
    """Counts per day in the order of *days*: 0 on a covered day without any, None on a day that the log lacks."""
    known = frozenset(covered)
    return tuple(counts.get(day, 0) if day in known or day in counts else None for day in days)


def courses(rows: Iterable[tuple[Any, date, int]]) -> dict[Any, dict[date, int]]:
    """Rows (key, day, count) as key -> day -> count; rows without a day (no readable stamp) are left out."""
    found: dict[Any, dict[date, int]] = {}
    for key, day, count in rows:
        if day is not None:
            per_day = found.setdefault(key, {})
            per_day[day] = per_day.get(day, 0) + count
    return found


def sums(rows: Iterable[tuple[Any, ...]], key: int, count: int) -> dict[Any, int]:
    """Sum of column *count* per value of column *key*, in the order of first appearance."""
    found: dict[Any, int] = {}
    for row in rows:
        found[row[key]] = found.get(row[key], 0) + row[count]
    return found


def service_labels(keys: Iterable[tuple[str | None, str | None, str | None]]) -> dict[Any, str]:
    """Names for (host, instance, service): the service alone, with instance and host only where several exist.

    A service without a name of its own in the syslog tag (``postfix/smtpd``) is master.cf's ``smtp``.
    """
    unique = list(dict.fromkeys(keys))
    hosts = {host for host, _, _ in unique}
    instances = {instance for _, instance, _ in unique}

    def label(host: str | None, instance: str | None, service: str | None) -> str:
        parts = [host or "?"] if len(hosts) > 1 else []
        if len(instances) > 1:
            parts.append(instance or "?")
        return "/".join([*parts, service or "smtp"])

    return {key: label(*key) for key in unique}


def plural(count: int, one: str, many: str = "") -> str:
    """The word for *count* things: ``mail`` or ``mails``."""
    return one if count == 1 else many or one + "s"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 mail``, ``1,204 mails``."""
    return f"{count:,} {plural(count, one, many)}"


def duration(seconds: float) -> str:
    """``48 s``, ``27 min``, ``3 h 20 min``."""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == 0 else f"{seconds:.2g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60:,} h {minutes % 60} min"


def when(moment: datetime | None, zone: ZoneInfo) -> str:
    """``Tue 10 Mar 09:04`` in *zone*, of naive UTC; empty of None."""
    if moment is None:
        return ""
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local:%H:%M}"


# in words of our own, so that the machine's locale does not change a report
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def cut_rows(rows: Sequence[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], int]:
    """Split the last column, the number of groups before --top, off *rows*: (rows, omitted)."""
    if not rows:
        return [], 0
    return [tuple(row[:-1]) for row in rows], int(rows[0][-1]) - len(rows)
