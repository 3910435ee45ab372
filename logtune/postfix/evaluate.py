"""A restriction list evaluated over what a log tells about a recipient, in Postfix's order.

``parse_list`` reads a list as main.cf has it; ``evaluate`` walks through it as though ``warn_if_reject`` stood before
every restriction: what would reject is noted and the walk goes on, what permits ends it. The restriction that is noted
first is the one that would give the reply. What a log cannot tell stays open: such a restriction may reject, permit,
or both, and what follows it is less sure. smtpd_delay_reject = yes is assumed, the default: all facts are known when
RCPT comes. Sources: ``src/smtpd/smtpd_check.c`` (generic_checks), postconf(5).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logtune.postfix import access, helo, restrictions
from logtune.postfix.access import AccessTable, Effect

UNKNOWN_CLIENT = "reject_unknown_client_hostname"
UNKNOWN_REVERSE = "reject_unknown_reverse_client_hostname"
HELO_ACCESS, CLIENT_ACCESS = "check_helo_access", "check_client_access"
TABLES = (HELO_ACCESS, CLIENT_ACCESS)
ALIKE = 0.85
"""From here on two names differ by a slip of the hand, not by what they mean."""
DEPTH = 10
"""Lists in tables that name lists in tables: no sane configuration goes deeper."""

_TAKES_ARGUMENT = re.compile(r"check_\w+|sleep|(reject|permit)\w*_(rbl|rhsbl|dnswl|rhswl)_\w+")


class ListError(ValueError):
    """A restriction list that cannot be read; the text says which word and what is known instead."""


@dataclass(frozen=True)
class Facts:
    """What a log tells about the client of a recipient; None where it does not.

    *client_name* is the verified one, or ``unknown``. *own*: permit_mynetworks lets it in. *reverse*: whether its
    address has any name, be it verified or not.
    """

    helo: str | None
    client_name: str | None
    client_addr: str | None
    own: bool = False
    authenticated: bool = False
    reverse: bool | None = None


@dataclass(frozen=True)
class Step:
    """One restriction of a list, as written (``name``) and by its present name (``restriction``)."""

    name: str
    restriction: str
    table: AccessTable | None = None


@dataclass(frozen=True)
class Stop:
    """A restriction that would reject or defer, with its reply. ``certain`` is false where an earlier one may permit.

    ``first``: nothing before it rejects, surely or perhaps, so the reply is its own.
    """

    name: str
    code: int
    dsn: str
    text: str
    certain: bool
    first: bool


@dataclass(frozen=True)
class Course:
    """A list's walk: what would reject, what the log leaves open, and what permitted (None: nothing did)."""

    stops: Sequence[Stop]
    open: Sequence[str]
    permitted_by: str | None

    @property
    def stopped(self) -> bool | None:
        """Whether the list rejects the recipient; None where the log does not tell."""
        if any(stop.certain for stop in self.stops):
            return True
        return None if self.stops or self.open else False


@dataclass(frozen=True)
class _Said:
    """What one restriction says: a reply, a permit, or what it may say where the log does not tell."""

    reply: access.Action | None = None
    permits: bool = False
    may_reject: bool = False
    may_permit: bool = False


_PASSES = _Said()
_MAY_REJECT = _Said(may_reject=True)
_MAY_PERMIT = _Said(may_permit=True)
_OPEN = _Said(may_reject=True, may_permit=True)

# ---- reading a list -------------------------------------------------------------------------------------------------


def parse_list(text: str, open_table: Callable[[str], AccessTable] = access.open_table) -> list[Step]:
    """The steps of a list as main.cf has it. Raises ``ListError`` and ``access.TableError``.

    ``warn_if_reject`` and ``sleep`` are read and left out: they decide nothing here.
    """
    steps = []
    words = _words(text)
    for word in words:
        name = restrictions.canonical(word) or word.lower()
        argument = next(words, None) if _TAKES_ARGUMENT.fullmatch(name) else ""
        if argument is None:
            raise ListError(f"{word} wants an argument, as in {word} {_EXAMPLES.get(name, 'VALUE')}")
        if name in ("warn_if_reject", "sleep"):
            continue
        if restrictions.canonical(word) is None:
            raise ListError(_not_known(word))
        table = open_table(argument) if name in TABLES else None
        steps.append(Step(f"{name} {argument}".strip(), name, table))
    if not steps:
        raise ListError("the list names no restriction")
    return steps


_EXAMPLES = {HELO_ACCESS: "hash:/etc/postfix/helo_access", CLIENT_ACCESS: "cidr:/etc/postfix/client_access"}


def _words(text: str) -> Iterator[str]:
    """Words between blanks and commas; what stands in braces is one word (mystrtokq)."""
    for found in re.finditer(r"(?:\{[^{}]*\}|[^\s,{}])+", text):
        yield found[0]


def _not_known(word: str) -> str:
    near = difflib.get_close_matches(word.lower(), restrictions.catalogue().names, 1, ALIKE)
    return f"{word} is no restriction of Postfix" + (f" (is {near[0]} meant?)" if near else "")


# ---- walking through it ---------------------------------------------------------------------------------------------


def evaluate(steps: Sequence[Step], facts: Facts, parents: bool = True) -> Course:
    """The walk of the list *steps* for one recipient. *parents* as for ``access.find_domain``."""
    stops: list[Stop] = []
    left_open: list[str] = []
    may_permit = may_reject = False
    for step in steps:
        said = _say(step, facts, parents, DEPTH)
        if said.reply is not None:
            first = not (stops or may_reject or may_permit)
            stops.append(_stop(step, said.reply, certain=not may_permit, first=first))
        if said.may_reject or said.may_permit:
            left_open.append(step.name)
        may_permit, may_reject = may_permit or said.may_permit, may_reject or said.may_reject
        if said.permits:
            return Course(stops, left_open, step.name)
    return Course(stops, left_open, None)


