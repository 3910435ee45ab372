"""Does a Postfix relay for strangers? Asked with real sessions, down to the reply to the mail's text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lab import world as w

from tests.live.instance import Instance
from tests.live.sessions import Answers, Greet, Login, Mail, Script, StartTls, play

OUTSIDE = (
    "victim@example.net",
    "victim@sub.corbel.example",  # not one of virtual_mailbox_domains
    "victim@[192.0.2.99]",
    "victim%example.net@corbel.example",
    "@corbel.example:victim@example.net",
    '"victim@example.net"@corbel.example',
    "example.net!victim@corbel.example",
)
"""Recipients elsewhere, also by the ways in which an address may hide that it is elsewhere (allow_percent_hack,
swap_bangpath, allow_untrusted_routing, resolve_dequoted_address in postconf(5))."""

SENDERS = (
    "office@partner.example",
    "anna@corbel.example",
    "",
)  # reject_unknown_sender_domain must not hide an open relay
STRANGERS = (w.PARTNER, *w.CARELESS, *w.SPAMMERS[:6], *w.USERS)
"""Clients outside, those among them that a plan spares, and users that have not logged in."""
GREETINGS = ("mail.partner.example", "frasier", "mail.corbel.example", "[203.0.113.70]")


@dataclass(frozen=True)
class Attempt:
    """One that was accepted: who relayed, by which service, from whom and for whom."""

    client: str
    service: str
    sender: str
    recipient: str


def relays_for_strangers(postfix: Instance, clients: Sequence[w.Host] = STRANGERS) -> list[Attempt]:
    """The relay attempts of clients outside that this Postfix accepted; empty for one that is no open relay."""
    return accepted(play(postfix, [(script,) for script in attempts(clients)]))


def attempts(clients: Sequence[w.Host]) -> list[Script]:
    """Every client from every sender, by its own greeting and by one of the others, with and without TLS in turn."""
    scripts = []
    for who, sender, service, own in itertools.product(clients, SENDERS, ("smtp", "submission"), (True, False)):
        number = len(scripts)
        hello = Greet(who.helo if own else GREETINGS[number // 4 % len(GREETINGS)])
        start = (hello, StartTls(), hello) if number % 3 == 0 else (hello,)
        mails = tuple(Mail(sender, (recipient,)) for recipient in OUTSIDE)
        scripts.append(Script(f"relay-{service}-{number}", who, (*start, *mails), service))
    return scripts


def relays_for_users(postfix: Instance) -> list[Attempt]:
    """What the site's users may send to other sites once they have logged in."""
    steps = [(Greet("mail.example.org"), Login(u.user), Mail(f"{u.user}@corbel.example", OUTSIDE[:1])) for u in w.USERS]
    scripts = [Script(f"user-{u.user}", u, one, "submission") for u, one in zip(w.USERS, steps, strict=True)]
    return accepted(play(postfix, [(script,) for script in scripts]))


def accepted(answers: Answers) -> list[Attempt]:
    return [
        Attempt(key.client, key.script.split("-")[1], key.sender, key.recipient)
        for key, answer in sorted(answers.items())
        if answer.accepted
    ]
