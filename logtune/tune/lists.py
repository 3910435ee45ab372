"""The new restriction lists.

In the client, helo and sender lists an OK or permit ends that list only, so there the authorized clients are let
through by permits and the excepted ones by a table that says OK, both directly before what is newly enforced. What
is enforced today and stands behind it goes before them, so that nobody is spared what meets him today.

Everywhere else (recipient and later lists, restriction classes, lists that others refer to) an OK could permit
relaying. There the restriction itself is put behind a table that says DUNNO to excepted clients.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from logtune.postconf.restriction_lists import Element, Place, Word, elements, split_words
from logtune.postconf.services import Configuration
from logtune.tune import exceptions
from logtune.tune.model import OPEN_LISTS, PERMITS, Action, Change, Decision, Piece, Table

CLASSES = "smtpd_restriction_classes"
PARENTS = "parent_domain_matches_subdomains"
_ENDS = ("permit", "reject", "defer")


@dataclass
class Work:
    """What the lists of a plan come to: changed parameters, and the tables they look up."""

    configuration: Configuration
    changes: list[Change] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    classes: list[tuple[str, str]] = field(default_factory=list)

    def free(self, name: str) -> str:
        """*name*, with a number where the configuration or this plan has a table or class of that name already."""
        written = [a.value for a in self.configuration.parameters.values()]
        written += [v for e in self.configuration.entries for v in e.overrides.values()]
        taken = {*self.configuration.parameters, *(t.name.rsplit(".", 1)[0] for t in self.tables), *dict(self.classes)}
        for number in range(1, 1000):
            tried = name if number == 1 else f"{name}_{number}"
            if tried not in taken and not any(re.search(rf"\b{tried}\b", value) for value in written):
                return tried
        raise AssertionError("a configuration that names a thousand tables of this plan")


def new_lists(configuration: Configuration, decisions: Sequence[Decision]) -> Work:
    """The changed lists that carry out *decisions*, with their tables and classes."""
    work = Work(configuration)
    for place in _places(configuration, decisions):
        _change(work, place, decisions)
    _relieve(work, decisions)
    _declare_classes(work)
    return work


def _places(configuration: Configuration, decisions: Sequence[Decision]) -> list[Place]:
    found: dict[Place, None] = {}
    for decision in decisions:
        place = decision.candidate.place
        if place is None or decision.action is Action.KEEP:
            continue
        found[place] = None
        if decision.move_to:
            found[Place(decision.move_to, place.service)] = None
    return list(found)


def local_elements(value: str, place: Place) -> list[Element]:
    """The restrictions of *value* as they are written at *place*, references left alone."""
    return elements([Word(word, word, place, number) for number, word in enumerate(split_words(value))])


def _change(work: Work, place: Place, decisions: Sequence[Decision]) -> None:
    old = work.configuration.written(place)
    here = {
        d.candidate.element.number: d for d in decisions if d.candidate.place == place and d.action is not Action.KEEP
    }
    coming = [d for d in decisions if d.move_to == place.parameter and _beside(d, place) and d.action.enforces]
    local = local_elements(old or "", place)
    if all(d.candidate.open for d in here.values()) and place.parameter in OPEN_LISTS:
        pieces = _opened(work, place, local, here, coming)
    else:
        pieces = _closed(work, place, local, here)
    new = ", ".join(piece.text for piece in pieces)
    work.changes.append(Change(place, old, new, tuple(pieces)))


def _beside(decision: Decision, place: Place) -> bool:
    return decision.candidate.place is not None and decision.candidate.place.service == place.service


def _opened(
    work: Work, place: Place, local: Sequence[Element], here: dict[int, Decision], coming: Sequence[Decision]
) -> list[Piece]:
    """A client, helo or sender list: permits and exceptions directly before what is newly enforced."""
    enforced = [d for d in (*here.values(), *coming) if d.action.enforces]
    stays = [e for e in local if e.number not in here]
    planned = [e for e in local if e.number in here and here[e.number].action.enforces]
    if not enforced:
        return [_piece(e) for e in stays]
    before = [e for e in stays if planned and e.number < planned[0].number]
    behind = [e for e in stays if e not in before]
    guards = [Piece(f"check_client_access {table.reference}") for table in _permitting(work, place, enforced)]
    strict = [*map(_bare, planned), *(Piece(d.candidate.element.raw) for d in coming)]
    permits = _missing(place, enforced, before)
    if not permits and not guards and not coming:
        return [_bare(e) if e in planned else _piece(e) for e in local if e in planned or e in stays]
    if all(e.warn for e in before) and all(map(_harmless, behind)):
        return [*permits, *map(_piece, before), *guards, *strict, *map(_piece, behind)]
    rest = [*before, *behind]
    end = [e for e in rest[-1:] if not e.warn and e.name.lower() in _ENDS]
    rest = rest[: len(rest) - len(end)]
    return [*map(_piece, rest), *_missing(place, enforced, rest), *guards, *strict, *map(_piece, end)]


def _missing(place: Place, enforced: Sequence[Decision], before: Sequence[Element]) -> list[Piece]:
    """The permits that are wanted before the newly enforced restrictions and do not stand *before* them yet."""
    there = {e.name.lower() for e in before if not e.warn}
    wanted = place.parameter != "smtpd_sender_restrictions" or any(d.permits for d in enforced)
    return [Piece(p) for p in PERMITS if wanted and p not in there]


def _harmless(element: Element) -> bool:
    """Whether nobody is spared anything by a permit before it."""
    return element.warn or element.name.lower() == "permit" or element.name.lower() in PERMITS


def _piece(element: Element) -> Piece:
    return Piece(("warn_if_reject " if element.warn else "") + element.raw, element.number)


def _bare(element: Element) -> Piece:
    return Piece(element.raw, element.number)


def _permitting(work: Work, place: Place, enforced: Sequence[Decision]) -> list[Table]:
    exemptions = [e for d in enforced for e in d.exemptions]
    if not exceptions.merged(exemptions):
        return []
    service = enforced[0].candidate.services[0]
    parents = "smtpd_access_maps" in service.value(PARENTS)
    tables = exceptions.permitting(work.free(_short(place) + "_exceptions"), exemptions, parents)
    work.tables += tables
    return tables


def _short(place: Place) -> str:
    """A name for files and classes: ``helo``, ``submission_helo``."""
    parameter = re.sub(r"^smtpd_|_restrictions$", "", place.parameter)
    service = (place.service or "").rsplit("/", 1)[0]
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{service}_{parameter}" if service else parameter).strip("_")


def _closed(work: Work, place: Place, local: Sequence[Element], here: dict[int, Decision]) -> list[Piece]:
    """Any other list: restrictions enforced where they stand, behind a table without OK where there are exceptions."""
    pieces = []
    for element in local:
        decision = here.get(element.number)
        if decision is None:
            pieces.append(_piece(element))
        elif decision.action.enforces and not decision.move_to:
            pieces.append(Piece(_wrapped(work, place, decision), element.number))
    return pieces


def _wrapped(work: Work, place: Place, decision: Decision) -> str:
    """The restriction, or the lookup that applies it to everybody but the excepted clients."""
    raw = decision.candidate.element.raw
    if not exceptions.merged(decision.exemptions):
        return raw
    name = work.free(f"{_short(place)}_{_safe(decision.candidate.name)}")
    through = f"{name}_by_address"
    applied = raw
    if not re.fullmatch(r"\w+", raw):  # tables must be opened before smtpd gives up its privileges: in a class they are
        applied = f"{name}_applied"
        work.classes.append((applied, raw))
    tables = exceptions.wrapping(name, decision.exemptions, applied, through)
    if len(tables) > 1:
        work.classes.append((through, f"check_client_access {tables[1].reference}"))
    work.tables += tables
    return f"check_client_access {tables[0].reference}"


def _safe(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")


def _relieve(work: Work, decisions: Sequence[Decision]) -> None:
    """Empty lists for the listeners where the site's own filter gives mail back."""
    for decision in decisions:
        for service in decision.relieve if decision.action.enforces else ():
            for name in decision.candidate.lists:
                place = Place(name, service.key)
                if place not in [c.place for c in work.changes]:
                    work.changes.append(Change(place, work.configuration.written(place), ""))


def _declare_classes(work: Work) -> None:
    if not work.classes:
        return
    place = Place(CLASSES)
    old = work.configuration.written(place)
    known = [Piece(word, number) for number, word in enumerate(split_words(old or ""))]
    pieces = [*known, *(Piece(name) for name, _ in work.classes)]
    work.changes.append(Change(place, old, ", ".join(p.text for p in pieces), tuple(pieces)))
    for name, value in work.classes:
        work.changes.append(
            Change(Place(name), None, value, tuple(Piece(e.raw) for e in local_elements(value, Place(name))))
        )
