"""Is accepted mail wanted? One sign each, on the maillog of a small site."""

from __future__ import annotations

from typing import Any

import pytest

from logtune.analyses.exemptions import Key
from tests.analyses.site_log import LISTED, NO_RELAY, NOT_FQDN, UNKNOWN_USER, Site

OFFICE = "gw.roofing.example[192.0.2.7]"
NAMELESS = "unknown[192.0.2.7]"
BOSS = "boss@roofing.example"
HARMS = ("wanted", "no_evidence", "unwanted")


def harms(site: Site, **options: Any) -> tuple[int, ...]:
    counts = site.entry(**options).counts
    return tuple(counts[name] for name in HARMS)


def test_a_stranger_seen_once_has_no_evidence() -> None:
    """One accepted mail of a nameless client says nothing, and neither do its sender and greeting."""
    site = Site()
    site.arrives(2, NAMELESS, BOSS, helo="mail")
    assert harms(site) == (0, 1, 0)


def test_the_relay_that_took_our_mail_is_wanted() -> None:
    """Users' mail was delivered to the client's very address: one sign that nobody can arrange."""
    site = Site()
    site.sends(2, BOSS, relay="mx.roofing.example[192.0.2.7]")
    site.arrives(3, NAMELESS, BOSS)
    assert harms(site) == (1, 0, 0)


def test_a_verified_name_in_a_domain_that_users_write_to_is_wanted() -> None:
    """Only the owner of a domain can verify a name in it; other senders may be a hosting provider's customers."""
    site = Site()
    site.sends(2, "a.person@mail.roofing.example")
    site.arrives(3, OFFICE, BOSS)
    site.arrives(3, "vps.roofing.example[192.0.2.8]", "offers@elsewhere.example")
    assert harms(site) == (1, 1, 0)


def test_a_bounce_is_as_wanted_as_its_client() -> None:
    """The empty sender says nothing; the rest of the client's mail does."""
    site = Site()
    site.sends(2, BOSS)
    site.arrives(3, OFFICE, BOSS)
    site.arrives(4, OFFICE, "")
    site.arrives(4, NAMELESS.replace("7", "9"), "")
    assert harms(site) == (2, 1, 0)


def test_a_claimed_sender_is_not_enough() -> None:
    """Users write to the sender's domain, but the client is anybody's: the sender can be forged."""
    site = Site()
    site.sends(2, BOSS)
    site.arrives(3, "unknown[198.51.100.9]", BOSS)
    assert harms(site) == (0, 1, 0)


def test_a_claimed_sender_and_three_days_are_enough() -> None:
    """A client that delivers for days without anything against it earns the sender that it claims."""
    site = Site()
    site.sends(2, BOSS)
    for day in (3, 5, 9):
        site.arrives(day, NAMELESS, BOSS)
    site.arrives(9, "unknown[198.51.100.9]", BOSS)
    assert harms(site) == (3, 1, 0)


def test_a_domain_that_comes_from_everywhere_says_nothing() -> None:
    """Free mail is written to and forged alike: a sender domain with many homes is no sign."""
    site = Site()
    site.sends(2, "kunde@freemail.example")
    for host in range(5):
        site.arrives(3, f"unknown[198.51.100.{host}]", "kunde@freemail.example", says="CLEAN")
    assert harms(site) == (0, 5, 0)


def test_a_small_office_that_nobody_wrote_to() -> None:
    """Its verified name and its sender agree, and it delivers on three days: a person or a service, not a bot."""
    site = Site()
    for day in (2, 3, 4):
        site.arrives(day, OFFICE, BOSS)
    assert harms(site) == (3, 0, 0)
    site = Site()
    for day in (2, 3):
        site.arrives(day, OFFICE, BOSS)
    assert harms(site) == (0, 2, 0)


def test_the_filter_says_clean() -> None:
    """Clean alone is not enough; with days of delivery it is."""
    site = Site()
    site.arrives(2, NAMELESS, "a@one.example", says="CLEAN")
    assert harms(site) == (0, 1, 0)
    for day in (3, 4):
        site.arrives(day, NAMELESS, f"a@day{day}.example", says="CLEAN")
    assert harms(site) == (3, 0, 0)


