"""How many processes master may start for a service: the ``maxproc`` field of master.cf.

Source: ``src/master/master_ent.c`` (``-`` is default_process_limit, 0 is no limit); ``src/master/master_avail.c``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DEFAULT_LIMIT = 100
"""``default_process_limit`` since Postfix 2.0 (src/global/mail_params.h)."""

NO_LIMIT = 0

DESTINATION_LIMIT = 20
"""``default_destination_concurrency_limit``: deliveries at the same moment to one destination."""

SMTP_NAMES = frozenset({"smtp", "25", "smtpd"})
"""What master calls the service whose syslog tag is plain ``postfix/smtpd``; ``smtpd`` is the one behind postscreen."""


@dataclass(frozen=True)
class ServiceLimit:
    """A service of master.cf by its name there (``smtp/inet``) and by what its lines in the log say."""

    key: str
    daemon: str
    instance: str
    service: str | None
    limit: int
    own_filter: bool = False  # mail comes back there from the site's own filter


def is_service(service: str | None, endpoint: str | None) -> bool:
    """Whether master's name of a service (``smtp``, ``submission``, ``192.0.2.1:smtp``) is that of the syslog tag."""
    if endpoint is None:
        return False
    name = endpoint.rpartition(":")[2]
    return name in SMTP_NAMES if service is None else service in (endpoint, name)


def limit_of(
    limits: Iterable[ServiceLimit], instance: str | None, service: str | None, daemon: str
) -> ServiceLimit | None:
    """The limit of what the log calls INSTANCE/SERVICE/DAEMON, None where no service of *limits* logs so.

    Services may share a tag; then it is that of the first which does not take mail back from a filter.
    """
    same = [s for s in limits if (s.instance, s.service, s.daemon) == (instance, service, daemon)]
    return min(same, key=lambda s: s.own_filter, default=None)
