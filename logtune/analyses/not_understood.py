"""Not understood: lines of Postfix without a meaning, and reject texts without a known restriction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtune.analyses.common import ask, counted, cut_rows
from logtune.analyses.rejects import unknown_texts
from logtune.results import Column, Item, Kind, Next, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables


def not_understood(log: Tables, options: Options) -> Section:
    """Kinds of lines that were not understood, most lines first, each with a sample as it stands in the log."""
    read = log.coverage
    missed = read.unrecognised - read.not_postfix
    postfix = read.recognised + missed
    items: list[Item] = [_lines(log, options)] if missed else [Note("Every line of Postfix was understood.")]
    items += _texts(log)
    if read.not_postfix:
        left = "was" if read.not_postfix == 1 else "were"
        items.append(Note(f"{counted(read.not_postfix, 'line')} of other programs {left} left aside.", aside=True))
    more = (Next("logtune parse --table unrecognised", "the lines, with file and byte offset"),) if missed else ()
    return Section("not_understood", "Not understood", items, f"{missed:,} of {postfix:,} Postfix lines", more)


def _lines(log: Tables, options: Options) -> Table:
    rows, omitted = cut_rows(ask(log, "not_understood", top=options.top))
    columns = (
        Column("lines", "lines", Kind.COUNT),
        Column("daemon", "daemon", Kind.LOGTEXT),
        Column("sample", "one of them", Kind.LOGTEXT),
        Column("why", "why", Kind.TEXT, wide=True),
    )
    shown = [(lines, daemon, sample or "", why) for daemon, why, lines, sample, _ in rows]
    sql = "SELECT * FROM unrecognised WHERE why <> 'not postfix'"
    return Table("not_understood", columns, shown, omitted=omitted, sql=sql)


def _texts(log: Tables) -> list[Note]:
    found = [text for text in unknown_texts(log) if not text.could_be]
    if not found:
        return []
    first, groups = found[0], len(found)
    others = (
        f" the commonest of {counted(groups, 'text')}, {counted(first.lines, 'line')}"
        if groups > 1
        else f" {counted(first.lines, 'line')}"
    )
    return [
        Note(
            f'Rejects by a text that names no restriction:{others}: "{first.sample}".'
            " Name it under [[texts]] in /etc/logtune.toml."
        )
    ]
