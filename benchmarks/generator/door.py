"""What happens at the door: sessions of smtpd(8), from connect to disconnect, with what the restrictions say."""

from __future__ import annotations

from benchmarks.generator.log import SECOND, Log
from benchmarks.generator.queue import Mail, Processes, Queue, counters
from benchmarks.generator.world import OWN, PIPELINING, Chance, Client, World

Command = tuple[str, int, int]

_REFUSALS = (
    "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
    "554 5.7.1 Service unavailable; Client host [{addr}] blocked using bl.example.net;"
    " Listed, see https://bl.example.net/query?ip={addr}",
    "450 4.7.1 <{rcpt}>: Recipient address rejected: Greylisted, see https://postgrey.example/help/corbel.html",
    "454 4.7.1 <{rcpt}>: Relay access denied",
    "554 5.7.1 <{rcpt}>: Relay access denied",
    "450 4.1.8 <{sender}>: Sender address rejected: Domain not found",
    "504 5.5.2 <{sender}>: Sender address rejected: need fully-qualified address",
    "554 5.7.1 <{peer}>: Client host rejected: Access denied",
    "550 5.7.23 <{rcpt}>: Recipient address rejected: Message rejected due to: SPF fail - not authorized",
    "552 5.2.2 <{rcpt}>: Recipient address rejected: Mailbox is full",
)
_REFUSED_OFTEN = (30, 30, 22, 4, 4, 6, 1, 3, 4, 2)

_CHECKS = (
    "warning: header Subject: Special offer {n} only this week{tail}",
    "reject: header X-Mailer: MassBlast {n}{tail}: 5.7.1 No bulk mailers here",
    "replace: header Received: from [10.0.0.{n}] (unknown [10.0.0.{n}]) by mx.corbel.example{tail}: Received: local",
    "reject: body <iframe src=https://x{n}.example/>{tail}: 5.7.1 Message content rejected",
    "hold: header X-Spam-Level: {n}{tail}: suspicious",
)

_LOST = ("CONNECT", "EHLO", "UNKNOWN", "AUTH", "RCPT", "STARTTLS")


