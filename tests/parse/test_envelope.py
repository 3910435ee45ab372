"""Time stamps, hosts and tags of every syslog form."""

from __future__ import annotations

from datetime import datetime

import pytest

from logtune.parse import Tag
from tests.parse.rows import row, rows

TEXT = "connect from mx.example.com[192.0.2.1]"

STAMPS = [
    ("Mar  2 06:12:00 mail", datetime(1972, 3, 2, 6, 12), 2),
    ("Mar 02 06:12:00 mail", datetime(1972, 3, 2, 6, 12), 2),
    ("Mar 2 06:12:00 mail", datetime(1972, 3, 2, 6, 12), 2),
    ("Feb 29 06:12:00 mail", datetime(1972, 2, 29, 6, 12), 2),
    ("Mar  2 06:12:60 mail", datetime(1972, 3, 2, 6, 12, 59), 2),
    ("Mar  2 06:12:00.25 mail", datetime(1972, 3, 2, 6, 12, 0, 250000), 2),
    ("Mar  2 2026 06:12:00 mail", datetime(2026, 3, 2, 6, 12), 1),
    ("2026 Mar  2 06:12:00 mail", datetime(2026, 3, 2, 6, 12), 1),
    ("2026-03-02T06:12:00 mail", datetime(2026, 3, 2, 6, 12), 1),
    ("2026-03-02 06:12:00 mail", datetime(2026, 3, 2, 6, 12), 1),
    ("2026-03-02T06:12:00Z mail", datetime(2026, 3, 2, 6, 12), 0),
    ("2026-03-02T06:12:00.5+01:00 mail", datetime(2026, 3, 2, 5, 12, 0, 500000), 0),
    ("2026-03-02T06:12:00.123456789-0330 mail", datetime(2026, 3, 2, 9, 42, 0, 123456), 0),
    ("2026-03-02 06:12:00 +0100 mail", datetime(2026, 3, 2, 5, 12), 0),
    ("2026-12-31T23:59:60Z mail", datetime(2026, 12, 31, 23, 59, 59), 0),
    ("Mon 2026-03-02 06:12:00 UTC mail", datetime(2026, 3, 2, 6, 12), 0),
    ("Mon 2026-03-02 06:12:00 CET mail", datetime(2026, 3, 2, 6, 12), 1),
    ("<22>Mar  2 06:12:00 mail", datetime(1972, 3, 2, 6, 12), 2),
    ("mail-1  | Mar  2 06:12:00 mail", datetime(1972, 3, 2, 6, 12), 2),
    ("mail-1  | 2026-03-02T06:12:00.5Z Mar  2 06:12:00 mail", datetime(2026, 3, 2, 6, 12, 0, 500000), 0),
    ("2026-03-02T06:12:00.5Z stdout F Mar  2 06:12:00 mail", datetime(2026, 3, 2, 6, 12, 0, 500000), 0),
    ("Mar  2 06:12:00 <mail.info> mail", datetime(1972, 3, 2, 6, 12), 2),
    ("Mar  2 06:12:00 mail mail.info", datetime(1972, 3, 2, 6, 12), 2),
]


@pytest.mark.parametrize(("header", "ts", "stamp"), STAMPS)
def test_stamp(header: str, ts: datetime, stamp: int) -> None:
    """A stamp is UTC where its zone is known, else the wall clock; without a year it stands in the leap year 1972."""
    found = row(f"{header} postfix/smtpd[77]: {TEXT}")
    assert (found["ts"], found["stamp"]) == (ts, stamp)
    assert (found["host"], found["daemon"], found["pid"], found["event"]) == ("mail", "smtpd", 77, "connect")


@pytest.mark.parametrize("stamp", ["Feb 30 06:12:00", "Mar  2 26:12:00", "2026-13-02T06:12:00Z", "Μαρ  2 06:12:00"])
def test_unreadable_stamp_is_null(stamp: str) -> None:
    """A stamp that names no moment, or a month in another language, is null; the rest of the line is read."""
    found = row(f"{stamp} mail postfix/smtpd[77]: {TEXT}")
    assert "ts" not in found
    assert "stamp" not in found
    assert found["event"] == "connect"


TAGS = [
    ("postfix/smtpd[77]", "postfix", None, "smtpd", 77),
    ("postfix/smtpd", "postfix", None, "smtpd", None),
    ("postfix-out/smtpd[77]", "postfix-out", None, "smtpd", 77),
    ("postfix/submission/smtpd[77]", "postfix", "submission", "smtpd", 77),
    ("mx/a/b/smtpd[77]", "mx", "a/b", "smtpd", 77),
    ("postfix/smtpd[99999999999]", "postfix", None, "smtpd", None),
    ("front[77]", "postfix-in", "front", "smtpd", 77),
]


@pytest.mark.parametrize(("tag", "instance", "service", "daemon", "pid"), TAGS)
def test_tag(tag: str, instance: str, service: str | None, daemon: str, pid: int | None) -> None:
    """Instance is the first part of the tag, daemon the last, service what is between; a site can map its own tags."""
    own = {"front": Tag("postfix-in", "front", "smtpd")}
    (found,) = rows(f"Mar  2 06:12:00 mail {tag}: {TEXT}".encode(), tags=own)
    named = tuple(found.get(name) for name in ("instance", "service", "daemon", "pid"))
    assert named == (instance, service, daemon, pid)
    assert found["event"] == "connect"


def test_rfc5424() -> None:
    """RFC 5424 has tag and process id as words of their own."""
    found = row(f"<22>1 2026-03-02T06:12:00Z mail postfix/smtpd 77 - - {TEXT}")
    assert (found["ts"], found["daemon"], found["pid"]) == (datetime(2026, 3, 2, 6, 12), "smtpd", 77)
    assert found["event"] == "connect"


def test_docker_json_file() -> None:
    """The JSON wrapper of Docker's log files holds the line as a string."""
    line = f"Mar  2 06:12:00 mail postfix/smtpd[77]: {TEXT}"
    found = row('{"log":"' + line + '\\n","stream":"stdout","time":"2026-03-02T06:12:00Z"}')
    assert (found["ts"], found["event"]) == (datetime(1972, 3, 2, 6, 12), "connect")


def test_line_without_host() -> None:
    """A tag right after the stamp is a tag, not a host."""
    found = row("Mar  2 06:12:00 postfix/smtpd[77]: warning: x")
    assert "host" not in found
    assert (found["instance"], found["daemon"], found["kind"]) == ("postfix", "smtpd", "warning")


def test_solaris_message_id() -> None:
    """Solaris writes ``[ID n facility.level]`` before the text."""
    found = row(f"Mar  2 06:12:00 mail postfix/smtpd[77]: [ID 197553 mail.info] {TEXT}")
    assert (found["table"], found["event"]) == ("connections", "connect")
