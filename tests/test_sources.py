"""Sources: what is found, how it is read, cut into blocks and given back; and what is said where that fails."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import itertools
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune import schema
from logtune.sources import (
    SOURCE_SHIFT,
    NoSuchLine,
    NotRereadable,
    Problem,
    Sources,
    default_paths,
    model,
    open_sources,
    reading,
    unpack,
)
from logtune.sources.ahead import ahead
from logtune.sources.cut import whole_lines

LINES = [
    b"2026-03-02T06:12:00.123456+00:00 mx1 postfix/smtpd[811]: connect from mail.example.com[192.0.2.7]",
    b"2026-03-02T06:12:01.000001+00:00 mx1 postfix/smtpd[811]: NOQUEUE: reject_warning: RCPT from "
    b"mail.example.com[192.0.2.7]: 504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname; "
    b"from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<frasier>",
    b"2026-03-02T06:12:02.000002+00:00 mx1 postfix/smtpd[811]: disconnect from mail.example.com[192.0.2.7] quit=1",
]
TEXT = b"".join(line + b"\n" for line in LINES)
ZST = zstandard.ZstdCompressor(write_checksum=True)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": ZST.compress,
}


def many(count: int, host: bytes = b"mx1") -> bytes:
    """*count* distinct lines, one a second, that do not compress too well."""
    return b"".join(
        b"2026-03-02T%02d:%02d:%02d.%06d+00:00 %s postfix/qmgr[7]: %08X%d: removed\n"
        % (i // 3600 % 24, i // 60 % 60, i % 60, i * 7919 % 1000000, host, i * 2654435761 % 2**32, i)
        for i in range(count)
    )


def write(path: Path, data: bytes, mtime: float | None = None) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return str(path)


def text(sources: Sources, block_size: int = 1 << 22) -> bytes:
    return b"".join(block.data for block in sources.blocks(block_size))


def lines(sources: Sources, block_size: int = 1 << 22) -> list[tuple[int, bytes]]:
    """(position, line) of every line, as the parser would see them."""
    found: list[bytes] = []
    for data, position, _ in sources.blocks(block_size):
        found += _placed(position, data)
    return found


def _placed(start: int, data: bytes) -> list[tuple[int, bytes]]:
    parts = _split(data)
    ends = itertools.accumulate(map(len, parts), initial=start)
    return list(zip(ends, parts, strict=False))


def _split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def names(sources: Sources) -> list[str]:
    return [os.path.basename(source.name) for source in sources.sources]


# Cutting


@given(
    st.lists(st.binary(max_size=30), max_size=12).map(b"\n".join),
    st.lists(st.integers(0, 40), max_size=10),
    st.integers(1, 60),
)
@settings(deadline=None)
def test_any_chunking_and_block_size_gives_the_same_lines_and_positions(
    data: bytes, cuts: list[int], size: int
) -> None:
    """Pieces join to the input at the right offsets, and every one but the last ends behind a newline."""
    chunks = [data[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True)]
    pieces = list(whole_lines(chunks, size, lambda *_: None))
    assert b"".join(piece for _, piece in pieces) == data
    assert [offset for offset, _ in pieces] == [sum(len(p) for _, p in pieces[:i]) for i in range(len(pieces))]
    assert all(piece.endswith(b"\n") for _, piece in pieces[:-1])
    assert all(pieces[i][1] for i in range(len(pieces)))


@given(
    st.lists(st.sampled_from([b"a", b"bb\n", b"\n", b"\0", b"\0\0\0\0\0\0\0", b"cccccccc", b"dddd\n"]), max_size=20),
    st.integers(1, 9),
    st.integers(1, 9),
)
@settings(deadline=None)
def test_overlong_lines_are_cut_alike_for_any_chunking(parts: list[bytes], one: int, other: int) -> None:
    """What is kept of a line longer than the limit does not depend on how the bytes came."""
    data, longest = b"".join(parts), 6

    def cut(chunk: int, size: int) -> tuple[list[tuple[int, bytes]], list[tuple[int, int, bool]]]:
        told: list[tuple[int, int, bool]] = []
        chunks = [data[i : i + chunk] for i in range(0, len(data), chunk)]
        pieces = list(whole_lines(chunks, size, lambda *what: told.append(what), longest=longest))
        return [placed for offset, piece in pieces for placed in _placed(offset, piece)], told

    expected, told = cut(len(data) or 1, 1 << 20)
    assert cut(one, other) == (expected, told)
    assert sum(len(line) for _, line in expected) + sum(length for _, length, _ in told) == len(data)
    assert all(data[offset : offset + len(line)] == line for offset, line in expected)


def test_overlong_line_keeps_its_beginning_and_a_run_of_nuls_goes() -> None:
    """Behind NULs the line goes on (a log truncated while open); of other overlong lines the tail goes."""
    told: list[tuple[int, int, bool]] = []
    pieces = list(whole_lines([b"ok\n" + b"\0" * 20 + b"good\n" + b"x" * 15 + b"\nend"], 1, lambda *w: told.append(w),
                              longest=10))  # fmt: skip
    assert pieces == [(0, b"ok\n"), (23, b"good\n"), (28, b"x" * 10), (44, b"end")]
    assert told == [(3, 20, True), (38, 6, False)]


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 22])
def test_a_line_longer_than_a_block_is_not_cut(tmp_path: Path, size: int) -> None:
    """The block grows to 10 MB if a line does."""
    long = b"y" * 10_000_000 if size > 7 else b"y" * 1000
    path = write(tmp_path / "mail.log", TEXT + long + b"\n" + TEXT)
    read = lines(open_sources([path]), size)
    assert [line for _, line in read] == [*_split(TEXT), long + b"\n", *_split(TEXT)]
    assert read[4][0] == len(TEXT) + len(long) + 1


def test_last_line_without_end_and_crlf_stay_as_they_are(tmp_path: Path) -> None:
    """Sources change no byte of a line; line ends are the parser's matter."""
    data = TEXT.replace(b"\n", b"\r\n") + b"half a li"
    sources = open_sources([write(tmp_path / "mail.log", data)])
    assert text(sources, 50) == data
    assert sources.problems == []


