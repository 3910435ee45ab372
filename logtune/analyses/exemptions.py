"""Exceptions from a restriction: the clients whose wanted mail it would stop, by a key that they cannot forge."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from logtune.analyses import evidence, organisations
from logtune.tables import Tables

Row = Mapping[str, Any]

DENSE = 4
"""A network is excepted for the addresses seen in it where these are at least one in four: an exception for all of a
/24 would let in its other customers. In IPv6 the /64 stands for a host, which changes its address inside it."""
IPV6_HOST = 64


class Key(StrEnum):
    """What an exception goes by. A greeting is no key: anyone can say it."""

    NAME = "client_name"  # verified: the name's addresses have the client's among them
    ADDRESS = "client_addr"  # one address or a network in CIDR form


@dataclass(frozen=True)
class Exemption:
    """One client, or all clients of one organisation, that a restriction should let pass.

    ``recipients`` and ``mails`` are newly stopped ones that it spares, ``evidence`` says in words why they are wanted.
    A name that begins with a dot stands for all verified names below that domain.
    """

    restriction: str  # OnTrial.name
    service: str | None
    by: Key
    key: str
    organisation: str
    recipients: int
    mails: int
    last: datetime | None
    helo_names: tuple[str, ...]
    sender_domains: tuple[str, ...]
    evidence: tuple[str, ...]


def exemptions(tables: Tables) -> dict[tuple[str, str | None], tuple[Exemption, ...]]:
    """Exceptions per restriction (``OnTrial.name``) and service, those that spare most recipients first."""
    entries: dict[tuple[str, str | None], list[Row]] = {}
    for row in tables.frame("trial_exemptions").to_pylist():
        entries.setdefault((row["name"], row["service"]), []).append(row)
    return {key: _of_restriction(rows) for key, rows in entries.items()}


def _of_restriction(rows: Sequence[Row]) -> tuple[Exemption, ...]:
    found = [*_by_name([r for r in rows if _verified(r)]), *_by_address([r for r in rows if not _verified(r)])]
    return tuple(sorted(found, key=lambda e: (-e.recipients, e.key)))


def _verified(row: Row) -> bool:
    name = row["client_name"]
    return bool(name) and name != "unknown" and organisations.parse_address(name) is None


def _by_name(rows: Iterable[Row]) -> list[Exemption]:
    """Each name as it is; the domain above where several of its names are wanted and none of them is unwanted."""
    found = []
    for organisation, clients in _grouped(rows, "organisation").items():
        names = _grouped((r for r in clients if r["recipients"]), "client_name")
        below = all(name.lower().endswith(f".{organisation}") for name in names)
        if len(names) > 1 and below and not any(r["unwanted"] for r in clients):
            found.append(_exemption(Key.NAME, f".{organisation}", [r for rows in names.values() for r in rows]))
        else:
            found += [_exemption(Key.NAME, name.lower(), rows) for name, rows in names.items()]
    return found


def _by_address(rows: Iterable[Row]) -> list[Exemption]:
    """Each address; one network where several of a block are wanted and nobody else in it is unwanted."""
    found = []
    for clients in _grouped(rows, "network").values():
        wanted = [r for r in clients if r["recipients"] and organisations.parse_address(r["client_addr"])]
        network = _covering([r["client_addr"] for r in wanted])
        if network is not None and not any(_inside(r["client_addr"], network) for r in clients if r["unwanted"]):
            found.append(_exemption(Key.ADDRESS, str(network), wanted))
        else:
            found += [_exemption(Key.ADDRESS, addr, rows) for addr, rows in _grouped(wanted, "client_addr").items()]
    return found


def _covering(addresses: Sequence[str]) -> organisations.Network | None:
    """The smallest network with all *addresses*; None for fewer than two, and for so few that most of it is others'."""
    known = sorted({int(a): a for t in addresses if (a := organisations.parse_address(t))}.items())
    if len(known) < 2:
        return None
    (low, first), (high, _) = known[0], known[-1]
    length = first.max_prefixlen - (low ^ high).bit_length()
    if first.version == 6:
        return ipaddress.ip_network((first, IPV6_HOST), strict=False) if length >= IPV6_HOST else None
    network = ipaddress.ip_network((first, length), strict=False)
    return network if network.num_addresses <= DENSE * len(known) else None


def _inside(addr: str | None, network: organisations.Network) -> bool:
    address = organisations.parse_address(addr)
    return address is not None and address.version == network.version and address in network


def _grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def _exemption(by: Key, key: str, rows: Sequence[Row]) -> Exemption:
    return Exemption(
        restriction=rows[0]["name"],
        service=rows[0]["service"],
        by=by,
        key=key,
        organisation=rows[0]["organisation"],
        recipients=sum(r["recipients"] for r in rows),
        mails=len({m for r in rows for m in r["mails"] or ()}),
        last=max((r["last"] for r in rows if r["last"]), default=None),
        helo_names=tuple(sorted({h for r in rows for h in r["helo_names"] or ()})),
        sender_domains=tuple(sorted({d for r in rows for d in r["sender_domains"] or ()})),
        evidence=evidence.words_for(evidence.strongest(rows)),
    )
