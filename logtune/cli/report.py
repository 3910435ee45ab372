"""``logtune report``."""

from __future__ import annotations

from logtune.cli.options import FormatOfReport, Given, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer


@reads_logs
def report(given: Given, shown: Shown, form: FormatOfReport = ReportFormat.TEXT) -> None:
    """All at a glance: trials, rejects, deliveries, processes."""
    answer("report", given, shown, form, lambda log: log.report())
