"""Names that Postfix renamed or removed, where a configuration still uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logtune.postconf.expand import level_of
from logtune.postconf.services import Configuration
from logtune.postfix import restrictions

SUCCESSORS = {
    "permit_naked_ip_address": "nothing: list such clients in a check_client_access table, or use permit_mynetworks",
    "reject_maps_rbl": "reject_rbl_client, once per domain of maps_rbl_domains",
    "check_relay_domains": "permit_mynetworks, reject_unauth_destination",
}
"""What to write instead of a removed name (RELEASE_NOTES-3.9)."""


@dataclass(frozen=True)
class OldName:
    """An old name, where it stands, its name today (None where it was removed), and since when it fails."""

    name: str
    places: tuple[str, ...]
    today: str | None
    removed_in: str | None

    @property
    def instead(self) -> str:
        """What to write today."""
        return self.today or SUCCESSORS.get(self.name.lower(), "nothing")

    def breaks(self, version: str | None) -> bool:
        """Whether it fails on that version already; False where the version is not known."""
        return bool(version and self.removed_in and level_of(version) >= level_of(self.removed_in))


def old_names(configuration: Configuration) -> list[OldName]:
    """Each old name once, removed ones first."""
    places: dict[str, dict[str, None]] = {}
    for name, place in _used(configuration):
        places.setdefault(name, {})[place] = None
    found = [n for name, where in places.items() if (n := _old(name, tuple(where)))]
    return sorted(found, key=lambda n: (n.removed_in is None, n.name))


def _used(configuration: Configuration) -> Iterator[tuple[str, str]]:
    for service in configuration.services:
        for name in service.lists:
            for element in service.restrictions(name):
                if element.name:
                    yield element.name.lower(), name


def _old(name: str, places: tuple[str, ...]) -> OldName | None:
    known = restrictions.catalogue().restrictions
    if name == "reject_unknown_address":  # its list tells which one is meant (smtpd_check.c, 2.x)
        kind = "sender" if "smtpd_sender_restrictions" in places else "recipient"
        return OldName(name, places, f"reject_unknown_{kind}_domain", None)
    today = restrictions.canonical(name)
    if today is None:
        return None
    removed = known[today].removed_in
    if removed:
        return OldName(name, places, None, removed)
    return OldName(name, places, today, None) if today != name else None
