"""Access tables, as access(5) and smtpd read them: from a table's source text to what it says about a client.

``open_table`` reads the source of an indexed table (hash, btree, lmdb, cdb, dbm, texthash) or a cidr, regexp, pcre or
static table; ``find_domain`` and ``find_client`` look a name or a client up in Postfix's order, ``action`` says what
the found result means. Held against a real Postfix by ``tests/postfix/access_truth.jsonl``. Sources:
``src/smtpd/smtpd_check.c`` (check_domain_access, check_addr_access, check_table_result), ``src/util/readlline.c``,
``src/util/dict_thash.c``, ``src/util/dict_cidr.c``, ``src/util/dict_regexp.c``, ``src/util/dict_pcre.c``.

Known weak points: letters beyond ASCII are folded as Python does, which knows another Unicode than Postfix's ICU; an
indexed table is read from its source, which may be newer than what postmap made of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from logtune.postfix import helo, patterns

INDEXED = ("hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "texthash")
"""Tables with fixed keys, whose source is text: parent domains and networks are looked up in these only."""
PATTERNED = ("cidr", "regexp", "pcre")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class TableError(ValueError):
    """A table that cannot be read; the text says which and why."""


class Undecidable(Exception):
    """The table can be read, but not what it says about this key: a pattern that Python may read in another way."""


@dataclass(frozen=True)
class AccessTable:
    """A table as written in a restriction list (``hash:/etc/postfix/helo_access``).

    ``lookup`` gives the result for one key or None, and may raise ``Undecidable``. ``partial`` tables are asked for
    parent domains and networks too. ``notes`` are what a person should know about the source, one sentence each.
    """

    name: str
    lookup: Callable[[str], str | None]
    partial: bool
    notes: Sequence[str] = ()


def open_table(name: str) -> AccessTable:
    """The table *name*, ``type:path``. Raises ``TableError``."""
    kind, _, place = name.removeprefix("proxy:").partition(":")
    if kind == "static" and place:
        value = place[1:-1].strip() if place.startswith("{") and place.endswith("}") else place
        return AccessTable(name, lambda _: value, partial=False)
    if kind not in (*INDEXED, *PATTERNED):
        known = ", ".join((*INDEXED, *PATTERNED, "static"))
        raise TableError(f"{name}: tables of type {kind or '(none)'} are not read; those of {known} are")
    return parse_table(name, kind, _text_of(name, place))


def parse_table(name: str, kind: str, text: str) -> AccessTable:
    """A table of *kind* from its source *text*."""
    lines = list(logical_lines(text))
    if kind in INDEXED:
        return _indexed(name, kind, lines)
    rules, notes = _cidr(lines) if kind == "cidr" else _patterned(lines, kind)
    return AccessTable(name, lambda key: _first(rules, key), partial=False, notes=tuple(notes))


def _text_of(name: str, place: str) -> str:
    try:
        return Path(place).read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise TableError(f"{name}: the table's source cannot be read: {reason}") from error


def logical_lines(text: str) -> Iterator[str]:
    """Lines with their continuations (readlline.c): comments and blank lines count nowhere, not even inside."""
    current: str | None = None
    for line in text.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            current = None if current is None else current + line
        else:
            if current is not None:
                yield current
            current = line
    if current is not None:
        yield current


# ---- indexed tables -------------------------------------------------------------------------------------------------

_KEY = re.compile(r'("(?:\\.|[^"\\])*"\S*|\S+)\s+(\S.*)', re.DOTALL)
"""Key and value. Quotes let a key contain blanks, and stay part of it (3.7)."""

DOTTED = (
    "keys that begin with a dot match nothing as long as parent_domain_matches_subdomains names smtpd_access_maps, as"
    " it does by default."
)


def _indexed(name: str, kind: str, lines: Sequence[str]) -> AccessTable:
    entries: dict[str, str] = {}
    doubled: list[str] = []
    for line in lines:
        found = _KEY.fullmatch(line.rstrip())
        if found is None:
            continue
        key = found[1].casefold()
        if key in entries:
            doubled.append(key)
        entries.setdefault(key, found[2])
    if doubled and kind == "texthash":
        raise TableError(f"{name}: key {doubled[0]} stands twice; Postfix does not use such a texthash table")
    notes = [f"{name}: key {key} stands twice; Postfix takes the first." for key in doubled[:1]]
    if any(key.startswith(".") for key in entries):
        notes.append(f"{name}: {DOTTED}")
    return AccessTable(name, lambda key: entries.get(key.casefold()), partial=True, notes=tuple(notes))


# ---- tables of patterns ---------------------------------------------------------------------------------------------


@dataclass
class Rule:
    """One rule, or an ``if`` with the rules inside. ``test`` gives the groups of a match, None where it does not match.

    ``value`` has ``$number`` still in it.
    """

    test: Callable[[str], Sequence[str] | None]
    value: str
    inside: list[Rule] | None = field(default=None)


def _first(rules: Sequence[Rule], key: str) -> str | None:
    """The result of the first rule that matches."""
    for rule in rules:
        groups = rule.test(key)
        if groups is None:
            continue
        if rule.inside is None:
            return _substituted(rule.value, groups)
        found = _first(rule.inside, key)
        if found is not None:
            return found
    return None


class _Reader:
    """Puts rules into the ``if`` they stand in."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.notes: list[str] = []
        self._open = [self.rules]

    def add(self, rule: Rule) -> None:
        self._open[-1].append(rule)

    def begin(self, rule: Rule) -> None:
        rule.inside = []
        self.add(rule)
        self._open.append(rule.inside)

    def end(self) -> None:
        if len(self._open) > 1:
            self._open.pop()


