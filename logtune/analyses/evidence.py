"""Is the mail of a stranger wanted? What the log says for and against it, weighed (docs/verdict.md).

Nothing is guessed from names, greetings or sender addresses alone: all of them are what the client claims. A weight of
2 settles the question by itself, because it rests on something that a stranger cannot arrange; a weight of 1 needs
company. The sum of what speaks for a recipient less the sum of what speaks against it makes it wanted or unwanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from logtune.analyses import organisations
from logtune.analyses.common import counted
from logtune.tables import Tables, query

WROTE_CLIENT = 2
"""Mail of your users was delivered to this very address: the client is their correspondent's server."""
WROTE_ORGANISATION = 2
"""Your users write to the domain of the client's verified name, and the sender is of that domain. Only its owner can
verify a name in it; without the sender, customers of a hosting provider would share in what it is written."""
WROTE_DOMAIN = 1
"""Your users write to the sender's domain. Anyone can claim a sender, so the client has to earn the rest. The same for
a verified name whose mail has other senders, or in a domain some of whose clients misbehave."""
DELIVERS = 1
"""Mail of the client was accepted on many days, and nothing was held against it: what sends for weeks is a service."""
SENDS_ITS_DOMAIN = 1
"""The sender's domain is that of the client's verified name (and no client below it misbehaves), or it comes from this
client alone on many days: the sender is who it says. Spammers who own a domain look the same, so it is not enough."""
FILTER_CLEAN = 1
"""The content filter let this mail pass. It lets much pass that nobody asked for, so it is not enough alone."""
VERIFIES = 1
"""The client verifies addresses of yours, which happens when a user writes there; only with mail that one wrote."""

FILTER_SPAM = 3
"""The content filter says spam, virus or banned of this very mail. Outweighs every single sign of being wanted;
together with a correspondent that delivers for weeks it stays open who is right."""
CLIENT_LISTED = 2
"""The client was rejected by a DNS list elsewhere in this log: those who keep such lists saw it send spam."""
CLIENT_GUESSES = 2
"""Most of the addresses that the client tried do not exist here: it guesses."""
CLIENT_RELAYED = 1
"""The client tried to relay. Servers that follow an outdated MX record do so too, so it is not enough alone."""
CLIENT_SPAMS = 1
"""The filter says spam of much of the client's mail, here or before the queue."""
CLAIMS_OWN = 1
"""The sender claims one of your own domains without a login. Forwarders do so too, so it is not enough alone."""

WANTED_FROM = 2
"""One sign that cannot be arranged, or two that can hardly be arranged together."""
UNWANTED_FROM = 2
"""The same against a recipient."""
MANY_DAYS = 3
"""A bot seldom mails one site on three days from the same address; what does is a service or a person."""
HOMES = 3
"""Mail of one domain comes from its own servers and perhaps two providers. A domain that comes from more places is
forged or shared by strangers (free mail), and says nothing of the client."""
GUESSES = 3
"""Distinct unknown recipients. One or two are typing errors and people who left."""
GUESS_SHARE = 0.5
"""From every second recipient on: an old mailing list tries many addresses that are gone, but most still exist."""
SPAMS = 2
"""One mail may be a mistake of the filter."""
SPAM_SHARE = 0.5
"""From every second mail on, spam is what a client is for. A provider's server carries some, too."""

SPAM = ("spam", "virus", "banned", "add header", "rewrite subject", "reject")
"""Words of filters (parse/families/filters.py) for mail that nobody wants; rspamd's are its actions."""
LISTED = ("reject_rbl_client", "reject_rhsbl_client", "reject_rhsbl_reverse_client", "reject_rhsbl_helo")
"""Restrictions that ask DNS lists about the client. Lists of senders judge a forgeable name and are left out."""
RELAYING = ("reject_unauth_destination", "defer_unauth_destination")
UNLISTED = ("reject_unlisted_recipient", "reject_unverified_recipient")

WEIGHTS: Mapping[str, float] = {
    "wrote_client": WROTE_CLIENT,
    "wrote_organisation": WROTE_ORGANISATION,
    "wrote_domain": WROTE_DOMAIN,
    "delivers": DELIVERS,
    "sends_its_domain": SENDS_ITS_DOMAIN,
    "filter_clean": FILTER_CLEAN,
    "verifies": VERIFIES,
    "filter_spam": FILTER_SPAM,
    "client_listed": CLIENT_LISTED,
    "client_guesses": CLIENT_GUESSES,
    "client_relayed": CLIENT_RELAYED,
    "client_spams": CLIENT_SPAMS,
    "claims_own": CLAIMS_OWN,
    "wanted_from": WANTED_FROM,
    "unwanted_from": UNWANTED_FROM,
    "many_days": MANY_DAYS,
    "homes": HOMES,
    "guesses": GUESSES,
    "guess_share": GUESS_SHARE,
    "spams": SPAMS,
    "spam_share": SPAM_SHARE,
}
"""Parameters of evidence.sql."""


