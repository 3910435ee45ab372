"""SASL login failures: totals, clients, names, and guesses that succeeded."""

from __future__ import annotations

from typing import Any

from logtune.analyses.sasl import GUESSES, sasl, sasl_findings
from logtune.results import Level, Metric, Note, Table
from tests.analyses.made_log import at, make, options_of


def failure(position: int, user: str | None = "anna", client: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    text = f"unknown[{client}]: SASL LOGIN authentication failed: authentication failure"
    common = {
        "position": position,
        "ts": at("02 10:00:00"),
        "daemon": "smtpd",
        "kind": "sasl_failure",
        "severity": "warning",
    }
    named = text + (f", sasl_username={user}" if user else "")
    return {**common, "client_name": "unknown", "client_addr": client, "text": named, **more}


def login(position: int, client: str = "192.0.2.1", user: str = "anna") -> dict[str, Any]:
    return {
        "position": position,
        "ts": at("02 11:00:00"),
        "event": "client",
        "client_addr": client,
        "sasl_username": user,
    }


def test_totals_and_tables() -> None:
    """Failures count lines with repeats; a client is an address; names only where Postfix logs them."""
    log = make(notices=[failure(1), failure(2, "root", repeat=4), failure(3, None, "198.51.100.9")])
    items = sasl(log, options_of(log)).items
    assert {i.name: i.value for i in items if isinstance(i, Metric)} == {
        "failures": 6,
        "clients": 2,
        "names": 2,
        "per_day": (6,),
    }
    tables = {i.name: i.rows for i in items if isinstance(i, Table)}
    assert [row[:4] for row in tables["sasl_clients"]] == [
        ("unknown[192.0.2.1]", 5, 2, "LOGIN"),
        ("unknown[198.51.100.9]", 1, 0, "LOGIN"),
    ]
    assert [row[:3] for row in tables["sasl_users"]] == [("root", 4, 1), ("anna", 1, 1)]


def test_guessing_client_that_got_in() -> None:
    """Many failures with several names and then a login is for a person; with one name it is worth a look."""
    several = [failure(n, f"user{n % 3}") for n in range(1, GUESSES + 1)]
    assert [(f.level, f.samples) for f in sasl_findings(make(notices=several, queue=[login(50)]))] == [
        (Level.ACT, ("anna",))
    ]
    one = [failure(n) for n in range(1, GUESSES + 1)]
    assert [f.level for f in sasl_findings(make(notices=one, queue=[login(50)]))] == [Level.LOOK]


def test_login_before_the_failures() -> None:
    """A login before the first failure is no guess that succeeded, nor is one of another client."""
    several = [failure(n, f"user{n % 3}") for n in range(10, 10 + GUESSES)]
    assert sasl_findings(make(notices=several, queue=[login(5), login(60, "198.51.100.7")])) == []


def test_own_login_fails() -> None:
    """A relay that refuses this server's login needs a person."""
    text = "SASL authentication failed; server relay.example.com[192.0.2.9] said: 535 5.7.8 Error"
    row = {
        "position": 1,
        "ts": at("02 10:00:00"),
        "daemon": "smtp",
        "kind": "client_sasl_failure",
        "severity": "warning",
        "text": text,
    }
    assert [(f.level, f.samples) for f in sasl_findings(make(notices=[row]))] == [(Level.ACT, (text,))]


def test_none() -> None:
    """No failure, one note."""
    log = make()
    assert sasl(log, options_of(log)).items == [Note("No SASL login failed.")]
