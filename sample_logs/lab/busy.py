"""A Postfix that is asked for more sessions than it has processes, in real time, in about a minute and a half.

Its smtpd may have five processes, and runs as the live tests run it (``tests/live``): in a network of its own, because
master warns only of services that not just this machine can reach. So Postfix's own date is that of the making. The
first three clients bring mail, the others ask for mailboxes that do not exist.
"""

import gzip
import os
import time
from pathlib import Path

from tests.live import load

from .client import Gone, Wire

LIMIT, HOLD = 5, 1.0
LOADS = ((2, 20), (12, 40), (3, 20))
"""Clients at the same time, and for how many seconds. Each comes again as soon as it has left."""


def client(address: str, number: int, end: float, hold: float) -> None:
    """Sessions of one client until *end*, each of *hold* seconds."""
    while time.monotonic() < end:
        try:
            wire = Wire(load.SMTP, f"192.0.2.{100 + number % 30}", 40000 + number, address)
            wire.command("EHLO mail.example.org")
            wire.command("MAIL FROM:<office@partner.example>")
            name = "anna" if number < 3 else f"nosuch{number}"
            if wire.command(f"RCPT TO:<{name}@corbel.example>").startswith("2"):
                wire.command("DATA")
                wire.send("Subject: x\r\n\r\nGood morning.\r\n.")
                wire.reply()
            time.sleep(hold)
            wire.command("QUIT")
            wire.socket.close()
        except (Gone, OSError):  # the server stops, or the backlog was full: it comes again
            pass
        time.sleep(0.05)


def make_busy(folder: Path) -> None:
    """Write ``busy.log.gz``; the host is called mail, and the folder of the configuration as on a Debian server."""
    load._client = client
    with load.Sized(LIMIT) as postfix:
        for clients, seconds in LOADS:
            print(f"{clients} clients: at most {load.come(postfix, clients, seconds, HOLD).peak} smtpd", flush=True)
        postfix.quiet()
        text = postfix.log_text()
        configuration = str(postfix.config)
    host = text.split()[3]
    text = text.replace(f" {host} ", " mail ").replace(configuration, "/etc/postfix")
    beside = folder / ".busy.log.gz.new"
    beside.write_bytes(gzip.compress(text.encode("utf-8", "surrogateescape"), mtime=0))
    os.replace(beside, folder / "busy.log.gz")
