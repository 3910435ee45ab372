"""Small logs about what happens within a session: the same addresses again, mails given up, greetings, limits."""

import random
import threading

from .. import world as w
from ..site_settings import BASE, EARLY, REINJECT, REINJECT_CLEAN
from .register import case

ANNA, BERT, CLARA, NOSUCH = (f"{name}@corbel.example" for name in ("anna", "bert", "clara", "nosuch"))

# Sessions as lists of (recipients, how the mail ends), all of one sender.
REPEATED = (
    [([ANNA], "data"), ([ANNA], "data")],
    [([NOSUCH], "data"), ([ANNA], "data")],
    [([NOSUCH], "data"), ([NOSUCH], "data")],
    [([ANNA], "rset"), ([ANNA], "data")],
    [([NOSUCH], "data"), ([ANNA, NOSUCH], "data")],
    [([ANNA, BERT], "rset"), ([BERT], "data")],
    [([NOSUCH], "data"), ([NOSUCH, ANNA], "data")],
    [([NOSUCH, ANNA], "rset"), ([ANNA, NOSUCH], "data")],
    [([ANNA], "rset"), ([NOSUCH], "data"), ([ANNA], "data")],
    [([ANNA], "data"), ([ANNA], "rset"), ([ANNA], "data"), ([ANNA], "quit")],
    [([ANNA, NOSUCH, BERT], "rset"), ([ANNA, NOSUCH, BERT], "data")],
)


def play_repeated(lab):
    for who in (w.KONTOR, w.PARTNER):
        for mails in REPEATED:
            session = lab.connect(who)
            session.greet()
            for recipients, end in mails:
                session.mail(f"office@{who.domain}", recipients, end=end)
            session.quit()
            lab.pause(3)


@case("The same sender and recipients again and again within a session: taken, refused, given up by RSET or QUIT.")
def repeated(lab):
    play_repeated(lab)


@case("The same with smtpd_delay_reject=no: no line tells who a mail that was given up was for.", EARLY)
def repeated_early(lab):
    play_repeated(lab)


@case(
    "The same with a filter before the queue.",
    BASE,
    services={"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}},
    master=REINJECT + REINJECT_CLEAN,
    filter="before",
)
def repeated_before_queue(lab):
    play_repeated(lab)


@case("The same with smtpd_delay_open_until_valid_rcpt=no.", {**BASE, "smtpd_delay_open_until_valid_rcpt": "no"})
def repeated_open_at_mail(lab):
    play_repeated(lab)


NAMES = [
    f"{name}@corbel.example" for name in ("anna", "bert", "clara", "dora", "nosuch", "nosuch2", "gone", "info", "team")
]
SENDERS = ["office@{}", "office@{}", "sales@{}", "x@nodomain.example", ""]
ENDS = ["data"] * 5 + ["rset", "rset", "bdat"]


def play_random(lab, seed: int, sessions: int = 12, at_once: int = 4, tls: bool = True, again: bool = False) -> None:
    """Random sessions, several at once, each in a thread of its own."""
    dice = random.Random(seed)
    scripts = [random_script(dice, tls, again) for _ in range(sessions)]
    for first in range(0, len(scripts), at_once):
        threads = [threading.Thread(target=run_script, args=(lab, one)) for one in scripts[first : first + at_once]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lab.pause(dice.randint(5, 200))


def random_script(dice: random.Random, tls: bool, again: bool) -> dict:
    who = dice.choice([*w.CARELESS, w.PARTNER, w.ORG, *w.SPAMMERS[:4], w.COPIER])
    names = [who.helo, who.name if who.name != "unknown" else "mail.example.org"]
    mails = [
        (
            dice.choice(SENDERS).format(who.domain),
            dice.sample(NAMES, dice.choice([1, 1, 1, 2, 2, 3])),
            dice.choice(ENDS),
            dice.choice([None] * 6 + names) if again else None,
        )
        for _ in range(dice.choice([1, 1, 2, 3, 4]))
    ]
    return {
        "who": who,
        "tls": dice.choice(names) if tls and dice.random() < 0.3 else None,
        "mails": mails,
        "last": dice.choice(["quit", "quit", "quit", "drop"]),
    }


def run_script(lab, script: dict) -> None:
    session = lab.connect(script["who"])
    session.greet()
    if script["tls"]:
        session.starttls()
        session.greet(script["tls"])
    for sender, recipients, end, greeting in script["mails"]:
        if greeting:
            session.greet(greeting)
        session.mail(sender, recipients, end=end)
    getattr(session, script["last"])()


MANY = {
    **BASE,
    "smtpd_client_restrictions": "warn_if_reject reject_unknown_client_hostname",
    "smtpd_sender_restrictions": "warn_if_reject reject_unknown_sender_domain",
    "smtpd_recipient_restrictions": "permit_mynetworks, reject_unlisted_recipient",
}
MANY_TRIAL = {
    "trial": (*w.HELO_TRIO, w.UNKNOWN_CLIENT, w.UNKNOWN_SENDER),
    "faults": {"nodomain.example": {w.UNKNOWN_SENDER}},
}


@case("Random sessions, several at once, five restrictions on trial, smtpd_delay_reject=yes.", MANY, **MANY_TRIAL)
def random_sessions(lab):
    play_random(lab, 1, sessions=30, again=True)


@case(
    "Random sessions, several at once, five restrictions on trial, smtpd_delay_reject=no, smtpd_tls_loglevel=0.",
    {**MANY, "smtpd_delay_reject": "no", "smtpd_tls_loglevel": "0"},
    **MANY_TRIAL,
)
def random_sessions_early(lab):
    play_random(lab, 2, sessions=30)


@case(
    "Random sessions that greet again and again with smtpd_delay_reject=no: a clean greeting leaves no line.",
    {**MANY, "smtpd_delay_reject": "no"},
    **MANY_TRIAL,
)
def random_greetings_early(lab):
    play_random(lab, 15, sessions=16, again=True)


@case(
    "Random sessions through a filter before the queue.",
    MANY,
    **MANY_TRIAL,
    services={"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}},
    master=REINJECT + REINJECT_CLEAN,
    filter="before",
)
def random_before_queue(lab):
    play_random(lab, 3, sessions=16)


@case(
    "smtpd_delay_reject=no and a warning at MAIL: the mail after it, of a sender without fault, leaves no line of "
    "its own before its queue file.",
    {**MANY, "smtpd_delay_reject": "no"},
    **MANY_TRIAL,
)
def other_sender_early(lab):
    for who in (w.PARTNER, w.CRAFTSMAN):
        for first in (([NOSUCH], "data"), ([NOSUCH, ANNA], "rset"), ([ANNA], "data")):
            session = lab.connect(who)
            session.greet()
            session.mail("x@nodomain.example", first[0], end=first[1])
            session.mail(f"office@{who.domain}", [ANNA])
            session.mail("x@nodomain.example", [BERT])
            session.quit()
            lab.pause(3)
