"""Small logs about what becomes of mail and addresses: rewriting, copies, aliases, milters, limits, filters, queues."""

from .. import world as w
from ..site_settings import AMAVIS, BASE, EARLY, FILTERED, REINJECT, REINJECT_CLEAN
from .register import case, ordinary

SHAPES = (
    "Anna@Corbel.Example",
    "anna+news@corbel.example",
    "postmaster",
    '"anna"@corbel.example',
    "info@corbel.example",
    "INFO@corbel.example",
    "abroad@corbel.example",
    "old@corbel.example",
    "nosuch+x@corbel.example",
)
REWRITING = {
    "recipient_canonical_maps": "texthash:/etc/postfix/recipient_canonical",
    "sender_canonical_maps": "texthash:/etc/postfix/sender_canonical",
    "smtp_generic_maps": "texthash:/etc/postfix/generic",
    "virtual_alias_maps": "texthash:/etc/postfix/aliases, texthash:/etc/postfix/more_aliases",
}
REWRITING_FILES = {
    "recipient_canonical": "old@corbel.example bert@corbel.example\n",
    "sender_canonical": "raw@handwerk.example nice@handwerk.example\n",
    "generic": "nice@handwerk.example outside@handwerk.example\n",
    "more_aliases": "abroad@corbel.example kunde@partner.example, dora@corbel.example\n"
    "postmaster postmaster@corbel.example\n",
}


def play_shapes(lab, sender: str, unseen: tuple[str, ...] = ()):
    for recipient in SHAPES:
        session = lab.connect(w.CRAFTSMAN)
        session.greet()
        session.mail("office@handwerk.example", [recipient], hint="delivered", unseen=unseen)
        session.quit()
        lab.pause(3)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    different = [one for one in SHAPES if one not in ('"anna"@corbel.example', "INFO@corbel.example")]
    session.mail(sender, different, hint="delivered", unseen=unseen)
    session.mail(sender, different[:3], hint="delivered", end="rset", unseen=unseen)
    session.quit()
    lab.pause(3)


@case(
    "Addresses in many shapes, canonical and generic rewriting, an alias to another site. No restriction is applied "
    "at RCPT to the bare address postmaster.",
    {**BASE, **REWRITING},
    files=REWRITING_FILES,
)
def shapes(lab):
    play_shapes(lab, "raw@handwerk.example", unseen=("postmaster",))


@case(
    "The same with smtpd_delay_reject=no: only the deliveries name the recipients.",
    {**EARLY, **REWRITING},
    files=REWRITING_FILES,
)
def shapes_early(lab):
    play_shapes(lab, "office@handwerk.example")


COPIES = {"always_bcc": "archive@corbel.example", "recipient_bcc_maps": "texthash:/etc/postfix/bcc"}
COPY_FILES = {
    "bcc": "bert@corbel.example emil@corbel.example\n",
    "mailboxes": w.mailbox_table() + "archive@corbel.example archive\n",
}