def test_binary_junk_and_nul_bytes_flow(tmp_path: Path) -> None:
    """Whatever the bytes are, they are given as they are."""
    data = b"\0" * 5000 + TEXT + bytes(range(256)) * 3 + b"\0" * 700
    assert text(open_sources([write(tmp_path / "mail.log", data)]), 64) == data


# Positions


def test_position_is_rank_and_offset(tmp_path: Path) -> None:
    """position = rank << 40 | offset in the decompressed source; the shift is the schema's."""
    older = write(tmp_path / "mail.log.1.gz", gzip.compress(TEXT.replace(b"03-02", b"03-01")))
    newer = write(tmp_path / "mail.log", TEXT)
    sources = open_sources([newer, older])
    length = len(LINES[0]) + 1
    assert SOURCE_SHIFT == schema.SOURCE_SHIFT
    assert [p for p, _ in lines(sources)][:2] == [0, length]
    assert [p for p, _ in lines(sources)][3:5] == [1 << 40, 1 << 40 | length]
    assert sources.line_at(1 << 40 | length) == LINES[1]


@pytest.mark.parametrize("kind", ["plain", *PACK])
def test_lines_come_back_by_position(tmp_path: Path, kind: str) -> None:
    """Every position that reading gives finds its line again, in one call, without its newline."""
    data = many(3000) + b"no end"
    sources = open_sources([write(tmp_path / "mail.log", PACK.get(kind, bytes)(data))])
    expected = {position: line.rstrip(b"\n") for position, line in lines(sources)}
    assert sources.lines_at(expected) == expected
    assert sources.sources[0].bytes_read == len(data)
    for wrong in (1, len(data), len(data) + 5, 1 << 40, -1):
        with pytest.raises(NoSuchLine):
            sources.line_at(wrong)


