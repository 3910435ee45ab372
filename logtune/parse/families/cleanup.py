"""cleanup: message ids, header and body checks, milters, refused content (``src/cleanup``).

4F2A91C0E: message-id=<20260302061200.4F2A91C0E@mail.example.com>
4F2A91C0E: resent-message-id=<x@example.com>
4F2A91C0E: milter-reject: END-OF-MESSAGE from mx.example.com[192.0.2.1]: 5.7.1 Spam; from=<a@example.com> to=<..> ..
4F2A91C0E: reject: mime-error improper use of 8-bit data: x from mx.example.com[192.0.2.1]; from=<..> to=<..>
4F2A91C0E: removed (canceled)                                                    (3.10: begun, never completed)
"""

from __future__ import annotations

import re

from logtune.parse.families import checks, decisions
from logtune.parse.families.common import reason_shape
from logtune.parse.records import Decision, Queue, Record

HOPS = "message rejected: hopcount exceeded"
"""Logged with the severity warning (``src/cleanup/cleanup_message.c``), but it refuses a mail."""

_MESSAGE_ID = re.compile(r"(?:resent-)?message-id=(.*)", re.ASCII | re.DOTALL | re.IGNORECASE)
# <x@example.com>, also cut within, or with more behind it
_IN_BRACKETS = re.compile(r"\s*<([^<>]*)", re.ASCII)
_MIME_ERROR = re.compile(r"reject: (mime-error [^:]*)(?:: |\Z)", re.ASCII)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a cleanup line without its queue id, or None."""
    m = _MESSAGE_ID.match(text)
    if m is not None:
        return Queue("message_id", message_id=message_id(m[1]))
    if text == "removed" or text.startswith("removed ("):
        return Queue("removed")
    if text.startswith(HOPS):
        return Decision("cleanup", "reject", reason=HOPS, reason_shape=HOPS)
    return checks.read(text) or _mime_error(text) or decisions.read(text, "cleanup")


def message_id(header: str) -> str:
    """What stands in the first angle brackets of a Message-ID header; all of it where it has none."""
    inside = _IN_BRACKETS.match(header)
    return inside[1] if inside is not None else header


def _mime_error(text: str) -> Decision | None:
    m = _MIME_ERROR.match(text)
    found = checks.origin(text[m.end() :]) if m is not None else None
    if m is None or found is None:
        return None
    at, client, tail = found
    return Decision(
        "cleanup", "reject", None, client.name, client.addr, client.port, reason=m[1], reason_shape=reason_shape(m[1]),
        sender=tail["sender"], recipient=tail["recipient"], proto=tail["proto"], helo=tail["helo"],
        text=text[m.end() : m.end() + at],
    )  # fmt: skip
