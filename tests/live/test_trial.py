"""Per restriction on trial: the recipients that logtune predicts to be stopped are those that enforcing it stops."""

from __future__ import annotations

from functools import cache

import pytest
from lab.world import USERS

from tests.live.cases import CASES, GREETING_AGAIN, NO_TLS_LINES, TRIAL
from tests.live.comparison import Case, Reason, Result, compare
from tests.live.visits import CLIENTS, Visit, random_visits, scripted

BY_NAME = {case.name: case for case in [*CASES, NO_TLS_LINES, GREETING_AGAIN]}
NAMES = [*TRIAL, "all"]
RANDOM_VISITS = 110
NOT_DELAYED = {name for name, case in BY_NAME.items() if case.settings.get("smtpd_delay_reject") == "no"}


@cache
def results(name: str) -> dict[str, Result]:
    """Every run of a case. Where a clean greeting leaves no line, more greetings and front ends have a case of their own."""
    return compare(BY_NAME[name], visits_of(name))


def visits_of(name: str) -> list[Visit]:
    free = name not in NOT_DELAYED or name == GREETING_AGAIN.name
    clients = USERS if name == "submission" else CLIENTS
    return scripted() + random_visits(
        list(BY_NAME).index(name), RANDOM_VISITS, again=free, fronts=free, clients=clients
    )


def replies_disagree(result: Result) -> dict[object, tuple[set[str], str]]:
    """Stopped recipients whose real reply has not the code and status that the trial's warning had."""
    return {
        key: (codes, result.enforced[key].reply)
        for key, codes in result.prediction.replies.items()
        if key in result.stopped and not result.enforced[key].reply.startswith(tuple(codes))
    }


@pytest.mark.parametrize("restriction", NAMES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_predicted_and_stopped_recipients_are_the_same(case: Case, restriction: str) -> None:
    """Every recipient that the trial calls newly stopped is stopped by enforcing, no other is, and none is unknown."""
    result = results(case.name)[restriction]
    assert result.unexplained == {}
    assert result.prediction.stopped == result.stopped
    assert result.prediction.unknown == set()
    assert result.stopped, "nothing was stopped: this case shows nothing"


@pytest.mark.parametrize("restriction", list(TRIAL))
@pytest.mark.parametrize("case", [case for case in CASES if case.name not in NOT_DELAYED], ids=lambda case: case.name)
def test_clients_get_the_reply_of_the_warning(case: Case, restriction: str) -> None:
    """The code and enhanced status in a trial's warning are those of the reply that the client later gets."""
    assert replies_disagree(results(case.name)[restriction]) == {}


@pytest.mark.parametrize("restriction", NAMES)
@pytest.mark.parametrize("case", [NO_TLS_LINES], ids=lambda case: case.name)
def test_without_tls_lines_what_is_certain_is_true(case: Case, restriction: str) -> None:
    """smtpd_tls_loglevel=0 hides which greeting came after STARTTLS: what the log does not tell is unknown, not guessed."""
    result = results(case.name)[restriction]
    assert result.differences == {}
    assert len(result.prediction.unknown) < len(result.stopped) / 2


@pytest.mark.parametrize("restriction", NAMES)
@pytest.mark.parametrize("case", [GREETING_AGAIN], ids=lambda case: case.name)
def test_greetings_in_mid_session_differ_only_by_what_clients_ignore(case: Case, restriction: str) -> None:
    """With smtpd_delay_reject=no a client may greet well, then badly, and ignore that the second was rejected."""
    result = results(case.name)[restriction]
    assert set(result.differences.values()) <= {Reason.EARLIER_GREETING}
    assert len(result.prediction.unknown) < len(result.stopped) / 2