def test_byte_order_mark_is_left_out_and_offsets_stay_right(tmp_path: Path) -> None:
    """The first line begins at offset 3; nothing else moves."""
    sources = open_sources([write(tmp_path / "mail.log", b"\xef\xbb\xbf" + TEXT)])
    assert lines(sources)[:2] == [(3, LINES[0] + b"\n"), (3 + len(LINES[0]) + 1, LINES[1] + b"\n")]
    assert sources.line_at(3) == LINES[0]
    assert sources.sources[0].bytes_read == len(TEXT) + 3


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_read_as_utf8(tmp_path: Path, encoding: str) -> None:
    """What a Windows tool saved is a log all the same; offsets count in the UTF-8 text."""
    sources = open_sources([write(tmp_path / "mail.log", ("\ufeff" + TEXT.decode()).encode(encoding))])
    assert text(sources) == TEXT
    assert sources.sources[0].compression == "utf-16"
    assert sources.line_at(len(LINES[0]) + 1) == LINES[1]


def test_positions_end_at_their_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source with more decompressed bytes than positions can name is read up to there, and that is said."""
    monkeypatch.setattr(model, "MAX_OFFSET", len(LINES[0]) + 40)
    sources = open_sources([write(tmp_path / "mail.log", TEXT)])
    assert text(sources, 10) == LINES[0] + b"\n"
    assert (
        sources.sources[0].problem == f"only the first {len(LINES[0]) + 1} bytes of text were read: positions end there"
    )
    assert [p.reason for p in sources.problems] == [sources.sources[0].problem]


# Packing


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


# Damage


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


# Paths that cannot be read


def test_missing_file_and_empty_glob_are_problems(tmp_path: Path) -> None:
    """Each is named with advice, and the rest is read."""
    good = write(tmp_path / "mail.log", TEXT)
    missing, pattern = str(tmp_path / "mali.log"), str(tmp_path / "*.gz")
    (tmp_path / "dangling").symlink_to("nowhere")
    sources = open_sources([missing, pattern, str(tmp_path / "dangling"), good])
    assert text(sources) == TEXT
    assert sources.problems == [
        Problem(pattern, "no file matches", f"see what is there: ls -l {tmp_path}"),
        Problem(missing, "there is no such file", f"see what is there: ls -l {tmp_path}"),
        Problem(str(tmp_path / "dangling"), "there is no such file", "it is a symbolic link to nothing"),
    ]
    assert str(sources.problems[0]) == f"{pattern}: no file matches; see what is there: ls -l {tmp_path}"


def test_permission_denied_says_which_group_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice names the group of the file, or adm."""
    denied, good = write(tmp_path / "mail.log", TEXT), write(tmp_path / "other.log", TEXT)
    real = os.open

    def refuse(path: str, *args: int) -> int:
        if path == denied:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *args)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("logtune.sources.find._reading_group", lambda path: None)
    sources = open_sources([denied, good])
    assert text(sources) == TEXT
    assert sources.problems == [
        Problem(denied, "permission denied", "run it with sudo, or join the group that may read mail logs: "
                "sudo usermod -aG adm $USER, then log in again")
    ]  # fmt: skip


