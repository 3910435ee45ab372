"""Which file is it: told by content alone."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from logtune import api
from logtune.config import Config
from logtune.store import texts
from logtune.store.ingest import ingest

UTC = ZoneInfo("UTC")


def line(number: int, what: str = "a") -> str:
    """A line that tells from all others by its message id."""
    return (
        f"2026-03-02T06:{number // 60 % 60:02}:{number % 60:02}+00:00 mx postfix/cleanup[77]: {number:010X}:"
        f" message-id=<{what}{number}@example.com>\n"
    )


def lines(first: int, end: int, what: str = "a") -> str:
    """Lines *first* to *end* (exclusive)."""
    return "".join(line(n, what) for n in range(first, end))


class Place:
    """A directory of logs and a store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder / "log", folder / "store"
        self.folder.mkdir()

    def __getitem__(self, name: str) -> Path:
        return self.folder / name

    def take(self) -> int:
        """Ingest all there is; gives the number of new lines."""
        paths = [str(p) for p in sorted(self.folder.glob("*"))]
        return ingest(paths, str(self.store), UTC, Config()).lines

    def found(self) -> Sequence[str]:
        """Message ids in the store, in position order."""
        return api.read(store=self.store).table("queue").column("message_id").to_pylist()


def ids(first: int, end: int, what: str = "a") -> list[str]:
    return [f"{what}{n}@example.com" for n in range(first, end)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


MANY = 2000
"""Lines enough for several checkpoints."""


@pytest.mark.parametrize("count", [1, 20, MANY])
def test_a_log_that_grows(count: int, place: Place) -> None:
    """What was appended is taken, and nothing where nothing was."""
    place["mail.log"].write_text(lines(0, count))
    assert (place.take(), place.take()) == (count, 0)
    with place["mail.log"].open("a") as file:
        file.write(lines(count, count + 3))
    assert (place.take(), place.take()) == (3, 0)
    assert place.found() == ids(0, count + 3)


def test_a_half_written_line_is_left_for_the_next_run(place: Place) -> None:
    """A line without its end is not taken yet, and is taken whole later."""
    place["mail.log"].write_text(lines(0, 5) + line(5)[:40])
    assert place.take() == 5
    place["mail.log"].write_text(lines(0, 6))
    assert place.take() == 1
    assert place.found() == ids(0, 6)


@pytest.mark.parametrize("count", [20, MANY])
@pytest.mark.parametrize("way", ["rename", "copytruncate"])
def test_rotation(way: str, count: int, place: Place) -> None:
    """A rotated log is the one that was read, and goes on where it was left; the new one is new."""
    place["mail.log"].write_text(lines(0, count))
    place.take()
    with place["mail.log"].open("a") as file:
        file.write(lines(count, count + 5))
    if way == "rename":
        place["mail.log"].rename(place["mail.log.1"])
    else:
        shutil.copyfile(place["mail.log"], place["mail.log.1"])
        os.truncate(place["mail.log"], 0)
    with place["mail.log"].open("a") as file:
        file.write(lines(count + 5, count + 9))
    assert place.take() == 9
    assert place.found() == ids(0, count + 9)


@pytest.mark.parametrize("count", [20, MANY])
def test_compression_after_rotation(count: int, place: Place) -> None:
    """A packed log is told by what is in it; lines that came before it was packed are not missed."""
    place["mail.log"].write_text(lines(0, count))
    place.take()
    place["mail.log.2.gz"].write_bytes(gzip.compress(lines(0, count + 4).encode()))
    place["mail.log"].write_text(lines(count + 4, count + 6))
    assert (place.take(), place.take()) == (6, 0)
    assert place.found() == ids(0, count + 6)


def test_a_log_that_was_replaced(place: Place) -> None:
    """Another log under the same name is read from its start, though it may be longer or shorter."""
    place["mail.log"].write_text(lines(0, 50))
    place.take()
    place["mail.log"].write_text(lines(100, 180))
    assert place.take() == 80
    place["mail.log"].write_text(lines(300, 303))
    assert place.take() == 3
    assert place.found() == [*ids(0, 50), *ids(100, 180), *ids(300, 303)]


@pytest.mark.parametrize("count", [30, MANY])
def test_an_old_copy_has_nothing_new(count: int, place: Place) -> None:
    """A backup that was put back, under its name or another one, holds lines that are there already."""
    place["mail.log"].write_text(lines(0, count))
    place.take()
    place["mail.log.bak"].write_text(lines(0, count // 2) + line(count // 2)[:30])
    place["copy.gz"].write_bytes(gzip.compress(lines(0, count - 7).encode()))
    assert place.take() == 0
    assert place.found() == ids(0, count)


@pytest.mark.parametrize("count", [30, MANY])
@pytest.mark.parametrize("kept", [1, 11, 29])
def test_a_restored_backup_that_goes_on(kept: int, count: int, place: Place) -> None:
    """Where a log goes on from an older state, only the lines behind that state are new, to the very line."""
    place["mail.log"].write_text(lines(0, count))
    place.take()
    same = count * kept // 30
    restored = lines(0, same) + lines(same, count + 9, "b")
    place["mail.log"].write_text(restored)
    assert place.take() == count + 9 - same
    place["mail.log"].write_text(restored + lines(count + 9, count + 12, "b"))
    assert (place.take(), place.take()) == (3, 0)
    assert place.found() == [*ids(0, count), *ids(same, count + 12, "b")]


def test_the_plain_and_the_packed_file_together(place: Place) -> None:
    """Both are there while gzip runs, the packed one unfinished: each line counts once."""
    place["mail.log.1"].write_text(lines(0, MANY))
    packed = gzip.compress(lines(0, MANY).encode())
    place["mail.log.1.gz"].write_bytes(packed[: len(packed) // 2])
    place.take()
    place["mail.log.1.gz"].write_bytes(packed)
    place["mail.log.1"].unlink()
    place.take()
    assert place.found() == ids(0, MANY)


def packed(place: Place, name: str, text: str) -> Path:
    """A packed log that was written long ago."""
    path = place[name]
    path.write_bytes(gzip.compress(text.encode(), 0, mtime=0))
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return path


LONG_AGO = 1_772_000_000_000_000_000


def test_a_rotation_does_not_unpack_what_it_renames(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed files of which all was read are not unpacked again when they get their next names."""
    packed(place, "mail.log.2.gz", lines(0, MANY))
    packed(place, "mail.log.3.gz", lines(MANY, MANY + 9))
    assert place.take() == MANY + 9
    place["mail.log.3.gz"].rename(place["mail.log.4.gz"])
    place["mail.log.2.gz"].rename(place["mail.log.3.gz"])
    unpacked: list[str] = []
    real = texts.text_chunks
    monkeypatch.setattr(texts, "text_chunks", lambda source: unpacked.append(source.name) or real(source))
    assert place.take() == 0
    assert unpacked == []
    assert place.found() == ids(0, MANY + 9)


def test_a_packed_file_with_the_times_of_another(place: Place) -> None:
    """Other content of the same size and age is told by the checksum at its end."""
    path = packed(place, "mail.log.2.gz", lines(0, 9))
    assert place.take() == 9
    size = path.stat().st_size
    with path.open("r+b") as file:  # the inode stays
        file.write(gzip.compress(lines(0, 9, "b").encode(), 0, mtime=0))
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    assert path.stat().st_size == size
    assert place.take() == 9


def test_years_go_on(place: Place) -> None:
    """Stamps without a year roll over in a log that is read in pieces as they do in one piece."""
    old = "Dec 31 23:59:58 mx postfix/cleanup[77]: 0A00000001: message-id=<old@example.com>\n"
    new = "Jan  1 00:00:03 mx postfix/cleanup[77]: 0B00000001: message-id=<new@example.com>\n"
    place["mail.log"].write_text(old)
    os.utime(place["mail.log"], (1767225599, 1767225599))  # 2025-12-31
    place.take()
    place["mail.log"].write_text(old + new)
    place.take()
    times = api.read(store=place.store).table("queue").column("ts").to_pylist()
    assert [str(t) for t in times] == ["2025-12-31 23:59:58", "2026-01-01 00:00:03"]


def test_lines_of_a_store_are_read_from_the_rotated_file(place: Place) -> None:
    """The raw line behind a row is found in the file that has it now, and said to be gone where none has."""
    from logtune.store.raw import LinesGone

    place["mail.log"].write_text(lines(0, 10))
    place.take()
    position = api.read(store=place.store).table("queue").column("position")[7].as_py()
    place["mail.log"].unlink()
    place["mail.log.1.gz"].write_bytes(gzip.compress(lines(0, 12).encode()))
    assert api.read(store=place.store).lines([position])[0][3].decode() == line(7).rstrip("\n")
    place["mail.log.1.gz"].unlink()
    with pytest.raises(LinesGone):
        api.read(store=place.store).lines([position])