def _cidr(lines: Sequence[str]) -> tuple[list[Rule], list[str]]:
    reader = _Reader()
    for line in lines:
        if re.fullmatch(r"endif\b.*", line, re.IGNORECASE | re.DOTALL):
            reader.end()
            continue
        conditional = re.match(r"if\s+(.*)", line, re.IGNORECASE | re.DOTALL)
        pattern, _, value = (conditional[1].strip() if conditional else line).partition(" " if conditional else "\0")
        if not conditional:
            pattern, value = (*re.split(r"\s+", line, maxsplit=1), "")[:2]
        network = _network(pattern.removeprefix("!"))
        if network is None or not (value.strip() or conditional):
            reader.notes.append(f"Skipped as Postfix does: {line}")
            continue
        rule = Rule(_in_network(network, wanted=not pattern.startswith("!")), value.rstrip())
        (reader.begin if conditional else reader.add)(rule)
    return reader.rules, reader.notes


def _network(text: str) -> Network | None:
    """A network whose host bits are zero, or an address; brackets may stand around the address."""
    try:
        return ipaddress.ip_network(re.sub(r"[\[\]]", "", text))
    except ValueError:
        return None


def _in_network(network: Network, *, wanted: bool) -> Callable[[str], Sequence[str] | None]:
    def test(key: str) -> Sequence[str] | None:
        address = parse_address(key)
        if address is None or address.version != network.version:
            return None
        return () if (address in network) is wanted else None

    return test


