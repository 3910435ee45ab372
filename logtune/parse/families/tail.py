"""Reply and attributes of a line in which smtpd, postscreen or a milter decided: ``REPLY; from=<..> to=<..> ..``.

Everything between the brackets was written by strangers. Sender and recipient may be quoted and then hold any text,
even a whole false tail; the greeting is raw until it is accepted (stages HELO and EHLO), later its brackets, quotes,
blanks and semicolons are ``?`` (``src/smtpd/smtpd.c``, helo_cmd and ehlo_cmd). The reply may be a table's text and
imitate attributes as well. So a tail counts only if it reaches the end of the line, and what is not plain is read
from the right.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from logtune.parse.families.common import ADDRESS, codes


class Tail(NamedTuple):
    """The attributes of a decision; null where not logged. ``reply`` is what stands before them."""

    reply: str
    sender: str | None = None
    recipient: str | None = None
    proto: str | None = None
    helo: str | None = None
    sasl_method: str | None = None
    sasl_username: str | None = None


# 3.10 and later: " sasl_method=PLAIN sasl_username=jane"; milter lines since 3.2: " sasl_username=<jane>"
_SASL = r"(?:,? sasl_method=([^\s,]+))?(?:,? sasl_username=(?:<([^<>]*)>|(\S+)))?(?:,? sasl_sender=\S+)?\Z"

# ; from=<jane@example.com> to=<joe@example.org> proto=ESMTP helo=<mx.example.com>   (postscreen: with commas)
_PLAIN = re.compile(
    r";(?: from=<([^<>\"]*)>)?(?:,? to=<([^<>\"]*)>)?(?:,? proto=(\w+))?(?:,? helo=<([^<>]*)>)?" + _SASL, re.ASCII
)
_SASL_END = re.compile(r"(?<=>)" + _SASL, re.ASCII)
_PROTO_END = re.compile(r"[;,]? proto=(\w+)\Z", re.ASCII)
_ADDRESS = re.compile(ADDRESS + r"\Z", re.DOTALL)

# Stages HELO and EHLO: proto= and a raw helo= follow the reply at once (from= only where MAIL came before)
_EARLY = re.compile(r"; (?:from=<([^<>]*)> )?proto=(\w+) helo=<", re.ASCII)


def read_tail(text: str, state: str) -> Tail:
    """Split *text*, which follows the client, into reply and attributes; *state* is the protocol state."""
    if state in ("HELO", "EHLO"):
        return _early(text)
    m = _PLAIN.search(text)
    if m is not None:
        sender, recipient, proto, helo, method, angled, bare = m.groups()
        return Tail(text[: m.start()], sender, recipient, proto, helo, method, angled or bare)
    return _from_the_right(text)


def _early(text: str) -> Tail:
    """A raw greeting may hold anything, but it stands twice: as the object of the reply and in ``helo=<..>``.

    The longest text that stands in both places is the greeting: a part of it can stand at the end of the line too.
    """
    body = codes(text)[2]
    end = body.rfind(">: ") if body.startswith("<") else -1
    while end > 0:
        greeting = body[1:end]
        if text.startswith(" helo=<", len(text) - len(greeting) - 8) and text.endswith(greeting + ">"):
            return _from_the_right(text[: -len(greeting) - 8])._replace(helo=greeting)
        end = body.rfind(">: ", 0, end)
    m = _EARLY.search(text)
    if m is not None:
        rest = text[m.end() :]
        return Tail(text[: m.start()], m[1], None, m[2], rest[:-1] if rest.endswith(">") else rest)
    return _from_the_right(text)


def _from_the_right(text: str) -> Tail:
    """``helo=<``, then ``proto=``, ``to=<`` and ``from=<``, each at the end of what is left."""
    rest, method, username = _take_sasl(text)
    rest, helo = _take_helo(rest)
    m = _PROTO_END.search(rest)
    if m is None and helo is None and not rest.endswith(">"):
        return Tail(text)
    proto = m[1] if m else None
    rest = rest[: m.start()] if m else rest
    rest, sender, recipient = _take_addresses(rest)
    if rest.endswith((";", ",")):
        rest = rest[:-1]
    return Tail(rest, sender, recipient, proto, helo, method, username)


def _take_sasl(text: str) -> tuple[str, str | None, str | None]:
    if " sasl_" not in text:
        return text, None, None
    m = _SASL_END.search(text)
    if m is None:
        return text, None, None
    return text[: m.start()], m[1], m[2] or m[3]


def _take_helo(text: str) -> tuple[str, str | None]:
    """A line that was cut at about 2,040 bytes may lack the closing bracket, or end within the greeting."""
    at = text.rfind(" helo=<")
    if at < 0:
        return text, None
    value = text[at + 7 :]
    if value.endswith(">"):
        value = value[:-1]
    elif ">" in value:
        return text, None
    return text[:at].removesuffix(","), value


def _take_addresses(text: str) -> tuple[str, str | None, str | None]:
    """``(what is left, sender, recipient)`` of a text that ends with the closing bracket of either."""
    to = _last_address(text, " to=<")
    if to is not None:
        at, recipient = to
        rest = text[:at].removesuffix(",")
        came = _last_address(rest, "; from=<") or _damaged_address(rest, "; from=<")
        return (rest[: came[0]], came[1], recipient) if came else (rest, None, recipient)
    came = _last_address(text, "; from=<")
    if came is not None:
        return text[: came[0]], came[1], None
    return _damaged_addresses(text)


def _last_address(text: str, key: str) -> tuple[int, str] | None:
    """Position of *key* and the address from there to the end of *text*; the rightmost that is a whole address."""
    if not text.endswith(">"):
        return None
    at = text.rfind(key)
    while at >= 0:
        value = text[at + len(key) : -1]
        if _ADDRESS.match(value) is not None:
            return at, value
        at = text.rfind(key, 0, at)
    return None


def _damaged_address(text: str, key: str) -> tuple[int, str] | None:
    """As ``_last_address`` for what is no address at all, like ``<1F4@bs>`` in ``to=<<1F4@bs>>``."""
    at = text.rfind(key)
    return (at, text[at + len(key) : -1]) if at >= 0 and text.endswith(">") else None


def _damaged_addresses(text: str) -> tuple[str, str | None, str | None]:
    to = _damaged_address(text, " to=<")
    rest = text[: to[0]].removesuffix(",") if to else text
    came = _last_address(rest, "; from=<") or _damaged_address(rest, "; from=<")
    if came is not None:
        rest = rest[: came[0]]
    return rest, came[1] if came else None, to[1] if to else None
