"""bounce, defer, trace: notices that were sent (``src/bounce``).

4F2A91C0E: sender non-delivery notification: 3E1B80A11
4F2A91C0E: sender delay notification: 3E1B80A11
4F2A91C0E: postmaster non-delivery notification: 3E1B80A11
"""

from __future__ import annotations

import re

from logtune.parse.families import delivery
from logtune.parse.records import Queue, Record

_NOTICE = re.compile(r"[a-z][a-z -]{2,60} notification: ([0-9A-Za-z]{5,100})\Z", re.ASCII)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a bounce line without its queue id, or None."""
    m = _NOTICE.match(text)
    if m is not None:
        return Queue("bounce_notice", notice_queue_id=m[1])
    return delivery.read(text, queue_id)
