"""Pseudonyms inside texts: reply texts of strangers, warnings, raw lines.

What looks like an address, a host name or a mailbox is replaced, what stands in ``<..>``, what a ``user=`` names and
what follows /home/ or a mail directory; and the words that the columns of the row say are names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from logtune.anonymize.pseudonyms import CACHED, Pseudonyms

KEPT_OBJECTS = frozenset({"DATA", "END-OF-MESSAGE", "BDAT", "CONNECT", "UNKNOWN", "unknown", ""})
"""What stands in ``<..>`` where no address or name does (smtpd_check.c)."""

# In the order in which they are tried at a place. The counts bound the work that a hostile text can cause: each start
# is tried over so many characters at most.
_ALTERNATIVES = (
    ("<", r"<(?P<angle>[^<>]{0,1024})>"),
    (
        "@%",
        r"""(?P<mail>[^\s<>"'(),;:\[\]{}|/?&]{1,256}(?:@|%40)(?:\[[^\]\s]{1,80}\]|[\w.-]{1,255}))""",
    ),
    ("[", r"(?P<client>[\w.-]{1,255})\[(?P<addr>[0-9A-Fa-f:.]{2,45})\]"),  # name[address]
    (
        "=:",
        r"(?P<key>\b(?:sasl_username|sasl_sender|username|user|login|account|ruser|rhost|helo)[ ]?[=:][ ]?)"
        r"(?P<value>[^\s,;)<>]{1,256})",
    ),
    ("\"'", r"""(?P<quoted>\buser(?:name)?[ ](?:"[^"]{1,256}"|'[^']{1,256}'))"""),
    ("/", r"""(?P<folder>/(?:home|users?|mail|vmail|maildirs?|virtual)/)(?P<below>[^\s,;)'"\]]{1,512})"""),
    (
        ":",
        r"(?<![\w:.])(?:IPv6:)?"
        r"(?P<v6>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\d{0,3}(?:\.\d{1,3}){3})?)(?![\w:-]|\.\w)",
    ),
    (".", r"(?P<host>(?<![\w.-])(?:[\w-]{1,63}\.){1,64}(?=[^\W\d_])[\w-]{1,63}\b)"),
    (".", r"(?P<v4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w))"),
)
"""Each with the characters of which a text has one where the alternative matches."""


_SIGNS = frozenset("".join(signs for signs, _ in _ALTERNATIVES))
_JOINED_BEHIND = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_JOINED_BEFORE = _JOINED_BEHIND | {"@"}
"""Of lower case ASCII, what makes one word of two (``_is_whole`` for all letters)."""
_SPACED = re.compile("<[^<>]* ")
_SOCKET = re.compile(r"\[([\d.]{7,15})\](:\d{1,5}:?)", re.ASCII)
"""``[address]:port`` of IPv4, as postscreen names its clients: the brackets and the port take part in no token."""


def _token(text: str) -> re.Pattern[str] | None:
    """What finds tokens in *text*: only what can match there is tried, for trying is what takes the time."""
    return _pattern(_SIGNS.intersection(text))


@lru_cache(None)  # as many as there are choices of a few signs
def _pattern(signs: frozenset[str]) -> re.Pattern[str] | None:
    found = [pattern for needed, pattern in _ALTERNATIVES if not signs.isdisjoint(needed)]
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _pieces(text: str, lower: str) -> list[str]:
    """*text* cut at its blanks, where no token can hold one; most pieces then occur in many texts."""
    whole = ("<" in text and _SPACED.search(text)) or _has_key(lower)
    return [text] if whole else text.split(" ")


def _has_key(lower: str) -> bool:
    """Whether one of these is in *lower*: each is in whatever ``key`` and ``quoted`` match. Asked of every text."""
    return (
        "user" in lower or "login" in lower or "account" in lower or "rhost" in lower or "helo" in lower
        or "sasl_sender" in lower
    )  # fmt: skip


