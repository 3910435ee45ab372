"""What an analysis may be told: how many rows, which networks and services are the site's own, which zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from logtune.config import NOBODY, Known
from logtune.postfix.process_limits import ServiceLimit


@dataclass(frozen=True)
class Options:
    """Options of all analyses. ``zone`` is the IANA name in which days are counted, ``days`` the period's local days,
    ``history`` the restrictions that the site says depend on what happened before,
    ``quota_texts`` its own words for a full mailbox (``*`` is any text), ``known`` the clients that lists of a trial
    need not show any more, ``mx_order`` the hosts that take mail, those of the best MX preference first, ``limits`` the
    process limits of a configuration that was given.
    """

    top: int = 10
    mynetworks: tuple[str, ...] = ()
    submission_services: tuple[str, ...] = ("submission", "submissions", "smtps")
    zone: str = "UTC"
    history: frozenset[str] = frozenset()
    quota_texts: tuple[str, ...] = ()
    mx_order: tuple[tuple[str, ...], ...] = ()
    days: tuple[date, ...] = ()
    known: Known = NOBODY
    limits: tuple[ServiceLimit, ...] = ()
