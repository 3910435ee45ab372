"""A real SMTP server that keeps what it is given."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope


class Sink:
    """Keeps what an SMTP server was given; recipients at ``rejected.example`` are rejected."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_RCPT(self, _s: Any, _c: Any, envelope: Envelope, address: str, _o: Any) -> str:
        if address.endswith("@rejected.example"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        return "250 2.0.0 Ok"


@contextmanager
def listening(
    tls: ssl.SSLContext | None = None, *, implicit: bool = False, login: tuple[str, str] | None = None
) -> Iterator[tuple[Sink, int]]:
    """A sink and the port of 127.0.0.1 on which it listens; with *tls* by STARTTLS, and with *login* only after it."""
    found = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def known(_s: Any, _c: Any, _e: Any, _m: str, given: Any) -> AuthResult:
        return AuthResult(success=login == (given.login.decode(), given.password.decode()), handled=False)

    options: dict[str, Any] = {"auth_required": True, "authenticator": known} if login else {}
    if tls and implicit:
        options |= {"ssl_context": tls, "auth_require_tls": False}  # it knows STARTTLS alone as TLS
    elif tls:
        options |= {"tls_context": tls, "require_starttls": True}
    controller = Controller(found, hostname="127.0.0.1", port=port, **options)
    controller.start()
    yield found, port
    controller.stop()
