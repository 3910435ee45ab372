"""Every command: help, common options, and what stands on the first screen."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer.main

from logtune import cli, schema
from logtune.cli.parse import TableName
from logtune.cli.sql import RELATIONS
from logtune.parse.core import core_name
from tests.cli.conftest import Runner

COMMON = {
    "--since",
    "--until",
    "--day",
    "--host",
    "--instance",
    "--service",
    "--mynetworks",
    "--year",
    "--tz",
    "--config",
    "--no-progress",
    "--format",
    "--output",
    "--debug",
}
READING = ["report", "trial", "rejects", "delays", "sizing", "lines", "parse", "sql"]


def commands() -> dict[str, set[str]]:
    group = typer.main.get_command(cli.program())
    return {name: {o for p in c.params for o in p.opts} for name, c in group.commands.items()}  # type: ignore[attr-defined]  # a group


def test_commands_are_those_of_the_design() -> None:
    """The list of commands is public; a new one is added here too."""
    assert list(commands()) == [
        "report", "trial", "verify", "rejects", "delays", "sizing", "tune", "watch", "helo", "lines", "parse", "sql",
        "ingest", "store",
    ]  # fmt: skip


@pytest.mark.parametrize("command", READING)
def test_common_options(command: str) -> None:
    """Every command that reads logs has the common options."""
    assert COMMON - commands()[command] == set()


@pytest.mark.parametrize("command", ["report", "trial", "rejects", "delays", "sizing"])
def test_report_options(command: str) -> None:
    """Every report can be sized, coloured and limited."""
    assert {"--top", "--width", "--color"} - commands()[command] == set()


@pytest.mark.parametrize("command", [[], ["report"], ["trial"], ["helo"], ["lines"], ["parse"], ["sql"]])
def test_help(logtune: Runner, command: list[str]) -> None:
    """--help explains each option and ends well."""
    answer = logtune(*command, "--help")
    assert (answer.code, answer.errors) == (0, "")
    assert answer.text.startswith(f"Usage: {' '.join(['logtune', *command])} ")


def test_no_command_shows_help(logtune: Runner) -> None:
    """logtune alone says what it can do."""
    assert logtune() == logtune("--help")


def test_short_help_is_whole(logtune: Runner) -> None:
    """Each command's line on the first screen is a whole sentence, not cut off."""
    listed = logtune("--help").text.partition("Commands:\n")[2].splitlines()
    assert [line for line in listed if line.endswith("...")] == []
    assert len(listed) == len(cli.COMMANDS)


def test_version(logtune: Runner) -> None:
    """--version names the version and the parser core."""
    answer = logtune("--version")
    assert answer.code == 0
    assert answer.text == f"logtune 0.1.0, parser core: {core_name()}\n"


def test_table_names_are_the_schemas() -> None:
    """The names that --table takes are those of the schema."""
    assert [str(name) for name in TableName] == list(schema.TABLES)


def test_relations_exist() -> None:
    """The relations that an error of sql names exist."""
    from logtune import tables

    assert set(RELATIONS) <= set(tables.RELATIONS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """Shell completion knows the commands and loads nothing heavy (but rich, which typer wants for zsh)."""
    words = {"COMP_WORDS": "logtune r", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "logtune r"}
    code = (
        "import sys\nfrom logtune.cli import main\n"
        "try: main()\nfinally: assert not {'pyarrow', 'duckdb'} & set(sys.modules), 'heavy'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"_LOGTUNE_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args", **words},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "report" in done.stdout
    assert "rejects" in done.stdout
    assert done.stderr == ""
