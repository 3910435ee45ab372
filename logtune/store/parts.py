"""Parts: immutable Parquet files of the rows of one table, host and UTC day, ``parts/TABLE/day=D/host=H/NAME.parquet``.

A part is written under another name, forced to the disk and then renamed; it counts as soon as the catalogue names it.
Any engine can read the files, each with all columns of ``logtune.schema``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.store.catalogue import PARTS, Part
from logtune.store.errors import told
from logtune.store.trail import digest

ROW_GROUP = 122_880
COMPRESSION_LEVEL = 3
"""Of zstd: half the bytes of lz4, and still faster than parsing."""
NO_DAY = "1970-01-01"
"""Day of lines before the first one with a time."""
HOST_MOST = 120
"""Characters of a host name in a path; longer ones end in a digest."""


def write(folder: str, name: str, table: pa.Table) -> list[Part]:
    """Write the rows of *table*, which are in position order, one part a host and day. Raises ``StoreWriteError``."""
    made = []
    try:
        for host, day, rows in split(table):
            made.append(write_one(folder, name, host, day, rows))
    except BaseException:
        remove(folder, made)
        raise
    return made


def remove(folder: str, made: Sequence[Part]) -> None:
    """Take away parts that no catalogue names."""
    for part in made:
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, part.file))


def split(table: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    """(host, ISO day in UTC, rows) of *table*. A line without a time is of the day of the one before."""
    if not table.num_rows:
        return
    days = days_of(table["ts"])
    hosts = table["host"].unify_dictionaries().combine_chunks()
    hosts = hosts.chunk(0) if isinstance(hosts, pa.ChunkedArray) else hosts
    words = [*hosts.dictionary.to_pylist(), ""]
    codes = np.asarray(pc.fill_null(hosts.indices, len(words) - 1), dtype=np.int64)
    keys = days * len(words) + codes
    for key in np.unique(keys).tolist():
        rows = table if (keys == key).all() else table.filter(pa.array(keys == key))
        yield words[key % len(words)], iso(key // len(words)), rows


def days_of(ts: pa.ChunkedArray | pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Days since 1970 of times in UTC; where there is none that of the row before."""
    days = np.asarray(pc.fill_null(ts.cast(pa.int64()), -1), dtype=np.int64)
    known = np.asarray(ts.is_valid(), dtype=np.bool_)
    days = days // 86_400_000_000
    if known.all():
        return days
    place = np.maximum.accumulate(np.where(known, np.arange(len(days)), -1))
    first = days[known][0] if known.any() else 0
    return np.where(place >= 0, days[np.maximum(place, 0)], first)


def iso(day: int) -> str:
    """ISO date of a number of days since 1970."""
    return str(np.datetime64(day, "D"))


def write_one(folder: str, name: str, host: str, day: str, rows: pa.Table) -> Part:
    """Write one part. Raises ``StoreWriteError``."""
    import pyarrow.parquet as pq

    where = os.path.join(PARTS, name, f"day={day}", f"host={_slug(host)}")
    file = os.path.join(where, f"{secrets.token_hex(8)}.parquet")
    path = os.path.join(folder, file)
    words = [f.name for f in rows.schema if pa.types.is_dictionary(f.type)]
    rising = [f.name for f in rows.schema if f.type in (pa.int64(), pa.timestamp("us"))]
    with told(folder):
        os.makedirs(os.path.join(folder, where), exist_ok=True)
        try:
            pq.write_table(
                rows, f"{path}.new", row_group_size=ROW_GROUP, use_dictionary=words, write_statistics=rising,
                compression="zstd", compression_level=COMPRESSION_LEVEL,
                column_encoding=dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
            )  # fmt: skip
            force(f"{path}.new")
            os.rename(f"{path}.new", path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(f"{path}.new")
            raise
        force(os.path.dirname(path))
        size = os.stat(path).st_size
    ends = pc.min_max(rows["position"]).as_py()
    units = [pc.min(rows[c]).as_py() for c in ("session", "message", "position")]
    least = min(unit for unit in units if unit is not None)
    return Part(file, name, host, day, rows.num_rows, size, ends["min"], ends["max"], least, schema.VERSION)


def force(path: str) -> None:
    """Have the system write a file, or the names in a directory, to the disk. Raises ``OSError``."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _slug(host: str) -> str:
    slug = quote(host, safe="")
    return slug if len(slug) <= HOST_MOST else f"{slug[:HOST_MOST]}-{digest(host.encode()).hex()}"


def read(folder: str, part: Part, target: pa.Schema) -> pa.Table:
    """The rows of *part* with the columns of *target*; null in columns that it lacks. Raises ``FileNotFoundError``."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(os.path.join(folder, part.file), memory_map=False) as file:
        there = set(file.schema_arrow.names)
        rows = file.read(columns=[name for name in target.names if name in there])
    columns = [rows[f.name] if f.name in there else pa.nulls(rows.num_rows, f.type) for f in target]
    return pa.table(columns, schema=pa.schema(target)).cast(target) if rows.schema != target else rows


def ordered(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of *tables* in position order, one chunk a column, dictionaries in order of appearance."""
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    position = np.asarray(whole["position"], dtype=np.int64)
    if (position[1:] < position[:-1]).any():
        whole = whole.take(pa.array(np.argsort(position, kind="stable")))
    return whole


def clusters(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """*parts*, sorted by their first rows, in runs that overlap: to have all rows in order, only these need sorting."""
    group: list[Part] = []
    last = -1
    for part in parts:
        if group and part.first > last:
            yield group
            group = []
        group.append(part)
        last = max(last, part.last)
    if group:
        yield group


def changed(table: pa.Table, column: str, cells: Mapping[int, int | None]) -> pa.Table:
    """*table* with other values of *column* in the rows at some positions."""
    position = np.asarray(table["position"], dtype=np.int64)
    mask = np.isin(position, np.fromiter(cells, dtype=np.int64))
    values = pa.array([cells[p] for p in position[mask].tolist()], table.schema.field(column).type)
    new = pc.replace_with_mask(table[column], pa.array(mask), values)
    return table.set_column(table.schema.get_field_index(column), column, new)
