"""HELO rules against what a real Postfix 3.7 said (helo_truth.jsonl, made by make_helo_truth.py)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import dns.message
import dns.resolver
import pytest

from logtune.postfix.helo import (
    INVALID,
    LOOKUPS,
    NON_FQDN,
    UNKNOWN,
    DnsAnswer,
    HeloJudgement,
    Ruling,
    ask_dns,
    judge,
    settle,
    valid_hostname,
)

TRUTH = [json.loads(line) for line in (Path(__file__).parent / "helo_truth.jsonl").read_text().splitlines()]
ZONE = ".zone.test"  # names with records of their own in both rounds


def judged(name: str) -> dict[str, Any]:
    """The judgement of *name* in the form of the truth; unknown is "dns" where DNS decides."""
    rulings = judge(name).restrictions
    unknown = rulings[UNKNOWN]
    return {
        "invalid": rulings[INVALID].reply,
        "non_fqdn": rulings[NON_FQDN].reply,
        "unknown": "dns" if unknown.rejects is None else unknown.reply,
    }


def test_every_name_is_judged_as_postfix_does() -> None:
    """Verdict and whole reply of each restriction agree for every name that a real Postfix was asked about."""
    for said in TRUTH:
        if "refused" in said:
            expected = dict.fromkeys(("invalid", "non_fqdn", "unknown"), said["refused"])
        else:
            exists, missing = said["unknown"]["exists"], said["unknown"]["missing"]
            by_dns = exists != missing or said["helo"].endswith(ZONE)
            expected = {**said, "unknown": "dns" if by_dns else exists}
            del expected["helo"]
        assert judged(said["helo"]) == expected, said["helo"]


def test_truth_has_every_combination() -> None:
    """The table is worth something only if each restriction passes and rejects names, alone and with others."""
    seen = {tuple(ruling.rejects for ruling in judge(said["helo"]).restrictions.values()) for said in TRUTH}
    assert seen == {
        (False, False, None),  # mail.example.com
        (False, False, True),  # mail.example.com.
        (False, False, False),  # [192.0.2.7]
        (False, True, None),  # frasier
        (False, True, True),  # 192.0.2.7
        (True, True, None),  # *.example.com
        (True, True, True),  # mail..example.com
    }
    assert len(TRUTH) > 700


def test_rejects_goes_with_reply() -> None:
    """A reply is given exactly where a restriction rejects."""
    for said in TRUTH:
        for ruling in judge(said["helo"]).restrictions.values():
            assert (ruling.reply is not None) == (ruling.rejects is True)


def test_example() -> None:
    """A one-word name: syntactically fine, not fully qualified, the rest is up to DNS."""
    assert judge("frasier") == HeloJudgement(
        "frasier",
        {
            INVALID: Ruling(False),
            NON_FQDN: Ruling(True, "504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname"),
            UNKNOWN: Ruling(None),
        },
    )


def test_only_the_wildcard_of_a_whole_first_label_is_a_name() -> None:
    """dns_lookup.c takes `*` as a first label; elsewhere it is no name."""
    assert [valid_hostname(name, wildcard=True) for name in (b"*.example.com", b"*", b"a.*.example.com")] == [
        True,
        True,
        False,
    ]
    assert not valid_hostname(b"*.example.com")


class Resolver:
    """A stand-in for dnspython's resolver: name to its record types, or to the exception it raises."""

    def __init__(self, zone: dict[str, set[str] | Exception]) -> None:
        self.zone = zone
        self.asked: list[str] = []

    def resolve(self, name: str, kind: str, **options: Any) -> None:
        assert options == {"search": False, "lifetime": 5.0}
        self.asked.append(kind)
        known = self.zone.get(name, dns.resolver.NXDOMAIN())
        if isinstance(known, Exception):
            raise known
        if kind not in known:
            question = dns.message.make_query(name, kind)
            raise dns.resolver.NoAnswer(response=dns.message.make_response(question))


NO_SERVERS = dns.resolver.NoNameservers()
ANSWERS: dict[str, tuple[set[str] | Exception, DnsAnswer]] = {
    "a-only.zone.test": ({"A"}, DnsAnswer(True, "has A")),
    "aaaa-only.zone.test": ({"AAAA"}, DnsAnswer(True, "has AAAA")),
    "mx-only.zone.test": ({"MX"}, DnsAnswer(True, "has MX")),
    "null-mx.zone.test": ({"MX"}, DnsAnswer(True, "has MX")),
    "txt-only.zone.test": ({"TXT"}, DnsAnswer(False, "no A, MX")),
    "no-such.zone.test": (dns.resolver.NXDOMAIN(), DnsAnswer(False, "no A, MX")),
    "lame.zone.test": (NO_SERVERS, DnsAnswer(None, "no answer")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_dns_settles_as_postfix_did(name: str) -> None:
    """What DNS has about a name gives the verdict that Postfix gave with the same records (null MX passes)."""
    records, expected = ANSWERS[name]
    answer = ask_dns(name, Resolver({name: records}))  # type: ignore[arg-type]
    assert answer == expected
    settled = settle(judge(name), answer).restrictions[UNKNOWN]
    said = next(said for said in TRUTH if said["helo"] == name)["unknown"]["exists"]
    assert settled == (Ruling(None) if answer.found is None else Ruling(said is not None, said))


def test_dns_asks_in_postfixs_order_and_stops_at_the_first_record() -> None:
    """A, AAAA, MX; one record is enough."""
    resolver = Resolver({"mail.example.com": {"AAAA", "MX"}})
    ask_dns("mail.example.com", resolver)  # type: ignore[arg-type]
    assert resolver.asked == list(LOOKUPS[:2])


def test_dns_without_a_server_is_no_answer() -> None:
    """A name server that cannot be reached leaves the ruling open, within the time given."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], 1
    began = time.monotonic()
    assert ask_dns("mail.example.com", resolver, lifetime=0.2) == DnsAnswer(None, "no answer")
    assert time.monotonic() - began < 5


def test_settle_leaves_rulings_that_need_no_dns() -> None:
    """DNS only speaks where the rules were silent."""
    before = judge("frasier")
    after = settle(before, DnsAnswer(False, "no A, MX"))
    assert after.restrictions[NON_FQDN] == before.restrictions[NON_FQDN]
    assert after.restrictions[UNKNOWN] == Ruling(True, "450 4.7.1 <frasier>: Helo command rejected: Host not found")
