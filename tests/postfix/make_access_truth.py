"""Ask a real Postfix about access(5) tables and restriction lists; the answers are ``access_truth.jsonl`` beside this.

    sudo python tests/postfix/make_access_truth.py > tests/postfix/access_truth.jsonl

Linux, root, an installed Postfix (with its pcre tables, Debian: postfix-pcre). It runs in network and mount namespaces
of its own, with its own configuration and queue, so a Postfix that serves this machine is not touched.

Three kinds of lines: ``{"table", "type", "text"}`` is a table's source text; ``{"table", "key", "value"}`` is what
``postmap -q`` found (null: nothing); ``{"list", "parents", "name", "addr", "helo", "reply"}`` is what smtpd said to a
recipient of that client when the list was its ``smtpd_recipient_restrictions``, with ``TABLE`` names in place of
paths. Client names and addresses are given by XCLIENT. Every list ends in ``defer``, whose reply shows that nothing
before it decided. ``parents`` says whether smtpd_access_maps is in parent_domain_matches_subdomains.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asked_postfix
from asked_postfix import read_reply

FIRST_PORT = 4525

SOURCE = r"""# a comment
mail.example.com        REJECT one
EXAMPLE.com     REJECT two
 continued line
  # a comment inside
	and more
.example.org    REJECT three
"quoted.example"        REJECT four
"two words"     REJECT five
"a\"b\\c"  REJECT six
nothing.example
mail.example.com  REJECT again
   
com     REJECT com
192.0.2 REJECT net
192.0.2.7       REJECT address
198     REJECT eight
2001:db8        REJECT v6
2001:db8:0:1::5 REJECT v6 full
unknown REJECT unknown
localhost       REJECT localhost
trailing.example.       REJECT dot
[192.0.2.9]     REJECT literal
colon.example:  REJECT colon
tab.example	REJECT	tabs	inside   
\303\274.example REJECT backslash
bücher.example  REJECT utf8
 stray.example REJECT continuation of the last
"""

ACTIONS = r"""ok.example      OK
ok-text.example OK because I say so
relay.example   RELAY
digits.example  12345
digit.example   7
long.example    1234567890123
permit.example  permit
reject.example  REJECT
reject-text.example     REJECT go away
reject-small.example    reject in small letters
reject-dsn.example      REJECT 5.7.9 with a status
reject-odd.example      REJECT 4.1.1 odd status
five.example    550
five-text.example       550 no thanks
five-dsn.example        554 5.1.1 no such thing
four.example    450
four-text.example       450 4.2.1 later
two.example     250 fine
six.example     650 odd
defer.example   DEFER
defer-text.example      DEFER come back
defer-permit.example    DEFER_IF_PERMIT if nothing else
defer-reject.example    DEFER_IF_REJECT if something else
hold.example    HOLD for me
warn.example    WARN look
info.example    INFO seen
prepend.example PREPEND X-Seen: yes
bcc.example     BCC copy@lab.example
redirect.example        REDIRECT other@lab.example
filter.example  FILTER smtp:[127.0.0.1]:1
discard.example DISCARD gone
dunno.example   DUNNO
dunno-small.example     dunno
dunno-text.example      DUNNO with words
sub.dunno-parent.example        DUNNO
dunno-parent.example    REJECT parent
list.example    reject_invalid_helo_hostname, reject
list-permit.example     reject_invalid_helo_hostname permit
fqdn.example    reject_non_fqdn_helo_hostname
frasier reject_non_fqdn_helo_hostname, permit
client.example  reject_unknown_client_hostname
empty.example   # hash is text
warned.example  warn_if_reject reject
wrong.example   REJECTED
tail.example    REJECT   blanks   kept  
421.example     421 bye
521.example     521 begone
"""

ORDERED = """mail.example.com  REJECT name
example.com     REJECT parent
.example.com    REJECT dotted
com     REJECT top
.com    REJECT dotted top
192.0.2.7       REJECT address
192.0.2 REJECT net three
192.0   REJECT net two
192     REJECT net one
2001:db8:1:2::9 REJECT v6 address
2001:db8:1:2:   REJECT v6 with colon
2001:db8:1:2    REJECT v6 net
2001:db8        REJECT v6 block
2001    REJECT v6 first
unknown REJECT unknown
[192.0.2.8]     REJECT literal
2.8]    REJECT end of a literal
1.2.3   REJECT short number
2.3     REJECT end of a number
3       REJECT last digit
"""

CIDR = """# nets
192.0.2.7       REJECT host
!192.0.2.0/24 DUNNO
192.0.2.0/25    REJECT half
  continued