def test_empty_files(tmp_path: Path) -> None:
    """An empty file beside others is worth a note; if there is nothing else it is a problem. Packed nothing too."""
    full, empty = write(tmp_path / "mail.log.1", TEXT), write(tmp_path / "mail.log", b"")
    packed = write(tmp_path / "x.gz", gzip.compress(b""))
    assert open_sources([full, empty]).problems == [Problem(empty, "the file is empty", harmless=True)]
    alone = open_sources([empty, packed])
    assert alone.problems == [Problem(empty, "the file is empty"), Problem(packed, "the file is empty")]
    assert text(alone) == b""


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04" + b"\0" * 40, "a zip archive"),
        (b"\x1f\x9d\x90abcdefghij", "a compress(1) file"),
        (b"LPKSHHRH" + b"\0" * 200, "a journal file of systemd"),
        (b"mail.log\0".ljust(257, b"\0") + b"ustar  \0" + b"\0" * 300, "a tar archive"),
    ],
)
def test_archives_are_told_and_not_read(tmp_path: Path, data: bytes, what: str) -> None:
    """Formats that are no log are named, with what to do, also inside gzip."""
    for content, inside in ((data, ""), (gzip.compress(data), " (in gz)")):
        sources = open_sources([write(tmp_path / "logs", content)])
        assert (sources.sources, [p.reason for p in sources.problems]) == ([], [f"this is {what}{inside}, no log"])


# Globs, directories, the same twice


def test_same_file_under_several_names_is_read_once(tmp_path: Path) -> None:
    """Twice, by an overlapping glob, by a symbolic and by a hard link."""
    path = write(tmp_path / "mail.log", TEXT)
    (tmp_path / "maillog").symlink_to("mail.log")
    os.link(path, tmp_path / "hard.log")
    sources = open_sources([path, str(tmp_path / "*"), str(tmp_path / "maillog"), path])
    assert (names(sources), sources.problems) == (["mail.log"], [])


def test_name_with_glob_characters_is_a_name_first(tmp_path: Path) -> None:
    """A file that has exactly the name is meant."""
    path = write(tmp_path / "mail[1].log", TEXT)
    write(tmp_path / "mail1.log", TEXT)
    assert names(open_sources([path])) == ["mail[1].log"]


def test_copy_is_read_once(tmp_path: Path) -> None:
    """Identical text (also packed), or the beginning of a longer file: left out, and said."""
    data = many(20_000)
    live = write(tmp_path / "mail.log", data)
    packed = write(tmp_path / "copy.gz", gzip.compress(data))
    part = write(tmp_path / "mail.log.bak", data[: data.index(b"\n", 700_000) + 1])
    for order in ([live, packed, part], [part, packed, live]):
        sources = open_sources(order)
        assert text(sources) == data
        assert len(sources.sources) == 1
        assert {p.advice for p in sources.problems} == {"they were read once"}
        assert all(p.harmless for p in sources.problems)
        assert len(sources.problems) == 2


def test_same_beginning_is_no_copy(tmp_path: Path) -> None:
    """One byte of difference, wherever it is, and both are read."""
    data = many(20_000)
    one = write(tmp_path / "a.log", data)
    other = write(tmp_path / "b.log", data[:-20] + b"X" + data[-19:])
    sources = open_sources([one, other])
    assert (len(sources.sources), sources.problems) == (2, [])


def test_directory_gives_the_mail_logs_of_the_usual_names(tmp_path: Path) -> None:
    """Rotated sets of mail.log; not syslog and mail.err, which repeat their lines; it says what it left out."""
    for name, day in (("mail.log", b"04"), ("mail.log.1", b"03"), ("mail.log-20260302.gz", b"02")):
        write(tmp_path / name, TEXT.replace(b"03-02", b"03-" + day))
    for name in ("syslog", "mail.err", "mail.log.offset", "dpkg.log"):
        write(tmp_path / name, TEXT)
    (tmp_path / "journal").mkdir()
    sources = open_sources([str(tmp_path)])
    assert names(sources) == ["mail.log-20260302.gz", "mail.log.1", "mail.log"]
    reason = (
        "left out what is no mail log, or only a part of one: dpkg.log, journal/, mail.err, mail.log.offset, syslog"
    )
    assert sources.problems == [Problem(str(tmp_path), reason, "name a file to have it read", harmless=True)]


