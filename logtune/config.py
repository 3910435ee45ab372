"""The configuration file: what a site knows and its log does not say. All of it is optional.

One small TOML file, described in ``docs/configuration.md``. Every mistake in it is an error that names the file, the
key, what was expected and found, and what to do: a key that is silently ignored would give a report that is silently
wrong.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, TypeVar

from logtune.parse import Tag
from logtune.postfix.restrictions import canonical, catalogue, depends_on_history

VARIABLE = "LOGTUNE_CONFIG"
SYSTEM_FILE = Path("/etc/logtune.toml")
USER_FILE = Path("~/.config/logtune.toml")

SUBMISSION_SERVICES = ("submission", "submissions", "smtps")
"""Service names that Postfix's own master.cf gives the ports where users hand in mail."""

_T = TypeVar("_T")


class ConfigError(ValueError):
    """The configuration file cannot be used. ``str()`` says all of its attributes in one or two sentences."""

    def __init__(self, file: str, key: str, expected: str, found: str, advice: str) -> None:
        self.file = file
        self.key = key
        self.expected = expected
        self.found = found
        self.advice = advice
        place = f"{file}: {key}" if key else file
        super().__init__(f"{place}: expected {expected}, found {found}. {advice}".rstrip("."))


class How(StrEnum):
    """How a site text is compared with ``reason``."""

    EXACT = "exact"
    GLOB = "glob"  # * is any text; nothing else is special, for reply texts are full of brackets and question marks
    REGEX = "regex"  # from the first to the last character


@dataclass(frozen=True)
class SiteText:
    """A reply text of this site and the restriction it stands for; comes from the configuration file."""

    match: str
    restriction: str
    how: How = How.EXACT
    depends_on_history: bool = False

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.how is How.REGEX:
            return re.compile(self.match, re.DOTALL)
        parts = self.match.split("*") if self.how is How.GLOB else [self.match]
        return re.compile(".*".join(map(re.escape, parts)), re.DOTALL)

    def matches(self, *reasons: str | None) -> bool:
        """Whether any of *reasons* (the reason itself, its shape) is this text, whole."""
        return any(reason is not None and self._pattern.fullmatch(reason) for reason in reasons)


@dataclass(frozen=True)
class Known:
    """Clients that a person has looked at and need not see again in the lists of a trial."""

    names: frozenset[str] = frozenset()
    """Verified client names, in lower case."""
    suffixes: tuple[str, ...] = ()
    """Domains with a leading dot: all verified names below."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def has(self, name: str | None, addr: str | None) -> bool:
        """Whether the client of this verified *name* (``unknown``: none) and address is among them."""
        if not (self.names or self.suffixes or self.networks):
            return False
        lower = (name or "").lower()
        if lower in self.names or lower.endswith(self.suffixes):
            return True
        try:
            address = ip_address((addr or "").split("%")[0])
        except ValueError:
            return False
        return any(address in network for network in self.networks)


NOBODY = Known()


def read_known(path: str | Path) -> Known:
    """The clients of a file: one verified name, ``.domain``, address or network a line; ``#`` begins a comment.

    Raises :class:`ConfigError` naming the line that is none of these.
    """
    names: set[str] = set()
    suffixes: list[str] = []
    networks: list[IPv4Network | IPv6Network] = []
    for number, line in enumerate(_read(Path(path).expanduser(), "--known or known_clients").splitlines(), 1):
        entry = line.partition("#")[0].strip().lower()
        network = _network(entry)
        if network is not None:
            networks.append(network)
        elif entry.startswith(".") and _NAME.fullmatch(entry[1:]):
            suffixes.append(entry)
        elif _NAME.fullmatch(entry) and entry != "unknown":
            names.add(entry)
        elif entry:
            expected = "a client name, a domain with a leading dot, an address or a network"
            advice = "One a line, such as mail.example.com, .example.com, 192.0.2.7 or 2001:db8::/32."
            raise ConfigError(str(path), f"line {number}", expected, repr(line.strip()), advice)
    return Known(frozenset(names), tuple(suffixes), tuple(networks))


_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""A host or domain name; one without a letter would be a mistyped address."""


