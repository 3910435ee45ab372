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
CLIENTS = (*w.CARELESS, *w.CARELESS, *w.GOOD, *w.SPAMMERS[:20], w.COPIER, w.OWN_SERVER, *w.USERS)
FRONT = w.Host("192.168.10.9", "unknown", "front.corbel.example", "corbel.example")

Visit = tuple[Script, ...]


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
            visit("given-up", who, Greet(who.helo), Mail(mail.sender, (ANNA,), "rset"), mail, Mail("", (ANNA,), "quit")),
            visit("helo", who, Greet(who.helo, "HELO"), mail),
            visit("bdat", who, Greet(who.helo), Mail(mail.sender, (CLARA,), "bdat"), mail),
        ]
    return visits


def random_visits(seed: int, count: int, users: bool = False, again: bool = True, fronts: bool = False) -> list[Visit]:
    """Visits of any kind. `users` log in, `again` lets clients greet again within a session, `fronts` speak XCLIENT."""
    dice = random.Random(seed)
    return [random_visit(dice, f"random-{number}", users, again, fronts) for number in range(count)]


def random_visit(dice: random.Random, name: str, users: bool, again: bool, fronts: bool) -> Visit:
    who = dice.choice(CLIENTS)
    steps: list[Step] = [random_greeting(dice, who)]
    if dice.random() < 0.25:
        steps += [StartTls(), random_greeting(dice, who)]
    service = "smtp"
    if users and who.user:
        service = dice.choice(("smtp", "submission"))
        steps += [Login(who.user)] if dice.random() < 0.9 else []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if again and dice.random() < 0.15:
            steps.append(random_greeting(dice, who))
        steps.append(random_mail(dice, who))
        if steps[-1].end in ("quit", "drop"):
            break
    behind = FRONT if fronts and service == "smtp" and dice.random() < 0.15 and not isinstance(steps[1], StartTls) else None
    tries = dice.choice((1, 1, 1, 1, 2))
    return tuple(Script(f"{name}-{number}", who, tuple(steps), service, behind) for number in range(tries))


def random_greeting(dice: random.Random, who: w.Host) -> Greet:
    name = dice.choice((who.helo, who.helo, dice.choice(GREETINGS)))
    return Greet(name, dice.choice(("EHLO", "EHLO", "EHLO", "HELO")))


def random_mail(dice: random.Random, who: w.Host) -> Mail:
    sender = dice.choice((f"office@{who.domain}", f"office@{who.domain}", f"sales@{who.domain}", "x@nodomain.example", ""))
    recipients = [dice.choice(NAMES) for _ in range(dice.choice((1, 1, 1, 2, 2, 3)))]
    return Mail(sender, tuple(recipients), dice.choice(ENDS))


def count_accepted(visits: Sequence[Visit]) -> int:
    """How many recipients the visits name."""
    return sum(len(s.recipients) for v in visits for script in v for s in script.steps if isinstance(s, Mail))
