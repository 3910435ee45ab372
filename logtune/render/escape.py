"""The one place where text is made safe for where it goes: terminal, HTML, CSV cell, shell line, main.cf.

Log text is written by strangers: HELO names, addresses and reply texts may hold terminal escapes, bidi overrides,
markup or formulas. Every output goes through here; nothing else in ``render`` writes text from results.
"""

from __future__ import annotations

import shlex
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

# Letters, digits, punctuation, symbols. The rest is shown by number: Cc controls and C1, Cf bidi overrides and
# zero-width, Cs surrogates, Co private use, Cn unassigned (width unknown), Zl Zp line ends, Zs spaces that
# look like the one but are not.
_SHOWN = frozenset("LNPS")

# Shown as nothing, or changing the width or look of their neighbours, in spite of their category: Hangul fillers,
# the Braille blank, emoji modifiers, regional indicators, the half of a flag.
_INVISIBLE = frozenset([0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, *range(0x1F3FB, 0x1F400), *range(0x1F1E6, 0x1F200)])

# Hangul vowels and finals join with the letter before, which terminals measure in different ways.
_JOINING = (*range(0x1160, 0x1200), *range(0xD7B0, 0xD800))

# Variation selectors turn a sign into an emoji of double width, and back.
_SELECTORS = frozenset([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])

# No natural language needs more on one letter than a vowel and a tone; hundreds cover the lines around.
_MARKS_PER_LETTER = 2

# Our own words where only ASCII is safe: the signs of ``glyphs`` that may stand inside a sentence.
_PLAIN_WORDS = str.maketrans({"–": "-", "—": "-", "…": "~", "·": ".", "−": "-", "×": "x", "→": ">", "←": "<",
                              "‘": "'", "’": "'", "“": '"', "”": '"', "█": "8", "≥": ">=", "≤": "<="})  # fmt: skip

# OWASP's list for CSV injection, and the full-width twins that some spreadsheets take for them.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def _by_number(char: str) -> str:
    """Return the character as an escape: \\x1b, \\u202e, \\U0001f600; a byte that was no UTF-8 as that byte."""
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=8192)
def _is_shown(char: str) -> bool:
    if ord(char) in _INVISIBLE or ord(char) in _JOINING:
        return False
    return char == " " or unicodedata.category(char)[0] in _SHOWN


def visible(text: str, *, ascii: bool = False) -> str:
    """Return text that can be sent to any terminal: one line, no controls, nothing hidden or reordered.

    Whatever is not a plain character is written by its number, as in ``\\x1b``. A backslash stays as it came: this
    is for reading, not for reading back. With ``ascii`` everything outside of ASCII is written so too.
    """
    if text.isascii() and text.isprintable():
        return text
    parts: list[str] = []
    base, marks = False, 0
    for char in text:
        if unicodedata.category(char)[0] == "M":
            marks += 1
            ok = base and marks <= _MARKS_PER_LETTER and ord(char) not in _SELECTORS
        else:
            ok, marks = _is_shown(char), 0
            base = ok and unicodedata.category(char)[0] == "L"
        parts.append(char if ok and (not ascii or char.isascii()) else _by_number(char))
    return "".join(parts)


def words(text: str, *, ascii: bool = False) -> str:
    """Return our own sentence for a terminal; it may quote the log, so it is escaped all the same."""
    return visible(text.translate(_PLAIN_WORDS) if ascii else text, ascii=ascii)


def html(text: str) -> Markup:
    """Return text for HTML, with controls shown and markup as it came."""
    from markupsafe import escape

    return escape(visible(text))


def csv_cell(text: str) -> str:
    """Return text for a CSV cell: what a spreadsheet would run as a formula gets a quote in front."""
    risky = text.lstrip(" ").startswith(_FORMULA_STARTS)
    return ("'" if risky else "") + visible(text)


def shell(argument: str) -> str:
    """Return the argument quoted for a shell line that is shown on a terminal and may be pasted.

    What cannot be shown is written in the ``$'..'`` form (bash, zsh, ksh, POSIX 2024), byte by byte, in octal because
    some shells read on after two hex digits. NUL, which no argument can hold, is left out.
    """
    argument = argument.replace("\0", "")
    if visible(argument) == argument:
        return shlex.quote(argument)
    return "$'" + "".join(_shell_byte(byte) for char in argument for byte in _raw(char)) + "'"


def _raw(char: str) -> bytes:
    """Return the bytes of a character, of half a surrogate pair too; one that stands for a stray byte is that byte."""
    stray = "\udc80" <= char <= "\udcff"
    return char.encode("utf-8", "surrogateescape" if stray else "surrogatepass")


def _shell_byte(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\{byte:03o}"


def main_cf_value(text: str) -> str:
    """Return text as (part of) a parameter's value in main.cf, where ``$`` starts a name (postconf(5)).

    Raises ValueError for what a value cannot hold: line ends and other controls.
    """
    if visible(text) != text:
        raise ValueError(f"cannot stand in main.cf: {visible(text)}")
    return text.replace("$", "$$")


def main_cf_word(text: str) -> str:
    """Return text as one word of a list of restrictions. Raises ValueError where it would end or begin another."""
    if not text or any(char in " ,{}\"'#=" for char in text):
        raise ValueError(f"is not one word of a restriction list: {visible(text)!r}")
    return main_cf_value(text)


def comment(text: str) -> str:
    """Return text for a comment line of main.cf or a lookup table: one line, nothing hidden."""
    return visible(text)