_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def mx_steps(text: str) -> tuple[tuple[str, ...], ...]:
    """``mx1 mx2, backup`` as ``(("mx1", "mx2"), ("backup",))``; nothing where a word is no host name."""
    steps = [step.split() for step in text.split(",")]
    if not all(steps) or not all(_HOST.fullmatch(name) for step in steps for name in step):
        return ()
    return tuple(map(tuple, steps))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(re.sub(r"^\[([^]]*)\]", r"\1", text))
    except ValueError:
        return None


Profile = Mapping[str, "str | int | tuple[str, ...]"]
"""Options of the command line by name, as they would be typed."""

PROFILE_LISTS = ("paths", "host", "instance", "service", "mynetworks")
PROFILE_TEXTS = ("since", "until", "day", "tz", "anonymize", "key", "color", "store", "mx_order")
PROFILE_NUMBERS = ("year", "top", "width")
"""Options that a profile may hold; a test holds them against the command line."""


@dataclass(frozen=True)
class Config:
    """A checked configuration; ``Config()`` is that of a site without a file."""

    texts: tuple[SiteText, ...] = ()
    tags: Mapping[str, Tag] = field(default_factory=dict)
    mynetworks: tuple[str, ...] = ()
    """Networks in CIDR form, IPv6 without brackets."""
    submission_services: tuple[str, ...] = SUBMISSION_SERVICES
    probe_senders: tuple[str, ...] = ()
    """Addresses in lower case, beside the empty sender and Postfix's own double-bounce at any domain."""
    quota_texts: tuple[str, ...] = ()
    """Texts, ``*`` being any text, that mean a full mailbox; beside those of ``postfix/quota.py``."""
    known_clients: Known = NOBODY
    mx_order: tuple[tuple[str, ...], ...] = ()
    """Host names as the log has them, those of the best MX preference first; a step holds those of one preference."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """Common options under a name."""
    path: Path | None = None
    """The file it was read from."""


def load(path: str | None = None) -> Config:
    """The configuration from *path*, or from the first place that has one (see :func:`find`).

    Raises :class:`ConfigError` where the file cannot be read, is not TOML, or holds something that is not meant.
    """
    found = find(path)
    return Config() if found is None else parse(_read(found), found)


def find(path: str | None = None) -> Path | None:
    """The configuration file in use: *path*, else ``$LOGTUNE_CONFIG``, else the system's, else the user's own.

    The working directory is never looked at: root runs this program on log files wherever they lie, and a file that
    somebody left beside them must not change what the report says. For the same reason the system's file goes
    before the user's: with sudo the home directory may be another person's. A file that was asked for by name
    is returned whether it exists or not, so that reading it fails aloud.
    """
    asked = path or os.environ.get(VARIABLE)
    if asked:
        return Path(asked).expanduser()
    # a home directory of another user (setpriv, sudo -E) may not be looked into; Path.is_file would raise there
    return next((place for place in _default_places() if os.path.isfile(place)), None)


def parse(text: str, path: Path) -> Config:
    """The configuration in *text*; *path* is named in errors. Raises :class:`ConfigError`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        advice = "Texts stand in quotes, lists in [..]; see docs/configuration.md for an example."
        raise ConfigError(str(path), "", "TOML", f"a mistake: {error}", advice) from None
    return _Reader(str(path)).config(raw, path)


def _default_places() -> Iterator[Path]:
    yield SYSTEM_FILE
    try:
        yield USER_FILE.expanduser()
    except RuntimeError:  # no home directory: a cron job or a container without one
        return


def _read(path: Path, given_by: str = f"--config or ${VARIABLE}") -> str:
    expected = "a readable file in UTF-8"
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        advice = f"Check the path given by {given_by}, and who may read the file."
        raise ConfigError(str(path), "", expected, error.strerror or str(error), advice) from None
    except UnicodeDecodeError as error:
        advice = "Save the file as UTF-8."
        raise ConfigError(str(path), "", expected, f"a byte that is not UTF-8 at {error.start}", advice) from None


