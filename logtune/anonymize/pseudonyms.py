"""One name, mailbox or address to its pseudonym: the same one wherever it stands, and none without the key.

Names go label by label, each depending on the labels behind it, so that hosts of one domain stay hosts of one domain.
The public suffix (``co.uk``) stays. A label that no host name may have keeps what is wrong with it. Addresses keep
common prefixes: two addresses of one /24 become two of one other /24 (as Crypto-PAn does, here with HMAC-SHA256).
Case is not told apart: mail servers do not either.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Level(StrEnum):
    """What is kept."""

    FULL = "full"
    KEEP_DOMAINS = "keep-domains"  # registrable domains, not the names below them
    KEEP_NETWORKS = "keep-networks"  # the /24 or /48 of an address, not the rest
    KEEP_BOTH = "keep-both"


CACHED = 1 << 16
KEPT_NAMES = frozenset({"", "unknown", "localhost", "localhost.localdomain", "localhost6", "ip6-localhost"})
KEPT_MAILBOXES = frozenset({"postmaster", "double-bounce", "mailer-daemon", "abuse"})
"""Functions that RFC 2142 and Postfix name; they say nothing about a person, and double-bounce makes a probe."""

SPECIAL_SUFFIXES = frozenset(
    [
        "arpa",
        "example",
        "internal",
        "intranet",
        "invalid",
        "home",
        "lan",
        "local",
        "localdomain",
        "localhost",
        "private",
        "test",
    ]
)
"""Last labels that are no public suffixes and belong to nobody; any other such label may be the name of a company."""

LONGEST_NAME = 255
NETWORK_BITS = {4: 24, 6: 48}
"""Of a kept network: the block that stands for an organisation."""


def _heads(*ranges: str) -> Sequence[tuple[int, int, int]]:
    """Of each range how many bits are behind its prefix, the prefix as a number, and its length."""
    networks = map(ipaddress.ip_network, ranges)
    shifts = [(n.max_prefixlen - n.prefixlen, n) for n in networks]
    return [(shift, int(n.network_address) >> shift, n.prefixlen) for shift, n in shifts]


_SPECIAL = {
    32: _heads(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"
    ),
    128: _heads("2000::/3", "fc00::/8", "fd00::/8", "fe80::/10", "ff00::/8", "64:ff9b::/96"),
}  # fmt: skip
"""Ranges that mean something (private, link-local, public IPv6) by the bits of an address: it stays in its range."""
_PAIRS = [a + b for a in "abcdefghijklmnopqrstuvwxyz234567" for b in "abcdefghijklmnopqrstuvwxyz234567"]
"""Ten bits each in the alphabet of base32 (RFC 4648), in small letters."""
_GOOD, _UNDERSCORED = re.compile(r"[a-z0-9-]*"), re.compile(r"[a-z0-9_-]*")
"""Labels that a host name may have, and those that only have underscores too many."""
_WALKED_BITS = 16
"""No special IPv4 range is smaller, so that addresses with as long a common prefix are walked alike."""


class Pseudonyms:
    """Pseudonyms of one *key* at one *level*."""

    def __init__(self, key: bytes, level: Level = Level.FULL) -> None:
        import hmac  # pulls in OpenSSL, which a report without pseudonyms does not need

        self._keyed = hmac.new(key, digestmod="sha256")
        self.keep_domains = level in (Level.KEEP_DOMAINS, Level.KEEP_BOTH)
        self.keep_networks = level in (Level.KEEP_NETWORKS, Level.KEEP_BOTH)
        self.name = lru_cache(CACHED)(self._name)
        self.address = lru_cache(CACHED)(self._address)
        self.local = lru_cache(CACHED)(self._local)
        self._label = lru_cache(CACHED)(self._label_of)
        self._flips = lru_cache(CACHED)(self._flips_of)

    def mailbox(self, text: str) -> str:
        """An envelope address, login name or message id."""
        local, at, domain = text.rpartition("@")
        if not at:
            return self.local(text)
        return f"{self.local(local)}@{self.name(domain)}"

    def opaque(self, text: str) -> str:
        """A text of which nothing is to be known but whether it is the same as another one."""
        return f"withheld-{self._word('text', text)}" if text else text

    def network(self, text: str) -> Sequence[str]:
        """A network in CIDR form as those that its addresses move to: one, but for very large ones."""
        given = ipaddress.ip_network(text)
        if (given.prefixlen < 8 and given.version == 4) or given.prefixlen < 3:
            return [text]
        large = given.version == 4 and given.prefixlen < _WALKED_BITS
        parts = given.subnets(new_prefix=_WALKED_BITS) if large else [given]
        return [self._network_of(part) for part in parts]

    def _network_of(self, network: Network) -> str:
        moved = self._moved(network.network_address)
        return str(ipaddress.ip_network((moved, network.prefixlen), strict=False))

    # ---- names

    def _local(self, text: str) -> str:
        lower = text.lower()
        return text if not text or lower in KEPT_MAILBOXES else f"u{self._word('local', lower)}"

    def _name(self, text: str) -> str:
        """A host name or domain; an address or address literal too, for both stand where names do."""
        lower = text.lower()
        if lower in KEPT_NAMES:
            return text
        literal = re.fullmatch(r"(\[)?(ipv6:)?([0-9a-f:.]+)(?:%\w+)?(\])?", lower)
        if literal and _parsed(literal[3]):
            tag = text[len(literal[1] or "") :][: len(literal[2] or "")]
            return f"{literal[1] or ''}{tag}{self.address(literal[3])}{literal[4] or ''}"
        if len(lower) > LONGEST_NAME:
            return self._label(lower, "")
        bare = lower.rstrip(".")
        return self._domain(bare) + lower[len(bare) :] if bare else text

    def _domain(self, name: str) -> str:
        labels = name.split(".")
        kept = self._kept(name, labels)
        parent = ".".join(labels[len(labels) - kept :])
        shown = labels[len(labels) - kept :]
        for label in reversed(labels[: len(labels) - kept]):
            shown.insert(0, self._label(label, parent))
            parent = f"{label}.{parent}"
        return ".".join(shown)

    def _kept(self, name: str, labels: Sequence[str]) -> int:
        """How many of the last *labels* stay."""
        if len(labels) == 1 or not labels[-1]:
            return 0
        suffix = _suffixes().publicsuffix(name, accept_unknown=False)
        length = suffix.count(".") + 1 if suffix else int(labels[-1] in SPECIAL_SUFFIXES)
        if self.keep_domains:
            return min(max(length, 1) + 1, len(labels))
        return length if length < len(labels) else 0

    def _label_of(self, label: str, parent: str) -> str:
        if not label:
            return label
        word = self._word("label", f"{parent} {label}")
        if label.isdecimal():  # HELO checks look for names of digits
            return str(int.from_bytes(base64.b32decode(word.upper())) % 10**9)
        defect = "" if _GOOD.fullmatch(label) else "_" if _UNDERSCORED.fullmatch(label) else "!"
        return f"{'-' * label.startswith('-')}x{defect}{word}{'-' * label.endswith('-')}"

    def _word(self, kind: str, text: str) -> str:
        """40 bits: two of ten thousand names are alike once in twenty thousand logs."""
        number = int.from_bytes(self._digest(f"{kind} {text}".encode("utf-8", "surrogatepass"))[:5])
        return _PAIRS[number >> 30] + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]

    def _digest(self, text: bytes) -> bytes:
        keyed = self._keyed.copy()  # takes half the time of beginning anew with the key
        keyed.update(text)
        return keyed.digest()

    # ---- addresses

    def _address(self, text: str) -> str:
        """An address as text; what is none (``unknown``) is taken as a name."""
        found = _parsed(text.partition("%")[0])
        return str(self._moved(found)) if found else self.name(text)

    def _moved(self, address: Address) -> Address:
        mapped = getattr(address, "ipv4_mapped", None)
        if mapped:
            return ipaddress.IPv6Address((0xFFFF << 32) | int(self._moved(mapped)))
        if address.is_loopback or address.is_unspecified:
            return address
        number = int(address)
        kept = self._kept_bits(address, number)
        moved = self._permuted(number, address.max_prefixlen, kept)
        while not kept and _special(moved, 32) is not None:  # public IPv4 stays public (cycle walking)
            moved = self._permuted(moved, 32, 0)
        return type(address)(moved)

    def _kept_bits(self, address: Address, number: int) -> int:
        least = NETWORK_BITS[address.version] if self.keep_networks else 0
        own = _special(number, address.max_prefixlen)
        return max(least, own if own is not None else 0 if address.version == 4 else 16)

    def _permuted(self, number: int, bits: int, kept: int) -> int:
        """*number* with each bit after the first *kept* flipped or not, as the bits before it decide."""
        source = number.to_bytes(bits // 8, "big")
        moved = bytes(
            byte ^ self._byte_flips(source[:at], byte, bits) if 8 * (at + 1) > kept else byte
            for at, byte in enumerate(source)
        )
        mask = (1 << (bits - kept)) - 1
        return (number & ~mask) | (int.from_bytes(moved, "big") & mask)

    def _byte_flips(self, before: bytes, byte: int, bits: int) -> int:
        """Which bits of *byte* flip: its eight prefixes are nodes 1 to 255 of a tree, and a digest has 256 bits."""
        tree, flips = self._flips(before, bits), 0
        for at in range(8):
            node = 1 << at | byte >> (8 - at)
            flips = flips << 1 | tree >> node & 1
        return flips

    def _flips_of(self, before: bytes, bits: int) -> int:
        return int.from_bytes(self._digest(b"ip%d " % bits + before), "big")


def _special(number: int, bits: int) -> int | None:
    """Length of the special range that *number* is in."""
    for shift, head, length in _SPECIAL[bits]:
        if number >> shift == head:
            return length
    return None if bits == 128 or number >> 24 != 127 else 8


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@lru_cache(1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_encoded_idn=True)
