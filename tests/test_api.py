"""The library as people use it: what ``read`` takes and chooses, and what a ``MailLog`` answers."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pandas as pd
import pytest

import logtune
from logtune.analyses.deliveries import deliveries
from logtune.analyses.options import Options
from logtune.sources import NoSuchLine
from tests.lines import log_of

SAMPLES = Path(__file__).parent.parent / "sample_logs"

RELAYED = dedent("""\
    Mar  2 23:59:50 mx1 postfix/smtpd[10]: connect from mail.example.net[192.0.2.10]
    Mar  2 23:59:51 mx1 postfix/smtpd[10]: A1A1A1: client=mail.example.net[192.0.2.10]
    Mar  2 23:59:51 mx1 postfix/cleanup[11]: A1A1A1: message-id=<1@example.net>
    Mar  2 23:59:52 mx1 postfix/qmgr[12]: A1A1A1: from=<a@example.net>, size=900, nrcpt=1 (queue active)
    Mar  2 23:59:52 mx1 postfix/smtpd[10]: disconnect from mail.example.net[192.0.2.10] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
    Mar  3 00:10:00 mx1 postfix/relay/smtp[13]: A1A1A1: to=<b@example.com>, relay=mx.example.com[192.0.2.99]:25, delay=608, delays=1/1/0/606, dsn=2.0.0, status=sent (250 Ok)
    Mar  3 00:10:00 mx1 postfix/qmgr[12]: A1A1A1: removed
""")
SUBMITTED = dedent("""\
    Mar  3 08:00:00 mx1 postfix/submission/smtpd[20]: connect from pc.example.org[198.51.100.20]
    Mar  3 08:00:01 mx1 postfix/submission/smtpd[20]: B2B2B2: client=pc.example.org[198.51.100.20], sasl_method=PLAIN, sasl_username=anna
    Mar  3 08:00:01 mx1 postfix/qmgr[12]: B2B2B2: from=<anna@example.com>, size=900, nrcpt=1 (queue active)
    Mar  3 08:00:02 mx1 postfix/submission/smtpd[20]: disconnect from pc.example.org[198.51.100.20] ehlo=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=6
""")
PICKED_UP = dedent("""\
    Mar  3 09:00:00 mx1 postfix/pickup[30]: C3C3C3: uid=0 from=<root>
    Mar  3 09:00:00 mx1 postfix/qmgr[12]: C3C3C3: from=<root@example.com>, size=400, nrcpt=1 (queue active)
    Mar  4 09:00:00 mx1 postfix/local[31]: C3C3C3: to=<root@example.com>, relay=local, delay=86400, delays=0/86400/0/0, dsn=2.0.0, status=sent (delivered to mailbox)
""")
SECOND_HOST = dedent("""\
    Mar  4 10:00:00 mx2 postfix-in/smtpd[40]: connect from unknown[203.0.113.40]
    Mar  4 10:00:01 mx2 postfix-in/smtpd[40]: NOQUEUE: reject: RCPT from unknown[203.0.113.40]: 554 5.7.1 <c@example.com>: Relay access denied; from=<x@example.net> to=<c@example.com> proto=ESMTP helo=<x>
    Mar  4 10:00:01 mx2 postfix-in/smtpd[40]: disconnect from unknown[203.0.113.40] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
