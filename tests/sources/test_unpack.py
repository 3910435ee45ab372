"""Packed logs, whole and damaged."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune.sources import open_sources, reading
from tests.sources.written import LINES, PACK, TEXT, ZST, lines, many, text, write


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("size", [1, 1000, 1 << 22])
def test_packing_is_told_by_magic_never_by_name(tmp_path: Path, kind: str, size: int) -> None:
    """A packed file under a plain name is unpacked; a plain file named .gz is read as it is."""
    data = many(200)
    packed = write(tmp_path / "mail.log", PACK[kind](data))
    plain = write(tmp_path / "other.log.gz", TEXT)
    sources = open_sources([packed])
    assert text(sources, size) == data
    assert (sources.sources[0].compression, sources.problems) == (kind, [])
    assert text(open_sources([plain]), size) == TEXT


@pytest.mark.parametrize("kind", PACK)
@given(
    parts=st.lists(st.integers(0, 300), min_size=1, max_size=5),
    padding=st.integers(0, 40),
    read=st.sampled_from([1, 3, 17, 1 << 20]),
)
@settings(deadline=None, max_examples=25)
def test_concatenated_members_are_one_stream(
    tmp_path_factory: pytest.TempPathFactory, kind: str, parts: list[int], padding: int, read: int
) -> None:
    """Members follow each other, empty ones too, with NUL padding behind; reads may end anywhere."""
    plain = [many(count, b"mx%d" % i) for i, count in enumerate(parts)]
    path = tmp_path_factory.mktemp("members") / "mail.log.gz"
    data = b"".join(map(PACK[kind], plain)) + b"\0" * padding
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "READ", max(read, len(data) // 3000))
        sources = open_sources([write(path, data)])
        assert text(sources, 5000) == b"".join(plain)
    assert sources.sources[0].problem is None


def test_skippable_frames_and_packed_twice(tmp_path: Path) -> None:
    """pzstd begins with a skippable frame; a cron job may pack what logrotate packed already."""
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    assert text(open_sources([write(tmp_path / "a", skippable + ZST.compress(TEXT))])) == TEXT
    twice = open_sources([write(tmp_path / "b", gzip.compress(bz2.compress(TEXT)))])
    assert (text(twice), twice.sources[0].compression) == (TEXT, "gz+bz2")


def test_ratio_does_not_matter(tmp_path: Path) -> None:
    """16 MiB of one byte in a small file come out in bounded steps."""
    for kind, pack in PACK.items():
        sources = open_sources([write(tmp_path / kind, pack(TEXT + b"z" * 99 + (b"z" * 4095 + b"\n") * (1 << 12)))])
        sizes = [len(block.data) for block in sources.blocks(1 << 20)]
        assert sum(sizes) == len(TEXT) + 99 + (1 << 24)
        assert max(sizes) <= (1 << 20) * 1.25 + 8192


@pytest.mark.parametrize("kind", PACK)
def test_cut_file_gives_what_could_be_read(tmp_path: Path, kind: str) -> None:
    """What stands before the cut is given; the problem names both offsets; other files are read."""
    data = many(30_000)
    packed = PACK[kind](data)
    cut = write(tmp_path / "mail.log.1.gz", packed[: len(packed) * 3 // 4])
    whole = write(tmp_path / "mail.log", many(5, b"mx2").replace(b"03-02", b"03-05"))
    sources = open_sources([cut, whole])
    read = text(sources)
    damaged = sources.sources[0]
    assert damaged.bytes_read > len(data) // 4
    assert read == data[: damaged.bytes_read] + Path(whole).read_bytes()
    assert damaged.problem == (
        f"the compressed data end too early at byte {len(packed) * 3 // 4:,} of the {kind} data, "
        f"after {damaged.bytes_read:,} bytes of text"
    )
    assert [(p.name, p.reason, p.harmless) for p in sources.problems] == [(cut, damaged.problem, False)]


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("count", [3, 30_000])
def test_damaged_bytes_end_the_source_there(tmp_path: Path, kind: str, count: int) -> None:
    """Flipped bytes in the middle: a prefix is given, then the source has a problem; nothing raises."""
    data = many(count)
    packed = bytearray(PACK[kind](data))
    middle = len(packed) // 2
    packed[middle : middle + 40] = b"\xff" * min(40, len(packed) - middle)
    sources = open_sources([write(tmp_path / "mail.log.1.gz", bytes(packed))])
    read = text(sources, 1000)
    assert read[:60] == data[: len(read)][:60]  # behind the damage a decoder may give garbage before it knows
    assert sources.sources[0].problem is not None
    assert f"after {len(read):,} bytes of text" in sources.sources[0].problem
    assert len(sources.problems) == 1


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_wrong_checksum_loses_nothing(tmp_path: Path, kind: str) -> None:
    """Only the checksum at the end is wrong: every byte is given, and the problem says so."""
    for data in (TEXT, many(30_000)):
        packed = bytearray(PACK[kind](data))
        packed[-8 if kind == "gz" else -1] ^= 0xFF
        sources = open_sources([write(tmp_path / "mail.log.gz", bytes(packed))])
        read = text(sources)
        assert (
            read == data if kind == "gz" or data is TEXT else data.startswith(read) and len(data) - len(read) < 1 << 18
        )
        assert "check" in str(sources.sources[0].problem)


def test_garbage_behind_packed_data_is_left_out(tmp_path: Path) -> None:
    """As gzip does: what follows and is no member is ignored, with a word."""
    packed = gzip.compress(TEXT)
    sources = open_sources([write(tmp_path / "mail.log.gz", packed + b"garbage, and a lot of it")])
    assert text(sources) == TEXT
    assert sources.sources[0].problem == (
        f"what follows the compressed data is no gz data and was left out at byte {len(packed)} of the gz data, "
        f"after {len(TEXT)} bytes of text"
    )


@given(st.sampled_from(sorted(PACK)), st.data())
@settings(deadline=None, max_examples=150)
def test_no_damage_raises(kind: str, data: st.DataObject) -> None:
    """Any cut and any changed byte of a packed file is read to some prefix or garbage, with at most one problem."""
    packed = bytearray(PACK[kind](TEXT) + PACK[kind](TEXT))
    for _ in range(data.draw(st.integers(0, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(packed[: data.draw(st.integers(0, len(packed)))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(cut)))
        sources = open_sources(["-"])
        text(sources, 7)
    assert len(sources.problems) <= 1


def test_long_runs_of_nuls_are_passed_quickly(tmp_path: Path) -> None:
    """A log truncated while open: the hole is left out beyond the longest line, and what follows is a line."""
    path = tmp_path / "mail.log"
    with path.open("wb") as file:
        file.seek(200 << 20)
        file.write(TEXT)
    sources = open_sources([str(path)])
    assert lines(sources) == [(200 << 20 | at, line) for at, line in lines(open_sources([write(tmp_path / "x", TEXT)]))]
    assert [(p.reason, p.harmless) for p in sources.problems] == [("209,715,200 NUL bytes left out at byte 0", True)]
    assert sources.line_at(200 << 20) == LINES[0]


def test_read_error_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken disk ends its file with a problem; the next file is read."""
    data = many(60_000)
    bad, good = write(tmp_path / "mail.log.1", data), write(tmp_path / "mail.log", TEXT.replace(b"03-02", b"03-09"))
    sources = open_sources([bad, good])
    real, calls = os.read, iter(range(9))

    def broken(fd: int, size: int) -> bytes:
        if next(calls, 9) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, size)

    monkeypatch.setattr(os, "read", broken)
    assert text(sources) == data[: 1 << 20] + Path(good).read_bytes()
    assert sources.sources[0].problem == f"input/output error after {1 << 20:,} bytes of text"
