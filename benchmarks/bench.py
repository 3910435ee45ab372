#!/usr/bin/env python3
"""Measure logtune beside wc, pflogsumm and postfix-logwatch: same file, same machine, same run.

    make bench                                       one million lines
    python benchmarks/bench.py --lines 5000000
    python benchmarks/bench.py --growth 1000000 5000000 25000000    how time and memory grow with the log
    python benchmarks/bench.py --no-write            print the table, leave docs/benchmarks.md alone

Each program is started anew for each of three rounds, one after the other, so that a busy moment of the machine does
not hit one of them alone; the table has the medians. The comparison programs are Debian packages:
apt install pflogsumm logwatch.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/benchmarks.md"
MEASURED, GROWTH = "measured", "growth"
"""What stands between markers in the page."""

REFERENCE, NATIVE, GZ = "parse only, reference core", "parse only, native core", "logtune report of the gz file"
LOGWATCH = Path("/usr/share/logwatch/scripts/services/postfix")
INSTALL = "not installed: apt install {}"
REFERENCE_LINES = 200_000
"""The reference core is measured on so many lines at most: it is some hundred times slower than wc."""
SMALL_LINES = 10_000
"""Of a log that is answered at once: here start and imports are what counts."""
READ = ("--year", "2026", "--tz", "UTC", "--mynetworks", "192.0.2.0/24", "--no-progress")


@dataclass(frozen=True)
class Input:
    """A file that programs read, and how many lines and bytes it holds once unpacked; none for a row without one."""

    path: Path
    lines: int
    bytes: int


@dataclass(frozen=True)
class Run:
    """One run of a program: seconds, and the peak of its resident memory in bytes."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Task:
    """A row of the table. ``missing`` says why it was not measured; then there is no command."""

    name: str
    command: Sequence[str]
    input: Input
    environment: Mapping[str, str]
    missing: str | None = None
    inside: bool = False
    """The program tells its own seconds as JSON: without its start and imports."""


