"""The order of sources: by their first stamp, with years inferred where stamps have none."""

from __future__ import annotations

import gzip
import itertools
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.sources import Source, Stamp, first_stamp, open_sources
from logtune.sources.names import Name, parse_name
from logtune.sources.stamps import latest_year, order

TAIL = b" mx1 postfix/smtpd[811]: connect from mail.example.com[192.0.2.7]\n"


def at(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]


def ranked(folder: Path, files: dict[str, tuple[str, float]], year: int | None = None) -> list[tuple[str, str]]:
    """(name, inferred day) in rank order of files given as name: (first stamp, mtime)."""
    paths = []
    for i, (name, (stamp, mtime)) in enumerate(files.items()):
        data = stamp.encode() + TAIL.replace(b"811", b"%d" % (811 + i))
        path = folder / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        os.utime(path, (mtime, mtime))
        paths.append(str(path))
    sources = open_sources(paths, year=year)
    assert sources.problems == []
    return [(os.path.basename(s.name), str(s.first.date() if s.first else None)) for s in sources.sources]


# Stamps


@pytest.mark.parametrize(
    ("line", "stamp"),
    [
        (b"Mar  2 06:12:00", Stamp(datetime(1972, 3, 2, 6, 12), False, False)),
        (b"Mar 02 06:12:00", Stamp(datetime(1972, 3, 2, 6, 12), False, False)),
        (b"Feb 29 23:59:60", Stamp(datetime(1972, 3, 1), False, False)),
        (b"<22>Mar  2 06:12:00.250", Stamp(datetime(1972, 3, 2, 6, 12, 0, 250000), False, False)),
        (b"mail-1  | Mar  2 06:12:00", Stamp(datetime(1972, 3, 2, 6, 12), False, False)),
        (b"Mar  2 2026 06:12:00", Stamp(datetime(2026, 3, 2, 6, 12), True, False)),
        (b"2026 Mar  2 06:12:00", Stamp(datetime(2026, 3, 2, 6, 12), True, False)),
        (b"2026-03-02T06:12:00", Stamp(datetime(2026, 3, 2, 6, 12), True, False)),
        (b"2026-03-02 06:12:00,123", Stamp(datetime(2026, 3, 2, 6, 12, 0, 123000), True, False)),
        (b"2026-03-02T06:12:00.123456+02:00", Stamp(datetime(2026, 3, 2, 4, 12, 0, 123456), True, True)),
        (b"2026-03-02T06:12:00-0330", Stamp(datetime(2026, 3, 2, 9, 42), True, True)),
        (b"<22>1 2026-03-02T06:12:00.1Z", Stamp(datetime(2026, 3, 2, 6, 12, 0, 100000), True, True)),
        (b"\0\0\0Mar  2 06:12:00", Stamp(datetime(1972, 3, 2, 6, 12), False, False)),
        (b"\xef\xbb\xbfMar  2 06:12:00", Stamp(datetime(1972, 3, 2, 6, 12), False, False)),
    ],
)
def test_stamp_forms(line: bytes, stamp: Stamp) -> None:
    """RFC 3164 and RFC 3339 in the forms that syslog daemons and containers write."""
    assert first_stamp(line + TAIL) == stamp


@pytest.mark.parametrize(
    "line", [b"", b"Feb 30 06:12:00", b"Mar  2 25:12:00", b"2026-02-29T06:12:00Z", b"-- Logs begin at Mon",
             b"M\xe4r  2 06:12:00", b"Foo  2 06:12:00", b"9999-12-31T23:59:59-23:59", b"{\"MESSAGE\": 1}"],
)  # fmt: skip
def test_no_stamp(line: bytes) -> None:
    """What is no possible time is no stamp, and nothing raises."""
    assert first_stamp(line) is None


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"Mar  2 ", b"2026-03-02T06:12:00", b"<22>1 2026-", b"2026-03-02T99"])
)
def test_stamps_never_raise(line: bytes, prefix: bytes) -> None:
    """Whatever the bytes are."""
    first_stamp(prefix + line)


