"""Several servers: two real mail exchangers, and small made logs for each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from logtune.analyses.servers import Servers, Silence, if_one_fails
from logtune.analyses.servers_sections import at_a_glance, server_findings, servers
from logtune.api import MailLog, OptionError, read
from logtune.postfix.process_limits import ServiceLimit
from logtune.results import Level, Note, Table
from tests.lines import log_of

PAIR = Path(__file__).parents[2] / "sample_logs" / "two_servers"
START = datetime(2026, 3, 3, 8)


def pair(**options: str) -> MailLog:
    return read(PAIR / "mx1.log", PAIR / "mx2.log", year=2026, tz="UTC", **options)


def tables(log: MailLog) -> dict[str, Table]:
    sections = servers(log.tables, log.options)
    return {i.name: i for section in sections for i in section.items if isinstance(i, Table)}


def titles(log: MailLog) -> list[str]:
    return [finding.title for finding in server_findings(log.tables, log.options)]


def visits(*found: tuple[float, str, int], client: str = "192.0.2.1", seconds: int = 5) -> str:
    """Sessions at so many minutes after the start, on a host, by a process."""
    lines = []
    for minute, host, pid in found:
        for at, text in ((0, "connect from"), (seconds, "disconnect from")):
            stamp = START + timedelta(minutes=minute, seconds=at)
            counters = " ehlo=1 quit=1 commands=2" if at else ""
            line = f"{stamp:%b} {stamp.day:2d} {stamp:%H:%M:%S} {host} postfix/smtpd[{pid}]: {text} "
            lines.append((stamp, len(lines), f"{line}mail.example.com[{client}]{counters}"))
    return "\n".join(line for _, _, line in sorted(lines))


def test_the_real_pair() -> None:
    """Seven of ten sessions come to mx1; from 10:10 to 11:10 it is out and mx2 has them all (sample_logs/lab/pair.py)."""
    log = pair()
    found = Servers.of(log.tables, log.options)
    assert found is not None
    (silence,) = found.silences
    assert (silence.host, silence.taken_over) == ("mx1", True)
    assert abs(silence.since - START - timedelta(hours=2, minutes=10)) < timedelta(minutes=3)
    assert abs(silence.until - START - timedelta(hours=3, minutes=10)) < timedelta(minutes=3)
    assert found.shares()["mx1"] == pytest.approx(0.7, abs=0.03)
    assert [(o.hour, o.host) for o in found.odd_hours()] == [(START + timedelta(hours=2), "mx1")]
    assert titles(log) == [
        "mx1 was out for 61 min, Tue 3 Mar 10:08 – 11:10",
        "The sessions are not shared equally: mx1 71 %, mx2 29 %",
    ]


def test_side_by_side() -> None:
    """Each host's sessions, mails and recipients are those of its log read alone; the parts are of the sum."""
    rows = {row[0]: row for row in tables(pair())["servers_traffic"].rows}
    for host in ("mx1", "mx2"):
        alone = read(PAIR / f"{host}.log", year=2026, tz="UTC")
        sessions = alone.sql("SELECT count(*) AS n FROM sessions")["n"][0]
        mails = alone.sql("SELECT count(*) AS n FROM messages WHERE accepted")["n"][0]
        outcomes = alone.sql("SELECT outcome, count(*) AS n FROM recipients GROUP BY 1").set_index("outcome")["n"]
        _, count, part, _, _, counted, _, accepted, rejected, deferred = rows[host]
        assert (count, counted, accepted, rejected) == (sessions, mails, outcomes["accepted"], outcomes["rejected"])
        assert deferred == outcomes.get("deferred", 0)
        assert part == pytest.approx(sessions / 400)


def test_trial_by_host() -> None:
    """The counts of a restriction on trial add up to those of the trial of all hosts."""
    log = pair()
    whole = {r["restriction"]: (r["flagged"], r["accepted"]) for r in log.trial_json()["restrictions"]}
    sums: dict[str, tuple[int, int]] = {}
    for name, _, host, _, _, _, flagged, accepted, *_ in tables(log)["trial_by_host"].rows:
        so_far = sums.get(name, (0, 0))
        if host != "all":
            sums[name] = (so_far[0] + flagged, so_far[1] + accepted)
    assert sums == whole


