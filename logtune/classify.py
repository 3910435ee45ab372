"""Which restriction a reply text names. Fills ``decisions.restriction``, which the parser cores leave null.

``restriction`` is set only where the text alone decides. Several restrictions can print one text (an access table
without a text of its own, a malformed address literal): such rows stay null, and :func:`explain` names the candidates.
Codes are not looked at, for every code can be configured and ``soft_bounce`` changes them; the one exception is
"Relay access denied", which reject_ and defer_unauth_destination share (see ``postfix/restrictions.toml``).

Known weak points:

* a table or policy server may use a text of Postfix as its own, word for word; nothing tells them apart;
* under ``soft_bounce`` relay refusals count as defer_unauth_destination;
* a reply that was cut at 510 bytes inside the text (a very long HELO) stays null.

Works on the distinct (origin, action, reason_shape, object or not, 4xx or 5xx), so millions of rows cost no more
than a pass of Arrow's dictionary encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune.config import SiteText
from logtune.postfix.restrictions import Text, canonical, catalogue
from logtune.postfix.restrictions import depends_on_history as restriction_depends
from logtune.schema import WORD

DECIDED_BY_RESTRICTION = frozenset({"reject", "reject_warning", "permit"})
"""Actions that a restriction itself takes; the others (hold, warn, ...) come from a table or a server."""

NEEDED = ("origin", "action", "object", "reply_code", "reason_shape")
"""Columns of ``decisions`` that :func:`classify` reads; ``reason`` too where there are site texts."""

KNOWN_MOST = 100_000
"""So many texts are remembered: strangers can make new ones (a site text may look at whole reasons)."""

# Greylisting servers choose their words, but hardly one does without this one (postgrey, policyd, SQLgrey, rspamd).
_GREYLISTING = re.compile(r"gr[ea]y[- ]?list", re.IGNORECASE)
# action=permit_mynetworks for Client host=mail.example.com[ip] ; smtpd_check.c, smtpd_acl_permit
_PERMIT = re.compile(r"action=(\S+) for ")


@dataclass(frozen=True)
class Classified:
    """What a reply text tells about who decided."""

    restriction: str | None = None
    """The restriction; None where the text does not decide."""
    candidates: tuple[str, ...] = ()
    """Every restriction that can print the text; empty where none can, or where the text is not Postfix's."""
    object_class: str | None = None
    """What was judged: client, helo, sender, recipient, etrn, data, end_of_data; None where the text is silent."""
    depends_on_history: bool | None = None
    """Whether the answer may depend on earlier sessions; None where the text leaves it open."""


def explain(
    origin: str | None,
    reason_shape: str | None,
    has_object: bool,
    reply_class: int | None,
    *,
    texts: Sequence[SiteText] = (),
    reason: str | None = None,
) -> Classified:
    """What *reason_shape* tells about who decided.

    *has_object* says whether ``<..>: `` stood before the text, *reply_class* is the first digit of the reply code.
    Site *texts* go first; they are held against *reason* and the shape.
    """
    for text in texts:
        if text.matches(reason, reason_shape):
            return Classified(text.restriction, (text.restriction,), _judged(reason_shape), text.depends_on_history)
    # postscreen's tests, milters, proxies and header checks are no restrictions, whatever their texts look like.
    if origin != "smtpd" or reason_shape is None:
        return Classified()
    return _explain(reason_shape, has_object, reply_class)


class Classifier:
    """Fills ``restriction`` block by block; what a text means is worked out once."""

    def __init__(self, texts: Sequence[SiteText] = ()) -> None:
        self._texts = texts
        self._known: dict[tuple[Any, ...], str | None] = {}

    def restrictions(self, decisions: pa.Table | pa.RecordBatch) -> pa.Array:
        """The column ``restriction`` for rows of decisions.

        Needs the columns ``NEEDED`` (and ``reason`` where site texts shall be held against whole reasons and not only
        against shapes); raises ``KeyError`` naming those that are missing.
        """
        missing = [name for name in NEEDED if name not in decisions.schema.names]
        if missing:
            raise KeyError(f"classify needs the columns {', '.join(missing)} of decisions")
        keys = _keys(decisions, with_reason=bool(self._texts))
        groups = _Groups(keys)
        return groups.spread([self._name(tuple(keys), values) for values in groups.distinct()])

    def _name(self, keys: tuple[str, ...], values: tuple[Any, ...]) -> str | None:
        if values not in self._known:
            if len(self._known) >= KNOWN_MOST:
                self._known.clear()
            self._known[values] = _restriction(dict(zip(keys, values, strict=True)), self._texts)
        return self._known[values]


