"""``logtune rejects``."""

from __future__ import annotations

from logtune.cli.options import FormatOfReport, Given, Mailed, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer


@reads_logs
def rejects(given: Given, shown: Shown, mailed: Mailed, form: FormatOfReport = ReportFormat.TEXT) -> None:
    """What was rejected, by restriction, client, HELO and domain."""
    answer("rejects", given, shown, form, lambda log: log.rejects(), mailed=mailed)
