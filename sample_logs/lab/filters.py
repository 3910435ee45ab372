"""Content filters: one behind the queue that injects mail again and relays the answer to that, one before it."""

import re
import socket
import threading

from .postfix import REINJECT_PORT
from .servers import address_in, message_id_of, read_message
from .world import Host

ANSWERS = {
    "drop": "250 2.7.0 Ok, discarded, id=12345-08 - spam",
    "bounce": "554 5.7.0 Reject, id=12345-09 - spam",
}
"""What the filter behind the queue says to mails of these subjects, instead of injecting them again."""


class AfterQueue:
    """Like amavis: takes a mail, injects it again on the re-injection port, and answers with what came of that.

    Its own re-injections are recipients too, as seen by the listener on that port: the ledger gets a record of each,
    with the role `filter`. With `forward` it passes the original client on (XFORWARD).
    """

    HELO = "localhost"

    def __init__(self, lab, forward: bool):
        self.lab, self.forward = lab, forward

    def __call__(self, handler) -> None:
        def say(text: str) -> None:
            handler.wfile.write(text.encode() + b"\r\n")

        say("220 [127.0.0.1] ESMTP amavisd-new service ready")
        sender, recipients, forwarded = "", [], []
        for raw in handler.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line[:4].upper()
            if verb == "EHLO":
                say(
                    "250-[127.0.0.1]\r\n250-PIPELINING\r\n250-SIZE\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
                    "250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
                )
            elif verb == "XFOR":
                forwarded.append(line)
                say("250 2.5.0 Ok")
            elif verb == "MAIL":
                sender, recipients = address_in(line), []
                say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipients.append(address_in(line))
                say("250 2.1.5 Ok")
            elif verb == "DATA":
                say("354 End data with <CR><LF>.<CR><LF>")
                say(self.inject(sender, recipients, read_message(handler.rfile), forwarded))
                forwarded = []
            elif verb == "QUIT":
                say("221 2.0.0 Bye")
                return
            else:
                say("250 2.0.0 Ok")

    def inject(self, sender: str, recipients: list[str], text: bytes, forwarded: list[str]) -> str:
        """The reply that the first Postfix will log as the reason of `status=sent`."""
        subject = subject_of(text)
        if subject in ANSWERS:
            return ANSWERS[subject]
        if subject == "turn":
            recipients = ["postmaster@corbel.example"]
        session = self.lab.connect(FILTER_HOST, "reinject", port=REINJECT_PORT, proxied=False)
        session.role = "filter"
        session.greet(self.HELO)
        if self.forward:
            for line in forwarded:
                session.wire.command(line)
        base = {
            "session": session.number,
            "mail": self.lab.ledger.next_mail(),
            "service": "reinject",
            "role": "filter",
            "time": self.lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "client_name": "localhost",
            "client_addr": "127.0.0.1",
            "helo": self.HELO,
            "sasl_username": "",
            "message_id": message_id_of(text),
            "sender": sender,
        }
        replies = session.envelope(sender, recipients, False)
        good = any(reply[0] == "2" for _, reply in replies)
        final = session.send_data(b"".join(dot_stuffed(text))) if good else (replies[0][1] if replies else session.last)
        for recipient, reply in replies or [(None, session.last)]:
            session.record(base, recipient, reply if reply[0] != "2" else final, sender, "data", ())
        session.quit()
        code = final.split()
        return f"{code[0]} {code[1]} from MTA(smtp:[127.0.0.1]:{REINJECT_PORT}): {final}"


def subject_of(text: bytes) -> str:
    """What the subject of a mail asks the filter to do."""
    found = re.search(rb"^Subject: (.*?)\r?$", text, re.M)
    return found[1].decode() if found else ""


def dot_stuffed(text: bytes):
    for line in text.splitlines(keepends=True):
        yield b"." + line if line.startswith(b".") else line


class BeforeQueue:
    """Passes everything on to the re-injection port, and refuses a mail whose subject says that it is bad."""

    MARK = b"Subject: cheap pills"
    REFUSAL = b"550 5.7.1 Message content rejected, id=12345-07\r\n"

    def __init__(self, lab):
        self.lab = lab

    def __call__(self, handler) -> None:
        behind = socket.create_connection(("127.0.0.1", REINJECT_PORT))
        threading.Thread(target=pump, args=(behind, handler.connection), daemon=True).start()
        in_data, held = False, []
        for line in handler.rfile:
            if in_data:
                held.append(line)
                if line == b".\r\n":
                    in_data = False
                    if any(one.startswith(self.MARK) for one in held):
                        behind.shutdown(socket.SHUT_RDWR)
                        handler.wfile.write(self.REFUSAL)
                        return
                    behind.sendall(b"".join(held))
                continue
            if line.upper().startswith(b"DATA"):
                in_data, held = True, []
            behind.sendall(line)
        behind.shutdown(socket.SHUT_RDWR)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass


# The site's own filter, as the re-injection listener sees it.
FILTER_HOST = Host("127.0.0.1", "localhost", AfterQueue.HELO, "corbel.example")
