"""What changed since the last report is told once, and the state says all that the next one needs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune
from logtune.analyses import state as states
from logtune.analyses.changes import Changes, News, problem_key
from logtune.analyses.state import State, StateError, Stood
from logtune.results import Finding, Level, Note, Table

SAMPLES = Path(__file__).parents[2] / "sample_logs"


@cache
def read(*names: str) -> Any:
    paths = [SAMPLES / name for name in names]
    return logtune.read(*paths, year=2026, tz="UTC", mynetworks="192.168.10.0/24")


def changed(before: State | None) -> Changes:
    found: Changes = read("helo_trial.log").changes(before)
    return found


@cache
def here() -> State:
    return changed(None).state


def without(org: str) -> State:
    """The state before *org* was known."""
    stood = {k: replace(s, harmed=s.harmed - {org}) for k, s in here().restrictions.items()}
    clients = {k: v for k, v in here().organisations.items() if k != org}
    return replace(here(), restrictions=stood, organisations=clients)


def titles(found: Changes) -> list[tuple[Level, str]]:
    return [(i.level, i.title) for i in found.section(10).items if isinstance(i, Finding)]


def tables(found: Changes) -> dict[str, list[list[Any]]]:
    return {i.name: [list(row) for row in i.rows] for i in found.section(10).items if isinstance(i, Table)}


UNKNOWN = ("reject_unknown_helo_hostname", None)


def test_first_report() -> None:
    """Without an earlier report nothing is new; the section says so."""
    found = changed(None)
    assert found.news == set()
    assert (found.first, found.subject) == (True, "first report")
    assert [type(i) for i in found.section(10).items] == [Note]


def test_nothing_changed() -> None:
    """The same log again is no news."""
    found = changed(here())
    assert (found.news, found.subject) == (set(), "nothing changed")
    assert found.section(10).items == [Note("Nothing changed.")]
    assert found.state == here()


def test_newly_on_trial() -> None:
    """A restriction that the last report did not know."""
    before = replace(here(), restrictions={k: v for k, v in here().restrictions.items() if k != UNKNOWN})
    found = changed(before)
    assert News.VERDICT in found.news
    assert titles(found) == [(Level.ACT, "reject_unknown_helo_hostname is newly on trial, verdict do not enforce")]
    assert found.subject.startswith("1 restriction newly on trial, ")


def test_verdict_turned() -> None:
    """The verdict before and the one now, with the reason."""
    stood = replace(here().restrictions[UNKNOWN], verdict="keep on trial")
    found = changed(replace(here(), restrictions={**here().restrictions, UNKNOWN: stood}))
    assert (found.news, found.subject) == ({News.VERDICT}, "1 verdict turned")
    assert titles(found) == [(Level.ACT, "reject_unknown_helo_hostname turned from keep on trial to do not enforce")]


def test_trial_ended() -> None:
    """No line warns of the restriction any more."""
    gone = {("reject_rbl_client bl.example", "submission"): Stood("enforce", 1)}
    found = changed(replace(here(), restrictions={**here().restrictions, **gone}))
    assert found.subject == "1 trial ended"
    assert titles(found) == [(Level.LOOK, "reject_rbl_client bl.example (submission) is no longer on trial")]


def test_newly_harmed_and_newly_seen() -> None:
    """A client organisation that was not known: with the restriction that would stop it, and as a new client."""
    found = changed(without("kontor.example"))
    assert found.news == {News.HARM, News.CLIENT}
    assert found.subject == "1 organisation newly harmed, 1 new client"
    shown = tables(found)
    assert [row[:2] for row in shown["newly_harmed"]] == [["kontor.example", "reject_unknown_helo_hostname"]]
    assert [row[0] for row in shown["new_clients"]] == ["kontor.example"]


def test_harmed_stay_known() -> None:
    """A log that lacks the days of an organisation does not make it new again afterwards."""
    known = replace(here().restrictions[UNKNOWN], harmed=frozenset({"rotated-away.example"}))
    found = changed(replace(here(), restrictions={**here().restrictions, UNKNOWN: known}))
    assert "rotated-away.example" in found.state.restrictions[UNKNOWN].harmed


def test_problems() -> None:
    """New ones are shown as the report shows them, those that are gone by their title; numbers make none new."""
    assert (
        problem_key("Service smtp reached its process limit of 1,200") == "Service smtp reached its process limit of N"
    )
    found = changed(replace(here(), problems=["The disk is full"]))
    assert found.news == {News.PROBLEM}
    assert Note("No longer: The disk is full.") in found.section(10).items
    assert [title for _, title in titles(found)] == [f.title for f in found.problems]


LIMIT = """\
Mar  2 10:00:00 mail postfix/smtpd[7]: connect from a.example[192.0.2.1]
Mar  2 10:00:03 mail postfix/master[1]: warning: service "smtp" (25) has reached its process limit "100": new clients may experience noticeable delays
Mar  2 10:00:04 mail postfix/smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 quit=1 commands=2
"""


def test_limit(tmp_path: Path) -> None:
    """A limit that was reached after the last report; reached before, it is no news."""
    path = tmp_path / "mail.log"
    path.write_text(LIMIT)
    log = logtune.read(path, year=2026, tz="UTC")
    first = log.changes()
    reached = datetime(2026, 3, 2, 10, 0, 3)
    assert first.limits == [("smtp", 100.0, reached)]
    again = log.changes(replace(first.state, until=reached - timedelta(seconds=1)))
    assert (again.news, again.subject) == ({News.LIMIT}, "1 limit reached")
    assert titles(again) == [(Level.ACT, "Process limit of 100 reached: smtp")]
    assert log.changes(replace(first.state, until=reached)).limits == []


def test_state_as_json() -> None:
    """A state comes back from its JSON; the same state is the same text."""
    document = json.loads(json.dumps(here().to_json()))
    assert State.from_json(document) == here()
    assert document["schema"] == "logtune.state/1"


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"schema": "logtune.state/2"}, {"schema": "logtune.state/1"},
     {"schema": "logtune.state/1", "until": "yesterday", "restrictions": [], "organisations": {}, "problems": []},
     {"schema": "logtune.state/1", "until": None, "restrictions": [1], "organisations": {}, "problems": []},
     {"schema": "logtune.state/1", "until": None, "restrictions": [], "organisations": [], "problems": []}],
)  # fmt: skip
def test_what_is_no_state(document: Any) -> None:
    """A later version, or something else, is an error that says so."""
    with pytest.raises(StateError, match=r"its schema is|it is damaged"):
        State.from_json(document)


def test_organisations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last seen ones are kept."""
    monkeypatch.setattr(states, "ORGANISATIONS_MOST", 2)
    day = datetime(2026, 3, 2)
    old = {"a.example": day, "b.example": day + timedelta(days=2), "c.example": None}
    assert set(states.remembered(old, {"d.example": day + timedelta(days=1)})) == {"b.example", "d.example"}