def test_directory_of_other_names_is_searched_by_content(tmp_path: Path) -> None:
    """Without a usual name, what looks like a Postfix log at its beginning is one; packed or not."""
    write(tmp_path / "mx1-march.txt", TEXT)
    write(tmp_path / "mx2-march.gz", gzip.compress(TEXT.replace(b"mx1", b"mx2")))
    write(tmp_path / "fail2ban.txt", b"2026-03-02 06:12:00,123 fail2ban.filter [1]: INFO [postfix] Found 192.0.2.1\n")
    write(tmp_path / "photo.jpg", bytes(range(256)))
    sources = open_sources([str(tmp_path)])
    assert names(sources) == ["mx1-march.txt", "mx2-march.gz"]
    assert [p.harmless for p in sources.problems] == [True]


def test_directory_without_logs(tmp_path: Path) -> None:
    """Nothing to read is a problem; directories below are not searched, and the advice says how to."""
    assert open_sources([str(tmp_path)]).problems == [Problem(str(tmp_path), "the directory is empty")]
    write(tmp_path / "mx1" / "mail.log", TEXT)
    write(tmp_path / "readme", b"hello\n")
    assert open_sources([str(tmp_path)]).problems == [
        Problem(str(tmp_path), "no mail log in this directory: mx1/, readme",
                f"directories below are not searched; give them, or a glob: '{tmp_path}/*/mail.log*'")
    ]  # fmt: skip
    assert names(open_sources([f"{tmp_path}/*/mail.log*"])) == ["mail.log"]


def test_partial_logs_beside_the_whole_one_are_pointed_out(tmp_path: Path) -> None:
    """A shell's mail* takes mail.warn too: it is read, but its lines may count twice."""
    paths = [write(tmp_path / "mail.log", TEXT), write(tmp_path / "mail.warn", TEXT[: len(LINES[0]) + 1] + b"w\n")]
    problems = open_sources(paths).problems
    assert problems == [
        Problem(paths[1], "usually repeats lines of mail.log, which is read too", "leave it out if they count twice",
                harmless=True)
    ]  # fmt: skip


def test_default_paths(tmp_path: Path) -> None:
    """mail.log, maillog and mail with what was rotated from them; mail.info only in their stead."""
    assert default_paths(str(tmp_path / "none")) == []
    for name in ("mail.info", "mail.info.1", "syslog", "mail.err"):
        write(tmp_path / name, TEXT)
    assert [os.path.basename(p) for p in default_paths(str(tmp_path))] == ["mail.info", "mail.info.1"]
    for name in ("mail.log", "mail.log.2.gz", "maillog-20260308"):
        write(tmp_path / name, TEXT)
    expected = ["mail.log", "mail.log.2.gz", "maillog-20260308"]
    assert [os.path.basename(p) for p in default_paths(str(tmp_path))] == expected


# Streams, and files that change


def piped(data: bytes) -> Iterator[int]:
    read, write_ = os.pipe()

    def feed() -> None:
        with open(write_, "wb") as out:
            out.write(data)

    thread = threading.Thread(target=feed)
    thread.start()
    yield read
    thread.join()
    os.close(read)


@pytest.mark.parametrize("kind", ["plain", *PACK])
def test_stdin_may_be_packed(tmp_path: Path, kind: str) -> None:
    """A pipe is read once, from its first byte, whatever was looked at."""
    data = many(20_000)
    script = (
        "import sys, logtune.sources as s; o = s.open_sources(['-']);"
        "[sys.stdout.buffer.write(b.data) for b in o.blocks(999)];"
        "print(o.sources[0].name, o.problems, file=sys.stderr)"
    )
    packed = PACK.get(kind, bytes)(data)
    done = subprocess.run([sys.executable, "-c", script], input=packed, capture_output=True, check=True)
    assert (done.stdout == data, done.stderr) == (True, b"stdin []\n")


def test_stdin_without_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test runners put an object in its place; it is read all the same."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    sources = open_sources(["-", "-"])
    assert (text(sources), sources.sources[0].size, sources.sources[0].first is not None) == (TEXT, None, True)


