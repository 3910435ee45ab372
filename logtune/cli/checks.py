"""Checks of option values while the command line is read, so that a wrong one costs no reading.

Each is a typer callback: it gets the value as typed and returns it checked, or raises ``typer.BadParameter``.
"""

from __future__ import annotations

import re

import typer

_TIME_FORMS = "expected 2026-03-02, 2026-03-02T06:00, today or yesterday"


def moment(value: str | None) -> str | None:
    """A date or date and time in ISO 8601, or ``today``, ``yesterday``: as typed."""
    if value is None or value in ("today", "yesterday"):
        return value
    from datetime import datetime

    try:
        datetime.fromisoformat(value)
    except ValueError as wrong:
        raise typer.BadParameter(f"{value!r} is no date or time; {_TIME_FORMS}.") from wrong
    return value


def day(value: str | None) -> str | None:
    """A date in ISO 8601, or ``today``, ``yesterday``: as typed."""
    if value is None or value in ("today", "yesterday"):
        return value
    from datetime import date

    try:
        date.fromisoformat(value)
    except ValueError as wrong:
        raise typer.BadParameter(f"{value!r} is no date; expected 2026-03-02, today or yesterday.") from wrong
    return value


def named_day(value: str | None, zone_name: str | None) -> str | None:
    """The date that ``today`` and ``yesterday`` stand for in the zone of the report; other values as they are."""
    if value not in ("today", "yesterday"):
        return value
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    today = datetime.now(ZoneInfo(zone_name) if zone_name else None).date()
    return (today if value == "today" else today - timedelta(days=1)).isoformat()


def zone(value: str | None) -> str | None:
    """A name of the IANA time zone database."""
    if value is None:
        return None
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    # ZoneInfo: ValueError for names that are no key, OSError for one that names a directory ("Europe")
    except (KeyError, ValueError, OSError) as wrong:
        raise typer.BadParameter(f"{value!r} is no time zone; expected a name such as Europe/Berlin or UTC.") from wrong
    return value


def networks(values: list[str] | None) -> list[str]:
    """Networks as in ``mynetworks`` of main.cf, one per item: ``192.0.2.0/24 [2001:db8::]/32, 198.51.100.7``."""
    return [_network(item) for value in values or () for item in re.split(r"[,\s]+", value) if item]


def _network(item: str) -> str:
    import ipaddress

    if item.startswith(("!", "/")) or re.match(r"\w+:/", item):
        raise typer.BadParameter(f"{item!r}: files, tables and exclusions are not read here; write the networks out.")
    try:  # Postfix wants [] around IPv6 addresses (inet_proto.c, mynetworks(5)); both ways are taken
        return str(ipaddress.ip_network(re.sub(r"[\[\]]", "", item)))
    except ValueError as wrong:
        raise typer.BadParameter(
            f"{item!r} is no network ({wrong}); expected 192.0.2.0/24 or [2001:db8::]/32."
        ) from wrong


def address(value: str | None) -> str | None:
    """A mail address, without a name beside it."""
    if value is None:
        return None
    from logtune import send

    try:
        return send.address(value)
    except ValueError as wrong:
        raise typer.BadParameter(f"{wrong}.") from wrong


def addresses(values: list[str] | None) -> list[str]:
    """Mail addresses."""
    return [found for value in values or () if (found := address(value))]


def server(value: str | None) -> str | None:
    """An SMTP server: ``HOST`` or ``HOST:PORT``, as typed."""
    if value is None:
        return None
    from logtune.send import Smtp

    try:
        Smtp.of(value)
    except ValueError as wrong:
        raise typer.BadParameter(f"{wrong}.") from wrong
    return value
