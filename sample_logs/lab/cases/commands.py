"""Commands beside mail, limits, long queue ids, and clients that misbehave."""

from .. import world as w
from ..site_settings import BASE
from .register import case, ordinary


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
    "enable_long_queue_ids=yes and smtpd_client_port_logging=yes.",
    {**BASE, "enable_long_queue_ids": "yes", "smtpd_client_port_logging": "yes"},
)
def long_queue_ids(lab):
    for who in (w.PARTNER, w.CRAFTSMAN, w.KONTOR, w.SPAMMERS[1]):
        ordinary(lab, who, "anna", "bert", "nosuch")
    ordinary(lab, w.CRAFTSMAN, "gone", "info")


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
