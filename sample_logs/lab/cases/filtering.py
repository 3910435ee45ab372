"""Content filters behind the queue and before it."""

from .. import world as w
from ..site_settings import AMAVIS, BASE, FILTERED, REINJECT, REINJECT_CLEAN
from .register import case, ordinary


def play_filtered(lab):
    for who in (w.PARTNER, w.CRAFTSMAN, w.KONTOR):
        ordinary(lab, who, "anna")
        ordinary(lab, who, "anna", "bert", "nosuch")
    ordinary(lab, w.CRAFTSMAN, "full", "gone", "busy")
    ordinary(lab, w.CRAFTSMAN, "info")
    lab.pause(1500)
    lab.postfix.retry()


@case(
    "A content filter behind the queue that injects mail again; its listener has restrictions of its own "
    "(none on trial).",
    FILTERED,
    master=AMAVIS + REINJECT + REINJECT_CLEAN,
    filter="after",
    trial_by_service={"reinject": ()},
)
def filter_after_queue(lab):
    play_filtered(lab)


@case(
    "The same filter, but the re-injection listener inherits the restrictions on trial from main.cf: it "
    "warns about every "
    "filtered mail, because the filter greets with `localhost`. No XFORWARD.",
    FILTERED,
    master=AMAVIS + REINJECT,
    filter="after-plain",
)
def filter_inherits(lab):
    play_filtered(lab)


@case(
    "A filter before the queue (smtpd_proxy_filter): smtpd logs NOQUEUE: client= and proxy-accept; a refused "
    "mail is proxy-reject.",
    BASE,
    services={"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}},
    master=REINJECT + REINJECT_CLEAN,
    filter="before",
)
def filter_before_queue(lab):
    for who in (w.PARTNER, w.CRAFTSMAN):
        ordinary(lab, who, "anna")
        ordinary(lab, who, "anna", "bert", "nosuch")
        ordinary(lab, who, "anna", headers="Subject: cheap pills\r\n")
        ordinary(lab, who, "nosuch")
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["gone@corbel.example"])
        session.mail(f"a@{who.domain}", ["bert@corbel.example"])
        session.quit()
        lab.pause(6)
    ordinary(lab, w.CRAFTSMAN, "anna", end="drop")
