"""Where in a session a restriction speaks: CONNECT, HELO, MAIL, RCPT, DATA, END-OF-MESSAGE; STARTTLS between."""

from .. import world as w
from ..site_settings import BASE, EARLY
from .register import case, ordinary

EVERY_GREETING = (
    w.PARTNER,
    w.CRAFTSMAN,
    w.KONTOR,
    w.PRACTICE,
    w.PRINTSHOP,
    w.CLUB,
    w.BANK,
    w.PARISH,
    w.SHOP,
    w.UNIVERSITY,
)
"""Clients that greet rightly, and with each fault."""


@case(
    "smtpd_delay_reject=yes (default): warnings at stage RCPT, one per recipient and restriction. Good, careless and "
    "spam-like clients; real refusals after the warnings."
)
def delay_reject_yes(lab):
    for who in EVERY_GREETING:
        ordinary(lab, who)
    ordinary(lab, w.CRAFTSMAN, "nosuch")
    for who in w.SPAMMERS[:6]:
        ordinary(lab, who, "bert")
    ordinary(lab, w.SPAMMERS[2], "victim@example.net")
    ordinary(lab, w.SPAMMERS[2], "bert", sender="x@nodomain.example")


@case(
    "smtpd_delay_reject=no: warnings at stage EHLO/HELO, without sender and recipient. They cover the later mails of "
    "the session until the client greets anew.",
    EARLY,
)
def delay_reject_no(lab):
    for who in (w.PARTNER, w.CRAFTSMAN, w.KONTOR, w.PRACTICE, w.BANK):
        ordinary(lab, who)
    session = lab.connect(w.PRINTSHOP)
    session.greet(verb="HELO")
    session.mail("scan@printshop.example", ["anna@corbel.example", "bert@corbel.example"])
    session.mail("scan@printshop.example", ["clara@corbel.example"])
    session.quit()
    lab.pause(5)
    ordinary(lab, w.CRAFTSMAN, "nosuch")
    ordinary(lab, w.SPAMMERS[1], "anna")
    for end in ("quit", "drop"):
        session = lab.connect(w.SPAMMERS[2])
        session.greet()
        session.quit() if end == "quit" else session.drop()


@case(
    "smtpd_delay_reject=no with warnings at stages CONNECT (reject_unknown_client_hostname), EHLO (the three) and MAIL "
    "(reject_unknown_sender_domain).",
    {
        **EARLY,
        "smtpd_client_restrictions": "warn_if_reject reject_unknown_client_hostname",
        "smtpd_sender_restrictions": "warn_if_reject reject_unknown_sender_domain",
        "smtpd_recipient_restrictions": "permit_mynetworks, reject_unlisted_recipient",
    },
    trial=(*w.HELO_TRIO, w.UNKNOWN_CLIENT, w.UNKNOWN_SENDER),
    faults={"nodomain.example": {w.UNKNOWN_SENDER}},
)
def early_stages(lab):
    ordinary(lab, w.PARTNER)
    ordinary(lab, w.PRACTICE)
    ordinary(lab, w.PARISH, "anna", "bert")
    ordinary(lab, w.KONTOR, sender="x@nodomain.example")
    session = lab.connect(w.ORG)
    session.greet()
    session.mail("x@nodomain.example", ["anna@corbel.example"])
    session.mail("real@example.org", ["anna@corbel.example", "bert@corbel.example"])
    session.mail("y@nodomain.example", ["dora@corbel.example", "nosuch@corbel.example"])
    session.mail("z@nodomain.example", ["dora@corbel.example"], end="rset")
    session.mail("real@example.org", ["clara@corbel.example"])
    session.quit()


@case(
    "smtpd_delay_reject=no and STARTTLS: the greeting before TLS does not count. Bad then clean, bad then "
    "the same bad, "
    "clean then bad, and TLS without any mail.",
    EARLY,
)
def starttls_delay_reject_no(lab):
    for before, after in (
        ("frasier", "dsl-17.handwerk.example"),
        ("frasier", "frasier"),
        ("dsl-17.handwerk.example", "frasier"),
        ("localhost", "frasier"),
        ("frasier", "exchange.kontor.test"),
    ):
        session = lab.connect(w.CRAFTSMAN)
        session.greet(before)
        session.starttls()
        session.greet(after)
        session.mail("meister@handwerk.example", ["anna@corbel.example"])
        session.quit()
        lab.pause(30)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.starttls()
    session.quit()


