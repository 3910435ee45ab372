"""Decision lines: ``TAG: STATE from CLIENT: REPLY; ATTRIBUTES`` (``src/smtpd/smtpd_check.c`` log_whatsup, smtpd.c).

reject: RCPT from mx.example.com[192.0.2.1]: 504 5.5.2 <mx>: Helo command rejected: need fully-qualified hostname; ..
milter-reject: END-OF-MESSAGE from mx.example.com[192.0.2.1]: 5.7.1 Spam; from=<a@example.com> to=<b@example.org> ..
proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as 4F2A91C0E; from=<a@example.com> to=<b@example.org> ..
reject: CONNECT from [192.0.2.1]:48123: too many connections
"""

from __future__ import annotations

import re

from logtune.parse.families.common import ADDRESS, Peer, codes, integer, reason_shape
from logtune.parse.families.tail import Tail, read_tail
from logtune.parse.records import Decision

_DECISION = re.compile(
    r"(milter-|proxy-)?([a-z][a-z_-]{1,20}): ([A-Z][A-Z-]+|connect)(?: \([^()]*\))?"
    r"(?: from ([^\s\[\]]*)\[([^\]]*)\](?::(\w+))?|(?=:)):? ?(.*)",
    re.ASCII | re.DOTALL,
)
_OBJECT = re.compile(r"<([^<>\"]*)>: ")
_QUOTED_OBJECT = re.compile(r"<(" + ADDRESS + r")>: ", re.DOTALL)


def read(text: str, origin: str) -> Decision | None:
    """Decision in *text* (without queue id), or None.

    *origin* is smtpd, postscreen or cleanup; lines of milters and the proxy name theirs.
    """
    m = _DECISION.match(text)
    if m is None:
        return None
    prefix, action, state, name, addr, port, rest = m.groups()
    if action == "abort" or (addr is None and prefix != "proxy-"):
        return None
    client = Peer(name or None, addr or None, integer(port))
    return build(prefix[:-1] if prefix else origin, action, state.upper(), client, read_tail(rest, state))


def build(origin: str, action: str, state: str | None, client: Peer, tail: Tail) -> Decision:
    """Decision of the parts of its line: reply codes and object are read from the tail's reply."""
    code, dsn, body = codes(tail.reply)
    what, text = _split_object(body, tail)
    reason = text.rstrip(" ") or None
    return Decision(
        origin, action, state, client.name, client.addr, client.port, code, dsn, what, reason, reason_shape(reason),
        tail.sender, tail.recipient, tail.proto, tail.helo, tail.sasl_method, tail.sasl_username,
    )  # fmt: skip


def _split_object(body: str, tail: Tail) -> tuple[str | None, str]:
    """``(object, text after it)`` of a reply without codes; an object that the cut at 510 bytes left open takes all."""
    if not body.startswith("<"):
        return None, body
    if tail.helo is not None and body.startswith(f"<{tail.helo}>: "):
        return tail.helo, body[len(tail.helo) + 4 :]
    m = _OBJECT.match(body) or _QUOTED_OBJECT.match(body)
    if m is not None:
        return m[1], body[m.end() :]
    end = body.find(">: ")
    if end > 0:
        return body[1:end], body[end + 3 :]
    return (None, body) if ">" in body else (body[1:], "")
