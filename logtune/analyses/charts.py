"""Charts of sizing as data: sessions and deliveries against their limit, delay stages on top of each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, covered_days
from logtune.analyses.loads import Key, LimitSource, Load, TransportKey, number_of
from logtune.postfix.delay_stages import DELAY_STAGES
from logtune.postfix.process_limits import NO_LIMIT
from logtune.results import Chart

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

COLUMNS = 24
"""About so many columns a chart has: they fit into 80 characters beside each other."""

_HOURS = (1, 2, 3, 6, 12, 24)


def hours_of(days: int) -> int:
    """Hours that one column stands for: the fewest that make no more than ``COLUMNS`` columns; a day at most."""
    return next((h for h in _HOURS if days * 24 / h <= COLUMNS), 24)


def sessions_chart(log: Tables, options: Options, key: Key, label: str, load: Load) -> Chart | None:
    """Peaks of sessions of one service; against the limit where that is known, else a quiet server were a flat line."""
    hours = hours_of(len(options.days))
    wanted = number_of(log, key)
    peaks = {
        (day, span): peak
        for number, day, span, peak, _ in ask(log, "connections_hours", hours=hours)
        if number == wanted
    }
    return _chart(log, options, f"peak_{label}", peaks, hours, _limit(load))


def deliveries_chart(
    log: Tables, options: Options, loads: Mapping[TransportKey, Load], labels: Mapping[TransportKey, str]
) -> Chart | None:
    """Daily peaks of the busiest transport."""
    if not loads:
        return None
    key, load = next(iter(loads.items()))
    peaks = {(day, 0): peak for day, peak in load.peaks.items()}
    return _chart(log, options, f"deliveries_{labels[key]}", peaks, 24, _limit(load))


def stages_chart(log: Tables, options: Options) -> Chart | None:
    """Mean seconds of a first try in the four stages, stacked."""
    hours = hours_of(len(options.days))
    found = {(row[0], row[1]): row[2:] for row in ask(log, "processes_stages", hours=hours)}
    whole = _chart(log, options, "stages", {at: sum(parts) for at, parts in found.items()}, hours, None)
    if whole is None or not found:
        return None
    places = _places(options.days, hours)
    layers = tuple(
        (f"{stage.letter} {stage.name}", tuple(found[at][n] if at in found else None for at in places))
        for n, stage in enumerate(DELAY_STAGES)
    )
    return Chart("stages", whole.first, whole.values, None, hours, layers, "s")


def _limit(load: Load) -> int | None:
    return load.limit if load.source is not LimitSource.DEFAULT and load.limit != NO_LIMIT else None


def _places(days: Iterable[date], hours: int) -> list[tuple[date, int]]:
    return [(day, span) for day in days for span in range(24 // hours)]


def _chart(
    log: Tables, options: Options, name: str, values: Mapping[tuple[date, int], Any], hours: int, limit: int | None
) -> Chart | None:
    """Values per span of the period: 0 where a covered day has none, None on a day that the log lacks."""
    if not options.days:
        return None
    covered = covered_days(log)
    row = [values.get(at, 0 if at[0] in covered else None) for at in _places(options.days, hours)]
    return Chart(name, options.days[0], tuple(row), limit, hours)
