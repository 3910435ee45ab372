"""Journal entries to text lines, as rsyslog would have written them.

Told by content: ``journalctl -o json`` (one object a line), ``-o json-seq`` and ``-o json-sse`` (a prefix before each),
and ``-o export`` (blocks of ``KEY=value``; systemd's JOURNAL_EXPORT_FORMATS). Fields are described in
systemd.journal-fields(7). An entry becomes

    2026-03-02T06:12:00.123456+00:00 host tag[pid]: MESSAGE

with control characters shown as ``#012`` (rsyslog's $EscapeControlCharactersOnReceive). Lines that are no readable
entry pass as they are, so that the parser counts them. That includes entries whose MESSAGE is null: journalctl leaves
out what is longer than 4,096 bytes unless it is called with ``--all``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?[\x1e ]*(?:data: )?(?=\{)")  # json-seq: RFC 7464; json-sse: event stream
_MARKS = (b'"MESSAGE"', b'"__REALTIME_TIMESTAMP"', b'"_SOURCE_REALTIME_TIMESTAMP"')
_EXPORT_FIRST = re.compile(rb"__(?:CURSOR|REALTIME_TIMESTAMP|MONOTONIC_TIMESTAMP|SEQNUM)=")
_FIELD_NAME = re.compile(rb"[A-Z0-9_]{1,64}")
_LINE = re.compile(rb"[^\n]*\n")
_MOST = 1 << 26  # bytes of one entry; journald itself limits fields to 768 MB and lines to 48 kB
_SIZE_BYTES = 8

_WANTED = frozenset(
    b"MESSAGE _HOSTNAME SYSLOG_IDENTIFIER _COMM SYSLOG_PID _PID __REALTIME_TIMESTAMP _SOURCE_REALTIME_TIMESTAMP".split()
)


def flavour(line: bytes) -> str | None:
    """``json`` or ``export`` if *line*, the first one that is not blank, begins a journal; else None."""
    if _EXPORT_FIRST.match(line):
        return "export"
    return "json" if _PREFIX.match(line) and any(mark in line for mark in _MARKS) else None


def to_text(kind: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Text of the entries in *chunks*, some lines at a time."""
    return _export_text(chunks) if kind == "export" else _json_text(chunks)


def _json_text(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            held.append(chunk[:end])
            yield b"".join(map(json_line, _LINE.findall(b"".join(held))))
            held = []
        if chunk[end:]:
            held.append(chunk[end:])
        if sum(map(len, held)) > _MOST:
            yield b"".join(held)
            held = []
    if held:
        yield json_line(b"".join(held))


def json_line(line: bytes) -> bytes:
    """Text line for one line of JSON output; *line* itself where it is no entry. Keeps the line end."""
    prefix = _PREFIX.match(line)
    if prefix is None:
        return line
    try:
        entry = json.loads(line[prefix.end() :])
    except (ValueError, RecursionError):  # cut lines; a hostile nest of brackets
        return line
    text = entry_text({key: _json_value(entry.get(key)) for key in _NAMES}) if isinstance(entry, dict) else None
    return line if text is None else text + (b"\n" if line.endswith(b"\n") else b"")


_NAMES = {name.decode() for name in _WANTED}


def _json_value(value: Any) -> bytes | None:
    """A field: text, an array of bytes where it is not UTF-8, or an array of several values (the first counts)."""
    if isinstance(value, list) and value and not isinstance(value[0], int):
        value = value[0]
    if isinstance(value, list):
        try:
            return bytes(value)
        except (ValueError, TypeError):
            return None
    return value.encode("utf-8", "replace") if isinstance(value, str) else None


def entry_text(fields: Mapping[str, bytes | None]) -> bytes | None:
    """Text line without its end for the *fields* of an entry; None where time or message is missing."""
    stamp = _stamp(fields.get("__REALTIME_TIMESTAMP") or fields.get("_SOURCE_REALTIME_TIMESTAMP"))
    message = fields.get("MESSAGE")
    if stamp is None or message is None:
        return None
    host = _word(fields.get("_HOSTNAME")) or b"-"
    tag = _word(fields.get("SYSLOG_IDENTIFIER")) or _word(fields.get("_COMM")) or b"unknown"
    pid = _word(fields.get("SYSLOG_PID")) or _word(fields.get("_PID"))
    return b"%s %s %s%s: %s" % (stamp, host, tag, b"[%s]" % pid if pid else b"", _shown(message.rstrip(b"\n")))


def _stamp(microseconds: bytes | None) -> bytes | None:
    try:
        moment = _EPOCH + timedelta(microseconds=int(microseconds or b""))
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC).isoformat(timespec="microseconds").encode()


def _shown(text: bytes) -> bytes:
    return _CONTROL.sub(lambda found: b"#%03o" % found[0][0], text)


def _word(text: bytes | None) -> bytes:
    """Host, tag and pid end at a blank in a text line: none may stand inside."""
    return _shown(text or b"").replace(b" ", b"_")


def _export_text(chunks: Iterable[bytes]) -> Iterator[bytes]:
    reader = _Export(iter(chunks))
    while (entry := reader.entry()) is not None:
        yield entry


class _Export:
    """Reads export entries: ``KEY=value`` lines, or ``KEY``, 64 bits of size (little-endian), bytes; then a blank."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = b""
        self._at = 0

    def _need(self, enough: Callable[[], bool]) -> bool:
        """Read on until *enough*; False where the input ends, or holds too much without it."""
        while not enough():
            chunk = next(self._chunks, None)
            if chunk is None or len(self._held) - self._at > _MOST:
                return False
            self._held = self._held[self._at :] + chunk
            self._at = 0
        return True

    def _line(self) -> bytes | None:
        """Next line with its end (the last may lack it); None at the end of the input."""
        self._need(lambda: self._held.find(b"\n", self._at) >= 0)
        end = self._held.find(b"\n", self._at) + 1 or len(self._held)
        line = self._held[self._at : end]
        self._at = end
        return line or None

    def _binary(self) -> bytes | None:
        if not self._need(lambda: len(self._held) - self._at >= _SIZE_BYTES):
            return None
        size = int.from_bytes(self._held[self._at : self._at + _SIZE_BYTES], "little")
        whole = _SIZE_BYTES + size + 1  # and a newline
        if size > _MOST or not self._need(lambda: len(self._held) - self._at >= whole):
            return None
        value = self._held[self._at + _SIZE_BYTES : self._at + whole - 1]
        self._at += whole
        return value

    def entry(self) -> bytes | None:
        """Text for the next entry (lines that are none pass as they are); None at the end of the input."""
        fields: dict[str, bytes | None] = {}
        strange, seen = b"", 0
        while (line := self._line()) is not None and line != b"\n":
            name, equals, value = line.rstrip(b"\n").partition(b"=")
            if not _FIELD_NAME.fullmatch(name):
                strange += line
                continue
            seen += 1
            content = value if equals else self._binary()
            if name in _WANTED:
                fields.setdefault(name.decode(), content)
        if line is None and not seen and not strange:
            return None
        text = entry_text(fields)
        return strange + (text + b"\n" if text is not None else self._unread(fields, seen))

    @staticmethod
    def _unread(fields: Mapping[str, bytes | None], seen: int) -> bytes:
        """An entry without time or message, on one line, so that it is counted as one."""
        shown = (b"%s=%s" % (name.encode(), _shown(value or b"")) for name, value in fields.items())
        return b"journal entry without message: " + b" ".join(shown) + b"\n" if seen else b""
