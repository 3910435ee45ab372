"""Reply codes in stages: a week of 450 lets a real sender try again, and the log shows it before mail is lost.

A code parameter serves several restrictions at once (smtpd_check.c); those that are enforced already answer 450 too
for that week, and the plan says which.
"""

from __future__ import annotations

from collections.abc import Sequence

from logtune.analyses.common import counted
from logtune.postconf.restriction_lists import Place
from logtune.postconf.services import Configuration
from logtune.postfix import restrictions
from logtune.results import Verdict
from logtune.tune.model import Change, Decision

TRY_LATER = "450"
WEEK = "a week"
"""Most servers try for five days (RFC 5321, 4.5.4.1): after a week every one of them has shown what it does."""


def stages(configuration: Configuration, decisions: Sequence[Decision]) -> tuple[list[Change], list[Change], list[str]]:
    """Changes for the first week, those after it, and what is to be known about them."""
    if configuration.value("soft_bounce").lower() == "yes":
        note = "soft_bounce = yes turns every 5xx into a 4xx: while it stands, no restriction rejects for good."
        return [], [], [note]
    first: list[Change] = []
    later: list[Change] = []
    notes: list[str] = []
    for parameter, names in _parameters(decisions).items():
        if not configuration.value(parameter).startswith("5"):
            continue
        place = Place(parameter)
        old = configuration.written(place)
        first.append(Change(place, old, TRY_LATER))
        later.append(Change(place, TRY_LATER, old))
        notes += _notes(configuration, parameter, names)
    return first, later, notes


def _parameters(decisions: Sequence[Decision]) -> dict[str, list[str]]:
    """Code parameters of the restrictions that newly stop mail with a 5xx, each with those restrictions."""
    found: dict[str, list[str]] = {}
    for decision in decisions:
        stopped = sum(e.counts["accepted_5xx"] for e in decision.entries if e.ruling.verdict is not Verdict.NO)
        parameter = code_parameter(decision.candidate.name)
        if decision.action.enforces and stopped and parameter:
            found.setdefault(parameter, []).append(decision.candidate.name)
    return found


def code_parameter(name: str) -> str | None:
    """The parameter that chooses the reply code of restriction *name*; None for tables, which choose it themselves."""
    known = restrictions.catalogue().restrictions.get(name)
    texts = [t for t in known.texts if t.parameter and not t.free] if known and not name.startswith("check_") else []
    return texts[0].parameter if texts else None


def _notes(configuration: Configuration, parameter: str, names: Sequence[str]) -> list[str]:
    others = sorted(_served(configuration, parameter) - set(names))
    own = [s.label for s in configuration.services if (found := s.raw(parameter)) and found[1].service]
    notes = [f"{parameter} = {TRY_LATER} for {WEEK}: {', '.join(names)} defers at first, and rejects after that."]
    if others:
        notes.append(f"{parameter} also serves {', '.join(others)}, enforced today: for {WEEK} that defers too.")
    if own:
        services = counted(len(own), "service")
        notes.append(f"{services} with {parameter} in master.cf ({', '.join(own)}) rejects from the first day.")
    return notes


def _served(configuration: Configuration, parameter: str) -> set[str]:
    """Restrictions that are enforced somewhere and answer with *parameter*."""
    return {
        element.known
        for service in configuration.services
        for name in service.lists
        for element in service.restrictions(name)
        if element.known and not element.warn and code_parameter(element.known) == parameter
    }
