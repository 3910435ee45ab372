"""What ``logtune delays`` shows: the stages per transport, relay, destination and hour, names, disk, outliers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, cut_rows
from logtune.analyses.deliveries import TIMES_MIN, deliveries, delivery_times, prepare
from logtune.analyses.disk import disk_and_queue, disk_glance
from logtune.analyses.name_service import name_service, name_service_glance
from logtune.analyses.queue_view import queue_view
from logtune.analyses.stages import LETTERS, NO_DELIVERY, delays_glance, stage_findings
from logtune.analyses.weeks import week_items
from logtune.postfix.delay_stages import stage as known_stage
from logtune.results import Column, Item, Kind, Level, Next, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables


def delays(log: Tables, options: Options) -> list[Section]:
    """All sections, the verdicts on the stages first."""
    prepare(log)
    return [
        _stages(log),
        replace(deliveries(log, options), next=()),
        _where(log, options),
        _when(log, options),
        name_service(log, options),
        disk_and_queue(log, options),
        queue_view(log, options),
        _slowest_section(log, options),
    ]


def headline(log: Tables, options: Options) -> str:
    """The slowest transport, and what else of names, disk and queue needs a person."""
    worst = delays_glance(log, options)
    said = [worst.detail if worst.level is not Level.WELL else f"Nothing is slow: {worst.detail}"]
    others = ((name_service_glance, "The name service needs a person"), (disk_glance, "The disk needs a person"))
    said += [words for glance, words in others if glance(log, options).level is Level.ACT]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in said)


def _stages(log: Tables) -> Section:
    times = delivery_times(log)
    judged = [row for row in times if row[1] == "first" and row[3] >= TIMES_MIN and row[0] not in NO_DELIVERY]
    tables = [_stage_table(row) for row in judged]
    verdicts: list[Item] = [*stage_findings(log)]
    items = [*(verdicts or [Note(_NO_VERDICT)]), _tries(times), *tables]
    return Section("delays_stages", "Where the time goes", items, "transactions; seconds, two digits as logged")


_NO_VERDICT = f"No transport has {TIMES_MIN} first tries that were not deferred: no verdict on the stages."


def _where(log: Tables, options: Options) -> Section:
    items = [
        _by("relay", ask(log, "deliveries_by_relay", top=options.top)),
        _by("destination", ask(log, "deliveries_by_destination", top=options.top)),
    ]
    return Section("delays_where", "By relay and destination", items, "recipients at the first try; seconds")


def _when(log: Tables, options: Options) -> Section:
    items: list[Item] = [_by_hour(ask(log, "deliveries_by_hour", zone=options.zone)), *week_items(log, options)]
    return Section("delays_when", "By hour and week", items, "first tries; seconds")


def _slowest_section(log: Tables, options: Options) -> Section:
    table = _slowest(log, options)
    lines = " ".join(str(row[-1]) for row in table.rows[:3])
    more = (Next(f"logtune lines PATHS --position {lines.replace(' ', ' --position ')}", "the lines of the slowest"),)
    return Section("delays_slowest", "The slowest first tries", [table], "transactions", more if table.rows else ())


_PERCENTILES = (
    Column("half", "50 %", Kind.SECONDS, "s"),
    Column("p90", "90 %", Kind.SECONDS, "s", wide=True),
    Column("p95", "95 %", Kind.SECONDS, "s"),
    Column("p99", "99 %", Kind.SECONDS, "s"),
    Column("max", "max", Kind.SECONDS, "s"),
)

ON_PAGES, IN_DATA = 132, 200
"""Characters of a line that a column asks for: terminals show 120 at most, a page 160, data for machines has all."""


def _total(**room: Any) -> list[Column]:
    """Percentiles of the whole delay; *room* is what those ask for that are not always shown."""
    return [
        Column("half", "half in", Kind.SECONDS, "s"),
        Column("p90", "90 % in", Kind.SECONDS, "s", **room),
        Column("most", "95 % in", Kind.SECONDS, "s"),
        Column("p99", "99 % in", Kind.SECONDS, "s", **room),
    ]


def _stage_columns(name: str, title: str, wide: bool = False, least: int = 0) -> list[Column]:
    return [
        Column(f"{name}_{letter}", f"{letter} {title}", Kind.SECONDS, "s", wide=wide, least=least) for letter in LETTERS
    ]


_PER_STAGE = (
    *_stage_columns("half", "50 %", wide=True),
    *_stage_columns("p90", "90 %", least=IN_DATA),
    *_stage_columns("p95", "95 %"),
    *_stage_columns("p99", "99 %", least=IN_DATA),
    *_stage_columns("max", "max", least=IN_DATA),
)
"""Percentiles of the four stages beside each other; the order is that of ``_per_stage``."""


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


def _stage_table(row: tuple[Any, ...]) -> Table:
    transport, _, _, transactions, _, *stages, slowest, waited = row
    total = sum(part or 0.0 for part in waited)
    rows = [
        (
            f"{letter} {known_stage(letter).name}",
            *quantiles,
            worst,
            part / total if total and part is not None else None,
        )
        for letter, quantiles, worst, part in zip(LETTERS, stages, slowest[1:], waited, strict=True)
        if quantiles is not None
    ]
    columns = (
        Column("stage", f"{transport}, by stage", Kind.LOGTEXT),
        *_PERCENTILES,
        Column("share", "share", Kind.SHARE),
    )
    return Table(f"stages_{transport}", columns, rows, counts=f"{transactions:,} first tries")


def _by(name: str, found: list[tuple[Any, ...]]) -> Table:
    cut, omitted = cut_rows(found)
    columns = (
        Column(name, name, Kind.LOGTEXT),
        Column("transport", "transport", Kind.LOGTEXT, wide=True),
        Column("recipients", "tries", Kind.COUNT),
        Column("deferred", "deferred", Kind.COUNT),
        *_total(least=ON_PAGES),
        Column("slowest", "slowest", Kind.SECONDS, "s", wide=True),
        *_PER_STAGE,
    )
    rows = [(*row[:4], *row[4], row[5], *_per_stage(row[6], row[7])) for row in cut]
    return Table(f"delays_by_{name}", columns, rows, f"By {name}", omitted)


def _per_stage(quantiles: list[list[float | None] | None], slowest: list[float | None]) -> tuple[float | None, ...]:
    """All stages' 50 %, then their 90, 95 and 99 %, then what was the most of each."""
    stages = [stage or [None] * 4 for stage in quantiles]
    return (*(stage[n] for n in range(4) for stage in stages), *slowest)


def _by_hour(found: list[tuple[Any, ...]]) -> Table:
    columns = (
        Column("hour", "hour", Kind.TEXT),
        Column("recipients", "tries", Kind.COUNT),
        *_total(wide=True),
        Column("slowest", "slowest", Kind.SECONDS, "s"),
        *_PER_STAGE,
    )
    rows = [(f"{row[0]:02d}", row[1], *row[2], row[3], *_per_stage(row[4], row[5])) for row in found]
    return Table("delays_by_hour", columns, rows, "By hour of the local day")


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
    rows = [(*row[:5], tuple(part or 0.0 for part in row[5:9]), row[9]) for row in found]
    return Table("slowest", columns, rows)
