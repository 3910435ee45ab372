"""Values of options are checked before anything is read."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import typer

from logtune.cli import checks


@pytest.mark.parametrize("value", ["2026-03-02", "2026-03-02T06:00", "2026-03-02 06:00:30", "today", "yesterday", None])
def test_moments(value: str | None) -> None:
    """ISO 8601 dates and times and two words are taken as they are."""
    assert checks.moment(value) == value


@pytest.mark.parametrize("value", ["", "2026-02-30", "02.03.2026", "now", "7d", "2026-03-02T25:00"])
def test_wrong_moments(value: str) -> None:
    """Whatever is no date is refused with what is expected."""
    with pytest.raises(typer.BadParameter, match="expected 2026-03-02"):
        checks.moment(value)


def test_a_day_has_no_time() -> None:
    """--day takes a date only."""
    assert checks.day("2026-03-02") == "2026-03-02"
    with pytest.raises(typer.BadParameter):
        checks.day("2026-03-02T06:00")


def test_yesterday_is_in_the_zone_of_the_report() -> None:
    """today and yesterday are dates of the zone that --tz names."""
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        today = datetime.now(ZoneInfo(zone)).date()
        assert checks.named_day("yesterday", zone) == (today - timedelta(days=1)).isoformat()
    assert checks.named_day("2026-03-02", None) == "2026-03-02"
    assert checks.named_day(None, None) is None


@pytest.mark.parametrize("value", ["Mars/Olympus", "", "Europe", "../../etc/passwd", "/etc/localtime", "\x00"])
def test_wrong_zones(value: str) -> None:
    """A zone is a name of the time zone database, nothing else on the disk."""
    with pytest.raises(typer.BadParameter, match="no time zone"):
        checks.zone(value)


def test_networks_as_in_main_cf() -> None:
    """Commas or spaces between, brackets around IPv6 or not, single addresses too."""
    given = ["192.0.2.0/24, [2001:db8::]/32", "198.51.100.7 [::1]/128"]
    assert checks.networks(given) == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32", "::1/128"]


@pytest.mark.parametrize(
    "value", ["192.0.2.1/24", "example.com", "192.0.2.0/33", "!192.0.2.0/24", "hash:/etc/nets", "/etc/nets"]
)
def test_wrong_networks(value: str) -> None:
    """Host bits in a network, names, files and exclusions are refused, not guessed at."""
    with pytest.raises(typer.BadParameter, match=r"is no network|are not read here"):
        checks.networks([value])