def classify(decisions: pa.Table, texts: Sequence[SiteText] = ()) -> pa.Table:
    """*decisions* with ``restriction`` filled; same rows, same order, other columns untouched. See ``Classifier``."""
    return _with_column(decisions, "restriction", Classifier(texts).restrictions(decisions))


def _restriction(row: dict[str, Any], texts: Sequence[SiteText]) -> str | None:
    """Name for one distinct combination of key columns."""
    reason, shape = row.get("reason"), row["reason_shape"]
    for text in texts:
        if text.matches(reason, shape):
            return text.restriction
    if row["action"] not in DECIDED_BY_RESTRICTION:
        return None
    return explain(row["origin"], shape, row["has_object"], row["reply_class"]).restriction


# ---- matching one text ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pattern:
    """One text of the catalogue, ready to be compared."""

    restriction: str
    text: Text
    regex: re.Pattern[str]
    literal: str  # its longest fixed part in lower case: a cheap first look

    def matches(self, shape: str, lower: str) -> bool:
        return self.literal in lower and self.regex.fullmatch(shape) is not None


@dataclass(frozen=True)
class _Index:
    """All texts, fixed ones by their wording, the others as patterns in the order of the catalogue."""

    fixed: dict[str, list[tuple[str, Text]]]
    patterns: list[_Pattern]
    free: list[_Pattern]
    failures: frozenset[tuple[str, bool]]


_PLACEHOLDERS = {
    "{any}": ".*",
    "{name}": r"\S+",
    "{start}": r"[^;\[<]*",
    "[*]": r"\[(?:ip)?\]+",  # a literal inside the brackets, [user@[192.0.2.1]], may leave a second one
    "[]": r"\[\]+",
}
_SPLIT = re.compile("(" + "|".join(map(re.escape, _PLACEHOLDERS)) + ")")


def _explain(shape: str, has_object: bool, reply_class: int | None) -> Classified:
    """As :func:`explain`, for lines of smtpd."""
    permit = _PERMIT.match(shape)
    if permit:
        name = canonical(permit[1])
        return Classified(name, (name,) if name else (), _judged(shape), False if name else None)
    index = _index()
    if (shape, has_object) in index.failures:
        return Classified(object_class=_judged(shape), depends_on_history=False)
    candidates = _candidates(index, shape, has_object, reply_class)
    if not candidates:
        return Classified(object_class=_judged(shape))
    name = candidates[0] if len(candidates) == 1 else None
    judged = _judged(shape) or (catalogue().restrictions[name].object if name else None)
    return Classified(name, candidates, None if judged == "any" else judged, _history(name, candidates, shape))


def _history(name: str | None, candidates: Sequence[str], shape: str) -> bool | None:
    if name is not None:
        return restriction_depends(name)
    if _GREYLISTING.search(shape):
        return True
    return None if any(map(restriction_depends, candidates)) else False


def _candidates(index: _Index, shape: str, has_object: bool, reply_class: int | None) -> tuple[str, ...]:
    """Restrictions that print this text, in the order of the catalogue. Fixed texts outrank free ones."""
    lower = shape.lower()
    found = list(index.fixed.get(shape, ()))
    found += [(p.restriction, p.text) for p in index.patterns if p.matches(shape, lower)]
    fitting = [(name, text) for name, text in found if _fits(text, has_object, reply_class)]
    if not fitting and has_object:
        fitting = [(p.restriction, p.text) for p in index.free if p.matches(shape, lower)]
    return tuple(dict.fromkeys(name for name, _ in fitting))


def _fits(text: Text, has_object: bool, reply_class: int | None) -> bool:
    return text.named == has_object and (text.digit is None or reply_class is None or text.digit == reply_class)


@cache
def _judged(shape: str | None) -> str | None:
    """What the reply class inside the text says was judged."""
    if shape is None:
        return None
    for reply_class, judged in _class_objects().items():
        if shape.startswith(f"{reply_class} ") or f"; {reply_class} [" in shape or f" for {reply_class}=" in shape:
            return judged
    return None