""")
BUSY = RELAYED + SUBMITTED + PICKED_UP + SECOND_HOST

FILTERED = dedent("""\
    Mar  2 23:59:58 mx1 postfix/smtpd[10]: connect from mail.example.net[192.0.2.10]
    Mar  2 23:59:58 mx1 postfix/smtpd[10]: A1A1A1: client=mail.example.net[192.0.2.10]
    Mar  2 23:59:58 mx1 postfix/cleanup[11]: A1A1A1: message-id=<1@example.net>
    Mar  2 23:59:58 mx1 postfix/qmgr[12]: A1A1A1: from=<a@example.net>, size=900, nrcpt=1 (queue active)
    Mar  2 23:59:58 mx1 postfix/smtpd[10]: disconnect from mail.example.net[192.0.2.10] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
    Mar  3 00:00:01 mx1 postfix/reinject/smtpd[15]: connect from localhost[127.0.0.1]
    Mar  3 00:00:01 mx1 postfix/reinject/smtpd[15]: D4D4D4: client=localhost[127.0.0.1]
    Mar  3 00:00:01 mx1 postfix/cleanup[11]: D4D4D4: message-id=<1@example.net>
    Mar  3 00:00:01 mx1 postfix/qmgr[12]: D4D4D4: from=<a@example.net>, size=1100, nrcpt=1 (queue active)
    Mar  3 00:00:01 mx1 postfix/smtp[13]: A1A1A1: to=<b@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=3, delays=0/0/0/3, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as D4D4D4)
    Mar  3 00:00:01 mx1 postfix/qmgr[12]: A1A1A1: removed
    Mar  3 00:00:01 mx1 postfix/reinject/smtpd[15]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
    Mar  3 00:00:02 mx1 postfix/lmtp[16]: D4D4D4: to=<b@example.com>, relay=mailbox[192.0.2.30]:24, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mailbox[192.0.2.30] said: 550 5.1.1 no such user)
    Mar  3 00:00:02 mx1 postfix/qmgr[12]: D4D4D4: removed
