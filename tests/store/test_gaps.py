"""A log that is truncated or replaced before its end was read: what may be missing is told, and nothing else is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from logtune import api, cli
from logtune.cli.exit_codes import ExitCode
from logtune.store import catalogue, upkeep


def lines(first: int, count: int) -> str:
    """*count* lines, one a minute from 2026-03-02 10:00 on, of which *first* is the number of the first one."""
    made = []
    for number in range(first, first + count):
        hour, minute = divmod(10 * 60 + number, 60)
        made.append(
            f"2026-03-{2 + hour // 24:02}T{hour % 24:02}:{minute:02}:00+00:00 mx postfix/qmgr[9]: {number:010X}: removed\n"
        )
    return "".join(made)


class Site:
    """A directory with logs and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, folder / "store"
        self.log = folder / "mail.log"

    def ingest(self, *names: str) -> int:
        """Ingest files by their names; without, the live one."""
        paths = [str(self.folder / name) for name in names or ("mail.log",)]
        return int(cli.run(["ingest", *paths, "--store", str(self.store), "--tz", "UTC", "-q", "--no-progress"]))

    def read(self, **choice: Any) -> api.MailLog:
        """The store."""
        return api.read(store=self.store, tz="UTC", **choice)

    def loss(self, **choice: Any) -> Sequence[str]:
        """What the coverage says of lost lines."""
        return self.read(**choice).coverage.loss

    def numbers(self) -> list[int]:
        """The numbers of the lines that are in the store."""
        return [int(queue_id, 16) for queue_id in self.read().table("queue")["queue_id"].to_pylist()]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Ten lines are in the store, and five more were written that no run has seen."""
    made = Site(tmp_path)
    made.log.write_text(lines(0, 10))
    assert made.ingest() == ExitCode.OK
    made.log.write_text(lines(0, 15))
    return made


TOLD = (
    "lines may be missing between 2026-03-02 10:09:00 and 2026-03-02 10:20:00: {} was replaced before its end was read"
)


def test_a_log_that_was_truncated(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """The run that finds a new log in the place of the old one says what may be missing, and so does every report."""
    os.truncate(site.log, 0)
    assert site.ingest() == ExitCode.OK
    assert site.loss() == []
    with site.log.open("a") as file:
        file.write(lines(20, 3))
    assert site.ingest() == ExitCode.OK
    told = TOLD.format(site.log)
    assert f"logtune: {told}." in capsys.readouterr().err.replace("\n  ", " ")
    assert site.loss() == [told]
    assert site.ingest() == ExitCode.OK
    assert capsys.readouterr().err == ""
    assert site.loss() == [told]


@pytest.mark.parametrize("packed", [False, True])
def test_the_copy_is_named(packed: bool, site: Site) -> None:
    """Where the rotated file is named nothing is missing."""
    shutil.copy(site.log, site.folder / "mail.log.1")
    site.log.write_text(lines(20, 3))
    name = "mail.log.1"
    if packed:
        assert shutil.which("gzip") and os.system(f"gzip {site.folder / name}") == 0
        name += ".gz"
    assert site.ingest("mail.log", name) == ExitCode.OK
    assert site.loss() == []
    assert site.numbers() == [*range(15), 20, 21, 22]


def test_a_gap_is_closed_by_the_file_that_fills_it(site: Site) -> None:
    """A rotated file that a later run is given brings what was missing."""
    shutil.copy(site.log, site.folder / "mail.log.1")
    site.log.write_text(lines(20, 3))
    site.ingest()
    assert site.loss() == [TOLD.format(site.log)]
    site.ingest("mail.log", "mail.log.1")
    assert site.loss() == []
    assert sorted(site.numbers()) == [*range(15), 20, 21, 22]


def test_a_file_that_was_read_to_its_end(tmp_path: Path) -> None:
    """A rotated file that is not named, but lies there with nothing new in it, leaves no doubt."""
    site = Site(tmp_path)
    site.log.write_text(lines(0, 10))
    site.ingest()
    site.log.rename(tmp_path / "mail.log.1")
    site.log.write_text(lines(20, 3))
    site.ingest()
    assert site.loss() == []


def test_logs_under_names_of_their_own(tmp_path: Path) -> None:
    """A file a day, of which those of earlier days are taken away, is no gap: nothing took their place."""
    site = Site(tmp_path)
    for day in range(3):
        (tmp_path / f"mail-{day}.log").write_text(lines(20 * day, 10))
        site.ingest(f"mail-{day}.log")
        (tmp_path / f"mail-{day}.log").unlink()
    assert site.loss() == []


def test_several_rotations_between_two_runs(tmp_path: Path) -> None:
    """What is missing ends with the first line of the oldest file that is there."""
    site = Site(tmp_path)
    site.log.write_text(lines(0, 10))
    site.ingest()
    site.log.write_text(lines(40, 3))
    (tmp_path / "mail.log.1").write_text(lines(20, 3))
    site.ingest("mail.log", "mail.log.1")
    assert site.loss() == [TOLD.format(site.log)]


def test_two_gaps(site: Site) -> None:
    """Several gaps are one sentence, with the longest of them."""
    site.log.write_text(lines(20, 3))
    site.ingest()
    site.log.write_text(lines(60, 3))
    site.ingest()
    assert site.loss() == [
        "lines may be missing in 2 gaps of 0:49 h in all, as between 2026-03-02 10:22:00 and 2026-03-02 11:00:00:"
        f" {site.log} was replaced before its end was read"
    ]


def test_a_gap_belongs_to_its_time(site: Site) -> None:
    """A question about another time does not hear of it, and prune forgets it with its day."""
    site.log.write_text(lines(20, 3) + lines(14 * 60, 1))
    site.ingest()
    assert site.loss(day="2026-03-02") == [TOLD.format(site.log)]
    assert site.loss(day="2026-03-03") == []
    assert site.loss(since="2026-03-02T10:20") == []
    import datetime as dt

    upkeep.prune(str(site.store), 0, dt.date(2026, 3, 3))
    with catalogue.reading(str(site.store)) as opened:
        assert opened.gaps() == []


@pytest.mark.parametrize(("number", "lost"), [(20, False), (40, True)])
def test_a_trace(number: int, lost: bool, site: Site) -> None:
    """A gap of up to a hundredth of the time is told, and does not make verdicts more cautious."""
    site.log.write_text(lines(number, 3))
    site.ingest()
    assert len(site.loss()) == 1
    assert site.read().coverage.lost is lost


def test_a_backup_that_goes_on(site: Site) -> None:
    """Behind a backup that was put back, what the lost log may have had since the last run is told."""
    site.log.write_text(lines(0, 6) + lines(20, 3))
    site.ingest()
    assert site.loss() == [TOLD.format(site.log)]
    assert sorted(site.numbers()) == [*range(10), 20, 21, 22]
