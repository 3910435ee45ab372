"""What stands between the mails: postscreen, statistics, warnings, administrators, other programs, lost lines."""
# ruff: noqa: E501 (a log line stays one line)

from __future__ import annotations

from benchmarks.generator.door import Door
from benchmarks.generator.log import BEGIN, SECOND, Log
from benchmarks.generator.world import Chance, World

_SINGLE = (
    'postfix/master[812]: warning: service "smtp" (25) has reached its process limit "100": new clients may experience noticeable delays',
    "postfix/master[812]: warning: to avoid this condition, increase the process count in master.cf or reduce the service time per client",
    "postfix/master[812]: reload -- version 3.7.11, configuration /etc/postfix",
    "postfix/postfix-script[{n}]: refreshing the Postfix mail system",
    "postfix/smtpd[{n}]: warning: Connection rate limit exceeded: {n} from unknown[198.51.100.7] for service smtp",
    "postfix/trivial-rewrite[{n}]: warning: do not list domain corbel.example in BOTH mydestination and virtual_mailbox_domains",
    "postfix/trivial-rewrite[{n}]: table hash:/etc/postfix/transport(0,lock|fold_fix) has changed -- restarting",
    "postfix/postsuper[{n}]: Released from hold: 12 messages",
    "postfix/verify[{n}]: cache lmdb:/var/lib/postfix/verify_cache full cleanup: retained={n} dropped=3 entries",
    "postfix/postscreen[{n}]: entering STRESS mode with 70 connections",
    "postfix/postscreen[{n}]: leaving STRESS mode with 40 connections",
    "postfix/smtp[{n}]: warning: host mx.elm.example[192.0.2.30]:25 greeted me with my own hostname mail.corbel.example",
    "postfix/qmgr[815]: warning: mail for [127.0.0.1]:10024 is using up 4000 of 6000 active queue entries",
    "postfix/proxymap[{n}]: warning: connect to mysql server 127.0.0.1: Can't connect to MySQL server on '127.0.0.1' (111)",
    "postfix/tlsproxy[{n}]: CONNECT from [198.51.100.{o}]:4{n}",
    "postfix/tlsproxy[{n}]: DISCONNECT [198.51.100.{o}]:4{n}",
)
_OTHERS = (
    "dovecot: imap-login: Login: user=<anna.alder@corbel.example>, method=PLAIN, rip=198.51.100.{o}, lip=192.0.2.2, mpid={n}, TLS, session=<q{n}>",
    "dovecot: lmtp(anna.alder@corbel.example)<{n}><q{n}aaa>: sieve: msgid=<{n}@elm.example>: stored mail into mailbox 'INBOX'",
    "opendkim[733]: {n}: DKIM-Signature field added (s=mail, d=corbel.example)",
    "CRON[{n}]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)",
    "sshd[{n}]: Failed password for invalid user admin from 198.51.100.{o} port 4{n} ssh2",
)
_FILTERS = (
    "rspamd[744]: <a{n}>; task; rspamd_task_write_log: id: <{n}@elm.example>, qid: <undef>, ip: 198.51.100.{o}, from: <bert@elm.example>, (default: F (no action): [-2.10/15.00] [R_SPF_ALLOW(-0.20){{+ip4:198.51.100.0/24;}}]), len: {n}, time: 211.4ms, dns req: 21, digest: <c0ffee{n}>, rcpts: <anna.alder@corbel.example>",
    "rspamd[744]: <b{n}>; task; rspamd_task_write_log: id: <{n}@fern.example>, qid: <undef>, ip: 203.0.113.{o}, from: <buy@fern.example>, (default: T (reject): [19.40/15.00] [BAYES_SPAM(5.10){{100.00%;}}]), len: {n}, time: 88.0ms, dns req: 9, digest: <beef{n}>, rcpts: <bert.elm@corbel.example>",
    "spamd[755]: spamd: result: . 1 - HTML_MESSAGE,SPF_PASS scantime=1.{o},size={n},user=debian-spamd,uid=113,required_score=5.0,rhost=::1,raddr=::1,rport=4{n},mid=<{n}@dorn.example>,autolearn=no autolearn_force=no",
)
_LOSS = (
    "systemd-journald[253]: Suppressed {o} messages from postfix@-.service",
    "rsyslogd: imuxsock lost {o} messages from pid {n} due to rate-limiting",
)
_SCREENED = (
    "PREGREET 11 after 0.06 from {at}: EHLO ylmf-pc\\r\\n",
    "HANGUP after 0.31 from {at} in tests before SMTP handshake",
    "DNSBL rank 5 for {at}",
    "NOQUEUE: reject: RCPT from {at}: 550 5.7.1 Service unavailable; client [{addr}] blocked using bl.example.net;"
    " from=<x@pool.example>, to=<anna.alder@corbel.example>, proto=ESMTP, helo=<ylmf-pc>",
)


