"""The clients of trials, met by restrictions in earnest."""

from .. import world as w
from ..site_settings import BASE, EARLY, TRIAL
from .protocol_states import EVERY_GREETING, delay_reject_yes
from .register import case, ordinary


@case(
    "Enforced HELO restrictions with smtpd_delay_reject=yes, after a trial: the same clients are refused at RCPT.",
    {**BASE, "smtpd_helo_restrictions": TRIAL.replace("warn_if_reject ", "")},
    trial=(),
)
def enforced(lab):
    for who in EVERY_GREETING:
        ordinary(lab, who, "anna")


def enforce_alone(name: str) -> None:
    """The plays of `delay_reject_yes` against one restriction in earnest: it loses what the trial must have said."""

    def play(lab):
        delay_reject_yes(lab)

    play.__name__ = name.replace("reject_", "enforced_").replace("_hostname", "")
    case(
        f"The clients of delay_reject_yes once more, with {name} alone enforced. What is accepted there and "
        f"not here is "
        "what the trial calls flagged and accepted.",
        {**BASE, "smtpd_helo_restrictions": name},
        trial=(),
    )(play)


for one in w.HELO_TRIO:
    enforce_alone(one)


@case(
    "Enforced HELO restrictions with smtpd_delay_reject=no: refused at EHLO. Clients that give up, that "
    "correct their HELO "
    "and deliver, and that ignore the refusal and are stopped at MAIL.",
    {**EARLY, "smtpd_helo_restrictions": TRIAL.replace("warn_if_reject ", "")},
    trial=(),
)
def enforced_early(lab):
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.quit()
    lab.pause(5)
    session = lab.connect(w.CRAFTSMAN)
    session.greet()
    session.greet("dsl-17.handwerk.example")
    session.mail("meister@handwerk.example", ["anna@corbel.example"])
    session.quit()
    lab.pause(5)
    for who in (w.KONTOR, w.PARISH, w.PARTNER):
        ordinary(lab, who, "anna")
