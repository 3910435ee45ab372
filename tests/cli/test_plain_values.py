"""Options that typer need not check: the command gets what typer would give it, and pydantic is not imported."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand
from typer.testing import CliRunner

from logtune.cli.plain_values import PlainCommand


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def answer(kind: type[TyperCommand], words: list[str]) -> tuple[int, str, str]:
    """Exit code, what the command got, and what typer said, with *words* as arguments."""
    app = typer.Typer(rich_markup_mode=None)

    @app.command(cls=kind)
    def show(
        paths: Annotated[list[str] | None, typer.Argument()] = None,
        year: Annotated[int | None, typer.Option(min=1970, max=2200)] = None,
        top: Annotated[int, typer.Option(min=1)] = 10,
        wait: Annotated[float, typer.Option(min=0)] = 2.0,
        zone: Annotated[str | None, typer.Option()] = None,
        form: Annotated[Form, typer.Option()] = Form.TEXT,
        only: Annotated[list[Form] | None, typer.Option()] = None,
        quiet: Annotated[bool, typer.Option("--quiet")] = False,
    ) -> None:
        values: tuple[Any, ...] = (paths, year, top, wait, zone, form, only, quiet)
        typer.echo([(type(value).__name__, value) for value in values])

    result = CliRunner().invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["mail.log", "mail.log.1", "-"],
        ["--year", "2026", "--top", "1", "--zone", "Europe/Berlin"],
        ["--year", "1969"],
        ["--year", "02026"],
        ["--year", "2026.0"],
        ["--year", " 2026"],
        ["--year", "٢٠٢٦"],
        ["--year", "99999999999999999999"],
        ["--top", "0"],
        ["--top", "-3"],
        ["--top", "ten"],
        ["--wait", "3"],
        ["--wait", "nan"],
        ["--form", "json", "--quiet"],
        ["--form", "JSON"],
        ["--form", ""],
        ["--only", "text", "--only", "json"],
        ["--only", "xml"],
        ["--zone", ""],
    ],
    ids=" ".join,
)
def test_a_command_gets_the_values_that_typer_would_give_it(words: list[str]) -> None:
    """Values, their types, exit code and error message are those of typer's own command."""
    assert answer(PlainCommand, words) == answer(TyperCommand, words)


def test_plain_values_import_no_pydantic() -> None:
    """Paths, defaults, a year, a zone and a form are taken without the library that checks values."""
    program = (
        "import sys; from logtune.cli import run;"
        " code = run(['rejects', '/nonexistent/mail.log', '--year', '2026', '--tz', 'UTC', '--format', 'json']);"
        " print(code, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "5 False\n"
