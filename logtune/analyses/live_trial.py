"""Whom restrictions on trial would newly stop, as far as it can be told while the log grows.

A flagged recipient counts when the mail became active and no restriction rejected this recipient; it is wanted where
the client logged in or is in mynetworks, or where such a client has written to the sender. ``logtune trial`` knows more
kinds of evidence, and what came later. State is bounded: the oldest sessions, mails and correspondents are forgotten.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from logtune.analyses.organisations import Network, parse_address

MOST = 20_000
"""Sessions, mails and correspondents that are kept."""
FLAGS_MOST = 1_000
"""Flags of one session; a client may name as many recipients as it likes."""

Row = Mapping[str, Any]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Latest(OrderedDict[Key, Value], Generic[Key, Value]):
    """A dictionary of the latest ``MOST`` entries."""

    def __setitem__(self, key: Key, value: Value) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > MOST:
            self.popitem(last=False)


@dataclass
class _Mail:
    session: Hashable
    authorized: bool


@dataclass
class LiveTrial:
    """Feed the rows of decisions, connections, queue and deliveries in the order of the log."""

    networks: Sequence[Network] = ()
    """mynetworks."""
    stopped: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    _flags: _Latest[Hashable, dict[tuple[str, str | None, str | None], None]] = field(default_factory=_Latest)
    _mails: _Latest[Hashable, _Mail] = field(default_factory=_Latest)
    _written_to: _Latest[str, None] = field(default_factory=_Latest)

    def flagged(self, name: str, row: Row) -> None:
        """A warning about a recipient, or about all of a mail."""
        flags = self._flags.setdefault(session_of(row), {})
        if len(flags) < FLAGS_MOST:
            flags[name, row.get("sender"), row.get("recipient")] = None
        self._flags[session_of(row)] = flags

    def rejected(self, row: Row) -> None:
        """Rejected anyway: enforcing changes nothing for this recipient, or, where none is named, for the mail."""
        flags, recipient = self._flags.get(session_of(row)), row.get("recipient")
        if flags:
            self._flags[session_of(row)] = {f: None for f in flags if recipient is not None and f[2] != recipient}

    def queue(self, row: Row) -> None:
        """A step of a queue file: where it came from, and when it was accepted."""
        mail = row.get("host"), row.get("instance"), row.get("queue_id")
        if row.get("event") == "client" and row.get("daemon") == "smtpd":
            self._mails[mail] = _Mail(session_of(row), self._authorized(row))
        elif row.get("event") == "active" and (known := self._mails.get(mail)):
            self._accepted(known, row.get("sender"))
            known.session = None  # it becomes active again at each retry

    def _authorized(self, row: Row) -> bool:
        if row.get("sasl_username"):
            return True
        address = parse_address(row.get("client_addr")) if self.networks else None
        return address is not None and any(address in network for network in self.networks)

    def _accepted(self, mail: _Mail, sender: str | None) -> None:
        wanted = mail.authorized or (sender is not None and sender.lower() in self._written_to)
        for name, of, _ in self._flags.pop(mail.session, {}):
            if of is None or of == sender:
                self.stopped[name] += 1
                self.wanted[name] += wanted

    def delivered(self, row: Row) -> None:
        """Whom authorized clients write to is somebody whose answers are wanted."""
        mail = self._mails.get((row.get("host"), row.get("instance"), row.get("queue_id")))
        if mail and mail.authorized and row.get("recipient"):
            self._written_to[str(row["recipient"]).lower()] = None

    def connected(self, row: Row) -> None:
        """The next client of this process: what was not accepted by then never is."""
        self._flags.pop(session_of(row), None)


def session_of(row: Row) -> Hashable:
    """The process that serves a client, which serves one at a time."""
    return tuple(row.get(name) for name in ("host", "instance", "service", "pid"))
