"""Escaping of text for each place that it may reach."""

from __future__ import annotations

import shlex
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune.render import escape

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail.example.com", "mail.example.com"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\nb\tc\r", r"a\x0ab\x09c\x0d"),
        ("\x9b31m", r"\x9b31m"),
        ("user\u202egpj.exe", r"user\u202egpj.exe"),
        ("ex\u200bample\ufeff", r"ex\u200bample\ufeff"),
        ("a\xa0b\u3000c", r"a\xa0b\u3000c"),
        ("\udce9t\udcff", r"\xe9t\xff"),
        ("mu\u0308nchen", "mu\u0308nchen"),
        ("Z\u0301\u0302\u0303\u0304", "Z\u0301\u0302\\u0303\\u0304"),
        ("\u0301a", "\\u0301a"),
        ("日本", "日本"),
        ("👍🏽\ufe0f", "👍\\U0001f3fd\\ufe0f"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    """Controls, C1, bidi overrides, zero-width, odd spaces and stray bytes are shown by number; the rest stays."""
    assert escape.visible(text) == shown


def test_visible_ascii() -> None:
    """In ASCII, log text is shown by number, while our own words get the sign that stands for it."""
    assert escape.visible("é – x", ascii=True) == r"\xe9 \u2013 x"
    assert escape.words("2 – 22 Mar · é…", ascii=True) == r"2 - 22 Mar . \xe9~"


@given(ANY)
def test_visible_sends_nothing(text: str) -> None:
    """Nothing of the categories for controls, formats, surrogates, private use and line ends gets through."""
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not {unicodedata.category(c) for c in escape.visible(text)} & bad
    assert escape.visible(text, ascii=True).isascii()


@given(ANY)
def test_visible_is_stable(text: str) -> None:
    """Text that was made visible stays as it is."""
    assert escape.visible(escape.visible(text)) == escape.visible(text)


def test_html() -> None:
    """Markup comes as text, and so do controls."""
    assert escape.html("<b>\"'&\x1b") == "&lt;b&gt;&#34;&#39;&amp;\\x1b"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_csv_formula(start: str) -> None:
    """A cell that a spreadsheet would run gets a quote in front."""
    assert escape.csv_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_csv_plain() -> None:
    """Other cells stay as they are, quotes are left to the writer."""
    assert escape.csv_cell('frasier "x", y') == 'frasier "x", y'


@given(st.text(st.characters(exclude_categories=(), exclude_characters="\x00")))
def test_shell_line_is_visible(text: str) -> None:
    """A quoted argument can be shown; where it is a plain quotation it reads back as the same argument."""
    quoted = escape.shell(text)
    assert escape.visible(quoted) == quoted
    if not quoted.startswith("$'"):
        assert shlex.split(quoted) == [text]


@pytest.mark.parametrize("text", ["a b", "x'; rm -rf $HOME", "\x1b[31m'\\", "é\u200b"])
def test_shell_reads_back(text: str) -> None:
    """A shell takes the quoted argument for the text itself."""
    out = subprocess.run(["bash", "-c", f"printf %s {escape.shell(text)}"], capture_output=True, check=True).stdout
    assert out.decode() == text


def test_main_cf() -> None:
    """A dollar sign is doubled; what would begin another line or word is an error."""
    assert escape.main_cf_value("cost $5") == "cost $$5"
    assert escape.main_cf_word("cidr:/etc/postfix/x.cidr") == "cidr:/etc/postfix/x.cidr"
    for text in ("a\nsmtpd_recipient_restrictions = permit", "a\x00", "a\u2028b"):
        with pytest.raises(ValueError, match=r"cannot stand in main\.cf"):
            escape.main_cf_value(text)
    for text in ("", "a b", "a,permit", "{x", "#x"):
        with pytest.raises(ValueError, match="not one word"):
            escape.main_cf_word(text)
