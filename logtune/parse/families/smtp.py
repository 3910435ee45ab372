"""smtp and lmtp clients: what servers said, connections that failed (``src/smtp``).

4F2A91C0E: host mx.example.org[192.0.2.9] said: 450 4.7.1 <joe@example.org>: Later (in reply to RCPT TO command)
4F2A91C0E: host mx.example.org[192.0.2.9] refused to talk to me: 421 4.3.2 All screening ports are busy
connect to mx.example.org[192.0.2.9]:25: Connection timed out       (before 2.5: "..: Connection refused (port 25)")
4F2A91C0E: lost connection with mx.example.org[192.0.2.9] while sending DATA command
4F2A91C0E: conversation with mx.example.org[192.0.2.9] timed out while receiving the initial server greeting
4F2A91C0E: SASL authentication failed; server mx.example.org[192.0.2.9] said: 535 5.7.8 no such login
"""

from __future__ import annotations

import re

from logtune.parse.families import checks, delivery, tls
from logtune.parse.records import Notice, Record

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("remote_said", re.compile(r"(?:host|server) (\S+) (?:said|refused to talk to me):")),
    ("connect_failure", re.compile(r"connect to (\S+?): ")),
    ("remote_lost_connection", re.compile(r"lost connection with (\S+)(?: while |$)")),
    ("remote_timeout", re.compile(r"conversation with (\S+) timed out(?: while |$)")),
    ("client_sasl_failure", re.compile(r"SASL (?:\[CACHED\] )?authentication failed[;:]")),
)
# Why another server is tried (smtp_trouble.c), and harmless news; "passing" since 3.6
_OTHER = re.compile(
    r"(?:SMTPUTF8|8BITMIME|REQUIRETLS) is required, but|message size [0-9]+ exceeds|protocol error: |"
    r"bad (?:host/domain|server)|unexpected server |enabling PIX |passing <.*> to transport=|Host offered STARTTLS|"
    r"breaking line |mail for \S+ loops back|(?:host )?\S+ offer(?:s|ed) |server features|"
    r"using (?:SMTP|LMTP|ESMTP)|header name:|size limit"
)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a line of smtp or lmtp without its queue id, or None."""
    if text.startswith("to="):
        return delivery.read(text, queue_id)
    for kind, pattern in _KINDS:
        if pattern.match(text) is not None:
            return Notice(kind, text=text)
    if _OTHER.match(text) is not None:
        return Notice("other", text=text)
    return tls.read(text, queue_id) or checks.read(text)