""")

TRIAL = dedent("""\
    smtpd[7]: connect from pc.example.net[192.0.2.7]
    smtpd[7]: NOQUEUE: reject_warning: RCPT from pc.example.net[192.0.2.7]: 504 5.5.2 <pc>: Helo command rejected: need fully-qualified hostname; from=<a@example.net> to=<b@example.com> proto=ESMTP helo=<pc>
    smtpd[7]: A1A1A1: client=pc.example.net[192.0.2.7]
    cleanup[8]: A1A1A1: message-id=<1@example.net>
    qmgr[9]: A1A1A1: from=<a@example.net>, size=900, nrcpt=1 (queue active)
    smtpd[7]: disconnect from pc.example.net[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
    lmtp[10]: A1A1A1: to=<b@example.com>, relay=mailbox[192.0.2.30]:24, delay=1, delays=0.1/0.2/0.3/0.4, dsn=2.0.0, status=sent (250 2.0.0 Ok)
    qmgr[9]: A1A1A1: removed
""")
TRIAL_LINES = len(TRIAL.splitlines())


def chosen(**options: Any) -> str:
    """Clients and queue ids of what *options* leave of ``BUSY``, in order; each is whole or missing altogether."""
    log = log_of(BUSY, **options)
    count = log.arrow(" UNION ALL ".join(f"SELECT position FROM {name}" for name in logtune.api.schema.TABLES)).num_rows
    parts = {"A1A1A1": RELAYED, "B2B2B2": SUBMITTED, "C3C3C3": PICKED_UP, "203.0.113.40": SECOND_HOST}
    found = log.arrow(
        "SELECT queue_id FROM messages UNION SELECT client_addr FROM sessions"
        " WHERE session NOT IN (SELECT session FROM messages WHERE session IS NOT NULL)"
    )
    names = [name for name in parts if name in found.column(0).to_pylist()]
    assert count == sum(len(parts[name].splitlines()) for name in names)
    return " ".join(names)


def by_id(log: logtune.MailLog) -> list[tuple[Any, ...]]:
    """Every recipient with what became of it."""
    rows = log.arrow("SELECT id, message, outcome, fate, hops, reinjected FROM recipients ORDER BY id")
    return [tuple(row.values()) for row in rows.to_pylist()]


def fates(log: logtune.MailLog) -> list[tuple[Any, ...]]:
    """Recipients that count: those that no filter injected again."""
    rows = log.arrow("SELECT recipient, outcome, fate, hops FROM recipients WHERE NOT reinjected ORDER BY id")
    return [tuple(row.values()) for row in rows.to_pylist()]


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_public_names() -> None:
    """What the package promises is there, and nothing else is promised."""
    assert sorted(logtune.__all__) == ["MailLog", "OptionError", "__version__", "read"]
    assert all(getattr(logtune, name) for name in logtune.__all__)
    with pytest.raises(AttributeError, match="module 'logtune' has no attribute 'open'"):
        logtune.open  # noqa: B018


def test_reading_needs_no_ipython() -> None:
    """Outside of a notebook IPython is not imported."""
    sample = SAMPLES / "truth/bdat.log"
    code = f"import sys, logtune; logtune.read({str(sample)!r}, year=2026).trial(); print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# --- what a choice keeps


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "A1A1A1 B2B2B2 C3C3C3 203.0.113.40"),
        ({"day": "2026-03-02"}, "A1A1A1"),
        ({"day": "2026-03-03"}, "B2B2B2 C3C3C3"),
        ({"day": dt.date(2026, 3, 4)}, "203.0.113.40"),
        ({"day": "2026-03-05"}, ""),
        ({"since": "2026-03-03"}, "B2B2B2 C3C3C3 203.0.113.40"),
        ({"since": dt.date(2026, 3, 4)}, "203.0.113.40"),
        ({"since": "2026-03-03T08:00:00", "until": "2026-03-03T09:00:00"}, "B2B2B2"),
        ({"until": "2026-03-03T08:00:00"}, "A1A1A1"),
        ({"since": dt.datetime(2026, 3, 3, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))}, "C3C3C3 203.0.113.40"),
    ],
)
def test_time_chooses_sessions_and_messages_whole(options: dict[str, Any], expected: str) -> None:
    """The first line decides, until is exclusive, and all lines of a session or message come or none."""
    assert chosen(**options) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"hosts": ["mx2"]}, "203.0.113.40"),
        ({"hosts": "mx1"}, "A1A1A1 B2B2B2 C3C3C3"),
        ({"instances": ["postfix"]}, "A1A1A1 B2B2B2 C3C3C3"),
        ({"instances": ["postfix-in", "postfix"]}, "A1A1A1 B2B2B2 C3C3C3 203.0.113.40"),
        ({"services": ["submission"]}, "B2B2B2"),
        ({"services": "submission", "hosts": "mx2"}, ""),
    ],
)
def test_names_choose_sessions_and_messages_whole(options: dict[str, Any], expected: str) -> None:
    """Host, instance and service are those of the first line; several of one kind add up, kinds must all fit."""
    assert chosen(**options) == expected


def test_service_of_a_session_is_not_that_of_its_deliveries() -> None:
    """``smtp`` is the service without a name, also where the mail goes on by a transport that has one (relay)."""
    assert chosen(services=["smtp"]) == "A1A1A1 C3C3C3 203.0.113.40"
    assert chosen(services=["relay"]) == ""


def test_mail_through_a_filter_comes_with_its_fate() -> None:
    """What a filter injects again belongs to the day of the mail that it came from, and tells its fate."""
    whole = fates(log_of(FILTERED))
    assert whole == [("b@example.com", "accepted", "bounced", 1)]
    assert fates(log_of(FILTERED, day="2026-03-02")) == whole
    assert fates(log_of(FILTERED, day="2026-03-03")) == []
    assert fates(log_of(FILTERED, services=["smtp"])) == whole


def test_what_a_filter_injects_can_be_chosen_by_its_service() -> None:
    """The filter's own service alone: its mail, without the mail that it came from."""
    log = log_of(FILTERED, services=["reinject"])
    assert log.arrow("SELECT queue_id FROM messages").column(0).to_pylist() == ["D4D4D4"]


@pytest.mark.parametrize("name", ["filter.log", "truth/filter_inherits.log"])
def test_days_add_up(name: str) -> None:
    """Each recipient is in exactly one day, with the same outcome and fate as in the whole log."""
    whole = logtune.read(SAMPLES / name, tz="UTC", year=2026)
    days = [logtune.read(SAMPLES / name, tz="UTC", year=2026, day=day) for day in whole.options.days]
    assert sorted(row for log in days for row in by_id(log)) == by_id(whole)


def test_day_is_that_of_the_zone(tmp_path: Path) -> None:
    """A day begins at midnight of *tz* and has 23 hours where the clock is put forward."""
    times = ("2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T21:59:59", "2026-03-29T22:00:00")
    lines = [f"{t}+00:00 mx1 postfix/smtpd[1]: warning: hostname x{i} does not resolve" for i, t in enumerate(times)]
    path = write(tmp_path / "mail.log", *lines)
    log = logtune.read(path, tz="Europe/Berlin", day="2026-03-29")
    assert log.notices["ts"].to_pylist() == [dt.datetime.fromisoformat(t) for t in times[1:3]]


def test_choice_leaves_coverage_as_it_was() -> None:
    """Coverage tells what was read, not what was chosen."""
    assert log_of(BUSY, day="2026-03-05").coverage.recognised == log_of(BUSY).coverage.recognised == 17


# --- options


def test_mynetworks_makes_clients_authorized() -> None:
    """A client inside mynetworks is the site's own; IPv6 networks may stand in brackets as in main.cf."""

    def authorized(**options: Any) -> int:
        return int(log_of(TRIAL, **options).trial_json()["restrictions"][0]["authorized"])

    assert authorized() == 0
    assert authorized(mynetworks=["[2001:db8::]/32", "192.0.2.0/28"]) == 1
    assert authorized(mynetworks="192.0.2.7") == 1


def test_year_is_that_of_the_first_line(tmp_path: Path) -> None:
    """Stamps without a year: *year* counts from the first line on, over the turn of the year."""
    lines = (f"{day} 10:00:00 mx1 postfix/master[1]: daemon started" for day in ("Dec 31", "Jan  1"))
    log = logtune.read(write(tmp_path / "mail.log", *lines), year=2024, tz="UTC")
    assert (log.period.first, log.period.last) == (dt.datetime(2024, 12, 31, 10), dt.datetime(2025, 1, 1, 10))
    assert log.coverage.year_assumed is None


def test_year_comes_from_the_file_otherwise(tmp_path: Path) -> None:
    """Without *year* it is the latest that is not after the file's time, and coverage says so."""
    path = write(tmp_path / "mail.log", "Dec 31 10:00:00 mx1 postfix/master[1]: daemon started")
    os.utime(path, (dt.datetime(2023, 6, 1).timestamp(),) * 2)
    log = logtune.read(path, tz="UTC")
    assert log.period.first == dt.datetime(2022, 12, 31, 10)
    assert log.coverage.year_assumed == "2022 (file dates)"


def test_zone_turns_wall_clock_into_utc() -> None:
    """Stamps without a zone are read in *tz*; tables are in UTC, the period names the zone."""
    log = log_of(TRIAL, tz="America/New_York")
    assert (log.period.first, log.period.zone) == (dt.datetime(2026, 3, 2, 15), "America/New_York")
    assert not log.coverage.zone_assumed


TIME_FORMS = "expected a date or time such as 2026-03-02 or 2026-03-02T14:30"
NETWORK_FORMS = "expected a network such as 192.0.2.0/24 or 2001:db8::/32"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"since": "monday"}, f"since 'monday': {TIME_FORMS}"),
        ({"until": "2026-02-30"}, f"until '2026-02-30': {TIME_FORMS}"),
        ({"day": "2026-03-02T14:30"}, "day '2026-03-02T14:30': expected a date such as 2026-03-02"),
        (
            {"day": "2026-03-02", "until": "2026-03-04"},
            "day cannot be combined with since or until: expected one or the other",
        ),
        (
            {"since": "2026-03-04", "until": "2026-03-02"},
            "until '2026-03-02': expected a time later than since '2026-03-04'",
        ),
        (
            {"tz": "Europe/Bonn"},
            "time zone 'Europe/Bonn' is not known: expected an IANA name such as Europe/Berlin",
        ),
        ({"year": 26}, "year 26: expected one from 1970 to 2200"),
        (
            {"mynetworks": ["192.0.2.1/24"]},
            f"mynetworks '192.0.2.1/24': 192.0.2.1/24 has host bits set; {NETWORK_FORMS}",
        ),
        (
            {"mynetworks": "hash:/etc/postfix/nets"},
            "mynetworks 'hash:/etc/postfix/nets': 'hash:/etc/postfix/nets' does not appear to be an IPv4 or IPv6"
            f" network; {NETWORK_FORMS}",
        ),
    ],
)
def test_a_wrong_option_says_what_is_expected(options: dict[str, Any], text: str) -> None:
    """The error names the option, what was given and what would do."""
    with pytest.raises(logtune.OptionError, match=f"^{re.escape(text)}$"):
        log_of(TRIAL, **options)


