"""Process limits and the daemons' own tables, as a configuration gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logtune.postconf.master_cf import Entry
from logtune.postconf.services import Configuration, Service
from logtune.postfix.process_limits import DEFAULT_LIMIT, ServiceLimit

_DATABASE = re.compile(r"(proxy:)?((?:mysql|pgsql|ldap|sqlite|mongodb):[^\s,;]+)")


@dataclass(frozen=True)
class Databases:
    """Tables in databases that main.cf names: asked by each process itself, or through proxymap."""

    direct: int
    proxied: int


def process_limits(configuration: Configuration) -> tuple[ServiceLimit, ...]:
    """The limit of every service of *configuration*, in master.cf's order. Raises ``PostconfError``."""
    return tuple(_limit(configuration, entry) for entry in configuration.entries)


def databases(configuration: Configuration) -> Databases:
    """How many different database tables main.cf and the services' own parameters name."""
    texts = [a.value for a in configuration.parameters.values()]
    texts += [value for entry in configuration.entries for value in entry.overrides.values()]
    found = {match.groups() for text in texts for match in _DATABASE.finditer(text)}
    return Databases(sum(not proxy for proxy, _ in found), sum(bool(proxy) for proxy, _ in found))


def _limit(configuration: Configuration, entry: Entry) -> ServiceLimit:
    service = Service(configuration, entry)
    written = entry.fields["process_limit"]
    limit = written if written.isdigit() else configuration.value("default_process_limit")
    value = int(limit) if limit.isdigit() else DEFAULT_LIMIT
    return ServiceLimit(entry.key, entry.daemon, service.instance, service.log_name, value, service.reinjection)
