"""What a list would do, computed from real logs, against what trials and enforcing Postfixes said of the same clients."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import logtune
from logtune.analyses.what_if import HELO_LINE, WhatIf
from logtune.results import Lines, Verdict

SAMPLES = Path(__file__).parents[2] / "sample_logs"
INVALID, NON_FQDN, UNKNOWN = (f"reject_{n}_helo_hostname" for n in ("invalid", "non_fqdn", "unknown"))
CLIENT, REVERSE = "reject_unknown_client_hostname", "reject_unknown_reverse_client_hostname"
ALL = f"{INVALID}, {NON_FQDN}, {UNKNOWN}, {CLIENT}, {REVERSE}"


@cache
def read(name: str) -> logtune.MailLog:
    return logtune.read(SAMPLES / f"{name}.log", tz="UTC", year=2026, mynetworks=["192.168.10.0/24"])


def what_if(words: str, name: str = "helo_trial") -> WhatIf:
    found: WhatIf = read(name)._what_if(words)
    return found


def ids(name: str, sql: str, *values: Any) -> set[int]:
    return {row[0] for row in read(name).tables.con.execute(sql, list(values)).fetchall()}


@pytest.mark.parametrize("restriction", [INVALID, NON_FQDN])
def test_what_syntax_decides_is_what_the_trial_flagged(restriction: str) -> None:
    """A HELO restriction that syntax decides flags exactly the recipients that its real trial flagged.

    The trial's ``invalid ip address`` does not name its restriction; here it belongs to both.
    """
    what_if(f"warn_if_reject {restriction}")
    computed = ids("helo_trial", "SELECT id FROM what_if_flags")
    tried = ids(
        "helo_trial",
        "SELECT id FROM flags WHERE restriction = ? OR text = 'Helo command rejected: invalid ip address'",
        restriction,
    )
    assert computed == tried
    assert len(computed) > 100


def test_what_dns_decides_is_left_open() -> None:
    """Of reject_unknown_helo_hostname only what needs no DNS is computed; all of it was flagged, the rest is open."""
    found = what_if(UNKNOWN)
    (step,) = found.steps
    (tried,) = found.on_trial
    assert (step["rejects"], step["open"], step["permits"]) == (
        201,
        985,
        0,
    )  # three greet by a literal address: they pass
    assert (tried["tried"], tried["computed"], tried["both"], tried["unnamed"]) == (633, 201, 185, 16)


@pytest.mark.parametrize("restriction", [CLIENT, REVERSE])
def test_client_names_agree_with_an_enforcing_postfix(restriction: str) -> None:
    """For every client the computed answer is that of a Postfix that enforced the restriction (oracle.tsv)."""
    with (SAMPLES / "oracle.tsv").open() as file:
        reply = "reply of a Postfix that enforces only this restriction"
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["restriction"] == restriction]
        truth = {row["client"]: not row[reply].startswith("2") for row in rows}
    what_if(restriction)
    flagged = ids("helo_trial", "SELECT id FROM what_if_flags")
    rows = read("helo_trial").tables.con.execute("SELECT client_addr, id FROM what_if_recipients").fetchall()
    computed = {(addr, number in flagged) for addr, number in rows}
    assert computed == {(addr, truth[addr]) for addr, _ in rows}
    assert {answer for _, answer in computed} == {True, False}


def test_counts_add_up() -> None:
    """Every recipient is stopped, passes, or is left open, of all and of the accepted ones."""
    counts = what_if(f"permit_sasl_authenticated, {ALL}").counts
    assert counts["recipients"] == counts["stopped"] + counts["passes"] + counts["open"] == 1189
    assert counts["accepted"] == counts["accepted_stopped"] + counts["accepted_passes"] + counts["accepted_open"] == 696


def test_permits_spare_and_end_the_list() -> None:
    """Own networks and logged-in users pass once they are permitted first; then nobody authorized is stopped."""
    bare = what_if(NON_FQDN)
    spared = what_if(f"permit_mynetworks, permit_sasl_authenticated, {NON_FQDN}")
    assert sum(r.counts["authorized"] for r in bare.trial.restrictions) > 30
    assert sum(r.counts["authorized"] for r in spared.trial.restrictions) == 0
    assert [(s["name"], s["permits"] > 0) for s in spared.steps] == [
        ("permit_mynetworks", True),
        ("permit_sasl_authenticated", True),
        (NON_FQDN, False),
    ]


def test_the_first_gives_the_reply() -> None:
    """Of two that reject a recipient the first in the list gives the reply, in either order."""
    replies = [
        {s["name"]: (s["rejects"], s["replies"]) for s in what_if(words).steps}
        for words in (f"{INVALID}, {NON_FQDN}", f"{NON_FQDN}, {INVALID}")
    ]
    assert replies == [{INVALID: (142, 142), NON_FQDN: (463, 321)}, {NON_FQDN: (463, 463), INVALID: (142, 0)}]


def test_an_access_table(tmp_path: Path) -> None:
    """A table's OK spares, its REJECT stops with its own text, and the counts follow."""
    table = tmp_path / "helo"
    table.write_text("frasier OK\nlocalhost REJECT not you\nexample.org 450 later\n")
    found = what_if(f"check_helo_access texthash:{table}, {NON_FQDN}")
    by_helo = read("helo_trial").tables.con.execute(
        "SELECT r.helo, f.reply_code, f.text, count(*) FROM what_if_flags f JOIN what_if_recipients r USING (id)"
        " WHERE f.restriction LIKE 'check_helo_access%' GROUP BY ALL ORDER BY 1"
    )
    assert [row[:3] for row in by_helo.fetchall()] == [
        ("localhost", 554, "Helo command rejected: not you"),
        ("mail.example.org", 450, "Helo command rejected: later"),
    ]
    frasier = ids("helo_trial", "SELECT id FROM what_if_recipients WHERE helo = 'frasier'")
    assert frasier
    assert not frasier & ids("helo_trial", "SELECT id FROM what_if_flags")
    assert found.steps[0]["permits"] == len(frasier)


