"""Results on a terminal, and the same characters without escape codes for a pipe.

A pipe gets 80 columns without colour, whatever the terminal; NO_COLOR and TERM=dumb take the colour away; an encoding
other than UTF-8 gets the ASCII signs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from logtune.render import blocks, cards, chart, tables
from logtune.render.look import Look
from logtune.render.look import look as look_for
from logtune.results import Bar, Card, Chart, Finding, Item, Lines, Metric, Note, Report, Section, Table

PIPED_WIDTH = 80


def report_lines(report: Report, look: Look) -> list[Text]:
    """Return the whole report."""
    out = [*blocks.header(report, look), *blocks.coverage(report, look)]
    if answer := blocks.headline(report, look):
        out += [Text(), *answer]
    for section in report.sections:
        out += [Text(), *section_lines(section, look)]
    return out


def section_lines(section: Section, look: Look) -> list[Text]:
    """Return a heading, its items, and the next commands."""
    out = blocks.heading(section, look)
    body = items_lines(section.items, look)
    if section.next:
        body += [Text()] * isinstance(section.items[-1] if section.items else None, Card)
        body += blocks.next_commands(section.next, look)
    return [*out, *body]


def items_lines(items: Sequence[Item], look: Look) -> list[Text]:
    """Return the items, those of one type that follow each other as one group."""
    out: list[Text] = []
    for kind, group in groupby(items, key=type):
        members = list(group)
        for lines in _group(members, look):
            blank = kind in {Card, Chart} or (bool(out) and _stands_apart(members[0]))
            out += [Text()] * blank + lines
    return out


def _stands_apart(item: Item) -> bool:
    """Whether a blank line goes before the item: not before sentences, nor before rows without a heading."""
    if isinstance(item, Table):
        return bool(item.title) or any(c.title for c in item.columns)
    return isinstance(item, Bar)


def _group(members: list[Item], look: Look) -> list[list[Text]]:
    match members[0]:
        case Card():
            shown = [m for m in members if isinstance(m, Card)]
            widths = cards.legend_widths(shown)
            return [cards.lines(card, look, widths) for card in shown]
        case Finding():
            return [blocks.findings([m for m in members if isinstance(m, Finding)], look)]
        case Metric():
            return [blocks.metrics([m for m in members if isinstance(m, Metric)], look)]
    return [_single(m, look) for m in members]


def _single(item: Item, look: Look) -> list[Text]:
    match item:
        case Table():
            return tables.lines(item, look)
        case Note():
            return look.paragraph(item.text, "dim" if item.aside else "")
        case Lines():
            return blocks.preformatted(item, look)
        case Bar():
            return cards.bar(item, look)
        case Chart():
            return chart.lines(item, look)
    raise TypeError(f"cannot be shown: {type(item).__name__}")


def lines_of(obj: Report | Section | Item, look: Look) -> list[Text]:
    """Return any result as lines."""
    if isinstance(obj, Report):
        return report_lines(obj, look)
    return section_lines(obj, look) if isinstance(obj, Section) else items_lines([obj], look)


class View:
    """A result as a rich renderable: ``Console().print(View(report))``."""

    def __init__(self, obj: Report | Section | Item, *, ascii: bool = False, zone: str = "UTC") -> None:
        self.obj = obj
        self.ascii = ascii
        self.zone = obj.period.zone if isinstance(obj, Report) else zone

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in lines_of(self.obj, look_for(options.max_width, ascii=self.ascii, zone=self.zone)):
            line.no_wrap, line.overflow = True, "ignore"
            yield line


def to_text(obj: Report | Section | Item, width: int = PIPED_WIDTH, ascii: bool = False, zone: str = "UTC") -> str:
    """Return the characters of the terminal output without escape codes, every line ended."""
    name = obj.period.zone if isinstance(obj, Report) else zone
    look = look_for(width, ascii=ascii, zone=name)
    return "".join(f"{line.plain.rstrip()}\n" for line in lines_of(obj, look))


def print_report(
    report: Report | Section,
    *,
    file: TextIO,
    width: int | None = None,
    color: bool | None = None,
    ascii: bool | None = None,
) -> None:
    """Write the report, or a section of its own, to the file. None means: as the file and the environment ask for."""
    width = width or width_of(file)
    ascii = ascii if ascii is not None else not speaks_utf8(file)
    if not (color if color is not None else wants_color(file)):
        file.write(to_text(report, width, ascii))
        return
    console = Console(
        file=file, width=width, force_terminal=True, no_color=False, color_system="standard",
        markup=False, emoji=False, highlight=False, legacy_windows=False,
    )  # fmt: skip
    console.print(View(report, ascii=ascii), crop=False, no_wrap=True, overflow="ignore", end="")


def is_terminal(file: TextIO) -> bool:
    """Whether the file is a terminal; a closed or wrapped one is not."""
    try:
        return file.isatty()
    except (AttributeError, ValueError):
        return False


def width_of(file: TextIO) -> int:
    """Return the columns of the terminal, PIPED_WIDTH for everything else."""
    if not is_terminal(file):
        return PIPED_WIDTH
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(file.fileno()).columns or PIPED_WIDTH
    except (OSError, ValueError):
        return PIPED_WIDTH


def wants_color(file: TextIO) -> bool:
    """Whether to send escape codes: to a terminal that understands them, unless NO_COLOR (no-color.org) is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in {"dumb", "unknown"}:
        return False
    return is_terminal(file)


def speaks_utf8(file: TextIO) -> bool:
    """Whether the signs outside of ASCII can be written.

    Python speaks UTF-8 even where the locale is C (PEP 538, 540); cron would then mail what its reader cannot show,
    so a pipe in a C locale gets ASCII.
    """
    if not is_terminal(file) and _locale() in {"C", "POSIX"}:
        return False
    encoding = (getattr(file, "encoding", None) or "ascii").lower().replace("_", "-")
    return encoding in {"utf-8", "utf8", "utf-8-sig", "utf-16", "utf-32"}


def _locale() -> str:
    """The locale for characters that the environment asks for; Python itself may have set LC_CTYPE."""
    own = os.environ.get("LC_CTYPE", "")
    coerced = own in {"C.UTF-8", "C.utf8", "UTF-8"}
    return os.environ.get("LC_ALL") or ("" if coerced else own) or os.environ.get("LANG") or own
