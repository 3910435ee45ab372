"""Several mails and recipients, sessions side by side, mails given up."""

from .. import world as w
from .register import case, ordinary


@case(
    "Mails with several recipients, some refused: the first recipient's warning is NOQUEUE, the later ones "
    "carry the queue id."
)
def several_recipients(lab):
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", "clara")
    ordinary(lab, w.CRAFTSMAN, "nosuch", "bert", "clara")
    ordinary(lab, w.KONTOR, "bert", "nosuch", "victim@example.net")
    ordinary(lab, w.KONTOR, "nosuch", "nosuch2")
    ordinary(lab, w.PARTNER, "anna", "bert", "nosuch")
    ordinary(lab, w.PRACTICE, "anna", "full", "gone", "busy")
    ordinary(lab, w.CRAFTSMAN, "info", "sales")
    ordinary(lab, w.CRAFTSMAN, "team")
    ordinary(lab, w.CRAFTSMAN, "anna", "anna", hint="delivered")
    ordinary(lab, w.CRAFTSMAN, "anna", "bert", pipelined=True)
    lab.pause(1200)
    lab.postfix.retry()


@case("Several mails in a session, with RSET, refused mails and other senders between them.")
def several_mails(lab):
    for who in (w.PARTNER, w.CRAFTSMAN):
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.mail(f"b@{who.domain}", ["nosuch@corbel.example"])
        session.mail(f"b@{who.domain}", ["bert@corbel.example", "clara@corbel.example"], end="rset")
        session.mail(f"c@{who.domain}", ["bert@corbel.example", "clara@corbel.example"])
        session.quit()
        lab.pause(40)


@case("Sessions that run at the same time, in several smtpd processes, with their lines interleaved.")
def interleaved(lab):
    hosts = [w.CRAFTSMAN, w.PARTNER, w.KONTOR, w.SPAMMERS[0], w.SPAMMERS[1]]
    sessions = [lab.connect(who) for who in hosts]
    for session in sessions:
        session.greet()
    for recipients in (["anna@corbel.example"], ["bert@corbel.example", "nosuch@corbel.example"]):
        for session in sessions:
            session.mail(f"office@{session.who.domain}", recipients)
    for session in reversed(sessions):
        session.quit()
    lab.pause(30)
    second = [lab.connect(who) for who in reversed(hosts)]
    for session in second:
        session.greet()
    for session in second[::2]:
        session.mail(f"office@{session.who.domain}", ["clara@corbel.example"], end="drop_in_data")
    for session in second[1::2]:
        session.mail(f"office@{session.who.domain}", ["clara@corbel.example"])
        session.quit()


@case(
    "Abandoned transactions and probes: RSET, QUIT after RCPT, lost connections after CONNECT, EHLO, RCPT and in DATA; "
    "MAIL FROM:<>, RCPT, QUIT is another site verifying an address."
)
def abandoned_and_probes(lab):
    for who in (w.CRAFTSMAN, w.PARTNER):
        for end in ("rset", "quit", "drop", "drop_in_data"):
            session = lab.connect(who)
            session.greet()
            session.mail(f"office@{who.domain}", ["anna@corbel.example"], end=end)
            session.quit()
            lab.pause(5)
        for end in ("quit", "rset"):
            session = lab.connect(who)
            session.greet()
            session.mail("", ["anna@corbel.example"], end=end)
            session.quit()
            lab.pause(5)
        session = lab.connect(who)
        session.greet()
        session.mail("", ["nosuch@corbel.example"], end="quit")
        lab.pause(5)
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example", "bert@corbel.example"], end="drop")
        session = lab.connect(who)
        session.greet()
        session.mail(f"a@{who.domain}", ["anna@corbel.example"], end="rset")
        session.mail(f"a@{who.domain}", ["anna@corbel.example"])
        session.quit()
        lab.pause(5)
        ordinary(lab, who, "anna", sender="MAILER-DAEMON@" + who.domain)
        session = lab.connect(who)  # a real bounce: null sender with a mail
        session.greet()
        session.mail("", ["anna@corbel.example"])
        session.quit()
        for verb in (None, "EHLO"):
            session = lab.connect(who)
            if verb:
                session.greet()
            session.drop()
        lab.pause(5)
