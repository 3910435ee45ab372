"""What ``logtune delays`` says of logs of a real Postfix that was slow for one known reason each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import logtune
from logtune.analyses.deliveries import delivery_times
from logtune.analyses.disk import disk_and_queue, disk_glance
from logtune.analyses.name_service import name_service_glance
from logtune.analyses.stages import delays_glance, stage_verdicts
from logtune.results import Level, Section, Table

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
SLOW = SAMPLES / "delays"
STAGES = ["delay_before_qmgr", "delay_in_qmgr", "delay_setup", "delay_transmit"]


@cache
def log_of(path: Path) -> logtune.MailLog:
    return logtune.read(path, year=2026, tz="UTC", mynetworks="192.168.10.0/24")


def verdict_on(name: str) -> tuple[Any, ...]:
    verdicts = stage_verdicts(log_of(SLOW / f"{name}.log").tables)
    assert len(verdicts) == 1
    found = verdicts[0]
    return found.transport, found.transactions, found.stage, found.level, [p.name for p in found.places], found.meaning


def test_slow_name_server() -> None:
    """Forty of 120 lookups are answered only when the resolver asks again: stage c, and the name server by name."""
    transport, transactions, stage, level, places, meaning = verdict_on("slow_dns")
    assert (transport, transactions, stage, level, places) == ("smtp", 120, "c", Level.LOOK, [])
    assert meaning == "40 waits of just over 5 s or 10 s: a name server does not answer at first. See DNS."
    log = log_of(SLOW / "slow_dns.log")
    glance = name_service_glance(log.tables, log.options)
    told = "33 % of outgoing connections wait 5 s or 10 s; a local caching resolver would spare 4 min"
    assert (glance.level, glance.detail) == (Level.ACT, told)


def test_slow_remote() -> None:
    """Three of twelve sites take 1.8 s over a mail: stage d, and these three."""
    slow = [f"mx.site{n}.example" for n in (1, 2, 3)]
    said = "At 3 of 12 relays, long over a mail: the remote side or its filter."
    assert verdict_on("slow_remote") == ("smtp", 103, "d", Level.LOOK, slow, said)


def test_slow_filter_before_the_queue() -> None:
    """A filter before the queue keeps every mail 1.2 s: stage a, and the filter is named; not the disk."""
    filters = "A before-queue filter (smtpd_proxy_filter, 80 lines of it) keeps mail waiting: look there first."
    assert verdict_on("slow_filter") == ("lmtp", 80, "a", Level.LOOK, [], filters)
    log = log_of(SLOW / "slow_filter.log")
    assert disk_glance(log.tables, log.options).level is Level.UNKNOWN


def test_tiny_concurrency_limit() -> None:
    """Ninety mails for one site, one at a time: stage b, that site, and the one delivery that ran."""
    transport, transactions, stage, level, places, meaning = verdict_on("tiny_limit")
    assert (transport, transactions, stage, level, places) == ("smtp", 102, "b", Level.LOOK, ["site1.example"])
    assert meaning == (
        "Mail waits for its turn at 1 of 7 destinations. While mail waited, 1.0 deliveries at once ran to the first. "
        "Raise smtp_destination_concurrency_limit (default_destination_concurrency_limit), if that site bears it."
    )


def test_full_disk() -> None:
    """Four mails are told that the queue's disk is full; 48 mails for a site that takes nothing wait at the end."""
    log = log_of(SLOW / "full_disk.log")
    section = disk_and_queue(log.tables, log.options)
    assert section.level is Level.ACT
    assert [row[:2] for row in table(section, "disk_warnings").rows] == [
        ("clients told: insufficient system storage", 4),
        ("not enough free space in the queue", 4),
    ]
    left = next(t for s in log.delays().sections for t in s.items if isinstance(t, Table) and t.name == "queue_left")
    assert [row[:6] for row in left.rows] == [("deferred (waiting for a retry)", 48, 0, 48, 0, 0)]