@case("smtpd_delay_reject=yes and STARTTLS: only the greeting in force at RCPT is judged.")
def starttls_delay_reject_yes(lab):
    starttls_delay_reject_no(lab)


@case("smtpd_delay_reject=no: clients that greet again within a session, correcting or spoiling their HELO.", EARLY)
def corrected_helo(lab):
    for names in (
        ("frasier", "dsl-17.handwerk.example"),
        ("dsl-17.handwerk.example", "frasier"),
        ("frasier", "localhost"),
    ):
        session = lab.connect(w.CRAFTSMAN)
        for name in names:
            session.greet(name)
            session.mail("meister@handwerk.example", ["anna@corbel.example"])
        session.quit()
        lab.pause(20)
    session = lab.connect(w.CRAFTSMAN)
    session.greet("-")
    session.greet("frasier", verb="HELO")
    session.greet("dsl-17.handwerk.example")
    session.mail("meister@handwerk.example", ["bert@corbel.example"])
    session.quit()


@case(
    "Warnings at stages DATA and END-OF-MESSAGE: they concern the whole mail. With one recipient the line "
    "has to=, with "
    "several it has not.",
    {
        **BASE,
        "smtpd_data_restrictions": "warn_if_reject check_sender_access texthash:/etc/postfix/data_access, "
        "warn_if_reject reject_multi_recipient_bounce",
        "smtpd_end_of_data_restrictions": "warn_if_reject check_client_access texthash:/etc/postfix/eod_access",
    },
    files={
        "data_access": "data@partner.example REJECT not at DATA\n",
        "eod_access": "203.0.113.20 REJECT not at the end\n",
    },
    trial=(*w.HELO_TRIO, "check_sender_access", "check_client_access", "reject_multi_recipient_bounce"),
)
def data_stage(lab):
    at_data, at_end = ("check_sender_access",), ("check_client_access",)
    ordinary(lab, w.PARTNER, "anna", sender="data@partner.example", data_flags=at_data)
    ordinary(lab, w.PARTNER, "anna", "bert", "nosuch", sender="data@partner.example", data_flags=at_data)
    ordinary(lab, w.PARTNER, "anna", "bert", sender="data@partner.example", helo="frasier", data_flags=at_data)
    ordinary(lab, w.SUPPLIERS[0], "anna", data_flags=at_end)
    ordinary(lab, w.SUPPLIERS[0], "anna", "clara", data_flags=at_end)
    ordinary(lab, w.SUPPLIERS[0], "anna", "clara", sender="data@partner.example", data_flags=at_data + at_end)
    session = lab.connect(w.PARTNER)
    session.greet()
    session.mail("", ["anna@corbel.example", "bert@corbel.example"], data_flags=("reject_multi_recipient_bounce",))
    session.mail("", ["anna@corbel.example"])
    session.mail("data@partner.example", ["anna@corbel.example"], data_flags=at_data, end="bdat")
    session.mail("data@partner.example", ["anna@corbel.example"], end="rset")
    session.quit()
    lab.pause(3)
    ordinary(lab, w.PARTNER)


@case("BDAT (CHUNKING) instead of DATA.")
def bdat(lab):
    ordinary(lab, w.PARTNER, "anna", end="bdat")
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", end="bdat", size=5000)
    ordinary(lab, w.CRAFTSMAN, "nosuch", end="bdat")
    session = lab.connect(w.KONTOR)
    session.greet()
    session.mail("a@kontor.example", ["anna@corbel.example"], end="bdat")
    session.mail("a@kontor.example", ["clara@corbel.example"], end="bdat")
    session.quit()


@case(
    "smtpd_delay_open_until_valid_rcpt=no: the queue file is opened at MAIL, so every line carries a queue id, also of "
    "mail that is refused completely.",
    {**BASE, "smtpd_delay_open_until_valid_rcpt": "no"},
)
def open_at_mail(lab):
    ordinary(lab, w.CRAFTSMAN, "anna", "bert")
    ordinary(lab, w.CRAFTSMAN, "nosuch")
    ordinary(lab, w.CRAFTSMAN, "nosuch", "anna")
    ordinary(lab, w.SPAMMERS[1], "anna")
    ordinary(lab, w.PARTNER, "anna", end="rset")
    ordinary(lab, w.CRAFTSMAN, "anna", end="drop")
    session = lab.connect(w.KONTOR)
    session.greet()
    session.mail("a@kontor.example", ["nosuch@corbel.example"])
    session.mail("a@kontor.example", ["anna@corbel.example"])
    session.quit()
