"""Who a client is: the verified name's registrable domain, else the address block."""

from __future__ import annotations

import pytest

from logtune.analyses import organisations


@pytest.mark.parametrize(
    ("name", "addr", "expected"),
    [
        ("mail.example.co.uk", "192.0.2.1", "example.co.uk"),
        ("A.B.Example.COM", "192.0.2.1", "example.com"),
        ("mx.Example.XN--55QX5D.cn", "192.0.2.1", "example.xn--55qx5d.cn"),
        ("unknown", "192.0.2.77", "192.0.2.0/24"),
        (None, "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("unknown", "fe80::1%eth0", "fe80::/48"),
        ("unknown", "::ffff:192.0.2.9", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("2001:db8::c", "2001:db8::c", "2001:db8::/48"),
        ("mail.host7", "192.0.2.7", "mail.host7"),
        ("localhost", "127.0.0.1", "localhost"),
        ("unknown", "unknown", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_organisation(name: str | None, addr: str | None, expected: str) -> None:
    """A verified name counts by its registrable domain; without one the block of the address counts."""
    assert organisations.organisation(name, addr) == expected


def test_organisations_have_numbers() -> None:
    """Clients of one organisation have its number, and each client its own: what counts many rows compares numbers."""
    clients = [("mx1.example.com", "192.0.2.1"), ("unknown", "203.0.113.9"), ("mx2.example.com", "192.0.2.2")]
    rows = organisations.table(clients, []).select(["client", "organisation", "site"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (0, "example.com", 0),
        (1, "203.0.113.0/24", 1),
        (2, "example.com", 0),
    ]


def test_own_loopback_and_private_addresses_are_told_apart() -> None:
    """Declared networks are own, other private ones may be NAT, documentation ranges are ordinary."""
    clients = [("a", "10.0.0.5"), ("b", "192.168.1.1"), ("c", "127.0.0.1"), ("d", "203.0.113.9"), ("e", "2001:db8::1")]
    table = organisations.table(clients, ["10.0.0.0/8", "2001:db8::/64"])
    flags = table.select(["client_name", "own", "loopback", "private"]).to_pylist()
    assert [tuple(row.values()) for row in flags] == [
        ("a", True, False, False),
        ("b", False, False, True),
        ("c", False, True, False),
        ("d", False, False, False),
        ("e", True, False, False),
    ]
