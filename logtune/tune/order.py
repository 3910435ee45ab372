"""Why this order: how many newly stopped recipients each permit and the exceptions take away, counted on the log."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logtune.analyses import organisations
from logtune.analyses.exemptions import Key
from logtune.analyses.tuning import Stopped
from logtune.results import Harm
from logtune.tune.exceptions import merged
from logtune.tune.model import Decision


@dataclass(frozen=True)
class Step:
    """One step of the order: what is let through, and the recipients that are still newly stopped, by whom."""

    label: str
    spares: str
    left: dict[Harm, int]

    @property
    def count(self) -> int:
        """Recipients that are still newly stopped."""
        return sum(self.left.values())


def steps(decisions: Sequence[Decision], stopped: Sequence[Stopped]) -> list[Step]:
    """The steps from restrictions enforced where they stand to the plan's lists; none where nothing is enforced."""
    enforced = [d for d in decisions if d.action.enforces]
    left = _of(enforced, stopped)
    if not enforced:
        return []
    guarded = {d.candidate.name for d in enforced if d.permits or d.candidate.open}
    found = [
        _step(f"{_how_many(enforced)} enforced where {'it stands' if len(enforced) == 1 else 'they stand'}", "", left)
    ]
    lets: list[tuple[str, str, Callable[[Stopped], bool]]] = [
        ("permit_mynetworks first", "own network", lambda s: s.own and _guards(s, guarded)),
        ("then permit_sasl_authenticated", "SASL login", lambda s: s.login and _guards(s, guarded)),
        ("then the services of the filter", "own filter", lambda s: s.harm == Harm.FILTER and _relieved(s, enforced)),
        ("then the exceptions", "wanted", lambda s: _excepted(s, enforced)),
    ]
    for label, spares, through in lets:
        rest = [s for s in left if not through(s)]
        if len(rest) < len(left) or spares in ("own network", "SASL login"):
            found.append(_step(label, spares, rest))
        left = rest
    return found


def _how_many(enforced: Sequence[Decision]) -> str:
    return "restriction" if len(enforced) == 1 else f"{len(enforced)} restrictions"


def _of(enforced: Sequence[Decision], stopped: Sequence[Stopped]) -> list[Stopped]:
    wanted = {(e.name, e.service) for d in enforced for e in d.entries}
    return [s for s in stopped if (s.name, s.service) in wanted]


def _guards(stopped: Stopped, guarded: set[str]) -> bool:
    """Texts that name no restriction are taken for guarded where any is: they were matched to one that is."""
    return stopped.name in guarded or bool(guarded)


def _relieved(stopped: Stopped, enforced: Sequence[Decision]) -> bool:
    return any(stopped.service == service.log_name for d in enforced for service in d.relieve)


def _excepted(stopped: Stopped, enforced: Sequence[Decision]) -> bool:
    return any(
        spares(exemption.by, key, stopped)
        for d in enforced
        for key, exemption in merged(d.exemptions)
        if stopped.name in {e.name for e in d.entries}
    )


def spares(by: Key, key: str, stopped: Stopped) -> bool:
    """Whether an exception by *key* lets the client through."""
    if by is Key.NAME:
        name = (stopped.client_name or "").lower()
        return name.endswith(key) if key.startswith(".") else name == key
    address = organisations.parse_address(stopped.client_addr)
    network = ipaddress.ip_network(key, strict=False)
    return address is not None and address.version == network.version and address in network


def _step(label: str, spares: str, left: Sequence[Stopped]) -> Step:
    """Each recipient once, by the worst that any of its warnings says."""
    harm = {s.id: Harm(s.harm) for s in left}
    return Step(label, spares, {h: list(harm.values()).count(h) for h in Harm})