def test_a_quiet_site_has_no_verdict_but_well() -> None:
    """The usual sample delivers within tenths of a second: nothing is slow."""
    log = log_of(SAMPLES / "helo_trial.log")
    assert {(v.transport, v.stage, v.level) for v in stage_verdicts(log.tables)} == {
        ("lmtp", None, Level.WELL),
        ("smtp", None, Level.WELL),
    }
    assert delays_glance(log.tables, log.options).level is Level.WELL


def table(section: Section, name: str) -> Table:
    return next(item for item in section.items if isinstance(item, Table) and item.name == name)


# --- percentiles, computed again without SQL --------------------------------------------------------------------------

LOGS = [*(SLOW / f"{name}.log" for name in ("slow_dns", "slow_remote", "slow_filter", "tiny_limit", "full_disk"))]
LOGS += [SAMPLES / "helo_trial.log", SAMPLES / "filter.log", SAMPLES / "truth" / "several_recipients.log"]


def transactions_of(log: logtune.MailLog) -> pd.DataFrame:
    """First tries that were not deferred, one row per transaction: lines of a process about a mail that follow each
    other with the same delays are one."""
    d = log.to_pandas("deliveries").sort_values("position")
    d = d[d.delay.notna() & ~d.status.isin(["deliverable", "undeliverable"])]
    waits = d.status.isin(["deferred", "softbounce"]).astype(int)
    earlier = waits.groupby([d.message, d.recipient]).cumsum() - waits
    before = d.groupby(["message", "pid"])[[*STAGES, "delay", "status"]].shift()
    same = (d[[*STAGES, "delay", "status"]].astype(str) == before.astype(str)).all(axis=1)
    d["transport"] = d.daemon.astype(str) + np.where(d.successor.notna(), " to the filter", "")
    d["domain"] = d.recipient.str.rpartition("@")[2].str.lower()
    d["hour"] = d.ts.dt.strftime("%H")
    return d[(earlier == 0) & (waits == 0) & ~same]


def percentile(values: pd.Series, part: float) -> float:
    return float(np.quantile(values.to_numpy(), part, method="inverted_cdf"))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_percentiles_per_transport(path: Path) -> None:
    """They are those that a few lines of pandas find, per transport and stage, value for value."""
    log = log_of(path)
    wanted = {
        name: (len(rows), *([percentile(rows[c], p) for p in (0.5, 0.9, 0.95, 0.99)] for c in ["delay", *STAGES]))
        for name, rows in transactions_of(log).groupby("transport")
    }
    found = {row[0]: (row[3], *row[4:9]) for row in delivery_times(log.tables) if row[1] == "first"}
    assert found == wanted


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("delays_by_relay", ["relay_name", "daemon"]),
        ("delays_by_destination", ["domain", "daemon"]),
        ("delays_by_hour", ["hour"]),
    ],
)
def test_percentiles_per_place_and_hour(path: Path, name: str, keys: list[str]) -> None:
    """The same for relays, destinations and hours: of the whole, then of each stage, and the most of each."""
    log = logtune.read(path, year=2026, tz="UTC", mynetworks="192.168.10.0/24", top=1000)
    rows = transactions_of(log)
    rows = rows[rows.successor.isna()]
    groups = rows.groupby(keys if len(keys) > 1 else keys[0], observed=True)
    parts = (0.5, 0.9, 0.95, 0.99)
    wanted = {
        key: (
            *(percentile(part["delay"], p) for p in parts),
            *(percentile(part[c], p) for p in parts for c in STAGES),
            *(part[c].max() for c in STAGES),
        )
        for key, part in groups
        if len(part)
    }
    (table,) = [t for s in log.delays().sections for t in s.items if isinstance(t, Table) and t.name == name]
    names = [column.name for column in table.columns]
    whole = [names.index(column) for column in ("half", "p90", "most", "p99")]
    stages = range(names.index("half_a"), len(names))
    assert names[stages[0] :] == [f"{what}_{x}" for what in ("half", "p90", "p95", "p99", "max") for x in "abcd"]
    found = {
        row[: len(keys)] if len(keys) > 1 else row[0]: tuple(row[n] for n in (*whole, *stages)) for row in table.rows
    }
    assert {key: values for key, values in found.items() if values[0] is not None} == wanted
