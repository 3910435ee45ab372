"""A log that comes in pieces gives the same store as one that comes at once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from logtune import api, schema
from logtune.config import Config
from logtune.render import json
from logtune.store import ingest as module
from logtune.store.ingest import ingest

SAMPLES = Path(__file__).parents[2] / "sample_logs"
UTC = ZoneInfo("UTC")


def take(log: Path, store: Path, **options: Any) -> module.Ingested:
    """Ingest *log* as ``--year 2026 --tz UTC`` does."""
    return ingest([str(log)], str(store), UTC, Config(), 2026, **options)


def tables(log: api.MailLog) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    return {name: log.table(name).to_pylist() for name in schema.TABLES}


def report(log: api.MailLog) -> str:
    """The report and all recipients of the trial."""
    return json.dumps(log.report()) + json.text(log.trial_json(recipients=True))


@pytest.mark.parametrize("sample", ["helo_trial.log", "filter.log", "helo_trial_iso.log"])
def test_fifty_pieces_give_what_one_gives(sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that grows between 50 runs, cut anywhere in its lines, gives the rows and the report of one reading."""
    monkeypatch.setattr("logtune.store.carried.RECENT", 50)
    text = (SAMPLES / sample).read_bytes()
    rng = random.Random(sample)
    growing, store = tmp_path / sample, tmp_path / "store"
    for end in [*sorted(rng.sample(range(1, len(text)), 49)), len(text)]:
        growing.write_bytes(text[:end])
        take(growing, store)
    at_once = api.read(growing, year=2026, tz="UTC")
    in_pieces = api.read(store=store, tz="UTC")
    assert tables(in_pieces) == tables(at_once)
    assert report(in_pieces) == report(at_once)
    assert in_pieces.coverage == at_once.coverage


@pytest.mark.parametrize("size", [3_000, 40_000])
def test_segments_do_not_show(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run commits makes no difference."""
    monkeypatch.setattr(module, "BLOCK_BYTES", size)
    log = SAMPLES / "filter.log"
    take(log, tmp_path / "store", segment_bytes=size * 4)
    assert tables(api.read(store=tmp_path / "store")) == tables(api.read(log, year=2026, tz="UTC"))


def test_a_day_of_a_store_is_that_day_of_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions and messages of a day are whole, and those that began before are left out, as of the log itself."""
    monkeypatch.setattr(module, "BLOCK_BYTES", 50_000)
    log = SAMPLES / "helo_trial.log"
    take(log, tmp_path / "store", segment_bytes=100_000)
    for day in [f"2026-03-{n:02}" for n in (2, 3, 11, 17, 22)]:
        for choice in ({"day": day}, {"since": day}, {"until": f"{day}T11:30"}, {"day": day, "services": ["smtp"]}):
            stored = api.read(store=tmp_path / "store", tz="Europe/Berlin", **choice)
            assert rows_of(stored) == rows_of(in_berlin(log, choice)), choice


def in_berlin(log: Path, choice: dict[str, object]) -> api.MailLog:
    """The log, whose stamps are UTC's, in a report for Berlin."""
    import datetime as dt

    zone = ZoneInfo("Europe/Berlin")

    def utc(text: str) -> str:
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=zone)
        return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat()

    options = {k: utc(str(v)) if k in ("since", "until") else v for k, v in choice.items()}
    if "day" in options:
        day = dt.date.fromisoformat(str(options.pop("day")))
        options |= {"since": utc(day.isoformat()), "until": utc((day + dt.timedelta(days=1)).isoformat())}
    return api.read(log, year=2026, tz="UTC", **options)


def rows_of(log: api.MailLog) -> dict[str, pa.Table]:
    """Rows of each table, as values."""
    return {name: log.table(name).to_pylist() for name in schema.TABLES}