class Door:
    """The smtpd services of one Postfix: 25, submission, and a listener with a before-queue filter."""

    def __init__(self, log: Log, world: World, chance: Chance, queue: Queue) -> None:
        self.put, self.truth = log.put, log.truth
        self.world, self.queue = world, queue
        self.gap, self.pick = queue.gap, queue.pick
        self.pause = chance.gaps(SECOND, 2.4).__next__
        self.smtpd = Processes("postfix/smtpd", 10_000)
        self.submission = Processes("postfix/submission/smtpd", 20_000)
        self.proxied = Processes("postfix/filtered/smtpd", 30_000)
        self.refusals = chance.of(_REFUSALS, _REFUSED_OFTEN).__next__
        self.checks = chance.of(_CHECKS, [8, 3, 5, 1, 1]).__next__
        self.several = chance.of([1, 2, 3, 4, 8, 20], [80, 10, 5, 3, 1.5, 0.5]).__next__
        self.how_lost = chance.of(_LOST, [30, 15, 20, 30, 5, 5]).__next__

    # --- parts of a session

    def open(self, at: int, service: Processes, client: Client) -> tuple[tuple[str, int], int]:
        """Process and time after connect, and TLS where the client has it."""
        process = service.take(at)
        self.put(at, f"{process[0]}connect from {client.peer}")
        self.truth["sessions"] += 1
        if client.tls:
            at += self.gap()
            self.put(at, f"{process[0]}Anonymous TLS connection established from {client.peer}: {client.tls}")
        return process, at

    def close(self, at: int, service: Processes, process: tuple[str, int], client: Client, *commands: Command) -> None:
        """The disconnect line with what was tried."""
        greeting = ("ehlo", 2, 2) if client.tls else ("ehlo", 1, 1)
        tls = ("starttls", 1, 1) if client.tls else ("starttls", 0, 0)
        self.put(at, f"{process[0]}disconnect from {client.peer} {counters((greeting, tls, *commands))}")
        service.release(process, at)

    def warn(self, at: int, head: str, client: Client, tail: str) -> None:
        """A line for each restriction on trial that does not like the client."""
        for restriction, reply in client.warned:
            self.put(at, f"{head}reject_warning: RCPT from {client.peer}: {reply}; {tail}")
            self.truth[restriction] += 1

    def recipients(self) -> list[str]:
        """Different mailboxes, mostly one."""
        number = self.several()
        return list(dict.fromkeys(next(self.world.mailboxes) for _ in range(number)))

    # --- mail that is accepted

    def inbound(self, at: int, client: Client | None = None) -> None:
        """A mail from elsewhere: a recipient may be unknown, a filter may follow."""
        client = client or next(self.world.clients)
        sender, service = next(self.world.senders), self.smtpd
        process, at = self.open(at, service, client)
        rcpts = self.recipients()
        unknown = next(self.world.nobodies) if self.pick() < 0.04 else None
        mail: Mail | None = None
        for rcpt in rcpts:
            at += self.gap()
            tail = f"from=<{sender}> to=<{rcpt}> proto=ESMTP helo=<{client.helo}>"
            if client.warned:
                self.warn(at, f"{process[0]}{mail.id if mail else 'NOQUEUE'}: ", client, tail)
            if mail is None:
                mail = self.queue.mail(at, sender, client.addr)
                self.put(at, f"{process[0]}{mail.id}: client={client.peer}")
            mail.rcpts.append(rcpt)
        assert mail is not None
        if unknown:
            at += self.gap()
            self.refuse(at, f"{process[0]}{mail.id}: ", client, sender, unknown, _REFUSALS[0])
        self.finish(at, service, process, client, mail, len(rcpts) + bool(unknown))

    def finish(
        self, at: int, service: Processes, process: tuple[str, int], client: Client, mail: Mail, tried: int
    ) -> None:
        """DATA and what becomes of the mail: accepted, refused by content, warned about, lost or a probe."""
        luck, ok = self.pick(), len(mail.rcpts)
        mail_rcpt = ("mail", 1, 1), ("rcpt", ok, tried)
        if luck < 0.02:  # another site asks whether the address exists
            self.close(at + self.gap(), service, process, client, *mail_rcpt, ("quit", 1, 1))
            return
        if luck < 0.03:
            at += self.pause() * 20
            how = "timeout" if luck > 0.025 else "lost connection"
            self.put(at, f"{process[0]}{how} after DATA ({mail.size} bytes) from {client.peer}")
            self.close(at + 20, service, process, client, *mail_rcpt, ("data", 0, 1))
            return
        if luck < 0.04:
            at += self.gap()
            self.pipelined(at, process[0], client, mail)
        at = self.queue.identify(at, mail)
        if luck < 0.10 and not self.content(at, process[0], client, mail):
            self.close(at + self.gap(), service, process, client, *mail_rcpt, ("data", 0, 1), ("quit", 1, 1))
            return
        at += self.gap()
        self.queue.active(at, mail)
        self.truth["accepted mails"] += 1
        self.close(at + self.gap(), service, process, client, *mail_rcpt, ("data", 1, 1), ("quit", 1, 1))
        if luck < 0.12:
            self.queue.discard(at, mail)
        elif luck < 0.55:
            self.queue.through_filter(at, mail)
        else:
            self.queue.keep(at, mail)

    def pipelined(self, at: int, who: str, client: Client, mail: Mail) -> None:
        """A restriction on trial at DATA concerns all recipients of the mail."""
        reply = "503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining"
        to = f" to=<{mail.rcpts[0]}>" if len(mail.rcpts) == 1 else ""
        tail = f"from=<{mail.sender}>{to} proto=ESMTP helo=<{client.helo}>"
        self.put(at, f"{who}{mail.id}: reject_warning: DATA from {client.peer}: {reply}; {tail}")
        self.truth[PIPELINING] += len(mail.rcpts)

    def content(self, at: int, who: str, client: Client, mail: Mail) -> bool:
        """What header checks and milters say; whether the mail goes on."""
        tail = f"from=<{mail.sender}> to=<{mail.rcpts[0]}> proto=ESMTP helo=<{client.helo}>"
        if self.pick() < 0.4:
            by = self.queue.cleanup()
            reply = "5.7.1 Spam message rejected" if self.pick() < 0.7 else "4.7.1 Try again later"
            self.put(at + 1, f"{by}{mail.id}: milter-reject: END-OF-MESSAGE from {client.peer}: {reply}; {tail}")
            return False
        check = self.checks()
        text = check.format(n=mail.size % 250, tail=f" from {client.peer}; {tail}")
        if check.startswith("hold"):
            text = text.replace("hold:", "warning:")
        self.put(at + 1, f"{self.queue.cleanup()}{mail.id}: {text}")
        return not check.startswith("reject")

    # --- mail that is not

    def refuse(self, at: int, head: str, client: Client, sender: str, rcpt: str, reply: str) -> None:
        """A restriction that is enforced refuses a recipient."""
        text = reply.format(rcpt=rcpt, sender=sender, peer=client.peer, addr=client.addr)
        tail = f"from=<{sender}> to=<{rcpt}> proto=ESMTP helo=<{client.helo}>"
        self.put(at, f"{head}reject: RCPT from {client.peer}: {text}; {tail}")
        self.truth["refused recipients"] += 1

    def refused(self, at: int, client: Client | None = None) -> None:
        """No recipient is accepted."""
        client = client or next(self.world.bots)
        sender, reply = next(self.world.spammers), self.refusals()
        process, at = self.open(at, self.smtpd, client)
        rcpts = list(dict.fromkeys(next(self.world.nobodies) for _ in range(self.several())))
        for rcpt in rcpts:
            at += self.gap()
            tail = f"from=<{sender}> to=<{rcpt}> proto=ESMTP helo=<{client.helo}>"
            self.warn(at, f"{process[0]}NOQUEUE: ", client, tail)
            self.refuse(at, f"{process[0]}NOQUEUE: ", client, sender, rcpt, reply)
        at += self.gap()
        commands: list[Command] = [("mail", 1, 1), ("rcpt", 0, len(rcpts))]
        if len(rcpts) > 10:
            self.put(at, f"{process[0]}too many errors after RCPT from {client.peer}")
        elif self.pick() < 0.3:
            self.put(at, f"{process[0]}lost connection after RCPT from {client.peer}")
        else:
            commands += [("data", 0, 1)] if self.pick() < 0.3 else []
            commands.append(("quit", 1, 1))
        self.close(at + 20, self.smtpd, process, client, *commands)

    def broken(self, at: int) -> None:
        """Bots that guess passwords, or vanish."""
        client, where = next(self.world.bots), self.how_lost()
        process, at = self.open(at, self.smtpd, client)
        if client.peer.startswith("unknown"):  # smtpd says this before it says who connects
            name = f"host-{client.addr.replace('.', '-')}.{OWN}"
            why = "Name or service not known"
            self.put(at - 1, f"{process[0]}warning: hostname {name} does not resolve to address {client.addr}: {why}")
        auth: Command = ("auth", 0, 0)
        if where == "AUTH":
            at, auth = at + self.pause(), ("auth", 0, 1)
            why = f"SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=info@{OWN}"
            self.put(at, f"{process[0]}warning: {client.peer}: {why}")
        at += self.gap()
        if where == "UNKNOWN" and self.pick() < 0.3:
            self.put(at, f"{process[0]}improper command pipelining after EHLO from {client.peer}: QUIT\\r\\n")
        elif where == "UNKNOWN":
            self.put(at, f"{process[0]}warning: non-SMTP command from {client.peer}: GET / HTTP/1.1")
        elif where == "STARTTLS":
            self.put(at, f"{process[0]}SSL_accept error from {client.peer}: lost connection")
        self.put(at + 5, f"{process[0]}lost connection after {where} from {client.peer}")
        self.close(at + 20, self.smtpd, process, client, auth)

    # --- other ways in

    def submitted(self, at: int) -> None:
        """An own user sends a mail elsewhere, or to a colleague."""
        client, user = next(self.world.users), next(self.world.mailboxes)
        process, at = self.open(at, self.submission, client)
        mail = self.queue.mail(at, user, client.addr)
        name = user.partition("@")[0]
        at += self.gap()
        self.put(at, f"{process[0]}{mail.id}: client={client.peer}, sasl_method=PLAIN, sasl_username={name}")
        elsewhere = self.pick() < 0.85
        remotes = list({r.address: r for r in (self.queue.remote() for _ in range(self.several()))}.values())
        mail.rcpts = [r.address for r in remotes] if elsewhere else self.recipients()
        ok = len(mail.rcpts)
        at = self.queue.accept(at, mail)
        commands = ("auth", 1, 1), ("mail", 1, 1), ("rcpt", ok, ok), ("data", 1, 1), ("quit", 1, 1)
        self.close(at + self.gap(), self.submission, process, client, *commands)
        if elsewhere:
            self.queue.send(at, mail, remotes)
        else:
            self.queue.keep(at, mail)

    def picked_up(self, at: int) -> None:
        """A program of the machine itself calls sendmail(1)."""
        mail = self.queue.mail(at, f"root@mail.{OWN}")
        self.put(at, f"postfix/pickup[{900 + at % 50}]: {mail.id}: uid={at % 3 * 33} from=<root>")
        mail.rcpts = [next(self.world.mailboxes)]
        self.queue.keep(self.queue.accept(at, mail), mail)

    def before_queue(self, at: int) -> None:
        """A filter before the queue: no queue file here until its verdict."""
        client = next(self.world.clients)
        sender, rcpt = next(self.world.senders), next(self.world.mailboxes)
        process, at = self.open(at, self.proxied, client)
        who = process[0]
        at += self.gap()
        self.put(at, f"{who}NOQUEUE: client={client.peer}")
        tail = f"from=<{sender}> to=<{rcpt}> proto=ESMTP helo=<{client.helo}>"
        ends = [("mail", 1, 1), ("rcpt", 1, 1), ("data", 1, 1), ("quit", 1, 1)]
        if self.pick() < 0.2:
            at += self.pause()
            self.truth["mails"] += 1
            self.put(at, f"{who}proxy-reject: END-OF-MESSAGE: 550 5.7.1 Message content rejected; {tail}")
            ends[2] = ("data", 0, 1)
        else:
            mail, at = self.returned(at, sender, rcpt)
            self.put(at, f"{who}proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as {mail.id}; {tail}")
            self.queue.keep(at, mail)
        self.close(at + self.gap(), self.proxied, process, client, *ends)

    def returned(self, at: int, sender: str, rcpt: str) -> tuple[Mail, int]:
        """The filter brings the mail in again, by a session of its own."""
        back = self.queue.back
        start = at + self.gap()
        process = back.take(start)
        self.put(start, f"{process[0]}connect from localhost[127.0.0.1]")
        self.truth["sessions"] += 1
        mail = self.queue.mail(start, sender, "127.0.0.1")
        mail.rcpts = [rcpt]
        at = start + self.gap()
        self.put(at, f"{process[0]}{mail.id}: client=localhost[127.0.0.1]")
        at = self.queue.accept(at, mail) + self.gap()
        told = counters((("ehlo", 1, 1), ("mail", 1, 1), ("rcpt", 1, 1), ("data", 1, 1), ("quit", 1, 1)))
        self.put(at, f"{process[0]}disconnect from localhost[127.0.0.1] {told}")
        back.release(process, at)
        return mail, at + self.gap()
