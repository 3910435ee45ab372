"""What Postfix's three HELO restrictions make of a greeting, by the rules of its sources.

``judge`` needs no network: where only DNS can tell it says so, and ``ask_dns`` asks. Held against a real Postfix by
``tests/postfix/helo_truth.jsonl``. Sources: ``src/smtpd/smtpd_check.c``, ``src/util/valid_hostname.c``,
``src/util/valid_utf8_hostname.c``, ``src/global/valid_mailhost_addr.c``, ``src/dns/dns_lookup.c``,
``src/smtpd/smtpd.c`` (helo_cmd). Replies are those with Postfix's default codes.

Known weak points: the rules are those without SMTPUTF8 in the MAIL command, with which reject_non_fqdn_helo_hostname
lets names beyond ASCII pass; replies are given whole, though the longest lines of a log are cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dns.resolver import Resolver

INVALID = "reject_invalid_helo_hostname"
NON_FQDN = "reject_non_fqdn_helo_hostname"
UNKNOWN = "reject_unknown_helo_hostname"

HOSTNAME_LENGTH = 255  # VALID_HOSTNAME_LEN, valid_hostname.h
LABEL_LENGTH = 63  # VALID_LABEL_LEN
DNS_NAME_LENGTH = 253  # what a question can carry, RFC 1035 2.3.4: 255 bytes with lengths and root

LOOKUPS = ("A", "AAAA", "MX")
"""What reject_unknown_helo_hostname looks for, in its order."""

LIFETIME = 5.0
"""Seconds per question; somebody waits at a terminal."""


@dataclass(frozen=True)
class Ruling:
    """What one restriction says: ``rejects`` is None where only DNS can tell, ``reply`` is None unless it rejects."""

    rejects: bool | None
    reply: str | None = None


@dataclass(frozen=True)
class HeloJudgement:
    """The greeting as it was given, and the ruling of each restriction by name."""

    helo: str
    restrictions: Mapping[str, Ruling]


@dataclass(frozen=True)
class DnsAnswer:
    """``found``: True, False, or None where no name server could tell; ``says``: the reason in few words."""

    found: bool | None
    says: str


def judge(name: str) -> HeloJudgement:
    """What the three restrictions make of *name*, the text after HELO or EHLO.

    Bytes that are no UTF-8 are surrogates (as in ``sys.argv``). A greeting that smtpd refuses before any restriction
    (an empty one, or one that is no UTF-8) is rejected by all three with that refusal.
    """
    raw = _words(name)
    refusal = _refusal(raw)
    if refusal:
        return HeloJudgement(name, dict.fromkeys((INVALID, NON_FQDN, UNKNOWN), Ruling(True, refusal)))
    helo = _neutered(raw)
    if helo.startswith(b"["):
        ruling = _literal(helo)
        return HeloJudgement(name, {INVALID: ruling, NON_FQDN: ruling, UNKNOWN: ruling})
    return HeloJudgement(name, {INVALID: _invalid(helo), NON_FQDN: _non_fqdn(helo), UNKNOWN: _unknown(helo)})


def ask_dns(name: str, resolver: Resolver | None = None, lifetime: float = LIFETIME) -> DnsAnswer:
    """Whether *name* has an address or a mail server, as reject_unknown_helo_hostname asks.

    The first record found is enough; a null MX is one (smtpd_check.c lets MTA names have it). No answer within
    *lifetime* seconds is what Postfix calls a temporary failure: ``found`` is None. *resolver* is that of this
    machine unless given.
    """
    if resolver is None:
        from dns.resolver import Resolver as Machine

        resolver = Machine()
    unanswered = False
    for kind in LOOKUPS:
        found = _lookup(name.strip(), kind, resolver, lifetime)
        if found:
            return DnsAnswer(True, f"has {kind}")
        unanswered = unanswered or found is None
    return DnsAnswer(None, "no answer") if unanswered else DnsAnswer(False, "no A, MX")


def settle(judgement: HeloJudgement, answer: DnsAnswer) -> HeloJudgement:
    """*judgement* with what DNS said in place of the rulings it left open; unchanged where DNS did not answer."""
    if answer.found is None:
        return judgement
    helo = _neutered(_words(judgement.helo))
    said = Ruling(False) if answer.found else _rejected("450 4.7.1", helo, "Host not found")
    rulings = {name: said if ruling.rejects is None else ruling for name, ruling in judgement.restrictions.items()}
    return replace(judgement, restrictions=rulings)


# ---- the restrictions ------------------------------------------------------------------------------------------------


def _literal(helo: bytes) -> Ruling:
    """reject_invalid_hostaddr: all three restrictions ask it about names that begin with a bracket."""
    inner = helo[1:-1] if len(helo) > 2 and helo.endswith(b"]") else helo
    if _valid_mailhost_addr(inner):
        return Ruling(False)
    return _rejected("501 5.5.2", helo, "invalid ip address")


def _invalid(helo: bytes) -> Ruling:
    """reject_invalid_hostname: naked addresses pass, for compatibility."""
    name = _without_dot(helo)
    if valid_hostname(name) or valid_hostaddr(name):
        return Ruling(False)
    return _rejected("501 5.5.2", helo, "Invalid name")


def _non_fqdn(helo: bytes) -> Ruling:
    """reject_non_fqdn_hostname: a valid name with a dot in it. Naked addresses are no names."""
    name = _without_dot(helo)
    if valid_hostname(name) and b"." in name:
        return Ruling(False)
    return _rejected("504 5.5.2", helo, "need fully-qualified hostname")


def _unknown(helo: bytes) -> Ruling:
    """reject_unknown_hostname: the name as it is, trailing dot and all, goes to DNS if it looks like a name."""
    askable = helo == b"." or valid_hostname(helo, wildcard=True)
    if askable and len(helo) <= DNS_NAME_LENGTH:
        return Ruling(None)
    return _rejected("450 4.7.1", helo, "Host not found")


def _rejected(code: str, helo: bytes, text: str) -> Ruling:
    return Ruling(True, f"{code} <{helo.decode('utf-8', 'surrogateescape')}>: Helo command rejected: {text}")


# smtpd_token.c: blanks part words, except inside double quotes, where a backslash keeps what follows.
_WORD = re.compile(rb'(?:"(?:\\.?|[^"\\])*"?|\\.?|[^\s"\\])+', re.DOTALL)


def _words(name: str) -> bytes:
    """The words of a greeting with one blank between them, as smtpd.c puts them together again (collapse_args)."""
    return b" ".join(_WORD.findall(name.encode("utf-8", "surrogateescape")))


def _refusal(raw: bytes) -> str | None:
    """What smtpd.c says to a greeting that it does not take at all."""
    if not raw:
        return "501 Syntax: EHLO hostname"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "500 5.5.2 Error: bad UTF-8 syntax"  # with smtputf8_enable = yes, the default since 3.0
    return None


def _neutered(raw: bytes) -> bytes:
    """The name as smtpd keeps and shows it: control characters and NEUTER_CHARACTERS become question marks."""
    return re.sub(rb'[\x00-\x20\x7f<>()\\";@]', b"?", raw)


def _without_dot(name: bytes) -> bytes:
    """Without one dot at the end; two stay (dup_if_truncate)."""
    return name[:-1] if len(name) > 1 and name.endswith(b".") and not name.endswith(b"..") else name


# ---- names and addresses ---------------------------------------------------------------------------------------------

_LABEL = re.compile(rb"(?!-)[A-Za-z0-9_-]{1,%d}(?<!-)" % LABEL_LENGTH)


def valid_hostname(name: bytes, wildcard: bool = False) -> bool:
    """valid_hostname.c: labels of letters, digits, ``_`` and inner ``-``, not all of them numeric.

    A *wildcard* ``*`` may stand for the first label (dns_lookup.c allows it).
    """
    if len(name) > HOSTNAME_LENGTH or not name.strip(b"0123456789."):
        return False
    labels = name.split(b".")
    if wildcard and labels[0] == b"*":
        labels = labels[1:]
    return all(_LABEL.fullmatch(label) for label in labels)


def valid_hostaddr(address: bytes) -> bool:
    """A naked IPv4 or IPv6 address, by the rules of valid_hostname.c, which are not those of RFC 4291."""
    return valid_ipv6_hostaddr(address) if b":" in address else valid_ipv4_hostaddr(address)


def valid_ipv4_hostaddr(address: bytes) -> bool:
    """Four decimal numbers up to 255, leading zeros allowed; the first is 0 only where all are."""
    numbers = address.split(b".")
    if len(numbers) != 4 or not all(number.isdigit() and int(number) <= 255 for number in numbers):
        return False
    return int(numbers[0]) != 0 or not address.strip(b"0.")


def valid_ipv6_hostaddr(address: bytes) -> bool:
    """Two to seven colons between up to four hexadecimal digits; ``::`` at most once, the only empty field.

    An IPv4 address may be the last field. How many fields there are is not counted: ``1:2:3`` passes.
    """
    *fields, last = address.split(b":")
    if not 2 <= len(fields) <= 7 or sum(not field for field in _gaps(address)) > 1:
        return False
    if address.startswith(b":") and not address.startswith(b"::"):
        return False
    if not all(re.fullmatch(rb"[0-9A-Fa-f]{0,4}", field) for field in fields):
        return False
    if b"." in last:
        return len(fields) <= 6 and valid_ipv4_hostaddr(last)
    if not last:
        return address.endswith(b"::")
    return re.fullmatch(rb"[0-9A-Fa-f]{1,4}", last) is not None


def _gaps(address: bytes) -> list[bytes]:
    """The fields between two colons; an empty one is a ``::``."""
    return address.split(b":")[1:-1]


def _valid_mailhost_addr(address: bytes) -> bool:
    """valid_mailhost_addr.c: an IPv6 address needs its tag, an IPv4 address has none."""
    if address[:5].lower() == b"ipv6:":
        return valid_ipv6_hostaddr(address[5:])
    return valid_ipv4_hostaddr(address)


# ---- DNS -------------------------------------------------------------------------------------------------------------


def _lookup(name: str, kind: str, resolver: Resolver, lifetime: float) -> bool | None:
    """Whether *name* has a record of *kind*; None where no name server could tell."""
    import dns.exception
    import dns.resolver

    try:
        resolver.resolve(name, kind, search=False, lifetime=lifetime)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return False
    except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError):
        return None
    except (dns.exception.DNSException, UnicodeError):  # no name that DNS could hold
        return False
    return True
