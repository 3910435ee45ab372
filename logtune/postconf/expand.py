"""``$name`` and its kin in a parameter's value (postconf(5), util/mac_expand.c)."""

from __future__ import annotations

import re
from collections.abc import Callable

from logtune.postconf.errors import PostconfError

Lookup = Callable[[str], str | None]
"""A parameter's unexpanded value, None where it is not set and has no default that is known."""

DEEPEST = 30
"""Postfix gives up at a nesting of 100; honest values nest three deep."""
MOST_CHARACTERS = 1 << 20

_NAME = re.compile(r"\w+")
_OPERATOR = re.compile(r"\s*(==|!=|<=|>=|<|>)(level)?\s*")


def expand(text: str, lookup: Lookup, depth: int = 0) -> str:
    """*text* with every reference replaced. Raises ``PostconfError`` for one that never ends or never closes."""
    if depth > DEEPEST:
        raise PostconfError("parameters refer to each other in a circle.", "Follow the $names in: " + text[:60])
    parts: list[str] = []
    position = size = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        value, position = _reference(text, dollar + 1, lookup, depth)
        parts.append(value)
        size += len(value)
        if size > MOST_CHARACTERS:
            raise PostconfError("parameters refer to each other until nothing can hold them.", "Follow the $names.")
    return "".join([*parts, text[position:]])


def _reference(text: str, start: int, lookup: Lookup, depth: int) -> tuple[str, int]:
    """Value and end of the reference behind the ``$`` before *start*."""
    if text[start : start + 1] == "$":
        return "$", start + 1
    if text[start : start + 1] in ("{", "("):
        inner, end = balanced(text, start)
        return _braced(inner, lookup, depth), end
    name = _NAME.match(text, start)
    if name is None:
        return "$", start
    return _value(name[0], lookup, depth), name.end()


def _value(name: str, lookup: Lookup, depth: int) -> str:
    return expand(lookup(name) or "", lookup, depth + 1)


def balanced(text: str, start: int) -> tuple[str, int]:
    """What stands between the bracket at *start* and its partner, and the place behind it."""
    close = {"{": "}", "(": ")"}[text[start]]
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == text[start]) - (text[position] == close)
        if depth == 0:
            return text[start + 1 : position], position + 1
    raise PostconfError(f'"{close}" is missing in "{text[:60]}".', "Close the bracket.")


def _braced(inner: str, lookup: Lookup, depth: int) -> str:
    """The value of ``${..}``: a name, a name with ``?`` or ``:``, or a comparison."""
    inner = inner.strip()
    if inner.startswith("{"):
        return _comparison(inner, lookup, depth)
    name = _NAME.match(inner)
    if name is None:
        return ""
    rest = inner[name.end() :].lstrip()
    if not rest:
        return _value(name[0], lookup, depth)
    holds = bool(_value(name[0], lookup, depth))
    return _choice(rest, holds, lookup, depth)


def _comparison(inner: str, lookup: Lookup, depth: int) -> str:
    left, end = balanced(inner, 0)
    operator = _OPERATOR.match(inner, end)
    if operator is None or inner[operator.end() : operator.end() + 1] != "{":
        raise PostconfError(f'no comparison in "{inner[:60]}".', "Expected {..} == {..} ? {..} : {..}.")
    right, end = balanced(inner, operator.end())
    sides = [expand(side.strip(), lookup, depth + 1) for side in (left, right)]
    return _choice(inner[end:].lstrip(), compare(sides[0], operator[1], sides[1], bool(operator[2])), lookup, depth)


def _choice(rest: str, holds: bool, lookup: Lookup, depth: int) -> str:
    """What ``?then``, ``:else`` or ``?{then}:{else}`` gives."""
    sign, rest = rest[:1], rest[1:].lstrip()
    then = rest
    other = ""
    if rest.startswith("{"):
        then, end = balanced(rest, 0)
        tail = rest[end:].lstrip()
        if tail.startswith(":"):
            other = tail[1:].strip()
            other = balanced(other, 0)[0] if other.startswith("{") else other
    if sign == ":":
        then, other = other, then
    return expand((then if holds else other).strip(), lookup, depth + 1)


def compare(left: str, operator: str, right: str, level: bool = False) -> bool:
    """Compare as numbers where both are, as compatibility levels (``3.6``) where *level*, else as text."""
    a: object = left
    b: object = right
    if level:
        a, b = level_of(left), level_of(right)
    elif left.isdigit() and right.isdigit():
        a, b = int(left), int(right)
    order = (a > b) - (a < b)  # type: ignore[operator]  # both are of one type
    return order in {"==": (0,), "!=": (-1, 1), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}[operator]


def level_of(text: str) -> tuple[int, ...]:
    """A compatibility level or version as numbers: ``3.6`` is (3, 6, 0); what is none counts as 0."""
    numbers = [int(part) for part in text.split(".")[:3] if part.isdigit()]
    return tuple([*numbers, 0, 0, 0][:3])
