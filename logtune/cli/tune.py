"""``logtune tune``."""

from __future__ import annotations

import io
from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated

import typer

from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.folder import check_folder, write_folder
from logtune.cli.options import Color, ColorWhen, FormatOfReport, Given, ReportFormat, Shown, Width, reads_logs
from logtune.cli.reading import finish, open_log, require_postfix_lines
from logtune.cli.reports import write

if TYPE_CHECKING:
    from logtune.api import MailLog
    from logtune.postconf.services import Configuration
    from logtune.tune.plan import Plan

MAIN_FILE = "PLAN.txt"
FILE_WIDTH = 100

Postfix = Annotated[
    str | None,
    typer.Option("--postfix", metavar="DIR", help="Directory with main.cf and master.cf. Default: this system's."),
]
Postconf = Annotated[
    list[str] | None,
    typer.Option("--postconf", metavar="FILE", help="Saved output of postconf -n, -M, -P, -F. Repeatable."),
]
OutputFolder = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="DIR", help="Also write the files of the plan into DIR, all or none."),
]


@reads_logs
def tune(
    given: Given,
    postfix: Postfix = None,
    postconf: Postconf = None,
    output: OutputFolder = None,
    form: FormatOfReport = ReportFormat.TEXT,
    width: Width = None,
    color: ColorWhen = Color.AUTO,
) -> None:
    """Plan the configuration that follows from a trial.

    With exceptions, order, diff and rollback. Reads main.cf and master.cf, or what postconf printed of them, and
    changes nothing.
    """
    from logtune.analyses.columns import COLUMNS

    if given.anonymize is not None:
        advice = "Share what logtune trial --anonymize prints instead."
        usage_error("tune writes configuration, and pseudonyms in it would let nobody in.", advice)
    if postfix is not None and postconf:
        usage_error("--postfix and --postconf exclude each other.", "Give the directory, or the saved output.")
    if output is not None:
        check_folder(output, MAIN_FILE)
    configuration = _configuration(postfix, postconf or [])
    log = open_log(_with_networks(given, configuration), columns=COLUMNS["tune"])
    require_postfix_lines(log)
    plan = _plan(log, configuration)
    if output is not None:
        _write(log, plan, output)
    write(log.tune_json(plan) if form is ReportFormat.JSON else log.tune(plan), form, Shown(width=width, color=color))
    finish(log)


def _configuration(postfix: str | None, postconf: list[str]) -> Configuration:
    from logtune.postconf.errors import PostconfError
    from logtune.postconf.read import read

    try:
        return read(postfix, postconf)
    except PostconfError as error:
        raise Failure(str(error), *error.advice, code=ExitCode.CONFIG_ERROR) from error


def _with_networks(given: Given, configuration: Configuration) -> Given:
    """The site's networks are those that its configuration names, and those that the command line adds.

    Loopback is left out: what comes from there is known as the site's own filter, not as a user.
    """
    found = {n: None for s in configuration.services for n in s.mynetworks or () if not ip_network(n).is_loopback}
    return replace(given, mynetworks=[*(given.mynetworks or []), *found])


def _plan(log: MailLog, configuration: Configuration) -> Plan:
    from logtune.postconf.errors import PostconfError

    try:
        return log.plan(configuration)
    except PostconfError as error:
        raise Failure(str(error), *error.advice, code=ExitCode.CONFIG_ERROR) from error


def _write(log: MailLog, plan: Plan, output: str) -> None:
    from logtune.render.terminal import print_report
    from logtune.tune.files import files

    text = io.StringIO()
    print_report(log.tune(plan), file=text, width=FILE_WIDTH, color=False)
    write_folder(output, files(plan, text.getvalue()), MAIN_FILE)
