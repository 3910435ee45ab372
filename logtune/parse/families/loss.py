"""Log lines that were lost: what journald, rsyslog and syslog-ng say about it.

systemd-journald[253]: Suppressed 1234 messages from postfix@-.service
systemd-journald[253]: Forwarding to syslog missed 12 messages.
rsyslogd-2177: imuxsock lost 35 messages from pid 12105 due to rate-limiting
rsyslogd: imuxsock[pid 77]: begin to drop messages due to rate-limiting
rsyslogd: imjournal: 800 messages lost due to rate-limiting (20000 allowed within 600 seconds)
"""

from __future__ import annotations

import re

from logtune.parse.families.common import number
from logtune.parse.records import Notice, Record

_SUPPRESSED = re.compile(
    r"(?:Suppressed|Missed) ([0-9]+) messages?(?: from (\S+))?|Forwarding to syslog missed ([0-9]+) messages?", re.ASCII
)
_RATE = re.compile(
    r".*?(?:begins? to drop messages|lost ([0-9]+) messages|([0-9]+) messages lost)\b.*rate-?limiting", re.ASCII
)
_DROPPED = re.compile(r"(?:Number of messages dropped|Message\(?s?\)? dropped)\D*([0-9]*)", re.ASCII | re.IGNORECASE)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a note about lost lines, or None. ``value`` is how many (null if not counted), ``endpoint`` whose."""
    m = _SUPPRESSED.match(text)
    if m is not None:
        return Notice("log_loss", "warning", endpoint=m[2], value=number(m[1] or m[3]), text=text)
    m = _RATE.match(text)
    if m is not None:
        return Notice("log_loss", "warning", value=number(m[1] or m[2]), text=text)
    m = _DROPPED.match(text)
    return Notice("log_loss", "warning", value=number(m[1]), text=text) if m is not None else None
