"""Tables while a log is read: in memory, and beyond a limit in Parquet files of a private temporary directory.

Blocks come in position order and are gathered in groups of some hundred thousand rows. Beyond the limit whole groups
are written, the latest ones last, because later blocks still change cells of rows that were logged a moment ago
(``link.Late``); what changes in a file afterwards makes that file written anew. Narrow columns, fast compression,
dictionaries for words alone.

```
Room      how much memory tables and their joins may take, and where they go beyond it
Store     takes blocks and changes, gives tables
Reader    reads the rows of a store once they do not change any more
Spilled   a table in files; Stored is one in memory or in files
```
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune.link import Late

VARIABLE = "LOGTUNE_MEMORY"
"""Environment variable: megabytes for tables and their joins."""

MEMORY_MOST = 1 << 30
"""What is taken on a large machine where nothing else is asked for: a report should not push out the mail server."""
MEMORY_SHARE = 4
"""Of the machine's memory one part in so many, where that is less."""
JOINS_LEAST = 256 << 20
"""With less, DuckDB gives up on logs of a few megabytes instead of writing."""

JOINED_ROW = 30
"""So many bytes for each row of a log let DuckDB join relations without writing much. When relations were made after
reading, a report of 25 million lines took 1.2 GB in all with 30, 1.1 GB with 24 and 1.3 to 1.4 GB with 36."""

RELATED_ROW = 256
"""So many bytes for a row of the tables, what the native core knows of it (85 were measured) and what it makes."""
PARTS = 32
"""One part in so many of the memory is for what it makes at a time."""

GROUP_BYTES = 32 << 20
"""A group is closed at so many bytes of Arrow data: large enough to compress well, small beside any limit."""
LATEST = 2
"""So many groups stay in memory while others are written: late changes come within seconds of log time."""
READER_TAKES = 2
"""Beside a reader at work a store holds one part in so many of what it may else: the peak of a report is then."""
ROW_GROUP = 122_880
"""Rows of a Parquet row group: what DuckDB gives one thread at a time."""

WALL = "wall"
KEPT_FOR_CLOCK = (WALL, "stamp")
"""Columns beside those of the schema as long as a year may turn out wrong: the stamp as it was parsed."""

Times = Callable[[Mapping[str, pa.Table]], Mapping[str, pa.Array]]


