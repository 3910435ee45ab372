"""What a configuration has on trial, and which of the log's restrictions on trial each of it is."""

from __future__ import annotations

from collections.abc import Sequence

from logtune.analyses.trial import OnTrial
from logtune.postconf.restriction_lists import Element
from logtune.postconf.services import Configuration, Service
from logtune.tune.model import Candidate

_TABLES = {
    "smtpd_client_restrictions": "check_client_access",
    "smtpd_helo_restrictions": "check_helo_access",
    "smtpd_sender_restrictions": "check_sender_access",
    "smtpd_recipient_restrictions": "check_recipient_access",
    "smtpd_relay_restrictions": "check_recipient_access",
}
"""What a table without a restriction before it means in a list (an old form that Postfix still takes)."""


def candidates(configuration: Configuration) -> list[Candidate]:
    """The restrictions behind warn_if_reject, each once per place where it is written, in the order of the lists."""
    found: dict[object, tuple[Element, list[tuple[Service, str]]]] = {}
    for service in configuration.services:
        for name in service.lists:
            for element in service.restrictions(name):
                if element.warn and element.name:
                    where = (element.place, element.number) if element.place else (service.key, name, element.text)
                    found.setdefault((*where, element.text), (element, []))[1].append((service, name))
    return [Candidate(element, tuple(uses)) for element, uses in found.values()]


def entries_of(candidate: Candidate, trial: Sequence[OnTrial]) -> list[OnTrial]:
    """The entries of the log that are, or may be, *candidate*: what it stops is at most what they stop together."""
    return [entry for entry in trial if _is(candidate, entry)]


def shared(candidate: Candidate, among: Sequence[Candidate], entry: OnTrial) -> bool:
    """Whether *entry* may be another restriction *among* those on trial: one of another name or argument."""
    others = [c for c in among if c.element.text.lower() != candidate.element.text.lower()]
    return any(_is(other, entry) for other in others)


def _is(candidate: Candidate, entry: OnTrial) -> bool:
    if entry.service not in {service.log_name for service in candidate.services}:
        return False
    names = {entry.restriction} if entry.restriction else set(entry.candidates)
    return bool(names & possible_names(candidate))


def possible_names(candidate: Candidate) -> set[str]:
    """The names by which the log may know it: its own, or what a bare table means where it stands."""
    known = candidate.element.known
    if known == "reject_maps_rbl":  # it printed the text of its successor
        return {known, "reject_rbl_client"}
    if known:
        return {known}
    if ":" in candidate.element.name:
        return {_TABLES[name] for name in candidate.lists if name in _TABLES}
    return set()
