"""The pages in docs/ and the README: generated ones match the code, links lead somewhere, commands are understood."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune
from docs import generate

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = {"", "console", "ini", "sh"}
"""Languages of blocks that may hold commands: ini for systemd units, none for crontabs and screens."""
COMMAND = re.compile(r"(?:^|[\s|/])logtune ([a-z]+)((?: (?:'[^']*'|\"[^\"]*\"|[^\s|><;)&]+))*)", re.MULTILINE)
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)")


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of the fenced blocks of *page*."""
    return FENCED.findall(page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """``logtune COMMAND ARGUMENTS`` in the fenced blocks of *page*, comments left out."""
    code = "\n".join(text for language, text in blocks(page) if language in SHELL)
    lines = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("#"))
    return [(match[1], shlex.split(match[2])) for match in COMMAND.finditer(lines)]


@cache
def options() -> dict[str, set[str]]:
    """Options of each command."""
    import typer.main

    from logtune.cli import program

    group: Any = typer.main.get_command(program())
    found = {name: {option for p in command.params for option in p.opts} for name, command in group.commands.items()}
    return {name: {*names, "-h", "--help", "-"} for name, names in found.items()}


def not_understood(command: str, words: list[str]) -> list[str]:
    """What the program would refuse in ``logtune COMMAND WORDS``."""
    if command not in options():
        return [f"logtune {command}"]
    given = [word.split("=")[0] for word in words if word.startswith("-")]
    known = options()[command] | ({"--store", "--keep", "--wait", "--format"} if command == "store" else set())
    return [f"logtune {command} {option}" for option in given if option not in known]


@pytest.mark.parametrize("name", generate.PAGES)
def test_generated_page_matches_the_code(name: str) -> None:
    """A page that is made from the code is what ``make docs`` writes."""
    assert (generate.HERE / name).read_text(encoding="utf-8") == generate.page(name)


def test_the_readme_shows_what_the_command_prints() -> None:
    """The first screen of the README is real output, as ``make docs`` writes it."""
    assert generate.README.read_text(encoding="utf-8") == generate.readme()


def test_every_table_says_what_a_row_is() -> None:
    """The schema explains each table, and no table that does not exist."""
    assert list(generate.schema.ROWS) == list(generate.schema.TABLES)


@pytest.mark.parametrize("relation", ["sessions", "messages", "recipients", "flags"])
def test_page_of_relations_matches_the_queries(relation: str, tmp_path: Path) -> None:
    """docs/relations.md explains exactly the columns of each relation, in their order."""
    (tmp_path / "empty.log").touch()
    columns = logtune.read(tmp_path / "empty.log").arrow(f"DESCRIBE {relation}").column("column_name").to_pylist()
    page = (ROOT / "docs/relations.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {relation}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == columns


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the repository."""
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_are_understood(page: Path) -> None:
    """Each ``logtune`` command in a page exists and has the options that stand there."""
    assert [part for command, words in commands(page) for part in not_understood(command, words)] == []


def test_python_of_the_notebook_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of docs/jupyter.md run one after the other, but for the chart, which needs matplotlib."""
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    for language, code in blocks(ROOT / "docs/jupyter.md"):
        if language == "python" and ".plot(" not in code:
            exec(code, names)
    assert len(names["per_hour"]) > 0
