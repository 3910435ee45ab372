"""What is carried from run to run is what later lines may belong to, however much was read."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks.nightly import days
from logtune.config import Config
from logtune.store import carried, catalogue
from logtune.store.ingest import ingest

UTC = ZoneInfo("UTC")
STAMP = "2026-03-02T10:{:02}:{:02}+00:00 mx postfix/"


def kept(store: Path) -> dict[str, set[int]]:
    """Offsets of the lines that are carried, by table."""
    with catalogue.reading(str(store)) as opened:
        tables = carried.load(str(store), opened.meta("carried"))
    return {name: set(table["position"].to_pylist()) for name, table in tables.items()}


def lines_kept(text: str, folder: Path) -> list[str]:
    """The lines of *text* that are carried, in order, without their stamps."""
    log = folder / "mail.log"
    log.write_text(text)
    ingest([str(log)], str(folder / "store"), UTC, Config())
    positions = set().union(*kept(folder / "store").values())
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        if at in positions:
            found.append(line.split("postfix/")[1].rstrip())
        at += len(line)
    return found


def log_of(*lines: str) -> str:
    """Lines of one second each, and one of another mail behind them that alone is recent."""
    last = "qmgr[9]: 7FFFFFFFFF: removed"
    return "".join(f"{STAMP.format(n // 60, n % 60)}{line}\n" for n, line in enumerate([*lines, last]))


SESSION = (
    "smtpd[7]: connect from mail.example.com[192.0.2.1]",
    "smtpd[7]: 4F2A91C0E: client=mail.example.com[192.0.2.1]",
)
TAKEN = "cleanup[8]: 4F2A91C0E: message-id=<1@example.com>"
ACTIVE = "qmgr[9]: 4F2A91C0E: from=<anna@example.com>, size=900, nrcpt=1 (queue active)"
END = "smtpd[7]: disconnect from mail.example.com[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"
PUT_OFF = (
    "smtp[6]: 4F2A91C0E: to=<bert@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1,"
    " status=deferred (connect to mx.example.org[198.51.100.7]:25: Connection timed out)"
)
HOLD = (
    "cleanup[8]: 4F2A91C0E: hold: header Subject: a from mail.example.com[192.0.2.1];"
    " from=<anna@example.com> to=<bert@example.org> proto=ESMTP helo=<mail.example.com>"
)
REJECT = (
    "cleanup[8]: 4F2A91C0E: milter-reject: END-OF-MESSAGE from mail.example.com[192.0.2.1]: 5.7.1 Spam;"
    " from=<anna@example.com> to=<bert@example.org> proto=ESMTP helo=<mail.example.com>"
)
NOT_ALL = (
    "smtpd[7]: 4F2A91C0E: reject: RCPT from mail.example.com[192.0.2.1]: 550 5.1.1 <c@example.org>: Recipient address"
    " rejected: User unknown; from=<anna@example.com> to=<c@example.org> proto=ESMTP helo=<mail.example.com>"
)
LAST = "qmgr[9]: 7FFFFFFFFF: removed"


@pytest.mark.parametrize(
    ("lines", "carried_on"),
    [
        ((*SESSION, TAKEN, ACTIVE, END), True),
        ((*SESSION, TAKEN, END), True),
        ((*SESSION, TAKEN, ACTIVE, END, PUT_OFF), True),
        ((*SESSION, NOT_ALL, TAKEN, ACTIVE, END), True),
        ((*SESSION, TAKEN, HOLD, END), True),
        (SESSION, True),
        ((*SESSION, TAKEN, REJECT), True),
        ((*SESSION, TAKEN, REJECT, END), False),
        ((*SESSION, END), False),
        ((*SESSION, TAKEN, ACTIVE, END, "qmgr[9]: 4F2A91C0E: removed"), False),
    ],
    ids=["active", "taken", "put off", "one recipient rejected", "held", "open session", "open session, content rejected",
         "content rejected", "client went away", "removed"],
)  # fmt: skip
def test_what_has_ended_is_let_go(
    lines: tuple[str, ...], carried_on: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mails in the queue and open sessions are carried with all their lines; what has ended is not."""
    monkeypatch.setattr("logtune.store.carried.RECENT", 1)
    assert lines_kept(log_of(*lines), tmp_path) == [*(lines if carried_on else ()), LAST]


@pytest.mark.parametrize(
    ("line", "most"), [(SESSION[0], 2), (ACTIVE, 10), (HOLD, 100)], ids=["session", "mail", "held mail"]
)
def test_what_lost_its_end_is_let_go_in_time(
    line: str, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions, mails and held mails of which nothing was heard for so many days have ended without a line."""
    monkeypatch.setattr("logtune.store.carried.RECENT", 1)
    for name, hours, expected in (("before", -1, [line, LAST]), ("after", 1, [LAST])):
        (tmp_path / name).mkdir()
        later = days_later(most, hours)
        text = f"2026-03-02T10:00:00+00:00 mx postfix/{line}\n{later} mx postfix/{LAST}\n"
        assert lines_kept(text, tmp_path / name) == expected, name


def days_later(days: int, hours: int) -> str:
    """So much after the first line, as a stamp."""
    import datetime as dt

    return (dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC) + dt.timedelta(days=days, hours=hours)).isoformat()


def test_the_state_does_not_grow_with_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a week as much is carried as after a day, of a log in which every kind of mail and session ends."""
    monkeypatch.setattr("logtune.store.carried.RECENT", 100)
    sizes = []
    for (_, text), _ in zip(days(3_000, seed=3), range(7), strict=False):
        log = tmp_path / "mail.log"
        log.write_bytes(text)
        ingest([str(log)], str(tmp_path / "store"), UTC, Config())
        sizes.append(sum(len(rows) for rows in kept(tmp_path / "store").values()))
    assert max(sizes) < 2 * min(sizes)