def test_the_filter_says_spam() -> None:
    """Spam is unwanted whoever sends it; from a correspondent that delivers for days it stays open who is right."""
    site = Site()
    site.arrives(2, NAMELESS, BOSS, says="SPAM")
    assert harms(site) == (0, 0, 1)
    site = Site()
    site.sends(2, BOSS)
    for day in (3, 4, 5):
        site.arrives(day, OFFICE, BOSS, says="CLEAN")
    site.arrives(6, OFFICE, BOSS, says="SPAM")
    assert harms(site) == (3, 1, 0)


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        pytest.param([LISTED], (0, 0, 1), id="a DNS list rejected it on another day"),
        pytest.param([UNKNOWN_USER] * 3, (0, 0, 1), id="most of the recipients it tried do not exist"),
        pytest.param([UNKNOWN_USER] * 2, (0, 1, 0), id="two unknown recipients may be people who left"),
        pytest.param([NO_RELAY], (0, 1, 0), id="an outdated MX record looks like a relay attempt"),
    ],
)
def test_what_the_client_did_elsewhere(refusals: list[str], expected: tuple[int, ...]) -> None:
    """Good reasons for which the same client was rejected in the same log."""
    site = Site()
    for number, text in enumerate(refusals):
        site.refused(2, NAMELESS, text, to=f"nobody{number}@corbel.example")
    site.arrives(3, NAMELESS, BOSS)
    assert harms(site) == expected


def test_a_provider_with_bad_customers_does_not_vouch() -> None:
    """Users write to a provider's domain; some of its dial-up clients are in DNS lists, so its name is only half a sign."""
    site = Site()
    site.sends(2, "kunde@provider.example")
    site.refused(2, "p1.dsl.provider.example[198.51.100.1]", LISTED)
    site.arrives(2, "p1.dsl.provider.example[198.51.100.1]", "a@provider.example")
    site.arrives(3, "p2.dsl.provider.example[198.51.100.2]", "b@provider.example")
    assert harms(site) == (0, 2, 0)


def test_your_own_domain_from_outside_is_no_correspondent() -> None:
    """A stranger who claims one of your own domains gains nothing by what your users send to each other."""
    site = Site()
    site.sends(2, "bert@corbel.example")
    for day in (2, 3, 4):
        site.arrives(day, NAMELESS, "anna@corbel.example")
    assert harms(site) == (0, 3, 0)


def test_private_addresses_tell_nothing_of_the_client() -> None:
    """Behind NAT every client has one address: what it did on other days may have been somebody else."""
    site = Site()
    for day in (2, 3, 4):
        site.arrives(day, "gw.roofing.example[10.0.0.5]", BOSS)
    assert harms(site) == (0, 3, 0)
    assert harms(site, mynetworks="10.0.0.0/8") == (0, 0, 0)


def test_an_organisation_is_private_where_all_of_its_clients_are() -> None:
    """What is said of it does not depend on which client came first."""
    site = Site()
    site.arrives(2, "gw.roofing.example[10.0.0.5]", BOSS)
    site.arrives(3, "gw.bakery.example[10.0.0.6]", "a@bakery.example")
    site.arrives(4, "mx.roofing.example[192.0.2.7]", BOSS)
    found = site.trial()
    (entry,) = found.restrictions
    rows = found.tables.frame("trial_strangers", name=entry.name, service=entry.service).to_pylist()
    assert {row["organisation"]: row["who"] for row in rows} == {
        "roofing.example": "others",
        "bakery.example": "private",
    }


def test_the_parts_add_up() -> None:
    """Authorized clients, own filter, wanted, no evidence and unwanted are all that is newly stopped."""
    site = Site()
    site.arrives(2, "pc.dsl.example[203.0.113.200]", "anna@corbel.example", login="anna")
    site.arrives(2, "localhost[127.0.0.1]", BOSS, helo="localhost")
    site.arrives(2, NAMELESS, BOSS)
    site.arrives(2, "unknown[198.51.100.9]", BOSS, says="SPAM")
    counts = site.entry().counts
    assert counts["accepted"] == 4
    assert {n: counts[n] for n in ("authorized", "filter", *HARMS, "others", "private")} == {
        "authorized": 1, "filter": 1, "wanted": 0, "no_evidence": 1, "unwanted": 1, "others": 2, "private": 0,
    }  # fmt: skip


# --- exceptions


def test_exceptions_go_by_verified_name_else_by_address() -> None:
    """Wanted clients only, most recipients first, and never by greeting."""
    site = Site()
    for day in (2, 3, 4):
        site.arrives(day, OFFICE, BOSS, helo="frasier")
        site.arrives(day, "unknown[198.51.100.9]", "a@bakery.example", helo="localhost")
    site.arrives(5, OFFICE, BOSS, helo="frasier")
    site.arrives(5, "unknown[203.0.113.9]", "x@spam.test")
    found = site.entry().exemptions
    assert [(e.by, e.key, e.recipients, e.mails, e.helo_names, e.sender_domains, e.evidence) for e in found] == [
        (Key.NAME, "gw.roofing.example", 4, 4, ("frasier",), ("roofing.example",), ("delivers on 4 days", "sends its own domain")),
        (Key.ADDRESS, "198.51.100.9", 3, 3, ("localhost",), ("bakery.example",), ("delivers on 3 days", "sends its own domain")),
    ]  # fmt: skip


