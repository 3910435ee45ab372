"""A re-injection listener that inherits the restrictions of main.cf: enforcing them stops the site's own filter."""

from __future__ import annotations

import pytest
from lab import world as w

from tests.live.cases import BASE, FILES
from tests.live.comparison import Case, Result
from tests.live.filtering import CLIENT, ContentFilter
from tests.live.instance import FILTER, REINJECT
from tests.live.prediction import Prediction, predict
from tests.live.sessions import Answers, play
from tests.live.visits import ANNA, BERT, FIRMS, NOSUCH, once

FILTERED = {
    **BASE,
    "content_filter": "smtp:[@address@]:10024",
    "smtpd_helo_restrictions": f"warn_if_reject {w.NON_FQDN}",
}
OWN_LISTS = {"reinject": {"smtpd_helo_restrictions": "", "smtpd_recipient_restrictions": "permit_mynetworks, reject"}}
VISITS = [
    *(once(f"firm-{n}", firm, ANNA, BERT, NOSUCH) for n, firm in enumerate(FIRMS[:12])),
    *(once(f"bad-{n}", who) for n, who in enumerate((w.CRAFTSMAN, w.PRACTICE, w.KONTOR))),
]


def run(case: Case, trial: bool) -> tuple[Answers, Prediction]:
    """What clients and filter were told; for a trial also what logtune makes of its log."""
    with case.instance() as postfix:
        content_filter = ContentFilter(postfix.address, REINJECT)
        postfix.serve_also(FILTER, content_filter)
        answers = play(postfix, VISITS)
        answers = {**answers, **content_filter.answers}
        postfix.stop()
        names = tuple(case.trial)
        found = predict(postfix.log, answers, {}, names, {"127.0.0.1": CLIENT}) if trial else {}
    return answers, found.get(w.NON_FQDN, Prediction())


def result(services: dict[str, dict[str, str]]) -> Result:
    case = Case("filter", FILTERED, {w.NON_FQDN: w.NON_FQDN}, services, FILES)
    trial, prediction = run(case, trial=True)
    return Result(w.NON_FQDN, prediction, trial, run(case.enforcing(w.NON_FQDN), trial=False)[0])


@pytest.mark.parametrize("services", [{}, OWN_LISTS], ids=["inherited lists", "lists of its own"])
def test_what_enforcing_stops_on_its_way_back_from_the_filter(services: dict[str, dict[str, str]]) -> None:
    """Clients at fault are stopped, and every recipient of the filter's where its listener inherits the restriction."""
    found = result(services)
    at_fault = {key for key in found.trial if key.client in (w.CRAFTSMAN.address, w.PRACTICE.address)}
    back = {key for key in found.trial if key.client == CLIENT}
    assert len(back) == 12 * 2 + 3
    assert found.prediction.unknown == set()
    if services:
        assert found.prediction.stopped == at_fault
        assert found.stopped - back == at_fault
    else:
        assert found.prediction.stopped == found.stopped == at_fault | back
