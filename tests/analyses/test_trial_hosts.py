"""Verdicts of several hosts: each host's own, by the trial's own queries, and where they differ."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from logtune.analyses.servers_sections import servers
from logtune.analyses.trial import COUNTS, OnHost, Trial
from logtune.analyses.trial_side_by_side import differences, section
from logtune.analyses.views import trial as trial_report
from logtune.api import MailLog, read
from logtune.results import Finding, Level, Table, Verdict
from tests.analyses.site_log import LISTED, NOT_FQDN, Site

DAYS = range(2, 24)
USER = "anna@corbel.example"
NAME = "reject_non_fqdn_helo_hostname"


def background(site: Site, day: int) -> None:
    """Unflagged mail of an organisation that delivers here every day."""
    site.arrives(day, f"mx.o{day % 5}.example[198.51.100.{day % 5 + 1}]", f"x@o{day % 5}.example", warning=None)


def spam_only() -> Site:
    """A host on which the restriction flags listed clients alone, which are rejected anyway."""
    site = Site()
    for day in DAYS:
        background(site, day)
        site.refused(day, "unknown[203.0.113.9]", LISTED)
        _flagged_and_refused(site, day)
    return site


def _flagged_and_refused(site: Site, day: int) -> None:
    number = next(site.numbers)
    client, smtpd = "unknown[203.0.113.9]", f"smtpd[{number}]"
    lines = [
        f"NOQUEUE: {action}: {site._of(text, client, 'x@spam.test', 'info@corbel.example', 'frasier')}"
        for action, text in (("reject_warning", NOT_FQDN), ("reject", LISTED))
    ]
    connect, end = f"{smtpd}: connect from {client}", f"{smtpd}: disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1"
    site._add(day, [connect, *(f"{smtpd}: {line}" for line in lines), end])


def partners(sender: str = "x@p{}.example") -> Site:
    """A host on which it flags four partners that the users write to, one of them for the first time at the end."""
    site = Site()
    for day in DAYS:
        background(site, day)
        partner = 4 if day > 20 else day % 3
        site.arrives(day, f"mx.p{partner}.example[192.0.2.{partner + 1}]", sender.format(partner))
    return site


def outgoing(site: Site) -> Site:
    """The users' mail, by the host of *site*."""
    for day in DAYS:
        for partner in range(5):
            site.sends(day, f"x@p{partner}.example", f"mx.p{partner}.example[192.0.2.{partner + 1}]")
    return site


def untouched() -> Site:
    """A host on which nothing is on trial."""
    site = Site()
    for day in DAYS:
        background(site, day)
    return site


def hosts(**named: Site) -> MailLog:
    """The logs of hosts read together."""


def log_of(**named: Site) -> MailLog:
    """The logs of hosts, each in a file of its own, read together."""
    with TemporaryDirectory() as folder:
        paths = []
        for host, site in named.items():
            paths.append(Path(folder) / f"{host}.log")
            paths[-1].write_text(site.text(host) + "\n", "utf-8")
        return read(*paths, year=2026, tz="UTC", mynetworks="192.168.0.0/24")


def trial_of(log: MailLog) -> Trial:
    return Trial.of(log.tables, log.options)


def only(log: MailLog) -> dict[str, OnHost]:
    """The only restriction on trial, by host."""
    (found,) = trial_of(log).by_host.values()
    return {on.host: on for on in found}


def test_a_host_is_judged_as_if_it_were_alone() -> None:
    """Its verdict, reasons and counts are those of the trial of its log alone, where that has all evidence."""
    mx1, mx2 = spam_only(), outgoing(partners())
    found = only(log_of(mx1=mx1, mx2=mx2))
    assert {host: on.entry.ruling.verdict for host, on in found.items() if on.entry} == {
        "mx1": Verdict.ENFORCE,
        "mx2": Verdict.NO,
    }
    for host, site in (("mx1", mx1), ("mx2", mx2)):
        (alone,), here = trial_of(log_of(**{host: site})).restrictions, found[host].entry
        assert here is not None
        assert (here.ruling, here.counts, here.course, here.confidence) == (
            alone.ruling, alone.counts, alone.course, alone.confidence,
        )  # fmt: skip


