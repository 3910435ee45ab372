"""Shares as words in a sentence."""

from __future__ import annotations


def share(part: float, whole: float) -> str:
    """A share in per cent: one decimal below 10, never a false 0 or 100."""
    value = 100 * part / whole if whole else 0.0
    if 0 < value < 0.1:
        return "<0.1 %"
    if 99.9 < value < 100:
        return ">99.9 %"
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %"
