"""Journal exports become the text lines that rsyslog would have written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.sources import Sources, open_sources
from logtune.sources.journal import json_line, to_text

ENTRY: dict[str, Any] = {
    "__CURSOR": "s=0",
    "__REALTIME_TIMESTAMP": "1772431920123456",
    "_SOURCE_REALTIME_TIMESTAMP": "1772431920123400",
    "_HOSTNAME": "mx1",
    "SYSLOG_IDENTIFIER": "postfix/smtpd",
    "SYSLOG_PID": "811",
    "_PID": "812",
    "PRIORITY": "6",
    "MESSAGE": "connect from mail.example.com[192.0.2.7]",
}
LINE = b"2026-03-02T06:12:00.123456+00:00 mx1 postfix/smtpd[811]: connect from mail.example.com[192.0.2.7]\n"


def entry(**changes: Any) -> bytes:
    fields = {key: value for key, value in (ENTRY | changes).items() if value is not ...}
    return json.dumps(fields).encode() + b"\n"


def read(path: Path, data: bytes) -> Sources:
    path.write_bytes(data)
    return open_sources([str(path)])


def text(sources: Sources, size: int = 1 << 22) -> bytes:
    return b"".join(block.data for block in sources.blocks(size))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, LINE),
        ({"SYSLOG_PID": ...}, LINE.replace(b"811", b"812")),
        ({"SYSLOG_PID": ..., "_PID": ...}, LINE.replace(b"[811]", b"")),
        ({"__REALTIME_TIMESTAMP": ...}, LINE.replace(b"123456", b"123400")),
        ({"SYSLOG_IDENTIFIER": ..., "_COMM": "smtpd"}, LINE.replace(b"postfix/smtpd", b"smtpd")),
        ({"SYSLOG_IDENTIFIER": "my tag"}, LINE.replace(b"postfix/smtpd", b"my_tag")),
        ({"_HOSTNAME": ...}, LINE.replace(b"mx1", b"-")),
        ({"MESSAGE": list(b"helo=<\xff\xe9>")},
         LINE.replace(b"connect from mail.example.com[192.0.2.7]", b"helo=<\xff\xe9>")),
        ({"MESSAGE": ["one", "two"]}, LINE.replace(b"connect from mail.example.com[192.0.2.7]", b"one")),
        ({"MESSAGE": "a\nb\tc\x1b[31m\x7f é\n"},
         LINE.replace(b"connect from mail.example.com[192.0.2.7]", b"a#012b#011c#033[31m#177 \xc3\xa9")),
        ({"MESSAGE": ""}, LINE.replace(b"connect from mail.example.com[192.0.2.7]", b"")),
    ],
)  # fmt: skip
def test_entry_becomes_a_line(changes: dict[str, Any], line: bytes) -> None:
    """Time to the microsecond in UTC, host, tag, pid, message; control characters as rsyslog shows them."""
    assert json_line(entry(**changes)) == line


@pytest.mark.parametrize(
    "line",
    [
        entry()[:80] + b"\n",
        entry(MESSAGE=None),
        entry(MESSAGE=...),
        entry(__REALTIME_TIMESTAMP="soon", _SOURCE_REALTIME_TIMESTAMP=...),
        entry(__REALTIME_TIMESTAMP="9" * 30),
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b"plain text\n",
        b"\n",
        b"{}\n",
    ],
)
def test_what_is_no_entry_passes_as_it_is(line: bytes) -> None:
    """The parser counts it; nothing raises."""
    assert json_line(line) == line


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("size", [1, 50, 1 << 22])
def test_journal_is_told_by_content(tmp_path: Path, packed: bool, size: int) -> None:
    """Blank and broken lines first do not hide it; offsets count in the text; the last line may lack its end."""
    data = b"\n" + entry()[40:] + entry() * 3 + b"junk\n" + entry().rstrip(b"\n")
    sources = read(tmp_path / "mail.log", gzip.compress(data) if packed else data)
    expected = b"\n" + entry()[40:] + LINE * 3 + b"junk\n" + LINE.rstrip(b"\n")
    assert text(sources, size) == expected
    source = sources.sources[0]
    assert (source.format, source.bytes_read, source.problem) == ("journal", len(expected), None)
    assert (str(source.first), source.first_has_zone) == ("2026-03-02 06:12:00.123456", True)
    assert sources.line_at(1 + len(entry()[40:]) + len(LINE)) == LINE.rstrip(b"\n")


@pytest.mark.parametrize("prefix", [b"\x1e", b"data: ", b"\xef\xbb\xbf"])
def test_json_seq_and_event_streams(tmp_path: Path, prefix: bytes) -> None:
    """``-o json-seq`` and ``-o json-sse`` put something before each object."""
    assert text(read(tmp_path / "j", (prefix + entry()) * 2)) == LINE * 2


def test_journal_ranks_among_files_by_its_first_entry(tmp_path: Path) -> None:
    """Its time is exact, in UTC."""
    (tmp_path / "journal").write_bytes(entry())
    (tmp_path / "mail.log").write_bytes(LINE.replace(b"06:12", b"06:13"))
    sources = open_sources([str(tmp_path / "mail.log"), str(tmp_path / "journal")])
    assert [Path(s.name).name for s in sources.sources] == ["journal", "mail.log"]


def test_cut_journal(tmp_path: Path) -> None:
    """The part of an entry at the end of a cut file flows as a line of its own."""
    data = gzip.compress(entry() * 500)
    sources = read(tmp_path / "j.gz", data[:-12])
    lines = text(sources).split(b"\n")
    assert lines[0] + b"\n" == LINE
    assert sources.sources[0].problem is not None


def export(**changes: Any) -> bytes:
    fields = {key: value for key, value in (ENTRY | changes).items() if value is not ...}
    parts = []
    for key, value in fields.items():
        raw = value if isinstance(value, bytes) else value.encode()
        binary = b"\n" in raw
        parts.append(key.encode() + (b"\n" + len(raw).to_bytes(8, "little") if binary else b"=") + raw + b"\n")
    return b"".join(parts) + b"\n"


EXPORT = export() + export(MESSAGE=b"a\nb\n\nMESSAGE=c\xff") + export(MESSAGE=...) + b"junk\n\n" + export()
EXPORTED = (
    LINE
    + LINE.replace(b"connect from mail.example.com[192.0.2.7]", b"a#012b#012#012MESSAGE=c\xff")
    + b"journal entry without message: __REALTIME_TIMESTAMP=1772431920123456 "
    b"_SOURCE_REALTIME_TIMESTAMP=1772431920123400 _HOSTNAME=mx1 SYSLOG_IDENTIFIER=postfix/smtpd SYSLOG_PID=811 "
    b"_PID=812\n" + b"junk\n" + LINE
)


@given(st.lists(st.integers(0, len(EXPORT)), max_size=20))
def test_export_format_in_any_chunks(cuts: list[int]) -> None:
    """Fields with newlines carry their size; entries without a message are counted; junk flows."""
    chunks = [EXPORT[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(EXPORT)], strict=True)]
    assert b"".join(to_text("export", chunks)) == EXPORTED


def test_export_format_is_told_by_content(tmp_path: Path) -> None:
    """It begins with a cursor or a time."""
    sources = read(tmp_path / "j", EXPORT)
    assert text(sources, 30) == EXPORTED
    assert (sources.sources[0].format, str(sources.sources[0].first)) == ("journal", "2026-03-02 06:12:00.123456")
    assert sources.line_at(0) == LINE.rstrip(b"\n")


@given(st.binary(max_size=300), st.integers(0, len(EXPORT)))
def test_damaged_export_never_raises(junk: bytes, at: int) -> None:
    """Any bytes in the middle: the rest comes out somehow."""
    b"".join(to_text("export", [EXPORT[:at] + junk + EXPORT[at:]]))


@given(
    st.lists(st.one_of(st.just(entry()), st.just(entry()[:50] + b"\n"), st.binary(max_size=20)), max_size=8),
    st.integers(1, 90),
)
def test_json_in_any_chunks(parts: list[bytes], size: int) -> None:
    """Chunks may end anywhere; there are as many lines as before."""
    data = b"".join(parts)
    whole = b"".join(to_text("json", [data]))
    assert b"".join(to_text("json", [data[i : i + size] for i in range(0, len(data), size)])) == whole
    assert whole.count(b"\n") == data.count(b"\n")


def test_text_that_begins_with_a_brace_is_text(tmp_path: Path) -> None:
    """Only an object with a journal's fields makes a journal."""
    data = b'{"log":"Mar  2 06:12:00 x"}\n' + LINE
    sources = read(tmp_path / "mail.log", data)
    assert (text(sources), sources.sources[0].format) == (data, "text")
