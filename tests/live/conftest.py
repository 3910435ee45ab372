"""Live tests run where a Postfix can be started, and say why where not."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from tests.live.instance import find_reason_against

REQUIRED = "LOGTUNE_REQUIRE_POSTFIX"
"""Set to 1, it makes a live test that cannot run an error; .ci/run sets it where it could install Postfix."""


def skip_or_fail(reason: str | None, environment: Mapping[str, str]) -> None:
    if reason is None:
        return
    if environment.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, but no Postfix can be started: {reason}", pytrace=False)
    pytest.skip(f"no Postfix can be started: {reason}")


@pytest.fixture(scope="session", autouse=True)
def a_postfix_can_be_started(request: pytest.FixtureRequest) -> None:
    skip_or_fail(find_reason_against(), os.environ)
