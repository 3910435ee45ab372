"""Exceptions from a restriction: the clients whose wanted mail it would stop, by a key that they cannot forge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Key(StrEnum):
    """What an exception goes by. A greeting is no key: anyone can say it."""

    NAME = "client_name"  # verified: the name's addresses have the client's among them
    ADDRESS = "client_addr"  # one address or a network in CIDR form


@dataclass(frozen=True)
class Exemption:
    """One client, or all clients of one organisation, that a restriction should let pass.

    ``recipients`` and ``mails`` are newly stopped ones that it spares, ``evidence`` says in words why they are wanted.
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
