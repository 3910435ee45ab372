"""What several families read the same way: clients, numbers, replies, shapes of reasons.

All patterns are ASCII and all numbers are bounded by their column's type, so no text can make a column fail.
"""

from __future__ import annotations

import re
from typing import NamedTuple

INT32 = 2**31 - 1
INT64 = 2**63 - 1

_DIGITS = re.compile(r"[0-9]{1,19}\Z")
_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})?\Z")

# Queue ids (src/global/mail_queue.h): short ones are upper case hexadecimal, long ones use an alphabet without vowels.
# A site's own ids may be any letters and digits (mail_queue_id_ok), but an English word has no digit in it.
QUEUE_ID = re.compile(
    r"(NOQUEUE|[0-9A-F]{6,100}|(?=[A-Za-z]*[0-9])[0-9A-Za-z]{6,100}|[B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{11,100}): ?",
    re.ASCII,
)

# mail.example.com[192.0.2.1]:48123, unknown[unknown], [2001:db8::1%eth0]:25 (src/smtpd/smtpd_peer.c)
PEER = re.compile(r"([^\s\[\]]*)\[([^\]]*)\](?::([^\s:,;]*))?", re.ASCII)

# An address as Postfix 3.5+ logs it (src/global/info_log_addr_form.c): a local part is quoted as a whole or not at all,
# and a quote within it is escaped: so no piece of a quoted local part looks like an address of its own.
ADDRESS = r'(?:"(?:[^"\\]|\\.)*")?[^"<>]*'

# The same for the middle of a line; what is no address ends at the first bracket: <<1@b>> gives <1@b>
LOOSE_ADDRESS = ADDRESS + "|[^>]*>?"

_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
_IPV6 = re.compile(r"(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}(?:%[^\s\]]{1,32})?\Z")
_BRACKETED = re.compile(r"\[([^\[\]]*)\]|<[^<>]*>")
_UNCLOSED = re.compile(r"[<\[][^<>\[\]]*\Z")

# 550 5.7.1 text; before Postfix 2.3 without the second, in milter replies at END-OF-MESSAGE without the first
_CODES = re.compile(r"(?:([2-5][0-9]{2})(?:[ -]|\Z))?(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z))?")


class Peer(NamedTuple):
    """The other side of a connection; ``addr`` as logged, ``unknown`` where Postfix did not know it."""

    name: str | None
    addr: str | None
    port: int | None = None


NOBODY = Peer(None, None, None)


def integer(text: str | None, limit: int = INT32) -> int | None:
    """Whole number in *text*; None where it is none, or larger than *limit*."""
    if text is None or _DIGITS.match(text) is None:
        return None
    value = int(text)
    return value if value <= limit else None


def number(text: str | None) -> float | None:
    """Decimal number in *text*, else None."""
    return float(text) if text is not None and _NUMBER.match(text) else None


def signed(text: str | None) -> float | None:
    """As ``number``, with a minus sign: scores of filters and ranks of DNS lists may be below zero."""
    if text is not None and text.startswith("-"):
        value = number(text[1:])
        return None if value is None else -value
    return number(text)


def peer(text: str, start: int = 0) -> Peer:
    """``name[addr]:port`` at *start* of *text*; ``NOBODY`` where there is none."""
    m = PEER.match(text, start)
    return Peer(m[1] or None, m[2] or None, integer(m[3])) if m is not None else NOBODY


def is_address(text: str) -> bool:
    """Whether *text* is an IP address as Postfix prints client addresses (no ``IPv6:``, zone allowed)."""
    return _IPV4.match(text) is not None or _IPV6.match(text) is not None


def unangled(text: str) -> str:
    """*text* without the angle brackets round it; a line that was cut lacks the closing one."""
    if text[:1] == "<":
        text = text[1:]
        if text[-1:] == ">":
            text = text[:-1]
    return text


def reason_shape(reason: str | None) -> str | None:
    """*reason* with what stands in ``[..]`` and ``<..>`` taken out: ``[ip]`` for an address, else ``[]``; ``<>``.

    ``[ip]`` against ``[]`` is what tells reject_rbl_client from reject_rhsbl_client. A bracket that a cut line
    left open is closed, so that its content does not make a shape of its own.
    """
    if reason is None or ("[" not in reason and "<" not in reason):
        return reason
    shape = _BRACKETED.sub(_emptied, reason)
    return _UNCLOSED.sub(lambda m: "<>" if m[0][0] == "<" else "[]", shape)


def _emptied(m: re.Match[str]) -> str:
    inside = m[1]
    if inside is None:
        return "<>"
    return "[ip]" if is_address(inside) else "[]"


def codes(text: str) -> tuple[int | None, str | None, str]:
    """``(reply code, enhanced status code, rest)`` at the start of *text*; None for what is not there."""
    m = _CODES.match(text)
    if m is None or not m.end():
        return None, None, text
    return (int(m[1]) if m[1] else None), m[2], text[m.end() :]
