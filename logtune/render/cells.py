"""Text measured in terminal cells: cutting, padding and wrapping of rich texts, by the width of CJK and combining."""

from __future__ import annotations

import re
from itertools import pairwise

from rich.cells import cell_len, get_character_cell_size
from rich.text import Text

# "9.2 %", "5 s", "27 min" are one word; so is a dash with what precedes it.
_UNIT = re.compile(r"(%|s|ms|min|h|kB|MB|GB|MiB|GiB|days?)(?![\w%])")
_MONTH = re.compile(r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b")
_DATED = re.compile(r"(\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)|\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))$")
_BINDS_BACK = ("–", "·", "-", "−", "×", "=")


def width(text: str | Text) -> int:
    """Return how many cells the text takes."""
    return cell_len(text if isinstance(text, str) else text.plain)


def fit(text: str, room: int) -> int:
    """Return how many characters of the text fit into ``room`` cells, with the marks on the last one."""
    used = 0
    for index, char in enumerate(text):
        used += get_character_cell_size(char)
        if used > room:
            return index
    return len(text)


def cut(text: Text, room: int, sign: str) -> Text:
    """Return the text, ended by the sign of the cut where it is wider than ``room`` cells."""
    if width(text) <= room:
        return text
    if room <= 0:
        return Text()
    kept = text[: fit(text.plain, room - 1)]
    kept.append(sign)
    return kept


def pad(text: Text, room: int, right: bool = False) -> Text:
    """Return the text filled up to ``room`` cells, on the left side if it is to stand at the right edge."""
    blank = " " * max(0, room - width(text))
    return Text.assemble(blank, text) if right else Text.assemble(text, blank)


def join(*parts: Text | str) -> Text:
    """Return one text of several; strings have no style."""
    return Text.assemble(*parts)


def indent(lines: list[Text], by: int) -> list[Text]:
    """Return the lines moved right."""
    return [join(" " * by, line) for line in lines]


def _may_break(plain: str, space: int) -> bool:
    """Whether a line may end at this space: not between a number and its unit, not within a date, not before a dash."""
    rest = plain[space + 1 :]
    if plain[space - 1 : space].isdigit() and (_UNIT.match(rest) or _MONTH.match(rest)):
        return False
    if rest[:1].isdigit() and _DATED.search(plain, max(0, space - 6), space):
        return False
    return not (rest[:1] in _BINDS_BACK and rest[1:2] in ("", " "))


def longest_word(plain: str) -> int:
    """Return the cells of the longest piece that ``wrap`` keeps together, ``95 %`` being one."""
    starts = [0, *(i + 1 for i in range(1, len(plain)) if plain[i] == " " and _may_break(plain, i)), len(plain) + 1]
    return max(width(plain[a : b - 1]) for a, b in pairwise(starts))


def wrap(text: Text, room: int) -> list[Text]:
    """Return the text as lines of at most ``room`` cells, broken at spaces.

    A word that is wider than a line is broken where the line ends. Nothing is lost but the spaces at the breaks.
    """
    lines: list[Text] = []
    rest, room = text, max(2, room)  # a wide character takes two cells
    while width(rest) > room:
        end, start = _break(rest.plain, room)
        lines.append(rest[:end])
        rest = rest[start:]
    lines.append(rest)
    return lines


def _break(plain: str, room: int) -> tuple[int, int]:
    """Return where the line ends and where the next begins."""
    limit = fit(plain, room)
    indentation = len(plain) - len(plain.lstrip(" "))
    spaces = [i for i in range(indentation + 1, limit + 1) if plain[i : i + 1] == " " and plain[i - 1] != " "]
    if not spaces:
        return limit, limit
    end = next((i for i in reversed(spaces) if _may_break(plain, i)), spaces[-1])
    return end, len(plain) - len(plain[end:].lstrip(" "))