@cache
def _class_objects() -> dict[str, str]:
    of_lists = {entry.reply_class: entry.object for entry in catalogue().lists}
    # Unverified Client host, Client certificate, SASL login name: all of them say who the client is.
    return {name: of_lists.get(name, "client") for name in catalogue().reply_classes}


@cache
def _index() -> _Index:
    index = _Index({}, [], [], frozenset(_failures()))
    for restriction in catalogue().restrictions.values():
        for text in restriction.texts:
            for wording in _wordings(text.text, [entry.reply_class for entry in catalogue().lists]):
                _add(index, restriction.name, text, wording)
    return index


def _add(index: _Index, restriction: str, text: Text, wording: str) -> None:
    if not _SPLIT.search(wording) and not text.ignore_case:
        index.fixed.setdefault(wording, []).append((restriction, text))
        return
    parts = _SPLIT.split(wording)
    regex = "".join(_PLACEHOLDERS.get(part) or re.escape(part) for part in parts)
    literal = max((part for part in parts if part not in _PLACEHOLDERS), key=len).lower()
    flags = re.DOTALL | (re.IGNORECASE if text.ignore_case else 0)
    pattern = _Pattern(restriction, text, re.compile(regex, flags), literal)
    (index.free if text.free else index.patterns).append(pattern)


def _wordings(text: str, reply_classes: Sequence[str]) -> Iterator[str]:
    """*text* once for each reply class it may have."""
    yield from dict.fromkeys(text.replace("{class}", reply_class) for reply_class in reply_classes)


def _failures() -> Iterator[tuple[str, bool]]:
    for failure in catalogue().failures:
        for wording in _wordings(failure.text, catalogue().reply_classes):
            yield wording, failure.named


# ---- the distinct values of a table ---------------------------------------------------------------------------------


def _keys(decisions: pa.Table | pa.RecordBatch, with_reason: bool) -> dict[str, pa.Array | pa.ChunkedArray]:
    """The columns that decide, each of few distinct values (``reason`` excepted)."""
    keys = {
        "origin": decisions["origin"],
        "action": decisions["action"],
        "reason_shape": decisions["reason_shape"],
        "has_object": pc.is_valid(decisions["object"]),
        "reply_class": pc.divide(decisions["reply_code"], pa.scalar(100, decisions["reply_code"].type)),
    }
    if with_reason and "reason" in decisions.schema.names:
        keys["reason"] = decisions["reason"]
    return keys


class _Groups:
    """Rows numbered by their distinct combination of *keys*: one int64 per row, whose digits are dictionary indices."""

    def __init__(self, keys: dict[str, pa.Array | pa.ChunkedArray]) -> None:
        self._encoded = {name: _encode(column) for name, column in keys.items()}
        combined = np.zeros(len(next(iter(self._encoded.values()))), np.int64)
        for column in self._encoded.values():
            combined *= len(column.dictionary) + 1
            combined += np.asarray(pc.fill_null(column.indices, -1))
            combined += 1  # 0 is null
        # pa.array would import numpy.ma
        self._combined = pc.dictionary_encode(
            pa.Array.from_buffers(pa.int64(), len(combined), [None, pa.py_buffer(combined)])
        )

    def distinct(self) -> Iterator[tuple[Any, ...]]:
        """The values of each distinct combination, in the order of the keys."""
        rest = self._combined.dictionary.to_numpy()
        columns = []
        for column in reversed(self._encoded.values()):
            words = [None, *column.dictionary.to_pylist()]
            rest, digits = np.divmod(rest, len(words))
            columns.append([words[digit] for digit in digits.tolist()])
        return zip(*reversed(columns), strict=True)

    def spread(self, names: Sequence[str | None]) -> pa.Array:
        """*names*, one per distinct combination, as a dictionary column over all rows."""
        words = list(dict.fromkeys(name for name in names if name is not None))
        place = {word: number for number, word in enumerate(words)}
        codes = pa.array([place.get(name) if name is not None else None for name in names], pa.int32())
        indices = codes.take(self._combined.indices)
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))


def _encode(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """*column* as one dictionary array over all its chunks."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    if not isinstance(column, pa.ChunkedArray):
        return column
    combined = (column.unify_dictionaries() if column.num_chunks > 1 else column).combine_chunks()
    # An old or an empty ChunkedArray gives chunks back instead of one array.
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    field = pa.field(name, WORD)
    place = table.schema.get_field_index(name)
    return table.append_column(field, values) if place < 0 else table.set_column(place, field, values)