def test_several_clients_of_one_organisation() -> None:
    """A domain stands for several of its verified clients, a small network for neighbours; not if one is unwanted."""
    site = Site()
    site.sends(2, BOSS)
    site.sends(2, "a@bakery.example", relay="mx.bakery.example[198.51.100.8]")
    site.sends(2, "a@bakery.example", relay="mx.bakery.example[198.51.100.9]")
    for host in (7, 8):
        site.arrives(3, f"mx{host}.roofing.example[192.0.2.{host}]", BOSS)
    for host in (8, 9):
        site.arrives(3, f"unknown[198.51.100.{host}]", "a@bakery.example")
    assert [e.key for e in site.entry().exemptions] == [".roofing.example", "198.51.100.8/31"]
    site.arrives(4, "mx9.roofing.example[192.0.2.9]", "x@spam.test", says="SPAM")
    site.refused(4, "mx9.roofing.example[192.0.2.9]", LISTED)
    site.refused(4, "mx9.roofing.example[192.0.2.9]", LISTED)
    assert [e.key for e in site.entry().exemptions] == ["198.51.100.8/31"]


def test_far_neighbours_are_excepted_one_by_one() -> None:
    """Two addresses of a /24 do not make a network: most of it is somebody else's."""
    site = Site()
    for host in (7, 200):
        site.sends(2, BOSS, relay=f"mx.roofing.example[192.0.2.{host}]")
        site.arrives(3, f"unknown[192.0.2.{host}]", BOSS)
    assert [e.key for e in site.entry().exemptions] == ["192.0.2.200", "192.0.2.7"]


# --- known clients, DNS lists


def test_known_clients_are_counted_but_not_shown(tmp_path: Any) -> None:
    """--known shortens lists, never counts."""
    known = tmp_path / "known"
    known.write_text("# looked at\n.roofing.example\n198.51.100.0/24  # the bakery\n")
    site = Site()
    site.arrives(2, OFFICE, BOSS)
    site.arrives(2, "unknown[198.51.100.9]", "a@bakery.example")
    site.arrives(2, "unknown[203.0.113.9]", "x@other.example")
    log = site.read(known=str(known))
    (entry,) = log._trial.restrictions
    assert (entry.counts["accepted"], entry.counts["known"]) == (3, 2)
    shown = str(log.trial("reject_non_fqdn_helo_hostname"))
    assert "203.0.113.9" in shown
    assert "roofing" not in shown
    assert "198.51.100.9" not in shown


def test_each_dns_list_is_an_entry() -> None:
    """Lists differ more than restrictions do: each is judged alone, under its name."""
    site = Site()
    for domain in ("zen.example.org", "bl.example.net"):
        text = "554 5.7.1 Service unavailable; Client host [{addr}] blocked using " + domain
        site.arrives(2, NAMELESS, BOSS, warning=text + "; Listed, see https://" + domain + "/?ip={addr}")
        site.arrives(2, OFFICE, BOSS, warning=text)
    found = site.trial()
    assert [(r.name, r.restriction, r.label, r.counts["accepted"]) for r in found.restrictions] == [
        ("reject_rbl_client bl.example.net", "reject_rbl_client", "reject_rbl_client bl.example.net", 2),
        ("reject_rbl_client zen.example.org", "reject_rbl_client", "reject_rbl_client zen.example.org", 2),
    ]
    assert len(found.find("reject_rbl_client")) == 2
    assert len(found.find("reject_rbl_client zen.example.org")) == 1


def test_what_there_was_to_learn_from_is_said() -> None:
    """Without a filter and without mail of your own, "no evidence" says little, and the report says so."""
    site = Site()
    site.arrives(2, NAMELESS, BOSS)
    told = " ".join(str(site.read().trial("reject_non_fqdn_helo_hostname")).split())
    assert (
        "this log has no line of a content filter (amavis, rspamd, spamd) and no mail that your own users sent" in told
    )
    site.sends(2, BOSS)
    site.arrives(2, NAMELESS, BOSS, says="CLEAN")
    assert "To learn from" not in str(site.read().trial("reject_non_fqdn_helo_hostname"))


def test_evidence_is_asked_only_of_a_trial() -> None:
    """Where nothing is on trial the tables are there and empty: a report does not pay for what it does not show."""
    site = Site()
    site.sends(2, BOSS)
    site.arrives(2, NAMELESS, BOSS, warning=None)
    trial = site.trial()
    assert trial.restrictions == []
    assert trial.tables.con.execute("SELECT count(*) FROM evidence").fetchall() == [(0,)]


def test_the_warning_of_a_log_is_real() -> None:
    """The made log says what Postfix says: the text is understood."""
    site = Site()
    site.arrives(2, OFFICE, BOSS, warning=NOT_FQDN)
    assert site.entry().restriction == "reject_non_fqdn_helo_hostname"
    assert site.read().coverage.unrecognised == 0