# --- what was read


def test_missing_file_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    """Nothing raises: the problem names file and reason, and coverage is not complete."""
    there = write(tmp_path / "mail.log", "Mar  2 10:00:00 mx1 postfix/master[1]: daemon started")
    missing = tmp_path / "mail.log.1"
    log = logtune.read(there, missing, year=2026, tz="UTC")
    assert [(p.name, p.reason) for p in log.problems] == [(str(missing), "there is no such file")]
    assert (log.coverage.recognised, log.coverage.complete) == (1, False)
    assert [(s["name"], s["lines"]) for s in log.coverage.sources] == [(str(there), 1), (str(missing), 0)]
    assert ", incomplete; " in repr(log)


def test_coverage_adds_up(tmp_path: Path) -> None:
    """recognised + unrecognised + blank = lines, and other programs are among the unrecognised."""
    path = write(
        tmp_path / "mail.log",
        "Mar  2 10:00:00 mx1 postfix/smtpd[1]: connect from mail.example.net[192.0.2.10]",
        "",
        "Mar  2 10:00:01 mx1 sshd[5]: Connection closed by 192.0.2.99 port 4711",
        "Mar  2 10:00:02 mx1 postfix/smtpd[1]: no such text was ever logged",
        "\x00\x01 not a line of syslog",
    )
    coverage = logtune.read(path, year=2026, tz="UTC").coverage
    assert (coverage.lines, coverage.recognised, coverage.unrecognised, coverage.blank) == (5, 1, 3, 1)
    assert (coverage.not_postfix, coverage.complete) == (1, True)


