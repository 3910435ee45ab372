"""The access restrictions of smtpd(8) as data: names, reply texts, and what a log line can tell about them.

The facts stand in ``restrictions.toml`` beside this file; here they are checked, typed and cached. Nothing in this
module looks at a log. Sources: Postfix ``src/smtpd/smtpd_check.c``, postconf(5), access(5).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

OBJECTS = ("any", "client", "helo", "sender", "recipient", "etrn", "data", "end_of_data")
EFFECTS = ("refuse", "permit")


class RestrictionDataError(ValueError):
    """restrictions.toml itself is wrong: a defect of logtune, not of a log or a configuration."""


@dataclass(frozen=True)
class List:
    """A smtpd restriction list and the protocol states in which it is evaluated."""

    name: str
    reply_class: str
    """What the reply says for a restriction without an object of its own, such as ``Helo command``."""
    object: str
    delayed: tuple[str, ...]
    """Protocol states with ``smtpd_delay_reject = yes``, the default."""
    immediate: tuple[str, ...]
    """Protocol states with ``smtpd_delay_reject = no``."""


@dataclass(frozen=True)
class Text:
    """One reply text of a restriction, in the notation that restrictions.toml explains on top."""

    text: str
    named: bool = True
    """Whether ``<object>: `` stands before the text."""
    free: bool = False
    """Whether the text is somebody's own wording, so that any fixed text outranks it."""
    ignore_case: bool = False
    digit: int | None = None
    """First digit of the reply code, where only that tells two restrictions apart."""
    code: int | None = None
    """Default reply code; None where a table or a server chooses it."""
    parameter: str | None = None
    """The main.cf parameter that changes ``code``."""
    dsn: str | None = None
    """Enhanced status code; ``x`` stands for the first digit of the reply code."""
    temporary: str | None = None
    """Parameter that says what becomes of a temporary failure (always 450); None where that cannot happen."""
    warnable: bool = True
    """Whether warn_if_reject turns it into a warning."""
    since: str | None = None
    until: str | None = None
    """First and last Postfix release series with this text; None: no limit known."""


@dataclass(frozen=True)
class Restriction:
    """One restriction under its present name."""

    name: str
    aliases: tuple[str, ...]
    object: str
    """What it judges: one of ``OBJECTS``. ``any``: what its list is about."""
    effect: str
    """``refuse``, or ``permit`` for names that never refuse by themselves."""
    texts: tuple[Text, ...]
    depends_on_history: bool
    """Whether its answer may depend on what the client did before, so that a trial cannot foretell it."""
    since: str | None
    removed_in: str | None
    source: str
    """Postfix source file that prints its texts."""


@dataclass(frozen=True)
class Failure:
    """A refusal that no restriction decided: an error or a limit. Never logged as a warning."""

    text: str
    named: bool
    cause: str
    source: str


@dataclass(frozen=True)
class Catalogue:
    """Everything in restrictions.toml."""

    lists: tuple[List, ...]
    reply_classes: tuple[str, ...]
    restrictions: Mapping[str, Restriction]
    failures: tuple[Failure, ...]
    names: Mapping[str, str]
    """Every name and alias to the present name. An alias that two restrictions share is left out."""


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once. Raises :class:`RestrictionDataError` if the file does not hold what it should."""
    raw = tomllib.loads(resources.files(__package__).joinpath("restrictions.toml").read_text(encoding="utf-8"))
    lists = tuple(List(**_tuples(entry)) for entry in raw["list"])
    families = {entry["name"]: entry["texts"] for entry in raw["family"]}
    restrictions = {entry["name"]: _restriction(entry, families, raw["source"]) for entry in raw["restriction"]}
    if len(restrictions) != len(raw["restriction"]):
        raise RestrictionDataError("a restriction is listed twice")
    failures = tuple(_failure(entry, raw["source"]) for entry in raw["error"])
    classes = dict.fromkeys([*(entry.reply_class for entry in lists), *raw["other_classes"]])
    return Catalogue(lists, tuple(classes), restrictions, failures, _names(restrictions.values()))


def canonical(name: str) -> str | None:
    """The present name of restriction *name*, which may be an alias in any case; None if it is not Postfix's.

    An alias of two restrictions (``reject_unknown_address``) gives None: only its list tells which one is meant.
    """
    return catalogue().names.get(name.lower())


def depends_on_history(name: str) -> bool:
    """Whether the answer of restriction *name* may depend on earlier sessions; False for unknown names.

    *name* may carry an argument (``check_policy_service unix:private/policy``).
    """
    known = canonical(name.split(maxsplit=1)[0]) if name.strip() else None
    return known is not None and catalogue().restrictions[known].depends_on_history


def protocol_states(name: str, delay_reject: bool = True) -> frozenset[str]:
    """Protocol states in which restriction *name* can refuse when it stands in the list made for its object.

    A restriction may stand in a later list too, and is then evaluated there; one for any object has the states
    of every list. Raises ``KeyError`` for a name that is not Postfix's.
    """
    known = canonical(name)
    if known is None:
        raise KeyError(name)
    wanted = catalogue().restrictions[known].object
    lists = [entry for entry in catalogue().lists if wanted in ("any", entry.object)]
    return frozenset(state for entry in lists for state in (entry.delayed if delay_reject else entry.immediate))


def _restriction(entry: Mapping[str, Any], families: Mapping[str, list[dict[str, Any]]], source: str) -> Restriction:
    entry = dict(entry)
    name = entry.pop("name")
    texts = [Text(**text) for text in entry.pop("texts", ())]
    family, reply_class, dsn = (entry.pop(key, None) for key in ("family", "reply_class", "dsn"))
    if family is not None:
        texts += [Text(**_of_class(text, reply_class, dsn)) for text in families[family]]
    fields = {"effect": "refuse", "depends_on_history": False, "since": None, "removed_in": None, "source": source}
    found = Restriction(name, tuple(entry.pop("aliases", ())), texts=tuple(texts), **{**fields, **entry})
    if found.object not in OBJECTS or found.effect not in EFFECTS:
        raise RestrictionDataError(f"{name}: object or effect is not one of {OBJECTS}, {EFFECTS}")
    return found


def _of_class(text: Mapping[str, Any], reply_class: str, dsn: str | None) -> dict[str, Any]:
    """*text* of a family for one reply class."""
    own = {"dsn": dsn} if dsn else {}
    return {**text, **own, "text": text["text"].replace("{class}", reply_class)}


def _failure(entry: Mapping[str, Any], source: str) -> Failure:
    return Failure(**{"named": True, "source": source, **entry})


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def _names(restrictions: Iterable[Restriction]) -> dict[str, str]:
    def pairs() -> Iterator[tuple[str, str]]:
        for restriction in restrictions:
            yield restriction.name, restriction.name
            yield from ((alias, restriction.name) for alias in restriction.aliases)

    found: dict[str, str] = {}
    shared = set()
    for name, present in pairs():
        if found.setdefault(name, present) != present:
            shared.add(name)
    return {name: present for name, present in found.items() if name not in shared}