def test_a_computation_never_says_enforce() -> None:
    """At best it is to be tried; with mail of unknown HELO its harmlessness is not known; harm is harm."""
    verdicts = {r.name: r.ruling.verdict for r in what_if(ALL).trial.restrictions}
    assert {verdicts[name] for name in (INVALID, NON_FQDN, UNKNOWN)} <= {Verdict.NO, Verdict.LITTLE}
    assert {verdicts[name] for name in (CLIENT, REVERSE)} <= {Verdict.NO, Verdict.KEEP, Verdict.LITTLE}
    assert all("not tried" in r.ruling.reasons[0] for r in what_if(ALL).trial.restrictions)


def test_without_any_trial() -> None:
    """A log without any warning can be asked too, and says which line would log the HELO of accepted mail."""
    report = read("truth/enforced").what_if(NON_FQDN)
    assert report.headline == "Of 2 accepted recipients the list would stop 0; of 2 the log does not tell."
    assert [i.lines for s in report.sections for i in s.items if isinstance(i, Lines)] == [[HELO_LINE]]
    assert read("truth/enforced").what_if_json(NON_FQDN)["what_if"]["log_the_helo"] == HELO_LINE


# What Postfix 3.7.11 wrote with HELO_LINE in main.cf: a mail to two recipients, and one sent by BDAT.
LOGGED = """\
Nov 23 02:14:54 lab postfix/smtpd[12815]: connect from mail.example.com[192.0.2.7]
Nov 23 02:14:54 lab postfix/smtpd[12815]: 438C8A3A71D: client=mail.example.com[192.0.2.7]
Nov 23 02:14:54 lab postfix/smtpd[12815]: 438C8A3A71D: info: DATA from mail.example.com[192.0.2.7]: ; from=<a@example.com> proto=ESMTP helo=<frasier>
Nov 23 02:14:54 lab postfix/cleanup[12817]: 438C8A3A71D: message-id=<>
Nov 23 02:14:54 lab postfix/qmgr[12771]: 438C8A3A71D: from=<a@example.com>, size=287, nrcpt=2 (queue active)
Nov 23 02:14:54 lab postfix/smtpd[12815]: 43D84A3A71E: client=mail.example.com[192.0.2.7]
Nov 23 02:14:54 lab postfix/smtpd[12815]: 43D84A3A71E: info: BDAT from mail.example.com[192.0.2.7]: ; from=<b@example.com> to=<x@lab.example> proto=ESMTP helo=<frasier>
Nov 23 02:14:54 lab postfix/qmgr[12771]: 43D84A3A71E: from=<b@example.com>, size=298, nrcpt=1 (queue active)
Nov 23 02:14:54 lab postfix/smtpd[12815]: disconnect from mail.example.com[192.0.2.7] ehlo=1 mail=2 rcpt=3 data=1 bdat=1 quit=1 commands=9
"""


def test_the_line_makes_the_helo_known(tmp_path: Path) -> None:
    """With that line in main.cf the HELO of accepted mail is known for every recipient, at DATA and at BDAT."""
    path = tmp_path / "mail.log"
    path.write_text(LOGGED)
    found: WhatIf = logtune.read(path, tz="UTC", year=2026)._what_if(NON_FQDN)
    assert (found.counts["accepted"], found.counts["accepted_stopped"], found.counts["open"]) == (3, 3, 0)


def test_notes_say_what_was_taken_for_granted() -> None:
    """permit_mynetworks without declared networks is said to mean loopback only."""
    log = logtune.read(SAMPLES / "truth/enforced.log", tz="UTC", year=2026)
    (note,) = log._what_if(f"permit_mynetworks, {NON_FQDN}").notes
    assert note == "No networks are declared (--mynetworks): permit_mynetworks lets loopback in, and nobody else."


def test_the_log_itself_is_not_changed() -> None:
    """A computation leaves the relations and the real trial of a log as they were."""
    log = read("helo_trial")
    before = log.trial_json()
    what_if(ALL)
    assert log.trial_json() == before
    assert ids("helo_trial", "SELECT count(*) FROM flags") == ids("helo_trial", "SELECT count(*) FROM flags")
