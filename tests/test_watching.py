"""A followed log is counted as the finished log is."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import logtune as library
from logtune.analyses.live import MOST_TEXTS, OTHER, Live
from logtune.config import Config
from logtune.parse import parse_block
from logtune.sources.follow import FollowedFile
from logtune.watching import Watching

LOG = Path(__file__).parent.parent / "sample_logs" / "helo_trial.log"


def expected(path: Path) -> dict[str, Any]:
    """What the tables of the whole log say."""
    log = library.read(path, year=2026, tz="UTC")
    text = "coalesce(restriction, reason_shape, reason)"
    counted = "SELECT {} AS name, sum(repeat)::INT AS n FROM decisions WHERE action = '{}' GROUP BY 1"
    rows = {a: log.arrow(counted.format(text, a)).to_pylist() for a in ("reject", "reject_warning")}
    statuses = log.arrow("SELECT status AS name, sum(repeat)::INT AS n FROM deliveries GROUP BY 1").to_pylist()
    (sessions,) = log.arrow("SELECT count(*) AS n FROM connections WHERE event = 'connect'").to_pylist()
    found = {k: {row["name"]: row["n"] for row in v} for k, v in {**rows, "statuses": statuses}.items()}
    coverage = log.coverage
    lines = (coverage.lines, coverage.recognised, coverage.unrecognised, coverage.blank)
    return {**found, "sessions": sessions["n"], "lines": lines}


def counted(live: Live) -> dict[str, Any]:
    total = live.counts
    return {
        "reject": dict(live.rejects),
        "reject_warning": dict(live.warnings),
        "statuses": dict(live.statuses),
        "sessions": live.sessions,
        "lines": (total.lines, total.recognised, total.unrecognised, total.blank),
    }


def rotate(path: Path, number: int, copied: bool) -> None:
    old = f"{path}.{number}"
    if copied:
        shutil.copyfile(path, old)
        os.truncate(path, 0)
    else:
        path.rename(old)


@pytest.mark.parametrize("seed", range(6))
def test_totals_are_those_of_the_finished_log(tmp_path: Path, seed: int) -> None:
    """Written in random pieces, half lines among them, and rotated in both ways, no line is lost or counted twice."""
    chance = random.Random(seed)
    data, path, at, rotations = LOG.read_bytes(), tmp_path / "mail.log", 0, 0
    path.touch()
    watching = Watching([FollowedFile(str(path))], Config(), ZoneInfo("UTC"), 2026)
    events: Counter[str] = Counter()
    while at < len(data):
        piece = data[at : at + chance.randrange(1, 60_000)]
        at += len(piece)
        with path.open("ab") as file:
            file.write(piece)
        if chance.random() < 0.7:
            events.update(event["event"] for event in watching.step() or ())
        if data[at - 1 : at] == b"\n" or chance.random() < 0.3:
            rest = data[at : data.find(b"\n", at) + 1] if data[at - 1 : at] != b"\n" else b""
            with path.open("ab") as file:  # logrotate works between two lines
                file.write(rest)
            at, rotations = at + len(rest), rotations + 1
            events.update(event["event"] for event in watching.step() or ())
            rotate(path, rotations, copied=chance.random() < 0.5)
            events.update(event["event"] for event in watching.step() or ())
    while (found := watching.step()) is not None or (found := watching.step()) is not None:
        events.update(event["event"] for event in found)
    events.update(event["event"] for event in watching.finish())
    assert rotations > 3
    assert counted(watching.live) == expected(LOG)
    assert events["reject"] == sum(watching.live.rejects.values())
    assert events["warning"] == sum(watching.live.warnings.values())


def test_memory_is_bounded() -> None:
    """Texts that strangers make are told apart up to a limit, the rest counts together; so do sessions."""
    line = b"2026-03-02T06:12:00+00:00 mx postfix/smtpd[%d]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 550 5.7.1 word%s; from=<a@example.com> to=<b@example.test> proto=SMTP helo=<x>\n"
    letters = [b"%c%c" % (65 + n // 26, 65 + n % 26) for n in range(400)]
    block = parse_block(b"".join(line % (n, word) for n, word in enumerate(letters)), 0)
    live = Live()
    live.feed({name: batch for name, batch in block.batches.items()}, block.counts)
    assert (len(live.rejects), live.rejects[OTHER]) == (MOST_TEXTS + 1, 400 - MOST_TEXTS)
    assert len(live.shown().course) == 60


def test_newly_stopped_as_the_trial_says() -> None:
    """Told while the log grows, nearly as many recipients as the trial finds in the whole log, and never more."""
    watching = Watching([FollowedFile(str(LOG))], Config(), ZoneInfo("UTC"), 2026)
    while watching.step() is not None:
        pass
    list(watching.finish())
    told: Counter[str] = Counter()
    for row in library.read(LOG, year=2026, tz="UTC").trial_json()["restrictions"]:
        if row["accepted"]:
            told[row["restriction"]] += row["accepted"]
    live = watching.live.trial
    assert len(told) == 3 and set(live.stopped) == set(told)
    assert all(0.93 * told[name] <= live.stopped[name] <= told[name] for name in told)
    assert all(0 < live.wanted[name] <= live.stopped[name] for name in told)


@pytest.mark.parametrize("level", [None, "full"])
def test_mail_of_own_networks_is_wanted(tmp_path: Path, level: str | None) -> None:
    """--mynetworks: who delivers from there is authorized as one who logged in, also under a pseudonym."""
    options = ("--mynetworks", "198.51.100.0/24 [2001:db8::]/32")
    if level:
        options += ("--anonymize", level, "--key", str(tmp_path / "key"))
    lines = []
    for number, client in enumerate(("198.51.100.9", "2001:db8::7", "203.0.113.9")):
        of, name = f"postfix/smtpd[{number + 7}]", f"{number}B2C3D4E5F"
        peer = f"a.example[{client}]"
        lines += [
            f"{of}: connect from {peer}",
            f"{of}: NOQUEUE: reject_warning: RCPT from {peer}: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
            f"{of}: {name}: client={peer}",
            f"postfix/qmgr[5]: {name}: from=<a@example.com>, size=400, nrcpt=1 (queue active)",
        ]
    path = tmp_path / "mail.log"
    path.write_text("".join(f"2026-03-02T06:12:00+00:00 mx {line}\n" for line in lines))
    command = (sys.executable, "-m", "logtune", "watch", "--once", *options, str(path))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["stopped"], summary["wanted"]) == (
        {"reject_non_fqdn_helo_hostname": 3},
        {"reject_non_fqdn_helo_hostname": 2},
    )
