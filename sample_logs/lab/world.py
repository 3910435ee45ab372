"""Who lives around the sample site, and which restriction each of them violates.

The site is the mail exchanger of a small company, corbel.example. What violates what is written down here by hand,
from the table of measured HELO names; `oracle.py` checks it against a Postfix that enforces each restriction.
Addresses are documentation networks, domains are reserved ones.
"""

from dataclasses import dataclass

from .dns import Zone

INVALID = "reject_invalid_helo_hostname"
NON_FQDN = "reject_non_fqdn_helo_hostname"
UNKNOWN = "reject_unknown_helo_hostname"
UNKNOWN_CLIENT = "reject_unknown_client_hostname"
UNKNOWN_REVERSE = "reject_unknown_reverse_client_hostname"
UNKNOWN_SENDER = "reject_unknown_sender_domain"
NON_FQDN_SENDER = "reject_non_fqdn_sender"
RBL = "reject_rbl_client"
HELO_TRIO = (INVALID, NON_FQDN, UNKNOWN)

# HELO name -> restrictions that would reject it, given the name server below. A name that is not here violates none.
HELO_FAULTS = {
    "frasier": {NON_FQDN, UNKNOWN},
    "localhost": {NON_FQDN, UNKNOWN},
    "ylmf-pc": {NON_FQDN, UNKNOWN},
    "WIN-4C7Q2": {NON_FQDN, UNKNOWN},
    "User": {NON_FQDN, UNKNOWN},
    "copier": {NON_FQDN, UNKNOWN},
    "laptop-dora": {NON_FQDN, UNKNOWN},
    "203.0.113.63": {NON_FQDN, UNKNOWN},
    "192.0.2.25": {NON_FQDN, UNKNOWN},
    "exchange.kontor.test": {UNKNOWN},
    "web_01.shop.example": {UNKNOWN},
    "mail.verein.example.": {UNKNOWN},
    "localhost.localdomain": {UNKNOWN},
    "relay.tempfail.example": {UNKNOWN},
    "xk3f.invalid.example": {UNKNOWN},
    "smtp.nosuch.example": {UNKNOWN},
    "-": {INVALID, NON_FQDN, UNKNOWN},
    "1.2.3": {INVALID, NON_FQDN, UNKNOWN},
    "bad..name.example": {INVALID, NON_FQDN, UNKNOWN},
    "-srv-.example": {INVALID, NON_FQDN, UNKNOWN},
    "[203.0.113]": {INVALID, NON_FQDN, UNKNOWN},
}

MAILBOXES = ("anna", "bert", "clara", "dora", "emil", "faktura", "jobs", "postmaster", "full", "gone", "busy")
ALIASES = {"info": ("anna", "bert"), "sales": ("clara",), "webmaster": ("emil",), "team": ("anna", "full")}
PROBE_SENDERS = ("",)


@dataclass(frozen=True)
class Host:
    """A client: what its address is called, how it greets, and what its address violates."""

    address: str
    name: str  # as Postfix will call it; "unknown" without a confirmed name
    helo: str
    domain: str
    faults: frozenset = frozenset()
    user: str = ""


def host(address: str, name: str, helo: str = "", domain: str = "", *faults: str) -> Host:
    return Host(address, name, helo or name, domain or name.partition(".")[2], frozenset(faults))


PARTNER = host("203.0.113.10", "mail.partner.example")
SUPPLIERS = [host(f"203.0.113.{20 + n}", f"mx{n + 1}.supplier.example") for n in range(2)]
ORG = host("198.51.100.10", "mail.example.org")
NET = host("198.51.100.20", "smtp.example.net")
NEWS = [host(f"198.51.100.{41 + n}", f"out{n + 1}.newsletter.example") for n in range(4)]
FREEMAIL = [host(f"203.0.113.{101 + n}", f"mta{n + 1}.freemail.example") for n in range(6)]
BANK = host("203.0.113.70", "mailgate.bank.example", "[203.0.113.70]")
GOOD = [PARTNER, *SUPPLIERS, ORG, NET, *NEWS, *FREEMAIL, BANK]

