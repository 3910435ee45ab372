"""Who comes: authorized clients, a service with a list of its own, front ends, IPv6."""

from .. import world as w
from ..site_settings import BASE, ENFORCED, TRIAL
from .register import case, ordinary


@case(
    "Authorized clients without permit before the trial: users on submission (a tag of its own), users who log in on "
    "port 25, own networks. All greet badly; all are flagged.",
    {**BASE, "smtpd_sasl_auth_enable": "yes"},
)
def authorized_clients(lab):
    for who in (w.ANNA, w.BERT, w.DORA):
        for service in ("submission", "smtp"):
            session = lab.connect(who, service)
            session.greet()
            session.starttls()
            session.greet()
            session.login()
            session.mail(f"{who.user}@corbel.example", ["kunde@partner.example", "bert@corbel.example"])
            session.quit()
            lab.pause(20)
    session = lab.connect(w.ANNA, "submission")
    session.greet()
    session.login(password="wrong")
    session.mail("anna@corbel.example", ["kunde@partner.example"])
    session.quit()
    ordinary(lab, w.COPIER, "anna", sender="scan@corbel.example")
    ordinary(lab, w.COPIER, "kunde@example.org", sender="scan@corbel.example")
    ordinary(lab, w.OWN_SERVER, "grey@example.org", "nobody@example.org", sender="erp@corbel.example")
    ordinary(lab, w.ANNA, "kunde@example.org", sender="anna@corbel.example")
    ordinary(lab, w.CRAFTSMAN)
    lab.pause(1000)
    lab.postfix.retry()


@case(
    "The same authorized clients with permit_mynetworks, permit_sasl_authenticated before the trial: none of "
    "them is flagged.",
    {
        **BASE,
        "smtpd_sasl_auth_enable": "yes",
        "smtpd_helo_restrictions": "permit_mynetworks, permit_sasl_authenticated, " + TRIAL,
    },
    permit_first=True,
)
def permits_first(lab):
    authorized_clients(lab)


@case(
    "Trial on the submission service only, with its own list; port 25 enforces nothing of it.",
    {"smtpd_recipient_restrictions": ENFORCED},
    services={"submission": {"smtpd_helo_restrictions": "warn_if_reject reject_non_fqdn_helo_hostname"}},
    trial=(),
    trial_by_service={"submission": (w.NON_FQDN,), "smtp": ()},
)
def submission_only(lab):
    for who in (w.ANNA, w.DORA, w.BERT):
        session = lab.connect(who, "submission")
        session.greet()
        session.login()
        session.mail(f"{who.user}@corbel.example", ["anna@corbel.example"])
        session.quit()
        lab.pause(11)
    ordinary(lab, w.CRAFTSMAN)


@case(
    "smtpd_log_access_permit_actions=static:all: permit lines beside the warnings.",
    {**BASE, "smtpd_sasl_auth_enable": "yes", "smtpd_log_access_permit_actions": "static:all"},
)
def permits_logged(lab):
    ordinary(lab, w.COPIER, "anna", sender="scan@corbel.example")
    ordinary(lab, w.CRAFTSMAN, "anna")
    session = lab.connect(w.ANNA)
    session.greet()
    session.login()
    session.mail("anna@corbel.example", ["kunde@example.org", "bert@corbel.example"])
    session.quit()


@case(
    "XCLIENT from a front end: the connect line shows the front end, later lines the real client.",
    {**BASE, "smtpd_authorized_xclient_hosts": "192.168.10.5"},
    notes="client_name and client_addr are those of the real client; connect and disconnect lines differ.",
)
def xclient(lab):
    for name, address, helo in (
        ("dsl-17.handwerk.example", "203.0.113.60", "frasier"),
        ("mail.partner.example", "203.0.113.10", "mail.partner.example"),
    ):
        session = lab.connect(w.OWN_SERVER)
        session.greet("erp.lan.test")
        session.wire.command(f"XCLIENT NAME={name} ADDR={address} PROTO=ESMTP HELO={helo}")
        session.role, session.who = "outside", w.host(address, name, helo)
        session.greet(helo)
        session.mail(f"office@{name.partition('.')[2]}", ["anna@corbel.example", "nosuch@corbel.example"])
        session.quit()
        lab.pause(9)


@case("Clients with IPv6 addresses, literals as HELO among them.", {**BASE, "inet_protocols": "all"})
def ipv6(lab):
    hosts = (
        w.host("2001:db8:1::10", "mail6.partner.example", "mail.partner.example"),
        w.host("2001:db8:2::20", "unknown", "frasier", "handwerk.example"),
        w.host("2001:db8:3::30", "unknown", "[IPv6:2001:db8:3::30]", "example.org"),
        w.host("2001:db8:4::40", "unknown", "2001:db8:4::40", "example.org"),
    )
    lab.zone.host("mail6.partner.example", "2001:db8:1::10")
    lab.setup.faults["2001:db8:4::40"] = {w.NON_FQDN, w.UNKNOWN}
    for who in hosts:
        ordinary(lab, who, "anna", "nosuch")
