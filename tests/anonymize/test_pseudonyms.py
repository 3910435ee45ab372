"""Names, mailboxes and addresses under pseudonyms."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune import schema
from logtune.anonymize.key import KeyFileError, read_or_make
from logtune.anonymize.pseudonyms import Level, Pseudonyms, _special
from logtune.anonymize.rows import IDENTIFYING, KEPT, Anonymizer
from logtune.anonymize.texts import _ALTERNATIVES, Texts
from logtune.cli.options import Anonymize

KEY = bytes(range(32))
FULL = Pseudonyms(KEY)


def common_bits(one: str, other: str) -> int:
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    return a.max_prefixlen - (int(a) ^ int(b)).bit_length()


@given(st.ip_addresses(), st.integers(0, 127))
def test_common_prefixes_stay(address: ipaddress.IPv4Address | ipaddress.IPv6Address, bit: int) -> None:
    """Two addresses of one network (from /16 on in IPv4) become two of one other network, and differ where they did.

    Not across the border of an IPv6 range that stays as it is: of 64:ff9b::/96 only what follows is replaced.
    """
    bits = address.max_prefixlen
    bit = bit % (16 if bits == 32 else 112)
    other = type(address)(int(address) ^ 1 << bit)
    if address.is_loopback or other.is_loopback or address.is_unspecified or other.is_unspecified:
        return
    if getattr(address, "ipv4_mapped", None) or getattr(other, "ipv4_mapped", None):
        return
    if bits == 128 and _special(int(address), bits) != _special(int(other), bits):
        return
    assert common_bits(FULL.address(str(address)), FULL.address(str(other))) == bits - bit - 1


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "127.0.0.0/8", "fe80::/10"])
def test_special_ranges_stay(network: str) -> None:
    """A private, link-local or loopback address stays one."""
    inside = ipaddress.ip_network(network)
    for step in range(1, 4000, 97):
        assert ipaddress.ip_address(FULL.address(str(inside[step]))) in inside


@given(st.ip_addresses(v=4).filter(lambda a: a.is_global))
def test_public_addresses_stay_public(address: ipaddress.IPv4Address) -> None:
    """A public address does not become a private one."""
    moved = ipaddress.ip_address(FULL.address(str(address)))
    assert not any(moved in ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def test_networks_move_as_their_addresses_do() -> None:
    """An address is in a network exactly if its pseudonym is in that of the network."""
    (network,) = FULL.network("192.0.2.0/24")
    assert ipaddress.ip_address(FULL.address("192.0.2.77")) in ipaddress.ip_network(network)
    assert ipaddress.ip_address(FULL.address("192.0.3.77")) not in ipaddress.ip_network(network)


def test_kept_networks() -> None:
    """keep-networks keeps the /24 of IPv4 and the /48 of IPv6, not the host."""
    kept = Pseudonyms(KEY, Level.KEEP_NETWORKS)
    assert kept.address("192.0.2.7").startswith("192.0.2.") and kept.address("192.0.2.7") != "192.0.2.7"
    assert common_bits(kept.address("2001:db8:1:2::3"), "2001:db8:1:2::3") in range(48, 128)


def test_names_keep_their_structure() -> None:
    """Hosts of a domain stay hosts of one domain below the same public suffix; without a dot there is none."""
    host, other, alone = map(FULL.name, ("mail.firm.co.uk", "www.FIRM.co.uk", "frasier"))
    assert host.split(".")[1:] == other.split(".")[1:] and host != other and host.endswith(".co.uk")
    assert "firm" not in host and "." not in alone and alone != "frasier"


def test_kept_domains() -> None:
    """keep-domains keeps the registrable domain, and no name below it."""
    kept = Pseudonyms(KEY, Level.KEEP_DOMAINS)
    assert kept.name("dsl-192-0-2-7.firm.co.uk").endswith(".firm.co.uk")
    assert "192" not in kept.name("dsl-192-0-2-7.firm.co.uk")
    assert kept.mailbox("anna@firm.co.uk") == f"{kept.local('anna')}@firm.co.uk"


def test_what_is_wrong_with_a_name_stays() -> None:
    """A HELO name that no host may have stays one, and an address literal stays a literal."""
    assert "_" in FULL.name("my_pc") and FULL.name("-x").startswith("-") and FULL.name("1234").isdecimal()
    assert FULL.name("[192.0.2.7]") == f"[{FULL.address('192.0.2.7')}]"
    assert FULL.name("[IPv6:2001:db8::1]") == f"[IPv6:{FULL.address('2001:db8::1')}]"


def test_another_key_gives_other_pseudonyms() -> None:
    """Without the key a pseudonym cannot be made again."""
    other = Pseudonyms(b"\1" * 32)
    assert FULL.mailbox("anna@example.com") == FULL.mailbox("Anna@example.com") != other.mailbox("anna@example.com")
    assert FULL.address("192.0.2.7") != other.address("192.0.2.7")


@pytest.mark.parametrize("key", [KEY, b"long " * 20])
def test_a_pseudonym_is_what_hmac_gives(key: bytes) -> None:
    """40 bits of HMAC-SHA256 in base32, so that logs of different years and versions can be compared."""
    word = base64.b32encode(hmac.digest(key, b"local anna", "sha256")[:5]).decode().lower()
    assert Pseudonyms(key).local("Anna") == f"u{word}"


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    """The key file has mode 0600, is used again, and one that others can read is an error."""
    place = tmp_path / "key"
    made = read_or_make(str(place))
    assert len(made) == 32 and read_or_make(str(place)) == made and list(tmp_path.iterdir()) == [place]
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    place.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_or_make(str(place))


def test_the_default_key_lies_in_the_users_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --key it is made below XDG_CONFIG_HOME."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    read_or_make()
    assert (tmp_path / "logtune" / "anonymize.key").is_file()


def test_every_column_is_replaced_or_known_to_name_nobody() -> None:
    """A new column of the schema has to be put into one of the two lists."""
    columns = {column.name for table in schema.TABLES.values() for column in table}
    assert set(IDENTIFYING) | KEPT == columns and not set(IDENTIFYING) & KEPT


def test_the_option_has_the_levels() -> None:
    """The command line repeats the levels, to answer at once."""
    assert [str(value) for value in Anonymize] == [str(value) for value in Level]


@pytest.mark.parametrize(
    "text",
    [
        "https://www.spamhaus.example/query/ip/192.0.2.7",
        "Please see http://spf.example/why?s=mfrom;id=anna%40firm.test;ip=192.0.2.7;r=mx.firm.test",
        "host mx.firm.test[192.0.2.7] said: 550 5.1.1 <anna@firm.test>: no such user",
        "SASL LOGIN authentication failed: UGFz, sasl_username=anna@firm.test",
        "delivered to maildir /var/vmail/firm.test/anna/Maildir",
        "7.2.0.192.bl.firm.test: lookup error; from 2001:db8::7",
        "1:2:3.firm.test and ::ffff:192.0.2.7, a:b:firm.test",
    ],
)
def test_texts(text: str) -> None:
    """Whatever looks like an address, a name or a mailbox is replaced inside of texts."""
    shown = Anonymizer.make(KEY, Level.FULL).texts.plain(text)
    assert not any(part in shown for part in ("firm", "anna", "192.0.2", "2.0.192", "2001:db8", "spamhaus"))


PARTS = ("<", ">", " ", "@", "[", "]", ":", "/home/", "=", "user", "login", '"', "sales", "SALES", "mx", "-", ".",
         "a.example.com", "192.0.2.7", "[192.0.2.7]:39071", "Σ", "2001:db8::1", "J.Finch@example.com", "İ", "%40", "(", "queued as 4Fx", ",")  # fmt: skip
WORDS = {"sales": "u1", "mx": "x2", "a sales": "u3", "j.finch@example.com": "u4@x5.example.com", "finch": "u6"}


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_a_text_is_searched_as_one_pattern_would(text: str) -> None:
    """Cutting at blanks and trying only what can match finds what all alternatives in one pattern find."""
    texts = Texts(Pseudonyms(KEY))
    lower = {word for word in WORDS if word in text.lower()}
    own = "|".join(map(re.escape, sorted(lower, key=len, reverse=True))) or "(?!)"
    tokens = "|".join(pattern for _, pattern in _ALTERNATIVES)
    pattern = re.compile(f"(?P<word>(?<![\\w@-])(?:{own})(?![\\w-]))|{tokens}", re.IGNORECASE)

    def replaced(match: re.Match[str]) -> str:
        return WORDS[match["word"].lower()] if match["word"] else texts._replaced(match)

    assert texts.with_words(text, WORDS) == pattern.sub(replaced, text)
    assert texts.cut(text) == re.sub(tokens, texts._replaced, text, flags=re.IGNORECASE)


def test_texts_of_a_column_that_are_the_same_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rows whose texts name nothing of the row, each distinct text is looked at once."""
    told: list[str] = []
    monkeypatch.setattr(Texts, "cut", lambda _, text: told.append(text) or f"told {len(told)}")
    texts = ["warning: here", "warning: there", "warning: here", None, "helo frasier: here"]
    names = ["frasier", "frasier", None, "frasier", "frasier"]
    rows = pa.record_batch({"text": pa.array(texts), "helo": pa.array(names)})
    shown = Anonymizer.make(KEY, Level.FULL).batch("notices", rows, rows).column("text").to_pylist()
    assert told == ["warning: here", "warning: there"]
    assert shown == ["told 1", "told 2", "told 1", None, f"helo {FULL.name('frasier')}: here"]


def test_letters_that_are_alike_only_to_a_pattern() -> None:
    """U+017F is an s to a pattern without case, and no s in a name: it is left, and nothing fails."""
    assert Texts(FULL).with_words("\u017fales and sales", {"sales": "u1"}) == "\u017fales and u1"