def _stop(step: Step, reply: access.Action, *, certain: bool, first: bool) -> Stop:
    return Stop(step.name, reply.code or 0, reply.dsn or "", reply.text, certain, first)


def _say(step: Step, facts: Facts, parents: bool, depth: int) -> _Said:
    if step.table is not None:
        return _table_says(step, step.table, facts, parents, depth)
    rule = _RULES.get(step.restriction)
    if rule is not None:
        return rule(facts)
    if step.restriction.startswith("check_"):
        return _OPEN
    known = restrictions.catalogue().restrictions[step.restriction]
    return _MAY_PERMIT if known.effect == "permit" else _MAY_REJECT


def _helo_says(name: str) -> Callable[[Facts], _Said]:
    def rule(facts: Facts) -> _Said:
        if facts.helo is None:
            return _MAY_REJECT
        ruling = helo.judge(facts.helo).restrictions[name]
        if ruling.rejects is None:
            return _MAY_REJECT
        return _Said(_from_reply(ruling.reply or "")) if ruling.rejects else _PASSES

    return rule


_REPLY = re.compile(r"(\d{3}) (?:(\d\.\d+\.\d+) )?(?:<.*>: )?(.*)", re.DOTALL)


def _from_reply(reply: str) -> access.Action:
    found = _REPLY.fullmatch(reply)
    assert found, reply  # helo.py writes them
    return access.Action(Effect.REJECT, int(found[1]), found[2], found[3])


def _unknown_client(facts: Facts) -> _Said:
    """The log's name is ``unknown`` exactly where smtpd could not verify one (smtpd_peer.c)."""
    if facts.client_name is None:
        return _MAY_REJECT
    text = "Client host rejected: cannot find your hostname"
    return _Said(access.Action(Effect.REJECT, 450, "4.7.25", text)) if facts.client_name == "unknown" else _PASSES


def _unknown_reverse(facts: Facts) -> _Said:
    if facts.reverse is None:
        return _MAY_REJECT
    text = "Client host rejected: cannot find your reverse hostname"
    return _PASSES if facts.reverse else _Said(access.Action(Effect.REJECT, 450, "4.7.1", text))


_RULES: Mapping[str, Callable[[Facts], _Said]] = {
    **{name: _helo_says(name) for name in (helo.INVALID, helo.NON_FQDN, helo.UNKNOWN)},
    UNKNOWN_CLIENT: _unknown_client,
    UNKNOWN_REVERSE: _unknown_reverse,
    "permit": lambda _: _Said(permits=True),
    "permit_mynetworks": lambda facts: _Said(permits=facts.own),
    "permit_sasl_authenticated": lambda facts: _Said(permits=facts.authenticated),
    "reject": lambda _: _Said(access.Action(Effect.REJECT, 554, "5.7.1", access.DENIED)),
    "defer": lambda _: _Said(access.Action(Effect.REJECT, 450, "4.3.2", "Try again later")),
}
"""What can be decided from a log, by present name."""


def _table_says(step: Step, table: AccessTable, facts: Facts, parents: bool, depth: int) -> _Said:
    try:
        if step.restriction == HELO_ACCESS:
            value = None if facts.helo is None else access.find_domain(table, facts.helo, parents)
            unknown, shown = facts.helo is None, "Helo command"
        else:
            unknown, shown = facts.client_name is None or facts.client_addr is None, "Client host"
            value = (
                None
                if unknown
                else access.find_client(table, facts.client_name or "", facts.client_addr or "", parents)
            )
    except access.Undecidable:
        return _OPEN
    if unknown:
        return _OPEN
    return _PASSES if value is None else _result_says(access.action(value), shown, facts, parents, depth)


def _result_says(found: access.Action, shown: str, facts: Facts, parents: bool, depth: int) -> _Said:
    if found.effect is Effect.PERMIT:
        return _Said(permits=True)
    if found.effect is Effect.DUNNO:
        return _PASSES
    if found.effect is Effect.RESTRICTIONS:
        return _list_says(found.text, shown, facts, parents, depth)
    return _Said(access.Action(found.effect, found.code, found.dsn, f"{shown} rejected: {found.text}"))


def _list_says(text: str, shown: str, facts: Facts, parents: bool, depth: int) -> _Said:
    """A result that is itself a restriction list: the first that decides speaks for the table."""
    try:
        steps = parse_list(re.sub(r"\bwarn_if_reject[\s,]+\S+", "", text), _no_table) if depth else []
    except access.TableError:
        return _OPEN
    except ListError:
        steps = []
    if not steps:
        return _PASSES if "warn_if_reject" in text else _Said(access.CONFIGURATION_ERROR)
    may_reject = may_permit = False
    for step in steps:
        said = _say(step, facts, parents, depth - 1)
        if said.reply is not None or said.permits:
            if may_permit or may_reject:
                return _OPEN
            return _as_class(said, shown, step)
        may_reject, may_permit = may_reject or said.may_reject, may_permit or said.may_permit
    return _Said(may_reject=may_reject, may_permit=may_permit)


def _as_class(said: _Said, shown: str, step: Step) -> _Said:
    """A bare ``reject`` or ``defer`` in a table says what the table judges."""
    if said.reply is None or step.restriction not in ("reject", "defer"):
        return said
    reply = said.reply
    return _Said(access.Action(reply.effect, reply.code, reply.dsn, f"{shown} rejected: {reply.text}"), said.permits)


def _no_table(name: str) -> AccessTable:
    raise access.TableError(f"{name} is named in a table")
