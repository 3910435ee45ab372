"""The configuration of the laboratory's site: what most runs share of main.cf and master.cf."""

from . import world as w
from .postfix import REINJECT_PORT

TRIAL = ", ".join(f"warn_if_reject {name}" for name in w.HELO_TRIO)
ENFORCED = (
    "permit_mynetworks, permit_sasl_authenticated, reject_unlisted_recipient, reject_unknown_sender_domain, "
    "reject_rbl_client dnsbl.example"
)
BASE = {"smtpd_helo_required": "yes", "smtpd_helo_restrictions": TRIAL, "smtpd_recipient_restrictions": ENFORCED}
EARLY = {**BASE, "smtpd_delay_reject": "no"}
REINJECT = f"""127.0.0.1:{REINJECT_PORT} inet n - n - - smtpd
  -o {{ content_filter = }}
  -o {{ smtpd_proxy_filter = }}
  -o {{ smtpd_authorized_xforward_hosts = 127.0.0.0/8 }}
  -o {{ receive_override_options = no_unknown_recipient_checks }}
"""


# What the manuals say the listener should have; without it, it inherits main.cf and judges the filter's greeting.
REINJECT_CLEAN = "".join(
    f"  -o {{ smtpd_{name}_restrictions = {value} }}\n"
    for name, value in (
        ("client", ""),
        ("helo", ""),
        ("sender", ""),
        ("relay", ""),
        ("recipient", "permit_mynetworks,reject"),
        ("data", ""),
        ("end_of_data", ""),
    )
)


AMAVIS = """\
smtp-amavis unix - - n - 2 smtp
  -o { smtp_send_xforward_command = yes }
  -o { syslog_name = postfix/amavis }
"""
FILTERED = {**BASE, "content_filter": "smtp-amavis:[127.0.0.1]:10024"}
