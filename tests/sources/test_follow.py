"""Following a log: every line once, through whatever rotation."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logtune.sources.follow import AFTERLIFE, FollowedFile

OPENED: list[Any] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def following(path: str, **options: Any) -> FollowedFile:
    OPENED.append(FollowedFile(path, **options))
    return OPENED[-1]


class Writer:
    """A syslog daemon: keeps its file open, also where it was renamed, until it is told to open it anew."""

    def __init__(self, path: Path) -> None:
        self.path, self.number = path, 0
        self.reopen()

    def reopen(self) -> None:
        self.file = self.path.open("ab", buffering=0)
        OPENED.append(self.file)

    def line(self) -> bytes:
        self.number += 1
        return b"line %d of the log\n" % self.number

    def write(self, lines: int = 1) -> None:
        for _ in range(lines):
            self.file.write(self.line())


def shift(path: Path) -> None:
    """mail.log.1 to mail.log.2 and so on, as logrotate does."""
    for number in range(9, 0, -1):
        for end in ("", ".gz"):
            old = path.with_name(f"{path.name}.{number}{end}")
            if old.exists():
                old.rename(path.with_name(f"{path.name}.{number + 1}{end}"))


def rename(path: Path) -> None:
    shift(path)
    path.rename(f"{path}.1")


def copytruncate(path: Path, packed: bool = False) -> None:
    shift(path)
    shutil.copyfile(path, f"{path}.1")
    os.truncate(path, 0)
    if packed:
        Path(f"{path}.1.gz").write_bytes(gzip.compress(Path(f"{path}.1").read_bytes()))
        Path(f"{path}.1").unlink()


def drained(followed: FollowedFile) -> bytes:
    """What it gives until it gives nothing three times."""
    found, silent = b"", 0
    while silent < 3:
        data = followed.read()
        found, silent = found + data, 0 if data else silent + 1
    return found


def numbers(data: bytes) -> list[int]:
    return [int(line.split()[1]) for line in data.splitlines()]


def test_a_half_line_waits_for_its_end(tmp_path: Path) -> None:
    """Nothing is given of a line before its end is there."""
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path))
    writer.file.write(b"line 1 of")
    assert drained(followed) == b""
    writer.file.write(b" the log\nli")
    assert (drained(followed), followed.rest()) == (b"line 1 of the log\n", b"li\n")


def test_only_new_lines(tmp_path: Path) -> None:
    """From the end on, whole lines only: one that is half there counts as a new one."""
    writer = Writer(tmp_path / "mail.log")
    writer.write(3)
    writer.file.write(b"line 4")
    followed = following(str(writer.path), from_end=True)
    writer.file.write(b" of the log\n")
    assert drained(followed) == b"line 4 of the log\n"


def test_the_old_file_is_read_to_its_end(tmp_path: Path) -> None:
    """What is written to a renamed file, even after the new one has lines, is not lost."""
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path))
    writer.write(2)
    rename(writer.path)
    writer.write(2)
    old = writer.file
    writer.reopen()
    writer.write(1)
    found = drained(followed)
    old.write(b"line 6 of the log\n")
    assert numbers(found + drained(followed)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("packed", [False, True])
def test_what_only_the_copy_has_is_read(tmp_path: Path, packed: bool) -> None:
    """copytruncate: lines since the last look stand in the copy alone, even if the file is as long again."""
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path))
    writer.write(5)
    first = drained(followed)
    writer.write(3)
    copytruncate(writer.path, packed)
    writer.write(20)
    assert numbers(first + drained(followed)) == list(range(1, 29))


def test_two_rotations_between_two_looks(tmp_path: Path) -> None:
    """A file that came and was rotated away unseen is read."""
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path))
    writer.write(2)
    first = drained(followed)
    for _ in range(2):
        rename(writer.path)
        writer.reopen()
        writer.write(3)
    assert sorted(numbers(first + drained(followed))) == list(range(1, 9))


def test_a_path_is_waited_for(tmp_path: Path) -> None:
    """A log that does not exist yet, or is away during rotation."""
    path = tmp_path / "mail.log"
    followed = following(str(path))
    assert drained(followed) == b""
    Writer(path).write(2)
    assert numbers(drained(followed)) == [1, 2]


def test_old_files_are_closed(tmp_path: Path) -> None:
    """After a while a rotated file is let go, and its half line with it."""
    now = 0.0
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path), now=lambda: now)
    writer.file.write(b"line 1 of")
    drained(followed)
    rename(writer.path)
    writer.reopen()
    assert drained(followed) == b""
    now = AFTERLIFE + 1
    assert drained(followed) == b"line 1 of\n"
    assert not followed._old


@pytest.mark.parametrize("seed", range(30))
def test_random_pieces_and_rotations(tmp_path: Path, seed: int) -> None:
    """Whatever is written and rotated between looks, every line comes once."""
    chance = random.Random(seed)
    writer = Writer(tmp_path / "mail.log")
    followed = following(str(writer.path))
    found, half = b"", b""
    for _ in range(120):
        step = chance.random()
        if step < 0.6:
            text = half + b"".join(writer.line() for _ in range(chance.randrange(1, 9)))
            half = text[cut:] if (cut := chance.randrange(len(text))) and chance.random() < 0.3 else b""
            writer.file.write(text[: len(text) - len(half)])
        elif step < 0.9:
            found += followed.read()
        elif not half and step < 0.95:
            rename(writer.path)
            writer.reopen() if chance.random() < 0.7 else (writer.write(2), writer.reopen())
            found += drained(followed)
        elif not half:
            found += followed.read()  # a copy is known by what was read of it
            copytruncate(writer.path, packed=chance.random() < 0.5)
            found += followed.read()
    writer.file.write(half)
    found += drained(followed)
    assert sorted(numbers(found)) == list(range(1, writer.number + 1))
