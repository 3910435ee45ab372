"""SMTP sessions as data, and a player that notes what the server answered for every recipient.

A script does not know which run it is in. What it does may depend on the replies, as a real client's does: it then says
so (`Greet.instead`, `Mail.all_or_nothing`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lab.client import Gone, Wire
from lab.servers import PASSWORD
from lab.world import Host

from tests.live.instance import SMTP, SUBMISSION, Instance

AT_ONCE = 4
"""Sessions at the same time: several smtpd processes write into one log."""


@dataclass(frozen=True)
class Greet:
    name: str
    verb: str = "EHLO"
    instead: str = ""  # the name with which the client greets again when it is rejected


@dataclass(frozen=True)
class StartTls:
    pass


@dataclass(frozen=True)
class Login:
    user: str


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    end: str = "data"  # data, bdat, rset, quit or drop
    all_or_nothing: bool = False  # gives the mail up when one recipient is rejected


Step = Greet | StartTls | Login | Mail


@dataclass(frozen=True)
class Script:
    """One session. `behind` is the front end that tells Postfix by XCLIENT whom it speaks for."""

    name: str
    client: Host
    steps: tuple[Step, ...]
    service: str = "smtp"
    behind: Host | None = None


@dataclass(frozen=True, order=True)
class Key:
    """One RCPT TO as scripted; the same in every run."""

    script: str
    client: str
    mail: int
    sender: str
    number: int
    recipient: str


@dataclass(frozen=True)
class Answer:
    """How one recipient ended: the reply to it, or to its mail when it was taken, or what the client did."""

    reply: str
    rejected_greeting: bool = False  # the client's last greeting was rejected, and it went on
    greeted: bool = False  # an earlier or corrected greeting was taken (since TLS began)
    corrected: bool = False  # it was taken after the client had changed its name for it

    @property
    def accepted(self) -> bool:
        return self.reply.startswith("2")

    @property
    def queue_id(self) -> str:
        return self.reply.rpartition("queued as ")[2] if self.accepted else ""


Answers = dict[Key, Answer]


def play(instance: Instance, visits: Iterable[Sequence[Script]], at_once: int = AT_ONCE) -> Answers:
    """Play all visits, some at once; the scripts of a visit one after the other, as retries are."""

    def play_visit(visit: Sequence[Script]) -> Answers:
        return {key: answer for script in visit for key, answer in Player(instance, script).play().items()}

    with ThreadPoolExecutor(at_once) as pool:
        answers = {key: answer for part in pool.map(play_visit, visits) for key, answer in part.items()}
    instance.quiet()
    return answers


@dataclass
class Player:
    """One session being played."""

    instance: Instance
    script: Script
    mails: int = 0
    greeted: bool = False
    rejected_greeting: bool = False
    corrected: bool = False
    last: str = ""
    answers: Answers = field(default_factory=dict)

    def play(self) -> Answers:
        for step in self.script.steps:
            if isinstance(step, Mail):  # whatever happens, each scripted recipient has an answer
                self.note(step, ["session cut"] * len(step.recipients))
                self.mails += 1
        self.mails = 0
        try:
            self.connect()
            for step in self.script.steps:
                self.do(step)
            self.wire.quit()
        except Gone:
            pass
        finally:
            if hasattr(self, "wire"):
                self.wire.drop()
        return self.answers

    def connect(self) -> None:
        front = self.script.behind or self.script.client
        port = {"smtp": SMTP, "submission": SUBMISSION}[self.script.service]
        self.wire = Wire(port, front.address, host=self.instance.address)
        if self.script.behind:
            client = self.script.client
            self.wire.command("EHLO front.corbel.example")
            name = "[UNAVAILABLE]" if client.name == "unknown" else client.name
            self.wire.command(f"XCLIENT NAME={name} ADDR={client.address}")

    def do(self, step: Step) -> None:
        match step:
            case Greet():
                self.greet(step)
            case StartTls():
                if self.wire.starttls().startswith("220"):
                    self.greeted = self.rejected_greeting = self.corrected = False
            case Login(user):
                secret = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
                self.wire.command(f"AUTH PLAIN {secret}")
            case Mail():
                self.note(step, self.send(step))
                self.mails += 1

    def greet(self, step: Greet) -> None:
        taken = self.wire.command(f"{step.verb} {step.name}").startswith("2")
        corrected = False
        if not taken and step.instead:
            taken = corrected = self.wire.command(f"{step.verb} {step.instead}").startswith("2")
        if taken:
            self.corrected = corrected
        self.greeted, self.rejected_greeting = self.greeted or taken, not taken

    def note(self, mail: Mail, replies: Sequence[str]) -> None:
        """A recipient that was not reached keeps the answer it had."""
        for number, (recipient, reply) in enumerate(zip(mail.recipients, replies, strict=True)):
            key = Key(self.script.name, self.script.client.address, self.mails, mail.sender, number, recipient)
            self.answers[key] = Answer(reply, self.rejected_greeting, self.greeted, self.corrected)

    # --- a mail ---
    def send(self, mail: Mail) -> list[str]:
        """The answer to each recipient; a reply of 421 or a closed connection leaves `session cut` for the rest."""
        reply = self.wire.command(f"MAIL FROM:<{mail.sender}>")
        if not reply.startswith("2"):
            return [reply] * len(mail.recipients)
        replies = []
        try:
            for recipient in mail.recipients:
                replies.append(self.wire.command(f"RCPT TO:<{recipient}>"))
            final = self.finish(mail, replies)
        except Gone:
            final = "session cut"
            replies += [final] * (len(mail.recipients) - len(replies))
        return [final if one.startswith("2") else one for one in replies]

    def finish(self, mail: Mail, replies: Sequence[str]) -> str:
        good = [reply for reply in replies if reply.startswith("2")]
        if mail.all_or_nothing and len(good) < len(replies):
            self.wire.command("RSET")
            return "given up"
        if mail.end == "drop":
            self.wire.drop()
            return "abandoned"
        if mail.end == "quit":
            self.wire.quit()
            return "abandoned"
        if mail.end == "rset" or not good:
            self.wire.command("RSET")
            return "abandoned"
        return self.send_text(mail)

    def send_text(self, mail: Mail) -> str:
        text = (
            f"From: <{mail.sender}>\r\nMessage-ID: <{self.script.name}.{self.mails}@{self.script.client.address}>\r\n"
            "Subject: papers\r\n\r\nGood morning, please find the papers attached.\r\n"
        ).encode()
        if mail.end == "bdat":
            self.wire.socket.sendall(f"BDAT {len(text)} LAST\r\n".encode() + text)
            reply = self.wire.reply()
        else:
            reply = self.wire.command("DATA")
            if reply.startswith("354"):
                return self.wire.command(text + b".")
        if not reply.startswith("2"):
            self.wire.command("RSET")
        return reply
