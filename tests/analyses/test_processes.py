"""The view on processes: at a glance, sections, charts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import logtune
from logtune.analyses.charts import hours_of
from logtune.analyses.glance import Glance, Known, glance
from logtune.results import Chart, Level, Lines, Note, Report, Table

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def log() -> logtune.MailLog:
    """A real Postfix with a limit of five: two clients, then twelve that ask for unknown users, then three."""
    return logtune.read(ROOT / "sample_logs/busy.log.gz", year=2026, tz="UTC")


def table(report: Report, name: str) -> Table:
    return next(i for s in report.sections for i in s.items if isinstance(i, Table) and i.name == name)


def test_busy_server(log: logtune.MailLog) -> None:
    """The peak is the limit, from master's warning; one episode of unknown users; a higher limit as a command."""
    report = log.sizing()
    assert report.headline == "Raise the process limit of smtp from 5 to 15."
    assert table(report, "concurrent_sessions").rows[0][1:4] == (5, 5, "log")
    (episode,) = table(report, "episodes").rows
    assert (episode[1], episode[3], episode[4], episode[6]) == (37.0, 413, 12, "unknown users")
    assert episode[7].startswith("306 × too many errors")
    lines = [line for s in report.sections for i in s.items if isinstance(i, Lines) for line in i.lines]
    assert lines == ['postconf -F "198.51.100.25:25/inet/process_limit = 15"', "postfix reload"]


def test_at_a_glance(log: logtune.MailLog) -> None:
    """Processes are measured from the log; of memory and CPU it says where to look, or reckons with a given size."""
    rows = table(log.sizing(), "glance").rows
    found = {row[1]: (row[0], row[3]) for row in rows}
    assert rows[0][1] == "processes"
    assert found["processes"] == (Level.ACT, "from the log")
    assert found["memory"] == found["CPU"] == (Level.UNKNOWN, "the log cannot tell")
    sized = table(log.sizing(process_bytes=12 << 20), "glance").rows
    assert (Level.WELL, "memory", "smtp: 180 MiB at 15 processes, as given", "from the log") in sized


def test_worst_first() -> None:
    """What needs a person stands before what is well, and what is not known last."""
    lines = [Glance(level, level.value, "") for level in (Level.UNKNOWN, Level.WELL, Level.ACT, Level.LOOK)]
    section = glance([*lines, replace(lines[0], known=Known.NOT)])
    found = section.items[0]
    assert isinstance(found, Table)
    assert [row[1] for row in found.rows] == ["act", "look", "well", "unknown", "unknown"]


def charts(report: Report) -> dict[str, Chart]:
    return {i.name: i for s in report.sections for i in s.items if isinstance(i, Chart)}


def test_charts(log: logtune.MailLog) -> None:
    """On request the transports and the stages too; layers add up to the values, and a day has its hours."""
    assert list(charts(log.sizing())) == ["peak_smtp"]
    found = charts(log.sizing(charts=True))
    assert list(found) == ["peak_smtp", "deliveries_smtp", "stages"]
    stages = found["stages"]
    assert (stages.hours, len(stages.values), stages.unit) == (1, 24, "s")
    sums = [sum(parts) for parts in zip(*(values for _, values in stages.layers), strict=True) if None not in parts]
    assert sums == pytest.approx([v for v in stages.values if v])


@pytest.mark.parametrize(("days", "hours"), [(1, 1), (2, 2), (3, 3), (5, 6), (12, 12), (13, 24), (90, 24)])
def test_columns_of_a_chart(days: int, hours: int) -> None:
    """About two dozen columns, of hours that divide a day."""
    assert hours_of(days) == hours


def test_understated(log: logtune.MailLog) -> None:
    """What the log cannot see is said where the episodes stand."""
    notes = " ".join(i.text for s in log.sizing().sections for i in s.items if isinstance(i, Note))
    assert "listen backlog" in notes
    assert "understated" in notes
