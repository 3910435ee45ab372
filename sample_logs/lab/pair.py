"""Two mail exchangers of one site: seven of ten sessions come to mx1, until it falls out for an hour and mx2 has all.

Each host is a run of its own over the same list of sessions, so that both logs tell of one day.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import world
from .formats import as_rsyslog_classic
from .laboratory import Laboratory, Setup, write

START = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
HOURS, PER_HOUR = 5, 80
SHARE_OF_MX1 = 0.7
AWAY = START + timedelta(hours=2, minutes=10), START + timedelta(hours=3, minutes=10)
CLIENTS = [*world.GOOD, *world.CARELESS]
TRIAL = "warn_if_reject reject_non_fqdn_helo_hostname, warn_if_reject reject_unknown_helo_hostname"


def visits() -> list[tuple[datetime, str, world.Host, int]]:
    """Time, host that was reached, client, and how many mails it brings; the same list for both hosts."""
    chance = random.Random(7)
    found = []
    for number in range(HOURS * PER_HOUR):
        at = START + timedelta(seconds=(number + chance.random()) * 3600 / PER_HOUR)
        name = "mx1" if chance.random() < SHARE_OF_MX1 else "mx2"
        who = chance.choice(CLIENTS)
        mails = 1 if chance.random() < 0.25 else 0
        found.append((at, "mx2" if AWAY[0] <= at < AWAY[1] else name, who, mails))
    return found


def play(lab: Laboratory, host: str) -> None:
    """The sessions of *host*; most clients only look in, so that the log stays small."""
    for number, (at, reached, who, mails) in enumerate(visits()):
        if reached != host:
            continue
        lab.clock.jump_to(at)
        session = lab.connect(who)
        session.greet()
        for _ in range(mails):
            session.mail(f"office@{who.domain}", ["anna@corbel.example" if number % 5 else "nosuch@corbel.example"])
        session.quit()
        lab.postfix.quiet()


def two_servers(lab: Laboratory, folder: Path) -> None:
    place = folder / "two_servers"
    place.mkdir(exist_ok=True)
    for host in ("mx1", "mx2"):
        settings = {"myhostname": f"{host}.corbel.example", "smtpd_helo_restrictions": TRIAL}
        setup = Setup("One of two mail exchangers.", settings, trial=world.HELO_TRIO[1:], start=START)
        log, _ = lab.run(setup, lambda lab, host=host: play(lab, host), START)
        write(place / f"{host}.log", as_rsyslog_classic(log))
