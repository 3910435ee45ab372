"""Delivery attempts: one line per recipient, from every delivery agent (``src/global/log_adhoc.c``).

    4F2A91C0E: to=<joe@example.org>, orig_to=<info@example.com>, relay=mx.example.org[192.0.2.9]:25, conn_use=2,
      delay=2.1, delays=1.5/0/0.07/0.53, tls=may, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 3E1B80A11)
    4F2A91C0E: to=<joe@example.org>, relay=local, delay=3, status=bounced (unknown user: "joe")       (before 2.3)

Attributes are read by key: ``orig_to``, ``conn_use``, ``delays``, ``tls`` (3.11) and ``dsn`` come and go.
"""

from __future__ import annotations

import re

from logtune.parse.families.common import ADDRESS, Peer, integer, number, peer
from logtune.parse.records import Delivery, Record

_RECIPIENT = re.compile(r"to=(?:<([^<>\"]*)>|<(" + ADDRESS + r")>|<(.*?)>|([^<>\s,]*)),? ", re.DOTALL)
_ORIGINAL = re.compile(r"orig_to=(?:<([^<>\"]*)>|<(" + ADDRESS + r")>|<(.*?)>|([^<>\s,]*)),? ", re.DOTALL)
_ATTRIBUTE = re.compile(r"([a-z_]+)=([^\s,]*)", re.ASCII)
_STATUS = re.compile(r"([A-Za-z][A-Za-z-]*)(?:,? ?\((.*)|,? ?(.*))", re.ASCII | re.DOTALL)
_QUEUED_AS = re.compile(r"(?:queued as|forwarded as) ([0-9A-Za-z]{5,100})", re.ASCII)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a delivery line without its queue id, or None."""
    if not text.startswith("to="):
        return None
    m = _RECIPIENT.match(text)
    if m is None:
        return None
    recipient, at = _first(m), m.end()
    original = _ORIGINAL.match(text, at)
    if original is not None:
        at = original.end()
    head, sep, tail = text[at:].partition("status=")
    status = _STATUS.match(tail)
    if not sep or status is None:
        return None
    named = dict(_ATTRIBUTE.findall(head))
    return _row(recipient, _first(original) if original else None, named, status)


def _first(m: re.Match[str]) -> str:
    return next((value for value in m.groups() if value is not None), "")


def _row(recipient: str, original: str | None, named: dict[str, str], status: re.Match[str]) -> Delivery:
    relay = named.get("relay")
    to = relay_of(relay)
    stages = [number(part) for part in named["delays"].split("/")] if "delays" in named else []
    before, waited, setup, sent = stages if len(stages) == 4 else (None, None, None, None)
    reason = _reason(status)
    return Delivery(
        recipient, original, relay, to.name, to.addr, to.port, integer(named.get("conn_use")),
        number(named.get("delay")), before, waited, setup, sent, named.get("tls"), named.get("dsn"),
        status[1].lower(), reason, queued_as(reason),
    )  # fmt: skip


def _reason(status: re.Match[str]) -> str | None:
    """What stands in the outermost parentheses; a line that was cut lacks the closing one."""
    if status[2] is None:
        return status[3] or None
    text: str = status[2]
    return text[:-1] if text.endswith(")") else text


def relay_of(relay: str | None) -> Peer:
    """``name[addr]:port`` of a relay; a socket path (``mail[private/lmtp]``) is no address, ``local`` is nobody."""
    to = peer(relay or "")
    if to.addr is not None and "/" in to.addr:
        return Peer(to.name, None, None)
    return to


def queued_as(reason: str | None) -> str | None:
    """Queue id in the last ``queued as ID`` or ``forwarded as ID``: the innermost hop stands last."""
    if reason is None or "ed as " not in reason:
        return None
    found = _QUEUED_AS.findall(reason)
    return found[-1] if found else None