def run(task: Task) -> Run:
    """Start the program of *task* and wait for it. Raises ``CalledProcessError`` where it fails."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        output = told if task.inside else subprocess.DEVNULL
        environment = {**os.environ, **task.environment}
        process = subprocess.Popen(task.command, stdin=subprocess.DEVNULL, stdout=output, env=environment)
        # wait4 tells of this child alone; RUSAGE_CHILDREN would be the largest of all so far
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        told.seek(0)
        own = told.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, task.command)
    memory = used.ru_maxrss * 1024
    if task.inside:
        wall, cpu = json.loads(own)
        return Run(wall, cpu, memory)
    return Run(wall, used.ru_utime + used.ru_stime, memory)


def median(runs: Sequence[Run]) -> Run:
    """Medians of each figure."""
    return Run(
        statistics.median(r.wall for r in runs),
        statistics.median(r.cpu for r in runs),
        int(statistics.median(r.memory for r in runs)),
    )


def compile_package() -> None:
    """Compile logtune as pip does what it installs, whatever PYTHONDONTWRITEBYTECODE says: else each start does it."""
    code = "import compileall, logtune; compileall.compile_dir(logtune.__path__[0], quiet=1)"
    subprocess.run((sys.executable, "-c", code), check=True)  # finds the same package as "-m logtune"


def measure(tasks: Sequence[Task], rounds: int) -> dict[str, Run]:
    """Name of each task that can be run to its medians."""
    found: dict[str, list[Run]] = {t.name: [] for t in tasks if t.missing is None}
    for number in range(rounds):
        for task in tasks:
            if task.missing is None:
                print(f"round {number + 1} of {rounds}: {task.name}", file=sys.stderr, flush=True)
                found[task.name].append(run(task))
    return {name: median(runs) for name, runs in found.items()}


# --- what is measured


def tasks(logs: Logs, native: bool) -> list[Task]:
    """The rows of the table, in their order."""
    whole, prefix = logs.whole, logs.prefix
    plain = {"LC_ALL": "C"}
    logwatch = None if LOGWATCH.exists() and shutil.which("perl") else INSTALL.format("logwatch")
    no_native = None if native else "not built: install with a Rust toolchain"
    return [
        Task("wc -l", ("wc", "-l", str(whole.path)), whole, plain),
        _program("pflogsumm", whole),
        Task("postfix-logwatch", ("perl", str(LOGWATCH), str(whole.path)), whole, plain, logwatch),
        Task(REFERENCE, _parse(prefix), prefix, _core("reference"), None, True),
        Task(NATIVE, _parse(whole), whole, _core("native"), no_native, True),
        _logtune("report", whole),
        _logtune("trial", whole),
        _logtune("report", logs.packed, " of the gz file"),
        _to_parquet(whole),
        _logtune("report", logs.small, " of a small log"),
        Task("logtune --help", (sys.executable, "-m", "logtune", "--help"), Input(Path(os.devnull), 0, 0), {}),
    ]


def _program(name: str, log: Input) -> Task:
    missing = None if shutil.which(name) else INSTALL.format(name)
    return Task(name, (name, str(log.path)), log, {"LC_ALL": "C"}, missing)


def _parse(log: Input) -> tuple[str, ...]:
    return sys.executable, str(Path(__file__).resolve()), "--parse", str(log.path)


def _core(name: str) -> dict[str, str]:
    return {"LOGTUNE_CORE": name}


def _logtune(command: str, log: Input, what: str = "", *options: str) -> Task:
    line = (sys.executable, "-m", "logtune", command, *READ, *options, str(log.path))
    return Task(f"logtune {command}{what}", line, log, {})


def _to_parquet(log: Input) -> Task:
    folder = log.path.with_suffix(".parquet")
    return _logtune("parse", log, " --format parquet", "--format", "parquet", "--output", str(folder))


def parse(path: str) -> None:
    """Read and parse *path* in one thread, every table and column, nothing kept; print wall and CPU seconds."""
    from logtune.parse import parse_block
    from logtune.sources import open_sources

    parse_block(b"", 0)  # so that all imports are done
    wall, cpu = time.perf_counter(), time.process_time()
    for block in open_sources([path]).blocks():
        parse_block(block.data, block.position)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


def core_name(choice: str | None) -> str | None:
    """Name of the core that runs with LOGTUNE_CORE=*choice* (None: by itself); None where there is none."""
    code = "from logtune.parse.core import core; print(core().name)"
    environment = {k: v for k, v in os.environ.items() if k != "LOGTUNE_CORE"} | (
        {"LOGTUNE_CORE": choice} if choice else {}
    )
    asked = subprocess.run((sys.executable, "-c", code), env=environment, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None


# --- input


@dataclass(frozen=True)
class Logs:
    """One log: whole, as gz, its first lines for what is slow, and few of them."""

    whole: Input
    packed: Input
    prefix: Input
    small: Input


def generated(path: Path, lines: int, seed: int, *options: str) -> Input:
    """A log of *lines* at *path*. The generator runs beside: memory of this process would count.

    (Linux hands the peak of a process on to the program that it starts.)
    """
    numbers = "--lines", str(lines), "--seed", str(seed)
    subprocess.run((sys.executable, str(HERE / "generate.py"), *numbers, *options, str(path)), check=True)
    return Input(path, lines, path.stat().st_size)


def prepare(folder: Path, lines: int, seed: int) -> Logs:
    """Write all that is measured to *folder*."""
    whole = generated(folder / "mail.log", lines, seed)
    packed = generated(folder / "mail.log.gz", lines, seed, "--gz")
    return Logs(
        whole,
        Input(packed.path, lines, whole.bytes),
        _prefix(whole, REFERENCE_LINES, "prefix.log"),
        _prefix(whole, SMALL_LINES, "small.log"),
    )


def _prefix(whole: Input, lines: int, name: str) -> Input:
    if whole.lines <= lines:
        return whole
    path = whole.path.with_name(name)
    with whole.path.open("rb") as source, path.open("wb") as target:
        target.writelines(itertools.islice(source, lines))
    return Input(path, lines, path.stat().st_size)


# --- table


def table(rows: Sequence[Task], runs: Mapping[str, Run]) -> str:
    """Markdown table. A row of a prefix has its times as measured; ratios compare the times per line."""
    head = "| | lines | wall | CPU | peak memory | lines/s | MB/s | time of `wc -l` × | faster than pflogsumm × |"
    per_line = _per_line(rows, runs)
    lines = [head, "| --- |" + " ---: |" * 8]
    for task in rows:
        if task.missing is not None:
            lines.append(f"| {task.name} | {task.missing} |" + " |" * 7)
            continue
        lines.append(_row(task, runs[task.name], per_line))
    return "\n".join(lines) + "\n"


def _per_line(rows: Sequence[Task], runs: Mapping[str, Run]) -> dict[str, float]:
    """Wall seconds per line of each row that reads lines and was measured."""
    return {t.name: runs[t.name].wall / t.input.lines for t in rows if t.name in runs and t.input.lines}


def ratios(rows: Sequence[Task], runs: Mapping[str, Run]) -> str:
    """What the table says of logtune, one sentence to a line; nothing of what was not measured."""
    per_line = _per_line(rows, runs)
    said = (
        ("parsing with the native core takes {} × the time of `wc -l`", NATIVE, "wc -l"),
        ("the native core parses a line {} × faster than the reference core", REFERENCE, NATIVE),
        ("`logtune report` is {} × faster than pflogsumm", "pflogsumm", "logtune report"),
        ("the gz file takes `logtune report` {} × the time of the plain one", GZ, "logtune report"),
    )
    known = ((text, per_line[a] / per_line[b]) for text, a, b in said if a in per_line and b in per_line)
    return "".join(f"- {text.format(_ratio(ratio))}\n" for text, ratio in known)


def _row(task: Task, found: Run, per_line: Mapping[str, float]) -> str:
    if not task.input.lines:
        return f"| {task.name} | | {_seconds(found.wall)} | {_seconds(found.cpu)} | {_megabytes(found)} | | | | |"
    mine, log = per_line[task.name], task.input
    to_wc = mine / per_line["wc -l"]
    to_pflogsumm = per_line["pflogsumm"] / mine if "pflogsumm" in per_line else None
    cells = (
        f"`{task.name}`" if task.name.startswith("wc") else task.name,
        f"{log.lines:,}",
        _seconds(found.wall),
        _seconds(found.cpu),
        _megabytes(found),
        f"{log.lines / found.wall:,.0f}",
        f"{log.bytes / found.wall / 1e6:,.1f}",
        _ratio(to_wc),
        _ratio(to_pflogsumm) if to_pflogsumm is not None else "",
    )
    return f"| {' | '.join(cells)} |"


def _megabytes(found: Run) -> str:
    return f"{found.memory / 1e6:,.0f} MB"


def _seconds(value: float) -> str:
    return f"{value:.3f} s" if value < 1 else f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def _ratio(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def conditions(whole: Input, prefix: Input, seed: int, rounds: int) -> str:
    """Machine, versions and input, as a list."""
    short = f", the reference core its first {prefix.lines:,} lines" if prefix.lines < whole.lines else ""
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return "\n".join((
        f"- date: {date.today().isoformat()}; medians of {rounds} rounds; load of the machine at the end: {busy}",
        f"- machine: {os.cpu_count()} cores, {_cpu()}, {_memory() / 2**30:.0f} GiB of memory",
        f"- input: `generate.py --lines {whole.lines} --seed {seed}`: {whole.lines:,} lines, {whole.bytes:,} bytes"
        f" ({whole.bytes / whole.lines:.1f} a line){short}",
        f"- logtune {_version('logtune')}, core of `report` and `trial`: {core_name(None) or 'unknown'};"
        f" Python {sys.version.split()[0]}, pyarrow {_version('pyarrow')}, DuckDB {_version('duckdb')}",
        f"- pflogsumm {_package('pflogsumm')}, logwatch {_package('logwatch')}, coreutils {_package('coreutils')}",
    )) + "\n"  # fmt: skip


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "CPU unknown"
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "CPU unknown")


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _package(name: str) -> str:
    """Version of a Debian package."""
    if not shutil.which("dpkg-query"):
        return "unknown"
    command = ("dpkg-query", "--showformat=${Version}", "--show", name)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout or "not installed"


def put_in(page: str, text: str, what: str = MEASURED) -> str:
    """*page* with *text* between its markers of *what*. Raises ``ValueError`` where it has none."""
    begin_marker, end_marker = f"<!-- {what}: begin -->", f"<!-- {what}: end -->"
    before, begin, rest = page.partition(begin_marker)
    _, end, after = rest.partition(end_marker)
    if not begin or not end:
        raise ValueError(f"the page lacks the markers {begin_marker} and {end_marker}")
    return f"{before}{begin_marker}\n\n{text}\n{end_marker}{after}"


def bench(lines: int, seed: int, rounds: int) -> str:
    """Conditions, table and ratios of a whole measurement."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        print(f"writing {lines:,} lines", file=sys.stderr, flush=True)
        logs = prepare(Path(folder), lines, seed)
        rows = tasks(logs, core_name("native") is not None)
        runs = measure(rows, rounds)
        return f"{conditions(logs.whole, logs.prefix, seed, rounds)}\n{table(rows, runs)}\n{ratios(rows, runs)}"


