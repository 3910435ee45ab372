"""Which restriction is on trial: several at once, other ones than HELO, tables and services with texts of their own."""

from .. import world as w
from ..site_settings import BASE, ENFORCED
from .register import case, ordinary


@case(
    "Several restrictions on trial at once in several lists: client, HELO, sender.",
    {
        **BASE,
        "smtpd_client_restrictions": f"warn_if_reject {w.UNKNOWN_CLIENT}, warn_if_reject {w.UNKNOWN_REVERSE}",
        "smtpd_sender_restrictions": f"warn_if_reject {w.UNKNOWN_SENDER}, warn_if_reject {w.NON_FQDN_SENDER}",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject_unlisted_recipient, "
        "warn_if_reject reject_rbl_client dnsbl.example",
    },
    trial=(*w.HELO_TRIO, w.UNKNOWN_CLIENT, w.UNKNOWN_REVERSE, w.UNKNOWN_SENDER, w.NON_FQDN_SENDER, w.RBL),
    faults={
        "nodomain.example": {w.UNKNOWN_SENDER},
        "tempfail.example": {w.UNKNOWN_SENDER},
        "noreply": {w.NON_FQDN_SENDER},
    },
)
def many_on_trial(lab):
    for who in (w.PARTNER, w.PRACTICE, w.PARISH, w.CRAFTSMAN, *w.SPAMMERS[:5]):
        ordinary(lab, who, "anna", "bert")
    ordinary(lab, w.PARTNER, sender="x@nodomain.example")
    ordinary(lab, w.PARTNER, sender="x@tempfail.example")
    ordinary(lab, w.PARTNER, sender="noreply")


ACCESS_CLIENT = (
    "203.0.113.65 REJECT Mail from web shops is not accepted\n"
    "203.0.113.60 554 5.7.1 <frasier>: Helo command rejected: Host not found\n"
)
ACCESS_SENDER = (
    "newsletter.example REJECT Newsletters: write to postmaster; from=<a@x.example> to=<b@y.example> helo=<z>\n"
    "partner.example 450 4.7.0 Try tomorrow\n"
)


@case(
    "Access tables on trial with texts of their own, some of which imitate built-in texts or the end of a line.",
    {
        "smtpd_client_restrictions": "warn_if_reject check_client_access texthash:/etc/postfix/client_access",
        "smtpd_sender_restrictions": "warn_if_reject check_sender_access texthash:/etc/postfix/sender_access",
        "smtpd_recipient_restrictions": ENFORCED,
    },
    files={"client_access": ACCESS_CLIENT, "sender_access": ACCESS_SENDER},
    trial=("check_client_access", "check_sender_access"),
    faults={
        w.SHOP.address: {"check_client_access"},
        w.CRAFTSMAN.address: {"check_client_access"},
        "newsletter.example": {"check_sender_access"},
        "partner.example": {"check_sender_access"},
    },
    texts={"check_client_access": ACCESS_CLIENT, "check_sender_access": ACCESS_SENDER},
)
def own_texts(lab):
    for who in (w.SHOP, w.CRAFTSMAN, w.PARTNER, w.NEWS[0], w.ORG):
        ordinary(lab, who, "anna", "bert")
        ordinary(lab, who, "nosuch")
    ordinary(lab, w.SHOP, sender="list@newsletter.example")


@case(
    "reject_unknown_client_hostname on trial, in the client list.",
    {
        "smtpd_client_restrictions": "warn_if_reject reject_unknown_client_hostname",
        "smtpd_recipient_restrictions": ENFORCED,
    },
    trial=(w.UNKNOWN_CLIENT,),
)
def unknown_client(lab):
    for who in (w.PARTNER, w.PRACTICE, w.PARISH, *w.SPAMMERS[:4]):
        ordinary(lab, who, "anna")


@case(
    "reject_unknown_sender_domain on trial: a domain that does not exist, and one whose name server fails.",
    {
        "smtpd_sender_restrictions": "warn_if_reject reject_unknown_sender_domain",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject_unlisted_recipient",
    },
    trial=(w.UNKNOWN_SENDER,),
    faults={"nodomain.example": {w.UNKNOWN_SENDER}, "tempfail.example": {w.UNKNOWN_SENDER}},
)
def unknown_sender_domain(lab):
    for sender in ("x@nodomain.example", "x@tempfail.example", "x@example.org", "bounce+a=b@nodomain.example"):
        ordinary(lab, w.ORG, "anna", sender=sender)
    ordinary(lab, w.ORG, "nosuch", "bert", sender="x@nodomain.example")
    session = lab.connect(w.ORG)
    session.greet()
    session.mail("", ["anna@corbel.example"])
    session.quit()


@case("soft_bounce=yes: codes of warnings, refusals and bounces begin with 4.", {**BASE, "soft_bounce": "yes"})
def soft_bounce(lab):
    for who in (w.CRAFTSMAN, w.KONTOR, w.PARISH, w.SPAMMERS[1]):
        ordinary(lab, who, "anna", "nosuch")
    ordinary(lab, w.CRAFTSMAN, "gone", "full", "busy")
    lab.pause(1000)
    lab.postfix.retry()


@case(
    "A policy service (greylisting) really defers the first try; the same mail comes in on a later one, or never.",
    {**BASE, "smtpd_recipient_restrictions": ENFORCED + ", check_policy_service inet:127.0.0.1:10023"},
)
def greylisted(lab):
    for who, recipients, tries in (
        (w.CRAFTSMAN, ["anna"], 2),
        (w.PARTNER, ["anna", "bert"], 2),
        (w.SPAMMERS[2], ["anna"], 1),
        (w.KONTOR, ["clara"], 3),
        (w.SPAMMERS[0], ["dora"], 1),
        (w.CRAFTSMAN, ["nosuch"], 1),
    ):
        for number in range(tries):
            ordinary(lab, who, *recipients, key=f"{who.helo}/{recipients[0]}")
            lab.pause(400 * (number + 1))


@case(
    "A greylisting policy service on trial: it remembers the client even though it only warns.",
    {**BASE, "smtpd_recipient_restrictions": ENFORCED + ", warn_if_reject check_policy_service inet:127.0.0.1:10023"},
    trial=(*w.HELO_TRIO, "check_policy_service"),
    texts={"check_policy_service": "Greylisted, see https://postgrey.example/help"},
    faults={f"first@{domain}": {"check_policy_service"} for domain in ("handwerk.example", "partner.example")},
)
def greylisting_on_trial(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        ordinary(lab, who, "anna", sender=f"first@{who.domain}")
        lab.setup.faults[f"first@{who.domain}"] = set()
        ordinary(lab, who, "anna", sender=f"first@{who.domain}")
