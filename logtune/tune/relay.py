"""The guard: a plan never changes who may relay.

A mail for another site is accepted where neither smtpd_relay_restrictions nor smtpd_recipient_restrictions rejects it
(smtpd_check.c, rcpt restrictions). So the relay list stays as it is; in the recipient list and in restriction classes
nothing may come that could permit, and nothing may go that rejects. Every plan passes here before anybody sees it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from logtune.postconf.restriction_lists import LISTS, Element
from logtune.postconf.services import Configuration, Service
from logtune.postfix import restrictions
from logtune.tune.model import OPEN_LISTS, RECIPIENT_LIST, RELAY_LIST, Table

PROTECTORS = (
    "reject_unauth_destination",
    "defer_unauth_destination",
    "reject",
    "defer",
    "defer_if_permit",
    "check_relay_domains",
)
"""smtpd refuses to run where neither list has one of these (smtpd_check.c, smtpd_check_init)."""


def objections(before: Configuration, after: Configuration, tables: Sequence[Table]) -> list[str]:
    """What speaks against going from *before* to *after* with *tables*; empty for a plan that is safe."""
    harmless = {t.reference for t in tables if not t.permits and _never_permits(t)}
    found = [o for s in after.services for o in _of_service(before.service(s.key), s, harmless)]
    return [*found, *_misplaced(after, tables), *_untouchable(before, after)]


def _of_service(before: Service, after: Service, harmless: set[str]) -> list[str]:
    found = []
    if _texts(before.restrictions(RELAY_LIST)) != _texts(after.restrictions(RELAY_LIST)):
        found.append(f"{after.key}: {RELAY_LIST} would change")
    deciding = (RECIPIENT_LIST, *before.classes)
    for name in deciding:
        old, new = before.restrictions(name), after.restrictions(name)
        if _new(_openers(new), _openers(old), harmless):
            found.append(f"{after.key}: {name} would permit what it does not today")
        if Counter(_protectors(old)) - Counter(_protectors(new)):
            found.append(f"{after.key}: {name} would lose relay protection")
        if _first(new, harmless) < _first(old, set()):
            found.append(f"{after.key}: something that permits would come before relay protection in {name}")
    for name in set(after.classes) - set(before.classes):
        if _new(_openers(after.restrictions(name)), (), harmless):
            found.append(f"{after.key}: the new class {name} could permit")
    return found


def _texts(found: Iterable[Element]) -> list[tuple[bool, str]]:
    return [(e.warn, e.text) for e in found]


def could_permit(element: Element) -> bool:
    """Whether a restriction can say OK: permits, lookup tables, policy services, classes, whatever is not known."""
    known = restrictions.catalogue().restrictions.get(element.known or "")
    if known is None or known.effect == "permit":
        return element.name.lower() not in PROTECTORS
    return element.name.lower().startswith("check_") and element.name.lower() != "check_relay_domains"


def _openers(found: Iterable[Element]) -> list[str]:
    return [e.text for e in found if could_permit(e)]


def _new(now: Iterable[str], then: Iterable[str], harmless: set[str]) -> bool:
    added = Counter(now) - Counter(then)
    return any(text.removeprefix("check_client_access ") not in harmless for text in _expanded(added, harmless))


def _expanded(texts: Iterable[str], harmless: set[str]) -> list[str]:
    """Texts with the table's directory as main.cf names it: it is the last part that tells our tables."""
    names = {reference.rpartition("/")[2]: reference for reference in harmless}
    return [_as_reference(text, names) for text in texts]


def _as_reference(text: str, names: dict[str, str]) -> str:
    own = names.get(text.rpartition("/")[2])
    return f"check_client_access {own}" if own and text.startswith("check_client_access ") else text


def _protectors(found: Iterable[Element]) -> list[str]:
    return [e.name.lower() for e in found if not e.warn and e.name.lower() in PROTECTORS]


def _first(found: Sequence[Element], harmless: set[str]) -> int:
    """How many restrictions that reject or defer relaying stand before the first one that could permit."""
    count = 0
    for element in found:
        if could_permit(element) and _new([element.text], (), harmless):
            return count
        count += not element.warn and element.name.lower() in PROTECTORS
    return 1_000_000


def _never_permits(table: Table) -> bool:
    return all(result == "DUNNO" or _rejects(result) for _, _, result in table.entries)


def _rejects(result: str) -> bool:
    known = restrictions.catalogue().restrictions.get(restrictions.canonical(result) or "")
    return known is None or known.effect != "permit"  # None: a class of this plan, which is looked into as a class


def _misplaced(after: Configuration, tables: Sequence[Table]) -> list[str]:
    """Tables with OK that are looked up where OK could mean more than the end of that list."""
    permitting = {t.name for t in tables if t.permits or any(result == "OK" for _, _, result in t.entries)}
    return [
        f"{service.key}: {argument} says OK in {name}"
        for service in after.services
        for name in (*LISTS, *service.classes)
        if name not in OPEN_LISTS
        for element in service.restrictions(name)
        for argument in element.arguments
        if argument.rpartition("/")[2] in permitting
    ]


def _untouchable(before: Configuration, after: Configuration) -> list[str]:
    """Parameters that decide about relaying beside the lists, and must come out as they went in."""
    names = (
        "mynetworks",
        "relay_domains",
        "mydestination",
        "smtpd_relay_before_recipient_restrictions",
        "smtpd_sasl_auth_enable",
    )
    return [
        f"{service.key}: {name} would change"
        for service in after.services
        for name in names
        if service.value(name) != before.service(service.key).value(name)
    ]


def unprotected(service: Service) -> bool:
    """Whether nothing that is enforced keeps this service from relaying for strangers."""
    return not any(_protectors(service.restrictions(name)) for name in (RELAY_LIST, RECIPIENT_LIST))