# --- growth


def growth(sizes: Sequence[int], seed: int, rounds: int) -> str:
    """How time per line and memory of a report and of ``parse --format parquet`` grow over logs of *sizes* lines.

    The logs are written one after the other: 25 million lines take 4 GB.
    """
    found: dict[str, list[tuple[Input, Run]]] = {}
    for lines in sizes:
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            print(f"writing {lines:,} lines", file=sys.stderr, flush=True)
            log = generated(Path(folder) / "mail.log", lines, seed)
            for name, run_found in measure([_logtune("report", log), _to_parquet(log)], rounds).items():
                found.setdefault(name, []).append((log, run_found))
    return f"{conditions(log, log, seed, rounds)}\n{growth_table(found)}"


def growth_table(found: Mapping[str, Sequence[tuple[Input, Run]]]) -> str:
    """Markdown table: each size beside the first of its program."""
    lines = ["| | lines | wall | µs a line | × the first | CPU | peak memory |", "| --- |" + " ---: |" * 6]
    for name, measured in found.items():
        (first_log, first), *_ = measured
        for log, mine in measured:
            per_line = mine.wall / log.lines
            grown = per_line / (first.wall / first_log.lines)
            cells = name, f"{log.lines:,}", _seconds(mine.wall), f"{per_line * 1e6:.2f}", f"{grown:.2f}"
            lines.append(f"| {' | '.join(cells)} | {_seconds(mine.cpu)} | {_megabytes(mine)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", type=int, nargs="+", metavar="LINES", help="measure logs of these sizes instead")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is")
    parser.add_argument("--parse", metavar="FILE", help="only parse FILE, as the rows 'parse only' do")
    given = parser.parse_args()
    if given.parse:
        return parse(given.parse)
    compile_package()
    if given.growth:
        found, what = growth(given.growth, given.seed, given.rounds), GROWTH
    else:
        found, what = bench(given.lines, given.seed, given.rounds), MEASURED
    print(found)
    if not given.no_write:
        PAGE.write_text(put_in(PAGE.read_text("utf-8"), found, what), "utf-8")
    return None


if __name__ == "__main__":
    main()
