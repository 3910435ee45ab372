"""Pseudonyms inside texts: reply texts of strangers, warnings, raw lines.

What looks like an address, a host name or a mailbox is replaced, what stands in ``<..>``, what a ``user=`` names and
what follows /home/ or a mail directory; and the words that the columns of the row say are names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from logtune.anonymize.pseudonyms import CACHED, Pseudonyms

KEPT_OBJECTS = frozenset({"DATA", "END-OF-MESSAGE", "BDAT", "CONNECT", "UNKNOWN", "unknown", ""})
"""What stands in ``<..>`` where no address or name does (smtpd_check.c)."""

# The counts bound the work that a hostile text can cause: each start is tried over so many characters at most.
_TOKEN = re.compile(
    r"""
    <(?P<angle>[^<>]{0,1024})>
  | (?P<mail>[^\s<>"'(),;:\[\]{}|/?&]{1,256}(?:@|%40)(?:\[[^\]\s]{1,80}\]|[\w.-]{1,255}))
  | (?P<client>[\w.-]{1,255})\[(?P<addr>[0-9A-Fa-f:.]{2,45})\]          # name[address]
  | (?P<key>\b(?:sasl_username|sasl_sender|username|user|login|account|ruser|rhost|helo)[ ]?[=:][ ]?)
    (?P<value>[^\s,;)<>]{1,256})
  | (?P<quoted>\buser(?:name)?[ ](?:"[^"]{1,256}"|'[^']{1,256}'))
  | (?P<folder>/(?:home|users?|mail|vmail|maildirs?|virtual)/)(?P<below>[^\s,;)'"\]]{1,512})
  | (?<![\w:.])(?:IPv6:)?(?P<v6>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\d{0,3}(?:\.\d{1,3}){3})?)(?![\w:-]|\.\w)
  | (?P<host>(?<![\w.-])(?:[\w-]{1,63}\.){1,64}(?=[^\W\d_])[\w-]{1,63}\b)
  | (?P<v4>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w))
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Texts:
    """Texts with pseudonyms in place of what identifies somebody."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._of = pseudonyms
        self.plain = lru_cache(CACHED)(self._plain)
        self.object = lru_cache(CACHED)(self._object)

    def with_words(self, text: str, words: Mapping[str, str]) -> str:
        """*text* in which *words* (in lower case) stand for themselves too: names without a dot, local parts."""
        lower = text.lower()
        found = sorted((word for word in words if word in lower), key=len, reverse=True)
        if not found:
            return self.plain(text)
        own = "|".join(map(re.escape, found))
        # group numbers would shift: the words stand in front as one named group
        pattern = re.compile(f"(?P<word>(?<![\\w@-])(?:{own})(?![\\w-]))|{_TOKEN.pattern}", _TOKEN.flags)

        def replaced(match: re.Match[str]) -> str:
            word = match["word"]
            return self._replaced(match) if word is None else words[word.lower()]

        return pattern.sub(replaced, text)

    def _plain(self, text: str) -> str:
        return _TOKEN.sub(self._replaced, text)

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


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
