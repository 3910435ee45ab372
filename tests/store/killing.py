"""Ingestion killed at random moments while a log is written and rotated: is each line in the store exactly once?

Behind each kill a reader looks: rows, accounts and files have to agree, and nothing that was there may be gone.

``python tests/store/killing.py 200`` (``make kill``) kills 200 times; a test of the suite does it a few times.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from logtune import api
from logtune.cli.exit_codes import ExitCode
from logtune.store import catalogue
from logtune.store.accounts import total

CODE = """
import sys
from logtune import cli
from logtune.store import ingest
ingest.BLOCK_BYTES = 4000
ingest.SEGMENT_BYTES = 12000
sys.exit(cli.run(["ingest", "--tz", "UTC", "--wait", "60", "--no-progress", "--quiet", "--store", *sys.argv[1:]]))
"""


@dataclass
class Log:
    """A log that grows and is rotated in the three usual ways, in *folder*; ``lines`` were written so far."""

    folder: Path
    rng: random.Random
    lines: int = 0
    half: bytes = b""
    rotations: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> Path:
        """The live file."""
        return self.folder / "mail.log"

    def write(self, count: int) -> None:
        """Write *count* lines; the last one may be left half written."""
        with self.path.open("ab") as file:
            for _ in range(count):
                file.write(self.half or self._line())
                self.half = b""
            if self.rng.random() < 0.5:
                line = self._line()
                cut = self.rng.randrange(1, len(line))
                file.write(line[:cut])
                self.half = line[cut:]

    def _line(self) -> bytes:
        self.lines += 1
        second = self.lines // 50
        stamp = (
            f"2026-03-{2 + second // 86400:02}T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}+00:00"
        )
        return f"{stamp} mx postfix/cleanup[77]: {self.lines:010X}: message-id=<{self.lines}@example.com>\n".encode()

    def rotate(self) -> None:
        """Make the live file an older one, and perhaps pack one that is older."""
        if self.half or not self.path.exists():
            return
        self._shift()
        if self.rng.random() < 0.5:
            self.path.rename(self.folder / "mail.log.1")
            self.rotations["rename"] += 1
        else:
            shutil.copyfile(self.path, self.folder / "mail.log.1")
            os.truncate(self.path, 0)
            self.rotations["copytruncate"] += 1

    def _shift(self) -> None:
        def number(path: Path) -> int:
            return int(path.name.split(".")[2])

        for path in sorted(self.folder.glob("mail.log.*"), key=number, reverse=True):
            base, suffix = (path.name[:-3], ".gz") if path.suffix == ".gz" else (path.name, "")
            path.rename(self.folder / f"mail.log.{number(Path(base)) + 1}{suffix}")

    def pack(self) -> None:
        """Compress a rotated file, as gzip does: both are there for a moment."""
        plain = [p for p in self.folder.glob("mail.log.*") if p.suffix != ".gz"]
        if plain:
            path = self.rng.choice(plain)
            with gzip.open(f"{path}.gz", "wb", compresslevel=1) as file:
                file.write(path.read_bytes())
            path.unlink()
            self.rotations["gz"] += 1


def start(log: Log, store: Path) -> subprocess.Popen[bytes]:
    """An ingestion of all files there are now."""
    paths = [str(p) for p in log.folder.glob("mail.log*")]
    return subprocess.Popen([sys.executable, "-c", CODE, str(store), *paths], stderr=subprocess.PIPE)


def run(folder: Path, kills: int, seed: int) -> tuple[Counter[str], Log, int]:
    """Kill *kills* ingestions; gives how often each line is in the store, the log, and how many ended by themselves."""
    rng = random.Random(seed)
    log = Log(folder / "log", rng)
    log.folder.mkdir(parents=True)
    store = folder / "store"
    log.write(400)
    finished = 0
    took = _whole_run(log, store)
    first, seen = _generation(store), 0
    for _ in range(kills):
        process = start(log, store)
        end = time.monotonic() + rng.uniform(0.25, 1.25) * took
        while time.monotonic() < end and process.poll() is None:
            log.write(rng.randrange(1, 120))
            (rng.choice((log.rotate, log.pack, lambda: None, lambda: None)))()
            time.sleep(rng.uniform(0, took / 6))
        finished += process.poll() is not None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        _, told = process.communicate()
        # a file may be renamed between the look at the directory and its opening
        assert process.returncode in (ExitCode.OK, ExitCode.PARTLY_READ, -signal.SIGKILL), told.decode()
        log.rotations["hot journals"] += (store / f"{catalogue.NAME}-journal").exists()
        seen, before = lines_seen(store), seen
        assert seen >= before, f"a reader saw {before} lines, and after another run {seen}"
    log.rotations["commits of killed runs"] = _generation(store) - first
    while log.half:
        log.write(1)
    _whole_run(log, store)
    return lines_in(store), log, finished


def _generation(store: Path) -> int:
    with catalogue.reading(str(store)) as opened:
        return opened.generation


def lines_seen(store: Path) -> int:
    """How many lines a reader finds behind a killed run: as many rows as were accounted for, in files that are there."""
    with catalogue.reading(str(store)) as opened:
        parts, lines = opened.parts(), total(opened.accounts()).recognised
    assert sum(part.rows for part in parts) == lines
    assert all((store / part.file).stat().st_size == part.bytes for part in parts)
    return lines


def _whole_run(log: Log, store: Path) -> float:
    begin = time.monotonic()
    process = start(log, store)
    _, told = process.communicate()
    assert process.returncode == 0, told.decode()
    return time.monotonic() - begin


def lines_in(store: Path) -> Counter[str]:
    """How often each line is in the store."""
    return Counter(api.read(store=store).table("queue").column("message_id").to_pylist())


def wrong(found: Counter[str], log: Log) -> str:
    """What is not exactly once; empty where all is well."""
    expected = Counter(f"{n}@example.com" for n in range(1, log.lines + 1))
    missing, doubled = expected - found, found - expected
    return f"missing {sorted(missing)[:5]} ({len(missing)}), doubled {sorted(doubled)[:5]} ({len(doubled)})" * (
        found != expected
    )


def main() -> None:
    """The number of kills, and a seed, are arguments."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        found, log, finished = run(Path(folder), kills, seed)
    print(f"{kills} ingestions, {finished} of them ended before the kill; {log.lines:,} lines; {dict(log.rotations)}")
    problem = wrong(found, log)
    print(problem or "every line is in the store exactly once")
    sys.exit(bool(problem))


if __name__ == "__main__":
    main()
