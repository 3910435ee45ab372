"""Writes the reference pages that are made from the code: ``python docs/generate.py`` (or ``make docs``).

A test holds the pages against the code, so that neither can change alone.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from logtune import schema
from logtune.cli.exit_codes import ExitCode

HERE = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py. Change the code it is made from, then run: make docs -->"

TABLES_INTRO = """\
# Tables

logtune turns a log into seven tables. They are what `logtune parse` writes, what `logtune sql` asks, and what
`logtune.read(..)` holds in Python. Every line that is not blank is one row of one of them, so nothing is lost unseen.

What holds in all of them:

- null means that the line does not say; the empty sender `<>` is the empty text.
- `ts` is UTC. Where the log has no zone or no year, they were assumed, and the report says how.
- Rows are ordered by `position`, never by time: stamps often have a resolution of one second, and clocks jump.
- Durations are in seconds, sizes in bytes. Addresses stand without angle brackets.
- Text is what strangers wrote. Escape it before it goes to a terminal, a page or a shell.\
"""

EXIT_CODES_INTRO = """\
# Exit codes

Scripts can rely on these numbers. What happened is also said in words on stderr; stdout holds the answer and nothing
else.\
"""


def cell(text: str) -> str:
    """*text* as it may stand in a cell of a Markdown table; ``<..>`` and the like stay visible."""
    return text.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def column_row(column: schema.Column) -> tuple[str, ...]:
    kind = str(column.type)
    if column.type == schema.WORD:
        kind = "string, dictionary-encoded"
    return f"`{column.name}`", kind, column.unit, cell(column.meaning)


def columns_table(columns: Iterable[schema.Column]) -> str:
    return markdown_table(("column", "type", "unit", "meaning"), map(column_row, columns))


def tables_page() -> Iterator[str]:
    yield TABLES_INTRO
    yield f"This is version {schema.VERSION} of the schema."
    yield "## Columns of every table"
    yield columns_table(schema.COMMON)
    for name, columns in schema.TABLES.items():
        yield f"## {name}"
        yield f"One row per {schema.ROWS[name]}. Beside the columns of every table:"
        yield columns_table(columns[len(schema.COMMON) :])
    yield "## Versions of the schema"
    yield markdown_table(("version", "what changed"), ((str(n), cell(text)) for n, text in schema.HISTORY.items()))


def exit_codes_page() -> Iterator[str]:
    yield EXIT_CODES_INTRO
    rows = ((str(code.value), f"`{code.documented_name}`", code.meaning.replace("|", "\\|")) for code in ExitCode)
    yield markdown_table(("code", "name", "meaning"), rows)


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {"tables.md": tables_page, "exit-codes.md": exit_codes_page}


def page(name: str) -> str:
    """The whole text of a page by its file name."""
    return "\n\n".join((MADE, *PAGES[name]())) + "\n"


README = HERE.parent / "README.md"
SHOWN = 25
"""Lines of the report that the README shows: the answer and the verdicts, so that it stays on the first screen."""
CONSOLE = re.compile(r"(```console\n\$ (logtune [^\n]*)\n).*?(^```)", re.DOTALL | re.MULTILINE)


def readme() -> str:
    """The README with the output of the command that its console block shows."""

    def answered(block: re.Match[str]) -> str:
        lines = run(shlex.split(block[2])[1:]).splitlines()
        return block[1] + "\n".join(lines[:SHOWN]).rstrip() + "\n[...]\n" + block[3]

    return CONSOLE.sub(answered, README.read_text(encoding="utf-8"))


def run(arguments: list[str]) -> str:
    """What ``logtune ARGUMENTS`` prints to a pipe, run in the root of the project."""
    command = [sys.executable, "-m", "logtune", *arguments]
    # the reference core is on every machine, and the report names the core
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LOGTUNE_CORE": "reference"}
    return subprocess.run(
        command, cwd=HERE.parent, env=environment, check=True, capture_output=True, encoding="utf-8"
    ).stdout


def main() -> None:
    README.write_text(readme(), encoding="utf-8")
    for name in PAGES:
        (HERE / name).write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
