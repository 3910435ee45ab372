"""The patterns of regexp_table(5) and pcre_table(5) as Python expressions, or the word that Python cannot tell.

Patterns work on bytes, as in Postfix: letters beyond ASCII have no other case. What is not known to mean the same
raises ``Untranslatable``; a pattern that the libraries of Postfix do not take either raises ``Broken``. Sources:
``src/util/dict_regexp.c``, ``src/util/dict_pcre.c``, regex(7), pcre2pattern(3).
"""

from __future__ import annotations

import re

CLASSES = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~", "space": r"\s",
    "upper": "A-Z", "xdigit": "0-9A-Fa-f", "word": r"\w",
}  # fmt: skip
"""POSIX classes in the C locale."""

GNU_ESCAPES = {
    **{letter: "\\" + letter for letter in "wWsSbB"},
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "`": r"\A",
    "'": r"\Z",
}
"""What glibc's regcomp adds to POSIX (regex(7)); other escaped characters stand for themselves."""

PCRE_ESCAPES = {**{letter: "\\" + letter for letter in "dDwWsSbBAnrtfv"}, "z": r"\Z", "Z": r"(?=\n?\Z)"}
PCRE_GROUP = re.compile(r"\(\?(?::|=|!|<=|<!|>|#|P<\w+>|P=\w+\)|[imsx]+\))")
"""Groups that Python writes in the same way. ``(?<name>`` is rewritten, all others are not known."""
INTERVAL = re.compile(r"\{(\d+(?:,\d*)?|,\d+)\}")
BALANCE = ("unterminated subpattern", "unbalanced parenthesis")
"""Errors of Python that are errors of POSIX and PCRE too."""


class Untranslatable(ValueError):
    """Python may read the pattern in another way."""


class Broken(ValueError):
    """Postfix does not take the pattern either: it warns and skips the rule."""


def posix(pattern: str, flags: str) -> re.Pattern[bytes]:
    """A pattern of a regexp table with its *flags* as written (each toggles: ``i`` on, ``m`` off, ``x`` on)."""
    if set(flags) - set("imx"):
        raise Broken(f"unknown flag in {flags!r}")
    if flags.count("x") % 2:
        raise Untranslatable("basic regular expression (flag x)")
    options = 0 if flags.count("i") % 2 else re.IGNORECASE
    options |= re.MULTILINE if flags.count("m") % 2 else 0
    return _compiled(_translated(pattern, GNU_ESCAPES, pcre=False), options | re.DOTALL)


def pcre(pattern: str, flags: str) -> re.Pattern[bytes]:
    """A pattern of a pcre table with its *flags* as written (each toggles: ``i`` and ``s`` on, ``m x A E U X`` off)."""
    if set(flags) - set("imsxAEUX"):
        raise Broken(f"unknown flag in {flags!r}")
    if flags.count("U") % 2:
        raise Untranslatable("quantifiers turned round (flag U)")
    options = 0 if flags.count("i") % 2 else re.IGNORECASE
    options |= 0 if flags.count("s") % 2 else re.DOTALL
    options |= re.MULTILINE if flags.count("m") % 2 else 0
    options |= re.VERBOSE if flags.count("x") % 2 else 0
    text = _translated(pattern, PCRE_ESCAPES, pcre=True)
    return _compiled(rf"\A(?:{text})" if flags.count("A") % 2 else text, options)


def _compiled(text: str, options: int) -> re.Pattern[bytes]:
    try:
        return re.compile(text.encode("utf-8", "surrogateescape"), options)
    except re.error as error:
        if str(error).startswith(BALANCE) or "missing )" in str(error):
            raise Broken(str(error)) from error
        raise Untranslatable(str(error)) from error


def _translated(pattern: str, escapes: dict[str, str], *, pcre: bool) -> str:
    """*pattern* in Python's notation, piece by piece."""
    pieces, at = [], 0
    while at < len(pattern):
        piece, at = _piece(pattern, at, escapes, pcre)
        pieces.append(piece)
    return "".join(pieces)


def _piece(pattern: str, at: int, escapes: dict[str, str], pcre: bool) -> tuple[str, int]:
    """The piece at *at* in Python's notation, and where the next one begins."""
    char = pattern[at]
    if char == "\\":
        return _escaped(pattern[at + 1 : at + 2], escapes, pcre), at + 2
    if char == "[":
        return _bracket(pattern, at, pcre)
    if char == "{":
        return _interval(pattern, at, pcre)
    if char == "(" and pattern[at + 1 : at + 2] in ("?", "*"):
        return _group(pattern, at, pcre)
    return char, at + 1


def _escaped(char: str, escapes: dict[str, str], pcre: bool) -> str:
    if not char:
        raise Broken("a backslash ends the pattern")
    if char in escapes:
        return escapes[char]
    if char in "123456789":
        return rf"(?:\{char})"
    if char.isalnum() and (pcre or not char.isascii()):
        raise Untranslatable(f"\\{char}")
    return re.escape(char)


def _interval(pattern: str, at: int, pcre: bool) -> tuple[str, int]:
    found = INTERVAL.match(pattern, at)
    if found is None and pcre:
        return r"\{", at + 1
    if found is None or (pcre and found[1].startswith(",")):  # PCRE takes {,n} as text before 10.43
        raise Untranslatable("{ that opens no interval")
    return f"{{{'0' if found[1].startswith(',') else ''}{found[1]}}}", found.end()


def _group(pattern: str, at: int, pcre: bool) -> tuple[str, int]:
    if not pcre:
        raise Untranslatable(pattern[at : at + 3])
    found = PCRE_GROUP.match(pattern, at)
    if found:
        return found[0], found.end()
    name = re.compile(r"\(\?(<|')(\w+)[>']").match(pattern, at)
    if name is None:
        raise Untranslatable(pattern[at : at + 4])
    return f"(?P<{name[2]}>", name.end()


def _bracket(pattern: str, at: int, pcre: bool) -> tuple[str, int]:
    """A bracket expression. In POSIX a backslash in it is a backslash."""
    inside, at = ["["], at + 1
    if pattern.startswith("^", at):
        inside, at = ["[^"], at + 1
    first = True
    while first or not pattern.startswith("]", at):
        if at >= len(pattern):
            raise Broken("a bracket is not closed")
        piece, at = _bracket_piece(pattern, at, pcre)
        inside.append(piece)
        first = False
    return "".join(inside) + "]", at + 1


def _bracket_piece(pattern: str, at: int, pcre: bool) -> tuple[str, int]:
    named = re.compile(r"\[:(\^?)(\w+):\]").match(pattern, at)
    if named:
        if named[1] or named[2] not in CLASSES:
            raise Untranslatable(named[0])
        return CLASSES[named[2]], named.end()
    if pattern.startswith(("[.", "[="), at):
        raise Untranslatable(pattern[at : at + 2])
    char = pattern[at]
    if char == "\\" and pcre:
        following = pattern[at + 1 : at + 2]
        if following.isalnum() and following not in "dDwWsSnrtfv":
            raise Untranslatable(f"[\\{following}]")
        return char + following, at + 2
    return (char if char == "-" or char.isalnum() or not char.isascii() else "\\" + char), at + 1
