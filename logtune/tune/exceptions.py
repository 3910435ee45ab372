"""Lookup tables of the excepted clients, safe to write whatever the log says.

Keys are taken apart and put together again: an address is parsed, a name may hold the letters of a host name only.
What is left of the log stands in comments, as printable ASCII in one line. Results are ours: OK, DUNNO, or a
restriction. See access(5), cidr_table(5), regexp_table(5).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import timedelta

from logtune.analyses.common import counted
from logtune.analyses.exemptions import Exemption, Key
from logtune.render.escape import visible
from logtune.tune.model import Table

REVIEW_AFTER = timedelta(days=90)
"""A sender that was told mends its greeting within a quarter, or never will; then the exception is looked at again."""
WIDEST = {4: 16, 6: 32}
"""No exception is wider than what one provider is usually given: a wider one would spare strangers."""
MOST_COMMENT = 300

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"\.?{_LABEL}(\.{_LABEL})+")

Entry = tuple[Sequence[str], str, str]


def safe_key(exemption: Exemption) -> str | None:
    """The key as it may stand in a table: a lower case host name or a canonical network; None where it is neither."""
    key = exemption.key.strip().lower() if exemption.key.isascii() else ""
    if exemption.by is Key.ADDRESS:
        return _network(key)
    plain = key.rstrip(".")
    valid = len(plain) <= 253 and _NAME.fullmatch(plain) and not plain.rsplit(".", 1)[-1].isdigit()
    return plain if valid else None


def _network(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.prefixlen < WIDEST[network.version] or "%" in text:
        return None
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address) if single else str(network)


def comment(exemption: Exemption) -> str:
    """Whom the exception saves, why, and when to look again: one line of printable ASCII."""
    parts = [f"saves {exemption.organisation}: {counted(exemption.recipients, 'recipient')}"]
    if exemption.last:
        parts.append(f"last {exemption.last:%Y-%m-%d}")
    if exemption.helo_names:
        parts.append("HELO " + ", ".join(exemption.helo_names[:3]))
    text = "; ".join([", ".join(parts), *exemption.evidence])
    return one_line(text) + _review(exemption)


def _review(exemption: Exemption) -> str:
    return f"; look again {exemption.last + REVIEW_AFTER:%Y-%m-%d}" if exemption.last else ""


def one_line(text: str) -> str:
    """*text* as printable ASCII without ``$``, cut where it is long: safe in any comment, table or list."""
    shown = visible(text, ascii=True).replace("$", "\\x24").strip()
    return shown if len(shown) <= MOST_COMMENT else shown[: MOST_COMMENT - 1] + "~"


def merged(exemptions: Sequence[Exemption]) -> list[tuple[str, Exemption]]:
    """Safe keys with the exemption that spares most, each key once, in the order given."""
    found: dict[tuple[Key, str], Exemption] = {}
    for exemption in exemptions:
        key = safe_key(exemption)
        if key is not None and found.setdefault((exemption.by, key), exemption).recipients < exemption.recipients:
            found[exemption.by, key] = exemption
    return [(key, exemption) for (_, key), exemption in found.items()]


def left_out(exemptions: Sequence[Exemption]) -> list[str]:
    """Keys that no table may hold, escaped for reading."""
    return [one_line(e.key) for e in exemptions if safe_key(e) is None]


def permitting(name: str, exemptions: Sequence[Exemption], parents: bool) -> list[Table]:
    """Tables that say OK to excepted clients, by address and by verified name.

    *parents*: a domain matches all names below it (smtpd_access_maps in parent_domain_matches_subdomains).
    """
    keys = merged(exemptions)
    networks = [((comment(e),), key, "OK") for key, e in keys if e.by is Key.ADDRESS]
    names = [((comment(e), *_wide(key, parents)), _domain(key, parents), "OK") for key, e in keys if e.by is Key.NAME]
    tables = [Table(f"{name}.cidr", "cidr", networks, True), Table(f"{name}.names", "texthash", names, True)]
    return [table for table in tables if table.entries]


def _domain(key: str, parents: bool) -> str:
    return key.lstrip(".") if parents else key


def _wide(key: str, parents: bool) -> list[str]:
    if not key.startswith("."):
        return []
    below = f"careful: lets in every client whose verified name is below {key[1:]}"
    return [below + (", or is that name" if parents else "")]


def wrapping(name: str, exemptions: Sequence[Exemption], restriction: str, through: str) -> list[Table]:
    """Tables that apply *restriction* to everybody but the excepted clients, to whom they say DUNNO: no OK anywhere.

    The first table is the one to look up. Where there are names and networks, names are looked up first, and the
    table of networks stands behind the restriction class *through*.
    """
    keys = merged(exemptions)
    networks: list[Entry] = [((comment(e),), key, "DUNNO") for key, e in keys if e.by is Key.ADDRESS]
    names: list[Entry] = [((comment(e),), pattern(key), "DUNNO") for key, e in keys if e.by is Key.NAME]
    everybody = ("everybody else",)
    by_network = Table(
        f"{name}.cidr", "cidr", [*networks, (everybody, "0.0.0.0/0", restriction), ((), "::/0", restriction)], False
    )
    if not names:
        return [by_network] if networks else []
    then = through if networks else restriction
    rest: list[Entry] = [(everybody, r"/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/", then), ((), "/:/", then)]
    by_name = Table(f"{name}.regexp", "regexp", [*names, *rest], False)
    return [by_name, by_network] if networks else [by_name]


def pattern(key: str) -> str:
    """A name as a regular expression that matches it alone, or every name below it where it begins with a dot."""
    escaped = key.replace(".", r"\.")
    return f"/{escaped}$/" if key.startswith(".") else f"/^{escaped}$/"
