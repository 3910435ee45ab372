"""``logtune verify``: was the trial right?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logtune.cli import checks
from logtune.cli.errors import NotFound, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import FormatOfReport, Given, ReportFormat, Shown, reads_logs
from logtune.cli.plain_values import PlainCommand
from logtune.cli.reading import finish, open_log, require_postfix_lines
from logtune.cli.reports import write

if TYPE_CHECKING:
    from logtune.analyses.verify import Verification
    from logtune.api import MailLog


class TwoLists(PlainCommand):
    """Takes all paths after ``--after`` for it, so that a shell's ``mail.log*`` works there as it does for PATHS."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat ``--after`` before each of its paths."""
        return super().parse_args(ctx, list(repeated(args)))


COMMAND_CLASS = TwoLists


def repeated(words: Sequence[str]) -> Iterator[str]:
    """``--after a b`` as ``--after a --after b``; another option ends the list."""
    inside = False
    for word in words:
        if word == "--after":
            inside = True
        elif word.startswith("-") and word != "-":
            inside = False
            yield word
        elif inside:
            yield from ("--after", word)
        else:
            yield word


After = Annotated[
    list[str] | None,
    typer.Option("--after", metavar="AFTER...", help="Log files since the restriction is enforced, like PATHS."),
]
Enforced = Annotated[
    str | None,
    typer.Option(
        "--enforced",
        metavar="TIME",
        callback=checks.moment,
        help="When it was enforced: PATHS count up to TIME, AFTER (else PATHS) from then on.",
    ),
]
Restriction = Annotated[
    str | None, typer.Option("--restriction", metavar="NAME", help="Only this restriction, by its name or text.")
]
FailOnWanted = Annotated[
    bool,
    typer.Option(
        "--fail-on-wanted",
        help="Exit code 10 where authorized clients, or senders that the trial had let pass, are rejected.",
    ),
]


@reads_logs
def verify(
    given: Given,
    shown: Shown,
    after: After = None,
    enforced: Enforced = None,
    restriction: Restriction = None,
    fail_on_wanted: FailOnWanted = False,
    form: FormatOfReport = ReportFormat.TEXT,
) -> None:
    """Whether a trial foretold what enforcing then did.

    PATHS are the logs of the trial. What was predicted and what is rejected, who came back, and who is stopped that
    should not be.
    """
    if given.day is not None:
        usage_error("--day does not go with two logs.", "--since begins the first log, --until ends the second.")
    before, later = _sides(given, after, enforced)
    first = _read(before, shown)
    second = _read_later(first, later, shown)
    found = _of(first, second, restriction)
    _write(second, found, shown, form)
    if fail_on_wanted and found.wanted_stopped:
        raise typer.Exit(ExitCode.WANTED_STOPPED)
    if first.coverage.complete:
        finish(second)
    finish(first)


def _sides(given: Given, after: list[str] | None, enforced: str | None) -> tuple[Given, Given]:
    """What to read for each side. Where one log or store holds both, the time of enforcing parts them."""
    if not after and enforced is None:
        usage_error(
            "verify compares two logs; only one was given.",
            "logtune verify mail.log.1 --after mail.log",
            "logtune verify mail.log --enforced 2026-03-16T09:00   where one log holds both",
        )
    before, later = replace(given, until=enforced), replace(given, since=enforced)
    if after and given.store is not None:  # the store has the trial, and --year is of the logs
        before, later = replace(before, year=None), replace(later, store=None)
    return before, replace(later, paths=after or given.paths)


def _read(given: Given, shown: Shown) -> MailLog:
    from logtune.analyses.columns import COLUMNS

    log = open_log(given, shown.output, shown.top, COLUMNS["verify"])
    require_postfix_lines(log)
    return log


def _read_later(first: MailLog, given: Given, shown: Shown) -> MailLog:
    """The second log. ``--year`` is that of the first log; stamps without one may belong to the next."""
    second = _read(given, shown)
    ends = first.period.first, second.period.last
    if given.year is None or ends[0] is None or ends[1] is None or ends[1] >= ends[0] or "-" in (given.paths or ()):
        return second
    return _read(replace(given, year=given.year + 1), shown)


def _of(first: MailLog, second: MailLog, restriction: str | None) -> Verification:
    try:
        return first.verification(second).only(restriction)
    except KeyError as error:
        raise NotFound(f"{error.args[0]}.", "logtune trial PATHS   names those that are on trial") from error


def _write(second: MailLog, found: Verification, shown: Shown, form: ReportFormat) -> None:
    from logtune.analyses import views

    write(found.to_json() if form is ReportFormat.JSON else views.verify(second.tables, found), form, shown)
