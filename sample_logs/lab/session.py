"""A client's session, played by hand, that writes its records into the ledger."""

import random

from .client import Gone, Wire
from .servers import PASSWORD
from .world import HELO_FAULTS, PROBE_SENDERS, Host

_ports = random.Random(25)


class Session:
    """Methods are SMTP steps; `mail` plays a whole mail and returns its records.

    `lab` gives the clock, the ledger, the trial (service -> restrictions on trial there), the exemption and the faults
    that belong to the case (senders, recipients, clients in its access tables).
    """

    def __init__(self, lab, who: Host, service: str = "smtp", port: int | None = None, proxied: bool = True):
        self.lab, self.who, self.service = lab, who, service
        self.number = lab.ledger.next_session()
        self.started = lab.clock.now()
        self.helo: str | None = None
        self.user = ""
        self.tls = False
        self.open = True
        self.role = "outside"
        self.wire = Wire(port or lab.ports[service], who.address if proxied else None, _ports.randint(32768, 60999))
        if who.address.startswith("192.168.10."):
            self.role = "authorized"

    # --- greeting ---
    def greet(self, name: str | None = None, verb: str = "EHLO") -> str:
        name = self.who.helo if name is None else name
        answer = self.wire.command(f"{verb} {name}")
        if answer[0] == "2":
            self.helo = name
        return answer

    def starttls(self) -> str:
        """TLS begins with a clean slate: the greeting before it no longer counts."""
        answer = self.wire.starttls()
        self.tls, self.helo = True, None
        return answer

    def login(self, user: str | None = None, password: str = PASSWORD) -> str:
        user = user or self.who.user
        answer = self.wire.auth_plain(user, password)
        if answer.startswith("235"):
            self.user, self.role = user, "authorized"
        return answer

    # --- mail ---
    def mail(
        self,
        sender: str,
        recipients: list[str],
        end: str = "data",
        data_flags: tuple[str, ...] = (),
        headers: str = "",
        size: int = 0,
        hint: str | None = None,
        key: str = "",
        pipelined: bool = False,
        unseen: tuple[str, ...] = (),
    ) -> list[dict]:
        """MAIL, RCPT, and then `end`: data, bdat, rset, quit, drop, drop_in_data or nothing.

        `unseen` names recipients that Postfix accepts without evaluating and without a line (after a DISCARD): they
        stay out of the counts per restriction.
        """
        mail = self.lab.ledger.next_mail()
        message_id = self.lab.message_id(sender)
        base = {
            "session": self.number,
            "mail": mail,
            "time": self.lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "service": self.service,
            "role": self.role,
            "client_name": self.who.name,
            "client_addr": self.who.address,
            "helo": self.helo,
            "sasl_username": self.user,
            "message_id": message_id,
            "sender": sender,
        }
        if key:
            base["retry_key"] = key
        if hint:
            base["hint"] = hint
        replies = self.envelope(sender, recipients, pipelined)
        if not replies:  # MAIL itself was refused, or the server went away
            return [self.record(base, None, self.last, sender, "refused_mail", ())]
        good = [recipient for recipient, reply in replies if reply[0] == "2"]
        final = self.finish(end, bool(good), message_id, sender, recipients, headers, size)
        return [
            self.record(
                {**base, "unseen": True} if recipient in unseen else base,
                recipient,
                reply if reply[0] != "2" else final,
                sender,
                end,
                data_flags if reply[0] == "2" else (),
            )
            for recipient, reply in replies
        ]

    def envelope(self, sender: str, recipients: list[str], pipelined: bool) -> list[tuple[str, str]]:
        commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{recipient}>" for recipient in recipients)]
        if pipelined:
            self.wire.send("\r\n".join(commands))
        answers = []
        for command in commands:
            try:
                self.last = self.wire.reply() if pipelined else self.wire.command(command)
            except Gone:
                self.last = "421 connection closed"
            if self.last.startswith("421"):  # said instead of reading the command: this recipient was never tried
                self.open = False
                answers = answers or [self.last]
                break
            answers.append(self.last)
            if not pipelined and answers[0][0] != "2":
                break
        return list(zip(recipients, answers[1:], strict=False)) if answers[0][0] == "2" else []

    def finish(
        self, end: str, any_good: bool, message_id: str, sender: str, recipients: list[str], headers: str, size: int
    ) -> str:
        """Play the end of a mail; the answer to it, or what the client did instead."""
        if not self.open:
            return "gone"
        if end in ("data", "bdat") and any_good:
            text = message(message_id, sender, recipients, headers, size, self.lab.clock.now())
            try:
                return self.send_data(text) if end == "data" else self.send_bdat(text)
            except Gone:
                self.open = False
                return "gone"
        if end in ("data", "bdat", "rset"):
            self.wire.command("RSET")
        elif end == "quit":
            self.quit()
        elif end == "drop":
            self.drop()
        elif end == "drop_in_data" and any_good:
            if self.wire.command("DATA").startswith("354"):
                self.wire.send("Subject: half a mail\r\n\r\nThis mail never")
            self.drop()
        return end

    def send_data(self, text: bytes) -> str:
        answer = self.wire.command("DATA")
        return self.wire.command(text + b".") if answer.startswith("354") else self.after_refusal(answer)

    def send_bdat(self, text: bytes) -> str:
        """In two chunks, as Exim and Exchange do with longer mails."""
        half = len(text) // 2
        for chunk, last in ((text[:half], ""), (text[half:], " LAST")):
            self.wire.socket.sendall(f"BDAT {len(chunk)}{last}\r\n".encode() + chunk)
            answer = self.wire.reply()
            if answer[0] != "2":
                return self.after_refusal(answer)
        return answer

    def after_refusal(self, answer: str) -> str:
        self.wire.command("RSET")
        return answer

    def record(self, base: dict, recipient: str | None, reply: str, sender: str, end: str, data_flags) -> dict:
        flagged = sorted(self.lab.faults_of(self, sender, recipient) | set(data_flags))
        return self.lab.ledger.add(
            {
                **base,
                "recipient": recipient,
                "flagged": flagged,
                "outcome": outcome_of(reply, sender, end),
                "reply": reply,
                "fate": None,
            }
        )

    # --- the end ---
    def quit(self) -> None:
        if self.open:
            self.wire.quit()
        self.open = False

    def drop(self) -> None:
        if self.open:
            self.wire.drop()
        self.open = False


def outcome_of(reply: str, sender: str, end: str) -> str:
    """From the answer to the recipient, or to the whole mail when the recipient itself was taken."""
    if reply[0] in "245" and reply[:3].isdigit():
        return {"2": "accepted", "4": "deferred", "5": "rejected"}[reply[0]]
    return "probe" if sender in PROBE_SENDERS and end in ("quit", "rset") else "abandoned"


def message(message_id: str, sender: str, recipients: list[str], headers: str, size: int, now) -> bytes:
    body = "Good morning,\r\n\r\nplease find the papers attached.\r\n" + ("x" * 70 + "\r\n") * (size // 72)
    return (
        f"From: <{sender}>\r\nTo: {', '.join(recipients)}\r\nDate: {now:%a, %d %b %Y %H:%M:%S +0000}\r\n"
        f"Message-ID: {message_id}\r\n{headers}\r\n{body}"
    ).encode()


def faults_of_greeting(name: str | None) -> set[str]:
    return set(HELO_FAULTS.get(name or "", ()))
