"""Message families: one file per family, each a pure function from text to row.

``read(text, queue_id)`` of a family gets the text after tag, severity and queue id, and gives a record or None.
Which family a program belongs to is told by ``logtune.postfix.families``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from logtune.parse.families import (
    anvil,
    bounce,
    cleanup,
    delivery,
    dnsblog,
    master,
    other,
    pickup,
    postscreen,
    postsuper,
    qmgr,
    scache,
    script,
    smtp,
    smtpd,
    tls,
    tlsproxy,
    warnings,
)
from logtune.parse.records import Notice, Record

Family = Callable[[str, str | None], Record | None]

READERS: Mapping[str, Family] = {
    "anvil": anvil.read,
    "bounce": bounce.read,
    "cleanup": cleanup.read,
    "delivery": delivery.read,
    "dnsblog": dnsblog.read,
    "master": master.read,
    "other": other.read,
    "pickup": pickup.read,
    "postscreen": postscreen.read,
    "postsuper": postsuper.read,
    "qmgr": qmgr.read,
    "scache": scache.read,
    "script": script.read,
    "smtp": smtp.read,
    "smtpd": smtpd.read,
    "tlsproxy": tlsproxy.read,
}

# A text is known by its wording, whoever logs it: cleanup defers recipients, qmgr bounces, a site maps a tag wrongly.
# postsuper's "removed" is told from qmgr's by the program alone, so it is not here.
_ANYBODY: tuple[Family, ...] = (
    tls.read,
    smtpd.read,
    qmgr.read,
    cleanup.read,
    pickup.read,
    bounce.read,
    smtp.read,
    postscreen.read,
    dnsblog.read,
    anvil.read,
    scache.read,
    master.read,
    script.read,
    other.read,
)


def read_postfix(text: str, family: Family) -> tuple[str | None, Record] | None:
    """``(queue id, record)`` of *text* as a program of *family* logged it, or None where nobody knows the text.

    The queue id is None for ``NOQUEUE`` and where there is none.
    """
    severity = warnings.SEVERITY.match(text)
    if severity is not None:
        queue_id, row = warnings.read(text[severity.end() :], severity[1])
        return _real(queue_id), row
    queue_id, rest = warnings.split_queue_id(text)
    row_or_none = family(rest, queue_id) or _anybody(rest, queue_id)
    if row_or_none is not None:
        return _real(queue_id), row_or_none
    # "NOQUEUE: fatal: update queue file ..": a severity after the queue id
    severity = warnings.SEVERITY.match(rest)
    if severity is not None and queue_id is not None:
        return _real(queue_id), Notice(severity[1], severity[1], text=rest[severity.end() :])
    return None


def _anybody(text: str, queue_id: str | None) -> Record | None:
    for family in _ANYBODY:
        row = family(text, queue_id)
        if row is not None:
            return row
    return None


def _real(queue_id: str | None) -> str | None:
    return None if queue_id == "NOQUEUE" else queue_id
