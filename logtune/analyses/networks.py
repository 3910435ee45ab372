"""Whether an address is in the site's own networks, for the few addresses of a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network


@lru_cache(maxsize=4096)
def is_own(addr: str | None, mynetworks: Sequence[str]) -> bool:
    """Whether *addr* is in one of *mynetworks* (CIDR, a tuple) or on loopback; False for what is no address."""
    try:
        address = ip_address((addr or "").partition("%")[0])
    except ValueError:
        return False
    networks = [ip_network(network) for network in mynetworks]
    return address.is_loopback or any(address in n for n in networks if n.version == address.version)
