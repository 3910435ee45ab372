"""The reference core: block -> lines -> envelope -> message family -> Arrow batches. The contract is ``logtune.parse``.

It is the specification that a native core is compared with, and the fallback where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import pyarrow as pa

from logtune import schema
from logtune.parse import Columns, Counts, ParsedBlock, Tag, envelope
from logtune.parse.families import READERS, Family, filters, loss, read_postfix
from logtune.parse.families.common import integer, number
from logtune.parse.records import TABLE_OF, Notice, Record, Unrecognised
from logtune.postfix.families import FAMILIES, FILTERS, FOREIGN_OWNERS, SYSLOGS, UNSLASHED

TEXT_LIMIT = 2000
"""So many characters of a line are kept in ``unrecognised``; Postfix cuts its own lines at about 2,040 bytes."""

LINE_LIMIT = 8_192
"""A longer line is not read further: Postfix writes 2,040 bytes, rsyslog 8,192. Guards against slow patterns."""

NO_HEADER = "no syslog header"
TOO_LONG = "line too long"

_REPEATED = re.compile(r"(?:--- )?last message repeated ([0-9]+) times?", re.ASCII)
_REPEATED_TEXT = re.compile(r"message repeated ([0-9]+) times?: \[ ?(.*?)\]?\Z", re.ASCII | re.DOTALL)
_SOLARIS = re.compile(r"\[ID [0-9]+ [\w.]+\] ?", re.ASCII)
_BLANK = " \t\r\0\v\f"


class Program(NamedTuple):
    """Who logs under a tag. ``reader`` is null for what is not Postfix; ``filter``, ``syslog``: what else it is."""

    instance: str | None
    service: str | None
    daemon: str | None
    reader: Family | None
    filter: str | None
    syslog: bool


_NOBODY = Program(None, None, None, None, None, False)


class _Row(NamedTuple):
    """What one line became, before the common columns."""

    queue_id: str | None
    repeat: int | None
    record: Record


def parse_block(
    block: bytes, base_position: int, columns: Columns | None = None, tags: Mapping[str, Tag] | None = None
) -> ParsedBlock:
    """See :func:`logtune.parse.parse_block`."""
    rows: dict[type[Record], list[tuple[object, ...]]] = {kind: [] for kind in TABLE_OF}
    wanted = {kind for kind, table in TABLE_OF.items() if columns is None or table in columns}
    programs: dict[str | None, Program] = {None: _NOBODY}
    position, blank, not_postfix, recognised = base_position, 0, 0, 0
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for raw in lines:
        here, position = position, position + len(raw) + 1
        line = raw[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r\0")
        head = envelope.read(line)
        if head is None:
            if not line.strip(_BLANK):
                blank += 1
                continue
            head, program, row = _NO_ENVELOPE, _NOBODY, _Row(None, None, Unrecognised(line[:TEXT_LIMIT], NO_HEADER))
        else:
            program = programs.get(head.tag) or programs.setdefault(head.tag, _program(head.tag or "", tags))
            row = _read(head.text, program, line) if len(raw) <= LINE_LIMIT else _too_long(line, program)
        queue_id, repeat, record = row
        kind = type(record)
        if kind is not Unrecognised:
            recognised += 1
        elif record.why == schema.NOT_POSTFIX:  # type: ignore[union-attr]
            not_postfix += 1
        if kind in wanted:
            stamp, host, _, pid, _ = head
            who = program[:3]
            rows[kind].append((stamp.ts, here, host, *who, integer(pid), queue_id, repeat, stamp.lacks, *record))
    counts = Counts(len(lines), recognised, len(lines) - recognised - blank, blank, not_postfix)
    batches = {TABLE_OF[kind]: _batch(kind, columns, found) for kind, found in rows.items() if found}
    return ParsedBlock(batches, counts)


_NO_ENVELOPE = envelope.Envelope(envelope.UNREADABLE, None, None, None, "")


def _program(tag: str, tags: Mapping[str, Tag] | None) -> Program:
    """Who *tag* is: the site's own map first, then ``instance/service/daemon``, then filters and syslog daemons."""
    if tags is not None and tag in tags:
        own = tags[tag]
        return Program(own.instance, own.service, own.daemon, READERS[FAMILIES.get(own.daemon, "other")], None, False)
    parts = tag.split("/")
    daemon = parts[-1]
    if len(parts) > 1 and daemon in FAMILIES and parts[0] not in FOREIGN_OWNERS:
        return Program(parts[0] or None, "/".join(parts[1:-1]) or None, daemon, READERS[FAMILIES[daemon]], None, False)
    if tag in UNSLASHED:
        return Program(tag, None, tag, READERS[FAMILIES[tag]], None, False)
    return Program(tag, None, None, None, FILTERS.get(tag), tag.startswith(SYSLOGS))


def _read(text: str, program: Program, line: str) -> _Row:
    """Row of a line whose envelope could be read."""
    if program.reader is not None:
        return _read_text(text, program.reader, program, line)
    if program.filter is not None:
        verdict = filters.read(program.filter, text)
        if verdict is not None:
            return _Row(verdict[0], None, verdict[1])
    if program.syslog:
        lost = loss.read(text, None)
        if lost is not None:
            return _Row(None, None, lost)
    repeated = _REPEATED.match(text)
    if repeated is not None:
        return _Row(None, None, Notice("other", value=number(repeated[1]), text=text))
    return _Row(None, None, Unrecognised(None, schema.NOT_POSTFIX))


def _read_text(text: str, reader: Family, program: Program, line: str) -> _Row:
    """Row of a Postfix line; ``message repeated N times: [ text]`` is the row of *text* itself."""
    repeat = None
    if text.startswith("[ID "):
        text = _SOLARIS.sub("", text, count=1)
    if text.startswith("message repeated "):
        repeated = _REPEATED_TEXT.match(text)
        if repeated is not None:
            repeat, text = integer(repeated[1]), repeated[2]
    known = read_postfix(text, reader)
    if known is not None:
        return _Row(known[0], repeat, known[1])
    return _Row(None, repeat, Unrecognised(line[:TEXT_LIMIT], f"unknown {program.daemon} text"))


def _too_long(line: str, program: Program) -> _Row:
    """A line that nobody should have written; another program's is still not Postfix."""
    if program.reader is None:
        return _Row(None, None, Unrecognised(None, schema.NOT_POSTFIX))
    return _Row(None, None, Unrecognised(line[:TEXT_LIMIT], TOO_LONG))


_COMMON = ("ts", "position", "host", "instance", "service", "daemon", "pid", "queue_id", "repeat", "stamp")


def _batch(kind: type[Record], columns: Columns | None, rows: list[tuple[object, ...]]) -> pa.RecordBatch:
    """Rows of one table to a batch with the schema that was asked for."""
    table = TABLE_OF[kind]
    wanted: Collection[str] | None = None if columns is None else columns[table]
    target = schema.parsed_schema(table, wanted)
    by_name = dict(zip(_COMMON + kind._fields, zip(*rows, strict=True), strict=True))
    return pa.RecordBatch.from_arrays([_array(by_name[field.name], field.type) for field in target], schema=target)


def _array(values: tuple[object, ...], type_: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(type_):
        return pa.array(values, type_.value_type).dictionary_encode()
    return pa.array(values, type_)