def test_evidence_comes_from_all_hosts() -> None:
    """What the users write by another host makes a host's mail wanted; alone, its log could not know."""
    strangers = partners("x@free.example")
    alone = trial_of(log_of(mx2=strangers)).restrictions[0]
    found = only(log_of(mx1=outgoing(spam_only()), mx2=strangers))["mx2"].entry
    assert found is not None
    assert (alone.counts["wanted"], found.counts["wanted"]) == (0, found.counts["accepted"])


def test_hosts_that_differ_are_explained() -> None:
    """Each host's word and reason, and those of all hosts; a host without warnings is said not to try."""
    found = trial_of(log_of(mx1=spam_only(), mx2=outgoing(partners()), mx3=untouched()))
    wanted = "Stops wanted mail of 4 client organisations of 9 that deliver such mail (44 %)."
    assert differences(found) == [
        Finding(
            Level.LOOK,
            f"{NAME}: enforce on mx1, do not enforce on mx2, not on trial on mx3",
            f"All hosts, do not enforce: {wanted} mx1: Of 22 flagged recipients, none is accepted today."
            f" mx2: {wanted} mx3: no warning on this host, nor does it reject there.",
            "logtune trial --host mx1",
        )
    ]


def test_a_host_that_enforces_already() -> None:
    """Real rejects of the same restriction on a host without warnings are told, with their lines."""
    enforcing = untouched()
    for day in DAYS:
        enforcing.refused(day, "unknown[203.0.113.9]", NOT_FQDN)
    found = trial_of(log_of(mx1=spam_only(), mx2=enforcing))
    (finding,) = differences(found)
    assert finding.title == f"{NAME}: enforce on mx1, rejects on mx2"
    assert finding.detail.endswith("mx2: no warning on this host, it rejects there (22 lines).")


def test_too_little_evidence_is_no_contradiction() -> None:
    """A host that has seen too little only says that it cannot tell."""
    little = untouched()
    little.arrives(9, "mx.p1.example[192.0.2.2]", "x@p1.example")
    (finding,) = differences(trial_of(log_of(mx1=spam_only(), mx2=little)))
    assert (finding.level, finding.title) == (Level.UNKNOWN, f"{NAME}: enforce on mx1, too little evidence on mx2")


def test_hosts_that_agree() -> None:
    """The same word on all hosts is no finding; the table has it beside that on all of them."""
    log = log_of(mx1=spam_only(), mx2=spam_only())
    found = trial_of(log)
    assert differences(found) == []
    (table,) = [item for item in section(found)[0].items if isinstance(item, Table)]
    assert [row[2:8] for row in table.rows] == [
        ("all", Verdict.ENFORCE, "enforce", 22, 44, 0),
        ("mx1", Verdict.ENFORCE, "enforce", 22, 22, 0),
        ("mx2", Verdict.ENFORCE, "enforce", 22, 22, 0),
    ]


def test_one_host_is_not_asked() -> None:
    """A log of one host has no section, an empty list in the document, and no table is made for it."""
    log = log_of(mx1=spam_only())
    assert (section(trial_of(log)), log.trial_json()["restrictions"][0]["hosts"]) == ([], [])
    assert "trial_lines" not in [row[0] for row in log.tables.con.execute("SHOW TABLES").fetchall()]


def test_where_it_is_shown() -> None:
    """`trial`, `report` and `sizing` show it of several hosts, the document has all counts."""
    log = log_of(mx1=spam_only(), mx2=outgoing(partners()))
    assert [s.name for s in trial_report(log.tables, log.options, trial_of(log)).sections][:2] == ["trial", "hosts"]
    title = f"{NAME}: enforce on mx1, do not enforce on mx2"
    assert title in [item.title for item in log.report().sections[0].items if isinstance(item, Finding)]
    assert "trial_by_host" in [i.name for i in servers(log.tables, log.options)[0].items if isinstance(i, Table)]
    (entry,) = log.trial_json()["restrictions"]
    assert [(h["host"], h["verdict"], h["accepted"]) for h in entry["hosts"]] == [
        ("mx1", "enforce", 0),
        ("mx2", "do not enforce", 22),
    ]
    assert {name: sum(h[name] for h in entry["hosts"]) for name in ("warning_lines", "flagged", "accepted")} == {
        name: entry[name] for name in ("warning_lines", "flagged", "accepted")
    }
    assert set(entry["hosts"][0]) == {"host", "verdict", "reasons", "days", "rejects", *COUNTS}