def test_latest_year() -> None:
    """The latest year in which the stamp exists and is not after the bound; 29 February waits for a leap year."""
    assert latest_year(datetime(1972, 12, 28), datetime(2026, 1, 3)) == datetime(2025, 12, 28)
    assert latest_year(datetime(1972, 1, 3), datetime(2026, 1, 3)) == datetime(2026, 1, 3)
    assert latest_year(datetime(1972, 2, 29), datetime(2027, 6, 1)) == datetime(2024, 2, 29)


# Names


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("mail.log", Name("mail.log", None, None)),
        ("mail.log.1", Name("mail.log", 1, None)),
        ("mail.log.12.gz", Name("mail.log", 12, None)),
        ("mail.1.log", Name("mail.log", 1, None)),
        ("maillog-20260308", Name("maillog", None, datetime(2026, 3, 8))),
        ("mail.log-20260302.gz", Name("mail.log", None, datetime(2026, 3, 2))),
        ("mail.log-2026-03-02.xz", Name("mail.log", None, datetime(2026, 3, 2))),
        ("mail-20260302.log", Name("mail.log", None, datetime(2026, 3, 2))),
        ("mail.log-2026030206.gz", Name("mail.log", None, datetime(2026, 3, 2, 6))),
        ("mail.log.20260302-061200", Name("mail.log", None, datetime(2026, 3, 2, 6, 12))),
        ("mail.log-1772431920", Name("mail.log", None, datetime(2026, 3, 2, 6, 12))),
        ("mail.log-2026-03", Name("mail.log", None, datetime(2026, 3, 31))),
        ("mail.log-20269999", Name("mail.log-20269999", None, None)),
        ("mail.log.bak", Name("mail.log.bak", None, None)),
        ("", Name("", None, None)),
    ],
)
def test_names(filename: str, name: Name) -> None:
    """Rotation numbers and dates as logrotate, newsyslog and postfix logrotate write them."""
    assert parse_name(filename) == name


@given(st.text(alphabet="mail.log-_0123456789TZgz", max_size=40))
def test_names_never_raise(filename: str) -> None:
    """Any name is some name."""
    parse_name(filename)


# Order


def test_content_decides_where_stamps_are_complete(tmp_path: Path) -> None:
    """Misleading names and modification times change nothing."""
    assert ranked(
        tmp_path,
        {
            "mail.log": ("2026-03-01T00:00:00+00:00", at(2026, 3, 9)),
            "mail.log.1": ("2026-03-03T00:00:00+00:00", at(2026, 3, 1)),
            "mail.log.2.gz": ("2026-03-02T00:00:00+00:00", at(2026, 3, 5)),
        },
    ) == [("mail.log", "2026-03-01"), ("mail.log.2.gz", "2026-03-02"), ("mail.log.1", "2026-03-03")]


def test_mixed_names_of_one_log(tmp_path: Path) -> None:
    """Numbers, dates, packed or not, in two directories' worth of names: by first stamp."""
    assert [name for name, _ in ranked(
        tmp_path,
        {
            "mail.log": ("2026-03-09T00:00:05+01:00", at(2026, 3, 9)),
            "mail.log-20260302.gz": ("2026-02-23T00:00:05+01:00", at(2026, 3, 9)),
            "maillog-20260308": ("2026-03-02T00:00:05+01:00", at(2026, 3, 9)),
            "mail.log.2.gz": ("Feb 16 00:00:05", at(2026, 2, 23)),
        },
    )] == ["mail.log.2.gz", "mail.log-20260302.gz", "maillog-20260308", "mail.log"]  # fmt: skip


def test_zones_count_in_utc(tmp_path: Path) -> None:
    """At the end of summer time the same wall clock comes twice."""
    assert [name for name, _ in ranked(
        tmp_path,
        {
            "mail.log": ("2026-10-25T03:00:00+02:00", at(2026, 10, 25)),
            "mail.log.1": ("2026-10-25T03:30:00+03:00", at(2026, 10, 25)),
        },
    )] == ["mail.log.1", "mail.log"]  # fmt: skip


