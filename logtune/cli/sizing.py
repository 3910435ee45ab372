"""``logtune sizing``."""

from __future__ import annotations

from logtune.cli.options import FormatOfReport, Given, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer


@reads_logs
def sizing(given: Given, shown: Shown, form: FormatOfReport = ReportFormat.TEXT) -> None:
    """Whether there are enough smtpd processes for the clients."""
    answer("sizing", given, shown, form, lambda log: log.sizing())
