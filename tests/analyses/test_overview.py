"""Overview: sessions, mails and recipients, each counted once."""

from __future__ import annotations

from logtune.analyses.overview import overview
from logtune.results import Metric, Note, Table
from tests.analyses.made_log import at, coverage, make, options_of

CONNECT = [
    {"position": 1, "ts": at("02 08:00:00"), "event": "connect"},
    {"position": 9, "ts": at("04 08:00:00"), "event": "connect"},
]


def recipient(id: int, outcome: str, day: str = "02", **more: object) -> dict[str, object]:
    return {"id": id, "ts": at(f"{day} 08:00:00"), "client_addr": f"192.0.2.{id}", "outcome": outcome, **more}


def test_recipients_by_outcome() -> None:
    """Every outcome has a row, shares are of all recipients, and a day without any line is no data, not nought."""
    log = make(
        connections=CONNECT,
        recipients=[
            recipient(1, "accepted"),
            recipient(2, "accepted", "04"),
            recipient(3, "rejected"),
            recipient(4, "probe"),
            recipient(5, "accepted", reinjected=True),
        ],
    )
    table = next(i for i in overview(log, options_of(log)).items if isinstance(i, Table) and i.name == "outcomes")
    assert table.rows == [
        ("accepted", 2, 0.5, 2, (1, None, 1)),
        ("rejected", 1, 0.25, 1, (1, None, 0)),
        ("deferred", 0, 0.0, 0, (0, None, 0)),
        ("abandoned", 0, 0.0, 0, (0, None, 0)),
        ("probe", 1, 0.25, 1, (1, None, 0)),
        ("unknown", 0, 0.0, 0, (0, None, 0)),
    ]


def test_day_without_a_session_is_covered() -> None:
    """A day on which mail is delivered and no session begins is no missing day."""
    log = make(
        connections=CONNECT,
        sessions=[{"session": 1, "connect_ts": at("02 08:00:00")}, {"session": 9, "connect_ts": at("04 08:00:00")}],
        deliveries=[{"position": 5, "ts": at("03 08:00:00"), "status": "sent"}],
        recipients=[recipient(1, "accepted")],
    )
    table = next(i for i in overview(log, options_of(log)).items if isinstance(i, Table) and i.name == "outcomes")
    assert table.rows[0] == ("accepted", 1, 1.0, 1, (1, 0, 0))


def test_reinjected_mail_counts_once() -> None:
    """Mail that a content filter gave back is the same mail: mails and bytes count it once."""
    log = make(
        messages=[
            {"message": 1, "via": "smtpd", "accepted": True, "size": 1000},
            {"message": 2, "via": "smtpd", "accepted": True, "size": 1400, "reinjected": True, "predecessor": 1},
            {"message": 3, "via": "smtpd", "accepted": False},
            {"message": 4, "via": "pickup", "accepted": True, "size": 50},
        ]
    )
    items = overview(log, options_of(log)).items
    metrics = {i.name: i.value for i in items if isinstance(i, Metric)}
    assert (metrics["mails"], metrics["bytes"]) == (2, 1050)
    mails = next(i for i in items if isinstance(i, Table) and i.name == "mails")
    assert mails.rows == [("smtpd", 2, 1, 1000), ("pickup", 1, 1, 50)]


def test_metrics_are_reproducible() -> None:
    """A metric's SQL, typed to the same log, gives its value."""
    log = make(
        sessions=[{"session": 1, "client_addr": "192.0.2.1"}, {"session": 2, "client_addr": "192.0.2.1"}],
        messages=[{"message": 1, "via": "smtpd", "accepted": True, "size": 1000}],
    )
    metrics = [i for i in overview(log, options_of(log)).items if isinstance(i, Metric) and i.sql]
    counted = {
        m.name: log.con.execute(m.sql).fetchone()[0]
        for m in metrics
        if m.name in ("sessions", "clients", "mails", "bytes")
    }
    assert counted == {"sessions": 2, "clients": 1, "mails": 1, "bytes": 1000}
    assert counted == {m.name: m.value for m in metrics if m.name in counted}


def test_loss_is_said() -> None:
    """Each sentence on lost lines is in the overview."""
    log = make(read=coverage(loss=["journald suppressed 120 lines."]))
    assert [i for i in overview(log, options_of(log)).items if isinstance(i, Note)] == [
        Note("journald suppressed 120 lines.")
    ]


def test_sessions_of_the_own_filter() -> None:
    """Sessions in which the own filter gives mail back are sessions, and it is said how many they are."""
    log = make(
        sessions=[{"session": 1, "client_addr": "192.0.2.1"}, {"session": 2, "client_addr": "127.0.0.1"}],
        messages=[{"message": 1, "session": 1}, {"message": 2, "session": 2, "reinjected": True, "predecessor": 1}],
    )
    metrics = {i.name: i.value for i in overview(log, options_of(log)).items if isinstance(i, Metric)}
    assert (metrics["sessions"], metrics["filter_sessions"]) == (2, 1)
