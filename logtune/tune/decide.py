"""From the verdicts of a restriction in its services to one of four actions, with the reasons.

A restriction that several services share by main.cf is one line of text: what its worst service says is done, where
that service's harm cannot be taken away by permits or an empty list of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from logtune.analyses.common import counted
from logtune.analyses.exemptions import Exemption
from logtune.analyses.trial import OnTrial
from logtune.analyses.verdict import ENOUGH_UNWANTED, OPEN_SHARE
from logtune.postconf.restriction_lists import LISTS
from logtune.postconf.services import Configuration, Service
from logtune.postfix import restrictions
from logtune.results import Verdict
from logtune.tune import exceptions, relay
from logtune.tune.find import entries_of, shared
from logtune.tune.model import RECIPIENT_LIST, RELAY_LIST, Action, Candidate, Decision, Exemptions

_ACTIONS = {
    Verdict.ENFORCE: Action.ENFORCE,
    Verdict.EXCEPTIONS: Action.EXCEPTIONS,
    Verdict.KEEP: Action.KEEP,
    Verdict.LITTLE: Action.KEEP,
    Verdict.NO: Action.DROP,
}
_HOMES = {
    "client": "smtpd_client_restrictions",
    "helo": "smtpd_helo_restrictions",
    "sender": "smtpd_sender_restrictions",
}
"""The list made for what a restriction judges, where permits end no more than that list."""


def decide(
    candidate: Candidate, among: Sequence[Candidate], trial: Sequence[OnTrial], exemptions: Exemptions
) -> Decision:
    """What to do with *candidate*, one of those *among* which the log's *trial* is shared out."""
    refused = _untouchable(candidate)
    if refused:
        return Decision(candidate, Action.KEEP, [refused])
    entries = entries_of(candidate, trial)
    if not entries:
        return Decision(candidate, Action.KEEP, ["It never fired in this log: nothing is known of whom it would stop."])
    spared = _exemptions(entries, exemptions)
    decision = Decision(candidate, *_together(entries, spared), entries, spared)
    blamed = [e for e in entries if e.ruling.verdict is Verdict.NO]
    if decision.action is Action.DROP and all(shared(candidate, among, e) for e in blamed):
        why = "The log does not tell whether it or another one on trial is to blame: try them one by one."
        return replace(decision, action=Action.KEEP, why=[why, *decision.why], exemptions=())
    return _feasible(decision) if decision.action.enforces else _let_be(decision)


def _let_be(decision: Decision) -> Decision:
    """A decision that does not enforce; that it would break the site's own filter is the first reason to say."""
    filtered = sum(e.counts["filter"] for e in decision.entries)
    why = [f"Enforcing it would break your filter ({_of_filter(filtered)})."] if filtered else []
    return replace(decision, exemptions=(), why=[*why, *decision.why])


def _untouchable(candidate: Candidate) -> str | None:
    """Why the plan leaves a restriction alone, whatever the log says."""
    if RELAY_LIST in candidate.lists:
        return f"It stands in {RELAY_LIST}, which decides about relaying: this plan never changes that list."
    if candidate.place is None or candidate.place.service == "default":
        return "It is put together from several parameters: enforce it by hand."
    return None


def _exemptions(entries: Sequence[OnTrial], exemptions: Exemptions) -> list[Exemption]:
    return [e for entry in entries for e in exemptions.get((entry.name, entry.service), ())]


def _together(entries: Sequence[OnTrial], spared: Sequence[Exemption]) -> tuple[Action, list[str]]:
    """The action that suits all services, and the reasons of the one that decides it."""
    telling = _telling(entries)
    actions = {_ACTIONS[e.ruling.verdict] for e in telling}
    worst = min(telling, key=lambda e: list(Action).index(_ACTIONS[e.ruling.verdict]))
    reasons = [*worst.ruling.reasons]
    if Action.DROP in actions and len(actions) > 1:
        return Action.KEEP, [
            f"Service {worst.service or 'smtp'} must not enforce it, others may: give it a list there."
        ]
    action = _ACTIONS[worst.ruling.verdict]
    if action is Action.EXCEPTIONS and not exceptions.merged(spared):
        if _needs_exceptions(telling):
            why = "Exceptions are needed, and the log has no client that they can safely name."
            return Action.KEEP, [why, *reasons]
        action = Action.ENFORCE  # permits spare all that is worth sparing
    return action, reasons


def _needs_exceptions(entries: Sequence[OnTrial]) -> bool:
    """Whether strangers are hit that are, or may well be, wanted (the rules of the verdict)."""
    total = {n: sum(e.counts[n] for e in entries) for n in ("wanted", "private", "no_evidence", "unwanted")}
    if total["wanted"] or total["private"]:
        return True
    unknown, unwanted = total["no_evidence"], total["unwanted"]
    mostly_unwanted = unwanted >= ENOUGH_UNWANTED and unknown <= OPEN_SHARE * (unwanted + unknown)
    return unknown > 0 and not mostly_unwanted


def _telling(entries: Sequence[OnTrial]) -> Sequence[OnTrial]:
    """The entries whose verdicts count: where strangers are hit, else where there is enough to judge by.

    A restriction with several texts has an entry of each. A rare text that hits nobody wanted does not hold up what
    the others of its service tell.
    """
    judged = {e.service for e in entries if e.ruling.verdict is not Verdict.LITTLE}
    strangers = [
        e
        for e in entries
        if e.counts["others"] + e.counts["private"]
        and not (e.ruling.verdict is Verdict.LITTLE and e.service in judged and not e.counts["wanted"])
    ]
    return strangers or [e for e in entries if e.ruling.verdict is not Verdict.LITTLE] or entries


