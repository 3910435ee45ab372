"""postscreen: tests before smtpd sees a client (``src/postscreen``).

CONNECT from [192.0.2.1]:48123 to [198.51.100.1]:25
PASS NEW [192.0.2.1]:48123
PREGREET 11 after 0.06 from [192.0.2.1]:48123: EHLO example.com\\r\\n
DNSBL rank 3 for [192.0.2.1]:48123
NOQUEUE: reject: RCPT from [192.0.2.1]:48123: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using ..
reject: connect from [192.0.2.1]:48123: all screening ports busy
entering STRESS mode with 90 connections
"""

from __future__ import annotations

import re

from logtune.parse.families import decisions
from logtune.parse.families.common import number, signed
from logtune.parse.records import Notice, Record

# The number counts only in DNSBL and PREGREET: "HANGUP after 0 from" gives seconds
_CLIENT = re.compile(
    r"(?:DNSBL rank (-?[0-9]+) for |PREGREET ([0-9]+) after \S+ from |[A-Z][A-Za-z -]*?(?:after \S+ )?(?:from |for )?)"
    r"\[([^\]]*)\]:",
    re.ASCII,
)
_STRESS = re.compile(r"(?:entering|leaving) STRESS mode with ([0-9]+) connections", re.ASCII)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a postscreen line, or None. ``value`` is the rank, the bytes sent too early, or the connections."""
    m = _CLIENT.match(text)
    if m is not None:
        return Notice("postscreen", "info", None, m[3], value=signed(m[1] or m[2]), text=text)
    m = _STRESS.match(text)
    if m is not None:
        return Notice("postscreen", value=number(m[1]), text=text)
    return decisions.read(text, "postscreen")
