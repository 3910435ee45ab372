"""A content filter behind the queue, as the re-injection listener sees it: it greets as localhost, with no name of its own."""

from __future__ import annotations

import re
import threading

from lab.client import Gone, Wire
from lab.servers import address_in, message_id_of, read_message

from tests.live.sessions import Answer, Answers, Key

CLIENT = "filter"
"""Stands for the filter's address in keys: each instance has another one."""


class ContentFilter:
    """Takes a mail by SMTP, injects it again, and answers with what came of that. Notes every recipient's answer."""

    def __init__(self, address: str, port: int):
        self.address, self.port = address, port
        self.answers: Answers = {}
        self.lock = threading.Lock()

    def __call__(self, handler) -> None:
        def say(text: str) -> None:
            handler.wfile.write(text.encode() + b"\r\n")

        say("220 filter ESMTP")
        sender, recipients = "", []
        for raw in handler.rfile:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line[:4].upper()
            if verb == "MAIL":
                sender, recipients = address_in(line), []
            elif verb == "RCPT":
                recipients.append(address_in(line))
            if verb == "DATA":
                say("354 go on")
                say(self.inject(sender, recipients, read_message(handler.rfile)))
            elif verb == "QUIT":
                return say("221 2.0.0 Bye")
            else:
                say("250 2.0.0 Ok")

    def inject(self, sender: str, recipients: list[str], text: bytes) -> str:
        wire = Wire(self.port, None, host=self.address)
        try:
            wire.command("EHLO localhost")
            wire.command(f"MAIL FROM:<{sender}>")
            replies = [wire.command(f"RCPT TO:<{recipient}>") for recipient in recipients]
            final = replies[0]
            if any(reply.startswith("2") for reply in replies):
                wire.command("DATA")
                final = wire.command(re.sub(rb"(?m)^\.", b"..", text) + b".")
        except Gone as gone:
            replies, final = ["451 gone"] * len(recipients), f"451 4.3.0 {gone}"
        finally:
            wire.quit()
        name = message_id_of(text)
        with self.lock:
            for number, (recipient, reply) in enumerate(zip(recipients, replies, strict=True)):
                key = Key(name, CLIENT, 0, sender, number, recipient)
                self.answers[key] = Answer(final if reply.startswith("2") else reply)
        return final
