"""What happens to a mail in the queue: cleanup, qmgr, the delivery agents, retries, bounces, a filter's return."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from benchmarks.generator.log import SECOND, Log
from benchmarks.generator.world import OWN, Chance, Remote, World

FILTER = "127.0.0.1[127.0.0.1]:10024"
SOCKET = f"mail.{OWN}[private/dovecot-lmtp]"


@dataclass(slots=True)
class Mail:
    """A mail and its envelope. ``began`` is when it arrived, ``client`` the address of who brought it."""

    id: str
    sender: str
    message_id: str
    size: int
    began: int
    client: str | None = None
    rcpts: list[str] = field(default_factory=list)


class Processes:
    """The processes of a service: each has one session at a time and ends after a hundred (max_use)."""

    def __init__(self, tag: str, pid: int) -> None:
        self.tag, self.pid = tag, pid
        self.free: list[tuple[int, str, int]] = []

    def take(self, at: int) -> tuple[str, int]:
        """A process that is free at *at*, as ``TAG[PID]: ``, and how many sessions it had."""
        if self.free and self.free[0][0] < at:
            _, process, uses = heapq.heappop(self.free)
            return process, uses
        self.pid += 7
        return f"{self.tag}[{self.pid}]: ", 0

    def release(self, process: tuple[str, int], at: int) -> None:
        """Its session ended at *at*."""
        if process[1] < 99:
            heapq.heappush(self.free, (at, process[0], process[1] + 1))


@lru_cache(maxsize=4096)
def counters(commands: tuple[tuple[str, int, int], ...]) -> str:
    """``ehlo=1 mail=1 rcpt=1/2 quit=1 commands=4/5`` of (command, accepted, tried), in smtpd's order."""
    total = ("commands", sum(c[1] for c in commands), sum(c[2] for c in commands))
    return " ".join(f"{n}={a}" if a == t else f"{n}={a}/{t}" for n, a, t in (*commands, total) if t)


