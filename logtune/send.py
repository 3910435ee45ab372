"""Hands a mail to the mail system: to sendmail(1), as cron does, or to an SMTP server.

A mail is an ``EmailMessage`` and its envelope: a sender, which may be unknown to sendmail, and recipients. Addresses
are checked by ``address`` before they come here, so that none is taken for an option or holds a line end.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email import policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Protocol

SENDMAIL = "/usr/sbin/sendmail"
"""Where Postfix, Exim and others put it (FHS 3.0, 4.10: /usr/sbin)."""

TIMEOUT = 60
"""Seconds to wait for a reply; Postfix's greet pause (postscreen) and slow restrictions stay well below."""

# RFC 5321's Dot-string and domain or address literal, in ASCII; a name without a domain is one of this machine.
# It begins with a letter or digit: "-" would begin an option, "|" and "/" a command or file for local(8).
_ADDRESS = re.compile(
    r"[A-Za-z0-9_][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}"
    r"(@([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\]))?"
)
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets

_PORTS = range(1, 65536)
_PORT_OF_TLS = 465


class SendError(Exception):
    """The mail was not taken over; the text says by whom and why."""


class Transport(Protocol):
    """A way to hand a mail over."""

    def send(self, message: EmailMessage, sender: str | None, recipients: Sequence[str]) -> None:
        """Hand *message* over. Raises ``SendError`` where not all *recipients* were accepted."""


def address(text: str) -> str:
    """Return *text* if it can be a mail address on a command line and in a header. Raises ValueError."""
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no mail address; expected one such as postmaster@example.com, without a name")
    return text


@dataclass(frozen=True)
class Sendmail:
    """sendmail(1), which takes over what cannot be delivered at once. ``-i``: a line with a dot alone is text."""

    path: str = SENDMAIL

    def send(self, message: EmailMessage, sender: str | None, recipients: Sequence[str]) -> None:
        """Run sendmail; without a *sender* it takes the user who runs it. Raises ``SendError``."""
        command = [self.path, "-i", *(("-f", sender) if sender else ()), "--", *recipients]
        text = message.as_bytes(policy=policy.SMTP.clone(linesep="\n"))  # sendmail(1) reads lines of the machine
        try:
            done = subprocess.run(command, input=text, capture_output=True, check=False, timeout=TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SendError(f"{self.path}: {getattr(error, 'strerror', None) or error}") from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise SendError(
                f"{self.path} ended with status {done.returncode}: {said[-1] if said else 'no reason given'}"
            )


class Tls(StrEnum):
    """How a connection to an SMTP server is made safe; certificates are always checked."""

    AUTO = "auto"  # implicit on port 465 (RFC 8314), else none
    NONE = "none"
    STARTTLS = "starttls"  # required: a server that does not offer it gets no mail
    TLS = "tls"  # from the first byte


@dataclass(frozen=True)
class Smtp:
    """An SMTP server: in the clear for the machine itself or its own network, else by TLS, with a login if need be."""

    host: str
    port: int = 25
    tls: Tls = Tls.NONE
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def send(self, message: EmailMessage, sender: str | None, recipients: Sequence[str]) -> None:
        """Give the mail to the server; *sender* None is the null sender. Raises ``SendError``."""
        try:
            with self._connected() as server:
                if self.tls is Tls.STARTTLS:
                    server.starttls(context=ssl.create_default_context())
                server.ehlo_or_helo_if_needed()
                if self.user is not None:
                    server.login(self.user, self.password or "")
                refused = server.sendmail(sender or "", recipients, message.as_bytes(policy=policy.SMTP))
        except (OSError, smtplib.SMTPException) as error:
            raise SendError(f"{self.host}:{self.port}: {_reason(error)}") from error
        if refused:
            raise SendError(f"{self.host}:{self.port} rejected {', '.join(sorted(refused))}")

    def _connected(self) -> smtplib.SMTP:
        if self.tls is Tls.TLS:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)

    def with_login(self, tls: str, user: str | None, password: str | None) -> Smtp:
        """This server by *tls* (of ``Tls``). Raises ValueError where the password would go in the clear."""
        chosen = Tls(tls)
        if chosen is Tls.AUTO:
            chosen = Tls.TLS if self.port == _PORT_OF_TLS else Tls.NONE
        if user is not None and chosen is Tls.NONE:
            raise ValueError("a login without TLS would show the password; --smtp-tls starttls or tls")
        return replace(self, tls=chosen, user=user, password=password)

    @classmethod
    def of(cls, text: str) -> Smtp:
        """``HOST``, ``HOST:PORT`` or ``[IPv6]:PORT``. Raises ValueError."""
        found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?", text)
        port = int(found[2] or 25) if found else 0
        if not found or port not in _PORTS:
            raise ValueError(f"{text!r}: expected HOST or HOST:PORT, such as localhost:25 or [::1]:25")
        return cls(found[1].strip("[]"), port)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):  # what the server says may repeat the login
        return f"the login was rejected ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"rejected {', '.join(sorted(error.recipients))}"
    return getattr(error, "strerror", None) or str(error)


def sendmail_is_there(path: str) -> bool:
    """Whether *path* can be asked at all, to be known before minutes go into reading."""
    return Path(path).is_file()
