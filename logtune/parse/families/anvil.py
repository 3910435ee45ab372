"""anvil: peaks of rates and connections per client (``src/anvil/anvil.c``).

statistics: max connection rate 3/60s for (smtp:192.0.2.1) at Mar  2 06:12:00
statistics: max connection count 5 for (submission:192.0.2.1) at Mar  2 06:12:00
statistics: max cache size 12 at Mar  2 06:12:00
"""

from __future__ import annotations

import re

from logtune.parse.families.common import number
from logtune.parse.records import Notice, Record

# The service may be "127.0.0.1:10025", the address may have colons too: an IPv4 address is taken from the right.
_PEAK = re.compile(
    r"statistics: max [a-z ]+ ([0-9]+)(?:/[0-9]+s)?"
    r"(?: for \((?:(.*):([0-9]+(?:\.[0-9]+){3})|([^:]*):(.*?))\))? at ",
    re.ASCII,
)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of an anvil line, or None. ``value`` is the peak, ``endpoint`` the service."""
    m = _PEAK.match(text)
    if m is None:
        return None
    return Notice("anvil", "info", None, m[3] or m[5] or None, m[2] or m[4] or None, number(m[1]), text)
