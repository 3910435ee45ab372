"""``logtune parse``: every line as a row of its table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from logtune.cli import rows
from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Given, reads_logs
from logtune.cli.output import binary_output, text_output, whole_files
from logtune.cli.reading import finish, note_no_postfix_lines, open_log

if TYPE_CHECKING:
    import pyarrow as pa

    from logtune.api import MailLog


MEMORY = 96 << 20
"""Bytes for tables: rows only pass through, so a longer log needs no more."""

ROW_GROUP = 122_880
"""Rows of a Parquet row group that is written: what DuckDB gives one thread at a time."""
GROUP_BYTES = 4 << 20
"""Or so many bytes of them in memory."""


class TableName(StrEnum):
    """The seven tables; a test holds this against ``schema.TABLES``, which costs the import of Arrow."""

    DECISIONS = "decisions"
    CONNECTIONS = "connections"
    QUEUE = "queue"
    DELIVERIES = "deliveries"
    VERDICTS = "verdicts"
    NOTICES = "notices"
    UNRECOGNISED = "unrecognised"


class RowFormat(StrEnum):
    """Forms of rows."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


Form = Annotated[
    RowFormat,
    typer.Option("--format", "-f", help="jsonl: nulls left out; csv: with --table; parquet."),
]
OneTable = Annotated[TableName | None, typer.Option("--table", help="Only the rows of this table.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="File; for parquet without --table a directory."),
]


@reads_logs
def parse(given: Given, form: Form = RowFormat.JSONL, table: OneTable = None, output: Output = None) -> None:
    """Every line as a row: JSON lines, CSV or Parquet.

    Rows come in input order with the session, message and restriction they belong to. Times are UTC in ISO 8601
    with Z; position, source and offset name the line (see logtune lines).
    """
    to_folder = form is RowFormat.PARQUET and table is None
    _check(form, table, output)
    names = [str(table)] if table else [str(name) for name in TableName]
    log = open_log(given, None if to_folder else output, columns=_columns(names), memory=MEMORY)
    _WRITERS[form](log, names, output)
    note_no_postfix_lines(log)
    finish(log)


def _columns(names: Sequence[str]) -> dict[str, list[str]]:
    """All columns of the tables that are written."""
    from logtune import schema

    return {name: schema.arrow_schema(name).names for name in names}


def _check(form: RowFormat, table: TableName | None, output: str | None) -> None:
    if form is RowFormat.CSV and table is None:
        usage_error("--format csv needs --table: the tables have different columns.", f"One of {_names()}.")
    if form is not RowFormat.PARQUET:
        return
    if table is None and output is None:
        usage_error("--format parquet needs --output DIR (one file per table), or --table.")
    if table is None and output and os.path.exists(output) and not os.path.isdir(output):
        usage_error(f"--output {output} is no directory; parquet writes one file per table into it.")
    if output is None and sys.stdout.isatty():
        usage_error("Parquet is not written to a terminal; name a file with --output.")


def _names() -> str:
    return ", ".join(TableName)


def _with_place(log: MailLog, table: pa.Table) -> pa.Table:
    """*table* with ``source`` (name) and ``offset`` (bytes) after ``position``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from logtune.schema import SOURCE_SHIFT

    position = table["position"]
    rank = pc.shift_right(position, SOURCE_SHIFT).cast(pa.int32())
    offset = pc.bit_wise_and(position, (1 << SOURCE_SHIFT) - 1)
    by_rank = log.tables.sources
    names = pa.array([by_rank.get(i, "") for i in range(max(by_rank, default=-1) + 1)], pa.string())
    source = pa.chunked_array(
        [pa.DictionaryArray.from_arrays(c, names) for c in rank.chunks], pa.dictionary(pa.int32(), pa.string())
    )
    at = table.schema.get_field_index("position") + 1
    return table.add_column(at, "source", source).add_column(at + 1, "offset", offset)


def _write_jsonl(log: MailLog, names: Sequence[str], output: str | None) -> None:
    def encode(name: str, part: pa.Table) -> list[str]:
        return rows.json_objects(_with_place(log, part), f'"table":"{name}",', nulls=False)

    with text_output(output) as out:
        for lines in rows.in_position_order({name: log.parts(name) for name in names}, encode):
            out.write("\n".join(lines) + "\n")


def _write_csv(log: MailLog, names: Sequence[str], output: str | None) -> None:
    [name] = names
    with text_output(output) as out:
        out.write(rows.csv_header(_without_rows(log, name).column_names) + "\n")
        for chunk in (chunk for part in log.parts(name) for chunk in rows.chunks(part)):
            out.writelines(f"{line}\n" for line in rows.csv_lines(_with_place(log, chunk)))


def _without_rows(log: MailLog, name: str) -> pa.Table:
    from logtune import schema

    return _with_place(log, schema.arrow_schema(name).empty_table())


def _write_parquet(log: MailLog, names: Sequence[str], output: str | None) -> None:
    if output is None or len(names) == 1:
        with binary_output(output) as out:
            _write_table(log, names[0], out)
        return
    try:
        os.makedirs(output, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot make {output}: {error.strerror}.", code=ExitCode.OUTPUT_ERROR) from error
    with whole_files([os.path.join(output, f"{name}.parquet") for name in names]) as files:
        for name, file in zip(names, files, strict=True):
            _write_table(log, name, file)


def _write_table(log: MailLog, name: str, file: BinaryIO) -> None:
    """Row groups of several parts of the table: a file's list of them stays in memory until its end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _without_rows(log, name).schema
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for parts in _gathered(log.parts(name)):
            writer.write_table(_with_place(log, pa.concat_tables(parts)), row_group_size=ROW_GROUP)


def _gathered(parts: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    """*parts* in lists of about ``ROW_GROUP`` rows, or of ``GROUP_BYTES``."""
    held: list[pa.Table] = []
    for part in parts:
        held.append(part)
        if sum(p.num_rows for p in held) >= ROW_GROUP or sum(p.nbytes for p in held) >= GROUP_BYTES:
            yield held
            held = []
    if held:
        yield held


_WRITERS: dict[RowFormat, Callable[[MailLog, Sequence[str], str | None], None]] = {
    RowFormat.JSONL: _write_jsonl,
    RowFormat.CSV: _write_csv,
    RowFormat.PARQUET: _write_parquet,
}
