"""Who a client is: its organisation, and whether its address is the site's own or private.

The organisation is the registrable domain of the *verified* client name (public suffix list), else the address
block: a name that does not resolve forward and back proves nothing, and sender domains can be forged.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa

from logtune.config import NOBODY, Known

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

IPV4_BLOCK = 24
"""The smallest block that is routed and usually handed to one customer's mail servers together."""
IPV6_BLOCK = 48
"""The usual size of a site (RFC 6177)."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@cache
def _suffixes(encoded: bool) -> PublicSuffixList:
    """The list. International suffixes *encoded* (``xn--``), as names of the DNS have them, double the time for it."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_encoded_idn=encoded)


def load() -> None:
    """Read the public suffix list, which else happens when the first name is asked for."""
    _suffixes(encoded=False)


def organisation(name: str | None, addr: str | None) -> str:
    """Registrable domain of a verified *name* (not ``unknown``), else the address block, else ``unknown``."""
    if name and name != "unknown" and parse_address(name) is None:
        return _suffixes(encoded="xn--" in name.lower()).privatesuffix(name.lower()) or name.lower()
    address = parse_address(addr)
    return block(address) if address else "unknown"


def block(address: Address) -> str:
    """The block that stands for the organisation of a client without a verified name, in CIDR form."""
    length = IPV4_BLOCK if address.version == 4 else IPV6_BLOCK
    host_bits = address.max_prefixlen - length
    return f"{type(address)(int(address) >> host_bits << host_bits)}/{length}"


@lru_cache(maxsize=65536)
def parse_address(text: str | None) -> Address | None:
    """*text* as an address (zone ids dropped, IPv4-mapped IPv6 as IPv4), None where it is none."""
    known = (text or "").partition("%")[0]
    if ":" not in known and not known[-1:].isdigit():  # most host names: an error would take ten times as long
        return None
    try:
        address = ipaddress.ip_address(known)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def table(
    clients: Iterable[tuple[str | None, str | None]], mynetworks: Sequence[str], known: Known = NOBODY
) -> pa.Table:
    """Arrow table ``clients``: name, address, organisation, network, own, loopback, private, known, client, site.

    *own*: inside *mynetworks*. *private*: private and neither own nor loopback (it may be NAT in front of many).
    *network*: the address block, for following retries. *known*: lists need not show it (``config.Known``). *client*:
    its number, which stands for name and address where many rows are compared; *site* that of its organisation.
    """
    networks = [ipaddress.ip_network(n, strict=False) for n in mynetworks]
    rows = [(*_row(name, addr, networks), known.has(name, addr)) for name, addr in clients]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(CLIENTS)
    found = {n: pa.array(list(c), t) for (n, t), c in zip(CLIENTS.items(), columns, strict=True)}
    sites = {name: i for i, name in enumerate(dict.fromkeys(columns[2]))}
    numbers = {"client": list(range(len(rows))), "site": [sites[name] for name in columns[2]]}
    return pa.table({**found, **{n: pa.array(c, pa.int32()) for n, c in numbers.items()}})


CLIENTS = {
    **dict.fromkeys(("client_name", "client_addr", "organisation", "network"), pa.string()),
    **dict.fromkeys(("own", "loopback", "private", "known"), pa.bool_()),
}
"""Columns of the table ``clients`` before its numbers."""


def _row(name: str | None, addr: str | None, networks: Sequence[Network]) -> tuple[str | bool | None, ...]:
    address = parse_address(addr)
    if address is None:
        return name, addr, organisation(name, addr), addr, False, False, False
    own = any(address in n for n in networks if n.version == address.version)
    private = address.is_private and not own and not address.is_loopback and not _documentation(address)
    return name, addr, organisation(name, addr), block(address), own, address.is_loopback, private


def _documentation(address: Address) -> bool:
    """Python counts the documentation ranges (RFC 5737, RFC 3849) as private; here they are ordinary addresses."""
    return any(address in n for n in DOCUMENTATION if n.version == address.version)


DOCUMENTATION: tuple[Network, ...] = tuple(
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
