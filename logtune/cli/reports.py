"""What the commands that answer with a report have in common: read, ask, show, exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from logtune.cli.options import Given, ReportFormat, Shown
from logtune.cli.output import text_output
from logtune.cli.reading import finish, open_log, require_postfix_lines

if TYPE_CHECKING:
    from logtune.api import MailLog
    from logtune.results import Report


def answer(
    given: Given,
    shown: Shown,
    form: ReportFormat,
    ask: Callable[[MailLog], Report],
    ask_json: Callable[[MailLog], dict[str, Any]] | None = None,
    known: str | None = None,
) -> NoReturn:
    """Read the logs, *ask* for the report and write it; *ask_json* gives what ``--format json`` shows instead.

    *known* is the file of ``--known``.
    """
    log = open_log(given, shown.output, shown.top, known)
    require_postfix_lines(log)
    if form is ReportFormat.JSON:
        _write_json(ask_json(log) if ask_json else ask(log), shown)
    else:
        _write_text(ask(log), shown)
    finish(log)


def _write_json(result: Report | dict[str, Any], shown: Shown) -> None:
    from logtune.render import json

    text = json.text(result, indent=2) + "\n" if isinstance(result, dict) else json.dumps(result)
    with text_output(shown.output) as out:
        out.write(text)


def _write_text(report: Report, shown: Shown) -> None:
    from logtune.render.terminal import print_report

    with text_output(shown.output) as out:
        print_report(report, file=out, width=shown.width, color=shown.colored)