def test_repr_says_what_was_read() -> None:
    """Sources, period, lines and rows on one line."""
    log = logtune.read(SAMPLES / "truth/bdat.log", year=2026, tz="UTC")
    start = f"<MailLog of {SAMPLES / 'truth/bdat.log'}: Mon 2 Mar 2026, 1 day; 41 lines; "
    assert repr(log).startswith(start)
    counted = {name: table.num_rows for name, table in log.tables.tables.items() if table.num_rows}
    assert repr(log) == start + ", ".join(f"{name} {count}" for name, count in counted.items()) + ">"


def test_repr_of_many_sources_and_of_none(tmp_path: Path) -> None:
    """More than three sources are counted; control characters of a name are shown, not sent; nothing is said too."""
    for number in range(5):
        write(tmp_path / f"mail\x1b.log.{number}", f"Mar  2 10:00:0{5 - number} mx1 postfix/master[1]: daemon started")
    many = repr(logtune.read(tmp_path, year=2026, tz="UTC"))
    assert ", 2 more: Mon 2 Mar 2026" in many
    assert many.isprintable()
    none = repr(logtune.read(tmp_path / "none", tz="UTC"))
    assert none == "<MailLog of nothing: no time stamps; 0 lines, incomplete; no rows>"


def test_a_log_shows_itself_in_a_notebook() -> None:
    """Its report, as text and HTML."""
    bundle = log_of(TRIAL)._repr_mimebundle_(include=None, exclude=None)
    assert sorted(bundle) == ["text/html", "text/plain"]
    assert all("reject_non_fqdn_helo_hostname" in text for text in bundle.values())


# --- tables and frames


def test_tables_are_attributes() -> None:
    """Each table is an attribute that completion finds; other names are errors that list them."""
    log = log_of(TRIAL)
    tables = ("decisions", "connections", "queue", "deliveries", "verdicts", "notices", "unrecognised")
    assert [getattr(log, name).num_rows for name in tables] == [1, 2, 4, 1, 0, 0, 0]
    assert set(tables) <= set(dir(log))
    with pytest.raises(AttributeError, match="no attribute 'rejections'; the tables are decisions, "):
        _ = log.rejections
    with pytest.raises(KeyError, match="no table 'sessions'; there are decisions, "):
        log.table("sessions")
    with pytest.raises(KeyError, match=r"no table or relation 'people'; there are decisions, .*, recipients, flags"):
        log.to_pandas("people")