class _Reader:
    """Checks the values of one file; each method takes the key, for errors, and the raw value."""

    def __init__(self, file: str) -> None:
        self._file = file

    def config(self, raw: Mapping[str, Any], path: Path) -> Config:
        readers: dict[str, Callable[[str, Any], Any]] = {
            "texts": self.texts,
            "tags": self.tags,
            "mynetworks": self.networks,
            "submission_services": self.services,
            "probe_senders": self.senders,
            "quota_texts": self.strings,
            "known_clients": self.known_clients,
            "mx_order": self.mx_order,
            "profiles": self.profiles,
        }
        self.known("", raw, readers)
        return Config(path=path, **{key: readers[key](key, value) for key, value in raw.items()})

    def texts(self, key: str, raw: Any) -> tuple[SiteText, ...]:
        return tuple(self.text(f"{key}[{n}]", entry) for n, entry in self.numbered(key, raw, "[[texts]] entries"))

    def text(self, key: str, raw: Any) -> SiteText:
        entry = self.of_type(key, raw, dict, "a [[texts]] entry")
        ways = {"match": How.EXACT, "glob": How.GLOB, "regex": How.REGEX}
        self.known(f"{key}.", entry, [*ways, "restriction", "depends_on_history"])
        given = [way for way in ways if way in entry]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise self.error(key, "one of match, glob and regex", found, "Keep the one that says what you mean.")
        pattern = self.string(f"{key}.{given[0]}", entry[given[0]])
        if given[0] == "regex":
            self.regex(f"{key}.regex", pattern)
        restriction = self.restriction(f"{key}.restriction", entry.get("restriction"))
        remembers = entry.get("depends_on_history", depends_on_history(restriction))
        remembers = self.of_type(f"{key}.depends_on_history", remembers, bool, "true or false")
        return SiteText(pattern, restriction, ways[given[0]], remembers)

    def regex(self, key: str, pattern: str) -> None:
        try:
            re.compile(pattern)
        except re.error as error:
            advice = "Use glob where * is all you need; in regex put a backslash before brackets and dots."
            raise self.error(key, "a regular expression", f"{pattern!r} ({error})", advice) from None

    def restriction(self, key: str, raw: Any) -> str:
        """A name as reports shall show it: Postfix's present one for an alias, else the site's own."""
        if raw is None:
            advice = 'Add restriction = "...", the name that reports shall show for this text.'
            raise self.error(key, "the name of a restriction", "nothing", advice)
        name = self.string(key, raw)
        word, _, argument = name.partition(" ")
        present = canonical(word)
        if present is not None:
            return f"{present} {argument}" if argument else present
        near = difflib.get_close_matches(word, catalogue().restrictions, 1, cutoff=0.93)
        if near:
            advice = f"Did you mean {near[0]}? A restriction class of your own needs a name less like it."
            raise self.error(key, "the name of a restriction", repr(word), advice)
        return name

    def tags(self, key: str, raw: Any) -> dict[str, Tag]:
        table = self.of_type(key, raw, dict, "a [tags] table")
        return {tag: self.tag(f"{key}.{tag}", tag, value) for tag, value in table.items()}

    def tag(self, key: str, tag: str, raw: Any) -> Tag:
        example = '{ instance = "postfix", service = "submission", daemon = "smtpd" }'
        entry = self.of_type(key, raw, dict, f"a table such as {example}")
        self.known(f"{key}.", entry, Tag._fields)
        if "daemon" not in entry:
            raise self.error(key, "daemon", "none", f"Say which program writes under this tag: {example}.")
        values = {name: self.string(f"{key}.{name}", value) for name, value in entry.items()}
        return Tag(values.get("instance", tag), values.get("service"), values["daemon"])

    def networks(self, key: str, raw: Any) -> tuple[str, ...]:
        return tuple(self.network(place, text) for place, text in self.placed(key, raw))

    def network(self, key: str, text: str) -> str:
        # postconf prints IPv6 networks as [2001:db8::]/32; tables and names cannot be read from here.
        try:
            return str(ip_network(re.sub(r"^\[([^]]*)\]", r"\1", text)))
        except ValueError as error:
            advice = "List the networks themselves; `postconf -x mynetworks` shows what Postfix uses."
            if "host bits" in str(error):
                advice = f"Write {ip_network(re.sub(r'[][]', '', text), strict=False)} for the network."
            expected = "a network such as 192.0.2.0/24 or 2001:db8::/32"
            raise self.error(key, expected, repr(text), advice) from None

    def services(self, key: str, raw: Any) -> tuple[str, ...]:
        for place, text in self.placed(key, raw):
            if "/" in text or "[" in text:
                advice = "Give the middle part of the syslog tag alone: submission in postfix/submission/smtpd."
                raise self.error(place, "a service name", repr(text), advice)
        return self.strings(key, raw)

    def senders(self, key: str, raw: Any) -> tuple[str, ...]:
        for place, text in self.placed(key, raw):
            if not re.fullmatch(r"[^<>\s]+@[^<>\s@]+", text):
                advice = "Write it without angle brackets; the empty sender and double-bounce@ always count as probes."
                raise self.error(place, "an address such as verify@example.net", repr(text), advice)
        return tuple(text.lower() for text in self.strings(key, raw))

    def known_clients(self, key: str, raw: Any) -> Known:
        """The path of a file of clients; a relative one begins where the configuration file lies."""
        return read_known(Path(self._file).parent / Path(self.string(key, raw)).expanduser())

    def mx_order(self, key: str, raw: Any) -> tuple[tuple[str, ...], ...]:
        """Host names; those of one preference stand in one text, with blanks between them."""
        for place, text in self.placed(key, raw):
            if not mx_steps(text):
                advice = "List the hosts as the log names them, the best preference first."
                raise self.error(place, "a host name such as mx1, or several of one preference", repr(text), advice)
        return tuple(step for _, text in self.placed(key, raw) for step in mx_steps(text))

    def profiles(self, key: str, raw: Any) -> dict[str, Profile]:
        table = self.of_type(key, raw, dict, "tables such as [profiles.night]")
        return {name: self.profile(f"{key}.{name}", value) for name, value in table.items()}

    def profile(self, key: str, raw: Any) -> Profile:
        entry = self.of_type(key, raw, dict, "a table of options")
        self.known(f"{key}.", entry, (*PROFILE_LISTS, *PROFILE_TEXTS, *PROFILE_NUMBERS))
        return {name: self.option(f"{key}.{name}", name, value) for name, value in entry.items()}

    def option(self, key: str, name: str, raw: Any) -> str | int | tuple[str, ...]:
        if name in PROFILE_LISTS:
            return self.strings(key, [raw] if isinstance(raw, str) else raw)
        return self.string(key, raw) if name in PROFILE_TEXTS else self.of_type(key, raw, int, "a whole number")

    def strings(self, key: str, raw: Any) -> tuple[str, ...]:
        return tuple(text for _, text in self.placed(key, raw))

    def placed(self, key: str, raw: Any) -> list[tuple[str, str]]:
        """The strings of a list, each with the key that names it in errors."""
        places = [(f"{key}[{n}]", value) for n, value in self.numbered(key, raw, 'texts in quotes, such as ["a", "b"]')]
        return [(place, self.string(place, value)) for place, value in places]

    def numbered(self, key: str, raw: Any, of: str) -> Iterator[tuple[int, Any]]:
        """The entries of a list, counted from 1 as people do."""
        return enumerate(self.of_type(key, raw, list, f"a list of {of}"), 1)

    def string(self, key: str, raw: Any) -> str:
        text = self.of_type(key, raw, str, "a text in quotes")
        if not text.strip():
            raise self.error(key, "a text in quotes", "an empty one", "Fill it in or take the entry out.")
        return text

    def of_type(self, key: str, raw: Any, wanted: type[_T], expected: str) -> _T:
        if not isinstance(raw, wanted):
            advice = "docs/configuration.md shows every key with an example."
            raise self.error(key, expected, f"{_TOML_NAMES.get(type(raw), type(raw).__name__)} {raw!r}", advice)
        return raw

    def known(self, prefix: str, raw: Mapping[str, Any], names: Any) -> None:
        for name in raw:
            if name not in names:
                near = difflib.get_close_matches(name, list(names), 1)
                advice = f"Did you mean {near[0]}?" if near else "Take it out; docs/configuration.md lists all keys."
                raise self.error(f"{prefix}{name}", f"one of {', '.join(names)}", f"the key {name}", advice)

    def error(self, key: str, expected: str, found: str, advice: str) -> ConfigError:
        return ConfigError(self._file, key, expected, found, advice)


_TOML_NAMES: dict[type, str] = {
    bool: "the truth value",
    int: "the number",
    float: "the number",
    str: "the text",
    list: "the list",
    dict: "the table",
}
