"""What else log and configuration show: old names, hidden services, settings beside the lists, what never fired."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from logtune.analyses.tuning import Seen, Sessions
from logtune.postconf.read import read
from logtune.results import Level
from logtune.tune.also_seen import also_seen
from logtune.tune.model import Action
from logtune.tune.old_names import old_names
from tests.tune.made import FILTER, INVALID, NON_FQDN, configuration, enforce, plan, values

# As a howto of 2008 has it, on Postfix 2.5.
OLD_MAIN = """\
myhostname = mail.example.test
mynetworks = 127.0.0.0/8
smtpd_helo_required = yes
disable_vrfy_command = yes
maps_rbl_domains = dnsbl.example
smtpd_recipient_restrictions =
    permit_mynetworks,
    permit_naked_ip_address,
    warn_if_reject reject_invalid_hostname,
    warn_if_reject reject_unknown_hostname,
    reject_non_fqdn_hostname,
    reject_unauth_destination,
    reject_maps_rbl
"""
OLD_MASTER = "smtp      inet  n       -       -       -       -       smtpd\n"
QUIET = Seen([], Sessions(100, 0, 0, 0, 0, 0), frozenset())


def titles(main: str, tmp_path: Path, seen: Seen = QUIET, master: str = OLD_MASTER) -> list[tuple[Level, str]]:
    made = plan(configuration(tmp_path, main, master), [])
    return [(f.level, f.title) for f in also_seen(made, seen)]


@pytest.fixture
def old(tmp_path: Path) -> str:
    (tmp_path / "main.cf").write_text(OLD_MAIN)
    (tmp_path / "master.cf").write_text(OLD_MASTER)
    return str(tmp_path)


def test_a_configuration_of_2008(old: str) -> None:
    """Each old name is said by its present one, and those that Postfix 3.9 answers 451 to come first."""
    found = [(n.name, n.instead if n.removed_in else n.today, n.removed_in) for n in old_names(read(old))]
    assert found == [
        ("permit_naked_ip_address", "nothing: list such clients in a check_client_access table, or use permit_mynetworks", "3.9"),
        ("reject_maps_rbl", "reject_rbl_client, once per domain of maps_rbl_domains", "3.9"),
        ("reject_invalid_hostname", "reject_invalid_helo_hostname", None),
        ("reject_non_fqdn_hostname", "reject_non_fqdn_helo_hostname", None),
        ("reject_unknown_hostname", "reject_unknown_helo_hostname", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("version", "level"), [("3.8.6", Level.LOOK), ("3.9.0", Level.ACT), ("3.10.2", Level.ACT), (None, Level.LOOK)])  # fmt: skip
def test_what_breaks_here_and_now(old: str, version: str | None, level: Level) -> None:
    """A removed name is urgent on a Postfix that has removed it."""
    made = replace(plan(read(old), []), configuration=replace(read(old), version=version))
    found = {f.title: f for f in also_seen(made, QUIET)}
    finding = found["reject_maps_rbl was removed in Postfix 3.9"]
    assert finding.level is level
    assert "451" in finding.detail


def test_an_old_configuration_is_planned(old: str) -> None:
    """The recipient list of an old configuration protects relaying: it is tightened in place, names as they are."""
    made = plan(read(old), [enforce(INVALID)])
    assert [(d.candidate.name, d.action) for d in made.decisions] == [
        (INVALID, Action.ENFORCE),
        ("reject_unknown_helo_hostname", Action.KEEP),
    ]
    assert values(made) == {
        "smtpd_recipient_restrictions": "permit_mynetworks, permit_naked_ip_address, reject_invalid_hostname,"
        " warn_if_reject reject_unknown_hostname, reject_non_fqdn_hostname, reject_unauth_destination, reject_maps_rbl"
    }


def test_relay_protection_on_trial(tmp_path: Path) -> None:
    """warn_if_reject before reject_unauth_destination makes an open relay: nothing is more urgent."""
    main = "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = warn_if_reject reject_unauth_destination\n"
    assert titles(main, tmp_path)[0] == (
        Level.ACT,
        "smtp relays for anybody: no enforced restriction keeps strangers from relaying",
    )


def test_services_that_hide_in_the_log(tmp_path: Path) -> None:
    """Services with one tag cannot be told apart."""
    master = FILTER.replace("  -o syslog_name=postfix/reinject\n", "")
    assert (
        Level.LOOK,
        "smtp, 127.0.0.1:10025 log under one tag, postfix/smtpd: their mail cannot be told apart",
    ) in titles("", tmp_path, master=master)
    assert not any("one tag" in title for _, title in titles("", tmp_path, master=FILTER))


@pytest.mark.parametrize(
    ("main", "sessions", "finding"),
    [
        ("", Sessions(100, 3, 0, 0, 0, 0), (Level.WELL, "smtpd_helo_required = no: 3 sessions sent MAIL without HELO, 0 recipients of them accepted; yes would stop no mail")),
        ("", Sessions(100, 3, 2, 0, 0, 0), (Level.LOOK, "smtpd_helo_required = no: 3 sessions sent MAIL without HELO, 2 recipients of them accepted")),
        ("", Sessions(0, 0, 0, 0, 0, 0), (Level.UNKNOWN, "smtpd_helo_required: the log has no command counters (Postfix 3.0 writes them)")),
        ("", Sessions(100, 0, 0, 37, 30, 2), (Level.LOOK, "disable_vrfy_command = no: 37 VRFY of 2 clients, 30 answered")),
        ("disable_vrfy_command = yes\n", Sessions(100, 0, 0, 37, 0, 2), (Level.WELL, "disable_vrfy_command = yes: 37 VRFY of 2 clients, 0 answered")),
        ("smtpd_delay_reject = no\n", QUIET.sessions, (Level.LOOK, "smtpd_delay_reject = no at smtp")),
    ],
)  # fmt: skip
def test_settings(main: str, sessions: Sessions, finding: tuple[Level, str], tmp_path: Path) -> None:
    """What the log shows on a setting is counted."""
    assert finding in titles(main, tmp_path, replace(QUIET, sessions=sessions))


def test_what_never_fired(tmp_path: Path) -> None:
    """A restriction that no line names, in the services that have it; one that fired by a free text is none."""
    main = f"smtpd_helo_restrictions = permit_mynetworks, {NON_FQDN}, check_helo_access hash:/etc/postfix/helo, {INVALID}\n"
    fired = frozenset({(None, INVALID), (None, "check_helo_access"), ("submission", NON_FQDN)})
    never = [title for _, title in titles(main, tmp_path, replace(QUIET, fired=fired)) if "never fired" in title]
    assert never == [f"{NON_FQDN} in smtpd_helo_restrictions never fired"]
