"""The plan of `logtune tune`: Postfix takes it, it spares and stops whom it says, and it relays for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from lab import world as w

from tests.live.cases import BASE, ENFORCED, FILES
from tests.live.comparison import Case
from tests.live.plans import DAYS, Planned, plan_of
from tests.live.relay import STRANGERS, relays_for_strangers, relays_for_users
from tests.live.sessions import Answers, Greet, Login, Mail, play
from tests.live.visits import FIRMS, Visit, once, visit

FOLDERS: list[TemporaryDirectory[str]] = []
WANTED = (w.CRAFTSMAN, w.PRACTICE)
"""Clients that greet badly, and to whose domains the site's users write."""
UNWANTED = [
    who
    for n, who in enumerate(w.SPAMMERS)
    if n % 6 in (2, 4) and w.HELO_FAULTS.get(who.helo) == {w.NON_FQDN, w.UNKNOWN}
]
"""Without a name, not on the block list, and with a greeting at fault that no other restriction names alike."""
OWN_TAG = {"reinject": {"syslog_name": "postfix/reinject"}}
ON_TRIAL = f"warn_if_reject {w.NON_FQDN}"

CASES = {
    "helo list": {"smtpd_helo_restrictions": ON_TRIAL},
    "permits first": {"smtpd_helo_restrictions": f"permit_mynetworks, permit_sasl_authenticated, {ON_TRIAL}"},
    "sender list": {"smtpd_sender_restrictions": ON_TRIAL},
    "recipient list": {
        "smtpd_recipient_restrictions": f"{ON_TRIAL}, permit_mynetworks, permit_sasl_authenticated, "
        f"reject_unauth_destination, {ENFORCED}"
    },
    "recipient list protects": {
        "smtpd_relay_restrictions": "",
        "smtpd_recipient_restrictions": f"permit_mynetworks, permit_sasl_authenticated, {ON_TRIAL}, "
        f"reject_unauth_destination, {ENFORCED}",
    },
    "data list": {"smtpd_data_restrictions": ON_TRIAL},
    "client name": {"smtpd_client_restrictions": f"warn_if_reject {w.UNKNOWN_CLIENT}"},
    "three at once": {"smtpd_helo_restrictions": ", ".join(f"warn_if_reject {name}" for name in w.HELO_TRIO)},
}

KEPT_ON_TRIAL = {"data list"}
"""In smtpd_data_restrictions no permit can stand before it, and it would stop the users of the site."""


def four_weeks() -> list[Visit]:
    """Firms without fault, wanted clients that greet badly, spam, and the site's own users and copier."""
    visits = []
    for day in range(DAYS):
        visits += [once(f"firm-{day}", FIRMS[(day * 3 + n) % len(FIRMS)]) for n in range(3)]
        visits += [once(f"wanted-{day}", WANTED[day % 2]), once(f"own-{day}", w.COPIER)]
        spammer = UNWANTED[day % len(UNWANTED)]
        visits.append(once(f"spam-{day}", spammer, "bert@corbel.example"))
        visits.append(once(f"guess-{day}", spammer, *(f"nosuch{n}@corbel.example" for n in range(4))))
        mail = Mail("anna@corbel.example", tuple(f"office@{who.domain}" for who in WANTED))
        hello = Greet("laptop-dora")
        visits.append(visit(f"user-{day}", w.ANNA, hello, Login("anna"), mail, service=("smtp", "submission")[day % 2]))
    return visits


@cache
def planned(name: str) -> Planned:
    FOLDERS.append(TemporaryDirectory(prefix="logtune-live-plan-"))
    services = OWN_TAG if name != "recipient list protects" else {
        **OWN_TAG,
        "submission": {"smtpd_recipient_restrictions": "permit_sasl_authenticated, reject"},
    }  # fmt: skip
    return plan_of(Case(name, {**BASE, **CASES[name]}, {}, services, FILES), four_weeks(), Path(FOLDERS[-1].name))


@cache
def afterwards(name: str) -> tuple[Answers, list, list]:
    """The same clients once more, relay attempts of strangers and of users, with the plan carried out."""
    with planned(name).instance() as postfix:
        return play(postfix, four_weeks()), relays_for_strangers(postfix), relays_for_users(postfix)


@pytest.fixture(scope="module", autouse=True)
def remove_folders() -> Iterator[None]:
    yield
    for folder in FOLDERS:
        folder.cleanup()


def lost(name: str) -> set[str]:
    """Clients whose mail the trial let in, and the plan stops."""
    answers, *_ = afterwards(name)
    return {key.client for key, was in planned(name).trial.items() if was.accepted and not answers[key].accepted}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_relays_for_nobody(name: str) -> None:
    """Strangers, the excepted ones among them, reach no other site; users that have logged in do, as before."""
    _, strangers, users = afterwards(name)
    assert set(WANTED) < set(STRANGERS)
    assert strangers == []
    assert {attempt.client for attempt in users} == {user.address for user in w.USERS}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_loses_no_wanted_mail(name: str) -> None:
    """Excepted clients, own networks and users still come in, and so do those that were never at fault."""
    assert not lost(name) & {who.address for who in (*WANTED, *FIRMS, w.COPIER, w.ANNA)}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_that_enforces_stops_the_rest(name: str) -> None:
    """A plan with exceptions stops everybody else that the trial warned about; one that keeps it stops nobody."""
    plan = planned(name)
    assert plan.changes == (name not in KEPT_ON_TRIAL), plan.report
    assert lost(name) == ({who.address for who in UNWANTED} if plan.changes else set()), plan.report