class Queue:
    """The queue of one Postfix."""

    def __init__(self, log: Log, world: World, chance: Chance) -> None:
        self.put, self.truth = log.put, log.truth
        self.world = world
        self.gap, self.pick = chance.gaps(60_000, 2.2).__next__, chance.uniform().__next__
        self.size = chance.gaps(14_000, 3.6).__next__
        self.delays = chance.evenly(_delays(chance)).__next__
        self.remote = world.remote.__next__
        self.inode = 0
        self.cleanup = chance.evenly([f"postfix/cleanup[{p}]: " for p in range(2011, 2150, 13)]).__next__
        self.smtp = chance.evenly([f"postfix/smtp[{p}]: " for p in range(3007, 3900, 23)]).__next__
        self.amavis = chance.evenly([f"postfix/amavis/smtp[{p}]: " for p in range(4003, 4100, 19)]).__next__
        self.amavisd = chance.evenly(
            [f"amavis[{p}]: ({p}-{n:02d}) " for p in (811, 823) for n in range(1, 20)]
        ).__next__
        self.local = chance.of(_LOCAL, [70, 12, 8, 5, 2, 1]).__next__
        self.answers = chance.of(_TEMPORARY).__next__
        self.refusals = chance.of(_PERMANENT).__next__
        self.back = Processes("postfix/reinject/smtpd", 50_000)

    def mail(self, at: int, sender: str, client: str | None = None, message_id: str | None = None) -> Mail:
        """A new queue file. The inode comes back after a quarter of a million mails, when its mail is long gone."""
        self.inode = (self.inode + 1) % 0x40000
        queue_id = f"{at % SECOND:05X}{0x80000 + self.inode * 7919 % 0x40000:05X}"
        self.truth["mails"] += 1
        message_id = message_id or f"{at:x}.{queue_id}@{sender.rpartition('@')[2] or OWN}"
        return Mail(queue_id, sender, message_id, self.size(), at, client)

    def identify(self, at: int, mail: Mail) -> int:
        """cleanup(8) has the header; gives the time of that."""
        at += self.gap()
        self.put(at, f"{self.cleanup()}{mail.id}: message-id=<{mail.message_id}>")
        return at

    def active(self, at: int, mail: Mail) -> None:
        """qmgr(8) takes it up."""
        size = f"size={mail.size}, nrcpt={len(mail.rcpts)}"
        self.put(at, f"postfix/qmgr[815]: {mail.id}: from=<{mail.sender}>, {size} (queue active)")

    def accept(self, at: int, mail: Mail) -> int:
        """Message-ID and active queue; gives the time of the latter."""
        at = self.identify(at, mail)
        at += self.gap()
        self.active(at, mail)
        self.truth["accepted mails"] += 1
        return at

    def remove(self, at: int, mail: Mail) -> None:
        """The end of its queue file."""
        self.put(at, f"postfix/qmgr[815]: {mail.id}: removed")

    # --- own recipients

    def keep(self, at: int, mail: Mail) -> None:
        """Deliver to mailboxes here, each recipient by one line."""
        for rcpt in mail.rcpts:
            at += self.gap()
            agent, relay, dsn, reply = self.local()
            user = rcpt.partition("@")[0]
            to = f"to=<{rcpt}>" if self.pick() < 0.9 else f"to=<{user}@{OWN}>, orig_to=<{rcpt}>"
            told = reply.format(rcpt=rcpt, id=mail.id)
            self.put(at, f"{agent}{mail.id}: {to}, relay={relay}, {self.delays()}, dsn={dsn}, status={told}")
            self.truth["deliveries"] += 1
        self.remove(at + self.gap(), mail)

    def through_filter(self, at: int, mail: Mail) -> None:
        """By amavis and back into the queue as another mail, which is delivered."""
        tag, start = self.amavis(), at + 40 * self.gap()
        process = self.back.take(start)
        who = process[0]
        self.put(start, f"{who}connect from localhost[127.0.0.1]")
        again = self.mail(start, mail.sender, "127.0.0.1", mail.message_id)
        again.rcpts, again.size = mail.rcpts, mail.size + 713
        at = start + self.gap()
        origin = f", orig_queue_id={mail.id}" if self.pick() < 0.1 else ""
        self.put(at, f"{who}{again.id}: client=localhost[127.0.0.1]{origin}")
        at = self.accept(at, again)
        rcpts = len(mail.rcpts)
        told = counters((("ehlo", 1, 1), ("mail", 1, 1), ("rcpt", rcpts, rcpts), ("data", 1, 1), ("quit", 1, 1)))
        end = at + self.gap()
        self.put(end, f"{who}disconnect from localhost[127.0.0.1] {told}")
        self.back.release(process, end)
        self.truth["sessions"] += 1
        self.verdict(end, mail, again)
        reply = f"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {again.id}"
        for rcpt in mail.rcpts:
            end += 50
            put = f"relay={FILTER}, {self.delays()}, dsn=2.0.0, status=sent ({reply})"
            self.put(end, f"{tag}{mail.id}: to=<{rcpt}>, {put}")
            self.truth["deliveries"] += 1
        self.remove(end + self.gap(), mail)
        self.keep(end, again)

    def verdict(self, at: int, mail: Mail, again: Mail) -> None:
        """What amavis says of it."""
        hits = round(12 * self.pick() - 5, 3)
        word = "SPAMMY" if hits > 6 else "CLEAN"
        envelope = f"[{mail.client}]:{20_000 + mail.size % 40_000} [{mail.client}] <{mail.sender}> -> <{mail.rcpts[0]}>"
        ids = f"Queue-ID: {mail.id}, Message-ID: <{mail.message_id}>, mail_id: {mail.id[::-1]}"
        told = f"Hits: {hits}, size: {mail.size}, queued_as: {again.id}, {int(900 * self.pick()) + 90} ms"
        self.put(at, f"{self.amavisd()}Passed {word} {{RelayedInbound}}, {envelope}, {ids}, {told}")

    # --- recipients elsewhere

    def send(self, at: int, mail: Mail, remotes: Sequence[Remote]) -> None:
        """Deliver elsewhere; what is put off is tried again, up to three times, then returned."""
        mail.rcpts = [r.address for r in remotes]
        left, tries = list(remotes), 0
        while left:
            last = tries == 3
            waiting = []
            for remote in left:
                at += self.gap() * 6
                kept = self.attempt(at, mail, remote, tries, last)
                waiting += [remote] if kept else []
            left, tries = waiting, tries + 1
            if left and last:
                at += SECOND
                self.put(at, f"postfix/qmgr[815]: {mail.id}: from=<{mail.sender}>, status=expired, returned to sender")
                at = self.bounce(at, mail)
                break
            if left:
                at += int((300 << tries) * SECOND * (1 + self.pick() / 4))
                self.active(at, mail)
        self.remove(at + self.gap(), mail)

    def attempt(self, at: int, mail: Mail, remote: Remote, tries: int, last: bool) -> bool:
        """One line for one recipient; whether it has to be tried again."""
        tag, relay, luck = self.smtp(), remote.relay, self.pick()
        self.truth["deliveries"] += 1
        waited = (at - mail.began) // SECOND
        delays = self.delays() if waited < 30 else f"delay={waited}, delays={waited}/0.03/0.41/0.22"
        if luck < relay.fails:
            if luck * 3 < relay.fails:
                self.put(at - 1, f"{tag}connect to {relay.peer}: Connection timed out")
                why = (
                    f"relay=none, {delays}, dsn=4.4.1, status=deferred (connect to {relay.peer}: Connection timed out)"
                )
            else:
                peer = relay.peer.removesuffix(":25")
                said = self.answers().format(peer=peer, rcpt=remote.address)
                why = f"relay={relay.peer}, {delays}, dsn=4.7.1, status=deferred ({said})"
            self.put(at, f"{tag}{mail.id}: to=<{remote.address}>, {why}")
            return True
        if luck > 0.985 and mail.sender:
            said = self.refusals().format(peer=relay.peer.removesuffix(":25"), rcpt=remote.address)
            why = f"relay={relay.peer}, {delays}, dsn=5.1.1, status=bounced ({said})"
            self.put(at, f"{tag}{mail.id}: to=<{remote.address}>, {why}")
            self.bounce(at + self.gap(), mail)
            return False
        if relay.tls and luck < 0.45:
            self.put(at - 2, f"{tag}Trusted TLS connection established to {relay.peer}: {relay.tls}")
        use = f"conn_use={int(luck * 20)}, " if 0.8 < luck < 0.9 else ""
        there = f"{at % (1 << 32):08X}"
        self.put(
            at,
            f"{tag}{mail.id}: to=<{remote.address}>, relay={relay.peer}, {use}{delays}, dsn=2.0.0,"
            f" status=sent (250 2.0.0 Ok: queued as {there})",
        )
        return False

    def bounce(self, at: int, mail: Mail) -> int:
        """A notice to the sender, delivered here."""
        notice = self.mail(at, "", None)
        notice.rcpts = [mail.sender or f"postmaster@{OWN}"]
        ready = self.accept(at, notice)
        self.put(at + 1, f"postfix/bounce[1290]: {mail.id}: sender non-delivery notification: {notice.id}")
        self.keep(ready, notice)
        return ready

    def discard(self, at: int, mail: Mail) -> None:
        """Transports that deliver nothing: discard(8) and error(8)."""
        dropped = self.pick() < 0.5
        for rcpt in mail.rcpts:
            at += self.gap()
            to = f"{mail.id}: to=<{rcpt}>, relay=none, {self.delays()}"
            if dropped:
                self.put(at, f"postfix/discard[1301]: {to}, dsn=2.0.0, status=sent ({OWN}: newsletters are not wanted)")
            else:
                why = f"moved.{OWN}: this department has closed"
                self.put(at, f"postfix/error[1303]: {to}, dsn=5.1.2, status=bounced ({why})")
            self.truth["deliveries"] += 1
        if not dropped:
            at = self.bounce(at + self.gap(), mail)
        self.remove(at + self.gap(), mail)


