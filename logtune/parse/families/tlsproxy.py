"""tlsproxy: TLS for postscreen and for kept connections of smtp (``src/tlsproxy/tlsproxy.c``).

CONNECT from [192.0.2.1]:48123
DISCONNECT [192.0.2.1]:48123
CONNECT to [192.0.2.9]:25
"""

from __future__ import annotations

import re

from logtune.parse.families import tls
from logtune.parse.records import Notice, Record

_SESSION = re.compile(r"(?:CONNECT|DISCONNECT)(?: (from|to))? [^\s\[]*\[([^\]]*)\]")


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a tlsproxy line, or None."""
    m = _SESSION.match(text)
    if m is not None:
        return Notice("tlsproxy", client_addr=m[2] if m[1] != "to" else None, text=text)
    return tls.read(text, queue_id)
