"""Charts of hours and of layers."""

from __future__ import annotations

from datetime import date

from logtune.render.terminal import to_text
from logtune.results import Chart

MONDAY = date(2026, 3, 2)


def test_layers() -> None:
    """Layers stand on top of each other by their letters, the first at the bottom; no data is no column."""
    layers = (("a", (1.0, None, 2.0)), ("b", (1.0, None, 6.0)))
    text = to_text(Chart("stages", MONDAY, (2.0, None, 8.0), None, 24, layers, "s"), 60)
    assert text.splitlines()[1:] == [
        "   8 s           bbbb",
        "                 bbbb",
        "                 bbbb",
        "                 bbbb",
        "   4 s           bbbb",
        "                 bbbb",
        "       bbbb      aaaa",
        "       aaaa      aaaa",
        "     0 M    T    W",
        "       2 Mar",
    ]


def test_hours() -> None:
    """Below the columns of hours stand the hours, and the date under midnight."""
    text = to_text(Chart("peak", MONDAY, (1, 2, 3, 4) * 2, 4, 6), 80).splitlines()
    assert text[-2].split() == ["0", "00", "06", "12", "18", "00", "06", "12", "18"]
    assert text[-1].split() == ["2", "Mar", "3", "Mar"]


def test_too_many_hours_are_a_sparkline() -> None:
    """What does not fit beside each other becomes one line that says how many hours a column stands for."""
    text = to_text(Chart("peak", MONDAY, (1,) * 240, None, 1), 60)
    assert "a column for 5 × 1 h" in text
