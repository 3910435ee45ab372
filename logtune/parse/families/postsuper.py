"""postsuper: what an administrator did to the queue (``src/postsuper/postsuper.c``).

4F2A91C0E: placed on hold
Released from hold: 12 messages
"""

from __future__ import annotations

import re

from logtune.parse.families.common import number
from logtune.parse.records import Notice, Record

_DONE = re.compile(
    r"(?:removed|requeued|placed on hold|released from hold|expired|skipped|renamed|moved|expiration|queue file)\b"
)
_COUNT = re.compile(
    r"(?:Deleted|Requeued|Placed on hold|Released from hold|Expired|Renamed to match inode number|Fixed|Skipped)[^:]*: "
    r"([0-9]+)",
    re.ASCII,
)
_NEWS = re.compile(r"scanning |Scanning |[A-Za-z ]+: [0-9]+ (?:file|message|orphan)", re.ASCII)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a postsuper line without its queue id, or None. ``value`` is the number of messages, where counted."""
    if queue_id is not None and _DONE.match(text) is not None:
        return Notice("postsuper", text=text)
    m = _COUNT.match(text)
    if m is not None:
        return Notice("postsuper", value=number(m[1]), text=text)
    return Notice("postsuper", text=text) if _NEWS.match(text) is not None else None
