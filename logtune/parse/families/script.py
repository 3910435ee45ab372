"""postfix-script and other commands of the administrator (``conf/postfix-script``, ``src/postlog``).

starting the Postfix mail system
refreshing the Postfix mail system
the Postfix mail system is running: PID: 77
"""

from __future__ import annotations

import re

from logtune.parse.records import Notice, Record

_NEWS = re.compile(
    r"(?:starting|stopping|refreshing|waiting for|aborting|the)\b.*\bPostfix mail system|(?:Starting|Stopping) Postfix|"
    r"Postfix is (?:running|using) |[Ss]ee http|To disable backwards|flushing queued mail|"
    r"(?:not owned by|group or other writable|symlink|checking)\b|queue directory"
)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a line of postfix-script, or None."""
    return Notice("script", text=text) if _NEWS.match(text) is not None else None
