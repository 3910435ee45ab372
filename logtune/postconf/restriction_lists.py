"""A list of restrictions as its elements: names, arguments, and what stands behind warn_if_reject.

As smtpd_check.c reads it: words apart by commas and blanks, braces kept together (util/mystrtok.c), names in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from logtune.postfix import restrictions

SEPARATORS = ", \t\r\n\v\f"
WARN = "warn_if_reject"

LISTS = (
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
)
"""The lists that a mail passes, in their order (with smtpd_delay_reject all but the last two at RCPT)."""

_WITH_ARGUMENT = re.compile(
    r"check_\w+_access|check_policy_service|reject_rbl(_client)?|reject_rhsbl_\w+|permit_(dnswl|rhswl)_client|sleep"
)
_REFERENCE = re.compile(r"\$(?:(\w+)|\{\s*(\w+)\s*\}|\((\w+)\))")


@dataclass(frozen=True)
class Place:
    """Where text stands: a parameter of main.cf, or of one service in master.cf (``submission/inet``)."""

    parameter: str
    service: str | None = None


@dataclass(frozen=True)
class Word:
    """One word: expanded, as written, its place and its number there (-1: a ``$`` expression made it)."""

    text: str
    raw: str
    place: Place
    number: int


@dataclass(frozen=True)
class Element:
    """One restriction of a list with its arguments. ``words`` are all of its words, warn_if_reject included."""

    words: tuple[Word, ...]

    @cached_property
    def warn(self) -> bool:
        """Whether it is on trial: it stands behind warn_if_reject."""
        return self.words[0].text.lower() == WARN

    @cached_property
    def _own(self) -> tuple[Word, ...]:
        return tuple(w for i, w in enumerate(self.words) if not self._is_warn(i))

    def _is_warn(self, index: int) -> bool:
        return all(word.text.lower() == WARN for word in self.words[: index + 1])

    @property
    def name(self) -> str:
        """The restriction as it is written, without arguments; empty where warn_if_reject stands alone."""
        return self._own[0].text if self._own else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What it is given: a table, a domain, a server."""
        return tuple(word.text for word in self._own[1:])

    @property
    def known(self) -> str | None:
        """Its present name (``reject_invalid_helo_hostname``); None for a restriction class, a table, a mistake."""
        return restrictions.canonical(self.name)

    @property
    def text(self) -> str:
        """As it counts: ``reject_rbl_client dnsbl.example``, without warn_if_reject."""
        return " ".join((self.name, *self.arguments))

    @property
    def raw(self) -> str:
        """As it is written, without warn_if_reject, references unexpanded."""
        return " ".join(word.raw for word in self._own)

    @property
    def place(self) -> Place | None:
        """Where it is written; None where it is put together from several places."""
        places = {word.place for word in self.words}
        whole = all(word.number >= 0 for word in self.words)
        return next(iter(places)) if len(places) == 1 and whole else None

    @property
    def number(self) -> int:
        """The number of its first word in its place."""
        return self.words[0].number


def split_words(text: str, separators: str = SEPARATORS) -> Iterator[str]:
    """Words of *text*; separators inside braces do not part, unclosed braces end with the text."""
    word, depth = "", 0
    for char in text:
        if depth == 0 and char in separators:
            if word:
                yield word
            word = ""
            continue
        depth = depth + 1 if char == "{" else max(0, depth - (char == "}"))
        word += char
    if word:
        yield word


def words(
    value: str, place: Place, raw: Callable[[str], tuple[str, Place] | None], expand: Callable[[str], str]
) -> Iterator[Word]:
    """Words of *value*, which stands at *place*. A word ``$name`` gives the words of that parameter, at its place.

    *raw* gives a parameter's unexpanded value and place, *expand* the text of any other expression.
    """
    yield from _words(value, place, raw, expand, ())


def _words(
    value: str,
    place: Place,
    raw: Callable[[str], tuple[str, Place] | None],
    expand: Callable[[str], str],
    above: tuple[Place, ...],
) -> Iterator[Word]:
    for number, word in enumerate(split_words(value)):
        reference = _REFERENCE.fullmatch(word)
        found = raw(next(filter(None, reference.groups()))) if reference else None
        if found and found[1] != place and found[1] not in above:
            yield from _words(found[0], found[1], raw, expand, (*above, place))
        elif "$" not in word:
            yield Word(word, word, place, number)
        else:
            made = list(split_words(expand(word)))
            whole = len(made) == 1 and word[0] != "$"  # hash:$config_directory/x is one word here, ${x?{y}} is computed
            yield from (Word(text, word, place, number if whole else -1) for text in made)


def elements(found: Sequence[Word]) -> list[Element]:
    """The restrictions that *found* words spell."""
    made: list[Element] = []
    rest = list(found)
    while rest:
        size = _size(rest)
        made.append(Element(tuple(rest[:size])))
        rest = rest[size:]
    return made


def _size(found: Sequence[Word]) -> int:
    """How many words the first restriction takes."""
    start = 0
    while start < len(found) and found[start].text.lower() == WARN:
        start += 1
    if start == len(found):
        return start
    return min(len(found), start + (2 if _WITH_ARGUMENT.fullmatch(found[start].text.lower()) else 1))
