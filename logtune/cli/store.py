"""``logtune store info|prune|compact``."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logtune.cli import options
from logtune.cli.plain_values import PlainCommand
from logtune.cli.reading import store_failure

if TYPE_CHECKING:
    from logtune.store.upkeep import Info

app = typer.Typer(
    help="What a store holds; let go of old days; make few files of many.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class InfoFormat(StrEnum):
    """Forms of ``info``."""

    TEXT = "text"
    JSON = "json"


def _days(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}d", value):
        raise typer.BadParameter(f"{value!r}: expected a number of days such as 90d.")
    return value


Folder = Annotated[str, typer.Option("--store", metavar="DIR", help="The store.")]
Wait = Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait so long for another writer.")]
Keep = Annotated[
    str, typer.Option("--keep", metavar="DAYS", callback=_days, help="Days before today that stay: 90d. Days in UTC.")
]
Form = Annotated[InfoFormat, typer.Option("--format", "-f", help="Form of the answer.")]


@app.command(cls=PlainCommand)
def info(store: Folder, form: Form = InfoFormat.TEXT, wait: Wait = 0.0, debug: options.Debug = False) -> None:
    """Days, hosts, rows, files and sources of a store."""
    del debug
    from logtune.store import StoreError, upkeep

    try:
        found = upkeep.info(store, wait)
    except StoreError as error:
        raise store_failure(error) from error
    if form is InfoFormat.JSON:
        from logtune.render import json

        typer.echo(json.text(_as_json(found), indent=2))
    else:
        for line in _as_text(found):
            typer.echo(line)


@app.command(cls=PlainCommand)
def prune(store: Folder, keep: Keep, wait: Wait = 0.0, debug: options.Debug = False) -> None:
    """Let go of the rows of days long ago."""
    del debug
    from datetime import UTC, datetime

    from logtune.store import StoreError, upkeep

    try:
        rows, size = upkeep.prune(store, int(keep[:-1]), datetime.now(UTC).date(), wait)
    except StoreError as error:
        raise store_failure(error) from error
    typer.echo(f"{rows:,} rows let go, {size / 1e6:,.1f} MB")


@app.command(cls=PlainCommand)
def compact(store: Folder, wait: Wait = 0.0, debug: options.Debug = False) -> None:
    """Make one file of all that a table has for a host and day."""
    del debug
    from logtune.store import StoreError, upkeep

    try:
        before, after = upkeep.compact(store, wait)
    except StoreError as error:
        raise store_failure(error) from error
    typer.echo(f"{before:,} parts became {after:,}")


def _as_json(found: Info) -> dict[str, Any]:
    return {
        "schema": "logtune.store/1",
        "store": found.folder,
        "version": found.version,
        "generation": found.generation,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "hosts": list(found.hosts),
        "lines": _lines(found),
        "rows": found.rows,
        "parts": found.parts,
        "bytes": found.bytes,
        "sources": [
            {"rank": rank, "name": name, "reached": reached, "problem": problem}
            for rank, name, reached, problem in found.sources
        ],
    }


def _lines(found: Info) -> int:
    return found.account.recognised + found.account.unrecognised + found.account.blank


def _as_text(found: Info) -> list[str]:
    from logtune.render.escape import visible

    days = f"{found.first_day} to {found.last_day} (UTC)" if found.first_day else "none"
    rows = ", ".join(f"{name} {number:,}" for name, number in found.rows.items() if number)
    shown = [
        f"Store     {visible(found.folder)}, version {found.version}, generation {found.generation:,}",
        f"Days      {days}",
        f"Hosts     {', '.join(visible(host or '(none)') for host in found.hosts) or 'none'}",
        f"Lines     {_lines(found):,}, of which {found.account.unrecognised:,} not understood",
        f"Rows      {rows or 'none'}",
        f"Files     {found.parts:,} parts, {found.bytes / 1e6:,.1f} MB",
        f"Sources   {len(found.sources):,}",
    ]
    for rank, name, reached, problem in found.sources:
        shown.append(f"  {rank:>5}  {reached:>15,} bytes  {visible(name)}{f': {visible(problem)}' if problem else ''}")
    return shown
