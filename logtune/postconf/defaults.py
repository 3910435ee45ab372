"""Defaults of the parameters that decide what a restriction does (postconf -d of Postfix 3.12; postconf(5))."""

from __future__ import annotations

from logtune.postconf.restriction_lists import LISTS
from logtune.postfix import restrictions

RELAY = (
    "${{$compatibility_level} <level {1} ? {} :"
    " {permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination}}"
)
"""An old configuration says no compatibility_level: it has no relay list, and its recipient list must protect it."""

DEFAULTS: dict[str, str] = {
    **dict.fromkeys(LISTS, ""),
    "smtpd_relay_restrictions": RELAY,
    "smtpd_etrn_restrictions": "",
    "smtpd_restriction_classes": "",
    "compatibility_level": "0",
    "smtpd_delay_reject": "yes",
    "smtpd_helo_required": "no",
    "disable_vrfy_command": "no",
    "soft_bounce": "no",
    "smtpd_sasl_auth_enable": "no",
    "smtpd_reject_unlisted_recipient": "yes",
    "smtpd_relay_before_recipient_restrictions": "${{$compatibility_level} <level {3.6} ? {no} : {yes}}",
    "smtpd_proxy_filter": "",
    "content_filter": "",
    "receive_override_options": "",
    "multi_instance_name": "",
    "syslog_name": "${multi_instance_name?{$multi_instance_name}:{postfix}}",
    "parent_domain_matches_subdomains": (
        "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,"
        "relay_domains,smtpd_access_maps"
    ),
    "config_directory": "/etc/postfix",
}


def default(name: str) -> str | None:
    """The unexpanded default of parameter *name*; None where it is not known here."""
    found = DEFAULTS.get(name)
    return found if found is not None else codes().get(name)


def codes() -> dict[str, str]:
    """Parameters that choose a reply code, with their defaults."""
    texts = (t for r in restrictions.catalogue().restrictions.values() for t in r.texts)
    return {t.parameter: str(t.code) for t in texts if t.parameter and t.code}