@dataclass(frozen=True)
class Sources:
    """What there was to learn from; where it is nothing, "no evidence" says little about a sender."""

    filter_lines: int
    own_mails: int


def prepare(tables: Tables) -> Sources:
    """Make the table ``evidence`` (one row per flagged accepted recipient of a stranger) on the log's connection.

    Needs ``clients`` and ``submission``. Also makes those on which it rests: ``hours``, ``submitted``, ``judged``,
    ``arrivals``, ``senders``, ``alike``, ``own_domains``, ``own_sent``, ``written``, ``client_deeds`` and ``weighed``.
    """
    _make(tables, "hours", "evidence_hours")
    _make(tables, "submitted", "evidence_submitted")
    _make_judged(tables)
    _make(tables, "arrivals", "evidence_arrivals")
    _make(tables, "senders", "evidence_senders")
    _make(tables, "alike", ALIKE)
    _make(tables, "own_domains", "evidence_own_domains")
    _make(tables, "own_sent", "evidence_sent")
    tables.con.register("written", _written(tables))
    _make(
        tables,
        "client_deeds",
        "evidence_clients",
        listed=list(LISTED),
        relaying=list(RELAYING),
        unlisted=list(UNLISTED),
    )
    _make(tables, "weighed", "evidence", **WEIGHTS)
    _make(tables, "evidence", "evidence_flagged")
    return Sources(tables.tables["verdicts"].num_rows, _count(tables, "SELECT count(DISTINCT mail) FROM own_sent"))


ALIKE = "evidence_alike"
"""Query of the table ``alike``, which is asked for one host, too."""


def _make(tables: Tables, name: str, of: str, **parameters: Any) -> None:
    tables.con.execute(f"CREATE OR REPLACE TABLE {name} AS {query(of)}", parameters or None)


def _make_judged(tables: Tables) -> None:
    """Most logs have no line of a filter: then the names of all mails need not be read."""
    if tables.tables["verdicts"].num_rows:
        _make(tables, "judged", "evidence_judged", spam=list(SPAM))
    else:
        tables.con.execute("CREATE OR REPLACE TABLE judged (message BIGINT, spam BOOLEAN, clean BOOLEAN)")


def _count(tables: Tables, sql: str) -> int:
    return int(tables.con.execute(sql).fetchall()[0][0])


def _written(tables: Tables) -> pa.Table:
    """Domains that own users write to, with the organisation that a verified client name of it would have."""
    rows = tables.con.execute(
        "SELECT domain, count(DISTINCT mail), count(DISTINCT day) FROM own_sent GROUP BY domain ORDER BY domain"
    ).fetchall()
    named = [(domain, organisations.organisation(domain, None), mails, days) for domain, mails, days in rows]
    columns = zip(*named, strict=True) if named else ((), (), (), ())
    types = {"domain": pa.string(), "organisation": pa.string(), "mails": pa.int64(), "days": pa.int64()}
    return pa.table({n: pa.array(list(c), t) for (n, t), c in zip(types.items(), columns, strict=True)})


FACTS_FOR = ("wrote_client", "wrote_organisation", "wrote_domain", "days", "its_domain", "clean", "probes")
FACTS_AGAINST = ("spam", "listed", "guesses", "unlisted", "relayed", "spams", "claims_own")


def strongest(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What several clients of one organisation have for and against them: the strongest of each fact."""
    return {name: max(row[name] or 0 for row in rows) for name in (*FACTS_FOR, *FACTS_AGAINST) if name in rows[0]}


def words(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks for a client, and then what speaks against it, in words."""
    return (*words_for(facts), *words_against(facts))


def words_for(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks for a client, in words. *facts*: a row of ``evidence``, or what ``strongest`` made of several."""
    wrote = max(facts["wrote_client"], facts["wrote_organisation"], facts["wrote_domain"])
    found = []
    if wrote:
        found.append(f"you wrote it {counted(wrote, 'mail')}{', to this very address' * bool(facts['wrote_client'])}")
    if facts["days"]:
        found.append(f"delivers on {counted(facts['days'], 'day')}")
    if facts["its_domain"]:
        found.append("sends its own domain")
    if facts["clean"]:
        found.append("filter: clean")
    if facts["probes"] and wrote:
        found.append("verifies your addresses")
    return tuple(found)


def words_against(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks against a client, in words."""
    found = []
    if facts["spam"]:
        found.append("filter: spam")
    if facts["listed"]:
        found.append(f"rejected by DNS lists ({facts['listed']:,})")
    if facts["guesses"]:
        found.append(f"guesses recipients ({facts['unlisted']:,} unknown)")
    if facts["relayed"]:
        found.append(f"tried to relay ({facts['relayed']:,})")
    if facts["spams"] and not facts["spam"]:
        found.append("its other mail is spam")
    if facts["claims_own"]:
        found.append("claims your own domain")
    return tuple(found)
