"""Who takes part: clients, senders, recipients and relays, a few of them busy and most of them rare (Zipf's law).

All names are reserved (RFC 2606, RFC 6761), all addresses too (RFC 5737, 3849, 2544). Every choice comes from numpy's
``RandomState``, whose numbers are frozen (NEP 19): a seed gives the same log with every version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import numpy as np

T = TypeVar("T")

BATCH = 8192
"""So many choices are drawn at once: drawing one by one would take most of the time."""

WORDS = [
    "alder", "birch", "cedar", "dorn", "elm", "fern", "garten", "hafen", "insel", "jasmin", "kiefer", "linde", "moor",
    "nord", "ost", "park", "quelle", "rosen", "stein", "tal", "ufer", "vogel", "wald", "zander", "anker", "berg",
    "dach", "eiche", "falke", "glas", "hof", "iris", "kraft", "licht", "markt", "nebel", "orbit", "pfad",
]  # fmt: skip
FIRST = [
    "anna", "bert", "clara", "david", "emma", "felix", "greta", "hans", "ida", "jonas", "karl", "lena", "max", "nora",
    "otto", "paula", "rosa", "sven", "tina", "uwe",
]  # fmt: skip
OWN = "corbel.example"
TLS = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS"
    " (2048 bits) server-digest SHA256",
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
    "TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
)

INVALID, NOT_FQDN, UNKNOWN = (
    "reject_invalid_helo_hostname",
    "reject_non_fqdn_helo_hostname",
    "reject_unknown_helo_hostname",
)
NO_HOSTNAME, PIPELINING = "reject_unknown_client_hostname", "reject_unauth_pipelining"


@dataclass(frozen=True, slots=True)
class Client:
    """A host that connects. ``warned``: restrictions on trial that do not like it, each with its reply."""

    peer: str
    addr: str
    helo: str
    tls: str | None
    warned: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Relay:
    """Where a remote domain's mail goes; ``fails``: how often an attempt is put off."""

    name: str
    peer: str
    tls: str | None
    fails: float


@dataclass(frozen=True, slots=True)
class Remote:
    """A recipient elsewhere."""

    address: str
    relay: Relay


class Chance:
    """All chance of one log: streams of choices from one seed."""

    def __init__(self, seed: int) -> None:
        self.state = np.random.RandomState(seed)

    def uniform(self) -> Iterator[float]:
        """Numbers from 0 to 1."""
        while True:
            yield from self.state.random_sample(BATCH).tolist()

    def of(self, items: Sequence[T], weights: Sequence[float] | None = None) -> Iterator[T]:
        """*items* with the given weights, or as Zipf's law has it: the n-th half as often as the n/2-th."""
        given = 1 / np.arange(1, len(items) + 1) if weights is None else np.array(weights, float)
        edges = np.cumsum(given) / given.sum()
        while True:
            drawn = np.searchsorted(edges[:-1], self.state.random_sample(BATCH), side="right")
            yield from [items[i] for i in drawn.tolist()]

    def evenly(self, items: Sequence[T]) -> Iterator[T]:
        """*items*, all as often."""
        return self.of(items, [1] * len(items))

    def gaps(self, typical: int, tail: float) -> Iterator[int]:
        """Microseconds between two steps: about *typical*, with a long tail (log-uniform, *tail* decades)."""
        while True:
            yield from (1 + typical * 10 ** (tail * (self.state.random_sample(BATCH) - 0.5))).astype(np.int64).tolist()


def addresses() -> Iterator[str]:
    """Client addresses: one of RFC 2544 (198.18.0.0/15) after the other, each seventh of RFC 5737, some IPv6."""
    for i in count():
        if i % 7 == 3:
            yield f"{('192.0.2', '198.51.100', '203.0.113')[i % 3]}.{i // 7 % 250 + 1}"
        elif i % 11 == 5:
            yield f"2001:db8:{i % 9973:x}::{i % 251 + 1:x}"
        else:
            yield f"198.{18 + i % 2}.{i * 37 // 250 % 256}.{i * 37 % 250 + 1}"


def domains(number: int) -> list[str]:
    """Names of other sites."""
    ends = ("example", "example", "test", "example.net", "example.org", "example.com")
    size = len(WORDS)
    names = (f"{WORDS[i % size]}-{WORDS[i // size * 7 % size]}{i // size**2 or ''}" for i in range(1, number + 1))
    return [f"{name}.{ends[i % 6]}" for i, name in enumerate(names)]