def test_one_host_has_no_section() -> None:
    """A log of one host is asked nothing, and the glance says what is missing."""
    log = read(PAIR / "mx1.log", year=2026, tz="UTC")
    assert servers(log.tables, log.options) == []
    assert server_findings(log.tables, log.options) == []
    assert "server_sessions" not in [row[0] for row in log.tables.con.execute("SHOW TABLES").fetchall()]
    assert [(row[0], row[1], row[3]) for row in at_a_glance(log.tables, log.options)] == [
        (Level.UNKNOWN, "several servers", "the log cannot tell"),
        (Level.UNKNOWN, "MX order", "the log cannot tell"),
    ]


def test_the_mx_order_is_asked_for() -> None:
    """The log alone cannot tell the MX order, and says where to look."""
    log = pair()
    last = servers(log.tables, log.options)[-1]
    assert last.name == "servers_mx_order"
    [note] = last.items
    assert isinstance(note, Note)
    assert "The log cannot tell the MX order; look here: dig +short MX" in note.text
    look = "Look at dig +short MX YOUR-DOMAIN, then say it with --mx-order."
    assert at_a_glance(log.tables, log.options) == [
        (Level.LOOK, "several servers", "2 hosts; sessions on port 25: mx1 71 %, mx2 29 %", "from the log"),
        (Level.UNKNOWN, "MX order", look, "the log cannot tell"),
    ]
    log = pair(mx_order="mx1,mx2")
    words = "mx1, then mx2; 91 sessions at a backup while a host before it was up"
    assert at_a_glance(log.tables, log.options)[1] == (Level.LOOK, "MX order", words, "from the log")


def test_a_backup_while_the_first_was_up() -> None:
    """With an MX order uneven shares are meant, and sessions at the backup while the first took some are counted."""
    log = pair(mx_order="mx1.corbel.example,mx2")
    found = Servers.of(log.tables, log.options)
    assert found is not None and found.order == (("mx1",), ("mx2",))
    rows = {row[1].partition(",")[0]: row[2] for row in tables(log)["servers_backup"].rows if "had not" not in row[1]}
    assert rows == {"first host up": 64, "no session at the first host at that time": 80}
    assert titles(log) == [
        "mx1 was out for 61 min, Tue 3 Mar 10:08 – 11:10",
        "mx2 is a backup and had 91 sessions while the first was up",
    ]


def test_tried_first() -> None:
    """A client that came to the first host in the hour before may have fallen back as it should."""
    both = visits((0, "mx1", 7), (1, "mx2", 8)) + "\n" + visits((2, "mx1", 7), client="192.0.2.9")
    strange = visits((3, "mx2", 8), client="192.0.2.77") + "\n" + visits((70, "mx1", 7), (71, "mx2", 8), (72, "mx1", 7))
    log = log_of(both + "\n" + strange, mx_order="mx1,mx2")
    assert [row[1:3] for row in tables(log)["servers_backup"].rows] == [
        ("first host up, the client had come to it in the hour before", 2),
        ("first host up, the client had not come to it in the hour before", 1),
    ]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("mx1 mx2, mx3", ((("mx1", "mx2"),), ("mx3",))),
        ("mx2,mx1", ((("mx2",), ("mx1",)), ())),
    ],
)
def test_the_steps_of_the_order(text: str, order: tuple[object, object]) -> None:
    """A comma is the next preference, a blank the same; a name that is no host of the log is said."""
    log = pair(mx_order=text)
    found = Servers.of(log.tables, log.options)
    assert found is not None and (found.order, found.strangers) == order


def test_a_wrong_order() -> None:
    """What is no host name is an error before anything is read."""
    with pytest.raises(OptionError, match="mx_order 'mx1;rm'"):
        pair(mx_order="mx1;rm")


def test_a_quiet_night_is_no_silence() -> None:
    """Where the others have as little as is to be expected, nobody fell out."""
    quiet = Silence("mx1", START, START + timedelta(hours=6), 12, 12, 30, 3, 30)
    away = Silence("mx1", START, START + timedelta(hours=6), 12, 12, 30, 35, 30)
    lost = Silence("mx1", START, START + timedelta(hours=6), 12, 12, 30, 29, 30)
    assert (quiet.unexplained(), away.unexplained(), lost.unexplained()) == (False, True, True)
    assert (away.taken_over, lost.taken_over) == (False, False)
    assert Silence("mx1", START, START, 12, 12, 30, 42, 30).taken_over


