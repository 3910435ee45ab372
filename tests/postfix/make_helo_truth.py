"""Ask a real Postfix what it thinks of some hundred HELO names; the answers are ``helo_truth.jsonl`` beside this file.

    sudo python tests/postfix/make_helo_truth.py > tests/postfix/helo_truth.jsonl

Linux, root, an installed Postfix and dnspython. It runs in network and mount namespaces of its own, with its own
configuration, queue and name server, so a Postfix that serves this machine is not touched.

Each restriction stands alone behind ``warn_if_reject`` in a service of its own. Everything is asked twice: while the
name server knows every name, and while it knows none; where the answers differ, DNS decides. Names below ``ZONE`` have
the same records both times.

A line is ``{"helo", "invalid", "non_fqdn", "unknown": {"exists", "missing"}}``; a value is the reply that the warning
shows, null if there was none. It is ``{"helo", "refused"}`` where smtpd refused the EHLO itself, before any
restriction. Bytes that are no UTF-8 are surrogates.
"""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asked_postfix
from asked_postfix import read_reply

RESTRICTIONS = {
    "invalid": "reject_invalid_helo_hostname",
    "non_fqdn": "reject_non_fqdn_helo_hostname",
    "unknown": "reject_unknown_helo_hostname",
}
FIRST_PORT = 3525

ZONE = {
    "a-only.zone.test": {"A": "192.0.2.1"},
    "aaaa-only.zone.test": {"AAAA": "2001:db8::1"},
    "mx-only.zone.test": {"MX": "10 a-only.zone.test."},
    "null-mx.zone.test": {"MX": "0 ."},
    "txt-only.zone.test": {"TXT": '"nothing else"'},
    "alias.zone.test": {"CNAME": "a-only.zone.test."},
    "lame.zone.test": {},
    "no-such.zone.test": None,
}
"""Name to its records; no records: SERVFAIL; None: NXDOMAIN."""


def names() -> list[str]:
    """The HELO names to ask about, each once."""
    return list(dict.fromkeys([*plain_names(), *literals(), *ODD, *made_names(), *ZONE]))


PLAIN = """
frasier localhost _ a Z 9a a9 x-y x_y mail.example.com MAIL.EXAMPLE.COM localhost.localdomain mail.example.com.
mail.example.com.. .mail.example.com mail..example.com . .. ... frasier. a.. a. -. -mail.example.com mail-.example.com
mail.-example.com mail.example-.com mail.example.com- - -- a- m--x.example.com _dmarc.example.com a_.example.com _._ _.
._ example.123 123.example 1.2.3 12 0 1.2 12-34 12-34.56 1-2.3-4 1_2 1.2.3.4.5 1.2.3.4. 1.2.3.4.. 999.999.999.999
0x7f.1 1e3 1.2.3.a xn--bcher-kva.example xn-- xn--.example xn--0.example * *. *.frasier *.example.com *.example.com.
*.*.example.com *.1.2.3 *.1.2.3.4 **.example.com a*.example.com mail.*.example.com
"""

IPV4 = """
1.2.3.4 192.0.2.7 0.0.0.0 0.0.0.1 0.1.2.3 0.255.255.255 00.00.00.00 01.2.3.4 1.2.3 1.2.3.4.5 1.2.3.256 1.2.3.04
1.2.3.0004 255.255.255.255 1..2.3 1.2.3. .1.2.3 1.2.3.4a 1.2.3.-4 +1.2.3.4 127.0.0.1 000.0.0.0 1000.2.3.4 0.0.0
1.0.0.0
"""

IPV6 = """
:: ::1 2001:db8::1 2001:DB8::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1::2::3 :1:2 1:2: ::1: 12345::1
::ffff:192.0.2.7 ::ffff:0.1.2.3 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 ::1.2.3 g::1 fe80::1%eth0 1:2 :::: 1::
1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1:2:3:4::5:6:7:8 ::1.2.3.4 1:1.2.3.4 : ::: 00001::1 ::1:: 1:2:3 1:2:1.2.3.4 :1::2
1:::2 ::1.2.3.4:5 1:2:3:4:5:6:7: ::12345:1.2.3.4 1:2::0.0.0.0 a:b:c a:b:c: :.1 ::.1 ::1. 1:2:3:4:5::1.2.3.4
"""