def test_new_year_within_a_set(tmp_path: Path) -> None:
    """28 December in mail.log.1 belongs to the year before 3 January in mail.log."""
    files = {"mail.log": ("Jan  3 00:00:05", at(2026, 1, 9)), "mail.log.1": ("Dec 28 00:00:05", at(2026, 1, 3)),
             "mail.log.2.gz": ("Dec 21 00:00:05", at(2025, 12, 28))}  # fmt: skip
    expected = [("mail.log.2.gz", "2025-12-21"), ("mail.log.1", "2025-12-28"), ("mail.log", "2026-01-03")]
    assert ranked(tmp_path, files) == expected
    fresh = {name: (stamp, at(2026, 6, 1)) for name, (stamp, _) in files.items()}
    assert ranked(tmp_path, fresh) == expected


@pytest.mark.parametrize("names", list(itertools.permutations(["mail.log", "mail.log.1", "mail.log.2.gz"])))
def test_copied_files_go_by_rotation_where_the_year_is_open(tmp_path: Path, names: list[str]) -> None:
    """All times alike and in the midst of the log: the numbers tell that July is the youngest, so all is last year."""
    stamps = {"mail.log": "Jul 20 00:00:05", "mail.log.1": "Jun 20 00:00:05", "mail.log.2.gz": "May 20 00:00:05"}
    files = {name: (stamps[name], at(2026, 6, 30)) for name in names}
    assert ranked(tmp_path, files) == [
        ("mail.log.2.gz", "2025-05-20"), ("mail.log.1", "2025-06-20"), ("mail.log", "2025-07-20")
    ]  # fmt: skip


def test_distinct_times_win_over_names(tmp_path: Path) -> None:
    """Real modification times tell the years, whatever the files are called."""
    files = {"mail.log": ("Jul 20 00:00:05", at(2025, 7, 27)), "mail.log.1": ("Jun 20 00:00:05", at(2026, 6, 27))}
    assert ranked(tmp_path, files) == [("mail.log", "2025-07-20"), ("mail.log.1", "2026-06-20")]


def test_misleading_numbers_do_not_move_a_file_by_a_year(tmp_path: Path) -> None:
    """Neighbours a day apart stay a day apart: content decides."""
    files = {"mail.log": ("Mar  1 00:00:05", at(2026, 6, 30)), "mail.log.1": ("Mar  2 00:00:05", at(2026, 6, 30))}
    assert ranked(tmp_path, files) == [("mail.log", "2026-03-01"), ("mail.log.1", "2026-03-02")]


def test_dated_names_tell_the_year(tmp_path: Path) -> None:
    """Also where the modification time is that of a copy."""
    files = {
        "mail.log-20240106": ("Dec 30 00:00:05", at(2026, 6, 30)),
        "mail.log-20240113": ("Jan  6 00:00:05", at(2026, 6, 30)),
    }
    assert ranked(tmp_path, files) == [("mail.log-20240106", "2023-12-30"), ("mail.log-20240113", "2024-01-06")]


def test_gzip_header_tells_the_year(tmp_path: Path) -> None:
    """It keeps the time of the original; ``until`` gives it to who dates the lines."""
    path = tmp_path / "mail.log.2.gz"
    path.write_bytes(gzip.compress(b"Dec 30 00:00:05" + TAIL, mtime=at(2024, 1, 6)))
    (source,) = open_sources([str(path)]).sources
    assert (source.first, source.year_from, source.until) == (
        datetime(2023, 12, 30, 0, 0, 5),
        "gzip header",
        at(2024, 1, 6),
    )


