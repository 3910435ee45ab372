"""Week by week on several hosts: the odd week and the odd host are found, and an even log gives no finding.

The log is generated (benchmarks/generator), not a real Postfix's, whose weeks would take weeks: four of them on two hosts, with
delays that differ as much within a week as the generator's do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benchmarks import generate
from benchmarks.generator.log import BEGIN, SECOND, classic
from logtune.analyses.servers import Servers
from logtune.analyses.weeks import odd_weeks, slower_findings, slower_hosts, week_items
from logtune.api import MailLog, read
from logtune.results import Note, Table

LINES, RATE = 45_000, 0.0025
"""So many lines of a host, in so many stories a second, are four weeks."""
SENT = re.compile(r"( postfix/smtp\[.*) delay=([\d.]+), delays=([^/]+/[^/]+)/([^/]+)/([^,]+)(,.*status=sent)")

Slow = Callable[[str, int], float]
"""Host and week (0 is the first) to seconds by which the connection set-up of smtp is longer."""
Stays = Callable[[str, int, int], bool]
"""Host, week and number of a session to whether it is in the log."""


@pytest.fixture(scope="module")
def lines() -> dict[str, list[tuple[int, str]]]:
    """Week and text of the lines of two hosts."""
    found = {
        host: [
            (at // (7 * 86_400 * SECOND), line.replace(" mail ", f" {host} ", 1))
            for _, times, texts in generate.batches(LINES, seed, loss_notes=False, per_second=RATE)
            for at, line in zip(times, classic(times, texts), strict=True)
        ]
        for seed, host in enumerate(("mx1", "mx2"), 1)
    }
    assert BEGIN.weekday() == 0
    assert all(max(week for week, _ in there) == 3 for there in found.values())
    return found


Make = Callable[..., MailLog]


@pytest.fixture
def make(lines: dict[str, list[tuple[int, str]]], tmp_path: Path) -> Make:
    """``make(slow, stays)``: the log of both hosts, smtp slower and connections fewer as these say."""

    def made(slow: Slow = lambda host, week: 0.0, stays: Stays = lambda host, week, n: True) -> MailLog:
        paths = []
        for host, there in lines.items():
            paths.append(tmp_path / f"{host}.log")
            written = (_slower(text, slow(host, week)) for week, text in _chosen(host, there, stays))
            paths[-1].write_text("".join(written), "utf-8")
        return read(*paths, year=2026, tz="UTC")

    return made


def _slower(text: str, seconds: float) -> str:
    def longer(found: re.Match[str]) -> str:
        before, delay, ab, c, d, after = found.groups()
        return f"{before} delay={float(delay) + seconds:.2g}, delays={ab}/{float(c) + seconds:.2g}/{d}{after}"

    return SENT.sub(longer, text) if seconds else text


def _chosen(host: str, there: list[tuple[int, str]], stays: Stays) -> list[tuple[int, str]]:
    """The lines without those of sessions that do not stay; a process has many sessions, one after another."""
    chosen, sessions, number = [], {}, 0
    for week, text in there:
        process = re.search(r" postfix/smtpd\[(\d+)\]: (connect from)?", text)
        if process is not None and process[2]:
            number += 1
            sessions[process[1]] = number
        if process is None or stays(host, week, sessions.get(process[1], 0)):
            chosen.append((week, text))
    return chosen


def findings(log: MailLog) -> list[str]:
    asked = (slower_findings, odd_weeks, slower_hosts)
    return [finding.title for ask in asked for finding in ask(log.tables, log.options)]


def test_an_even_log(make: Make) -> None:
    """Chance makes no finding, of delays or of shares: eight weeks of two hosts differ, but by less than is told."""
    log = make()
    assert findings(log) == []
    first = week_items(log.tables, log.options)[0]
    assert first == Note("No transport got slower from its first week to its last, and no week or host stands out.")
    servers = Servers.of(log.tables, log.options)
    assert servers is not None
    assert (len(servers.weeks("UTC")), servers.odd_weeks("UTC")) == (4, [])


def test_the_odd_week_of_a_host(make: Make) -> None:
    """A week in the middle in which one host was slow is named with the host, and with the stage that grew."""
    log = make(lambda host, week: 30.0 * (host == "mx2" and week == 1))
    assert findings(log) == ["smtp on mx2 was slow in the week of 9 March"]
    (finding,) = odd_weeks(log.tables, log.options)
    assert re.fullmatch(
        r"95 % within 4\d s, in the other weeks 1\d s; most of it in c, connection set-up\.", finding.detail
    )


def test_slower_from_week_to_week_on_one_host(make: Make) -> None:
    """What grows over the weeks is told of the host on which it does; the middle weeks are no odd ones."""
    log = make(lambda host, week: 12.0 * week * (host == "mx1"))
    assert findings(log)[0] == "smtp on mx1 gets slower from week to week"
    assert not [title for title in findings(log) if "was slow" in title or "mx2" in title]


def test_the_odd_host(make: Make) -> None:
    """A host that is slower in every week is told, and where to look; a week of both is nobody's."""
    log = make(lambda host, week: 30.0 * (host == "mx1"))
    assert findings(log) == ["smtp is slower on mx1 than on the other hosts"]
    (finding,) = slower_hosts(log.tables, log.options)
    assert finding.command == "logtune delays --host mx1"
    assert finding.detail.endswith("most of it in c, connection set-up.")
    both = make(lambda host, week: 30.0 * (week == 2))
    assert findings(both) == [f"smtp on {host} was slow in the week of 16 March" for host in ("mx1", "mx2")]


def test_a_week_with_another_split(make: Make) -> None:
    """A week in which half of a host's sessions are missing has another share; the others are held against it."""
    log = make(stays=lambda host, week, session: not (host == "mx2" and week == 2 and session % 2))
    servers = Servers.of(log.tables, log.options)
    assert servers is not None
    ((week, host, part, usual),) = servers.odd_weeks("UTC")
    assert (week, host) == (date(2026, 3, 16), "mx1")  # both are off by the same, the first is named
    assert abs(part - usual) > 0.1
    assert abs(usual - 0.5) < 0.05


def test_the_table_has_hosts_only_where_there_are_several(make: Make, tmp_path: Path) -> None:
    """Rows are by transport, host and week; of one host nothing is asked of the hosts."""

    def heads(log: MailLog) -> tuple[list[str], int]:
        (table,) = [item for item in week_items(log.tables, log.options) if isinstance(item, Table)]
        return [column.name for column in table.columns][:3], len([row for row in table.rows if row[0] == "smtp"])

    assert heads(make()) == (["transport", "host", "week"], 8)
    assert heads(read(tmp_path / "mx1.log", year=2026, tz="UTC")) == (["transport", "week", "days"], 4)