def _holding(word: str, text: str) -> Iterator[int]:
    """Numbers of the pieces between the blanks of *text*, which is ASCII, in which *word* stands as a whole word."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (not at or text[at - 1] not in _JOINED_BEFORE) and (end == len(text) or text[end] not in _JOINED_BEHIND):
            yield text.count(" ", 0, at)
        at = text.find(word, at + 1)


class Texts:
    """Texts with pseudonyms in place of what identifies somebody."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._of = pseudonyms
        self.plain = lru_cache(CACHED)(self._plain)
        self.object = lru_cache(CACHED)(self._object)
        self._piece = lru_cache(CACHED)(self._with_places)

    def cut(self, text: str) -> str:
        """What ``plain`` gives, piece by piece: for texts that are seldom the same as a whole."""
        return " ".join(self._plain_pieces(_pieces(text, text.lower())))

    def with_words(self, text: str, words: Mapping[str, str]) -> str:
        """*text* in which *words* (in lower case) stand for themselves too: names without a dot, local parts.

        What begins first counts, of two that begin alike the word before the token and the longer word before the
        shorter.
        """
        lower = text.lower()
        pieces = [text] if " " in "".join(words) else _pieces(text, lower)
        if len(pieces) == 1:
            return self._with_places(text, tuple(words.items()))
        if not text.isascii():  # a capital letter may be two small ones
            return " ".join([self._piece(piece, tuple(words.items())) for piece in pieces])
        holding: dict[int, dict[str, str]] = {}
        for word, shown in words.items():
            for number in _holding(word, lower):
                holding.setdefault(number, {})[word] = shown
        changed = [(number, self._piece(pieces[number], tuple(there.items()))) for number, there in holding.items()]
        for number, _ in changed:
            pieces[number] = ""
        plain = self._plain_pieces(pieces)
        for number, piece in changed:
            plain[number] = piece
        return " ".join(plain)

    def _plain_pieces(self, pieces: Iterable[str]) -> list[str]:
        plain = self.plain
        return [piece if piece.isalnum() else plain(piece) for piece in pieces]  # without a sign nothing matches

    def _with_places(self, text: str, here: tuple[tuple[str, str], ...]) -> str:
        words = dict(here)
        places = _places(text, words)
        if not places:
            return self.plain(text)
        out: list[str] = []
        at = 0
        starts = sorted(places)
        pattern = _token(text)
        token = pattern.search(text) if pattern else None
        while True:
            starts = [start for start in starts if start >= at]
            if pattern and token is not None and token.start() < at:
                token = pattern.search(text, at)
            if token is None and not starts:
                return "".join([*out, text[at:]])
            if starts and (token is None or starts[0] <= token.start()):
                word = places[starts[0]]
                out += [text[at : starts[0]], words[word]]
                at = starts[0] + len(word)
            elif token is not None:
                out += [text[at : token.start()], self._replaced(token)]
                at = token.end()

    def _plain(self, text: str) -> str:
        if socket := _SOCKET.fullmatch(text):  # a port makes many pieces of one address
            return f"[{self.plain(socket[1])}]{socket[2]}"
        pattern = _token(text)
        return pattern.sub(self._replaced, text) if pattern else text

    def _object(self, text: str) -> str:
        """What stands in ``<..>``: a mailbox, a name, an address, ``name[address]``, or one of ``KEPT_OBJECTS``."""
        if text in KEPT_OBJECTS:
            return text
        client = re.fullmatch(r"([^\s\[\]]*)\[([0-9A-Fa-f:.]{2,45})\](:\d+)?", text)
        if client and client[1] and _is_address(client[2]):
            return f"{self._of.name(client[1])}[{self._of.address(client[2])}]{client[3] or ''}"
        return self._of.mailbox(text) if "@" in text else self._of.name(text)

    def _replaced(self, match: re.Match[str]) -> str:
        return _BY_KIND[str(_kind(match))](self, match)

    def _angle(self, match: re.Match[str]) -> str:
        return f"<{self.object(match['angle'])}>"

    def _mail(self, match: re.Match[str]) -> str:
        local, at, domain = re.split("(@|%40)", match["mail"], maxsplit=1)
        name = domain.rstrip(".-")
        return f"{self._of.local(local)}{at}{self._of.name(name)}{domain[len(name) :]}"

    def _client(self, match: re.Match[str]) -> str:
        if not _is_address(match["addr"]):
            return f"{self.plain(match['client'])}[{match['addr']}]" if "." in match["client"] else match[0]
        return f"{self._of.name(match['client'])}[{self._of.address(match['addr'])}]"

    def _value(self, match: re.Match[str]) -> str:
        return f"{match['key']}{self._of.mailbox(match['value'])}"

    def _quoted(self, match: re.Match[str]) -> str:
        before, quote, name = re.split("([\"'])", match["quoted"], maxsplit=1)
        return f"{before}{quote}{self._of.mailbox(name[:-1])}{quote}"

    def _below(self, match: re.Match[str]) -> str:
        return f"{match['folder']}{self._of.local(match['below'])}"

    def _v6(self, match: re.Match[str]) -> str:
        if not _is_address(match["v6"]):
            return match[0]
        return match[0].replace(match["v6"], self._of.address(match["v6"]))

    def _host(self, match: re.Match[str]) -> str:
        return self._of.name(match["host"])

    def _v4(self, match: re.Match[str]) -> str:
        return self._of.address(match["v4"]) if _is_address(match["v4"]) else match[0]


_BY_KIND: Mapping[str, Callable[[Texts, re.Match[str]], str]] = {
    "angle": Texts._angle, "mail": Texts._mail, "addr": Texts._client, "value": Texts._value, "quoted": Texts._quoted,
    "below": Texts._below, "v6": Texts._v6, "host": Texts._host, "v4": Texts._v4,
}  # fmt: skip


def _kind(match: re.Match[str]) -> str | None:
    """The alternative that matched: its last named group."""
    return match.lastgroup


@lru_cache(CACHED)
def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _places(text: str, words: Iterable[str]) -> dict[int, str]:
    """Where one of *words* stands in *text* as a whole word: where it begins, and the longest that does."""
    lower = text.lower()
    if len(lower) != len(text):  # a capital letter that is two small ones would move what follows
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    found: dict[int, str] = {}
    for word in words:
        at = lower.find(word) if word in lower else -1
        while at >= 0:
            if _is_whole(lower, at, at + len(word)) and len(word) > len(found.get(at, "")):
                found[at] = word
            at = lower.find(word, at + 1)
    return found


def _is_whole(text: str, begin: int, end: int) -> bool:
    before, after = text[begin - 1 : begin] if begin else "", text[end : end + 1]
    return not (_in_word(before) or before == "@" or _in_word(after))


def _in_word(letter: str) -> bool:
    return letter.isalnum() or letter in {"_", "-"}
