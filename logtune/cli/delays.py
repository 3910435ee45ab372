"""``logtune delays``."""

from __future__ import annotations

from logtune.cli.options import FormatOfReport, Given, Mailed, ReportFormat, Shown, reads_logs
from logtune.cli.reports import answer


@reads_logs
def delays(given: Given, shown: Shown, mailed: Mailed, form: FormatOfReport = ReportFormat.TEXT) -> None:
    """Where delivery time goes: stages, relays, destinations."""
    answer("delays", given, shown, form, lambda log: log.delays(), mailed=mailed)
