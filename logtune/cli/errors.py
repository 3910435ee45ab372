"""How logtune fails: one line that says what, lines that say what to do, a named exit code, never a traceback.

```
Failure            what a command raises to end with a message, advice and an exit code
OutputClosed       the reader of stdout went away; quiet
```
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import NoReturn

import typer

from logtune.cli.exit_codes import ExitCode

# Older releases of typer import click, newer ones carry it inside: its base exception has one name that holds in both.
_CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]

_BUG_ADVICE = (
    "This is a bug in logtune, not in your log. Please report it with what --debug shows",
    "(look it over first: it may quote lines of your log).",
)

NO_ROOM_ADVICE = (
    "What does not fit in memory goes to temporary files. Name a directory with more space, or allow more memory",
    "(in megabytes): TMPDIR=/var/tmp LOGTUNE_MEMORY=2048 logtune ...",
)

_debug = False
_hide: Callable[[str], str] = str


class Failure(Exception):
    """Ends the command: *message* and *advice* go to stderr, *code* to the shell."""

    def __init__(self, message: str, *advice: str, code: ExitCode) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.code = code


class OutputClosed(Exception):
    """The reader of stdout closed it."""


class NotFound(Failure):
    """What was asked for is not in the log."""

    def __init__(self, message: str, *advice: str) -> None:
        super().__init__(message, *advice, code=ExitCode.NOT_FOUND)


def usage_error(message: str, *advice: str) -> NoReturn:
    """End with *message* as an error of the command line."""
    raise Failure(message, *advice, code=ExitCode.USAGE)


def show_tracebacks(wanted: bool) -> None:
    """Callback of ``--debug``: unexpected exceptions are shown whole."""
    global _debug  # noqa: PLW0603 - one switch per process, read where an exception ends it
    _debug = _debug or wanted


def hide_with(change: Callable[[str], str]) -> None:
    """From now on *change* what goes to stderr: with ``--anonymize`` messages name nobody either."""
    global _hide  # noqa: PLW0603 - as above
    _hide = change


def tell(message: str, advice: Iterable[str] = ()) -> None:
    """Write ``logtune: message`` and indented *advice* to stderr.

    File names and values come from outside: control characters are shown, not sent.
    """
    from logtune.render.escape import visible

    lines = [f"logtune: {visible(_hide(message))}", *(f"  {visible(_hide(line))}" for line in advice)]
    try:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
    except OSError:  # stderr is closed: nobody is left to be told, the exit code still says it
        pass


def guarded(run: Callable[[], object]) -> int:
    """Run the program; whatever ends it, return the exit code and have stderr say it in words."""
    hide_with(str)  # of a run before in the same process
    try:
        return _code_of(run())
    except Failure as failure:
        tell(failure.message, failure.advice)
        return failure.code
    except _CommandLineError as error:
        return _tell_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except OutputClosed:
        return ExitCode.OUTPUT_CLOSED
    except SystemExit as end:
        return _code_of(end.code)
    except MemoryError:
        tell("not enough memory.", ("Limit what is read with --day, --since and --until, or name fewer files.",))
        return ExitCode.BUG
    except Exception as error:
        return _tell_no_room(error) if _is_no_room(error) else _tell_bug(error)


def _code_of(result: object) -> int:
    """Exit code from what the command line library returns: an int where it has one, else nothing."""
    return result if isinstance(result, int) and not isinstance(result, bool) else ExitCode.OK


def _tell_usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "logtune"
    message = getattr(error, "format_message", error.__str__)()
    tell(_as_sentence(message), (f"{path} --help   shows what it takes",))
    return ExitCode.USAGE


def _as_sentence(message: str) -> str:
    """``Invalid value for '--top': ..`` as part of ``logtune: ..``: a small letter first, one line."""
    first, rest = message[:1], " ".join(message[1:].split("\n"))
    return first.lower() + rest


def _is_no_room(error: Exception) -> bool:
    """Whether tables or joins found no room; nothing is imported to know, for then it could not be raised either."""
    spill, duckdb = sys.modules.get("logtune.spill"), sys.modules.get("duckdb")
    kinds = [spill.SpillError] if spill else []
    return isinstance(error, (*kinds, *((duckdb.OutOfMemoryException, duckdb.IOException) if duckdb else ())))


def _tell_no_room(error: Exception) -> int:
    first = next(iter(str(error).splitlines()), "")
    tell(f"{first.rstrip('.')}.", NO_ROOM_ADVICE)
    return ExitCode.OUTPUT_ERROR


def _tell_bug(error: Exception) -> int:
    if _debug:
        import traceback

        traceback.print_exception(error)
    first = next(iter(str(error).splitlines()), "")
    tell(f"unexpected {type(error).__name__}: {first}", _BUG_ADVICE)
    return ExitCode.BUG
