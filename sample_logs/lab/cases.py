"""The small logs: one question about Postfix's log each, with the truth beside it."""

from . import world as w
from .laboratory import Laboratory, Setup
from .postfix import REINJECT_PORT

TRIAL = ", ".join(f"warn_if_reject {name}" for name in w.HELO_TRIO)
ENFORCED = (
    "permit_mynetworks, permit_sasl_authenticated, reject_unlisted_recipient, reject_unknown_sender_domain, "
    "reject_rbl_client dnsbl.example"
)
BASE = {"smtpd_helo_required": "yes", "smtpd_helo_restrictions": TRIAL, "smtpd_recipient_restrictions": ENFORCED}
EARLY = {**BASE, "smtpd_delay_reject": "no"}

CASES: dict[str, tuple] = {}


def case(description: str, settings: dict[str, str] | None = None, **more):
    """Register a play under its function's name."""

    def register(play):
        more.setdefault("trial", w.HELO_TRIO)
        CASES[play.__name__] = (Setup(description, BASE if settings is None else settings, **more), play)
        return play

    return register


def ordinary(
    lab: Laboratory, who: w.Host, *recipients: str, sender: str = "", helo: str | None = None, **more
) -> list[dict]:
    """A session with one mail."""
    session = lab.connect(who)
    session.greet(helo)
    records = session.mail(
        sender or f"office@{who.domain}",
        [f"{one}@corbel.example" if "@" not in one else one for one in recipients or ("anna",)],
        **more,
    )
    session.quit()
    lab.pause(7)
    return records


# --- stages ---------------------------------------------------------------------------------------------------------


@case(
    "smtpd_delay_reject=yes (default): warnings at stage RCPT, one per recipient and restriction. Good, careless and "
    "spam-like clients; real refusals after the warnings."
)
def delay_reject_yes(lab):
    for who in (
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
    ):
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


# --- mails and recipients -------------------------------------------------------------------------------------------


@case(
    "Mails with several recipients, some refused: the first recipient's warning is NOQUEUE, the later ones "
    "carry the queue id."
)
def several_recipients(lab):
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", "clara")
    ordinary(lab, w.CRAFTSMAN, "nosuch", "bert", "clara")
    ordinary(lab, w.KONTOR, "bert", "nosuch", "victim@example.net")
    ordinary(lab, w.KONTOR, "nosuch", "nosuch2")
    ordinary(lab, w.PARTNER, "anna", "bert", "nosuch")
    ordinary(lab, w.PRACTICE, "anna", "full", "gone", "busy")
    ordinary(lab, w.CRAFTSMAN, "info", "sales")
    ordinary(lab, w.CRAFTSMAN, "team")
    ordinary(lab, w.CRAFTSMAN, "anna", "anna", hint="delivered")
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", pipelined=True)
    lab.pause(1200)
    lab.postfix.retry()


@case("Several mails in a session, with RSET, refused mails and other senders between them.")
def several_mails(lab):
    for who in (w.PARTNER, w.CRAFTSMAN):
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.mail(f"b@{who.domain}", ["nosuch@corbel.example"])
        session.mail(f"b@{who.domain}", ["bert@corbel.example", "clara@corbel.example"], end="rset")
        session.mail(f"c@{who.domain}", ["bert@corbel.example", "clara@corbel.example"])
        session.quit()
        lab.pause(40)


@case("Sessions that run at the same time, in several smtpd processes, with their lines interleaved.")
def interleaved(lab):
    hosts = [w.CRAFTSMAN, w.PARTNER, w.KONTOR, w.SPAMMERS[0], w.SPAMMERS[1]]
    sessions = [lab.connect(who) for who in hosts]
    for session in sessions:
        session.greet()
    for recipients in (["anna@corbel.example"], ["bert@corbel.example", "nosuch@corbel.example"]):
        for session in sessions:
            session.mail(f"office@{session.who.domain}", recipients)
    for session in reversed(sessions):
        session.quit()
    lab.pause(30)
    second = [lab.connect(who) for who in reversed(hosts)]
    for session in second:
        session.greet()
    for session in second[::2]:
        session.mail(f"office@{session.who.domain}", ["clara@corbel.example"], end="drop_in_data")
    for session in second[1::2]:
        session.mail(f"office@{session.who.domain}", ["clara@corbel.example"])
        session.quit()


