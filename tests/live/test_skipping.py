"""Where live tests may be skipped."""

from __future__ import annotations

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.live.conftest import REQUIRED, skip_or_fail


def test_without_a_postfix_the_tests_are_skipped_with_the_reason() -> None:
    """Most developers are not root."""
    with pytest.raises(Skipped, match="must be started as root"):
        skip_or_fail("a Postfix instance must be started as root", {})


def test_where_postfix_is_required_that_is_an_error() -> None:
    """CI installs Postfix: a skip there would hide that nothing was shown."""
    with pytest.raises(Failed, match="postconf is not installed"):
        skip_or_fail("postconf is not installed", {REQUIRED: "1"})


def test_where_a_postfix_can_be_started_nothing_happens() -> None:
    """Required or not."""
    skip_or_fail(None, {REQUIRED: "1"})
