"""Sites where delivery is slow for one known reason each: the delays are real waiting, no jump of the clock."""

import subprocess
import threading
import time
from pathlib import Path

from . import dns
from . import world as w
from .formats import as_rsyslog_classic
from .laboratory import Laboratory, Setup, write
from .servers import Sink
from .site_settings import REINJECT, REINJECT_CLEAN

RELAYED = {"smtpd_recipient_restrictions": "permit_mynetworks, reject"}
SINK = "127.2.0.1"
SITES = 12
RESOLVER = "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n"
"""As resolv.conf(5) has it by default; the laboratory's own is impatient."""


class Forgetful:
    """A zone whose server does not answer the first question about a name of `lost`, like one that loses packets."""

    def __init__(self, zone: dns.Zone):
        self.zone, self.lost, self.answer_known = zone, set(), zone.answer

    def answer(self, query):
        name = str(query.question[0].name).lower().rstrip(".")
        if name in self.lost:
            self.lost.discard(name)
            return None
        return self.answer_known(query)


class SlowSink(Sink):
    """A site that takes its time before it answers to a mail."""

    seconds = 0.0

    def receive(self, sender, recipients, message):
        time.sleep(self.seconds)
        return super().receive(sender, recipients, message)


def domains(lab: Laboratory) -> list[str]:
    names = [f"site{n}.example" for n in range(1, SITES + 1)]
    for name in names:
        lab.zone.domain(name, f"mx.{name}")
        lab.zone.add(f"mx.{name}", "A", SINK)
    return names


def send(lab: Laboratory, recipients: list[list[str]], who: w.Host = w.OWN_SERVER, pause: float = 0.0) -> None:
    """One session with a mail for each list of recipients."""
    session = lab.connect(who)
    session.greet()
    for one in recipients:
        session.mail("office@corbel.example", one)
        time.sleep(pause)
    session.quit()


def at_once(*plays) -> None:
    threads = [threading.Thread(target=play) for play in plays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def slow_dns(lab: Laboratory) -> None:
    """120 mails to domains of their own; the server forgets the first question about the MX of every third."""
    names = [f"d{n}.example" for n in range(120)]
    forgetful = Forgetful(lab.zone)
    for n, name in enumerate(names):
        lab.zone.domain(name, f"mx.{name}")
        lab.zone.add(f"mx.{name}", "A", SINK)
        if n % 3 == 0:
            forgetful.lost.add(name)
        if n % 12 == 0:
            forgetful.lost.add(f"mx.{name}")
    resolver = Path("/etc/resolv.conf")
    usual = resolver.read_text()
    resolver.write_text(RESOLVER)
    lab.zone.answer = forgetful.answer
    try:
        send(lab, [[f"office@{name}"] for name in names], pause=0.35)
        lab.postfix.quiet(30)
    finally:
        resolver.write_text(usual)
        del lab.zone.answer


def slow_remote(lab: Laboratory) -> None:
    """Mails to twelve sites, of which the first three take 1.8 seconds before they say that they have a mail."""
    names = domains(lab)
    lab.remote = SlowSink(name="mx.sink.example")
    quick = lab.remote.receive

    def receive(sender, recipients, message):
        if recipients[0][0].rpartition("@")[2] in names[:3]:
            time.sleep(1.8)
        return quick(sender, recipients, message)

    lab.remote.receive = receive
    mails = [[f"office@{names[n % SITES]}"] for n in range(100)]
    mails += [[f"{who}@{names[0]}" for who in ("anna", "bert", "clara")]] * 3
    send(lab, mails, pause=0.25)
    lab.postfix.quiet(30)


def kept_back(lines, seconds: float):
    """The lines of a client, each mail's last one late."""
    for line in lines:
        if line == b".\r\n":
            time.sleep(seconds)
        yield line


def slow_filter(lab: Laboratory) -> None:
    """Eighty mails for the own mailboxes through a filter before the queue that keeps each for 1.2 seconds."""
    passed = lab.filter

    def slowly(handler) -> None:
        handler.rfile = kept_back(handler.rfile, 1.2)
        passed(handler)

    lab.filter = slowly
    who = (w.PARTNER, w.ORG, w.NET, w.FREEMAIL[0])
    at_once(*(lambda one=one: send(lab, [["anna@corbel.example"]] * 20, one) for one in who))
    lab.postfix.quiet(30)


def tiny_limit(lab: Laboratory) -> None:
    """Ninety mails at once to one site that takes a third of a second for each, one delivery at a time."""
    names = domains(lab)
    lab.remote = SlowSink(name="mx.sink.example")
    lab.remote.seconds = 0.3
    send(lab, [[f"list{n}@{names[0]}"] for n in range(90)])
    send(lab, [[f"office@{names[n % 6 + 1]}"] for n in range(12)])
    lab.postfix.quiet(90)


def full_disk(lab: Laboratory) -> None:
    """Mails for a site that takes nothing, and own mails until the queue's file system is said to be full."""
    names = domains(lab)
    lab.remote = Sink({"busy": ["451 4.3.0 Try again later"]}, "mx.sink.example")
    for hour in range(6):
        send(lab, [[f"busy@{names[n]}"] for n in range(8)])
        lab.pause(3600 + hour)
    subprocess.run(["postconf", "-e", "queue_minfree=100000000000000"], check=True)
    lab.postfix.reload()
    for _ in range(4):
        send(lab, [["anna@corbel.example"]], w.PARTNER)
        lab.pause(60)


FILTER = {"services": {"smtp": {"smtpd_proxy_filter": "127.0.0.1:10024"}}, "master": REINJECT + REINJECT_CLEAN}
SLOW = {
    "slow_dns": (Setup(slow_dns.__doc__, RELAYED), slow_dns),
    "slow_remote": (Setup(slow_remote.__doc__, RELAYED), slow_remote),
    "slow_filter": (Setup(slow_filter.__doc__, {}, **FILTER, filter="before"), slow_filter),
    "tiny_limit": (Setup(tiny_limit.__doc__, {**RELAYED, "default_destination_concurrency_limit": "1"}), tiny_limit),
    "full_disk": (Setup(full_disk.__doc__, RELAYED), full_disk),
}


def make_slow(folder: Path, names: list[str], lab: Laboratory) -> None:
    """Write the logs; what is known about each stands in its docstring, there is no truth per recipient."""
    place = folder / "delays"
    place.mkdir(exist_ok=True)
    for name in names or SLOW:
        setup, play = SLOW[name]
        log, _ = lab.run(setup, play, setup.start)
        write(place / f"{name}.log", as_rsyslog_classic(log))
        print(f"{name}: {log.count(chr(10))} lines", flush=True)
