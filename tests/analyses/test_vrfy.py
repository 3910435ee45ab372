"""VRFY: asked, answered, refused with a line and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from logtune.analyses.networks import is_own
from logtune.analyses.vrfy import vrfy, vrfy_findings
from logtune.api import MailLog, read
from logtune.results import Note, Table
from tests.lines import log_of

SAMPLES = Path(__file__).parents[2] / "sample_logs"
CLIENT = "mail.example.com[192.0.2.1]"
REJECT = f"smtpd[7]: NOQUEUE: reject: VRFY from {CLIENT}: 550 5.1.1 <x@example.org>: Recipient address rejected: User unknown; to=<x@example.org> proto=ESMTP helo=<a>\n"  # fmt: skip


def session(counters: str, between: str = "") -> str:
    return f"smtpd[7]: connect from {CLIENT}\n{between}smtpd[7]: disconnect from {CLIENT} {counters}\n"


def table(log: MailLog) -> Table:
    return next(item for item in vrfy(log.tables, log.options).items if isinstance(item, Table))


def test_real_postfix() -> None:
    """Each client asked twice: one address exists, the other is rejected with a line (sample_logs/lab/cases/commands.py)."""
    log = read(SAMPLES / "truth" / "vrfy_etrn.log", year=2026, tz="UTC")
    assert {row[0]: row[3:8] for row in table(log).rows} == {
        "203.0.113.60": (1, 2, 1, 1, 0),
        "203.0.113.10": (1, 2, 1, 1, 0),
    }
    assert vrfy_findings(log.tables, log.options) == []


def test_switched_off() -> None:
    """With disable_vrfy_command no line tells of it: only smtpd's counters do."""
    log = log_of(session("ehlo=1 vrfy=0/3 quit=1 commands=2/5"))
    assert [row[4:8] for row in table(log).rows] == [(3, 0, 0, 3)]
    assert "as with disable_vrfy_command = yes" in table(log).note


def test_switched_off_in_a_real_postfix() -> None:
    """disable_vrfy_command = yes: three were asked, nothing was logged (sample_logs/lab/cases/commands.py, vrfy_off)."""
    log = read(SAMPLES / "truth" / "vrfy_off.log", year=2026, tz="UTC")
    assert [row[4:8] for row in table(log).rows] == [(3, 0, 0, 3)]


def test_older_logs_have_no_counters() -> None:
    """Without counters the rejected ones are known alone; repeated lines count as often as they happened."""
    repeated = "smtpd[7]: last message repeated 2 times\n".replace("smtpd[7]: ", "")
    log = log_of(session("", REJECT + f"Mar  2 10:00:00 mail {repeated}"))
    assert [row[4:8] for row in table(log).rows] == [(3, 0, 3, 0)]


def test_a_stranger_collects_addresses() -> None:
    """Ten answers, rejects among them, are worth a look, unless the client is of the own networks."""
    lines = session("ehlo=1 vrfy=9/10 quit=1 commands=11/12", REJECT)
    log = log_of(lines)
    (finding,) = vrfy_findings(log.tables, log.options)
    assert finding.title == "VRFY tells strangers which addresses exist"
    assert finding.samples == (f"{CLIENT}: 9 answered, 1 rejected",)
    own = log_of(lines, mynetworks="192.0.2.0/24")
    assert vrfy_findings(own.tables, own.options) == []


def test_nobody_asked() -> None:
    """A log without VRFY says so."""
    log = log_of(session("ehlo=1 quit=1 commands=2"))
    assert vrfy(log.tables, log.options).items == [Note("No client asked with VRFY.")]


@pytest.mark.parametrize(
    ("addr", "own"),
    [("192.0.2.7", True), ("192.0.3.7", False), ("127.0.0.1", True), ("2001:db8::1%eth0", True), ("unknown", False), (None, False)],
)  # fmt: skip
def test_own_addresses(addr: str | None, own: bool) -> None:
    """Own networks and loopback; what is no address is nobody's."""
    assert is_own(addr, ("192.0.2.0/24", "2001:db8::/32")) is own
