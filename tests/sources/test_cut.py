"""Cutting into blocks of whole lines, and where each line stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune import schema
from logtune.sources import SOURCE_SHIFT, NoSuchLine, model, open_sources
from logtune.sources.cut import whole_lines
from tests.sources.written import LINES, PACK, TEXT, lines, many, placed, split, text, write


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
        return [row for offset, piece in pieces for row in placed(offset, piece)], told

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
    assert [line for _, line in read] == [*split(TEXT), long + b"\n", *split(TEXT)]
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
