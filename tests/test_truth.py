"""Trials of a real Postfix, against what its scripted clients counted from the replies they got.

Each ``sample_logs/truth/NAME.log`` was written by Postfix, its ``NAME.json`` by the clients and the sink,
which never saw the log (sample_logs/README.md).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune

SAMPLES = Path(__file__).parent.parent / "sample_logs"
BIG = {
    "helo_trial": "helo_trial.log",
    "helo_trial_iso": "helo_trial_iso.log",
    "rotated": "rotated/mail.log*",
    "filter": "filter.log",
}
CASES = [*BIG, *sorted(p.stem for p in (SAMPLES / "truth").glob("*.json"))]


@cache
def measured(name: str) -> dict[str, Any]:
    path = SAMPLES / BIG.get(name, f"truth/{name}.log")
    log = logtune.read(path, tz="UTC", year=2025 if name == "rotated" else 2026, mynetworks=["192.168.10.0/24"])
    return log.trial_json(recipients=True)


def truth(name: str) -> dict[str, Any]:
    places = {"rotated": "rotated/truth.json", **{n: f"{n}.json" for n in BIG if n != "rotated"}}
    return json.loads((SAMPLES / places.get(name, f"truth/{name}.json")).read_text())


OPEN = {"Client host": "check_client_access", "Sender address": "check_sender_access"}
"""What these cases configured where the text alone does not name the restriction."""


HELO = {"reject_invalid_helo_hostname", "reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname"}


def restrictions_of(flag: dict[str, Any]) -> set[str]:
    """The restrictions behind a flag, with what the case configured: all three answer a bad literal with one text."""
    if flag["restriction"]:
        return {flag["restriction"]}
    if flag["text"] == "Helo command rejected: invalid ip address":
        return HELO
    return {"check_policy_service" if "Greylisted" in flag["text"] else OPEN[flag["text"].partition(" rejected")[0]]}


def client(name: str, row: dict[str, Any]) -> str | None:
    """Behind XCLIENT the clients knew the front end only, and the log the real client."""
    return None if name == "xclient" else row["client_addr"]


TOLD_BY_DELIVERIES = {"delivered", "bounced", "expired", "waiting"}


def silent(name: str) -> bool:
    """With smtpd_delay_reject=no only deliveries and rejects name recipients, and mostly senders."""
    return truth(name)["settings"].get("smtpd_delay_reject") == "no"


def seen_envelope(name: str, row: dict[str, Any]) -> tuple[str | None, ...]:
    """Sender, recipient, client and outcome as the log can show them: without the sender a probe is a mail given up."""
    if silent(name) and row["fate"] not in TOLD_BY_DELIVERIES and row["recipient"] not in UNKNOWN_USERS:
        outcome = "abandoned" if row["outcome"] == "probe" else row["outcome"]
        return None, None, client(name, row), outcome
    quoted = re.compile(r'"(\w+)"@')  # smtpd logs the address without quotes that it does not need
    return row["sender"], row["recipient"] and quoted.sub(r"\1@", row["recipient"]), client(name, row), row["outcome"]


UNKNOWN_USERS = {"nosuch@corbel.example", "nosuch2@corbel.example", "nosuch+x@corbel.example"}
"""Recipients that are rejected by name."""


def seen_fate(name: str, row: dict[str, Any]) -> str | None:
    """With soft_bounce the refused mail stays in the queue, whatever the sink said."""
    if row["outcome"] != "accepted":
        return None
    return "waiting" if name == "soft_bounce" and row["fate"] == "bounced" else str(row["fate"])


def certain_of(row: dict[str, Any], restriction: str) -> dict[str, Any]:
    """The row, its outcome unknown where no warning of this restriction surely applies."""
    sure = any(flag["certain"] for flag in row["flags"] if restriction in restrictions_of(flag))
    return row if sure else {**row, "outcome": "unknown"}


def found_in_log(name: str) -> Counter[tuple[Any, ...]]:
    """(restriction, sender, recipient, client, outcome, fate) of every flagged recipient, as logtune has it."""
    return Counter(
        (restriction, *seen_envelope(name, certain_of(row, restriction)), row["fate"])
        for row in measured(name)["recipients"]
        for restriction in set().union(*map(restrictions_of, row["flags"]))
    )


def seen_by_clients(name: str) -> Counter[tuple[Any, ...]]:
    """The same as the clients saw it. The same address twice in one mail is one recipient (docs/relations.md)."""
    seen = [r for r in truth(name)["recipients"] if not r.get("unseen")]  # after DISCARD Postfix logs no recipient
    rows = {(r["session"], r["mail"], r["sender"], r["recipient"]): r for r in seen}
    return Counter(
        (restriction, *seen_envelope(name, r), seen_fate(name, r))
        for r in rows.values()
        for restriction in r["flagged"]
    )


NOT_TOLD = {"corrected_helo", "random_greetings_early", "random_sessions_early", "taken_early"}
"""Here logtune must say unknown, not guess: a client greets again by a clean name, or only smtpd's counters tell of
recipients, in a session with several mails of which some were given up."""


@pytest.mark.parametrize("name", [c for c in CASES if c not in NOT_TOLD])
def test_every_flagged_recipient_is_what_the_clients_saw(name: str) -> None:
    """Restriction, outcome and fate of each flagged recipient agree with the replies and the sink."""
    assert found_in_log(name) == seen_by_clients(name)


@pytest.mark.parametrize("name", sorted(NOT_TOLD))
def test_what_the_log_does_not_tell_is_unknown(name: str) -> None:
    """What is certain is true, and what is true is certain or unknown."""
    found, seen = found_in_log(name), seen_by_clients(name)
    certain = Counter({k: n for k, n in found.items() if k[4] != "unknown"})
    assert certain <= seen
    unknown = Counter({k[:4]: n for k, n in found.items() if k[4] == "unknown"})
    assert Counter({k[:4]: n for k, n in (seen - certain).items()}) <= unknown


@pytest.mark.parametrize("name", CASES)
def test_outcomes_of_a_restriction_add_up_to_flagged(name: str) -> None:
    """rejected anyway + deferred anyway + abandoned + probes + accepted + unknown = flagged, and so do the shares of accepted."""
    for row in measured(name)["restrictions"]:
        parts = ("rejected_anyway", "deferred_anyway", "abandoned", "probes", "accepted", "unknown")
        assert row["flagged"] == sum(row[p] for p in parts)
        assert row["accepted"] == sum(row["fates"].values())
        assert row["accepted"] == row["authorized"] + row["filter"] + row["private"] + row["others"]


@pytest.mark.parametrize("name", CASES)
def test_a_whole_log_shows_no_sign_of_lost_lines(name: str) -> None:
    """Nothing was lost on the way from Postfix to the file; a false alarm would keep every verdict from `enforce`."""
    assert measured(name)["coverage"]["loss"] == []
