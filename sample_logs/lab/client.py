"""A client that speaks SMTP by hand, so that it can also speak it badly.

The address that Postfix sees comes from a PROXY header (`smtpd_upstream_proxy_protocol = haproxy`): the connection
itself never leaves 127.0.0.0/8, yet the log shows clients from the documentation networks with names of their own.
"""

import base64
import socket
import ssl


class Gone(ConnectionError):
    """The server closed the connection."""


class Wire:
    def __init__(self, port: int, address: str | None, source_port: int = 40000, host: str = "127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=30)
        self.buffer = b""
        if address:
            family = "TCP6" if ":" in address else "TCP4"
            own = "2001:db8:25::1" if ":" in address else "192.0.2.25"
            self.send(f"PROXY {family} {address} {own} {source_port} 25")
        self.banner = self.reply()

    def send(self, line: str | bytes) -> None:
        try:
            self.socket.sendall(
                (line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")) + b"\r\n"
            )
        except OSError as error:
            raise Gone(str(error)) from error

    def line(self) -> str:
        while b"\n" not in self.buffer:
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                more = b""
            if not more:
                raise Gone("connection closed")
            self.buffer += more
        raw, _, self.buffer = self.buffer.partition(b"\n")
        return raw.decode("utf-8", "replace").rstrip("\r")

    def reply(self) -> str:
        """The whole reply; lines of a long one are joined by a newline."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def command(self, line: str | bytes) -> str:
        self.send(line)
        return self.reply()

    def starttls(self) -> str:
        answer = self.command("STARTTLS")
        if answer.startswith("220"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket)
            self.buffer = b""
        return answer

    def auth_plain(self, user: str, password: str) -> str:
        return self.command("AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())

    def drop(self) -> None:
        """Go away without a word."""
        self.socket.close()

    def quit(self) -> None:
        """Say QUIT and wait until the server has closed, so that its disconnect line is written."""
        try:
            self.command("QUIT")
            self.socket.settimeout(2)
            while self.socket.recv(4096):
                pass
        except (OSError, Gone):
            pass
        self.socket.close()