class Reader(Protocol):
    """Reads the rows of a log, all tables up to one position and again up to a later one."""

    columns: Mapping[str, Sequence[str]]
    """Tables and columns that it reads."""

    def feed(self, rows: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        """Rows of the tables, which follow those before; they may have more columns."""


class ReadAlready(Exception):
    """Rows that the reader of a store has read should have other values."""


class SpillError(Exception):
    """Temporary files cannot be written: no space, no permission. The text says where and why."""


class Room:
    """How much memory (bytes) tables and their joins may take together, and the directory for what does not fit.

    The directory has mode 0700, is made when it is first asked for, and goes with this object or with the process.
    """

    def __init__(self, memory: int | None = None) -> None:
        self.memory = memory if memory is not None else default_memory()
        self.joins = max(self.memory // 2, JOINS_LEAST)
        """Bytes that DuckDB may take before it writes what it joins and sorts."""
        self._folder: str | None = None

    @property
    def tables(self) -> int:
        """Bytes of Arrow data that are held in memory before they are written."""
        return self.memory // 4

    def make_for(self, rows: int) -> None:
        """Give joins of many rows most of the memory: their tables are in files."""
        self.joins = max(self.joins, min(rows * JOINED_ROW, self.memory * 7 // 8))

    @property
    def related(self) -> int:
        """Rows of the tables of which the native core makes the relations at a time."""
        return self.memory // PARTS // RELATED_ROW

    def grow(self) -> bool:
        """Allow joins a quarter more; whether that leaves the machine something."""
        self.joins += self.joins // 4
        return self.joins <= machine_memory() // 2

    @property
    def folder(self) -> str:
        """The directory. Raises ``SpillError`` where it cannot be made."""
        if self._folder is None:
            with _told():
                self._folder = tempfile.mkdtemp(prefix="logtune-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


def default_memory() -> int:
    """Bytes from ``LOGTUNE_MEMORY`` (megabytes), else a share of the machine's memory. Raises ``ValueError``."""
    asked = os.environ.get(VARIABLE, "")
    if not asked:
        return min(MEMORY_MOST, machine_memory() // MEMORY_SHARE)
    if not asked.isdecimal() or int(asked) == 0:
        raise ValueError(f"{VARIABLE} is {asked!r}; expected a number of megabytes, such as 1024")
    return int(asked) << 20


def machine_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpillError(f"cannot write temporary files in {tempfile.gettempdir()}: {reason}") from error


@dataclass(frozen=True)
class Spilled:
    """A table in Parquet files, rows in position order. The files live as long as *room*."""

    schema: pa.Schema
    files: Sequence[str]
    num_rows: int
    room: Room = field(repr=False)

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The rows of one file after another, all columns or those named."""
        names = self.schema.names if columns is None else list(columns)
        for file in self.files:
            yield _read(file, names)

    def table(self) -> pa.Table:
        """All rows in memory."""
        return pa.concat_tables([*self.parts(), self.schema.empty_table()]).cast(self.schema)

    def scan(self) -> str:
        """SQL of DuckDB that gives the rows."""
        columns = ", ".join(f'"{name}"' for name in self.schema.names)
        files = ", ".join("'" + file.replace("'", "''") + "'" for file in self.files)
        return f"SELECT {columns} FROM read_parquet([{files}])"


Stored: TypeAlias = "pa.Table | Spilled"


def parts(table: Stored, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of *table* in position order, part by part, all columns or those named."""
    if isinstance(table, Spilled):
        yield from table.parts(columns)
    else:
        yield table if columns is None else table.select(list(columns))


def in_memory(table: Stored) -> pa.Table:
    """*table* as one Arrow table."""
    return table.table() if isinstance(table, Spilled) else table


@dataclass
class _Part:
    """The rows of one table in one group: in memory or in a file."""

    begin: int
    rows: int
    table: pa.Table | None
    file: str = ""

    def load(self) -> pa.Table:
        return _read(self.file) if self.table is None else self.table

    def keep(self, columns: Sequence[str], copied: bool) -> None:
        """Let the other columns go. A block's batch holds its memory as a whole, so that takes a copy."""
        table = self.load().select(columns)
        self.table = table.combine_chunks() if copied else table

    def replace(self, table: pa.Table) -> None:
        if self.table is None:
            _write(table, self.file)
        else:
            self.table = table


@dataclass
class _Group:
    guessed: int | None
    parts: dict[str, _Part]
    read: bool
    """Whether it was given to the reader, or there is none."""

    @property
    def in_memory(self) -> bool:
        return any(part.table is not None for part in self.parts.values())


class Store:
    """Takes the rows of a log block by block, and gives them as tables of *schemas*.

    A *reader* reads the rows too, beside the work on the blocks that follow: columns that only it needs are let go.
    """

    def __init__(self, schemas: Mapping[str, pa.Schema], room: Room, reader: Reader | None = None) -> None:
        self.schemas = schemas
        self.room = room
        self.reader = reader
        self._open: dict[str, list[pa.RecordBatch]] = {}
        self._open_bytes = 0
        self._open_guessed: int | None = None
        self._groups: list[_Group] = []
        self._rows = dict.fromkeys(schemas, 0)
        self._bytes = 0
        self._changes: dict[tuple[str, str], dict[int, int | None]] = {}
        self._numbers = count()
        self._writer: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def add(self, batches: Mapping[str, pa.RecordBatch], guessed: int | None = None) -> None:
        """Take the rows of a block: columns of the schema, and ``KEPT_FOR_CLOCK`` where the year of a source of rank
        *guessed* may turn out wrong. Raises ``SpillError``, and what the reader raises."""
        if guessed != self._open_guessed:
            self._close_group()
            self._open_guessed = guessed
        for name, batch in batches.items():
            if batch.num_rows:
                self._open.setdefault(name, []).append(batch)
                self._open_bytes += batch.nbytes
        if self._open_bytes >= min(GROUP_BYTES, self.room.tables // 4):
            self._close_group()

    def change(self, late: Late) -> None:
        """Cells of rows that were taken before have other values. Later changes win."""
        cells = self._changes.setdefault((late.table, late.column), {})
        cells.update(zip(late.rows.to_pylist(), late.values.to_pylist(), strict=True))

    def retime(self, rank: int, times: Times) -> None:
        """Give the rows of a source whose year was guessed other times: *times* of their parsed stamps.

        Raises ``ReadAlready`` where there is a reader.
        """
        if self.reader is not None:
            raise ReadAlready("the year of rows that were read was a wrong guess")
        self._close_group()
        self._settle()
        for group in self._groups:
            if group.guessed == rank:
                tables = {name: part.load() for name, part in group.parts.items()}
                stamps = {name: _stamps(table) for name, table in tables.items()}
                for name, ts in times(stamps).items():
                    group.parts[name].replace(_with(tables[name], "ts", ts))

    def tables(self) -> dict[str, Stored]:
        """All that was taken; ends the store. Raises ``SpillError``, ``ReadAlready``, and what the reader raises."""
        self._close_group()
        spilled = self._spilling
        for group in self._groups:
            self._put_away(group)
            for name in group.parts:
                self._put_changes(group, name)
        self._settle()
        if self._writer is not None:
            self._writer.shutdown()
        return {name: self._stored(name, schema, spilled) for name, schema in self.schemas.items()}

    @property
    def _spilling(self) -> bool:
        return self._bytes > self.room.tables // (1 if self.reader is None else READER_TAKES)

    def _stored(self, name: str, schema: pa.Schema, spilled: bool) -> Stored:
        found = [group.parts[name] for group in self._groups if name in group.parts]
        if spilled and found:
            return Spilled(schema, [part.file for part in found], self._rows[name], self.room)
        return pa.concat_tables([*(part.load().select(schema.names) for part in found), schema.empty_table()])

    def _close_group(self) -> None:
        if not self._open:
            return
        made: dict[str, _Part] = {}
        for name in list(self._open):
            table = pa.Table.from_batches(self._open.pop(name))
            made[name] = _Part(self._rows[name], table.num_rows, table)
            self._rows[name] += table.num_rows
            self._bytes += (table if self.reader is None else table.select(self.schemas[name].names)).nbytes
        self._groups.append(_Group(self._open_guessed, made, read=self.reader is None))
        self._open_bytes = 0
        for group in self._groups[:-LATEST]:
            self._put_away(group)

    def _put_away(self, group: _Group) -> None:
        """Give a group to the reader, and write it where there is too much to hold, beside the work on the blocks that
        follow: one at a time, for it stays in memory."""
        if group.read and not self._spilling:
            return
        self._settle()
        write = self._spilling and group.in_memory
        if group.read and not write:
            return
        for name in group.parts:
            self._put_changes(group, name)
        read, group.read = not group.read, True
        if write:
            number = next(self._numbers)
            for name, part in group.parts.items():
                part.file = os.path.join(self.room.folder, f"{name}-{number:05}.parquet")
        self._writer = self._writer or ThreadPoolExecutor(1, "spill")
        self._writing = self._writer.submit(self._put, dict(group.parts), read, write)

    def _put(self, parts: Mapping[str, _Part], read: bool, write: bool) -> None:
        if read and self.reader is not None:
            self.reader.feed({name: part.load().to_batches() for name, part in parts.items()})
            for name, part in parts.items():
                part.keep(self.schemas[name].names, copied=not write)
        for part in parts.values() if write else ():
            _write(part.load(), part.file)
            part.table = None

    def _settle(self) -> None:
        """Wait until what is being written is in its files. Raises ``SpillError``."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _is_read(self, name: str, column: str) -> bool:
        return self.reader is not None and column in self.reader.columns.get(name, ())

    def _put_changes(self, group: _Group, name: str) -> None:
        part = group.parts[name]
        end = part.begin + part.rows
        table: pa.Table | None = None
        for (changed, column), cells in self._changes.items():
            own = sorted(row for row in cells if part.begin <= row < end) if changed == name else []
            if own and group.read and self._is_read(name, column):
                raise ReadAlready(f"{column} of a row of {name} that was read is another one")
            if own and (column in self.schemas[name].names or self._is_read(name, column)):
                self._settle()
                table = part.load() if table is None else table
                values = [cells.pop(row) for row in own]
                table = _with(table, column, _changed(table[column], [row - part.begin for row in own], values))
        if table is not None:
            part.replace(table)


def _changed(column: pa.ChunkedArray, rows: Sequence[int], values: Sequence[int | None]) -> pa.ChunkedArray:
    mask = np.zeros(len(column), dtype=np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(values, column.type))


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def _stamps(table: pa.Table) -> pa.Table:
    """Position and stamp as they were parsed."""
    return pa.table({"position": table["position"], "ts": table[WALL], "stamp": table["stamp"]})


def _write(table: pa.Table, file: str) -> None:
    """lz4 takes two thirds of the time of zstd's first level; ids and times rise slowly, so their steps are kept.

    Each block has dictionaries of its own, and Arrow's writer goes on in plain text where it meets a second one.
    """
    import pyarrow.parquet as pq

    table = table.unify_dictionaries()
    words = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    rising = [field.name for field in table.schema if field.type in (pa.int64(), pa.timestamp("us"))]
    with _told():
        pq.write_table(
            table, file, row_group_size=ROW_GROUP, use_dictionary=words, write_statistics=rising, compression="lz4",
            column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
        )  # fmt: skip


def _read(file: str, columns: Sequence[str] | None = None) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(file, columns=columns, memory_map=False)
