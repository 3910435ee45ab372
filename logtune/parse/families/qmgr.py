"""qmgr: what enters the active queue, what leaves the queue (``src/qmgr/qmgr_active.c``, ``qmgr_message.c``).

4F2A91C0E: from=<jane@example.com>, size=4711, nrcpt=2 (queue active)
4F2A91C0E: from=<jane@example.com>, status=expired, returned to sender          (force-expired since 3.5)
4F2A91C0E: skipped, still being delivered
4F2A91C0E: removed
4F2A91C0E: status=deferred (bounce failed)
"""

from __future__ import annotations

import re

from logtune.parse.families import delivery
from logtune.parse.families.common import INT64, integer
from logtune.parse.records import Notice, Queue, Record

# The sender may be quoted and hold anything, also a false tail: so the true one is the last, at the end of the line.
_ACTIVE = re.compile(r"from=<?(.*?)>?, size=([0-9]+), nrcpt=([0-9]+)(?: \(queue (\w+)\)?)?\Z", re.ASCII | re.DOTALL)
_LEFT = re.compile(r"from=<?(.*?)>?, status=([a-z-]*expired)\b[^<>]*\Z", re.ASCII | re.DOTALL)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a qmgr line without its queue id, or None."""
    if text == "removed":
        return Queue("removed")
    if text.startswith("from="):
        return _from(text)
    if text.startswith("skipped, still being delivered"):
        return Queue("skipped")
    if text.startswith("status=") and queue_id is not None:
        return Notice("other", text=text)
    return delivery.read(text, queue_id)


def _from(text: str) -> Queue | None:
    m = _ACTIVE.match(text)
    if m is not None:
        return Queue(m[4] or "active", sender=m[1], size=integer(m[2], INT64), nrcpt=integer(m[3]))
    m = _LEFT.match(text)
    return Queue("expired", sender=m[1]) if m is not None else None
