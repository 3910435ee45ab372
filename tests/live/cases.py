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
TABLE_TEXTS = (
    "botnet greeting",
    "greet with a public name",
    "that name is ours",
    "no shops here",
    "not from this laptop",
)

TRIAL = {
    w.INVALID: w.INVALID,
    w.NON_FQDN: w.NON_FQDN,
    w.UNKNOWN: w.UNKNOWN,
    w.UNKNOWN_CLIENT: w.UNKNOWN_CLIENT,
    "check_helo_access": "check_helo_access texthash:$config_directory/helo_access",  # last: it has an OK
}
WARNINGS = {name: f"warn_if_reject {restriction}" for name, restriction in TRIAL.items()}

ENFORCED = (
    "reject_unlisted_recipient, reject_unknown_sender_domain, reject_rbl_client dnsbl.example, "
    "check_recipient_access texthash:$config_directory/later"
)
BASE = {
    "smtpd_helo_required": "yes",
    "smtpd_hard_error_limit": "200",  # sessions cut by it have a test of their own
    "smtpd_recipient_restrictions": ENFORCED,
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_authorized_xclient_hosts": "192.168.10.9",
    "enable_long_queue_ids": "yes",
}
FILES = {"helo_access": HELO_TABLE, "later": "later@corbel.example 450 4.2.0 mailbox is being moved\n"}
EARLY = {"smtpd_delay_reject": "no"}
PERMITS = ("permit_mynetworks", "permit_sasl_authenticated")
USUAL = {
    "smtpd_client_restrictions": WARNINGS[w.UNKNOWN_CLIENT],
    "smtpd_helo_restrictions": ", ".join(text for name, text in WARNINGS.items() if name != w.UNKNOWN_CLIENT),
}
"""Each where it belongs: with smtpd_delay_reject=no the warnings come at CONNECT and at HELO."""


def case(name: str, settings: Mapping[str, str], services: Mapping[str, Mapping[str, str]] | None = None) -> Case:
    texts = dict.fromkeys(TABLE_TEXTS, "check_helo_access")
    return Case(name, {**BASE, **settings}, TRIAL, services or {}, FILES, texts)


def one_list(place: str, *first: str) -> dict[str, str]:
    """All restrictions on trial in one list, behind `first`, before what that list enforces."""
    rest = [ENFORCED] if place == "recipient" else []
    return {f"smtpd_{place}_restrictions": ", ".join([*first, *WARNINGS.values(), *rest])}


def on_submission(**more: str) -> dict[str, dict[str, str]]:
    """A submission service with a trial of its own, and a port 25 that has none."""
    return {"submission": {**one_list("helo"), **more}}


CASES = [
    case("lists of their own", USUAL),
    case("lists of their own, smtpd_delay_reject=no", {**USUAL, **EARLY}),
    case("client list", one_list("client")),
    case("helo list, permits first", one_list("helo", *PERMITS)),
    case("helo list, smtpd_delay_reject=no", {**one_list("helo"), **EARLY, "enable_long_queue_ids": "no"}),
    case("sender list, smtpd_delay_reject=no", {**one_list("sender"), **EARLY}),
    case("recipient list", one_list("recipient", *PERMITS)),
    case("recipient list, smtpd_delay_reject=no", {**one_list("recipient"), **EARLY}),
    case("data list", one_list("data")),
    case("data list, smtpd_delay_reject=no", {**one_list("data"), **EARLY}),
    case("submission", {}, on_submission()),
    case(
        "soft_bounce, queue file opened at MAIL",
        {**USUAL, "soft_bounce": "yes", "smtpd_delay_open_until_valid_rcpt": "no", "enable_long_queue_ids": "no"},
    ),
]
NO_TLS_LINES = case("no TLS lines", {**USUAL, **EARLY, "smtpd_tls_loglevel": "0"})
GREETING_AGAIN = case("greeting again, smtpd_delay_reject=no", {**USUAL, **EARLY})
