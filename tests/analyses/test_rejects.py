"""Rejects: recipients by restriction and by whom, lines apart."""

from __future__ import annotations

from typing import Any

from logtune.analyses.rejects import rejects, rejects_details
from logtune.results import Metric, Section, Table
from tests.analyses.made_log import at, make, options_of

GREYLISTED = "Recipient address rejected: Greylisted, see http://postgrey.example/"


def line(position: int, **more: Any) -> dict[str, Any]:
    common = {
        "position": position,
        "ts": at("02 08:00:00"),
        "origin": "smtpd",
        "action": "reject",
        "protocol_state": "RCPT",
    }
    return {**common, "client_addr": "192.0.2.1", **more}


def stopped(id: int, by: str | None, outcome: str = "rejected", **more: Any) -> dict[str, Any]:
    return {"id": id, "ts": at("02 08:00:00"), "outcome": outcome, "by": by, "client_addr": "192.0.2.1", **more}


def table(sections: list[Section], name: str) -> Table:
    return next(i for s in sections for i in s.items if isinstance(i, Table) and i.name == name)


def test_by_restriction() -> None:
    """Recipients count once per restriction, lines as often as they came; texts without a name stand together."""
    log = make(
        decisions=[
            line(1, restriction="reject_unauth_destination", reason_shape="Relay access denied", repeat=3),
            line(2, reason=GREYLISTED, reason_shape=GREYLISTED),
            line(3, origin="milter", reason="Spam", reason_shape="Spam", protocol_state="END-OF-MESSAGE"),
            line(4, origin="cleanup", part="header", protocol_state=None),
            line(5, action="reject_warning", restriction="reject_unknown_helo_hostname", reason_shape="Host not found"),
        ],
        recipients=[
            stopped(1, "reject_unauth_destination"),
            stopped(2, "reject_unauth_destination", client_addr="192.0.2.2"),
            stopped(3, GREYLISTED, "deferred"),
            stopped(4, "Spam"),
            stopped(5, "header_checks"),
            stopped(6, None, "accepted"),
        ],
    )
    section = rejects(log, options_of(log))
    assert [(i.name, i.value) for i in section.items if isinstance(i, Metric)] == [("rejected", 4), ("deferred", 1)]
    assert section.counts == "5 recipients"
    assert table([section], "rejects_by_restriction").rows == [
        ("reject_unauth_destination", 2, 0.4, 2, 2, 0, 3, (2,)),
        ("(milter)", 1, 0.2, 1, 1, 0, 1, (1,)),
        ("(text not known)", 1, 0.2, 1, 0, 1, 1, (1,)),
        ("header_checks", 1, 0.2, 1, 1, 0, 1, (1,)),
    ]


def test_local_days() -> None:
    """A course is by local days: 23:30 UTC belongs to the next day in Berlin."""
    log = make(
        connections=[{"position": 1, "ts": at("02 08:00:00")}, {"position": 2, "ts": at("03 08:00:00")}],
        decisions=[line(3, restriction="reject_rbl_client", ts=at("02 23:30:00"))],
        recipients=[
            stopped(3, "reject_rbl_client", ts=at("02 23:30:00")),
            stopped(4, "reject_rbl_client", ts=at("02 22:30:00")),
        ],
    )
    assert table([rejects(log, options_of(log))], "rejects_by_restriction").rows[0][-1] == (1, 1)


def test_top_cuts_and_says_so() -> None:
    """More restrictions than --top are cut, and the table says how many; totals are of all."""
    names = ["reject_rbl_client", "reject_unauth_destination", "reject_unlisted_recipient"]
    log = make(
        decisions=[line(n, restriction=name) for n, name in enumerate(names)],
        recipients=[stopped(n, name) for n, name in enumerate(names)],
    )
    section = rejects(log, options_of(log, top=2))
    shown = table([section], "rejects_by_restriction")
    assert ([row[0] for row in shown.rows], shown.omitted, section.counts) == (names[:2], 1, "3 recipients")


def test_by_whom() -> None:
    """Domains are compared without case, the null sender is <>, and what the log lacks is said."""
    rbl = "reject_rbl_client"
    log = make(
        recipients=[
            stopped(
                1, rbl, sender="a@Example.com", recipient="x@example.org", helo="MAIL", client_name="mail.example.com"
            ),
            stopped(
                2, rbl, sender="b@example.com", recipient="x@example.org", helo="mail", client_name="mail.example.com"
            ),
            stopped(
                3,
                "reject_unauth_destination",
                "deferred",
                sender="",
                recipient=None,
                helo=None,
                client_addr="2001:db8::1",
            ),
        ]
    )
    found = rejects_details(log, options_of(log))
    assert table(found, "rejects_by_sender_domain").rows == [
        ("example.com", 2, 2, 0, 1, rbl),
        ("<>", 1, 0, 1, 1, "reject_unauth_destination"),
    ]
    assert [row[0] for row in table(found, "rejects_by_recipient_domain").rows] == ["example.org", "(not logged)"]
    assert [row[0] for row in table(found, "rejects_by_helo").rows] == ["mail", "(not logged)"]
    assert [row[0] for row in table(found, "rejects_by_client").rows] == ["mail.example.com[192.0.2.1]", "2001:db8::1"]


def test_services_and_states() -> None:
    """A service without a name of its own is smtp; protocol states count lines."""
    log = make(
        decisions=[
            line(1, restriction="reject_rbl_client"),
            line(2, restriction="reject_rbl_client", service="submission", repeat=2),
        ],
        recipients=[stopped(1, "reject_rbl_client", host="mail", instance="postfix")],
    )
    found = rejects_details(log, options_of(log))
    assert table(found, "rejects_by_service").rows == [("smtp", 1, 1, 0, 1)]
    assert table(found, "rejects_by_state").rows == [
        ("reject_rbl_client", "RCPT", "submission", 2),
        ("reject_rbl_client", "RCPT", "smtp", 1),
    ]


def test_dns_lists() -> None:
    """The list is read from the reply text, without case and without what follows its name."""
    reason = (
        "Service unavailable; Client host [192.0.2.1] blocked using BL.example.net; https://bl.example.net/?192.0.2.1"
    )
    shape = "Service unavailable; Client host [] blocked using BL.example.net; https://bl.example.net/?192.0.2.1"
    log = make(decisions=[line(1, restriction="reject_rbl_client", reason=reason, reason_shape=shape)])
    assert table(rejects_details(log, options_of(log)), "rejects_by_list").rows == [
        ("bl.example.net", "reject_rbl_client", 1, 1)
    ]


def test_a_tie_goes_to_the_first_in_the_alphabet() -> None:
    """What stopped most of a client's recipients does not depend on the order in which rows are read."""
    names = ["reject_unlisted_recipient", "reject_rbl_client"]
    for order in (names, names[::-1]):
        log = make(recipients=[stopped(id, by) for id, by in enumerate(order)])
        found = table(rejects_details(log, options_of(log)), "rejects_by_client")
        place = [column.name for column in found.columns].index("mostly")
        assert [row[place] for row in found.rows] == ["reject_rbl_client"]
