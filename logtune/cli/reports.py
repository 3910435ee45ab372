"""What the commands that answer with a report have in common: read, ask, show in the form asked for, exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from logtune.cli import mailing
from logtune.cli.ahead import import_ahead, make_relations
from logtune.cli.options import Given, Mailed, ReportFormat, Shown
from logtune.cli.output import binary_output, text_output
from logtune.cli.reading import finish, open_log, require_postfix_lines

if TYPE_CHECKING:
    from logtune.api import MailLog
    from logtune.results import Report, Section

    Folds = Mapping[tuple[str, str | None], Sequence[Section]]


def answer(
    command: str,
    given: Given,
    shown: Shown,
    form: ReportFormat,
    ask: Callable[[MailLog], Report],
    ask_json: Callable[[MailLog], dict[str, Any]] | None = None,
    known: str | None = None,
    ask_folds: Callable[[MailLog], Folds] | None = None,
    mailed: Mailed | None = None,
) -> NoReturn:
    """Read what *command* needs of the logs, *ask* for the report and write it.

    *ask_json* gives what ``--format json`` shows instead, *ask_folds* what ``--format html`` folds under the cards;
    *known* is the file of ``--known``. With ``--mail-to`` the report is sent, and written only where --output says so.
    """
    from logtune.analyses.columns import COLUMNS

    mailed = mailed or Mailed()
    mailing.check(mailed, form, shown.output)
    import_ahead()
    log = open_log(given, shown.output, shown.top, COLUMNS[command], known=known)
    require_postfix_lines(log)
    make_relations(log)
    if shown.output or not mailed.mail_to:
        result = ask_json(log) if ask_json and form is ReportFormat.JSON else ask(log)
        write(result, form, shown, ask_folds(log) if ask_folds and form is ReportFormat.HTML else {})
    if mailed.mail_to:
        mailing.send(ask(log), mailed)
    finish(log)


def write(
    result: Report | dict[str, Any], form: ReportFormat, shown: Shown, folds: Folds = MappingProxyType({})
) -> None:
    """Write a report in the form asked for; what is no report but a dict goes out as JSON."""
    if isinstance(result, dict) or form is ReportFormat.JSON:
        _write_json(result, shown)
    elif form is ReportFormat.HTML:
        _write_html(result, shown, folds)
    else:
        _write_text(result, shown)


def _write_json(result: Report | dict[str, Any], shown: Shown) -> None:
    from logtune.render import json

    text = json.text(result, indent=2) + "\n" if isinstance(result, dict) else json.dumps(result)
    with text_output(shown.output) as out:
        out.write(text)


def _write_html(report: Report, shown: Shown, folds: Folds) -> None:
    """The page names its encoding itself, so it goes out as those bytes, whatever the locale."""
    from logtune.render import html

    text = html.page(report, folds)
    with binary_output(shown.output) as out:
        out.write(text.encode("utf-8"))


def _write_text(report: Report, shown: Shown) -> None:
    from logtune.render.terminal import print_report

    with text_output(shown.output) as out:
        print_report(report, file=out, width=shown.width, color=shown.colored)
