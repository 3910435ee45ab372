"""``logtune trial``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logtune.cli.errors import NotFound, usage_error
from logtune.cli.options import FormatOfReport, Given, Mailed, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer

if TYPE_CHECKING:
    from logtune.api import MailLog
    from logtune.results import Report

Restriction = Annotated[
    str | None,
    typer.Option("--restriction", metavar="NAME", help="One restriction on trial in full, by its name or text."),
]
WhatIf = Annotated[
    str | None,
    typer.Option(
        "--what-if", metavar="LIST", help="What this list, as in main.cf, would do; computed, nothing need be on trial."
    ),
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
    mailed: Mailed,
    restriction: Restriction = None,
    what_if: WhatIf = None,
    recipients: Recipients = False,
    known: Known = None,
    form: FormatOfReport = ReportFormat.TEXT,
) -> None:
    """Whose mail a restriction on trial would stop.

    On trial is what stands behind warn_if_reject. Also: what it alone would catch, and whether to enforce it.
    """
    if recipients and form is not ReportFormat.JSON:
        usage_error("--recipients goes with --format json.", "Rows as text: logtune sql 'SELECT * FROM flags' PATHS")
    if what_if is not None:
        _check_list(what_if)
    answer(
        "trial" if what_if is None else "what_if",
        given,
        shown,
        form,
        lambda log: _trial(log, restriction, what_if),
        lambda log: log.trial_json(recipients) if what_if is None else log.what_if_json(what_if, recipients),
        known,
        (lambda log: log.trial_folds()) if restriction is None and what_if is None else None,
        mailed,
    )


def _check_list(text: str) -> None:
    """A list or table that cannot be read costs no reading of logs."""
    from logtune.postfix.access import TableError
    from logtune.postfix.evaluate import ListError, parse_list

    try:
        parse_list(text)
    except (ListError, TableError) as error:
        usage_error(f"--what-if: {error}.", "A list as main.cf has it: 'reject_non_fqdn_helo_hostname, permit'")


def _trial(log: MailLog, restriction: str | None, what_if: str | None) -> Report:
    try:
        return log.trial(restriction) if what_if is None else log.what_if(what_if, restriction)
    except KeyError as error:
        raise NotFound(f"{error.args[0]}.", "logtune trial PATHS   names those that are on trial") from error
