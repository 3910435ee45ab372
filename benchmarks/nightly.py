#!/usr/bin/env python3
"""Measure a night of a site that keeps a store: ingest one day more, report on it; beside a report on that day's log.

    python benchmarks/nightly.py                                          ten days of 20,000 lines: a minute
    python benchmarks/nightly.py --days 50 --lines 1000000 --folder DIR   what a site has after seven weeks: an hour

One log is written without a break and cut at midnight (UTC), a file a day. All days but the last go into the store,
each with a run of its own. What is measured then, in rounds one after the other: the ingestion of the last day and the
report on it from the store, and the report on the last day's file alone. Each round works on a copy of the store. With
--folder the store stays there and is used again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import bench, generate
from benchmarks.generator.log import BEGIN, SECOND

DAY = 86_400 * SECOND
LINES_PER_STORY = 7.8
LOGTUNE = (sys.executable, "-m", "logtune")
CATALOGUE = "catalogue.sqlite"


def days(lines: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """ISO date and log of one day after another, each of about *lines* lines, of one log without a break."""
    per_second = lines / (LINES_PER_STORY * 86_400)
    today, texts = 0, []
    for _, times, told in generate.batches(sys.maxsize, seed, per_second=per_second):
        begin = 0
        for at, time in enumerate(times):
            if time >= (today + 1) * DAY:
                texts += generate.iso(times[begin:at], told[begin:at])
                yield _date(today), "".join(texts).encode()
                today, texts, begin = today + 1, [], at
        texts += generate.iso(times[begin:], told[begin:])


def _date(day: int) -> str:
    return f"{BEGIN + timedelta(days=day):%Y-%m-%d}"


def build(folder: Path, count: int, lines: int, seed: int) -> None:
    """A store of *count* days in ``store``, and the day after them in ``last.log``; ``last.json`` tells of both."""
    store, total = folder / "store", 0
    for number, (date, text) in enumerate(days(lines, seed)):
        size = text.count(b"\n")
        if number == count:
            (folder / "last.log").write_bytes(text)
            told = {"date": date, "lines": size, "days before": count, "lines before": total}
            (folder / "last.json").write_text(json.dumps(told))
            return
        total += size
        log = folder / f"mail-{date}.log"
        log.write_bytes(text)
        used = bench.run(_task("ingest", ("ingest", str(log), "--store", str(store), "--quiet", "--no-progress")))
        print(f"{date}: {size:,} lines, {used.cpu:.2f} s CPU, {total:,} lines in the store", file=sys.stderr)
        log.unlink()


def _task(name: str, arguments: Sequence[str]) -> bench.Task:
    return bench.Task(name, (*LOGTUNE, *arguments), bench.Input(Path(os.devnull), 0, 0), {"TZ": "UTC"})


def measure(folder: Path, rounds: int) -> dict[str, bench.Run]:
    """Medians of the night's two commands, of both together, and of the report on the day's log alone."""
    log, date = str(folder / "last.log"), json.loads((folder / "last.json").read_text())["date"]
    copy = folder / "copy"
    common = ("--tz", "UTC", "--no-progress")
    ingest = _task("ingest", ("ingest", log, "--store", str(copy), "--no-progress"))
    stored = _task("report --store --day", ("report", "--store", str(copy), "--day", date, *common))
    alone = _task("report of the day's log", ("report", log, *common))
    found: dict[str, list[bench.Run]] = {"ingest": [], stored.name: [], "both": [], alone.name: []}
    for _ in range(rounds):
        copied(folder / "store", copy)
        first, second, third = (bench.run(task) for task in (ingest, stored, alone))
        both = bench.Run(first.wall + second.wall, first.cpu + second.cpu, max(first.memory, second.memory))
        for name, run in zip(found, (first, second, both, third), strict=True):
            found[name].append(run)
        shutil.rmtree(copy)
    return {name: bench.median(runs) for name, runs in found.items()}


def copied(store: Path, copy: Path) -> None:
    """*copy* becomes a store as *store* is. Parts never change, so both can have the same files."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(store, copy, copy_function=os.link)
    for name in (CATALOGUE, "lock"):
        (copy / name).unlink()
        shutil.copy(store / name, copy / name)


def table(found: dict[str, bench.Run], alone: str) -> str:
    """The medians, and how often each is what the report on the day's log takes."""
    base = found[alone]
    rows = [f"{'':28}{'wall s':>9}{'CPU s':>9}{'memory MB':>11}{'x wall':>9}{'x CPU':>9}"]
    for name, run in found.items():
        times = f"{run.wall / base.wall:9.2f}{run.cpu / base.cpu:9.2f}"
        rows.append(f"{name:28}{run.wall:9.2f}{run.cpu:9.2f}{run.memory / 1e6:11.0f}{times}")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=10, help="days in the store before the night")
    parser.add_argument("--lines", type=int, default=20_000, help="lines a day, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the store here, and use it where it is")
    given = parser.parse_args()
    bench.compile_package()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "last.json").exists():
            shutil.rmtree(folder / "store", ignore_errors=True)
            build(folder, given.days, given.lines, given.seed)
        told = json.loads((folder / "last.json").read_text())
        found = measure(folder, given.rounds)
    print(f"{told['lines']:,} new lines, {told['lines before']:,} lines of {told['days before']} days before them")
    print(table(found, list(found)[-1]))


if __name__ == "__main__":
    main()
