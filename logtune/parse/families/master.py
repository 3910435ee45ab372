"""master: starts, reloads, ends (``src/master``). Its warnings are read with all others.

daemon started -- version 3.7.11, configuration /etc/postfix
reload -- version 3.7.11, configuration /etc/postfix        (before 2.6: "reload configuration /usr/local/etc/postfix")
terminating on signal 15
"""

from __future__ import annotations

import re

from logtune.parse.records import Notice, Record

_NEWS = re.compile(r"daemon started\b|reload (?:-- |configuration )|terminating on signal |(?:re)?starting\b|exiting\b")


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a master line, or None."""
    return Notice("master", text=text) if _NEWS.match(text) is not None else None
