"""What the name of a log file says: the log it belongs to, and its place in the rotation.

Names are evidence only: the order comes from the stamps inside, the packing from the bytes. Names as logrotate(8)
makes them (``mail.log.1``, ``mail.log.2.gz``, ``dateext``: ``maillog-20260308``, with ``extension``:
``mail-20260308.log``; ``dateformat`` with hours, or epoch seconds), newsyslog and savelog
(``mail.log.0``), and ``postfix logrotate`` (``mail.log.20260308-061200``: maillog_file_rotate_suffix of postconf(5)).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_PACKED = re.compile(r"\.(?:gz|bz2|xz|zst|zstd|lzma|Z)$", re.I)
_MARK = (
    r"(?P<mark>\d{4}(?P<sep>[-_.]?)\d{2}(?P=sep)\d{2}(?:[-_.T]?\d{2}(?:[-_:]?\d{2}){0,2})?"  # day, hour, ...
    r"|\d{4}-\d{2}|\d{10}|\d{1,3})"  # month, epoch seconds, number
)
_AT_END = re.compile(rf"^(?P<base>.+?)[-._]{_MARK}$")
_BEFORE_EXTENSION = re.compile(rf"^(?P<base>.+?)[-._]{_MARK}(?P<ext>\.log|\.txt)$")
_EARLIEST = 1990  # no syslog is older; also tells 10 digits of date and hour from epoch seconds
_DATE_PARTS = 3

WHOLE_LOGS = ("mail.log", "maillog", "mail", "postfix.log", "postfix", "maillog.log")
"""Names of logs that hold every mail line: Debian, Red Hat and FreeBSD, SUSE, ``maillog_file``."""

NEARLY_WHOLE = ("mail.info",)
"""Debian's and SUSE's log of everything but debugging: the same lines as mail.log where that exists."""

PARTIAL_LOGS = ("mail.warn", "mail.err", "mail.notice", "mail.crit")
"""Logs of the graver lines, which the whole log beside them has too."""


class Name(NamedTuple):
    """*base* is the log (``mail.log``); *number* and *date* its rotation, both None for the live file."""

    base: str
    number: int | None
    date: datetime | None

    @property
    def live(self) -> bool:
        return self.number is None and self.date is None


def parse_name(filename: str) -> Name:
    """Read *filename* (without folder). Whatever it is, some Name comes out."""
    stem = _PACKED.sub("", filename)
    found = _AT_END.match(stem)
    extension = ""
    if found is None and (found := _BEFORE_EXTENSION.match(stem)):
        extension = found["ext"]
    if found is None:
        return Name(stem, None, None)
    mark, base = found["mark"], found["base"] + extension
    if len(mark) <= _DATE_PARTS:
        return Name(base, int(mark), None)
    date = _date(mark)
    return Name(base, None, date) if date else Name(stem, None, None)


def _date(mark: str) -> datetime | None:
    digits = re.sub(r"\D", "", mark)
    parts = [int(digits[:4]), *(int(digits[i : i + 2]) for i in range(4, len(digits), 2))]
    try:
        if len(parts) < _DATE_PARTS:  # of a month: its end
            return datetime(parts[0], parts[1], 1) + timedelta(days=30)
        if parts[0] >= _EARLIEST:
            return datetime(parts[0], *parts[1:])  # type: ignore[arg-type]
        return datetime.fromtimestamp(int(mark), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
