"""The plan as files: the tables, shell scripts of postconf lines, diffs, and the plan to read.

A shell script holds what the configuration held, quoted for the shell, and what this plan wrote itself; from the log
nothing stands in one. Nobody but a person runs them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from logtune.postconf.restriction_lists import LISTS, split_words
from logtune.render.escape import shell
from logtune.tune.layout import without_blanks
from logtune.tune.model import Change, Table
from logtune.tune.plan import Plan

MARK = "written by logtune tune"
"""Stands in every file of a plan, so that a later run knows its own files and replaces no others."""
COLUMN = 18
COMMENT_WIDTH = 72


def files(plan: Plan, text: str) -> dict[str, str]:
    """File names and contents; *text* is the plan as a report. Nothing but that where nothing is to be changed."""
    made = {table.name: table_text(table) for table in plan.tables}
    if plan.changes:
        made["postconf.sh"] = script("The plan as postconf lines", postconf_lines(plan.changes))
        made["rollback.sh"] = script("Back to how it was before the plan", rollback_lines(plan))
    if plan.later:
        made["later.sh"] = script("A week later: reply codes back to 5xx", postconf_lines(plan.later))
    for name, lines in (("main.cf.diff", plan.main_diff), ("master.cf.diff", plan.master_diff)):
        if lines:
            made[name] = "\n".join(lines) + "\n"
    made["PLAN.txt"] = f"{text}\n({MARK})\n"
    return made


def script(title: str, lines: Sequence[str]) -> str:
    """A shell script that stops at the first line that fails."""
    head = (
        "#!/bin/sh",
        f"# {title}, {MARK}.",
        "# Read it, then run it as root; afterwards: postfix check && postfix reload",
        "set -e",
    )
    return "\n".join([*head, *lines]) + "\n"


def postconf_lines(changes: Sequence[Change]) -> list[str]:
    """Shell lines that carry out *changes*."""
    return [_line(c.place.service, c.place.parameter, c.new) for c in changes]


def rollback_lines(plan: Plan) -> list[str]:
    """Shell lines that take the plan back, the last change first."""
    return [_line(c.place.service, c.place.parameter, c.old) for c in reversed(plan.changes)]


def _line(service: str | None, parameter: str, value: str | None) -> str:
    if service is None:
        if value is None:
            return f"postconf -X {shell(parameter)}"
        return f"postconf -e {shell(f'{parameter} = {one_blank(value)}'.rstrip())}"
    name = f"{service}/{parameter}"
    if value is None:
        return f"postconf -PX {shell(name)}"
    return f"postconf -P {shell(f'{name}={_compact(parameter, value)}')}"


def one_blank(value: str) -> str:
    """*value* with each run of white space as one blank: a long list comes in one line."""
    return " ".join(value.split())


def _compact(parameter: str, value: str) -> str:
    """postconf -P takes no white space (postconf_edit.c): lists get commas for it."""
    return without_blanks(value) if parameter in LISTS or " " in value else value


def table_text(table: Table) -> str:
    """A lookup table as its file has it."""
    return "\n".join([*_head(table), *(line for entry in table.entries for line in _entry(*entry))]) + "\n"


def _head(table: Table) -> Iterator[str]:
    yield f"# {table.reference}, {MARK}."
    if table.permits:
        yield "# OK ends the list that looks here: the sender still meets every later list."
    else:
        yield "# DUNNO spares the client this one restriction. Never write OK here:"
        yield "# it could permit relaying."


def _entry(comments: Sequence[str], key: str, result: str) -> Iterator[str]:
    for comment in comments:
        yield from (f"# {'  ' if i else ''}{line}" for i, line in enumerate(textwrap.wrap(comment, COMMENT_WIDTH)))
    yield f"{key:{COLUMN - 1}} {result}"


def shown(change: Change) -> list[str]:
    """A change as lines of main.cf, one restriction a line, for where the file itself is not there."""
    texts = [p.text for p in change.pieces] or [*split_words(change.new or "")] or [""]
    name = change.place.parameter
    if change.new is None:
        return [f"# {name} goes back to its default"]
    if len(texts) == 1:
        return [f"{name} = {texts[0]}".rstrip()]
    return [f"{name} =", *(f"    {text}," for text in texts[:-1]), f"    {texts[-1]}"]
