"""``logtune ingest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logtune.cli import checks, options
from logtune.cli.ahead import import_for_arrow
from logtune.cli.errors import Failure, tell
from logtune.cli.exit_codes import ExitCode
from logtune.cli.progress import progress_bar
from logtune.cli.reading import choose_core, default_paths, store_failure

if TYPE_CHECKING:
    from logtune.store.ingest import Ingested

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATHS",
        show_default=False,
        help="Log files, rotated and packed ones too: each line is taken once. Default: the system's mail log.",
    ),
]
Folder = Annotated[str, typer.Option("--store", metavar="DIR", help="Where to keep it; made where it is not there.")]
Year = Annotated[
    int | None,
    typer.Option("--year", min=1970, max=2200, help="Year of the first line where stamps have none, as of report."),
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", callback=checks.zone, help="Time zone of stamps without one; kept in DIR."),
]
Config = Annotated[str | None, typer.Option("--config", metavar="FILE", help="Configuration file: reply texts, tags.")]
Wait = Annotated[
    float, typer.Option("--wait", min=0, metavar="SECONDS", help="Wait so long for another ingest to end.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing where all went well.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress bar on stderr.")]


def ingest(
    store: Folder,
    paths: Paths = None,
    year: Year = None,
    tz: Zone = None,
    config: Config = None,
    wait: Wait = 0.0,
    quiet: Quiet = False,
    no_progress: NoProgress = False,
    debug: options.Debug = False,
) -> None:
    """Take what is new in logs into a store, each line once.

    Name the rotated files too (mail.log*): what was read before is recognised, whatever it is called now. A run that
    is killed loses nothing. All commands take --store DIR instead of PATHS.
    """
    del debug  # its callback has done it
    choose_core()
    import_for_arrow()
    if paths and "-" in paths:
        raise Failure("ingest cannot tell which lines of a stream it has: save them to a file.", code=ExitCode.USAGE)
    done = _ingested(paths or default_paths(), store, year, tz, config, wait, no_progress)
    problems = [p for p in done.problems if not p.harmless]
    for problem in problems:
        tell(f"{problem.name}: {problem.reason.rstrip('.')}.", [problem.advice] if problem.advice else [])
    for sentence in done.loss:
        tell(f"{sentence}.", ["Name rotated files too: mail.log*. What is in one of them is taken by the next run."])
    if not quiet:
        _tell_done(done, store)
    if problems:
        raise typer.Exit(ExitCode.PARTLY_READ if done.looked_at else ExitCode.NOTHING_READ)


def _ingested(
    paths: list[str], folder: str, year: int | None, tz: str | None, config: str | None, wait: float, no_progress: bool
) -> Ingested:
    from zoneinfo import ZoneInfo

    from logtune.config import ConfigError, load
    from logtune.store import StoreError
    from logtune.store.ingest import ingest as run

    try:
        settings = load(config)
    except ConfigError as error:
        raise Failure(f"{error}.", code=ExitCode.CONFIG_ERROR) from error
    try:
        with progress_bar(not no_progress) as progress:
            return run(paths, folder, ZoneInfo(tz) if tz else None, settings, year, wait, progress)
    except StoreError as error:
        raise store_failure(error) from error


def _tell_done(done: Ingested, folder: str) -> None:
    if not done.lines:
        typer.echo(f"nothing new for {folder}")
        return
    files = f"{len(done.sources)} file{'s' * (len(done.sources) != 1)}"
    typer.echo(f"{done.lines:,} new line{'s' * (done.lines != 1)} of {files} into {folder}")