def parse_address(text: str) -> Address | None:
    """An address as inet_pton takes it, else None."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


_PATTERN = re.compile(
    r"(?P<no>!?)(?P<mark>[^\w\s])(?P<body>(?:\\.|(?!(?P=mark)).)*)(?P=mark)(?P<flags>[A-Za-z]*)", re.DOTALL
)


def _patterned(lines: Sequence[str], kind: str) -> tuple[list[Rule], list[str]]:
    reader = _Reader()
    for line in lines:
        if re.fullmatch(r"endif\b.*", line, re.IGNORECASE | re.DOTALL):
            reader.end()
            continue
        conditional = re.match(r"if\s+", line, re.IGNORECASE)
        found = _PATTERN.match(line, conditional.end() if conditional else 0)
        try:
            rule = _pattern_rule(found, line, kind) if found else None
        except patterns.Broken:
            rule = None
        if rule is None:
            reader.notes.append(f"Skipped as Postfix does: {line}")
        else:
            (reader.begin if conditional else reader.add)(rule)
    return reader.rules, reader.notes


def _pattern_rule(found: re.Match[str], line: str, kind: str) -> Rule:
    value = line[found.end() :].strip()
    wanted = not found["no"]
    try:
        compiled = (patterns.pcre if kind == "pcre" else patterns.posix)(found["body"], found["flags"])
    except patterns.Untranslatable as error:
        return Rule(_never_sure(f"{found[0]}: {error}"), value)
    numbers = [int(n) for n in re.findall(r"\$[({]?(\d+)", value.replace("$$", ""))]
    if any(n < 1 or n > (compiled.groups if wanted else 0) for n in numbers):
        raise patterns.Broken("no such group")
    return Rule(_matching(compiled, wanted=wanted), value)


def _matching(compiled: re.Pattern[bytes], *, wanted: bool) -> Callable[[str], Sequence[str] | None]:
    def test(key: str) -> Sequence[str] | None:
        found = compiled.search(key.encode("utf-8", "surrogateescape"))
        if (found is not None) is not wanted:
            return None
        return [(g or b"").decode("utf-8", "replace") for g in found.groups()] if found else ()

    return test


def _never_sure(why: str) -> Callable[[str], Sequence[str] | None]:
    def test(key: str) -> Sequence[str] | None:
        raise Undecidable(why)

    return test


def _substituted(value: str, groups: Sequence[str]) -> str:
    """``$1``, ``${1}`` and ``$(1)`` are what the group matched, ``$$`` is a ``$``."""

    def part(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else groups[int(re.sub(r"\D", "", found[0])) - 1]

    return re.sub(r"\$\$|\$\d+|\$\{\d+\}|\$\(\d+\)", part, value) if "$" in value else value


# ---- the order of lookups -------------------------------------------------------------------------------------------


def find_domain(table: AccessTable, name: str, parents: bool = True) -> str | None:
    """What *table* says about a host or HELO name: the name, then its parent domains, top-level domains too.

    *parents*: whether smtpd_access_maps is in parent_domain_matches_subdomains, as it is by default; else parents are
    looked up as ``.example.com``. Addresses have no parents, and neither have names in tables of patterns.
    """
    return next((value for key in _domains(table, name, parents) if (value := table.lookup(key)) is not None), None)


def _domains(table: AccessTable, name: str, parents: bool) -> Iterator[str]:
    if not name:
        return
    yield name
    if not table.partial or helo.valid_hostaddr(name.encode("utf-8", "surrogateescape")):
        return
    while (dot := name.find(".", 1)) >= 0:
        name = name[dot + 1 :] if parents else name[dot:]
        if not name:  # of a name that ends in a dot
            return
        yield name


def find_client(table: AccessTable, name: str, addr: str, parents: bool = True) -> str | None:
    """What *table* says about a client: by its name (``unknown`` is one), then by its address and shorter networks."""
    found = find_domain(table, name, parents)
    return found if found is not None else find_address(table, addr)


def find_address(table: AccessTable, addr: str) -> str | None:
    """What *table* says about an address, then about what is left without its last part, and so on."""
    mark = ":" if ":" in addr else "."
    while addr:
        value = table.lookup(addr)
        if value is not None or not table.partial:
            return value
        addr = addr.rpartition(mark)[0]
    return None


# ---- results --------------------------------------------------------------------------------------------------------


class Effect(StrEnum):
    """What a result does to the evaluation of a restriction list."""

    PERMIT = "permit"  # the list ends here
    REJECT = "reject"  # with the code, 4xx or 5xx
    DEFER_IF_PERMIT = "defer_if_permit"  # 4xx, unless something later rejects
    DUNNO = "dunno"  # goes on; DISCARD, HOLD and the like act on the mail, not on the list
    RESTRICTIONS = "restrictions"  # the text is a restriction list


@dataclass(frozen=True)
class Action:
    """A result and its reply; ``text`` is the list for ``Effect.RESTRICTIONS``."""

    effect: Effect
    code: int | None = None
    dsn: str | None = None
    text: str = ""


DENIED = "Access denied"
CONFIGURATION_ERROR = Action(Effect.REJECT, 451, "4.3.5", "Server configuration error")
"""What smtpd says to a result that it does not understand; warn_if_reject does not turn it into a warning."""

_GOES_ON = ("DUNNO", "HOLD", "WARN", "INFO", "PREPEND", "BCC", "REDIRECT", "FILTER", "DEFER_IF_REJECT")

_REPLIES: Mapping[str, tuple[Effect, int | None, str | None]] = {
    "REJECT": (Effect.REJECT, 554, "5.7.1"), "DEFER": (Effect.REJECT, 450, "4.7.1"),
    "DEFER_IF_PERMIT": (Effect.DEFER_IF_PERMIT, 450, "4.7.1"),
    **{word: (Effect.DUNNO, None, None) for word in _GOES_ON},
    **{word: (Effect.PERMIT, None, None) for word in ("OK", "RELAY", "DISCARD")},
}  # fmt: skip
"""First word of a result to its effect, default code and enhanced status (access_map_reject_code and its like)."""

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")


def action(value: str) -> Action:
    """What the result *value* of a client or HELO table means. A number alone is OK, also 450 and 550."""
    word, _, rest = value.strip().partition(" ") if "\t" not in value else _split(value)
    known = _REPLIES.get(word.upper())
    if known:
        effect, code, dsn = known
        return _reply(effect, code, dsn, rest.strip()) if code else Action(effect)
    if re.fullmatch(r"[0-9]+", value.strip()):
        return Action(Effect.PERMIT)
    if re.fullmatch(r"[45][0-9][0-9]", word):
        return _reply(Effect.REJECT, int(word), f"{word[0]}.7.1", rest.strip())
    return Action(Effect.RESTRICTIONS, text=value.strip())


def _split(value: str) -> tuple[str, str, str]:
    word, *rest = value.strip().split(None, 1)
    return word, " ", rest[0] if rest else ""


def _reply(effect: Effect, code: int, dsn: str | None, text: str) -> Action:
    """The reply with the table's own enhanced status code, if it begins with one."""
    found = _ENHANCED.match(text)
    if found is None:
        return Action(effect, code, dsn, text or DENIED)
    rest = found[1][1:]
    if rest.startswith(".1."):  # an address status says nothing about a client or a greeting (smtpd_dsn_fix.c)
        rest = ".0.0"
    return Action(effect, code, f"{code // 100}{rest}", text[found.end() :] or DENIED)
