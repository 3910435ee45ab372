"""The command line program: ``logtune = logtune.cli:main``.

A command only reads its options, calls ``logtune.api`` and hands the result to ``logtune.render``. Nothing here
imports Arrow, DuckDB or rich before a command needs it, so that help and completion answer at once.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from logtune.cli import errors, options
from logtune.cli.ahead import collect_seldom, compute_in_one_thread
from logtune.cli.exit_codes import ExitCode
from logtune.cli.output import telling_of_stdout
from logtune.cli.plain_values import PlainCommand, plain
from logtune.cli.streams import prepare_streams

COMMANDS = (
    "report", "trial", "verify", "rejects", "delays", "sizing", "tune", "watch", "helo", "lines", "parse", "sql",
    "ingest", "store",
)  # fmt: skip
"""Each is the function of that name in the module of that name beside this one, or a group of commands, ``app``."""


class _Group(TyperGroup):
    """Tells a stdout that cannot be written from other errors before the library turns it into exit code 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with telling_of_stdout():  # --help and --version write here
            return super().make_context(*args, **kwargs)

    def get_params(self, ctx: Any) -> Any:
        return plain(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        with telling_of_stdout():
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result


def program(commands: Sequence[str] = COMMANDS) -> typer.Typer:
    """The program with *commands*."""
    # rich_markup_mode=None: help in plain text, which needs no import of rich (0.1 s)
    app = typer.Typer(
        name="logtune",
        cls=_Group,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(_logtune)
    for name in commands:
        module = import_module(f"logtune.cli.{name}")
        if group := getattr(module, "app", None):
            app.add_typer(group, name=name)
            continue
        app.command(cls=getattr(module, "COMMAND_CLASS", PlainCommand))(getattr(module, name))
    return app


def _tell_version(wanted: bool) -> None:
    if wanted:
        from logtune.cli.version import version_line

        typer.echo(version_line())
        raise typer.Exit


def _logtune(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Version and parser core.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Find out from the mail log of Postfix whose mail a restriction would stop, and how the server is sized.

    It only reads. PATHS default to the system's mail log; - is stdin.
    """
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run the program with *arguments* and return its exit code (``ExitCode``)."""
    app = program(_asked(arguments))
    return errors.guarded(lambda: app(list(arguments), prog_name="logtune", standalone_mode=False))


def _asked(arguments: Sequence[str]) -> Sequence[str]:
    """The command that *arguments* begin with, else all: only help and a misspelt name need the others."""
    return arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS


def main() -> None:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.meta_path.insert(0, _NoDataFrames())
    collect_seldom()
    compute_in_one_thread()
    prepare_streams()
    code = run(sys.argv[1:])
    _leave(code)


class _NoDataFrames:
    """``import pandas`` fails, as if it were not installed: no command shows data frames.

    pyarrow imports it, where it can, as soon as a Python value becomes an Arrow one (_PandasAPIShim in
    pandas-shim.pxi, InitPandasStaticData in arrow/python/helpers.cc): a fifth of a second of each command.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("the command line program does without pandas", name=name)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds the stack, so that an unfinished output file is removed."""
    raise SystemExit(ExitCode.TERMINATED)


def _leave(code: int) -> NoReturn:
    """Exit; what a closed stdout still holds is dropped instead of ending in a message of the interpreter.

    What is registered for the end is done (temporary files go). What goes with the process anyway is not taken apart
    first: modules, tables and the database were an eighth of the CPU time of a small log.
    """
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError:
        code = code or ExitCode.OUTPUT_ERROR
    os._exit(code)
