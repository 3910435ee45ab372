"""smtpd and qmqpd: sessions, decisions, who brought a mail (``src/smtpd/smtpd.c``).

connect from mx.example.com[192.0.2.1]
disconnect from mx.example.com[192.0.2.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
4F2A91C0E: client=mx.example.com[192.0.2.1], sasl_method=PLAIN, sasl_username=jane
lost connection after DATA (4000 bytes) from mx.example.com[192.0.2.1]         (with "NOQUEUE: " since 3.10)
improper command pipelining after EHLO from mx.example.com[192.0.2.1]: QUIT\\r\\n
"""

from __future__ import annotations

import re

from logtune.parse.families import decisions
from logtune.parse.families.common import PEER, Peer, integer, peer
from logtune.parse.records import Connection, Queue, Record

EVENTS = {
    "lost connection": "lost_connection",
    "timeout": "timeout",
    "too many errors": "too_many_errors",
    "improper command pipelining": "pipelining",
    "bare <LF> received": "bare_lf",
}
"""Why a session ended or what a client did wrong, as smtpd says it, to ``connections.event``."""

_AFTER = re.compile(
    r"(lost connection|timeout|too many errors|improper command pipelining|bare <LF> received) after "
    r"(.{1,64}?)(?: \([^()]*\))? from (?=[^\s\[]*\[)",
    re.ASCII,
)
_ATTRIBUTE = re.compile(r", (sasl_method|sasl_username|sasl_sender|orig_queue_id|orig_client)=")


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of an smtpd line whose queue id was *queue_id* (``NOQUEUE`` as logged), or None."""
    if text.startswith("connect from "):
        return _session("connect", text, 13)
    if text.startswith("disconnect from "):
        return _session("disconnect", text, 16)
    if text.startswith("client="):
        return _client(text) if queue_id is not None else None
    m = _AFTER.match(text)
    if m is not None:
        name, addr, port = peer(text, m.end())
        return Connection(EVENTS[m[1]], name, addr, port, m[2])
    return decisions.read(text, "smtpd")


def _session(event: str, text: str, start: int) -> Connection | None:
    m = PEER.match(text, start)
    if m is None:
        return None
    counters = text[m.end() + 1 :] if event == "disconnect" else None
    return Connection(event, m[1] or None, m[2] or None, integer(m[3]), None, counters or None)


def _client(text: str) -> Queue | None:
    """``client=`` and its attributes; a login name may hold a comma, so an attribute ends where the next begins."""
    m = PEER.match(text, 7)
    if m is None:
        return None
    parts = _ATTRIBUTE.split(text[m.end() :])
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    who = Peer(m[1] or None, m[2] or None)
    return Queue(
        "client", who.name, who.addr, named.get("sasl_method"), named.get("sasl_username"),
        named.get("orig_queue_id"), named.get("orig_client"),
    )  # fmt: skip