BRACKETS = "[] [ ] [[ ]] [x] [mail.example.com] [IPv6:] [IPv6] [.] [1] [1.2.3.4]] []] [[]"

ODD = (
    *("", " ", "two words", "two  words.example.com", " leading.example.com", "trailing.example.com ", "a b c d e"),
    *("<mail.example.com>", '"mail.example.com"', "mail.example.com (comment)", "user@mail.example.com", '"two words"'),
    *('a"b  c"d  e', 'a"b  c  ', "a\\  b", '"a\\"  b"  c', "a\\"),
    *("http://mail.example.com/", "mail.example.com:25", "%s%n.example", "$(id).example", "'; --.example"),
    *(
        "mail.example.com;from=<a@example.com>",
        "bücher.example",
        "bücher",
        "пример.испытание",
        "例え",
        "Bücher.EXAMPLE",
    ),
    *("b\udcfccher.example", "\udcff\udcfe.example", "\udcc3", "[\udcff]", "nbsp\u00a0.example", "dot\u3002example"),
    *("tab\there.example", "bell\x07.example", "del\x7f.example", "\u200b.example", "nel\u0085.example", "[bücher]"),
    *("vt\x0b.example", "ff\x0cx.example", "cr\rx.example", "\x01", "esc\x1b[31m.example", "😀.example"),
)
"""Blanks, specials, bytes that are no UTF-8 (surrogates), control characters."""


def plain_names() -> Iterator[str]:
    """Host names, good and nearly good, also about as long as may be."""
    yield from PLAIN.split()
    yield from (f"mail{char}x.example.com" for char in "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~")
    for size in (62, 63, 64, 65):
        yield from ("a" * size, f"{'a' * size}.example.com", "1" * size, "-".join("a" * size)[:size])
    for size in range(251, 259):
        yield from (dotted(size), f"{dotted(size)}.")
    yield from ("x" * size for size in (440, 460, 480, 500, 512, 600, 900))


