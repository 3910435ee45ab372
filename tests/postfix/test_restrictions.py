"""The catalogue of restrictions: complete, consistent, and its small questions answered."""

from __future__ import annotations

import pytest

from logtune.postfix.restrictions import OBJECTS, canonical, catalogue, depends_on_history, protocol_states


def test_every_restriction_that_refuses_has_a_text() -> None:
    """A restriction without a text could never be seen; the one exception prints its successor's."""
    silent = [r.name for r in catalogue().restrictions.values() if r.effect == "refuse" and not r.texts]
    assert silent == ["reject_maps_rbl"]


def test_old_names_are_the_present_restrictions() -> None:
    """Names of Postfix 2.2 and before still work in main.cf."""
    old = {
        "reject_invalid_hostname": "reject_invalid_helo_hostname",
        "reject_non_fqdn_hostname": "reject_non_fqdn_helo_hostname",
        "reject_unknown_hostname": "reject_unknown_helo_hostname",
        "reject_unknown_client": "reject_unknown_client_hostname",
        "REJECT_RBL": "reject_rbl_client",
        "check_recipient_maps": "reject_unlisted_recipient",
    }
    assert {name: canonical(name) for name in old} == old


def test_a_name_for_two_restrictions_is_neither() -> None:
    """reject_unknown_address means the sender or the recipient, by the list it stands in."""
    assert canonical("reject_unknown_address") is None
    assert canonical("reject_nothing") is None


def test_what_depends_on_history() -> None:
    """Policy servers and address verification remember; DNS lists only know the outside world."""
    remembering = {name for name in catalogue().restrictions if depends_on_history(name)}
    assert remembering == {"check_policy_service", "reject_unverified_sender", "reject_unverified_recipient"}
    assert depends_on_history("check_policy_service unix:private/postgrey")
    assert not depends_on_history("reject_rbl_client bl.example.net")
    assert not depends_on_history("")


def test_removed_restrictions() -> None:
    """Every request that reaches one of these fails with 451 since the release named."""
    removed = {r.name: r.removed_in for r in catalogue().restrictions.values() if r.removed_in}
    assert removed == {"reject_maps_rbl": "3.9", "check_relay_domains": "3.9", "permit_naked_ip_address": "3.9"}


@pytest.mark.parametrize(
    ("name", "delay", "states"),
    [
        ("reject_rbl_client", True, {"RCPT", "VRFY", "ETRN"}),
        ("reject_rbl_client", False, {"CONNECT"}),
        ("reject_invalid_hostname", True, {"RCPT", "VRFY", "ETRN"}),
        ("reject_invalid_hostname", False, {"HELO", "EHLO"}),
        ("reject_non_fqdn_sender", True, {"RCPT", "VRFY"}),
        ("reject_non_fqdn_sender", False, {"MAIL"}),
        ("reject_unauth_destination", False, {"RCPT", "VRFY"}),
        ("check_etrn_access", True, {"ETRN"}),
    ],
)
def test_protocol_states_follow_smtpd_delay_reject(name: str, delay: bool, states: set[str]) -> None:
    """With smtpd_delay_reject client, HELO and sender lists wait for the recipient."""
    assert protocol_states(name, delay) == states


def test_protocol_states_of_a_restriction_for_any_object() -> None:
    """reject may stand in every list."""
    assert protocol_states("reject") == {"RCPT", "VRFY", "ETRN", "DATA", "BDAT", "END-OF-MESSAGE"}


def test_protocol_states_of_an_unknown_name() -> None:
    """Asking for a name that Postfix does not have is a mistake of the caller."""
    with pytest.raises(KeyError, match="reject_nothing"):
        protocol_states("reject_nothing")


def test_texts_carry_a_class_of_the_catalogue() -> None:
    """`... rejected: ...` starts with a reply class that Postfix has."""
    classes = (*catalogue().reply_classes, "{class}")
    for restriction in catalogue().restrictions.values():
        for text in restriction.texts:
            head, found, _ = text.text.partition(" rejected: ")
            assert not found or head in classes, text


def test_objects_and_codes_are_possible() -> None:
    """Codes are 4xx or 5xx, DSNs leave their first digit open, objects are known."""
    for restriction in catalogue().restrictions.values():
        assert restriction.object in OBJECTS
        for text in restriction.texts:
            assert text.code is None or text.code // 100 in (4, 5), text
            assert text.dsn is None or text.dsn.startswith("x."), text
