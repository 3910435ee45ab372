"""Reports: what is asked of a log, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import logtune
from logtune.analyses import views
from logtune.analyses.trial import Trial, on_trial

SAMPLES = Path(__file__).parents[2] / "sample_logs"


def read(name: str) -> logtune.MailLog:
    return logtune.read(SAMPLES / name, year=2026, tz="UTC")


def test_without_a_restriction_on_trial_a_report_asks_for_no_trial() -> None:
    """The verdicts of such a log say that nothing is on trial, and nobody's mail is weighed for them."""
    log = read("full_mailboxes.log")
    report = views.report(log.tables, log.options, lambda: pytest.fail("the trial was asked for"))
    whole = views.report(log.tables, log.options, lambda: log._trial)
    assert report == whole
    assert report.headline.startswith("No restriction is on trial.")


@pytest.mark.parametrize("name", ["full_mailboxes.log", "helo_trial.log", "filter.log"])
def test_on_trial_tells_whether_a_trial_has_restrictions(name: str) -> None:
    """A look at the warnings says the same as the whole trial."""
    log = read(name)
    assert on_trial(log.tables) == bool(Trial.of(log.tables, log.options).restrictions)


def test_a_small_log_is_asked_in_one_thread_and_a_large_one_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads cost more than they bring where there is not one row group for each; the names shown stay the same."""
    small = read("helo_trial.log")
    folds = small.trial_folds()
    monkeypatch.setattr("logtune.database.ROWS_FOR_THREADS", 0)
    large = read("helo_trial.log")
    large.tables.con  # noqa: B018  # made with its threads
    asked = "SELECT current_setting('threads') AS threads"
    assert small.arrow(asked)["threads"].to_pylist() == [1]
    assert large.arrow(asked)["threads"].to_pylist() == [os.cpu_count()]
    assert large.trial_folds() == folds
