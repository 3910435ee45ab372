"""What each smtpd service makes of a configuration: its parameters before main.cf's, its lists, its name in logs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from logtune.postconf.defaults import default
from logtune.postconf.errors import PostconfError
from logtune.postconf.expand import expand
from logtune.postconf.main_cf import Assignment
from logtune.postconf.master_cf import Entry
from logtune.postconf.restriction_lists import LISTS, Element, Place, elements, split_words, words

MOST_WORDS = 10_000
"""No list is as long; what is, comes of parameters that multiply each other."""


@dataclass(frozen=True)
class Configuration:
    """A configuration that was read. ``main_text`` and ``master_text`` are whole files, None where postconf gave it.

    ``version`` is Postfix's (``3.7.11``), None where nothing says it. ``notes`` tell what is not known of it.
    """

    parameters: Mapping[str, Assignment]
    entries: Sequence[Entry]
    source: str
    directory: str = "/etc/postfix"
    main_text: str | None = None
    master_text: str | None = None
    version: str | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    @cached_property
    def services(self) -> list[Service]:
        """The smtpd services, in master.cf's order."""
        return [Service(self, entry) for entry in self.entries if entry.daemon == "smtpd"]

    def service(self, key: str) -> Service:
        """The smtpd service *key* (``smtp/inet``). Raises ``KeyError``."""
        found = [s for s in self.services if s.key == key]
        if not found:
            raise KeyError(f"no smtpd service {key}")
        return found[0]

    def written(self, place: Place) -> str | None:
        """The unexpanded text at *place*, None where nothing is set there."""
        if place.service is None:
            found = self.parameters.get(place.parameter)
            return None if found is None else found.value
        entries = [e for e in self.entries if e.key == place.service]
        return entries[0].overrides.get(place.parameter) if entries else None

    def texts(self) -> Iterator[str]:
        """All values as they are written, main.cf's and master.cf's."""
        yield from (assignment.value for assignment in self.parameters.values())
        yield from (value for entry in self.entries for value in entry.overrides.values())

    def value(self, name: str) -> str:
        """The expanded value of a parameter of main.cf."""
        return expand(self.written(Place(name)) or default(name) or "", lambda n: self.written(Place(n)) or default(n))

    def is_set(self, name: str) -> bool:
        """Whether main.cf sets the parameter."""
        return name in self.parameters


@dataclass(frozen=True)
class Service:
    """One smtpd of master.cf."""

    configuration: Configuration
    entry: Entry

    @property
    def key(self) -> str:
        """As postconf -P names it: ``submission/inet``."""
        return self.entry.key

    def raw(self, name: str) -> tuple[str, Place] | None:
        """A parameter's unexpanded value and where it stands; None where it is at its default or unknown."""
        if name in self.entry.overrides:
            return self.entry.overrides[name], Place(name, self.key)
        found = self.configuration.written(Place(name))
        return None if found is None else (found, Place(name))

    def value(self, name: str) -> str:
        """A parameter's expanded value for this service; empty where it is not known."""
        try:
            return expand(self._lookup(name) or "", self._lookup)
        except PostconfError as error:
            raise self._error(f"{name} of {self.key}: {error}", *error.advice) from error

    def _lookup(self, name: str) -> str | None:
        built_in = {"service_name": self.entry.fields["service"], "process_name": "smtpd"}
        found = self.raw(name)
        return found[0] if found is not None else built_in.get(name) or default(name)

    def yes(self, name: str) -> bool:
        """Whether a parameter says yes."""
        return self.value(name).lower() == "yes"

    def restrictions(self, name: str) -> list[Element]:
        """The elements of a restriction list or class, references followed. Raises ``PostconfError``."""
        found = self.raw(name)
        value, place = found if found is not None else (default(name) or "", Place(name))
        whole = Place(name, "default") if found is None else place
        try:
            found_words = [*islice(words(value, whole, self.raw, self._expanded), MOST_WORDS + 1)]
        except PostconfError as error:
            raise self._error(f"{name} of {self.key}: {error}", *error.advice) from error
        if len(found_words) > MOST_WORDS:
            raise self._error(f"{name} of {self.key} has more than {MOST_WORDS:,} words.", "Follow the $names in it.")
        return elements(found_words)

    def _expanded(self, text: str) -> str:
        return expand(text, self._lookup)

    def _error(self, message: str, *advice: str) -> PostconfError:
        return PostconfError(message, *advice, file=self.configuration.source)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the restriction classes."""
        return tuple(split_words(self.value("smtpd_restriction_classes")))

    @property
    def lists(self) -> tuple[str, ...]:
        """All lists that this service may evaluate: Postfix's, then the restriction classes."""
        return (*LISTS, *self.classes)

    @cached_property
    def instance(self) -> str:
        """First part of its tag in the log."""
        return self.value("syslog_name").partition("/")[0]

    @cached_property
    def log_name(self) -> str | None:
        """What stands between instance and daemon in the log: ``submission``; None for a plain tag."""
        return self.value("syslog_name").partition("/")[2] or None

    @property
    def label(self) -> str:
        """Its name in master.cf, for people."""
        return self.entry.fields["service"]

    @property
    def reinjection(self) -> bool:
        """Whether the site's own filter gives mail back here: it listens on loopback only, or switches filters off."""
        return self._on_loopback or (
            self.entry.overrides.get("content_filter") == "" and bool(self.configuration.value("content_filter"))
        )

    @property
    def _on_loopback(self) -> bool:
        if self.entry.fields["type"] != "inet":
            return False
        host = self.entry.fields["service"].rpartition(":")[0].strip("[]")
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @cached_property
    def mynetworks(self) -> tuple[str, ...] | None:
        """Networks in CIDR form; None where they are Postfix's own choice, or hold tables or exclusions."""
        if self.raw("mynetworks") is None:
            return None
        found = [_network(word) for word in split_words(self.value("mynetworks"))]
        return None if None in found else tuple(n for n in found if n is not None)


def _network(word: str) -> str | None:
    """A word of mynetworks as a network: ``127.0.0.0/8``, ``[::1]/128``; None for names, files and exclusions."""
    address, slash, length = word.partition("/")
    try:
        return str(ipaddress.ip_network(address.strip("[]") + slash + length, strict=False))
    except ValueError:
        return None