class World:
    """Streams of everyone who takes part; ``next`` gives one."""

    def __init__(self, chance: Chance) -> None:
        addrs = addresses()
        sites = domains(3000)
        pick = chance.uniform().__next__
        self.clients = chance.of([_mail_server(s, next(addrs), pick) for s in sites])
        self.warned = chance.of([_badly_named(s, next(addrs), pick) for s in sites[:900]])
        self.bots = chance.of([_bot(i, next(addrs)) for i in range(6000)])
        self.users = chance.of([_user(s, next(addrs)) for s in FIRST * 12])
        self.senders = chance.of([f"{name}@{s}" for name, s in _named(sites, 12_000, pick)])
        self.spammers = chance.evenly([f"{name}{i}@{s}" for i, (name, s) in enumerate(_named(sites, 9000, pick))])
        self.mailboxes = chance.of([f"{n}.{w}@{OWN}" for w in WORDS for n in FIRST])
        self.nobodies = chance.evenly([f"{w}{i}@{OWN}" for i in range(40) for w in WORDS])
        relays = [_relay(s, next(addrs), pick) for s in sites]
        self.remote = chance.of([Remote(f"{n}@{r.name}", r) for n, r in _named(relays, 15_000, pick)])


def _named(sites: Sequence[T], number: int, pick: Callable[[], float]) -> list[tuple[str, T]]:
    """First names at sites, the first sites more often."""
    return [
        (f"{FIRST[i % 20]}.{WORDS[i * 3 % len(WORDS)]}", sites[int(len(sites) * pick() ** 3)]) for i in range(number)
    ]


def _mail_server(site: str, addr: str, pick: Callable[[], float]) -> Client:
    name = f"{('mx', 'smtp', 'out', 'mail')[int(4 * pick())]}{int(5 * pick()) + 1}.{site}"
    return Client(f"{name}[{addr}]", addr, name, TLS[int(3 * pick())] if pick() < 0.8 else None)


def _badly_named(site: str, addr: str, pick: Callable[[], float]) -> Client:
    """A client that a restriction on trial does not like; its name and greeting stay the same for ever."""
    name, kind = f"dsl-{int(200 * pick())}.{site}", pick()
    fqdn = "504 5.5.2 <{0}>: Helo command rejected: need fully-qualified hostname"
    unknown = "450 4.7.1 <{0}>: Helo command rejected: Host not found"
    if kind < 0.2:
        helo = f"my_server.{site}"
        replies = [(INVALID, "501 5.5.2 <{0}>: Helo command rejected: Invalid name"), (UNKNOWN, unknown)]
    elif kind < 0.6:
        helo = site.split(".", 1)[0]
        replies = [(NOT_FQDN, fqdn), (UNKNOWN, unknown)]
    elif kind < 0.85:
        helo = f"exchange.{site.split('.', 1)[0]}.test"
        replies = [(UNKNOWN, unknown)]
    else:
        helo, name = f"mail.{site}", "unknown"
        replies = [(NO_HOSTNAME, f"450 4.7.25 Client host rejected: cannot find your hostname, [{addr}]")]
    warned = tuple((restriction, reply.format(helo)) for restriction, reply in replies)
    return Client(f"{name}[{addr}]", addr, helo, TLS[1] if pick() < 0.5 else None, warned)


def _bot(number: int, addr: str) -> Client:
    name = (
        "unknown"
        if number % 3
        else f"host-{addr.replace('.', '-').replace(':', '-')}.{WORDS[number % len(WORDS)]}.example"
    )
    return Client(f"{name}[{addr}]", addr, ("user", "ylmf-pc", f"[{addr}]", f"pool{number}.example")[number % 4], None)


def _user(name: str, addr: str) -> Client:
    return Client(f"{name}-{addr.replace('.', '-').replace(':', '-')}.{OWN}[{addr}]", addr, f"[{addr}]", TLS[1])


def _relay(site: str, addr: str, pick: Callable[[], float]) -> Relay:
    fails = 0.6 if pick() < 0.04 else 0.02
    return Relay(site, f"mx{int(3 * pick()) + 1}.{site}[{addr}]:25", TLS[int(3 * pick())], fails)
