"""Header and body checks of cleanup and smtp, and milter_header_checks.

    reject: header Subject: Buy from mx.example.com[192.0.2.1]; from=<a@example.com> to=<b@example.org> ..: 5.7.1 No
    warning: body buy now from local; from=<jane@example.com> to=<joe@example.org>
    replace: header Received: from old: Received: from new                          (smtp_header_checks: no origin)

``src/cleanup/cleanup_message.c`` (cleanup_act) prints
``{action}: {context} {line:.200} from {origin}; {attributes}[: {text}]``.
"""

from __future__ import annotations

import re

from logtune.parse.families.common import LOOSE_ADDRESS, NOBODY, Peer, codes, peer, reason_shape
from logtune.parse.records import Decision

LINE_LIMIT = 200
"""cleanup prints at most so many bytes of the line, so a stranger cannot push the origin further to the right."""

_CHECK = re.compile(r"(?:milter-(?:header|body)-)?([a-z]{2,12}): (header|body|content) (.*)", re.ASCII | re.DOTALL)
_ORIGIN = re.compile(r" from (local|unknown|[^\s\[\]]*\[[^\]\s]*\](?::\w+)?); (?=from=<)", re.ASCII)
_TAIL = re.compile(
    r"from=<(?P<sender>" + LOOSE_ADDRESS + r")>(?: to=<(?P<recipient>" + LOOSE_ADDRESS + r")>)?"
    r"(?: proto=(?P<proto>\w+))?(?: helo=<?(?P<helo>[^<>]*)>)?"
    r"(?: sasl_method=\S+)?(?: sasl_username=\S+)?(?: sasl_sender=\S+)?(?:: (?P<text>.*))?\Z",
    re.ASCII | re.DOTALL,
)


def read(text: str) -> Decision | None:
    """Check in *text* (without queue id), or None."""
    m = _CHECK.match(text)
    if m is None:
        return None
    by = "milter" if text.startswith("milter-") else "cleanup"
    action, part, line = m.groups()
    found = origin(line)
    if found is None:
        return _without_origin(by, action, part, line)
    at, client, tail = found
    _, dsn, reason = codes(tail["text"] or "")
    shown = reason or None
    return Decision(
        by, action, None, client.name, client.addr, client.port, None, dsn, None, shown, reason_shape(shown),
        tail["sender"], tail["recipient"], tail["proto"], tail["helo"], None, None, part, line[:at],
    )  # fmt: skip


def origin(text: str) -> tuple[int, Peer, re.Match[str]] | None:
    """Where the mail's line ends, who sent it, and the attributes: the last place within reach that fits to the end."""
    best: tuple[int, Peer, re.Match[str]] | None = None
    for m in _ORIGIN.finditer(text):
        if best is not None and m.start() > LINE_LIMIT:
            break
        tail = _TAIL.match(text, m.end())
        if tail is not None:
            best = (m.start(), NOBODY if m[1] == "local" else peer(m[1]), tail)
    return best


def _without_origin(by: str, action: str, part: str, text: str) -> Decision:
    """``replace: header NAME: OLD: NAME: NEW`` of smtp_header_checks (``src/global/header_body_checks.c``)."""
    name = text.partition(":")[0]
    old, sep, new = text.partition(f": {name}:")
    if not sep or not name:
        return Decision(by, action, part=part, text=text)
    reason = f"{name}:{new}"
    return Decision(by, action, reason=reason, reason_shape=reason_shape(reason), part=part, text=old)