_LOCAL = (
    ("postfix/lmtp[2601]: ", SOCKET, "2.0.0", "sent (250 2.0.0 <{rcpt}> {id}XqB5DA3DAEE518A07D5 Saved)"),
    ("postfix/virtual[2617]: ", "virtual", "2.0.0", "sent (delivered to maildir)"),
    ("postfix/local[2633]: ", "local", "2.0.0", "sent (delivered to mailbox)"),
    ("postfix/pipe[2641]: ", "ticket", "2.0.0", "sent (delivered via ticket service)"),
    ("postfix/local[2635]: ", "local", "2.0.0", "sent (delivered to command: /usr/bin/procmail -a $EXTENSION)"),
    ("postfix/lmtp[2603]: ", SOCKET, "5.2.2", "bounced (host " + SOCKET + " said: 552 5.2.2 <{rcpt}> Quota exceeded"
     " (mailbox for user is full) (in reply to end of DATA command))"),
)  # fmt: skip

_TEMPORARY = (
    "host {peer} said: 450 4.7.1 <{rcpt}>: Recipient address rejected: Greylisted, please try again later"
    " (in reply to RCPT TO command)",
    "host {peer} refused to talk to me: 421 4.3.2 All screening ports are busy",
    "lost connection with {peer} while receiving the initial server greeting",
    "host {peer} said: 452 4.2.2 <{rcpt}> Over quota (in reply to RCPT TO command)",
    "conversation with {peer} timed out while sending message body",
)

_PERMANENT = (
    "host {peer} said: 550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table"
    " (in reply to RCPT TO command)",
    "host {peer} said: 554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using bl.example.net"
    " (in reply to MAIL FROM command)",
    "host {peer} said: 552 5.3.4 Message size exceeds fixed limit (in reply to MAIL FROM command)",
)


def _delays(chance: Chance) -> list[str]:
    """Attributes of usual deliveries, long ones seldom."""
    found, times = [], chance.gaps(300_000, 4.4)
    for _ in range(2000):
        stages = [round(next(times) / SECOND / n, 2) for n in (4, 40, 4, 2)]
        found.append(f"delay={_seconds(sum(stages))}, delays={'/'.join(map(_seconds, stages))}")
    return found


def _seconds(value: float) -> str:
    """Two digits, as delay_logging_resolution_limit has it."""
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"