def test_to_pandas_gives_tables_and_relations() -> None:
    """One row each, with the columns of the table or relation."""
    log = log_of(TRIAL)
    names = (*logtune.api.schema.TABLES, *logtune.api.RELATIONS)
    sizes = {name: len(log.to_pandas(name)) for name in names}
    assert {name: n for name, n in sizes.items() if n} == {
        "decisions": 1, "connections": 2, "queue": 4, "deliveries": 1,
        "sessions": 1, "messages": 1, "recipients": 1, "flags": 1,
    }  # fmt: skip
    assert log.to_pandas("decisions").columns.to_list() == log.decisions.column_names


def test_ids_stay_whole_numbers_in_pandas() -> None:
    """A missing session does not turn the others into floating point: an id must lead back to its line."""
    queue = log_of(TRIAL).to_pandas("queue")
    assert str(queue["session"].dtype) == "Int64"
    assert queue["session"].isna().tolist() == [False, True, True, True]


def test_counters_are_dictionaries_in_pandas() -> None:
    """{command: (ok, total)} in connections and sessions, None where none are logged."""
    log = log_of(SECOND_HOST)
    counted = {"ehlo": (1, 1), "mail": (1, 1), "rcpt": (0, 1), "quit": (1, 1), "commands": (3, 4)}
    assert log.to_pandas("connections")["counters"].tolist() == [None, counted]
    assert log.to_pandas("sessions")["counters"].tolist() == [counted]


def test_sql_gives_numbers_that_can_be_drawn() -> None:
    """Sums are whole numbers, not objects, however large."""
    found = log_of(TRIAL).sql("SELECT sum(size) AS bytes, sum(9e18::BIGINT * repeat) AS huge, count(*) AS n FROM queue")
    assert found.dtypes.astype(str).to_dict() == {"bytes": "Int64", "huge": "float64", "n": "Int64"}
    pd.testing.assert_series_equal(
        found.loc[0], pd.Series({"bytes": 900, "huge": 3.6e19, "n": 4}, name=0), check_dtype=False
    )


# --- from a number to its lines


def test_lines_behind_session_message_queue_id_and_recipient() -> None:
    """Each gives the raw lines of the file, in order."""
    log = log_of(TRIAL)
    written = Path(log.sources.sources[0].name).read_bytes().splitlines()

    def numbers(**by: Any) -> list[int]:
        return [written.index(line) for _, _, _, line in log.lines(log.positions_of(**by))]

    row = log.arrow("FROM recipients").to_pylist()[0]
    assert numbers(session=row["session"]) == [0, 1, 2, 5]
    assert numbers(message=row["message"]) == [1, 2, 3, 4, 6, 7]
    assert numbers(queue_id="A1A1A1") == [2, 3, 4, 6, 7]
    assert numbers(recipient=row["id"]) == list(range(TRIAL_LINES))
    assert numbers(recipient=12345) == []


def test_ids_of_a_frame_lead_to_lines() -> None:
    """What pandas gives as an id can be given back."""
    log = log_of(TRIAL)
    session = log.to_pandas("recipients").session.iloc[0]
    assert len(log.lines(log.positions_of(session=session))) == 4


def test_a_line_says_where_it_stands() -> None:
    """Position, source, offset in bytes, and the line without its end; asked twice it comes once."""
    log = log_of(TRIAL)
    path = log.sources.sources[0].name
    first, second = Path(path).read_bytes().splitlines()[:2]
    offset = len(first) + 1
    assert log.lines([offset, 0, offset]) == [(0, path, 0, first), (offset, path, offset, second)]
    with pytest.raises(NoSuchLine):
        log.lines([3])


