"""Weeks in the life of a small company's mail exchanger: who comes, when, and what they do.

A plan is drawn first (seeded), then played in the order of time; retries of deferred mail join the plan as it runs.
"""

import heapq
import random
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from . import world as w
from .client import Gone
from .laboratory import Laboratory

# Share of a day's sessions per hour: little at night, peaks before and after lunch.
COURSE = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 13, 10, 7, 10, 13, 12, 9, 6, 4, 3, 3, 2, 2, 1)
WEEKEND_SHARE = 0.25
STAFF = ("anna", "bert", "clara", "dora", "emil", "faktura", "jobs", "info", "sales", "webmaster")
UNKNOWN_USERS = ("admin", "test", "office", "contact", "hr", "john.smith")
RETRY_MINUTES = (7, 25)
QUEUE_RUN_HOURS = 4
# Kinds of visits and their weights; the functions are the `visit_*` methods.
KINDS = {"partner": 33, "careless": 14, "spam": 25, "user": 13, "own": 6, "probe": 6, "oddity": 5}


@dataclass(order=True)
class Visit:
    when: datetime
    number: int
    kind: str
    again: tuple = ()  # (host, sender, recipients, key, tries so far) of a retry


class Company:
    def __init__(self, lab: Laboratory, start: datetime, days: int, per_day: int, seed: int):
        self.lab, self.start, self.days, self.seed = lab, start, days, seed
        self.plan: list[Visit] = []
        self.lock = threading.Lock()
        self.number = 0
        rng = random.Random(seed)
        for day in range(days):
            date = start.replace(hour=0, minute=0) + timedelta(days=day)
            visits = per_day * (WEEKEND_SHARE if date.weekday() >= 5 else 1) * rng.uniform(0.8, 1.2)
            for _ in range(round(visits)):
                hour = rng.choices(range(24), COURSE)[0]
                when = date + timedelta(hours=hour, seconds=rng.uniform(0, 3600))
                self.add(when, rng.choices(list(KINDS), list(KINDS.values()))[0])
            for hour in range(2, 24, QUEUE_RUN_HOURS):
                self.add(date + timedelta(hours=hour, minutes=17), "queue_run")
            if date.weekday() == 6:
                self.add(date.replace(hour=6, minute=25), "logrotate")
                self.add(date.replace(hour=6, minute=25, second=5), "partner")

    def add(self, when: datetime, kind: str, again: tuple = ()) -> None:
        with self.lock:
            self.number += 1
            heapq.heappush(self.plan, Visit(when, self.number, kind, again))

    def play(self) -> None:
        """Visits that come within a few seconds of each other run at the same time, so their lines interleave."""
        end = self.start + timedelta(days=self.days)
        rng = random.Random(self.seed + 1)
        while self.plan and self.plan[0].when < end:
            visit = heapq.heappop(self.plan)
            together = [visit]
            while (
                self.plan
                and len(together) < 4
                and visit.kind in KINDS
                and self.plan[0].kind in KINDS
                and rng.random() < 0.25
            ):
                together.append(heapq.heappop(self.plan))
            self.lab.postfix.quiet(3)
            self.lab.clock.jump_to(visit.when)
            threads = [threading.Thread(target=self.receive, args=(one,)) for one in together]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)

    def receive(self, visit: Visit) -> None:
        rng = random.Random(f"{self.seed}/{visit.number}")
        try:
            getattr(self, "visit_" + visit.kind)(rng, visit) if not visit.again else self.deliver_again(visit)
        except (Gone, ConnectionError) as error:
            print("a session ended early:", visit.kind, error, flush=True)

    # --- a mail and its retries ---
    def deliver(
        self,
        session,
        rng,
        who,
        sender: str,
        recipients: list[str],
        tries: int = 0,
        key: str = "",
        gives_up: bool = False,
        **more,
    ):
        """A mail; what was deferred (4xx) is tried again later by everybody but senders that give up."""
        key = key or f"{sender}>{','.join(recipients)}#{self.number}"
        records = session.mail(sender, recipients, key=key, **more)
        late = [record["recipient"] for record in records if record["outcome"] == "deferred" and record["recipient"]]
        if late and not gives_up and tries < 4:
            wait = timedelta(minutes=rng.uniform(*RETRY_MINUTES) * (tries + 1))
            self.add(self.lab.clock.now() + wait, "retry", (who, sender, late, key, tries + 1))
        return records

    def deliver_again(self, visit: Visit) -> None:
        who, sender, recipients, key, tries = visit.again
        rng = random.Random(f"{self.seed}/{visit.number}")
        session = self.open(rng, who)
        self.deliver(session, rng, who, sender, recipients, tries, key)
        session.quit()

    def open(self, rng, who, service: str = "smtp", tls_share: float = 0.5, helo: str | None = None):
        session = self.lab.connect(who, service)
        verb = "HELO" if rng.random() < 0.1 and service == "smtp" else "EHLO"
        session.greet(helo, verb)
        if verb == "EHLO" and rng.random() < tls_share:
            session.starttls()
            session.greet(helo)
        return session

    def staff(self, rng, most: int = 3) -> list[str]:
        return [
            f"{name}@corbel.example" for name in rng.sample(STAFF, rng.choices(range(1, most + 1), [8, 2, 1][:most])[0])
        ]

    # --- visits ---
    def visit_partner(self, rng, visit) -> None:
        who = rng.choice(w.GOOD)
        session = self.open(rng, who, tls_share=0.7)
        sender = rng.choice(("orders", "kundendienst", "h.meier", "noreply", "bounce+u=77")) + "@" + who.domain
        for _ in range(rng.choices((1, 2, 4), (80, 15, 5))[0]):
            recipients = self.staff(rng)
            if rng.random() < 0.05:
                recipients.append("former.colleague@corbel.example")
            if rng.random() < 0.05:
                recipients = [rng.choice(("full", "gone", "busy", "team")) + "@corbel.example"]
            self.deliver(
                session,
                rng,
                who,
                sender,
                recipients,
                size=rng.choice((0, 2000, 30000)),
                end=rng.choices(("data", "bdat"), (85, 15))[0],
                pipelined=rng.random() < 0.5,
            )
        session.drop() if rng.random() < 0.03 else session.quit()

    def visit_careless(self, rng, visit) -> None:
        who = rng.choices(w.CARELESS, (6, 5, 3, 4, 2, 4, 2, 1))[0]
        session = self.open(rng, who, tls_share=0.3)
        for _ in range(rng.choices((1, 2), (85, 15))[0]):
            recipients = self.staff(rng)
            if rng.random() < 0.08:
                recipients.append("former.colleague@corbel.example")
            self.deliver(
                session,
                rng,
                who,
                f"{rng.choice(('buero', 'info', 'meister'))}@{who.domain}",
                recipients,
                end=rng.choices(("data", "bdat", "drop", "rset"), (80, 6, 8, 6))[0],
            )
            if not session.open:
                return
        session.quit()

    def visit_spam(self, rng, visit) -> None:
        who = rng.choice(w.SPAMMERS)
        session = self.open(rng, who, tls_share=0.05)
        sender = rng.choice(
            (
                f"win{rng.randint(1, 99)}@pool.example",
                "x@nodomain.example",
                "news@freemail.example",
                "anna@corbel.example",
            )
        )
        kind = rng.choices(("staff", "unknown", "relay", "many"), (45, 25, 10, 20))[0]
        recipients = {
            "staff": self.staff(rng, 1),
            "relay": ["victim@example.net"],
            "unknown": [f"{rng.choice(UNKNOWN_USERS)}@corbel.example"],
            "many": [f"{name}@corbel.example" for name in rng.sample(UNKNOWN_USERS, 3)] + self.staff(rng),
        }[kind]
        self.deliver(
            session,
            rng,
            who,
            sender,
            recipients,
            gives_up=rng.random() < 0.8,
            end=rng.choices(("data", "drop", "quit", "drop_in_data"), (80, 10, 5, 5))[0],
        )
        if session.open:
            session.drop() if rng.random() < 0.3 else session.quit()

    def visit_user(self, rng, visit) -> None:
        who = rng.choice(w.USERS)
        service = "submission" if rng.random() < 0.85 else "smtp"
        session = self.open(rng, who, service, tls_share=1)
        if not session.tls:
            session.starttls()
            session.greet()
        if rng.random() < 0.06:
            session.login(password="wrong")
        session.login()
        name = rng.choices(("kunde", "einkauf", "nobody", "grey", "stuck"), (50, 30, 6, 10, 2))[0]
        recipients = [f"{name}@{rng.choice(w.REMOTE_DOMAINS)}"] + (self.staff(rng, 1) if rng.random() < 0.3 else [])
        self.deliver(session, rng, who, f"{who.user}@corbel.example", recipients, size=rng.choice((0, 4000, 90000)))
        session.quit()

    def visit_own(self, rng, visit) -> None:
        who = rng.choice((w.COPIER, w.OWN_SERVER, w.COPIER))
        session = self.open(rng, who, tls_share=0)
        recipients = self.staff(rng, 1) if who is w.COPIER else [f"kunde@{rng.choice(w.REMOTE_DOMAINS)}"]
        self.deliver(
            session, rng, who, "scan@corbel.example" if who is w.COPIER else "faktura@corbel.example", recipients
        )
        session.quit()

    def visit_probe(self, rng, visit) -> None:
        who = rng.choice([*w.GOOD, *w.CARELESS[:4]])
        session = self.open(rng, who, tls_share=0.2)
        recipient = rng.choice((*STAFF, "former.colleague")) + "@corbel.example"
        session.mail("", [recipient], end=rng.choice(("quit", "quit", "rset")))
        session.quit()

    def visit_oddity(self, rng, visit) -> None:
        """Scanners, people at the keyboard, clients that give up."""
        who = rng.choice([*w.SPAMMERS[:10], w.CRAFTSMAN, w.PARTNER])
        kind = rng.choice(("connect", "greet", "vrfy", "errors", "pipelining"))
        session = self.lab.connect(who)
        if kind == "connect":
            return session.drop()
        if kind == "pipelining":
            session.wire.send(f"EHLO {who.helo}\r\nNOOP")
            session.wire.reply(), session.wire.reply()
            return session.quit()
        session.greet()
        if kind == "greet":
            return session.drop()
        for command in (
            ("VRFY anna@corbel.example", "VRFY root@corbel.example")
            if kind == "vrfy"
            else ("HELP", "EXPN staff", "XYZZY")
        ):
            session.wire.command(command)
        session.quit()

    def visit_queue_run(self, rng, visit) -> None:
        if any(mail["queue_name"] == "deferred" for mail in self.lab.postfix.queue()):
            self.lab.postfix.retry()

    def visit_logrotate(self, rng, visit) -> None:
        self.lab.postfix.reload()
