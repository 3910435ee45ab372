"""Pipes, and files that change while they are read."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logtune.sources import NotRereadable, open_sources, unpack
from logtune.sources.ahead import ahead
from tests.sources.written import LINES, PACK, TEXT, many, names, text, write


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