def _feasible(decision: Decision) -> Decision:
    """The decision with what its authorized clients and the site's own filter need; kept on trial where they cannot."""
    counts = {n: sum(e.counts[n] for e in decision.entries) for n in ("authorized", "filter")}
    if counts["filter"]:
        decision = _spare_filter(decision, counts["filter"])
    if counts["authorized"] and decision.action.enforces:
        decision = _spare_users(decision, counted(counts["authorized"], "newly stopped recipient"))
    if decision.exemptions and decision.action.enforces and not decision.candidate.open and not decision.move_to:
        decision = _wrappable(decision)
    return decision


def _kept(decision: Decision, why: str) -> Decision:
    return replace(decision, action=Action.KEEP, why=[why, *decision.why], exemptions=(), permits=False)


def _spare_users(decision: Decision, who: str) -> Decision:
    """Authorized clients are let through by permits before it, in a list where that permits nothing else."""
    candidate = decision.candidate
    late = [s for s in candidate.services if not s.yes("smtpd_delay_reject")]
    if late and _needs_login(candidate):
        why = f"{who} of authorized clients: with smtpd_delay_reject = no their login is not known here. Set it to yes."
        return _kept(decision, why)
    return replace(decision, permits=True) if candidate.open else _moved(decision, who)


def _wrappable(decision: Decision) -> Decision:
    """Outside of the open lists an exception is a table before the restriction that never says OK."""
    candidate = decision.candidate
    where = candidate.lists[0]
    if relay.could_permit(candidate.element):
        return _kept(decision, f"Its table can say OK, so no exception can be put before it in {where}.")
    if any(found and found[1].service for found in (s.raw("smtpd_restriction_classes") for s in candidate.services)):
        return _kept(decision, "A service has restriction classes of its own; exceptions are to be written by hand.")
    unsafe = (
        f"In {where} an exception that says OK could permit relaying. Its tables say DUNNO to the excepted clients and"
        " apply the restriction to everybody else."
    )
    return replace(decision, why=[*decision.why, unsafe]) if exceptions.merged(decision.exemptions) else decision


def _needs_login(candidate: Candidate) -> bool:
    return any(name in ("smtpd_client_restrictions", "smtpd_helo_restrictions") for name in candidate.lists)


def _moved(decision: Decision, who: str) -> Decision:
    """A restriction that hits authorized clients in a list without room for permits goes to the list made for it."""
    candidate = decision.candidate
    known = restrictions.catalogue().restrictions.get(candidate.element.known or "")
    home = _HOMES.get(known.object if known else "")
    place = candidate.place
    if home is None or candidate.lists != (RECIPIENT_LIST,) or place is None or not _one_home(candidate, home):
        return _kept(
            decision, f"{who} of authorized clients, and no permit can stand before it: {_why_not(candidate)}."
        )
    if not all(s.yes("smtpd_delay_reject") for s in candidate.services):
        why = f"{who} of authorized clients: set smtpd_delay_reject = yes, then {home} can let them through."
        return _kept(decision, why)
    why = f"Moved to {home}: there permits let {who} of authorized clients through without permitting relaying."
    return replace(decision, permits=True, move_to=home, why=[why, *decision.why])


def _why_not(candidate: Candidate) -> str:
    place = candidate.place
    if place and place.parameter not in LISTS:
        return f"it is written in {place.parameter}, which other lists may use"
    return f"in {candidate.lists[0]} that could permit relaying"


def _one_home(candidate: Candidate, home: str) -> bool:
    """Whether *home* is one text for all services that use the restriction, the one beside it."""
    place = candidate.place
    beside = {(found[1].service if (found := s.raw(home)) else None) for s in candidate.services}
    texts = {found[1].parameter for s in candidate.services if (found := s.raw(home))}
    alone = not any(_refers(s.configuration, home) for s in candidate.services)
    return place is not None and beside == {place.service} and texts <= {home} and alone


def _refers(configuration: Configuration, home: str) -> bool:
    """Whether any value refers to the list *home*: what goes there would stand in that value too."""
    return any(re.search(rf"\$[({{]?\s*{home}\b", text) for text in configuration.texts())


def _spare_filter(decision: Decision, stopped: int) -> Decision:
    """The site's own filter is let back in: by an empty list on its listener, else by permit_mynetworks."""
    candidate = decision.candidate
    who = _of_filter(stopped)
    listeners = [s for s in candidate.services if s.reinjection]
    hit = {entry.service for entry in decision.entries if entry.counts["filter"]}
    if listeners and candidate.open and hit <= {s.log_name for s in listeners}:
        names = ", ".join(s.label for s in listeners)
        why = f"Enforcing it on {names} would break your filter ({who}): that service gets an empty list."
        return replace(decision, relieve=listeners, why=[why, *decision.why])
    if candidate.open and all(_has_loopback(s) for s in candidate.services):
        why = f"Enforcing it as it stands would break your filter ({who}): permit_mynetworks goes before it."
        return replace(decision, permits=True, why=[why, *decision.why])
    why = f"Enforcing it would break your filter ({who}): give the listener where it comes back a list of its own."
    return _kept(decision, why)


def _of_filter(stopped: int) -> str:
    return f"{counted(stopped, 'recipient')} that the site's own filter gave back"


def _has_loopback(service: Service) -> bool:
    return any(network.startswith(("127.", "::1/")) for network in service.mynetworks or ("127.0.0.0/8",))
