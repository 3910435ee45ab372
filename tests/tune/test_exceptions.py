"""Tables of exceptions: keys that nobody can forge or smuggle lines with, comments of one line, honest warnings."""

from __future__ import annotations

import pytest

from logtune.analyses.exemptions import Key
from logtune.tune.exceptions import comment, permitting, safe_key
from logtune.tune.files import table_text
from tests.tune.made import exemption


@pytest.mark.parametrize(
    ("key", "by", "safe"),
    [
        ("203.0.113.58", Key.ADDRESS, "203.0.113.58"),
        ("203.0.113.77/28", Key.ADDRESS, "203.0.113.64/28"),
        ("2001:DB8::0:1", Key.ADDRESS, "2001:db8::1"),
        ("0.0.0.0/0", Key.ADDRESS, None),
        ("10.0.0.0/8", Key.ADDRESS, None),
        ("2001:db8::/16", Key.ADDRESS, None),
        ("fe80::1%eth0", Key.ADDRESS, None),
        ("203.0.113.58 OK\n0.0.0.0/0", Key.ADDRESS, None),
        ("Mail.Partner.Example.", Key.NAME, "mail.partner.example"),
        (".partner.example", Key.NAME, ".partner.example"),
        ("my_host.example", Key.NAME, "my_host.example"),
        ("unknown", Key.NAME, None),
        ("localhost", Key.NAME, None),
        ("203.0.113.58", Key.NAME, None),
        ("a.example OK\nexample", Key.NAME, None),
        ("a.example\n", Key.NAME, "a.example"),
        ("pärtner.example", Key.NAME, None),
        ("a..example", Key.NAME, None),
        ("a.example/", Key.NAME, None),
        (".*", Key.NAME, None),
    ],
)
def test_keys(key: str, by: Key, safe: str | None) -> None:
    """Only host names with a dot and networks that are not too wide become keys, in their canonical form."""
    assert safe_key(exemption(key, by)) == safe


def test_a_comment_says_whom_it_saves_and_when_to_look_again() -> None:
    """Counts, last time, greeting, evidence and a date."""
    assert comment(exemption("203.0.113.58")) == (
        "saves partner.example: 6 recipients, last 2026-03-19, HELO SRV-MAIL01; your users wrote it 14 mails;"
        " look again 2026-06-17"
    )


def test_hostile_text_stays_in_its_comment() -> None:
    """Line ends, references, escapes and very long names come out as one line of printable ASCII."""
    hostile = exemption(
        "203.0.113.58", organisation="x\n0.0.0.0/0 OK\r\n $(reboot) ${a} \x1b[2J\u202e", helo_names=("y" * 5000,)
    )
    text = table_text(permitting("helo_exceptions", [hostile], parents=True)[0])
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["203.0.113.58      OK"]
    assert text.replace("\n", "").isprintable() and text.isascii()
    assert "$(" not in text and "${" not in text


@pytest.mark.parametrize(("parents", "key"), [(True, "partner.example"), (False, ".partner.example")])
def test_whole_domains_come_with_a_warning(parents: bool, key: str) -> None:
    """A domain is written as this Postfix matches it, with a warning that it lets all names below it in."""
    (table,) = permitting("helo_exceptions", [exemption(".partner.example", Key.NAME)], parents)
    ((comments, written, result),) = table.entries
    assert (table.kind, written, result) == ("texthash", key, "OK")
    assert "careful: lets in every client whose verified name is below partner.example" in comments[1]
