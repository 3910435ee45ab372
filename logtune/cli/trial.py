"""``logtune trial``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logtune.cli.errors import NotFound, usage_error
from logtune.cli.options import FormatOfReport, Given, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer

if TYPE_CHECKING:
    from logtune.api import MailLog
    from logtune.results import Report

Restriction = Annotated[
    str | None,
    typer.Option("--restriction", metavar="NAME", help="One restriction on trial in full, by its name or text."),
]
Recipients = Annotated[bool, typer.Option("--recipients", help="With --format json: also all flagged recipients.")]
Known = Annotated[
    str | None,
    typer.Option(
        "--known",
        metavar="FILE",
        help="Clients that lists need not show: a verified name, .domain, address or network a line.",
    ),
]


@reads_logs
def trial(
    given: Given,
    shown: Shown,
    restriction: Restriction = None,
    recipients: Recipients = False,
    known: Known = None,
    form: FormatOfReport = ReportFormat.TEXT,
) -> None:
    """Whose mail a restriction on trial would stop.

    On trial is what stands behind warn_if_reject. Also: what it alone would catch, and whether to enforce it.
    """
    if recipients and form is not ReportFormat.JSON:
        usage_error("--recipients goes with --format json.", "Rows as text: logtune sql 'SELECT * FROM flags' PATHS")
    answer(
        given,
        shown,
        form,
        lambda log: _trial(log, restriction),
        lambda log: log.trial_json(recipients=recipients),
        known,
    )


def _trial(log: MailLog, restriction: str | None) -> Report:
    try:
        return log.trial(restriction)
    except KeyError as error:
        raise NotFound(f"{error.args[0]}.", "logtune trial PATHS   names those that are on trial") from error
