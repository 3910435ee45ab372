"""Charts of one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logtune.render import course
from logtune.render.glyphs import ASCII, UTF8
from logtune.results import Harm, Part


def test_sparkline() -> None:
    """Zero is a dot, no data a blank, the highest day a full column; ASCII has a digit for each height."""
    days = (0, 1, 4, None, 8)
    assert course.sparkline(days, 10, UTF8).plain == "·▁▄ █"
    assert course.sparkline(days, 10, ASCII).plain == ".14 8"


def test_sparkline_with_a_limit() -> None:
    """The limit is the full column, and days that reach it are red."""
    line = course.sparkline((25, 50), 10, UTF8, limit=50)
    assert line.plain == "▄█"
    assert [str(s.style) for s in line.spans] == ["bold red"]


def test_sparkline_stands_out() -> None:
    """A day of twice the usual is bold, ordinary days are dim."""
    line = course.sparkline((10, 10, 10, 20), 10, UTF8)
    assert [str(s.style) for s in line.spans] == ["dim", "dim", "dim", "bold"]


def test_sparkline_too_long() -> None:
    """Where the days do not fit, a column stands for the highest of several."""
    assert course.sparkline((1, 8, 0, 0, 4, 2), 3, UTF8).plain == "█·▄"


def test_amount() -> None:
    """Half a cell is the least, and only nought has none."""
    assert [course.amount(v, 100, 4, UTF8).plain for v in (100, 60, 1, 0, None)] == ["━━━━", "━━╸", "╸", "", ""]


def test_stages() -> None:
    """Letters in proportion; the stage with more than half is bold yellow."""
    line = course.stages((1.0, 0.01, 8.0, 1.0), 10)
    assert line.plain == "abcccccccd"
    assert [str(s.style) for s in line.spans] == ["dim", "dim", "bold yellow", "dim"]


def test_parts() -> None:
    """A count above zero gets a cell, however small."""
    bar = [Part(Harm.WANTED, "", 1), Part(Harm.OTHERS, "", 0), Part(Harm.UNWANTED, "", 999)]
    assert course.parts(bar, 8, UTF8).plain == "█░░░░░░░"


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=6), st.integers(0, 100))
def test_apportion(weights: list[float], room: int) -> None:
    """All cells are shared out, and only weights above zero get any, each at least one where there are enough."""
    out = course.apportion(weights, room)
    assert sum(out) == (room if sum(weights) > 0 else 0)
    assert all(n == 0 for n, w in zip(out, weights, strict=True) if w == 0)
    if room >= len(weights) and sum(weights) > 0:
        assert all(n > 0 for n, w in zip(out, weights, strict=True) if w > 0)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 10**9), st.floats()), max_size=400), st.integers(1, 130))
def test_sparkline_fits(values: list[float | None], room: int) -> None:
    """Whatever the values, the sparkline fits."""
    assert len(course.sparkline(values, room, UTF8).plain) <= room