class Background:
    """Lines that belong to no mail."""

    def __init__(self, log: Log, world: World, chance: Chance, door: Door, loss_notes: bool) -> None:
        self.put, self.truth = log.put, log.truth
        self.world, self.door = world, door
        self.gap, self.pick = door.gap, door.pick
        self.number = chance.gaps(4000, 0.8).__next__
        self.ranks = chance.of([1, 2, 3, 5, 8], [30, 20, 20, 20, 10]).__next__
        self.singles = chance.evenly(_SINGLE).__next__
        self.others = chance.evenly(_OTHERS).__next__
        self.filters = chance.evenly(_FILTERS).__next__
        self.losses = chance.evenly(_LOSS).__next__ if loss_notes else None

    def screened(self, at: int) -> None:
        """postscreen(8) keeps a bot out; most of its lines are alike."""
        client = next(self.world.bots)
        who, place = "postfix/postscreen[841]: ", f"[{client.addr}]:{self.number() + 30_000}"
        self.put(at, f"{who}CONNECT from {place} to [192.0.2.2]:25")
        for rank in range(self.ranks() % 3):
            at += self.gap()
            listed = f"listed by domain bl{rank}.example.net as 127.0.0.{self.ranks()}"
            self.put(at, f"postfix/dnsblog[{7101 + rank}]: addr {client.addr} {listed}")
        for text in _SCREENED[: 1 + self.ranks() % 4]:
            at += self.gap()
            self.put(at, who + text.format(at=place, addr=client.addr))
        self.put(at + self.gap(), f"{who}DISCONNECT {place}")

    def passed(self, at: int) -> None:
        """postscreen(8) lets a client through, and smtpd takes it."""
        client = next(self.world.clients)
        place = f"[{client.addr}]:{self.number() + 30_000}"
        self.put(at, f"postfix/postscreen[841]: CONNECT from {place} to [192.0.2.2]:25")
        at += self.gap()
        self.put(at, f"postfix/postscreen[841]: PASS {'OLD' if self.pick() < 0.9 else 'NEW'} {place}")
        self.door.inbound(at + 200, client)

    def statistics(self, at: int) -> None:
        """anvil(8) and scache(8), every ten minutes in life."""
        moment = BEGIN.fromtimestamp(BEGIN.timestamp() + at // SECOND - 300, BEGIN.tzinfo)
        when, client = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}", next(self.world.clients)
        for i, text in enumerate((
            f"anvil[861]: statistics: max connection rate {self.ranks()}/60s for (smtp:{client.addr}) at {when}",
            f"anvil[861]: statistics: max connection count {self.ranks()} for (smtp:{client.addr}) at {when}",
            f"anvil[861]: statistics: max cache size {self.ranks()} at {when}",
            f"scache[863]: statistics: start interval {when}",
            f"scache[863]: statistics: domain lookup hits={self.ranks()} miss=6 success=40%",
        )):  # fmt: skip
            self.put(at + i, f"postfix/{text}")

    def single(self, at: int) -> None:
        """One line of a daemon that has something to say."""
        self._one(at, self.singles())

    def filtered(self, at: int) -> None:
        """One verdict of rspamd or spamd."""
        self._one(at, self.filters())

    def other(self, at: int) -> None:
        """One line of another program."""
        self.truth["other programs"] += 1
        self._one(at, self.others())

    def loss(self, at: int) -> None:
        """A note that lines were lost (none were); nothing where such notes are not wanted."""
        if self.losses is not None:
            self.truth["notes of loss"] += 1
            self.put(at, self.losses().format(n=self.number(), o=self.ranks()))

    def _one(self, at: int, text: str) -> None:
        number = self.number()
        self.put(at, text.format(n=number, o=number % 250 + 1))
