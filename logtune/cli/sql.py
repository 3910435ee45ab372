"""``logtune sql``."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from logtune.cli import rows
from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Given, OutputFile, reads_logs
from logtune.cli.output import binary_output, text_output
from logtune.cli.reading import finish, note_no_postfix_lines, open_log

if TYPE_CHECKING:
    import pyarrow as pa

    from logtune.api import MailLog

RELATIONS = ("sessions", "messages", "recipients", "flags")
"""Views over the tables (docs/relations.md), for the hint of an error."""


class SqlFormat(StrEnum):
    """Forms of a query's result."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


Query = Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, DESCRIBE or EXPLAIN in DuckDB's SQL.")]
Form = Annotated[
    SqlFormat,
    typer.Option("--format", "-f", help="Form of the result; text cuts cells at 60 columns."),
]


@reads_logs
def sql(query: Query, given: Given, form: Form = SqlFormat.TEXT, output: OutputFile = None) -> None:
    """Ask the tables and relations in SQL.

    For example: logtune sql 'SELECT outcome, count(*) FROM recipients GROUP BY 1'
    """
    _require_one_question(query)
    if form is SqlFormat.PARQUET and output is None and sys.stdout.isatty():
        usage_error("Parquet is not written to a terminal; name a file with --output.")
    log = open_log(given, output)
    result = _result(log, query)
    if form is SqlFormat.PARQUET:
        _write_parquet(result, output)
    else:
        with text_output(output) as out:
            _write(result, form, out)
    note_no_postfix_lines(log)
    finish(log, require_postfix=True)


def _require_one_question(query: str) -> None:
    """Refuse what is not one query before anything is read; the connection itself allows no access to files."""
    import duckdb

    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise _query_error(error) from error
    allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in allowed:
        raise Failure("one SELECT, DESCRIBE or EXPLAIN is expected; the log is only read.", code=ExitCode.QUERY_ERROR)


def _result(log: MailLog, query: str) -> pa.Table:
    import duckdb

    try:
        return log.arrow(query)
    except duckdb.Error as error:
        raise _query_error(error) from error


def _query_error(error: Exception) -> Failure:
    from logtune import schema

    first, *rest = str(error).splitlines() or [type(error).__name__]
    return Failure(
        first,
        *(line for line in rest if line.strip()),
        f"Tables: {', '.join(schema.TABLES)}.",
        f"Relations: {', '.join(RELATIONS)}. Columns: logtune sql 'DESCRIBE recipients' PATHS",
        code=ExitCode.QUERY_ERROR,
    )


def _write(result: pa.Table, form: SqlFormat, out: TextIO) -> None:
    if form is SqlFormat.TEXT:
        out.writelines(f"{line}\n" for line in rows.text_table(result))
    elif form is SqlFormat.CSV:
        out.write(rows.csv_header(result.column_names) + "\n")
        for chunk in rows.chunks(result):
            out.writelines(f"{line}\n" for line in rows.csv_lines(chunk))
    elif form is SqlFormat.JSONL:
        for chunk in rows.chunks(result):
            out.writelines(f"{line}\n" for line in rows.json_objects(chunk))
    else:
        _write_json_list(result, out)


def _write_parquet(result: pa.Table, output: str | None) -> None:
    """The result with its own types, as every engine reads it."""
    import pyarrow.parquet as pq

    with binary_output(output) as out:
        pq.write_table(result, out, compression="zstd")


def _write_json_list(result: pa.Table, out: TextIO) -> None:
    before = "[\n"
    for chunk in rows.chunks(result):
        for line in rows.json_objects(chunk):
            out.write(before + line)
            before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")
