"""``logtune report``: shown, written, mailed, or as metrics; with what changed since the last one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from logtune.cli import mailing
from logtune.cli.ahead import import_ahead, make_relations
from logtune.cli.errors import usage_error
from logtune.cli.options import FormatOfGlance, Given, GlanceFormat, OnlyIf, ReportFormat, Sent, Shown, reads_logs
from logtune.cli.output import text_output
from logtune.cli.reading import finish, open_log, require_postfix_lines
from logtune.cli.reports import write
from logtune.cli.state import Memory, memory

if TYPE_CHECKING:
    from logtune.analyses.changes import Changes
    from logtune.results import Report

NEEDS_NO_STATE = {OnlyIf.LIMIT, OnlyIf.ACT}
"""Conditions that a log alone can tell."""


@reads_logs
def report(given: Given, shown: Shown, sent: Sent, form: FormatOfGlance = GlanceFormat.TEXT) -> None:
    """All at a glance: trials, rejects, deliveries, processes."""
    from logtune.analyses.columns import COLUMNS

    needed = not set(sent.only_if or ()) <= NEEDS_NO_STATE
    kept = memory(sent.state, given.store, needed)
    _check(sent, shown, form, kept)
    before = kept.read() if kept else None
    import_ahead()
    log = open_log(given, shown.output, shown.top, COLUMNS["report"])
    require_postfix_lines(log)
    make_relations(log)
    answer = log.report()
    found = log.changes(before) if kept or sent.only_if else None
    if found and kept:
        answer = replace(answer, sections=[found.section(shown.top), *answer.sections])
    wanted = not (sent.only_if and found) or worth(found, sent.only_if)
    if shown.output if sent.mail_to else wanted:
        _write(answer, form, shown)
    if sent.mail_to and wanted:
        mailing.send(answer, sent, found.subject if found and kept else None)
    if found and kept and wanted:
        kept.write(found.state)
    finish(log)


def worth(found: Changes, conditions: list[OnlyIf]) -> bool:
    """Whether one of the conditions holds. The first report is always worth it: it tells that all is set up."""
    from logtune.analyses.changes import WORTH_A_MAIL

    if found.first and not set(conditions) <= NEEDS_NO_STATE:
        return True
    holds = {OnlyIf(news.value) for news in found.news}
    holds |= {OnlyIf.CHANGED} if found.news & WORTH_A_MAIL else set()
    holds |= {OnlyIf.ACT} if found.needs_a_person else set()
    return not holds.isdisjoint(conditions)


def _check(sent: Sent, shown: Shown, form: GlanceFormat, kept: Memory | None) -> None:
    """Refuse what cannot work before minutes go into reading."""
    if sent.only_if and not kept and not set(sent.only_if) <= NEEDS_NO_STATE:
        usage_error("--only-if needs --state FILE, which tells what the last report said.")
    mailing.check(sent, form, shown.output)


def _write(answer: Report, form: GlanceFormat, shown: Shown) -> None:
    if form is not GlanceFormat.PROMETHEUS:
        write(answer, ReportFormat(form.value), shown)
        return
    from logtune.render import prometheus

    with text_output(shown.output) as out:
        out.write(prometheus.text(answer))