192.0.2.77/25   REJECT bad bits
if 192.0.2.128/25
192.0.2.192/26  REJECT quarter
if !192.0.2.128/28
192.0.2.144/28  REJECT nested
endif
endif
192.0.2.0/24    OK
0.0.0.0/0       REJECT all
"""

CIDR6 = """2001:db8::/48   REJECT small
[2001:db8:1::]/48       REJECT bracketed
[2001:db8:2::5]         REJECT bracketed host
2001:db8::/32   REJECT block
192.0.2.0/33    REJECT too long
192.0.2.0/24 REJECT four
::/0    REJECT all six
::ffff:198.51.100.1 REJECT mapped
nonsense REJECT no pattern
198.51.100.0/24
198.51.100.0/24 REJECT after one without a value
"""

REGEXP = r"""# words
/^mail[0-9]+\.example\.com$/    REJECT numbered $0 is odd
/^(dsl|dyn)-([0-9]+)\.(.*)$/    REJECT $1 number ${2} of $(3), $$
/CASE\.example/i        REJECT case counts
!/\./   REJECT no dot
if /^if\./
/one/   REJECT if one
if !/two/
/three/ REJECT if three not two
endif
endif
/[[:digit:]]{3}\.num\.example/  REJECT three digits
/^[^.]+\.class\.example$/       REJECT class
/[\.x]slash\.example/   REJECT bracket
/a{2,}\.brace\.example/ REJECT brace
#/commented/ REJECT
%^percent/path%  REJECT percent
/unterminated REJECT
/^(a|ab)(c|bcd)?\.longest\.example$/    REJECT $1 $2
/group(s)?\.example/    REJECT group <$1>
/slash\/inside\.example/        REJECT slash
/end$/ REJECT end
/^two words/ REJECT blanks
/back(.)\1\.example/    REJECT back
/\bword\.example/       REJECT boundary
/noresult/
/plus+\.example|alt\.example/   REJECT plus
/^.example$/            REJECT any character
/(/     REJECT broken
/\.nocaps\.(Example)/   REJECT kept $1
/flag\.example/imx      REJECT flags
/odd\(more/imx  REJECT never reached
"""

PCRE = r"""/^mail\d+\.example\.com$/       REJECT numbered
/^(?:dsl|dyn)-(\d+)\.(.*)$/     REJECT number ${1} of $(2), $$
/CASE\.example/i        REJECT case counts
!/\./   REJECT no dot
if /^if\./
/one/   REJECT if one
if !/two/
/three/ REJECT if three not two
endif
endif
/[[:digit:]]{3}\.num\.example/  REJECT three digits
/(?<![a-z])look\.example/       REJECT look
/^(a|ab)(c|bcd)?\.longest\.example$/    REJECT $1 $2
/^(.+?)\.lazy\./        REJECT <$1>
/a b c\.free\.example/x REJECT free
/anchored\.example/A    REJECT anchored
/\Aabs\.example\z/      REJECT absolute
/(?i)inline\.example/   REJECT inline
/(?<name>x+)\.named\.example/   REJECT named $1
/poss++\.example/       REJECT possessive
/slash\/inside\.example/        REJECT slash
/\bword\.example/       REJECT boundary
/(/     REJECT broken
/\.nocaps\.(Example)/   REJECT kept $1
/^(.+)\.greedy\./U      REJECT <$1>
"""

TABLES = {
    "source": ("texthash", SOURCE), "compiled": ("hash", SOURCE), "tree": ("btree", SOURCE),
    "actions": ("texthash", ACTIONS), "ordered": ("texthash", ORDERED),
    "cidr": ("cidr", CIDR), "cidr6": ("cidr", CIDR6), "regexp": ("regexp", REGEXP), "pcre": ("pcre", PCRE),
}  # fmt: skip

NAMES = """
mail.example.com MAIL.EXAMPLE.COM example.com example.org .example.org com quoted.example nothing.example stray.example
trailing.example trailing.example. [192.0.2.9] colon.example colon.example: tab.example bücher.example unknown localhost
BÜCHER.example \\303\\274.example a.b mail1.example.com mail22.example.com dsl-17.example.net dyn-4.x.example
DSL-9.Example.NET case.example CASE.example nodot if.one.example if.two.three.example if.three.example if.example
123.num.example 12.num.example a.class.example .class.example xslash.example \\slash.example .slash.example
aa.brace.example a.brace.example percent/path commented.example unterminated.example abcd.longest.example
ac.longest.example abc.longest.example groups.example group.example flag.example slash/inside.example ends.end
backxx.example backxy.example word.example sword.example my.word.example noresult.example plus.example pluss.example
alt.example xexample look.example alook.example a.lazy.lazy.b a.greedy.greedy.b abc.free.example anchored.example
x.anchored.example abs.example xabs.example inline.example xx.named.example posss.example x.nocaps.EXAMPLE
"""
ODD = ("two words", 'a"b\\c', "mail.example.com ", "", "two words here")

ADDRESSES = """
192.0.2.7 192.0.2.8 192.0.2.130 192.0.2.145 192.0.2.150 192.0.2.200 198.51.100.9 198.51.100.1 203.0.113.5 192.0.2 192
192.00.2.7 2001:db8::1 2001:db8:0:1::5 2001:db8:1::7 2001:db8:2::5 2001:db8:3::1 2001:DB8::1 ::ffff:198.51.100.1 ::1
2001:db8:1:2::9 [2001:db8::1] 0.0.0.0 192.0.2.300
"""

UNKNOWN, HOST, OTHER = "unknown", "192.0.2.7", "203.0.113.5"

LISTS: dict[str, list[tuple[str, str, str]]] = {
    "check_helo_access actions, defer": [
        ("x.test", OTHER, line.split()[0]) for line in ACTIONS.splitlines()
    ] + [("x.test", OTHER, helo) for helo in ("sub.reject.example", "a.sub.dunno-parent.example", "none.test", "OK.Example")],
    "check_client_access actions, defer": [
        (name, OTHER, "helo.test")
        for name in ("ok.example", "reject.example", "defer-text.example", "client.example", "list.example", "dunno.example")
    ],
    "check_helo_access actions, reject": [
        ("x.test", OTHER, helo)
        for helo in ("defer-permit.example", "defer-reject.example", "ok.example", "dunno.example", "hold.example", "info.example")
    ],
    "check_helo_access actions, permit": [
        ("x.test", OTHER, helo) for helo in ("defer-permit.example", "defer-reject.example", "none.example")
    ],
    "check_helo_access ordered, defer": [
        ("x.test", OTHER, helo)
        for helo in (
            "mail.example.com", "MAIL.example.COM", "a.mail.example.com", "other.example.com", "example.com", "x.com", "com",
            "mail.example.com.", "example.com.", ".example.com", "..com", "[192.0.2.8]", "[1.2.8]", "192.0.2.7", "192.0.2.99",
            "1.2.3", "9.1.2.3", "x.2.3", "unknown", "2001:db8:1:2::9", "none.test", "[IPv6:2001:db8::1]", "frasier",
        )
    ],
    "check_client_access ordered, defer": [
        ("mail.example.com", HOST, "h.test"), ("other.example.com", HOST, "h.test"), ("host.com", HOST, "h.test"),
        ("host.test", HOST, "h.test"), ("host.test", "192.0.2.99", "h.test"), ("host.test", "192.0.9.9", "h.test"),
        ("host.test", "192.9.9.9", "h.test"), ("host.test", OTHER, "h.test"), (UNKNOWN, HOST, "h.test"),
        (UNKNOWN, OTHER, "h.test"), ("host.test", "2001:db8:1:2::9", "h.test"), ("host.test", "2001:db8:1:2::7", "h.test"),
        ("host.test", "2001:db8:1:3::7", "h.test"), ("host.test", "2001:db9::1", "h.test"), ("com", OTHER, "h.test"),
    ],
    "check_client_access cidr, defer": [(n, a, "h.test") for a in ("192.0.2.7", "192.0.2.200", OTHER) for n in ("x.test", UNKNOWN)],
    "check_client_access cidr6, defer": [("x.test", a, "h.test") for a in ("2001:db8:1::7", "2001:db8:9::1", "192.0.2.9", OTHER)],
    "check_helo_access cidr, defer": [("x.test", OTHER, h) for h in ("192.0.2.7", "[192.0.2.7]", "mail.example.com", "8.8.8.8")],
    "check_helo_access regexp, defer": [
        ("x.test", OTHER, h) for h in ("mail1.example.com", "DSL-17.Example.NET", "frasier", "CASE.EXAMPLE", "if.one.example", "x.nocaps.EXAMPLE")
    ],
    "check_client_access regexp, defer": [("dsl-17.example.net", HOST, "h.test"), (UNKNOWN, HOST, "h.test"), ("x.test", HOST, "h.test")],
    "check_helo_access pcre, defer": [("x.test", OTHER, h) for h in ("mail1.example.com", "DSL-17.Example.NET", "x.nocaps.EXAMPLE")],
    "reject_unknown_client_hostname, defer": [(UNKNOWN, OTHER, "h.test"), ("x.test", OTHER, "h.test")],
    "reject_unknown_reverse_client_hostname, defer": [(UNKNOWN, OTHER, "h.test"), ("x.test", OTHER, "h.test")],
    "permit_mynetworks, reject_non_fqdn_helo_hostname, defer": [
        ("x.test", "192.0.2.130", "frasier"), ("x.test", OTHER, "frasier"), ("x.test", "127.0.0.1", "frasier"), ("x.test", OTHER, "h.test"),
    ],
    "reject_invalid_helo_hostname reject_non_fqdn_helo_hostname check_helo_access ordered defer": [
        ("x.test", OTHER, h) for h in ("frasier", "-", "example.com", "ok.test", "[1.2.3]")
    ],
    "permit_sasl_authenticated, check_client_access ordered, reject_unknown_client, defer": [
        (UNKNOWN, "203.0.113.9", "h.test"), ("mail.example.com", OTHER, "h.test"),
    ],
    "reject_invalid_hostname, { reject_non_fqdn_hostname }, defer": [("x.test", OTHER, h) for h in ("frasier", "-", "ok.test")],
    "permit, reject": [("x.test", OTHER, "frasier")],
    "reject": [("x.test", OTHER, "frasier")],
}  # fmt: skip
"""Restriction list, with tables by name, to (client name, client address, HELO)."""

SETTINGS = """
local_recipient_maps =
mynetworks = 127.0.0.0/8, 192.0.2.128/25
inet_protocols = all
smtpd_relay_restrictions = reject_unauth_destination
notify_classes =
smtpd_client_connection_rate_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.1
"""


def named(home: Path, words: str) -> str:
    """*words* with the tables' places in place of their names."""
    return re.sub(r"(check_\w+_access) (\w+)", lambda m: f"{m[1]} {TABLES[m[2]][0]}:{home}/{m[2]}", words)


def start_postfix(home: Path) -> list[tuple[int, str, bool]]:
    """Configure and start a Postfix under *home*, one smtpd service per list; port, list and parents of each."""
    services, asked = "", []
    cases = [(words, parents) for words in LISTS for parents in (True, False) if parents or "ordered" in words]
    for port, (words, parents) in enumerate(cases, FIRST_PORT):
        style = "smtpd_access_maps" if parents else ""
        services += (
            f"127.0.0.1:{port} inet n - n - - smtpd -o parent_domain_matches_subdomains={style}\n"
            f"  -o {{ smtpd_recipient_restrictions = {named(home, words)} }}\n"
        )
        asked.append((port, words, parents))
    asked_postfix.start(home, SETTINGS, services)
    return asked


def ask(port: int, name: str, addr: str, helo: str) -> str:
    """The reply to a recipient of this client."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        stream = connection.makefile("rb")
        read_reply(stream)
        shown = f"IPV6:{addr}" if ":" in addr else addr
        given = "[UNAVAILABLE]" if name == UNKNOWN else name
        reply = b""
        for command in (
            f"XCLIENT NAME={given} ADDR={shown}", f"EHLO {helo}", "MAIL FROM:<a@example.com>", "RCPT TO:<x@lab.example>"
        ):  # fmt: skip
            connection.sendall(command.encode() + b"\r\n")
            reply = read_reply(stream)
        return reply.decode().rstrip()


def looked_up(home: Path, table: str, keys: list[str]) -> Iterator[dict[str, Any]]:
    """What ``postmap -q`` finds for each key."""
    place = f"{TABLES[table][0]}:{home}/{table}"
    for key in keys:
        done = subprocess.run(["postmap", "-c", str(home / "conf"), "-q", key, place], capture_output=True, check=False)
        value = done.stdout.decode().removesuffix("\n") if done.returncode == 0 else None
        yield {"table": table, "key": key, "value": value}


def truth(home: Path) -> Iterator[dict[str, Any]]:
    """Tables, their answers, and what smtpd says."""
    for table, (kind, text) in TABLES.items():
        (home / table).write_text(text, encoding="utf-8")
        yield {"table": table, "type": kind, "text": text}
    asked = start_postfix(home)
    for table, (kind, _) in TABLES.items():
        if kind in ("hash", "btree"):
            subprocess.run(
                ["postmap", "-c", str(home / "conf"), f"{kind}:{home}/{table}"], check=True, stdout=sys.stderr
            )
    for table in TABLES:
        if table not in ("actions", "ordered"):
            yield from looked_up(home, table, [*NAMES.split(), *ODD, *ADDRESSES.split()])
    for port, words, parents in asked:
        for name, addr, helo in LISTS[words]:
            reply = ask(port, name, addr, helo)
            yield {"list": words, "parents": parents, "name": name, "addr": addr, "helo": helo, "reply": reply}


if __name__ == "__main__":
    asked_postfix.print_truth(truth)
