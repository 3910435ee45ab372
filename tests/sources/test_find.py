"""What names stand for: paths, globs, directories, the same twice; and what cannot be read."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import pytest

from logtune.sources import Problem, default_paths, open_sources
from tests.sources.written import LINES, TEXT, many, names, text, write


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