CRAFTSMAN = host("203.0.113.60", "dsl-17.handwerk.example", "frasier")
KONTOR = host("203.0.113.61", "gw.kontor.example", "exchange.kontor.test")
PRACTICE = host("203.0.113.62", "unknown", "localhost", "praxis.example", UNKNOWN_CLIENT, UNKNOWN_REVERSE)
PRINTSHOP = host("203.0.113.63", "static-63.printshop.example", "203.0.113.63", "printshop.example")
CLUB = host("203.0.113.64", "mail.verein.example", "mail.verein.example.")
SHOP = host("203.0.113.65", "web-01.shop.example", "web_01.shop.example")
UNIVERSITY = host("203.0.113.66", "relay.uni.test", "relay.tempfail.example")
PARISH = host(
    "203.0.113.67", "unknown", "-srv-.example", "parish.example", UNKNOWN_CLIENT
)  # its name does not lead back
CARELESS = [CRAFTSMAN, KONTOR, PRACTICE, PRINTSHOP, CLUB, SHOP, UNIVERSITY, PARISH]

SPAM_HELOS = (
    "ylmf-pc",
    "192.0.2.25",
    "User",
    "WIN-4C7Q2",
    "-",
    "1.2.3",
    "bad..name.example",
    "xk3f.invalid.example",
    "smtp.nosuch.example",
    "localhost.localdomain",
    "[203.0.113]",
    "mail.corbel.example",
    "mail.example.org",
)
# Odd ones are on the block list.
SPAMMERS = [
    Host(
        f"198.51.100.{140 + n}",
        "unknown" if n % 3 else f"host-{140 + n}.pool.example",
        SPAM_HELOS[n % len(SPAM_HELOS)],
        "pool.example",
        frozenset(({UNKNOWN_CLIENT, UNKNOWN_REVERSE} if n % 3 else set()) | ({RBL} if n % 2 else set())),
    )
    for n in range(60)
]

COPIER = host("192.168.10.40", "copier.lan.test", "copier", "corbel.example")
OWN_SERVER = host("192.168.10.5", "erp.lan.test", "erp.lan.test", "corbel.example")
ANNA = Host("203.0.113.201", "p201.dsl.example", "laptop-dora", "corbel.example", user="anna")
BERT = Host(
    "203.0.113.202", "unknown", "[192.168.1.17]", "corbel.example", frozenset({UNKNOWN_CLIENT, UNKNOWN_REVERSE}), "bert"
)
DORA = Host("203.0.113.203", "p203.mobile.example", "localhost", "corbel.example", user="dora")
USERS = [ANNA, BERT, DORA]
REMOTE_DOMAINS = (
    "partner.example",
    "supplier.example",
    "example.org",
    "example.net",
    "freemail.example",
    "bank.example",
)


def make_zone() -> Zone:
    zone = Zone()
    zone.host("mail.corbel.example", "192.0.2.25")
    zone.domain("corbel.example", "mail.corbel.example")
    zone.add("mx.sink.example", "A", "127.2.0.1")
    for one in [*GOOD, *CARELESS, *SPAMMERS, COPIER, OWN_SERVER, *USERS]:
        if one.name != "unknown":
            zone.host(one.name, one.address)
        if one.domain != "corbel.example":
            zone.domain(one.domain, "mx.sink.example")
        if RBL in one.faults:
            zone.blocklist("dnsbl.example", one.address, f"Listed, see https://dnsbl.example/?ip={one.address}")
    zone.pointer(PARISH.address, "www.parish.example")
    zone.add("www.parish.example", "A", "203.0.113.99")
    zone.failing.update({"relay.tempfail.example", "tempfail.example"})
    return zone


def alias_table() -> str:
    return "".join(
        f"{name}@corbel.example {', '.join(f'{to}@corbel.example' for to in targets)}\n"
        for name, targets in ALIASES.items()
    )


def mailbox_table() -> str:
    return "".join(f"{name}@corbel.example {name}\n" for name in MAILBOXES)


def expand(recipient: str) -> list[str]:
    """The mailboxes behind an address."""
    local, _, domain = recipient.partition("@")
    if domain == "corbel.example" and local in ALIASES:
        return [f"{target}@corbel.example" for target in ALIASES[local]]
    return [recipient.lower()]


MAILBOX_REPLIES = {
    "full": ["452 4.2.2 <full@corbel.example> Quota exceeded (mailbox for user is full)"],
    "gone": ["550 5.1.1 <gone@corbel.example> User doesn't exist: gone@corbel.example"],
    "busy": ["451 4.3.0 <busy@corbel.example> Temporary internal error", "250"],
}
REMOTE_REPLIES = {
    "grey": ["450 4.2.0 <grey>: Recipient address rejected: Greylisted", "250"],
    "nobody": ["550 5.1.1 <nobody>: Recipient address rejected: User unknown in relay recipient table"],
    "stuck": ["451 4.3.0 Temporary lookup failure"],
}
