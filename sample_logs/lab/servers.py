"""The programs around Postfix: password checks, a greylisting policy, mailboxes and other sites, content filters.

Each notes what it was given; the notes are evidence for the ledger.
"""

import base64
import contextlib
import os
import re
import socketserver
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def listen(where, handle) -> socketserver.BaseServer:
    """Call `handle(stream handler)` for every connection to a (address, port) pair or a socket path."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            # the peer went away; Postfix logs it on its own side
            with contextlib.suppress(ConnectionError, TimeoutError, ValueError):
                handle(self)

    if isinstance(where, tuple):
        server = _Tcp(where, Handler)
    else:
        Path(where).unlink(missing_ok=True)
        server = _Unix(str(where), Handler)
        os.chmod(where, 0o666)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()  # how soon it hears of a shutdown
    return server


# --- passwords -----------------------------------------------------------------------------------------------------

PASSWORD = "secret"


def dovecot_auth(handler) -> None:
    """The Dovecot authentication protocol as far as Postfix needs it, with one password for everybody."""
    handler.wfile.write(
        b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t77\nCUID\t1\n"
        b"COOKIE\t0123456789abcdef0123456789abcdef\nDONE\n"
    )
    for raw in handler.rfile:
        word, *rest = raw.decode().rstrip("\n").split("\t")
        if word != "AUTH":
            continue
        given = next(item[5:] for item in rest if item.startswith("resp="))
        _, user, password = base64.b64decode(given).decode().split("\0")
        verdict = f"OK\t{rest[0]}\tuser={user}" if password == PASSWORD else f"FAIL\t{rest[0]}\tuser={user}"
        handler.wfile.write(verdict.encode() + b"\n")


# --- policy --------------------------------------------------------------------------------------------------------


class Greylist:
    """Defers the first try of an unknown (network, sender, recipient), lets the next ones in. Known networks pass."""

    TEXT = "Greylisted, see https://postgrey.example/help"

    def __init__(self, known_networks: tuple[str, ...] = ()):
        self.known_networks = known_networks
        self.seen: set[tuple[str, str, str]] = set()

    def __call__(self, handler) -> None:
        request = {}
        for raw in handler.rfile:
            line = raw.decode().rstrip("\n")
            if line:
                key, _, value = line.partition("=")
                request[key] = value
                continue
            handler.wfile.write(f"action={self.decide(request)}\n\n".encode())
            request = {}

    def decide(self, request: dict[str, str]) -> str:
        address = request["client_address"]
        network = address.rpartition(".")[0]
        triple = (network, request["sender"], request["recipient"])
        if request["sasl_username"] or address.startswith(self.known_networks or "\0") or triple in self.seen:
            return "DUNNO"
        self.seen.add(triple)
        return f"DEFER_IF_PERMIT {self.TEXT}"


# --- mailboxes and other sites --------------------------------------------------------------------------------------


@dataclass
class Sink:
    """Takes mail by SMTP or LMTP and notes, for every (message id, recipient), the last thing it said about it.

    What it says depends on the recipient alone: `refuse` maps a local part to the replies of its successive tries; the
    last one is repeated. A reply that starts with 2 means: accept.
    """

    refuse: dict[str, list[str]] = field(default_factory=dict)
    name: str = "mx.sink.example"
    lmtp: bool = False
    said: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    refused: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    tries: dict[tuple[str, str], int] = field(default_factory=dict)

    def word(self, sender: str, recipient: str) -> str | None:
        """The refusal for this try, if any."""
        replies = self.refuse.get(recipient.partition("@")[0].lower())
        if not replies:
            return None
        attempt = self.tries[sender, recipient] = self.tries.get((sender, recipient), 0) + 1
        reply = replies[min(attempt, len(replies)) - 1]
        return None if reply.startswith("2") else reply

    def note(self, message_id: str, recipient: str, reply: str) -> None:
        self.said.setdefault((message_id, recipient.lower()), []).append(reply)

    def __call__(self, handler) -> None:
        def say(text: str) -> None:
            handler.wfile.write(text.encode() + b"\r\n")

        say(f"220 {self.name} {'LMTP' if self.lmtp else 'ESMTP'} ready")
        sender, recipients = "", []
        for raw in handler.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line[:4].upper()
            if verb in ("EHLO", "LHLO"):
                say(f"250-{self.name}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "MAIL":
                sender, recipients = address_in(line), []
                say("250 2.1.0 Ok")
            elif verb == "RCPT":
                recipient = address_in(line)
                reply = self.word(sender, recipient)
                if reply and not self.lmtp:  # the mail will not come with this recipient: note it without a message id
                    self.refused.setdefault((sender, recipient.lower()), []).append(reply)
                recipients.append((recipient, reply))
                say("250 2.1.5 Ok" if reply is None or self.lmtp else reply)
            elif verb == "DATA":
                taken = [recipient for recipient, reply in recipients if reply is None or self.lmtp]
                if not taken:
                    say("554 5.5.1 Error: no valid recipients")
                    continue
                say("354 go on")
                for reply in self.receive(sender, recipients, read_message(handler.rfile)):
                    say(reply)
            elif verb == "QUIT":
                say("221 2.0.0 Bye")
                return
            else:
                say("250 2.0.0 Ok")

    def receive(self, sender: str, recipients: list, message: bytes) -> list[str]:
        """Note the fate of every recipient; LMTP answers once per recipient, SMTP once."""
        message_id = message_id_of(message)
        good = f"250 2.0.0 Ok: queued as {zlib.crc32(message_id.encode()) * 977 % 0xFFFFFFFFFF:010X}"
        answers = []
        for recipient, refusal in recipients:
            reply = refusal or (
                f"250 2.0.0 <{recipient}> "
                f"{zlib.crc32(message_id.encode()):08X}{zlib.adler32(recipient.encode()):08X} Saved"
                if self.lmtp
                else good
            )
            self.note(message_id, recipient, reply)
            answers.append(reply)
        return answers if self.lmtp else [good]


def address_in(line: str) -> str:
    """The address of a MAIL or RCPT command."""
    return line[line.index("<") + 1 : line.rindex(">")]


def read_message(stream) -> bytes:
    """A message up to the single dot."""
    lines = []
    for raw in stream:
        if raw in (b".\r\n", b".\n"):
            break
        lines.append(raw[1:] if raw.startswith(b"..") else raw)
    return b"".join(lines)


def message_id_of(message: bytes) -> str:
    found = re.search(rb"^message-id:\s*(<[^>]*>)", message, re.I | re.M)
    return found.group(1).decode() if found else ""