def test_year_given(tmp_path: Path) -> None:
    """The year that the user gives is the last one."""
    files = {"a.log": ("Nov  1 00:00:05", at(2026, 6, 30)), "b.log": ("Feb  1 00:00:05", at(2026, 6, 30))}
    assert ranked(tmp_path, files) == [("a.log", "2025-11-01"), ("b.log", "2026-02-01")]
    assert ranked(tmp_path, files, year=2024) == [("b.log", "2024-02-01"), ("a.log", "2024-11-01")]


def test_stamp_may_be_a_day_after_the_modification_time(tmp_path: Path) -> None:
    """A wall clock ahead of UTC is no reason to go back a year."""
    assert ranked(tmp_path, {"mail.log": ("Mar  3 08:00:00", at(2026, 3, 2, 20))}) == [("mail.log", "2026-03-03")]


def test_equal_stamps_go_by_rotation_then_by_order_given(tmp_path: Path) -> None:
    """The same first second in two files: the older by name first."""
    stamp = ("2026-03-02T06:12:00+00:00", at(2026, 3, 9))
    files = {"mail.log": stamp, "mail.log.1": stamp, "mail.log.10.gz": stamp, "mail.log.2.gz": stamp}
    assert [name for name, _ in ranked(tmp_path, files)] == [
        "mail.log.10.gz",
        "mail.log.2.gz",
        "mail.log.1",
        "mail.log",
    ]


def test_file_without_stamp_stands_at_its_modification_time(tmp_path: Path) -> None:
    """Junk is read too, in some definite place."""
    files = {
        "b": ("2026-03-04T00:00:00Z", at(2026, 3, 9)),
        "junk": ("no stamp", at(2026, 3, 3)),
        "a": ("2026-03-02T00:00:00Z", at(2026, 3, 9)),
    }
    assert [name for name, _ in ranked(tmp_path, files)] == ["a", "junk", "b"]


def test_first_stamp_may_come_late(tmp_path: Path) -> None:
    """Lines without a stamp, NULs and blank lines before it do not hide it."""
    late, path = tmp_path / "mail.log.1", tmp_path / "mail.log"
    late.write_bytes(b"\n-- Logs begin --\n" + b"x" * 300_000 + b"\n" + b"\0" * 3_000_000 + b"Mar  1 00:00:05" + TAIL)
    path.write_bytes(b"Mar  2 00:00:05" + TAIL)
    assert [Path(s.name).name for s in open_sources([str(path), str(late)]).sources] == ["mail.log.1", "mail.log"]


def test_streams_take_the_present() -> None:
    """Without a modification time the bound is now."""
    stream = Source("stdin", first=datetime(1972, 12, 30), rereadable=False)
    order([stream], now=datetime(2026, 1, 2))
    assert (stream.first, stream.year_from, stream.rank) == (datetime(2025, 12, 30), "now", 0)


def test_impossible_modification_times_are_no_evidence(tmp_path: Path) -> None:
    """1970 and 1980 are defaults of archives, not times."""
    ((_, day),) = ranked(tmp_path, {"mail.log": ("Mar  2 00:00:05", at(1980, 1, 1))})
    assert int(day[:4]) >= datetime.now(UTC).year - 1


@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=8),
    st.datetimes(datetime(2005, 1, 1), datetime(2026, 1, 1)),
    st.integers(0, 500),
)
def test_rotated_set_within_a_year_always_orders(steps: list[int], start: datetime, later: int) -> None:
    """Yearless files of up to 240 days, all copied at one moment *later* days after: the order is theirs."""
    times = [start.replace(microsecond=0)]
    for step in steps:
        times.append(datetime.fromtimestamp(times[-1].timestamp() + step * 86400))
    copied = times[-1].replace(tzinfo=UTC).timestamp() + later * 86400
    sources = []
    for age, time in enumerate(reversed(times)):
        try:
            first = time.replace(year=1972)
        except ValueError:
            return
        path = "/x/mail.log" + (f".{age}" if age else "")
        sources.append(Source(path, path=path, mtime=copied, first=first))
    ranked_paths = [source.path for source in order(sorted(sources, key=lambda s: str(s.first)))]
    assert ranked_paths == [source.path for source in reversed(sources)]
