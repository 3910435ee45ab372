"""Ties the pieces together: one laboratory, many runs, each with its own configuration, ledger and log."""

import itertools
import json
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from . import dns, filters, namespace, postfix, servers, world
from .clock import Clock
from .ledger import Ledger, count, totals
from .session import Session, faults_of_greeting

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Setup:
    """What a run is configured with, and what is known about it beforehand."""

    description: str
    settings: dict[str, str] = field(default_factory=dict)  # main.cf
    services: dict[str, dict[str, str]] = field(default_factory=dict)  # -o options per service
    master: str = ""  # further lines of master.cf
    files: dict[str, str] = field(default_factory=dict)
    trial: tuple[str, ...] = ()  # restrictions behind warn_if_reject
    trial_by_service: dict[str, tuple[str, ...]] = field(default_factory=dict)  # where a service differs
    permit_first: bool = False  # permit_mynetworks, permit_sasl_authenticated stand first
    faults: dict[str, set[str]] = field(
        default_factory=dict
    )  # sender, sender domain, recipient or client address -> restrictions
    texts: dict[str, str] = field(default_factory=dict)  # texts of the access tables on trial
    known_networks: tuple[str, ...] = ()  # that the greylisting service lets in at once
    filter: str = ""  # "", "after", "after-plain" or "before"
    timezone: str = "UTC"  # TZ of the server
    notes: str = ""
    start: datetime = MONDAY


class Laboratory:
    """A run at a time. Servers on loopback live as long as the program and are pointed at the run's own notes."""

    def __init__(self, root: Path):
        namespace.settle(root)
        self.root = root
        self.zone = world.make_zone()
        dns.serve(self.zone)
        postfix.make_certificate()
        self.ports = dict(postfix.PORTS)
        self.begin(Setup("nothing"), MONDAY)
        servers.listen(("127.2.0.1", 25), self.late("remote"))
        servers.listen(("127.0.0.1", 10023), self.late("greylist"))
        servers.listen(("127.0.0.1", 10024), self.late("filter"))

    def late(self, name: str):
        """The server of this name as it is when a connection comes in: every run has its own."""

        def talk(stream) -> None:
            getattr(self, name)(stream)

        return talk

    def begin(self, setup: Setup, start: datetime) -> None:
        """Fresh notes, an empty queue, the clock at the start."""
        namespace.empty_spool()
        self.setup = setup
        self.ledger = Ledger()
        self.clock = Clock(self.root / "clock", start)
        self.mailboxes = servers.Sink(dict(world.MAILBOX_REPLIES), "mail.corbel.example", lmtp=True)
        self.remote = servers.Sink(dict(world.REMOTE_REPLIES))
        self.greylist = servers.Greylist(setup.known_networks)
        self.filter = (
            filters.BeforeQueue(self) if setup.filter == "before" else filters.AfterQueue(self, setup.filter == "after")
        )
        self.numbers = itertools.count(1)
        for name, talk in (("dovecot-lmtp", self.late("mailboxes")), ("auth", servers.dovecot_auth)):
            if not (postfix.SPOOL / "private" / name).exists():
                servers.listen(postfix.SPOOL / "private" / name, talk)
        files = {"aliases": world.alias_table(), "mailboxes": world.mailbox_table(), **setup.files}
        self.postfix = postfix.Postfix(self.clock, setup.settings, setup.services, setup.master, files, setup.timezone)

    def run(self, setup: Setup, play, start: datetime = MONDAY) -> tuple[str, dict]:
        """The log of a run and the truth about it."""
        self.begin(setup, start)
        self.postfix.start()
        self.clock.jump(60)
        play(self)
        self.postfix.quiet()
        time.sleep(0.2)
        self.ledger.settle([self.mailboxes, self.remote], self.postfix.queue(), setup.filter != "")
        self.postfix.stop()
        time.sleep(0.3)
        return postfix.LOG.read_bytes().decode("utf-8", "surrogateescape"), self.truth()

    def truth(self) -> dict:
        setup, records = self.setup, self.ledger.records
        names = sorted({*setup.trial, *(name for trial in setup.trial_by_service.values() for name in trial)})
        services = sorted({record["service"] for record in records})
        truth = {
            "description": setup.description,
            "settings": {**postfix.MAIN, **setup.settings},
            "services": setup.services,
            "files": setup.files,
            "timezone": setup.timezone,
            "notes": setup.notes,
            "texts": setup.texts,
            "totals": totals(self.ledger),
            "restrictions": count(records, names),
        }
        if len(services) > 1:
            truth["restrictions_by_service"] = {
                service: count([record for record in records if record["service"] == service], names)
                for service in services
            }
        return {**truth, "recipients": records}

    # --- what sessions ask ---
    def message_id(self, sender: str) -> str:
        domain = sender.rpartition("@")[2] or "mailer.example"
        return f"<{self.clock.now():%Y%m%d%H%M%S}.{next(self.numbers):05d}@{domain}>"

    def faults_of(self, session: Session, sender: str, recipient: str | None) -> set[str]:
        """What a recipient violates among the restrictions on trial where it was tried."""
        if self.setup.permit_first and session.role != "outside":
            return set()
        trial = set(self.setup.trial_by_service.get(session.service, self.setup.trial))
        case = self.setup.faults
        known = faults_of_greeting(session.helo) | set(session.who.faults)
        for key in (session.who.address, session.helo, sender, sender.rpartition("@")[2], recipient):
            known |= case.get(key or "", set())
        return known & trial

    def connect(self, who: world.Host, service: str = "smtp", **more) -> Session:
        return Session(self, who, service, **more)

    def pause(self, seconds: float) -> None:
        """Let time pass, with nothing on its way."""
        self.postfix.quiet()
        self.clock.jump(seconds)


def write(path: Path, text: str) -> None:
    """Whole or not at all: colleagues read the folder while it fills."""
    beside = path.with_name("." + path.name + ".new")
    beside.write_bytes(text.encode("utf-8", "surrogateescape"))
    os.chmod(beside, 0o644)
    os.replace(beside, path)


def write_json(path: Path, truth: dict) -> None:
    """One recipient per line, so that a difference between two runs can be read."""
    head = {key: value for key, value in truth.items() if key != "recipients"}
    rows = ",\n".join("  " + json.dumps(record, ensure_ascii=True) for record in truth["recipients"])
    write(path, json.dumps(head, indent=1, ensure_ascii=True)[:-2] + ',\n "recipients": [\n' + rows + "\n ]\n}\n")