def test_an_equal_round_robin() -> None:
    """Equal shares and no silent host are nothing to look at."""
    log = log_of(visits(*((n * 1.2, f"mx{n % 2 + 1}", 7) for n in range(300))))
    assert titles(log) == []
    assert [row[2:4] for row in tables(log)["servers_shares"].rows] == [(0.5, 0.5), (0.5, 0.5)]


def test_if_one_fails() -> None:
    """The other needs both peaks of the same minute; peaks at other times do not add up."""
    first = [(0.1 * n, "mx1", 10 + n) for n in range(3)] + [(10 + 0.1 * n, "mx2", 20 + n) for n in range(2)]
    same = [(20 + 0.1 * n, host, pid + n) for n in range(2) for host, pid in (("mx1", 30), ("mx2", 40))]
    log = log_of(visits(*first, *same, seconds=55))
    found = Servers.of(log.tables, log.options)
    assert found is not None
    spare = if_one_fails(log.tables, log.options, found)
    needed = {(w.fails, w.takes): (w.now, w.needed, w.limit, w.limit_from) for w in spare}
    assert needed == {("mx1", "mx2"): (2, 4, 100, "default"), ("mx2", "mx1"): (3, 4, 100, "default")}


@pytest.mark.parametrize(
    ("limit", "finding"),
    [
        (4, ["If mx1 fails, mx2 needs 4 smtpd processes; its limit is 4 (from postconf, taken for every host)",
             "If mx2 fails, mx1 needs 4 smtpd processes; its limit is 4 (from postconf, taken for every host)"]),
        (50, []),
        (0, []),
    ],
)  # fmt: skip
def test_limits_of_a_configuration(limit: int, finding: list[str]) -> None:
    """A configuration that is given tells the limit of every host, in all tables; nought is no limit."""
    first = [(0.1 * n, "mx1", 10 + n) for n in range(3)] + [(10 + 0.1 * n, "mx2", 20 + n) for n in range(2)]
    same = [(20 + 0.1 * n, host, pid + n) for n in range(2) for host, pid in (("mx1", 30), ("mx2", 40))]
    log = log_of(visits(*first, *same, seconds=55))
    options = replace(log.options, limits=(ServiceLimit("smtp/inet", "smtpd", "postfix", None, limit),))
    found = {item.name: item for s in servers(log.tables, options) for item in s.items if isinstance(item, Table)}
    assert [row[1:4] for row in found["servers_load"].rows] == [
        (3, limit or None, "postconf"),
        (2, limit or None, "postconf"),
    ]
    assert {row[4:6] for row in found["servers_fail"].rows} == {(limit or None, "postconf")}
    assert found["servers_fail"].note.endswith("The limit from postconf is that of one host, taken for every one.")
    assert [f.title for f in server_findings(log.tables, options) if "fails" in f.title] == finding


def test_a_log_that_ends_early() -> None:
    """A host without lines to the end is down, or its log was collected earlier; hours are compared before that."""
    early = [(n * 2, "mx1", 7) for n in range(60)]
    log = log_of(visits(*early, *((n * 2 + 1, "mx2", 8) for n in range(120))))
    assert titles(log) == ["mx1 has no line after Tue 3 Mar 09:58, others go on"]


def test_hosts_that_hand_mail_on_are_no_clients_from_outside() -> None:
    """A session of another host of the log is told by the queue id it got there, and is no part of the shares."""
    handed = """
        Mar  3 08:00:00 mx2 postfix/smtp[5]: A1B2C3D4E5: to=<r@example.com>, relay=mx1.example.com[192.0.2.25]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as F1F2F3F4F5)
        Mar  3 08:00:00 mx1 postfix/smtpd[7]: connect from mx2.example.com[192.0.2.26]
        Mar  3 08:00:00 mx1 postfix/smtpd[7]: F1F2F3F4F5: client=mx2.example.com[192.0.2.26]
        Mar  3 08:00:01 mx1 postfix/smtpd[7]: disconnect from mx2.example.com[192.0.2.26] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
        """
    log = log_of(dedent(handed) + visits((1, "mx2", 9), (2, "mx1", 7)))
    found = Servers.of(log.tables, log.options)
    assert found is not None
    assert {host: row[:3] for host, row in found.traffic.items()} == {"mx1": (2, 1, 1), "mx2": (1, 1, 0)}
