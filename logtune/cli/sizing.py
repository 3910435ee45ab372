"""``logtune sizing``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import FormatOfReport, Given, Mailed, ReportFormat, Shown, reads_logs
from logtune.cli.output import text_output
from logtune.cli.reports import answer

if TYPE_CHECKING:
    from logtune.live import Sample
    from logtune.postconf.services import Configuration

Postconf = Annotated[
    list[str] | None,
    typer.Option(
        "--postconf", metavar="FILE", help="Saved output of postconf -F (-n, -M): process limits. Repeatable."
    ),
]
Growth = Annotated[
    float, typer.Option("--growth", min=1, max=1000, metavar="N", help="Also recommend for N times the load.")
]
Headroom = Annotated[
    int, typer.Option("--headroom", min=0, max=90, metavar="PERCENT", help="Part of a limit that the peak leaves free.")
]
Rss = Annotated[
    float | None, typer.Option("--rss-mb", min=0.1, metavar="MIB", help="Memory of one smtpd process, for the sums.")
]
Charts = Annotated[bool, typer.Option("--charts", help="Courses of all services, deliveries and delay stages.")]
Live = Annotated[
    bool,
    typer.Option("--live", help="Sample this machine's Postfix: processes, memory, CPU; with PATHS, beside the log."),
]
Seconds = Annotated[float, typer.Option("--seconds", min=1, max=86_400, metavar="N", help="How long --live samples.")]


@reads_logs
def sizing(
    given: Given,
    shown: Shown,
    mailed: Mailed,
    postconf: Postconf = None,
    growth: Growth = 2.0,
    headroom: Headroom = 30,
    rss_mb: Rss = None,
    charts: Charts = False,
    live: Live = False,
    seconds: Seconds = 5.0,
    form: FormatOfReport = ReportFormat.TEXT,
) -> None:
    """Whether there are enough processes, and what to set."""
    configuration = _configuration(postconf) if postconf else None
    seen = _sample(seconds) if live else None
    if seen is not None and not given.paths:
        if mailed.mail_to:
            usage_error("--mail-to needs a log: --live alone has no report.")
        _show_live(seen, configuration, shown, form)
        return
    answer(
        "sizing",
        given,
        shown,
        form,
        lambda log: log.sizing(
            configuration,
            growth=growth,
            headroom=headroom / 100,
            process_bytes=None if rss_mb is None else round(rss_mb * 2**20),
            charts=charts,
            live=seen,
        ),
        mailed=mailed,
    )


def _configuration(files: list[str]) -> Configuration:
    from logtune.postconf.errors import PostconfError
    from logtune.postconf.read import read

    try:
        return read(None, files)
    except PostconfError as error:
        raise Failure(str(error), *error.advice, code=ExitCode.CONFIG_ERROR) from error


def _sample(seconds: float) -> Sample:
    from logtune import live

    try:
        return live.sample(seconds)
    except live.CannotSample as error:
        raise Failure(str(error), *error.advice, code=ExitCode.NOTHING_READ) from error


def _show_live(seen: Sample, configuration: Configuration | None, shown: Shown, form: ReportFormat) -> None:
    from logtune import live
    from logtune.render import json
    from logtune.render.terminal import print_report

    known = live.configuration_of(configuration)
    with text_output(shown.output) as out:
        if form is ReportFormat.JSON:
            out.write(json.text(live.to_json(seen, known), indent=2) + "\n")
            return
        out.write(f"logtune sizing --live  {live.host()}  {seen.began:%Y-%m-%d %H:%M:%S} UTC\n")
        for section in live.sections(seen, known):
            out.write("\n")
            print_report(section, file=out, width=shown.width, color=shown.colored)
