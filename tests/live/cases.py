"""Configurations with restrictions on trial: each list, each protocol state, both values of smtpd_delay_reject."""

from __future__ import annotations

from collections.abc import Mapping

from lab import world as w

from tests.live.comparison import Case

HELO_TABLE = (
    "ylmf-pc REJECT botnet greeting\n"
    "exchange.kontor.test 450 4.7.0 greet with a public name\n"
    "mail.corbel.example 554 5.7.1 that name is ours\n"
    "shop.example REJECT no shops here\n"  # its subdomains too: parent_domain_matches_subdomains
    "laptop-dora DEFER_IF_PERMIT not from this laptop\n"
    "mail.example.org DUNNO\n"
    "frasier OK\n"
)
TABLE_TEXTS = ("botnet greeting", "greet with a public name", "that name is ours", "no shops here", "not from this laptop")

TRIAL = {
    w.INVALID: w.INVALID,
    w.NON_FQDN: w.NON_FQDN,
    "check_helo_access": "check_helo_access texthash:$config_directory/helo_access",
    w.UNKNOWN: w.UNKNOWN,
    w.UNKNOWN_CLIENT: w.UNKNOWN_CLIENT,
}
WARNINGS = [f"warn_if_reject {restriction}" for restriction in TRIAL.values()]

ENFORCED = (
    "reject_unlisted_recipient, reject_unknown_sender_domain, reject_rbl_client dnsbl.example, "
    "check_recipient_access texthash:$config_directory/later"
)
BASE = {
    "smtpd_helo_required": "yes",
    "smtpd_hard_error_limit": "200",  # sessions cut by it have a test of their own
    "smtpd_recipient_restrictions": ENFORCED,
    "smtpd_sasl_auth_enable": "yes",
    "enable_long_queue_ids": "yes",
}
FILES = {"helo_access": HELO_TABLE, "later": "later@corbel.example 450 4.2.0 mailbox is being moved\n"}
EARLY = {"smtpd_delay_reject": "no"}


def case(name: str, settings: Mapping[str, str], services: Mapping[str, Mapping[str, str]] | None = None) -> Case:
    texts = dict.fromkeys(TABLE_TEXTS, "check_helo_access")
    return Case(name, {**BASE, **settings}, TRIAL, services or {}, FILES, texts)


def in_list(place: str, *first: str, **more: str) -> Case:
    """All restrictions on trial in one list, behind `first`; the last one is enforced by the list already."""
    rest = [ENFORCED] if place == "recipient" else []
    value = ", ".join([*first, *WARNINGS, *rest])
    return case(f"{place}{'-early' if more.get('smtpd_delay_reject') == 'no' else ''}", {f"smtpd_{place}_restrictions": value, **more})


PERMITS = ("permit_mynetworks", "permit_sasl_authenticated")
USUAL = {
    "smtpd_client_restrictions": WARNINGS[-1],
    "smtpd_helo_restrictions": ", ".join(WARNINGS[:-1]),
}
"""Each where it belongs: with smtpd_delay_reject=no warnings come at CONNECT and at HELO."""
