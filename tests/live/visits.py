"""Who comes to the site in the live tests: scripted visits, and random ones from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lab import world as w

from tests.live.sessions import Greet, Login, Mail, Script, StartTls, Step

ANNA, BERT, CLARA, NOSUCH, LATER = (f"{name}@corbel.example" for name in ("anna", "bert", "clara", "nosuch", "later"))
STRANGER = "victim@example.net"
NAMES = (
    ANNA, BERT, CLARA, "dora@corbel.example", "info@corbel.example", "anna+papers@corbel.example",
    "faktura@corbel.example", NOSUCH, LATER, STRANGER,
)  # fmt: skip
ENDS = ("data",) * 8 + ("bdat", "rset", "quit", "drop")
GREETINGS = (*w.HELO_FAULTS, "mail.partner.example", "mail.example.org", "mail.corbel.example", "[203.0.113.70]")
FIRMS = [w.host(f"192.0.2.{100 + n}", f"mail.firm{n}.example") for n in range(30)]  # whose greetings are right
CLIENTS = (*w.CARELESS, *w.CARELESS, *w.GOOD, *w.SPAMMERS[:20], w.COPIER, w.OWN_SERVER, *w.USERS)
FRONT = w.host("192.168.10.9", "front.corbel.example")  # speaks for others by XCLIENT

Visit = tuple[Script, ...]
Hosts = Sequence[w.Host]


def visit(name: str, who: w.Host, *steps: Step, service: str = "smtp", tries: int = 1) -> Visit:
    """A client that comes once, or tries again."""
    return tuple(Script(f"{name}-{number}", who, steps, service) for number in range(tries))


def once(name: str, who: w.Host, *recipients: str, **more: str) -> Visit:
    """One greeting, one mail."""
    return visit(name, who, Greet(who.helo), Mail(f"office@{who.domain}", recipients or (ANNA,)), **more)


def scripted() -> list[Visit]:
    """What the tests promise to have seen, whatever the random visits do."""
    visits = [once(f"plain-{who.helo}", who) for who in (*w.CARELESS, *w.GOOD[:3], *w.SPAMMERS[:14], w.COPIER)]
    visits += [once(f"several-{who.helo}", who, ANNA, NOSUCH, BERT) for who in w.CARELESS]
    visits.append(visit("retry", w.CRAFTSMAN, Greet("frasier"), Mail("a@handwerk.example", (LATER, ANNA)), tries=3))
    for who in (w.CRAFTSMAN, w.PRACTICE, w.PARTNER):
        mail = Mail(f"office@{who.domain}", (ANNA, BERT))
        visits += [
            visit("tls", who, Greet(who.helo), StartTls(), Greet(who.helo), mail),
            visit("tls-clean", who, Greet("frasier"), StartTls(), Greet("mail.example.org"), mail),
            visit("tls-spoilt", who, Greet("mail.example.org"), StartTls(), Greet("frasier"), mail),
            visit("mails", who, Greet(who.helo), mail, Mail("", (ANNA,)), Mail("x@nodomain.example", (BERT,)), mail),
            visit(
                "given-up", who, Greet(who.helo), Mail(mail.sender, (ANNA,), "rset"), mail, Mail("", (ANNA,), "quit")
            ),
            visit("helo", who, Greet(who.helo, "HELO"), mail),
            visit("bdat", who, Greet(who.helo), Mail(mail.sender, (CLARA,), "bdat"), mail),
        ]
    return visits


def random_visits(
    seed: int, count: int, again: bool = True, fronts: bool = True, clients: Hosts = CLIENTS
) -> list[Visit]:
    """Visits of any kind. `again` lets clients greet again within a session, `fronts` lets one speak for them."""
    dice = random.Random(seed)
    return [random_visit(dice, f"random-{number}", again, fronts, dice.choice(clients)) for number in range(count)]


def random_visit(dice: random.Random, name: str, again: bool, fronts: bool, who: w.Host) -> Visit:
    steps: list[Step] = [random_greeting(dice, who)]
    if dice.random() < 0.25:
        steps += [StartTls(), random_greeting(dice, who)]
    service = "smtp"
    if who.user:
        service = dice.choice(("smtp", "submission", "submission"))
        steps += [Login(who.user)] if dice.random() < 0.9 else []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if again and dice.random() < 0.15:
            steps.append(random_greeting(dice, who))
        steps.append(random_mail(dice, who))
        if steps[-1].end in ("quit", "drop"):
            break
    behind = FRONT if fronts and service == "smtp" and dice.random() < 0.15 else None
    tries = dice.choice((1, 1, 1, 1, 2))
    return tuple(Script(f"{name}-{number}", who, tuple(steps), service, behind) for number in range(tries))


def random_greeting(dice: random.Random, who: w.Host) -> Greet:
    name = dice.choice((who.helo, who.helo, dice.choice(GREETINGS)))
    return Greet(name, dice.choice(("EHLO", "EHLO", "EHLO", "HELO")))


def random_mail(dice: random.Random, who: w.Host) -> Mail:
    sender = dice.choice(
        (f"office@{who.domain}", f"office@{who.domain}", f"sales@{who.domain}", "x@nodomain.example", "")
    )
    return Mail(sender, tuple(dice.sample(NAMES, dice.choice((1, 1, 1, 2, 2, 3)))), dice.choice(ENDS))
