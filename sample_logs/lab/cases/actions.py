"""What a table or header check does with a mail beside rejecting it: hold, discard, redirect, filter, warn."""

from .. import world as w
from ..site_settings import BASE
from .register import case, ordinary


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
