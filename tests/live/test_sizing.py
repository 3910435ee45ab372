"""Sizing against a real Postfix: sessions as ps counts them, the episode at the limit, and a limit that ends it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import logtune
from logtune import live
from logtune.postconf.read import read
from logtune.results import Report
from tests.live.conftest import skip_or_fail
from tests.live.load import Seen, Sized, come, settings, table, written
from tests.live.own_network import own_network

HOLD = 1.0
SECONDS = 12


@pytest.fixture(autouse=True, scope="module")
def networks_can_be_had() -> None:
    try:
        with own_network():
            pass
    except OSError as error:
        skip_or_fail(str(error), os.environ)


def loaded(tmp_path: Path, limit: int, clients: int, also: list[str] | None = None) -> tuple[Report, Report, Seen]:
    """Reports with and without a configuration on a Postfix with that limit (*also* set by ``postconf -F``)."""
    postfix = Sized(limit)
    with postfix:
        if also:
            postfix.stop()
            for what in also:
                postfix.set(what)
            postfix.log.unlink()
            postfix.start()
        seen = come(postfix, clients, SECONDS, HOLD)
        configuration = read(None, [written(tmp_path, postfix.postconf())])
        log = logtune.read(postfix.log, year=2026, tz="UTC")
        return log.sizing(configuration), log.sizing(), seen


@pytest.mark.parametrize(("limit", "clients"), [(5, 12), (50, 70)])
def test_limit_reached(tmp_path: Path, limit: int, clients: int) -> None:
    """More clients than processes: peak and 95th percentile as ps has them, an episode, and a limit that ends it."""
    report, alone, seen = loaded(tmp_path, limit, clients)
    (smtp,) = [row for row in table(report, "concurrent_sessions") if row["service"] == "smtp"]
    assert (smtp["limit"], smtp["limit_from"]) == (limit, "postconf")
    assert abs(smtp["peak"] - seen.peak) <= 1
    assert abs(smtp["most_95"] - seen.at_most(0.95)) <= 1
    (episode,) = table(report, "episodes")
    assert episode["lasted"] >= 0.7 * SECONDS
    assert episode["sessions"] > clients
    (what,) = settings(report)
    assert settings(alone) == [what]
    (by_log,) = [row for row in table(alone, "concurrent_sessions") if row["service"] == "smtp"]
    assert (by_log["limit"], by_log["limit_from"]) == (limit, "log")  # from master's warning

    after, _, later = loaded(tmp_path, limit, clients, [what])
    assert table(after, "episodes") == []
    assert clients - 1 <= later.peak < int(what.rpartition("=")[2])


def test_below_the_limit(tmp_path: Path) -> None:
    """Fewer clients than processes: their number is the peak, and there is no episode."""
    report, _, seen = loaded(tmp_path, 50, 8)
    (smtp,) = [row for row in table(report, "concurrent_sessions") if row["service"] == "smtp"]
    assert abs(smtp["peak"] - seen.peak) <= 1
    assert abs(smtp["most_95"] - seen.at_most(0.95)) <= 1
    assert table(report, "episodes") == []
    assert settings(report) == []


def test_live(tmp_path: Path) -> None:
    """Sampling the running Postfix finds its services by name, with their limits, memory and CPU."""
    with Sized(5) as postfix:
        thread = threading.Thread(target=come, args=(postfix, 3, 4, HOLD))
        thread.start()
        seen = live.sample(3)
        thread.join()
        found = {d.key: d for d in seen.daemons}
        smtp = found[postfix.smtp]
        assert smtp.daemon == "smtpd"
        assert smtp.peak in (3, 4)  # one may still leave when the next begins
        assert smtp.rss > 2**20
        configuration = read(None, [written(tmp_path, postfix.postconf())])
        rows = {row[0]: row for row in live.sections(seen, configuration)[1].items[0].rows}
        assert rows[postfix.smtp][2:4] == (smtp.peak, 5)
    assert seen.process_bytes()
