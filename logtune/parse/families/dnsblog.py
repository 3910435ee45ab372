"""dnsblog: which DNS list knows a client of postscreen (``src/dnsblog/dnsblog.c``).

addr 192.0.2.1 listed by domain bl.example.com as 127.0.0.2
"""

from __future__ import annotations

import re

from logtune.parse.records import Notice, Record

_LISTED = re.compile(r"addr (\S+) (?:listed by|blocked by) domain ")


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a dnsblog line, or None."""
    m = _LISTED.match(text)
    return Notice("dnsblog", client_addr=m[1], text=text) if m is not None else None