@pytest.mark.parametrize(("asked", "count"), [({}, 0), ({"session": 0, "queue_id": "A1A1A1"}, 2)])
def test_positions_are_of_one_thing(asked: dict[str, Any], count: int) -> None:
    """Exactly one of the four can be asked for."""
    with pytest.raises(TypeError, match=f"exactly one of session, message, queue_id, recipient; {count} were given"):
        log_of(TRIAL).positions_of(**asked)


# --- the trial


RESTRICTION_KEYS = {
    "restriction", "text", "service", "protocol_states", "warning_lines", "flagged", "flagged_mails",
    "rejected_anyway", "deferred_anyway", "abandoned", "probes", "accepted", "unknown", "accepted_4xx",
    "accepted_5xx", "fates", "only_this", "authorized", "clients", "client_organisations", "helo_names",
    "sender_domains", "recipients", "verdict", "reasons",
    "candidates", "depends_on_history", "filter", "private", "others", "first", "last",
    "wanted", "no_evidence", "unwanted", "known", "confidence", "exceptions", "hosts",
}  # fmt: skip
RECIPIENT_KEYS = {
    "session", "message", "ts", "host", "pid", "queue_id", "client_name", "client_addr", "helo", "sender",
    "recipient", "sasl_username", "outcome", "by", "fate", "flags", "id", "harm",
}  # fmt: skip
FLAG_KEYS = {"restriction", "text", "protocol_state", "reply_code", "dsn", "source", "offset", "certain"}


def test_trial_json_has_the_documented_keys() -> None:
    """All keys of docs/formats.md in every object, and ``recipients`` only when asked for."""
    log = log_of(TRIAL)
    document = log.trial_json(recipients=True)
    assert set(document) == {"schema", "period", "coverage", "evidence", "restrictions", "overlap", "recipients"}
    assert document["schema"] == "logtune.trial/1"
    assert [set(row) for row in document["restrictions"]] == [RESTRICTION_KEYS]
    assert [set(row) for row in document["recipients"]] == [RECIPIENT_KEYS]
    assert [set(flag) for flag in document["recipients"][0]["flags"]] == [FLAG_KEYS]
    assert [set(row) for row in document["overlap"]] == [{"restrictions", "accepted"}]
    assert set(document["period"]) == {"first", "last", "days", "zone"}
    assert log.trial_json() == {key: value for key, value in document.items() if key != "recipients"}


def test_a_flag_leads_to_its_warning_line() -> None:
    """``source`` and ``offset`` of a flag name the line that warned."""
    (recipient,) = log_of(TRIAL).trial_json(recipients=True)["recipients"]
    (flag,) = recipient["flags"]
    line = Path(flag["source"]).read_bytes()[flag["offset"] :].splitlines()[0]
    assert b"reject_warning: RCPT from pc.example.net" in line


def test_trial_of_one_restriction() -> None:
    """By name in full; a name that is not on trial is an error that says what is."""
    log = log_of(TRIAL)
    assert log.trial("reject_non_fqdn_helo_hostname").verdict is not None
    with pytest.raises(KeyError, match="reject_rbl_client is not on trial in this log; on trial: reject_non_fqdn_helo"):
        log.trial("reject_rbl_client")


def test_a_report_is_the_same_whether_its_trial_was_asked_before() -> None:
    """The trial and the other sections are asked at once on two connections, or one after the other: the same answer."""
    path = SAMPLES / "truth/bdat.log"
    at_once, before = logtune.read(path, tz="UTC", year=2026), logtune.read(path, tz="UTC", year=2026)
    before.trial()
    assert at_once.report() == before.report()


def test_another_connection_sees_all_that_was_made() -> None:
    """What one thread keeps for several questions the other finds, and the relations and tables too."""
    tables = logtune.read(SAMPLES / "truth/bdat.log", tz="UTC", year=2026).tables
    other = tables.beside()
    assert other.con is not tables.con
    deliveries(tables, Options())
    for name in ("attempts", "recipients", "messages", "flags", "deliveries", "days"):
        counted = f"SELECT count(*) FROM {name}"
        assert other.con.execute(counted).fetchall() == tables.con.execute(counted).fetchall()
