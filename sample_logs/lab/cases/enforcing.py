"""A trial and what came after it: the same clients, first warned about and then rejected, some of them changed."""

from datetime import timedelta

from .. import world as w
from ..laboratory import MONDAY
from ..site_settings import ENFORCED
from .register import case, ordinary

PAIR = (w.NON_FQDN, w.UNKNOWN)
DAY, HOUR = 86400.0, 3600.0


def settings(restrictions: str) -> dict[str, str]:
    """The administrator forgot those who log in."""
    return {
        "smtpd_helo_required": "yes",
        "smtpd_helo_restrictions": f"permit_mynetworks, {restrictions}",
        "smtpd_recipient_restrictions": ENFORCED,
    }


def by_submission(lab, who: w.Host) -> None:
    session = lab.connect(who, "submission")
    session.greet()
    session.starttls()
    session.greet()
    session.login()
    session.mail(f"{who.user}@corbel.example", ["kunde@partner.example"])
    session.quit()
    lab.pause(7)


def everyday(lab, day: int) -> None:
    """What is the same before and after."""
    ordinary(lab, w.PARTNER, "anna")
    ordinary(lab, w.CRAFTSMAN, "anna")
    ordinary(lab, w.SPAMMERS[2], "nosuch", "nobody")
    if day % 4 == 0:
        by_submission(lab, w.ANNA)


@case(
    "Sixteen days of a trial of two HELO restrictions, permit_mynetworks before them, not permit_sasl_authenticated. "
    "The other half of the pair is verify_after.",
    settings(", ".join(f"warn_if_reject {name}" for name in PAIR)),
    trial=PAIR,
)
def verify_before(lab):
    for day in range(0, 16, 2):
        everyday(lab, day)
        if day % 4 == 0:
            ordinary(lab, w.PRACTICE, "faktura")
            ordinary(lab, w.SHOP, "jobs")
        if day % 6 == 0:
            ordinary(lab, w.PRINTSHOP, "bert")
            ordinary(lab, w.KONTOR, "emil")
            ordinary(lab, w.PARISH, "dora", helo="www.parish.example")
        lab.pause(2 * DAY - 120)


@case(
    "Nine days of the same site with both restrictions enforced. The practice greets rightly now, the print shop does "
    "not come any more, the office corrects its HELO after a day, the shop retries for days, the parish greets badly "
    "for the first time, the club is new, and a user who logs in is locked out.",
    settings(", ".join(PAIR)),
    trial=(),
    start=MONDAY + timedelta(days=17),
)
def verify_after(lab):
    for day in range(9):
        if day % 2 == 0:
            everyday(lab, day)
            ordinary(lab, w.PRACTICE, "faktura", helo="praxis.example")
        if day == 1:
            ordinary(lab, w.KONTOR, "emil", key="kontor")
        if day == 2:
            ordinary(lab, w.KONTOR, "emil", key="kontor", helo="gw.kontor.example")
        if day < 4:
            for _ in range(2):
                ordinary(lab, w.SHOP, "jobs", key="shop")
                lab.pause(4 * HOUR)
        if day == 5:
            ordinary(lab, w.PARISH, "dora")
            ordinary(lab, w.CLUB, "anna", key="club")
        lab.pause(DAY - 120 - (8 * HOUR if day < 4 else 0))
