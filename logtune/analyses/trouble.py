"""What several questions ask of: warnings, deliveries that failed, kinds of decisions. Each is kept once per log.

They are a small part of large tables, in which each question would look for them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logtune.analyses.common import keep

if TYPE_CHECKING:
    from logtune.tables import Tables


def keep_warnings(log: Tables) -> None:
    """Keep the table ``warnings``: notices of a severity above info."""
    keep(log, "warnings", "warnings")


def keep_failed_deliveries(log: Tables) -> None:
    """Keep the table ``failed_deliveries``: those that were not sent."""
    keep(log, "failed_deliveries", "failed_deliveries")


def keep_decision_kinds(log: Tables) -> None:
    """Keep the table ``decision_kinds``: the few different kinds of decisions, with how many lines they have."""
    keep(log, "decision_kinds", "decision_kinds")