def play_copies(lab, given_up: bool = True):
    for who in (w.CRAFTSMAN, w.PARTNER):
        ordinary(lab, who, "anna")
        ordinary(lab, who, "anna", "bert")
        ordinary(lab, who, "bert", "nosuch")
        session = lab.connect(who)
        session.greet()
        if given_up:
            session.mail(f"a@{who.domain}", ["anna@corbel.example", "clara@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.mail(f"a@{who.domain}", ["info@corbel.example"])
        session.quit()
        lab.pause(3)


@case("Copies that Postfix adds itself: always_bcc, recipient_bcc_maps.", {**BASE, **COPIES}, files=COPY_FILES)
def copies(lab):
    play_copies(lab)


@case("The same with smtpd_delay_reject=no.", {**EARLY, **COPIES}, files=COPY_FILES)
def copies_early(lab):
    play_copies(lab, given_up=False)


ACCESS = {"sender_access": "hold@handwerk.example HOLD\ndrop@handwerk.example DISCARD\nno@handwerk.example REJECT no\n"}
CHECKS = {
    "header_checks": "/^Subject: cheap pills/ REJECT no pills here\n/^Subject: hold me/ HOLD\n"
    "/^Subject: drop me/ DISCARD\n"
    "/^Subject: later/ REJECT 4.7.1 not now\n/^Subject: turn/ REDIRECT clara@corbel.example\n"
}


@case(
    "smtpd_delay_reject=no and mail that is held, discarded or refused by access tables and header_checks.",
    {
        **EARLY,
        "smtpd_sender_restrictions": "check_sender_access texthash:/etc/postfix/sender_access",
        "header_checks": "regexp:/etc/postfix/header_checks",
    },
    files={**ACCESS, **CHECKS},
)
def taken_early(lab):
    two = ("anna", "bert", "nosuch")
    ordinary(lab, w.CRAFTSMAN, *two, sender="hold@handwerk.example")
    ordinary(lab, w.CRAFTSMAN, *two[:2], sender="drop@handwerk.example", hint="discarded")
    ordinary(lab, w.CRAFTSMAN, "anna", sender="no@handwerk.example")
    for subject in ("cheap pills", "hold me", "drop me", "later", "turn"):
        hint = {"drop me": "discarded", "turn": "delivered"}.get(subject)
        recipients = two[:1] if subject == "turn" else two  # with several only one is told
        ordinary(lab, w.CRAFTSMAN, *recipients, headers=f"Subject: {subject}\r\n", hint=hint)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.mail("hold@handwerk.example", ["anna@corbel.example", "bert@corbel.example"])
    session.mail("a@handwerk.example", ["anna@corbel.example", "bert@corbel.example"], end="rset")
    session.mail("no@handwerk.example", ["anna@corbel.example"])
    session.mail("a@handwerk.example", ["anna@corbel.example"])
    session.quit()
    lab.pause(3)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.mail("b@handwerk.example", ["nosuch@corbel.example"])
    session.mail("c@handwerk.example", ["anna@corbel.example"])
    session.quit()


@case(
    "header_checks with several mails in a session, refusals and a RSET between them.",
    {**BASE, "header_checks": "regexp:/etc/postfix/header_checks"},
    files=CHECKS,
)
def header_checks_in_session(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        session = lab.connect(who)
        session.greet()
        for subject in ("cheap pills", "fine", "drop me", "later", "hold me", "cheap pills"):
            hint = "discarded" if subject == "drop me" else None
            to = ["anna@corbel.example", "bert@corbel.example"]
            session.mail(f"a@{who.domain}", to, headers=f"Subject: {subject}\r\n", hint=hint)
            session.mail(f"a@{who.domain}", to, end="rset")
        session.quit()
        lab.pause(3)


@case(
    "Limits and failures in DATA: size (552), too many recipients (452), a lookup that fails after DATA (451).",
    {
        **BASE,
        "message_size_limit": "3000",
        "smtpd_recipient_limit": "3",
        "smtpd_recipient_overshoot_limit": "1",
        "sender_bcc_maps": "texthash:/etc/postfix/none, inline:{broken@handwerk.example=x}, tcp:127.0.0.1:9",
    },
    files={"none": "office@handwerk.example anna@corbel.example\noffice@kontor.example anna@corbel.example\n"},
)
def data_limits(lab):
    for who in (w.CRAFTSMAN, w.KONTOR):
        ordinary(lab, who, "anna", "bert", size=10000)
        ordinary(lab, who, "anna", "nosuch")
        ordinary(lab, who, "anna", size=10000, end="bdat")
        ordinary(lab, who, "anna", "bert", sender=f"failing@{who.domain}")
        session = lab.connect(who)
        session.greet()
        session.mail(f"office@{who.domain}", ["anna@corbel.example"], size=10000)
        session.mail(f"office@{who.domain}", ["anna@corbel.example"])
        session.quit()
        lab.pause(3)


@case(
    "Refusals at DATA and at END-OF-MESSAGE by restrictions in force, and clients that go on after them.",
    {
        **BASE,
        "smtpd_data_restrictions": "check_sender_access texthash:/etc/postfix/data_access, "
        "reject_multi_recipient_bounce",
        "smtpd_end_of_data_restrictions": "check_sender_access texthash:/etc/postfix/end_access",
    },
    files={
        "data_access": "data@handwerk.example REJECT not at DATA\nwait@handwerk.example 450 4.7.1 wait\n",
        "end_access": "end@handwerk.example REJECT not at the end\n",
    },
)
def refused_data(lab):
    for name in ("data", "wait", "end"):
        for recipients in (["anna"], ["anna", "bert"], ["anna", "nosuch"]):
            ordinary(lab, w.CRAFTSMAN, *recipients, sender=f"{name}@handwerk.example")
    for sender in ("", "wait@handwerk.example"):
        session = lab.connect(w.CRAFTSMAN)
        session.greet()
        session.mail(sender, ["anna@corbel.example", "bert@corbel.example"])
        session.mail(sender, ["anna@corbel.example"])
        session.mail("office@handwerk.example", ["anna@corbel.example"])
        session.quit()
        lab.pause(3)


@case(
    "Mail in the queue: given up after maximal_queue_lifetime, deleted from hold and from the queue by postsuper.",
    {
        **BASE,
        "maximal_queue_lifetime": "1h",
        "bounce_queue_lifetime": "1h",
        "smtpd_sender_restrictions": "check_sender_access texthash:/etc/postfix/sender_access",
    },
    files=ACCESS,
)
def given_up(lab):
    ordinary(lab, w.CRAFTSMAN, "full", "anna", "busy")
    ordinary(lab, w.CRAFTSMAN, "full", hint="unknown")
    held, *_ = ordinary(lab, w.CRAFTSMAN, "anna", "bert", sender="hold@handwerk.example")
    lab.pause(5000)
    lab.postfix.delete(held["reply"].rpartition("queued as ")[2])
    lab.postfix.retry()
    lab.pause(3)
    ordinary(lab, w.CRAFTSMAN, "anna")


@case("Mail of sendmail(1) and bounces to own users beside a trial.", BASE)
def local_mail(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        ordinary(lab, who, "anna")
        lab.postfix.sendmail("root@corbel.example", "anna@corbel.example")
        lab.postfix.sendmail("anna@corbel.example", "nobody@partner.example")
        lab.pause(3)
        ordinary(lab, who, "gone", sender="anna@corbel.example")


@case(
    "local(8): aliases to several addresses, to another site, and to nobody.",
    {
        **BASE,
        "virtual_mailbox_domains": "corbel.test",
        "mydestination": "$myhostname, localhost, corbel.example",
        "alias_maps": "texthash:/etc/postfix/local_aliases",
        "local_recipient_maps": "$alias_maps, texthash:/etc/postfix/mailboxes",
        "mailbox_transport": "lmtp:unix:private/dovecot-lmtp",
    },
    files={
        "aliases": "",
        "local_aliases": "info: anna, bert\nabroad: kunde@partner.example\n"
        "both: anna, kunde@partner.example\nmixed: gone, anna\n",
    },
)
def local_aliases(lab):
    for name in ("anna", "info", "abroad", "both", "mixed", "nosuch"):
        ordinary(lab, w.CRAFTSMAN, name, hint="delivered")
    ordinary(lab, w.CRAFTSMAN, "anna", "info", "both", hint="delivered")


SUBMISSION_LISTS = {
    "smtpd_helo_restrictions": "",
    "smtpd_client_restrictions": "warn_if_reject reject_unknown_client_hostname, permit_sasl_authenticated, reject",
    "smtpd_recipient_restrictions": "warn_if_reject reject_non_fqdn_helo_hostname, permit_sasl_authenticated, reject",
}


@case(
    "Submission with lists of its own; users who do not log in; several mails, and STARTTLS without a line "
    "(smtpd_tls_loglevel=0).",
    {**BASE, "smtpd_tls_loglevel": "0"},
    services={"submission": SUBMISSION_LISTS},
    trial_by_service={"submission": (w.NON_FQDN, w.UNKNOWN_CLIENT)},
)
def submission_lists(lab):
    for who in (w.ANNA, w.BERT, w.DORA):
        for login in (True, False) if who is w.BERT else (True,):  # without login the client list ends with reject
            session = lab.connect(who, "submission")
            session.greet()
            session.starttls()
            session.greet()
            if login:
                session.login()
            session.mail(f"{who.user}@corbel.example", ["kunde@partner.example", "bert@corbel.example"])
            session.mail(f"{who.user}@corbel.example", ["bert@corbel.example"], end="rset")
            session.mail(f"{who.user}@corbel.example", ["bert@corbel.example"])
            session.quit()
            lab.pause(3)
    ordinary(lab, w.CRAFTSMAN)


@case(
    "A filter behind the queue that drops one mail, refuses another, and changes the recipient of a third.",
    {**FILTERED, "smtpd_delay_reject": "no"},
    master=AMAVIS + REINJECT + REINJECT_CLEAN,
    filter="after",
    trial_by_service={"reinject": ()},
)
def filter_decides(lab):
    for subject, hint in (("drop", "delivered"), ("bounce", "bounced"), ("turn", "delivered"), ("fine", None)):
        ordinary(lab, w.CRAFTSMAN, "anna", "bert", headers=f"Subject: {subject}\r\n", hint=hint)


@case(
    "A filter before the queue with smtpd_delay_reject=no.",
    EARLY,
    services={"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}},
    master=REINJECT + REINJECT_CLEAN,
    filter="before",
)
def before_queue_early(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        ordinary(lab, who, "anna", "bert", "nosuch")
        ordinary(lab, who, "anna", "bert", headers="Subject: cheap pills\r\n")
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example", "bert@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["gone@corbel.example", "clara@corbel.example"])
        session.mail(f"a@{who.domain}", ["bert@corbel.example"])
        session.quit()
        lab.pause(3)
