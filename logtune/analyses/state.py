"""What a report said, as far as the next one is compared with it: plain data, and its form as JSON.

Schema ``logtune.state/1`` (schemas/state.schema.json). The file belongs to logtune alone, but holds names of client
organisations and the titles of problems, which may name a mailbox: keep it as private as the log.

1: first version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SCHEMA = "logtune.state/1"

Entry = tuple[str, str | None]
"""Name or text of a restriction on trial, and its service."""

ORGANISATIONS_MOST = 50_000
"""Client organisations that are remembered at most, the last seen ones: 3 MB of JSON. A forgotten one is new again."""


class StateError(ValueError):
    """What was read is no state that this version can compare with; the text says why."""


@dataclass(frozen=True)
class Stood:
    """A restriction on trial as a report told: its verdict, and the organisations whose wanted mail it would stop."""

    verdict: str
    accepted: int
    harmed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class State:
    """``until`` is the last time of the log then (UTC), ``organisations`` the delivering ones with their last time."""

    until: datetime | None = None
    restrictions: Mapping[Entry, Stood] = field(default_factory=dict)
    organisations: Mapping[str, datetime | None] = field(default_factory=dict)
    problems: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The document of schema ``logtune.state/1``; the same state gives the same document."""
        return {
            "schema": SCHEMA,
            "until": _iso(self.until),
            "restrictions": [_stood_json(*item) for item in sorted(self.restrictions.items(), key=lambda i: str(i[0]))],
            "organisations": {name: _iso(last) for name, last in sorted(self.organisations.items())},
            "problems": sorted(self.problems),
        }

    @classmethod
    def from_json(cls, document: Any) -> State:
        """A state from its document. Raises ``StateError``."""
        found = document.get("schema") if isinstance(document, dict) else None
        if found != SCHEMA:
            raise StateError(f"its schema is {found!r}; this version of logtune reads {SCHEMA!r}")
        try:
            return cls(
                until=_moment(document["until"]),
                restrictions=dict(_stood(entry) for entry in document["restrictions"]),
                organisations={str(name): _moment(last) for name, last in document["organisations"].items()},
                problems=tuple(map(str, document["problems"])),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StateError(f"it is damaged ({type(error).__name__}: {error})") from error


def remembered(old: Mapping[str, datetime | None], new: Mapping[str, datetime | None]) -> dict[str, datetime | None]:
    """Both together, the last seen ``ORGANISATIONS_MOST`` of them."""
    both = {**old, **new}
    if len(both) <= ORGANISATIONS_MOST:
        return both
    last = sorted(both.items(), key=lambda item: (item[1] or datetime.min, item[0]), reverse=True)
    return dict(last[:ORGANISATIONS_MOST])


def _stood_json(entry: Entry, stood: Stood) -> dict[str, Any]:
    name, service = entry
    harmed = sorted(stood.harmed)
    return {
        "name": name, "service": service, "verdict": stood.verdict, "accepted": stood.accepted, "harmed": harmed,
    }  # fmt: skip


def _stood(entry: Mapping[str, Any]) -> tuple[Entry, Stood]:
    key = (str(entry["name"]), None if entry["service"] is None else str(entry["service"]))
    return key, Stood(str(entry["verdict"]), int(entry["accepted"]), frozenset(map(str, entry["harmed"])))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat() + "Z"


def _moment(text: str | None) -> datetime | None:
    """Naive UTC, as in the tables."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
