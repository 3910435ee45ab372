"""The maillog of a small site, made session by session, in the order in which Postfix writes its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from logtune.analyses.trial import OnTrial, Trial
from logtune.api import MailLog
from tests.lines import log_of

NOT_FQDN = "504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname"
UNKNOWN_USER = "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
NO_RELAY = "554 5.7.1 <{to}>: Relay access denied"
LISTED = "554 5.7.1 Service unavailable; Client host [{addr}] blocked using zen.example.org"


@dataclass
class Site:
    """Lines so far. Days are those of March 2026; each session takes a second, in the order of the calls of a day."""

    lines: list[tuple[int, list[str]]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def arrives(
        self, day: int, client: str, sender: str, to: str = "info@corbel.example", helo: str = "frasier",
        warning: str | None = NOT_FQDN, says: str | None = None, login: str | None = None, service: str = "",
    ) -> None:  # fmt: skip
        """A mail comes in from *client* (``name[addr]``); *says* is amavis's word on it."""
        number = next(self.numbers)
        qid, smtpd, id = f"{number:09X}", f"{service}smtpd[{number}]", f"{number}@mail.example"
        warned = [f"{smtpd}: NOQUEUE: reject_warning: {self._of(warning, client, sender, to, helo)}"] if warning else []
        sasl = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
        if warned and login:
            warned = [warned[0] + sasl.replace(",", "")]
        verdict = [f"({number}-01) Passed {says} {{RelayedInbound}}, [192.0.2.1]:4812 <{sender}> -> <{to}>,"
                   f" Queue-ID: {qid}, Message-ID: <{id}>, mail_id: abc, Hits: 1, size: 12"] if says else []  # fmt: skip
        self._add(day, [
            f"{smtpd}: connect from {client}", *warned, f"{smtpd}: {qid}: client={client}{sasl}",
            f"cleanup[2]: {qid}: message-id=<{id}>",
            f"qmgr[3]: {qid}: from=<{sender}>, size=900, nrcpt=1 (queue active)",
            f"{smtpd}: disconnect from {client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
            *(f"!amavis[77]: {v}" for v in verdict),
            f"lmtp[4]: {qid}: to=<{to}>, relay=mail[private/lmtp], delay=0.1, delays=0/0/0/0.1, dsn=2.0.0,"
            " status=sent (250 2.0.0 Saved)",
            f"qmgr[3]: {qid}: removed",
        ])  # fmt: skip

    def sends(self, day: int, to: str, relay: str = "mx.example.net[192.0.2.250]") -> None:
        """A user with a login sends a mail outside."""
        number = next(self.numbers)
        qid, smtpd, client = f"{number:09X}", f"submission/smtpd[{number}]", "pc.dsl.example[203.0.113.200]"
        self._add(day, [
            f"{smtpd}: connect from {client}",
            f"{smtpd}: {qid}: client={client}, sasl_method=PLAIN, sasl_username=anna",
            f"qmgr[3]: {qid}: from=<anna@corbel.example>, size=900, nrcpt=1 (queue active)",
            f"{smtpd}: disconnect from {client} ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6",
            f"smtp[5]: {qid}: to=<{to}>, relay={relay}:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)",
            f"qmgr[3]: {qid}: removed",
        ])  # fmt: skip

    def refused(
        self, day: int, client: str, text: str, to: str = "info@corbel.example", sender: str = "x@spam.test",
        helo: str = "frasier",
    ) -> None:  # fmt: skip
        """A recipient is really rejected with *text*."""
        smtpd = f"smtpd[{next(self.numbers)}]"
        self._add(day, [
            f"{smtpd}: connect from {client}",
            f"{smtpd}: NOQUEUE: reject: {self._of(text, client, sender, to, helo)}",
            f"{smtpd}: disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4",
        ])  # fmt: skip

    def idle(self, day: int) -> None:
        """A line of that day, so that the log reaches it."""
        self._add(day, ["qmgr[3]: FFFFFFF: removed"])

    def _of(self, text: str, client: str, sender: str, to: str, helo: str) -> str:
        addr = client.partition("[")[2].rstrip("]")
        return (
            f"RCPT from {client}: {text.format(helo=helo, to=to, addr=addr)}; from=<{sender}> to=<{to}> proto=ESMTP"
            f" helo=<{helo}>"
        )

    def _add(self, day: int, lines: list[str]) -> None:
        self.lines.append((day, lines))

    def text(self, host: str = "mail") -> str:
        """The lines as *host* writes them, sessions in the order of their days."""
        written = []
        for second, (day, lines) in enumerate(sorted(self.lines, key=lambda entry: entry[0])):
            stamp = f"Mar {day:2} 10:{second // 60 % 60:02}:{second % 60:02} {host} "
            written += [stamp + (line[1:] if line.startswith("!") else f"postfix/{line}") for line in lines]
        return "\n".join(written)

    def read(self, **options: object) -> MailLog:
        """The log, sessions in the order of their days."""
        return log_of(self.text(), **options)

    def trial(self, **options: object) -> Trial:
        """What the trial of the log comes to."""
        log = self.read(**options)
        return Trial.of(log.tables, log.options)

    def entry(self, **options: object) -> OnTrial:
        """The only restriction on trial."""
        (found,) = self.trial(**options).restrictions
        return found
