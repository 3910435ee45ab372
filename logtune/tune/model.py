"""What a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from logtune.analyses.exemptions import Exemption
from logtune.analyses.trial import OnTrial
from logtune.postconf.restriction_lists import Element, Place
from logtune.postconf.services import Service

OPEN_LISTS = ("smtpd_client_restrictions", "smtpd_helo_restrictions", "smtpd_sender_restrictions")
"""Lists in which OK and permit end that list and no more: the relay and recipient lists still decide (access(5))."""
RELAY_LIST = "smtpd_relay_restrictions"
RECIPIENT_LIST = "smtpd_recipient_restrictions"
PERMITS = ("permit_mynetworks", "permit_sasl_authenticated")


class Action(StrEnum):
    """What the plan does with a restriction on trial."""

    DROP = "drop"
    KEEP = "keep on trial"
    EXCEPTIONS = "enforce with exceptions"
    ENFORCE = "enforce"

    @property
    def enforces(self) -> bool:
        return self in (Action.ENFORCE, Action.EXCEPTIONS)


@dataclass(frozen=True)
class Candidate:
    """A restriction on trial, where it is written, and which lists of which services use it."""

    element: Element
    uses: Sequence[tuple[Service, str]]

    @property
    def name(self) -> str:
        """Its present name, else as it is written."""
        return self.element.known or self.element.name

    @property
    def place(self) -> Place | None:
        return self.element.place

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists in which it stands, each once."""
        return tuple(dict.fromkeys(name for _, name in self.uses))

    @property
    def services(self) -> tuple[Service, ...]:
        """The services that use it, each once."""
        return tuple({service.key: service for service, _ in self.uses}.values())

    @property
    def open(self) -> bool:
        """Whether it is written in a list, and used in lists only, where an exception may be a plain OK."""
        place = self.place
        return place is not None and all(name in OPEN_LISTS for name in (*self.lists, place.parameter))


@dataclass(frozen=True)
class Decision:
    """What to do with a candidate, and why. ``move_to`` is a list that can spare authorized clients.

    ``permits``: it hits authorized clients, which must be let through before it. ``relieve`` are the re-injection
    services on which its list is to be empty.
    """

    candidate: Candidate
    action: Action
    why: Sequence[str]
    entries: Sequence[OnTrial] = ()
    exemptions: Sequence[Exemption] = ()
    permits: bool = False
    move_to: str | None = None
    relieve: Sequence[Service] = ()


@dataclass(frozen=True)
class Piece:
    """One restriction of a new list as text, and the number of its first word where it stood before."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Change:
    """A parameter that the plan changes: its value before and after, None where it is not set.

    ``pieces`` are the restrictions of a new list, empty for other parameters.
    """

    place: Place
    old: str | None
    new: str | None
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True)
class Table:
    """A lookup table that the plan writes.

    ``name`` is its file beside main.cf, ``kind`` its type, ``entries`` are (comments, key, result). ``permits`` says
    whether a result is OK; all others are DUNNO or the name of a restriction, which cannot permit anything.
    """

    name: str
    kind: str
    entries: Sequence[tuple[Sequence[str], str, str]]
    permits: bool

    @property
    def reference(self) -> str:
        """As main.cf names it."""
        return f"{self.kind}:$config_directory/{self.name}"


Exemptions = Mapping[tuple[str, str | None], Sequence[Exemption]]
"""Exceptions by restriction (``OnTrial.name``) and service."""


class PlanError(Exception):
    """A plan that would have touched relay protection: a defect of logtune, stopped before anybody sees the plan."""
