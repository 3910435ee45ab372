"""Mails are handed over whole to a real SMTP server and to sendmail(1), and nothing of an address is an option."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from logtune import send
from logtune.cli.options import SmtpTls
from tests.sink import Sink, listening


@pytest.fixture
def sink() -> Iterator[tuple[Sink, send.Smtp]]:
    with listening() as (found, port):
        yield found, send.Smtp("127.0.0.1", port)


def mail() -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = "logtune mx.example.com: first report"
    message["To"] = "postmaster@example.com"
    message.set_content("one\n.\n..two\nFrom three\n")
    return message


def test_smtp(sink: tuple[Sink, send.Smtp]) -> None:
    """The server gets sender, recipients and every line, those with dots too."""
    found, server = sink
    server.send(mail(), "root@example.com", ["postmaster@example.com", "abuse@example.com"])
    (envelope,) = found.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == (
        "root@example.com",
        ["postmaster@example.com", "abuse@example.com"],
    )
    assert isinstance(envelope.content, bytes)
    got = message_from_bytes(envelope.content, policy=policy.default)
    assert got["Subject"] == "logtune mx.example.com: first report"
    assert got.get_content().replace("\r\n", "\n") == "one\n.\n..two\nFrom three\n"


def test_smtp_tells_who_was_rejected(sink: tuple[Sink, send.Smtp]) -> None:
    """One recipient of several, or all: both are errors that name them."""
    _, server = sink
    with pytest.raises(send.SendError, match=r"rejected x@rejected\.example$"):
        server.send(mail(), "root@example.com", ["x@rejected.example", "postmaster@example.com"])
    with pytest.raises(send.SendError, match=r"rejected x@rejected\.example$"):
        server.send(mail(), "root@example.com", ["x@rejected.example"])


def test_no_server() -> None:
    """A server that does not answer is an error in words."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(send.SendError, match=r"127\.0\.0\.1:.* Connection refused"):
            send.Smtp("127.0.0.1", port).send(mail(), "root@example.com", ["postmaster@example.com"])


def program(folder: Path, text: str) -> str:
    path = folder / "sendmail"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_sendmail(tmp_path: Path) -> None:
    """Recipients stand behind ``--``, the text comes on stdin in the machine's lines."""
    path = program(tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/args; cat > {tmp_path}/mail')
    send.Sendmail(path).send(mail(), "root@example.com", ["postmaster"])
    assert (tmp_path / "args").read_text().splitlines() == ["-i", "-f", "root@example.com", "--", "postmaster"]
    got = (tmp_path / "mail").read_bytes()
    assert b"\r" not in got
    assert got.endswith(b"\n\none\n.\n..two\nFrom three\n")


def test_sendmail_without_a_sender(tmp_path: Path) -> None:
    """Then sendmail takes the user who runs it."""
    path = program(tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/args; cat > /dev/null')
    send.Sendmail(path).send(mail(), None, ["postmaster"])
    assert (tmp_path / "args").read_text().splitlines() == ["-i", "--", "postmaster"]


def test_sendmail_fails(tmp_path: Path) -> None:
    """Its exit status and last words are told; a program that is not there is an error too."""
    path = program(tmp_path, "cat > /dev/null; echo 'fatal: the mail system is down' >&2; exit 75")
    with pytest.raises(send.SendError, match="ended with status 75: fatal: the mail system is down"):
        send.Sendmail(path).send(mail(), None, ["postmaster"])
    with pytest.raises(send.SendError, match="No such file"):
        send.Sendmail(str(tmp_path / "nothing")).send(mail(), None, ["postmaster"])


@pytest.mark.parametrize(
    "text",
    [
        "", "-oQ/tmp", "-t@example.com", "a b@example.com", "a@example.com\n", "a@example.com\r\nBcc: x@example.net",
        "a@b@example.com", "a@", "@example.com", "<a@example.com>", "a@example..com", "a,b@example.com", "ä@example.com",
        "a" * 65 + "@example.com", "|/bin/sh", '"x"@example.com', "a@[192.0.2.1", "a\x00@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """Options, line ends, lists, names and quoted forms are refused before they reach a header or a command."""
    with pytest.raises(ValueError, match="is no mail address"):
        send.address(text)


@pytest.mark.parametrize(
    "text", ["root", "postmaster@example.com", "a.b+c@x-y.example", "a@[192.0.2.1]", "a@[2001:db8::1]"]
)
def test_addresses(text: str) -> None:
    """Names of this machine, usual addresses and address literals."""
    assert send.address(text) == text


def test_servers() -> None:
    """A host with or without a port; brackets around IPv6."""
    assert send.Smtp.of("localhost") == send.Smtp("localhost", 25)
    assert send.Smtp.of("mail.example.com:587") == send.Smtp("mail.example.com", 587)
    assert send.Smtp.of("[2001:db8::1]:2525") == send.Smtp("2001:db8::1", 2525)
    for wrong in ("", ":25", "a:0", "a:70000", "a:b", "2001:db8::1", "a b", "a\nb"):
        with pytest.raises(ValueError, match="expected HOST"):
            send.Smtp.of(wrong)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for localhost, which this process trusts (SSL_CERT_FILE, as OpenSSL has it)."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def with_login(port: int, tls: str, password: str = "secret word") -> send.Smtp:
    return send.Smtp("localhost", port).with_login(tls, "night", password)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the test server knows STARTTLS alone as TLS
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_tls_and_login(certificate: ssl.SSLContext, tls: str) -> None:
    """A server that wants TLS and a login takes the mail; with a wrong password it does not, and none is shown."""
    with listening(certificate, implicit=tls == "tls", login=("night", "secret word")) as (found, port):
        with_login(port, tls).send(mail(), "root@example.com", ["postmaster@example.com"])
        assert [envelope.rcpt_tos for envelope in found.taken] == [["postmaster@example.com"]]
        with pytest.raises(send.SendError, match="login was rejected") as error:
            with_login(port, tls, "wrong").send(mail(), "root@example.com", ["postmaster@example.com"])
        assert "wrong" not in str(error.value) and "secret" not in repr(with_login(port, tls))
    assert len(found.taken) == 1


def test_certificates_are_checked(certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a certificate that nobody trusts, or without TLS where it is asked for, gets neither login nor mail."""
    monkeypatch.delenv("SSL_CERT_FILE")
    untrusted = pytest.raises(send.SendError, match="certificate verify failed")
    with listening(certificate, login=("night", "x")) as (found, port), untrusted:
        with_login(port, "starttls").send(mail(), "root@example.com", ["postmaster@example.com"])
    with listening() as (plain, port), pytest.raises(send.SendError, match="STARTTLS"):
        with_login(port, "starttls").send(mail(), "root@example.com", ["postmaster@example.com"])
    assert found.taken == plain.taken == []


def test_no_password_in_the_clear() -> None:
    """A login needs TLS; port 465 has it."""
    with pytest.raises(ValueError, match="show the password"):
        with_login(25, "auto")
    assert with_login(465, "auto").tls is send.Tls.TLS
    assert list(SmtpTls) == list(send.Tls)
