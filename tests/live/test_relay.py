"""The open-relay test itself: it finds an open relay, and none where there is none."""

from __future__ import annotations

from lab.world import CRAFTSMAN, USERS

from tests.live.cases import BASE, FILES
from tests.live.instance import Instance
from tests.live.relay import OUTSIDE, SENDERS, relays_for_strangers, relays_for_users


def settings(**more: str) -> dict[str, str]:
    return {**BASE, **more}


def test_an_ordinary_server_relays_for_users_only() -> None:
    """Nobody outside may send to other sites; those who have logged in may."""
    with Instance(settings(), files=FILES) as postfix:
        assert relays_for_strangers(postfix) == []
        assert {attempt.client for attempt in relays_for_users(postfix)} == {user.address for user in USERS}


def test_an_ok_before_relay_protection_is_found() -> None:
    """The classic mistake: an exception in the list that protects from relaying makes one client's mail go anywhere."""
    table = {**FILES, "friends": f"{CRAFTSMAN.address} OK\n"}
    lists = "check_client_access texthash:$config_directory/friends, reject_unauth_destination"
    with Instance(settings(smtpd_relay_restrictions=lists), files=table) as postfix:
        found = relays_for_strangers(postfix)
    assert {attempt.client for attempt in found} == {CRAFTSMAN.address}
    assert {attempt.sender for attempt in found} == set(SENDERS)
    assert OUTSIDE[0] in {attempt.recipient for attempt in found}


def test_an_ok_by_helo_is_found() -> None:
    """A greeting is what anyone says: every stranger that tries the name gets through."""
    table = {**FILES, "names": "frasier OK\n"}
    lists = "check_helo_access texthash:$config_directory/names, reject_unauth_destination"
    with Instance(settings(smtpd_relay_restrictions=lists), files=table) as postfix:
        assert len({attempt.client for attempt in relays_for_strangers(postfix)}) > 3


def test_networks_that_are_too_wide_are_found() -> None:
    """permit_mynetworks with the whole world in mynetworks."""
    with Instance(settings(mynetworks="0.0.0.0/0"), files=FILES) as postfix:
        assert OUTSIDE[0] in {attempt.recipient for attempt in relays_for_strangers(postfix)}