@case(
    "Abandoned transactions and probes: RSET, QUIT after RCPT, lost connections after CONNECT, EHLO, RCPT and in DATA; "
    "MAIL FROM:<>, RCPT, QUIT is another site verifying an address."
)
def abandoned_and_probes(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        for end in ("rset", "quit", "drop", "drop_in_data"):
            session = lab.connect(who)
            session.greet()
            session.mail(f"office@{who.domain}", ["anna@corbel.example"], end=end)
            session.quit()
            lab.pause(5)
        for end in ("quit", "rset"):
            session = lab.connect(who)
            session.greet()
            session.mail("", ["anna@corbel.example"], end=end)
            session.quit()
            lab.pause(5)
        session = lab.connect(who)
        session.greet()
        session.mail("", ["nosuch@corbel.example"], end="quit")
        lab.pause(5)
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example", "bert@corbel.example"], end="drop")
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.quit()
        lab.pause(5)
        ordinary(lab, who, "anna", sender="MAILER-DAEMON@" + who.domain)
        session = lab.connect(who)  # a real bounce: null sender with a mail
        session.greet()
        session.mail("", ["anna@corbel.example"])
        session.quit()
        for verb in (None, "EHLO"):
            session = lab.connect(who)
            if verb:
                session.greet()
            session.drop()
        lab.pause(5)


# --- who --------------------------------------------------------------------------------------------------------------


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


# --- several restrictions and own texts ----------------------------------------------------------------------------


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


# --- what becomes of mail -------------------------------------------------------------------------------------------


@case(
    "Mail that an access table really holds (HOLD), beside a trial. It is accepted, yet never becomes "
    "active. One held mail "
    "is released later.",
    {**BASE, "smtpd_sender_restrictions": "check_sender_access texthash:/etc/postfix/sender_access"},
    files={"sender_access": "hold@handwerk.example HOLD looked at by a human\nhold@partner.example HOLD\n"},
)
def held(lab):
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", sender="hold@handwerk.example")
    ordinary(lab, w.PARTNER, sender="hold@partner.example")
    ordinary(lab, w.CRAFTSMAN, "nosuch", sender="hold@handwerk.example")
    released, *_ = ordinary(lab, w.CRAFTSMAN, "dora", sender="hold@handwerk.example")
    ordinary(lab, w.CRAFTSMAN, "nosuch", "clara", sender="hold@handwerk.example")
    lab.pause(3600)
    lab.postfix.release(released["reply"].rpartition("queued as ")[2])
    ordinary(lab, w.CRAFTSMAN)


@case(
    "Mail that an access table discards (DISCARD): the client is told that it was accepted.",
    {**BASE, "smtpd_sender_restrictions": "check_sender_access texthash:/etc/postfix/sender_access"},
    files={"sender_access": "drop@handwerk.example DISCARD thrown away\ndrop@partner.example DISCARD\n"},
)
def discarded(lab):
    ordinary(
        lab,
        w.CRAFTSMAN,
        "anna",
        "bert",
        sender="drop@handwerk.example",
        hint="discarded",
        unseen=("bert@corbel.example",),
    )
    ordinary(lab, w.PARTNER, sender="drop@partner.example", hint="discarded")
    ordinary(lab, w.CRAFTSMAN, "nosuch", sender="drop@handwerk.example", hint="discarded")
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.mail("drop@handwerk.example", ["anna@corbel.example"], hint="discarded")
    session.mail("meister@handwerk.example", ["anna@corbel.example"])
    session.quit()
    lab.pause(3)
    ordinary(lab, w.CRAFTSMAN)


@case(
    "warn_if_reject in front of an access table does not disarm HOLD, DISCARD and WARN; REJECT there is only "
    "warned about.",
    {**BASE, "smtpd_sender_restrictions": "warn_if_reject check_sender_access texthash:/etc/postfix/sender_access"},
    files={
        "sender_access": "hold@partner.example HOLD\ndrop@partner.example DISCARD\nwarn@partner.example WARN seen\n"
        "info@partner.example INFO noted\nbad@partner.example REJECT\nlater@partner.example DEFER_IF_PERMIT not now\n"
    },
    trial=(*w.HELO_TRIO, "check_sender_access"),
    faults={"bad@partner.example": {"check_sender_access"}, "later@partner.example": {"check_sender_access"}},
)
def trial_does_not_disarm(lab):
    for name in ("hold", "drop", "warn", "info", "bad", "later", "plain"):
        ordinary(lab, w.PARTNER, "anna", sender=f"{name}@partner.example", hint="discarded" if name == "drop" else None)
        ordinary(
            lab,
            w.PARTNER,
            "anna",
            sender=f"{name}@partner.example",
            helo="frasier",
            hint="discarded" if name == "drop" else None,
        )


@case(
    "header_checks: REJECT, HOLD, DISCARD, WARN, by cleanup after the recipients were taken.",
    {**BASE, "header_checks": "regexp:/etc/postfix/header_checks"},
    files={
        "header_checks": "/^Subject: cheap pills/ REJECT no pills here\n/^Subject: hold me/ HOLD\n"
        "/^Subject: drop me/ DISCARD\n"
        "/^Subject: warn me/ WARN odd\n/^Subject: later/ REJECT 4.7.1 not now\n"
    },
)
def header_checks(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        for subject in ("cheap pills", "hold me", "drop me", "warn me", "an invoice"):
            ordinary(
                lab,
                who,
                "anna",
                "bert",
                headers=f"Subject: {subject}\r\n",
                hint="discarded" if subject == "drop me" else None,
            )


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


def play_filtered(lab):
    for who in (w.PARTNER, w.CRAFTSMAN, w.KONTOR):
        ordinary(lab, who, "anna")
        ordinary(lab, who, "anna", "bert", "nosuch")
    ordinary(lab, w.CRAFTSMAN, "full", "gone", "busy")
    ordinary(lab, w.CRAFTSMAN, "info")
    lab.pause(1500)
    lab.postfix.retry()


@case(
    "A content filter behind the queue that injects mail again; its listener has restrictions of its own "
    "(none on trial).",
    FILTERED,
    master=AMAVIS + REINJECT + REINJECT_CLEAN,
    filter="after",
    trial_by_service={"reinject": ()},
)
def filter_after_queue(lab):
    play_filtered(lab)


@case(
    "The same filter, but the re-injection listener inherits the restrictions on trial from main.cf: it "
    "warns about every "
    "filtered mail, because the filter greets with `localhost`. No XFORWARD.",
    FILTERED,
    master=AMAVIS + REINJECT,
    filter="after-plain",
)
def filter_inherits(lab):
    play_filtered(lab)


@case(
    "A filter before the queue (smtpd_proxy_filter): smtpd logs NOQUEUE: client= and proxy-accept; a refused "
    "mail is proxy-reject.",
    BASE,
    services={"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}},
    master=REINJECT + REINJECT_CLEAN,
    filter="before",
)
def filter_before_queue(lab):
    for who in (w.PARTNER, w.CRAFTSMAN):
        ordinary(lab, who, "anna")
        ordinary(lab, who, "anna", "bert", "nosuch")
        ordinary(lab, who, "anna", headers="Subject: cheap pills\r\n")
        ordinary(lab, who, "nosuch")
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["gone@corbel.example"])
        session.mail(f"a@{who.domain}", ["bert@corbel.example"])
        session.quit()
        lab.pause(6)
    ordinary(lab, w.CRAFTSMAN, "anna", end="drop")


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


@case(
    "VRFY and ETRN: their warnings concern no mail.",
    {
        **BASE,
        "smtpd_etrn_restrictions": "warn_if_reject check_etrn_access texthash:/etc/postfix/etrn_access",
        "smtpd_recipient_restrictions": "reject_unlisted_recipient",
    },
    files={"etrn_access": "corbel.example REJECT no ETRN\n"},
)
def vrfy_etrn(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        session = lab.connect(who)
        session.greet()
        for command in (
            "VRFY anna@corbel.example",
            "VRFY <nosuch@corbel.example>",
            "ETRN corbel.example",
            "NOOP",
            "HELP",
            "EXPN x",
        ):
            session.wire.command(command)
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.quit()
        lab.pause(5)


@case(
    "VRFY switched off, and mail without a greeting: a 502 and a missing HELO leave no line, only smtpd's counters.",
    {**BASE, "smtpd_helo_required": "no", "disable_vrfy_command": "yes"},
)
def vrfy_off(lab):
    session = lab.connect(w.PARTNER)
    session.greet()
    for command in ("VRFY anna@corbel.example", "VRFY nosuch", "VRFY"):
        session.wire.command(command)
    session.quit()
    lab.pause(5)
    for who, recipients in ((w.ORG, ("anna", "bert")), (w.COPIER, ("anna",))):
        session = lab.connect(who)
        session.mail(f"a@{who.domain}", [f"{one}@corbel.example" for one in recipients])
        session.quit()
        lab.pause(5)
    session = lab.connect(w.NET)
    session.greet()
    session.starttls()
    session.mail("a@example.net", ["clara@corbel.example", "nosuch@corbel.example"])
    session.quit()
    lab.pause(5)
    ordinary(lab, w.BANK)


@case(
    "Enforced HELO restrictions with smtpd_delay_reject=yes, after a trial: the same clients are refused at RCPT.",
    {**BASE, "smtpd_helo_restrictions": TRIAL.replace("warn_if_reject ", "")},
    trial=(),
)
def enforced(lab):
    for who in (
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
    ):
        ordinary(lab, who, "anna")


def enforce_alone(name: str) -> None:
    """The plays of `delay_reject_yes` against one restriction in earnest: it loses what the trial must have said."""

    def play(lab):
        delay_reject_yes(lab)

    play.__name__ = name.replace("reject_", "enforced_").replace("_hostname", "")
    case(
        f"The clients of delay_reject_yes once more, with {name} alone enforced. What is accepted there and "
        f"not here is "
        "what the trial calls flagged and accepted.",
        {**BASE, "smtpd_helo_restrictions": name},
        trial=(),
    )(play)


for one in w.HELO_TRIO:
    enforce_alone(one)


@case(
    "Enforced HELO restrictions with smtpd_delay_reject=no: refused at EHLO. Clients that give up, that "
    "correct their HELO "
    "and deliver, and that ignore the refusal and are stopped at MAIL.",
    {**EARLY, "smtpd_helo_restrictions": TRIAL.replace("warn_if_reject ", "")},
    trial=(),
)
def enforced_early(lab):
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.quit()
    lab.pause(5)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.greet("dsl-17.handwerk.example")
    session.mail("meister@handwerk.example", ["anna@corbel.example"])
    session.quit()
    lab.pause(5)
    for who in (w.KONTOR, w.PARISH, w.PARTNER):
        ordinary(lab, who, "anna")


@case(
    "enable_long_queue_ids=yes and smtpd_client_port_logging=yes.",
    {**BASE, "enable_long_queue_ids": "yes", "smtpd_client_port_logging": "yes"},
)
def long_queue_ids(lab):
    for who in (w.PARTNER, w.CRAFTSMAN, w.KONTOR, w.SPAMMERS[1]):
        ordinary(lab, who, "anna", "bert", "nosuch")
    ordinary(lab, w.CRAFTSMAN, "gone", "info")


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
    "Access table actions that change a mail's way: REDIRECT, FILTER, BCC, PREPEND.",
    {**BASE, "smtpd_sender_restrictions": "check_sender_access texthash:/etc/postfix/sender_access"},
    files={
        "sender_access": "turn@partner.example REDIRECT postmaster@corbel.example\n"
        "way@partner.example FILTER lmtp:unix:private/dovecot-lmtp\n"
        "copy@partner.example BCC emil@corbel.example\nmark@partner.example PREPEND X-Seen: yes\n"
    },
    notes="A redirected mail reaches postmaster@ instead of the recipient; the truth calls that delivered.",
)
def other_actions(lab):
    for name in ("turn", "way", "copy", "mark"):
        for helo in (None, "frasier"):
            ordinary(lab, w.PARTNER, "anna", sender=f"{name}@partner.example", helo=helo, hint="delivered")


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


@case(
    "Limits: too many recipients refused in a session cut it (smtpd_hard_error_limit), connection rate "
    "limits of anvil.",
    {**BASE, "smtpd_hard_error_limit": "4", "smtpd_client_connection_rate_limit": "4", "anvil_rate_time_unit": "60s"},
)
def limits(lab):
    ordinary(lab, w.CRAFTSMAN, *(f"nosuch{number}" for number in range(8)), "anna")
    for _ in range(6):
        try:
            session = lab.connect(w.KONTOR)
            session.greet()
            session.mail("office@kontor.example", ["anna@corbel.example"])
            session.quit()
        except ConnectionError:
            pass
    lab.pause(90)
    ordinary(lab, w.KONTOR, "bert")


@case(
    "Misbehaviour: no HELO, commands out of order, pipelining after EHLO without waiting, unknown commands, "
    "too many errors, "
    "overlong HELO, bytes that are not UTF-8, quoted local parts with `; from=<` in them."
)
def misbehaviour(lab):
    session = lab.connect(w.SPAMMERS[0])
    for command in ("MAIL FROM:<a@example.org>", "RCPT TO:<anna@corbel.example>", "GET / HTTP/1.0"):
        try:
            session.wire.command(command)
        except ConnectionError:
            session.open = False
            break
    session.quit()
    session = lab.connect(w.SPAMMERS[0])
    session.wire.send(b"EHLO frasier\r\nMAIL FROM:<a@example.org>\r\nNOOP")
    for _ in range(3):
        session.wire.reply()
    session.quit()
    session = lab.connect(w.SPAMMERS[0])
    session.greet()
    for number in range(25):
        try:
            session.wire.command(f"BOGUS {number}")
        except ConnectionError:
            session.open = False
            break
    session.quit()
    trio = {w.INVALID, w.NON_FQDN, w.UNKNOWN}
    for name in ("x" * 600, "b\udcffd\udcfe", "a b c", "<script>alert(1)</script>", "name;from=<x@y>"):
        lab.setup.faults[name] = trio
        session = lab.connect(w.SPAMMERS[2])
        session.greet(name)
        session.mail("office@pool.example", ["anna@corbel.example"])
        session.quit()
        lab.pause(3)
    ordinary(lab, w.CRAFTSMAN, "anna", sender='"x; from=<y@z> to="@handwerk.example')
    ordinary(lab, w.CRAFTSMAN, '"x> proto=ESMTP helo=<fake"@corbel.example')
