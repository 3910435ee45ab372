"""From PATHS and options to a ``MailLog``: progress, what could not be read, and the exit code that follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import typer

from logtune.cli.ahead import import_for_arrow
from logtune.cli.errors import Failure, hide_with, tell, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Given
from logtune.cli.output import check_output
from logtune.cli.progress import progress_bar

if TYPE_CHECKING:
    from logtune.anonymize.rows import Anonymizer
    from logtune.api import MailLog
    from logtune.parse import Columns
    from logtune.sources import Problem

_JOURNAL_ADVICE = "journalctl -u 'postfix*' -o json | logtune report -"


def open_log(
    given: Given,
    output: str | None = None,
    top: int = 10,
    columns: Columns | None = None,
    memory: int | None = None,
    known: str | None = None,
) -> MailLog:
    """Read the logs that *given* names; stderr says what could not be read.

    *columns*, *memory* and *known* as of ``api.read``.

    Raises ``Failure`` where the configuration is wrong or *output* is one of the logs, and exits where nothing could
    be read.
    """
    from logtune import api
    from logtune.config import ConfigError
    from logtune.store import StoreError

    choose_core()
    import_for_arrow()
    try:
        hide_messages(given)
    except api.OptionError as error:
        raise Failure(f"{error}.", code=ExitCode.USAGE) from error
    paths = _paths(given)
    check_output(output, paths)
    try:
        with progress_bar(not given.no_progress) as progress:
            log = api.read(
                *paths, **given.filters, progress=progress, top=top, columns=columns, memory=memory, known=known,
                store=given.store,
            )  # fmt: skip
    except ConfigError as error:
        raise Failure(f"{error}.", code=ExitCode.CONFIG_ERROR) from error
    except api.OptionError as error:
        raise Failure(f"{error}.", code=ExitCode.USAGE) from error
    except StoreError as error:
        raise store_failure(error) from error
    check_output(output, [source.path for source in log.sources.sources if source.path])  # of directories and globs
    _tell_problems(log)
    return log


def hide_messages(given: Given) -> Anonymizer | None:
    """Put what --anonymize asks for in the way of stderr. Raises ``api.OptionError``."""
    from logtune import api

    hidden = api.anonymizer(given.anonymize and str(given.anonymize), given.key)
    if hidden is not None:
        hide_with(hidden.message)
    return hidden


def _paths(given: Given) -> list[str]:
    """The logs to read; none where a store stands for them."""
    if given.store is None:
        return given.paths or default_paths()
    if given.paths or given.year is not None:
        usage_error(
            "--store stands for PATHS and --year; both were given.", "logtune ingest PATHS --store DIR adds logs."
        )
    return []


def store_failure(error: Exception) -> Failure:
    """What is wrong with a store as the end of a command, with the exit code for it."""
    from logtune.store import StoreBusy, StoreWriteError

    if isinstance(error, StoreBusy):
        return Failure(f"{error}.", "Wait for it: --wait 600 (seconds).", code=ExitCode.STORE_BUSY)
    if isinstance(error, StoreWriteError):
        advice = "What was taken in before is safe; make room and run the same command again."
        return Failure(f"{error}.", advice, code=ExitCode.OUTPUT_ERROR)
    return Failure(f"{error}.", code=ExitCode.STORE_ERROR)


def choose_core() -> None:
    """Find the parser core. Raises ``Failure`` where the one that is asked for is not there."""
    from logtune.parse import core

    try:
        core.core()
    except (ValueError, ImportError) as error:  # what LOGTUNE_CORE asks for is not there
        raise Failure(
            f"{error}.", f"Unset {core.VARIABLE}, or install logtune where cargo is.", code=ExitCode.USAGE
        ) from error


def default_paths() -> list[str]:
    """The system's mail log. Raises ``Failure`` where there is none."""
    from logtune import sources

    paths = sources.default_paths()
    if not paths:
        raise Failure(
            "found no mail log on this machine.", "Name one, or read the journal:", f"  {_JOURNAL_ADVICE}",
            code=ExitCode.NOTHING_READ,
        )  # fmt: skip
    return list(paths)


def _tell_problems(log: MailLog) -> None:
    defects = _defects(log)
    read = [source for source in log.coverage.sources if source["bytes"] or source["problem"] is None]
    for problem in log.problems:
        advice = [line for line in problem.advice.splitlines() if line]
        if read and defects and problem is defects[-1]:
            advice.append(f"The answer rests on {_files(len(read))} that could be read, and is partial.")
        if problem in defects or problem.harmless:
            tell(f"{problem.name}: {problem.reason.rstrip('.')}.", advice)
    if defects and not read:
        raise typer.Exit(ExitCode.NOTHING_READ)


def _defects(log: MailLog) -> list[Problem]:
    """Problems that make the answer partial. A file that is empty was read to its end, so it is none."""
    empty = {source["name"] for source in log.coverage.sources if not source["bytes"] and source["problem"] is None}
    return [problem for problem in log.problems if not problem.harmless and problem.name not in empty]


def _files(number: int) -> str:
    return "the one file" if number == 1 else f"the {number} files"


def require_postfix_lines(log: MailLog) -> None:
    """End the command where there is nothing to report on."""
    if not log.coverage.recognised:
        tell(*_no_postfix_lines(log))
        raise typer.Exit(ExitCode.NO_POSTFIX_LINES)


def note_no_postfix_lines(log: MailLog) -> None:
    """Say on stderr that no line is Postfix's, for commands whose answer is the lines themselves."""
    if not log.coverage.recognised:
        tell(*_no_postfix_lines(log))


def _no_postfix_lines(log: MailLog) -> tuple[str, Sequence[str]]:
    coverage = log.coverage
    names = ", ".join(str(source["name"]) for source in coverage.sources) or "what was given"
    if coverage.lines == 0:
        what = "it is empty"
    elif coverage.not_postfix == coverage.lines - coverage.blank:
        what = f"{_lines(coverage.lines)}, all of other programs"
    else:
        what = f"{_lines(coverage.lines)}, {coverage.unrecognised - coverage.not_postfix:,} in no known form"
    advice = ("Postfix logs to /var/log/mail.log or /var/log/maillog, or to the journal. Try:", f"  {_JOURNAL_ADVICE}")
    return f"no Postfix line in {names} ({what}).", advice


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number:,} lines"


def finish(log: MailLog, *, require_postfix: bool = False) -> NoReturn:
    """End a command that gave its answer, with the exit code that says how far the answer can be trusted."""
    if _defects(log):
        raise typer.Exit(ExitCode.PARTLY_READ)
    if require_postfix and not log.coverage.recognised:
        raise typer.Exit(ExitCode.NO_POSTFIX_LINES)
    raise typer.Exit(ExitCode.OK)
