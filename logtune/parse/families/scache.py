"""scache: how often kept connections were used again (``src/scache/scache.c``).

statistics: start interval Mar  2 06:12:00
statistics: domain lookup hits=4 miss=6 success=40%
statistics: max simultaneous domains=1 addresses=2 connection=3
"""

from __future__ import annotations

import re

from logtune.parse.records import Notice, Record

_STATISTICS = re.compile(r"statistics: (?:start interval|domain lookup|address lookup|max simultaneous)")


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of an scache line, or None."""
    return Notice("scache", text=text) if _STATISTICS.match(text) is not None else None
