"""Local days by the hour: the rows that a join by the borders of the days finds."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest

from logtune.clock import local_days
from logtune.tables import query


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe"])
def test_each_moment_is_of_the_day_whose_borders_it_is_between(zone: str) -> None:
    """Also where midnight is inside an hour of UTC, and where a day has more or fewer hours (zones of 2026)."""
    first, last = datetime(2026, 3, 27, 7, 12), datetime(2026, 4, 7, 21, 3)
    days = local_days(first, last, ZoneInfo(zone))
    con = duckdb.connect()
    con.register("days", pa.table({
        "day": [date.fromisoformat(day[0]) for day in days],
        "begin": pa.array([day[1] for day in days], pa.timestamp("us")),
        "end": pa.array([day[2] for day in days], pa.timestamp("us")),
    }))  # fmt: skip
    con.execute(f"CREATE TABLE hours AS {query('evidence_hours')}")
    moments = "SELECT unnest(generate_series(?::TIMESTAMP, ?::TIMESTAMP, INTERVAL 5 MINUTE)) AS ts"
    by_hour = """hours d ON d.hour = date_trunc('hour', ts) AND ts >= d."begin" AND ts < d."end" """
    by_border = """days d ON ts >= d."begin" AND ts < d."end" """
    asked = [
        con.execute(f"SELECT ts, d.day FROM ({moments}) LEFT JOIN {join} ORDER BY ts", [first, last]).fetchall()
        for join in (by_hour, by_border)
    ]
    assert asked[0] == asked[1]
    assert {day for _, day in asked[0]} == {date.fromisoformat(day[0]) for day in days}