def dotted(size: int) -> str:
    """A name of *size* characters in labels of at most 50."""
    return ".".join("abcdefghij" * 5 for _ in range(size // 51 + 1))[: size - 1] + "z"


def literals() -> Iterator[str]:
    """Addresses, naked, in brackets and tagged."""
    for address in (*IPV4.split(), *IPV6.split()):
        yield from (address, f"[{address}]", f"[IPv6:{address}]")
    for address in ("192.0.2.7", "2001:db8::1"):
        yield from (f"IPv6:{address}", f"[ipv6:{address}]", f"[IPV6:{address}]", f"[[{address}]]", f"[{address}")
        yield from (f"{address}]", f"[{address}].", f"[{address}]x", f"[ {address} ]", f"[IPv4:{address}]")
        yield from (f"[IPv6{address}]", f"[IPv6: {address}]", f"[IPv6:IPv6:{address}]", f"{address}.")
    yield from BRACKETS.split()


def made_names() -> Iterator[str]:
    """Every word of up to four of these characters: the rules about delimiters."""
    for size in range(1, 5):
        yield from ("".join(parts) for parts in itertools.product("a1.-", repeat=size))


# ---- the name server ----------------------------------------------------------------------------------------------


class NameServer(threading.Thread):
    """Answers on 127.0.0.1:53; ``knows`` says whether names outside ``ZONE`` exist."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.knows = True
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def run(self) -> None:
        import dns.message

        while True:
            query, client = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(dns.message.from_wire(query)).to_wire(), client)

    def _answer(self, query: Any) -> Any:
        import dns.message
        import dns.rcode
        import dns.rdatatype
        import dns.rrset

        answer = dns.message.make_response(query)
        answer.flags |= 0x0080  # recursion available
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        records = ZONE.get(name, {"A": "192.0.2.1"} if self.knows else None)
        if records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        if not records:
            answer.set_rcode(dns.rcode.SERVFAIL)
            return answer
        asked = dns.rdatatype.to_text(question.rdtype)
        for kind in {asked, "CNAME"} & set(records):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, records[kind]))
            if kind == "CNAME" and asked in (target := ZONE[records[kind].rstrip(".")] or {}):
                answer.answer.append(dns.rrset.from_text(records[kind], 60, "IN", asked, target[asked]))
        return answer


# ---- the Postfix --------------------------------------------------------------------------------------------------

SETTINGS = """
inet_protocols = ipv4
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject
"""


def start_postfix(home: Path) -> None:
    """Configure and start a Postfix under *home*, one smtpd service per restriction."""
    services = "".join(
        f"127.0.0.1:{port} inet n - n - - smtpd -o syslog_name=lab/{short} "
        f"-o smtpd_helo_restrictions=warn_if_reject,{name}\n"
        for port, (short, name) in enumerate(RESTRICTIONS.items(), FIRST_PORT)
    )
    asked_postfix.start(home, SETTINGS, services)


def ask(port: int, asked: list[str]) -> dict[int, str]:
    """Send each name in an EHLO, then a MAIL and RCPT that carry its number; the replies to EHLOs that were refused."""
    refused = {}
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        stream = connection.makefile("rb")
        read_reply(stream)
        for number, name in enumerate(asked):
            connection.sendall(b"EHLO " + name.encode("utf-8", "surrogateescape") + b"\r\n")
            reply = read_reply(stream)
            if not reply.startswith(b"250"):
                refused[number] = reply.decode("ascii").rstrip()
                continue
            for command in (b"MAIL FROM:<n%d@example.com>" % number, b"RCPT TO:<x@lab.example>"):
                connection.sendall(command + b"\r\n")
                read_reply(stream)
    return refused


def replies(log: bytes) -> dict[tuple[str, int], str]:
    """What each warning says, by service and number of the name."""
    line = re.compile(
        rb"lab/(\w+)/smtpd\[\d+\]: NOQUEUE: reject_warning: RCPT from \S+: (.*); from=<n(\d+)@example\.com>"
    )
    return {
        (found[1].decode(), int(found[3])): found[2].decode("utf-8", "surrogateescape") for found in line.finditer(log)
    }


def truth(home: Path) -> Iterator[dict[str, Any]]:
    """One answer per name."""
    asked, server, rounds = names(), NameServer(), {}
    server.start()
    start_postfix(home)
    for known in (True, False):
        server.knows = known
        (home / "log").write_bytes(b"")
        for port in range(FIRST_PORT, FIRST_PORT + len(RESTRICTIONS)):
            refused = ask(port, asked)  # the same for all, as no restriction has a say in it
        time.sleep(2)  # postlogd writes a little later
        rounds[known] = replies((home / "log").read_bytes())
    for number, name in enumerate(asked):
        exists, missing = ({s: rounds[known].get((s, number)) for s in RESTRICTIONS} for known in (True, False))
        assert exists["invalid"] == missing["invalid"] and exists["non_fqdn"] == missing["non_fqdn"], name
        unknown = {"exists": exists["unknown"], "missing": missing["unknown"]}
        answers = {"invalid": exists["invalid"], "non_fqdn": exists["non_fqdn"], "unknown": unknown}
        yield {"helo": name, **({"refused": refused[number]} if number in refused else answers)}


@contextmanager
def name_server_of_our_own(home: Path) -> Iterator[None]:
    """The resolver asks 127.0.0.1."""
    (home / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", home / "resolv.conf", "/etc/resolv.conf"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "/etc/resolv.conf"], check=False)


if __name__ == "__main__":
    asked_postfix.print_truth(truth, name_server_of_our_own)