def test_process_substitution_is_read_once() -> None:
    """/dev/fd/N of a pipe cannot be asked again: NotRereadable, also for its lines."""
    pipe = piped(TEXT)
    fd = next(pipe)
    sources = open_sources([f"/dev/fd/{fd}"])
    with pytest.raises(NotRereadable):
        sources.line_at(0)
    assert text(sources) == TEXT
    with pytest.raises(NotRereadable):
        text(sources)
    with pytest.raises(NotRereadable):
        sources.line_at(0)
    assert next(pipe, None) is None


def test_fifo_among_files_takes_its_place_by_its_first_stamp(tmp_path: Path) -> None:
    """Streams are ranked as files are."""
    os.mkfifo(tmp_path / "fifo")
    thread = threading.Thread(target=(tmp_path / "fifo").write_bytes, args=(TEXT.replace(b"03-02", b"03-01"),))
    thread.start()
    sources = open_sources([write(tmp_path / "mail.log", TEXT), str(tmp_path / "fifo")])
    assert names(sources) == ["fifo", "mail.log"]
    assert text(sources) == TEXT.replace(b"03-02", b"03-01") + TEXT
    thread.join()


def test_file_that_says_it_is_empty(tmp_path: Path) -> None:
    """/proc files have no size but bytes."""
    sources = open_sources(["/proc/self/status"])
    assert sources.problems == []
    assert text(sources).startswith(b"Name:")


def test_growing_file_is_read_to_the_end_it_has_then(tmp_path: Path) -> None:
    """Lines that came after the file was looked at are read too."""
    path = tmp_path / "mail.log"
    sources = open_sources([write(path, TEXT)])
    with path.open("ab") as file:
        file.write(many(3))
    assert text(sources) == TEXT + many(3)


def test_rotation_between_looking_and_reading(tmp_path: Path) -> None:
    """The file is followed to its new name; the new live file is another one. Gone altogether: a problem."""
    path = tmp_path / "mail.log"
    sources = open_sources([write(path, TEXT)])
    path.rename(tmp_path / "mail.log.1")
    write(path, many(3))
    assert text(sources) == TEXT
    assert sources.line_at(0) == LINES[0]
    (tmp_path / "mail.log.1").unlink()
    assert text(sources) == b""
    assert (
        sources.sources[0].problem == "the file was removed or replaced while logtune was at work after 0 bytes of text"
    )


def test_progress_counts_bytes_as_they_are_on_disk(tmp_path: Path) -> None:
    """It ends at the total; with a stream among the sources there is no total."""
    paths = [write(tmp_path / "a.gz", gzip.compress(many(50_000))), write(tmp_path / "b.log", many(50_000, b"mx2"))]
    total = sum(map(os.path.getsize, paths))
    told: list[tuple[int, int | None]] = []
    for _ in open_sources(paths).blocks(1 << 20, lambda *what: told.append(what)):
        pass
    assert told == sorted(told)
    assert told.index((total, total)) > 0
    assert len(told) > 5
    pipe = piped(TEXT)
    for _ in open_sources([f"/dev/fd/{next(pipe)}"]).blocks(progress=lambda *what: told.append(what)):
        pass
    streamed = told[-1]
    assert streamed == (len(TEXT), None)
    next(pipe, None)


def test_chunks_made_ahead_are_the_same_and_end_the_same() -> None:
    """The thread gives every chunk in order, then what broke; who stops early leaves no thread behind."""

    def broken() -> Iterator[bytes]:
        yield from (b"%d" % i for i in range(100))
        raise unpack.Damaged("cut", 7)

    found: list[bytes] = []
    with pytest.raises(unpack.Damaged, match="cut"):
        for chunk in ahead(broken()):
            found.append(chunk)
    made = [b"%d" % i for i in range(100)]
    assert found == made
    assert list(ahead(iter(made))) == made
    threads = threading.active_count()
    chunks = ahead(iter(made))
    assert next(chunks) == b"0"
    chunks.close()
    assert threading.active_count() == threads
