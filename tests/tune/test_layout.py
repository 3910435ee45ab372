"""Edited files keep their own layout: indents, commas, comments and order; a diff is what patch takes."""

from __future__ import annotations

import pytest

from logtune.postconf import main_cf, master_cf
from logtune.postconf.restriction_lists import Place
from logtune.tune.layout import diff, main_text, master_text
from logtune.tune.model import Change, Piece

A, B, C = "permit_mynetworks", "reject_b", "reject_c"


def change(pieces: list[tuple[str, int | None]], service: str | None = None) -> Change:
    return Change(
        Place("x", service), "old", ", ".join(text for text, _ in pieces), tuple(Piece(t, n) for t, n in pieces)
    )


NEW = [(A, None), (B, 1), (C, 3)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\nx = w reject_b, w reject_c\nb = 2\n", f"a = 1\nx = {A}, {B}, {C}\nb = 2\n"),
        ("x=w reject_b w reject_c\n", f"x={A} {B} {C}\n"),
        (
            "x =\n\tw reject_b,\n\n# about c\n\tw reject_c,\nb = 2\n",
            f"x =\n\t{A},\n\t{B},\n\n# about c\n\t{C}\nb = 2\n",
        ),
        ("x = w reject_b\n  w reject_c\n", f"x = {A}\n  {B}\n  {C}\n"),
        ("b = 2", f"b = 2\nx = {A}, {B}, {C}\n"),
        ("", f"x = {A}, {B}, {C}\n"),
    ],
)
def test_main_cf(before: str, after: str) -> None:
    """The value is written as the file writes values; everything else stays to the letter."""
    assert main_text(before, main_cf.parse(before), [change(NEW)]) == after


def test_a_value_that_becomes_too_long_gets_a_line_each() -> None:
    """A line of a hundred characters is the most."""
    long = [("check_client_access cidr:$config_directory/helo_exceptions.cidr", None), (A, None), (B * 5, 0)]
    assert main_text("x = reject_b\n", main_cf.parse("x = reject_b\n"), [change(long)]) == (
        f"x =\n    {long[0][0]},\n    {A},\n    {B * 5}\n"
    )


MASTER = """\
smtp inet n - n - - smtpd
submission inet n - n - - smtpd
  -o y=1
# -o x=old
  -o {old} -o z=2
pickup unix n - n 60 1 pickup
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x=old", f"x={A},{B},{C}"),
        ("{ x = old, older }", f"{{ x = {A}, {B}, {C} }}"),
        ("{x=old}", f"{{ x = {A}, {B}, {C} }}"),
    ],
)
def test_master_cf(old: str, new: str) -> None:
    """An override is changed where it stands, in braces where it was; comments are left alone."""
    before = MASTER.replace("{old}", old)
    text = master_text(before, master_cf.parse(before), [change(NEW, "submission/inet")])
    assert text == MASTER.replace("{old}", new)


def test_a_new_override() -> None:
    """An override that is not there comes last among the service's own, under their indent."""
    before = MASTER.replace(" {old}", " q=1")
    text = master_text(before, master_cf.parse(before), [change([(A, None)], "submission/inet")])
    assert text == before.replace("-o z=2\n", f"-o z=2\n  -o x={A}\n")


def test_a_diff_of_a_file_without_a_last_line_end() -> None:
    """patch(1) must be told."""
    assert diff("a\nb", "a\nb\nc\n", "f", "f")[-4:] == ["-b", "\\ No newline at end of file", "+b", "+c"]
