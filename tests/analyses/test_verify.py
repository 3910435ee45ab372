"""A verification against what a real Postfix did to scripted clients: sample_logs/truth/verify_before and verify_after."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune
from logtune.analyses.verify import Verification

TRUTH = Path(__file__).parents[2] / "sample_logs" / "truth"
NON_FQDN, UNKNOWN = "reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname"


@cache
def read(name: str) -> logtune.MailLog:
    return logtune.read(TRUTH / f"{name}.log", tz="UTC", year=2026, mynetworks=["192.168.10.0/24"])


@cache
def pair(before: str = "verify_before", after: str = "verify_after") -> Verification:
    return read(before).verification(read(after))


def states(found: Verification, name: str, service: str = "smtp") -> dict[str, tuple[Any, ...]]:
    (entry,) = [r for r in found.restrictions if (r.name, r.service) == (name, service)]
    return {s["organisation"]: (s["state"], s["delivered"], s["rejected"], s["later"]) for s in entry.senders}


def test_every_sender_is_where_the_script_put_it() -> None:
    """What became of each sender is what lab/cases/enforcing.py had it do; numbers are recipients and later ones that got in."""
    assert states(pair(), NON_FQDN) == {
        "handwerk.example": ("as predicted", 8, 5, 0),
        "203.0.113.67": ("passed before", 3, 1, 0),  # the parish greets badly for the first time
        "198.51.100.142": ("stopped before too", 0, 10, 0),  # guesses recipients, before and after
        "printshop.example": ("gone", 3, 0, 0),
        "203.0.113.62": ("passes now", 4, 0, 0),  # the practice
    }
    assert states(pair(), UNKNOWN) == {
        "shop.example": ("as predicted", 4, 8, 0),
        "kontor.example": ("as predicted", 3, 1, 1),  # corrects its greeting after a day
        "verein.example": ("new", 0, 1, 0),
        "handwerk.example": ("stopped by others", 8, 0, 0),
        "printshop.example": ("gone", 3, 0, 0),
        "203.0.113.62": ("passes now", 4, 0, 0),
    }


def test_real_rejects_are_those_of_the_replies() -> None:
    """Recipients rejected per restriction and service are as many as clients were told so by that restriction."""
    import json

    told: dict[tuple[str, str], int] = {}
    for row in json.loads((TRUTH / "verify_after.json").read_text())["recipients"]:
        name = (
            NON_FQDN if "need fully-qualified" in row["reply"] else UNKNOWN if "Host not found" in row["reply"] else ""
        )
        if name:
            key = (name, row["service"])
            told[key] = told.get(key, 0) + 1
    real = {(r.name, r.service): r.counts["rejected"] for r in pair().restrictions if r.counts["rejected"]}
    assert real == told == {(NON_FQDN, "smtp"): 16, (UNKNOWN, "smtp"): 10, (NON_FQDN, "submission"): 3}


def test_locked_out_users_come_first() -> None:
    """An authorized client that is rejected is the first finding, and counts as wanted."""
    report = read("verify_before").verify(read("verify_after"))
    alarms = report.sections[0]
    assert [f.title for f in alarms.items] == [
        f"{NON_FQDN} at submission rejects authorized clients",
        f"{NON_FQDN} rejects senders that the trial let pass",
        f"{NON_FQDN} stops senders that delivered before",
        f"{UNKNOWN} stops senders that delivered before",
    ]
    assert pair().wanted_stopped
    assert report.headline == "3 of 4 restrictions enforced; authorized clients are rejected."


def test_retries_are_followed() -> None:
    """A 4xx is tried again: of three mails one came in, and two were given up a day before the log ends."""
    (entry,) = [r for r in pair().restrictions if (r.name, r.service) == (UNKNOWN, "smtp")]
    assert {k: entry.retries[k] for k in ("mails", "tries", "came_in", "given_up")} == {
        "mails": 3,
        "tries": 10,
        "came_in": 1,
        "given_up": 2,
    }


@pytest.mark.parametrize("name", ["invalid", "non_fqdn", "unknown"])
def test_the_same_clients_again(name: str) -> None:
    """Where the same clients come again, those predicted are those rejected: nobody new, nobody spared."""
    found = pair("delay_reject_yes", f"enforced_{name}_helo").only(f"reject_{name}_helo_hostname")
    (entry,) = found.restrictions
    assert entry.counts["predicted"] == {"invalid": 2, "non_fqdn": 7, "unknown": 11}[name]
    assert {s["state"] for s in entry.senders} <= {"as predicted", "stopped before too"}
    assert not found.wanted_stopped
    flagged = entry.counts["flagged"]
    assert entry.counts["predicted"] <= entry.counts["rejected"] <= flagged


def test_what_is_not_enforced_says_so() -> None:
    """A restriction that still only warns, or that is silent, is not called enforced."""
    still = pair("delay_reject_yes", "delay_reject_yes")
    assert {r.name: r.status for r in still.restrictions} == {
        "reject_invalid_helo_hostname": "on trial",
        NON_FQDN: "on trial",
        UNKNOWN: "on trial",
    }
    report = read("delay_reject_yes").verify(read("delay_reject_yes"))
    assert report.headline == "None of the restrictions that were on trial rejects anything in the second log."
    assert [section.name for section in report.sections] == ["alarms", "numbers", "retries", "caveats"]


def test_caveats_name_what_weakens_the_comparison() -> None:
    """Short logs, overlap and gaps are said; a pair without them has the gap of its missing day only."""
    assert pair().caveats == ["Between the two logs 1 day is missing."]
    short = pair("delay_reject_yes", "enforced_unknown_helo").caveats
    assert [caveat.split(";")[0] for caveat in short] == [
        "The trial's log spans 1.0 days",
        "The log since then spans 1.0 days. Less than 7 lack weekdays, and retries are not over.",
        "The second log begins before the first ends: the same mail may count on both sides.",
    ]


def test_a_restriction_that_was_not_on_trial() -> None:
    """Asking for a restriction that was not on trial names those that were."""
    with pytest.raises(KeyError, match=f"reject_x was not on trial in the first log; on trial: {NON_FQDN}, {UNKNOWN}"):
        pair().only("reject_x")


def test_the_document() -> None:
    """logtune.verify/1: rates per 24 hours of each log, organisations by state."""
    document = pair().to_json()
    (entry,) = [r for r in document["restrictions"] if (r["restriction"], r["service"]) == (UNKNOWN, "smtp")]
    assert (document["schema"], document["wanted_stopped"]) == ("logtune.verify/1", True)
    assert entry["rejected_per_day"] == round(10 / pair().after.days, 3)
    assert entry["organisations"] == {
        "as predicted": 2, "passed before": 0, "stopped before too": 0, "new": 1, "passes now": 1,
        "stopped by others": 1, "gone": 1,
    }  # fmt: skip
