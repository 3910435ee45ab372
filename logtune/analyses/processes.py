"""What ``logtune sizing`` says of processes: sessions and deliveries at the same moment, busy times, charts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from logtune.analyses import recommendation, saturation
from logtune.analyses.charts import deliveries_chart, hours_of, sessions_chart, stages_chart
from logtune.analyses.common import ask, counted, duration, service_labels
from logtune.analyses.connections import connections, levels, limit_note
from logtune.analyses.loads import (
    Key,
    LimitSource,
    Load,
    TransportKey,
    number_of,
    service_loads,
    transport_labels,
    transport_loads,
)
from logtune.analyses.recommendation import Advice, Wanted, advise, percent
from logtune.postfix.delay_stages import DELAY_STAGES
from logtune.postfix.process_limits import NO_LIMIT
from logtune.results import Column, Item, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

PARTS = (0.7, 0.8, 0.9)
"""Shares of the limit above which time is told."""

BUSIEST = 5
"""Busy hours shown per service."""


def advices(log: Tables, options: Options, wanted: Wanted) -> list[Advice]:
    """What each smtpd service needs, those that need more first."""
    loads = service_loads(log, options.limits)
    labels = service_labels(loads)
    found = [advise(log, key, labels[key], load, wanted) for key, load in loads.items()]
    return sorted(found, key=lambda a: (not a.raises, not a.saturated, -a.demand))


def processes(log: Tables, options: Options, found: list[Advice], wanted: Wanted, charts: bool) -> list[Section]:
    """The sections on processes: overview, each busy service, transports, recommendation."""
    loads = {a.key: a.load for a in found}
    labels = {a.key: a.label for a in found}
    overview = replace(connections(log, options), next=())
    shown = [key for key, load in loads.items() if charts or key == found[0].key or load.full() or load.warned]
    sections = [overview, *(_service(log, options, key, labels[key], loads[key]) for key in shown)]
    sections.append(_transports(log, options, charts))
    items = recommendation.recommendation(log, found, wanted)
    level = Level.ACT if any(a.raises for a in found) else Level.WELL
    counts = "smtpd processes"
    sections.append(Section("recommendation", "Recommendation", items, counts, level=level if found else None))
    return sections


def _service(log: Tables, options: Options, key: Key, label: str, load: Load) -> Section:
    chart = sessions_chart(log, options, key, label, load)
    items: list[Item] = [chart] if chart else []
    items += [Note(f"{limit_note(load)} {_most(load)}"), *_over(load)]
    items += [*saturation.episode_items(log, options, key, load), *_busy(log, options, key)]
    return Section(f"sizing_{label}", f"{label}: sessions at the same moment", items, _per(options))


def _per(options: Options) -> str:
    hours = hours_of(len(options.days))
    return "daily peak" if hours == 24 else f"peak of every {hours} hours" if hours > 1 else "hourly peak"


def _most(load: Load) -> str:
    most = [load.at_most(part) for part in (0.95, 0.99)]
    if None in most:
        return f"Peak {load.peak}."
    return f"95 % of the time at most {most[0]}, 99 % at most {most[1]}; peak {load.peak}."


def _over(load: Load) -> list[Item]:
    """Time above 70, 80 and 90 % of the limit, as one sentence; nothing where there is none."""
    if not load.total or not load.over(PARTS[0]):
        return []
    said = [
        f"over {percent(part)} for {duration(load.over(part))} ({100 * load.over(part) / load.total:.2g} %)"
        for part in PARTS
        if load.over(part)
    ]
    return [Note(f"Of the limit: {', '.join(said)} of {duration(load.total)}.")]


def _busy(log: Tables, options: Options, key: Key) -> list[Item]:
    """The busiest hours of a service, by the mean."""
    wanted = number_of(log, key)
    rows = [
        (day, span, peak, seconds / 3600)
        for of, day, span, peak, seconds in ask(log, "connections_hours", hours=1)
        if of == wanted
    ]
    busiest = sorted(rows, key=lambda row: (-row[3], row[0], row[1]))[:BUSIEST]
    columns = (
        Column("hour", "busiest hours", Kind.TEXT),
        Column("mean", "mean", Kind.NUMBER),
        Column("peak", "peak", Kind.COUNT),
    )
    shown = [(f"{day:%a} {day.day} {day:%b} {hour:02d}:00", round(mean, 2), peak) for day, hour, peak, mean in busiest]
    return [Table("busiest_hours", columns, shown, counts="sessions at the same moment")] if shown else []


def _transports(log: Tables, options: Options, charts: bool) -> Section:
    loads = transport_loads(log, options.limits)
    labels = transport_labels(loads)
    table = levels(log, options, loads, labels, "concurrent_deliveries")
    columns = (Column("transport", "transport", Kind.LOGTEXT), *table.columns[1:])
    note = (
        "A delivery occupies a process from the end of stage b on (c and d of delays=); one transaction counts once."
        if loads
        else "The log has no delivery."
    )
    items: list[Item] = [replace(table, columns=columns, note=note)]
    near = [labels[key] for key, load in loads.items() if load.limit != NO_LIMIT and load.over(PARTS[0])]
    if near:
        items.append(Note(f"Over {percent(PARTS[0])} of the limit at times: {', '.join(near)}."))
    if any(load.source is LimitSource.DEFAULT for load in loads.values()):
        items.append(Note("master does not log the limits of transports: --postconf FILE tells them."))
    if charts:
        items += _charts(log, options, loads, labels)
    total = counted(len(loads), "transport")
    return Section("deliveries_at_once", "Deliveries at the same moment", items, total)


def _charts(
    log: Tables, options: Options, loads: dict[TransportKey, Load], labels: dict[TransportKey, str]
) -> list[Item]:
    """The busiest transport and the delay stages, each with what it shows."""
    items: list[Item] = []
    deliveries, stages = deliveries_chart(log, options, loads, labels), stages_chart(log, options)
    if deliveries:
        items += [Note(f"{next(iter(labels.values()))}: deliveries at the same moment, daily peak"), deliveries]
    if stages:
        said = "; ".join(f"{stage.letter} {stage.name}" for stage in DELAY_STAGES)
        items += [Note(f"Mean time of a first try, by stage: {said}"), stages]
    return items
