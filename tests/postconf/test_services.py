"""What each smtpd service makes of a configuration: its lists with what is on trial, its name in the log, its networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from logtune.postconf.errors import PostconfError
from logtune.postconf.read import read, read_directory
from logtune.postconf.restriction_lists import Place
from logtune.postconf.services import Configuration

MAIN = """\
compatibility_level = 3.6
mynetworks = 127.0.0.0/8 [::1]/128, 192.0.2.0/28
content_filter = smtp:[127.0.0.1]:10024
smtpd_helo_restrictions = permit_mynetworks $my_helo, check_helo_access
    hash:$config_directory/helo
my_helo = warn_if_reject reject_invalid_hostname, REJECT_RBL_CLIENT dnsbl.example
smtpd_restriction_classes = strict
strict = warn_if_reject reject_unknown_sender_domain
smtpd_recipient_restrictions = ${soft_bounce?{warn_if_reject}} reject_non_fqdn_recipient,
    check_policy_service { inet:127.0.0.1:10023, timeout=10s }, hash:/etc/postfix/recipients
"""
MASTER = """\
smtp       inet n - y - - smtpd
submission inet n - y - - smtpd
  -o syslog_name=postfix/$service_name
  -o smtpd_helo_restrictions=$my_helo
  -o smtpd_delay_reject=no
127.0.0.1:10025 inet n - y - - smtpd -o content_filter=
relay      unix - - y - - smtp
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    (tmp_path / "main.cf").write_text(MAIN)
    (tmp_path / "master.cf").write_text(MASTER)
    return read_directory(str(tmp_path))


def test_lists_follow_references(configuration: Configuration) -> None:
    """Elements have warn_if_reject, arguments, present names, and the place where they are written."""
    service = configuration.service("smtp/inet")
    found = service.restrictions("smtpd_helo_restrictions")
    assert [(e.warn, e.known, e.arguments, e.place, e.number) for e in found] == [
        (False, "permit_mynetworks", (), Place("smtpd_helo_restrictions"), 0),
        (True, "reject_invalid_helo_hostname", (), Place("my_helo"), 0),
        (False, "reject_rbl_client", ("dnsbl.example",), Place("my_helo"), 2),
        (False, "check_helo_access", ("hash:/etc/postfix/helo",), Place("smtpd_helo_restrictions"), 2),
    ]
    assert found[3].raw == "check_helo_access hash:$config_directory/helo"


def test_braces_tables_and_conditions(configuration: Configuration) -> None:
    """A condition is computed and so is written nowhere; braces are one argument; a bare table is an element."""
    found = configuration.service("smtp/inet").restrictions("smtpd_recipient_restrictions")
    assert [(e.warn, e.text, e.place is None) for e in found] == [
        (True, "reject_non_fqdn_recipient", True),
        (False, "check_policy_service { inet:127.0.0.1:10023, timeout=10s }", False),
        (False, "hash:/etc/postfix/recipients", False),
    ]


def test_services(configuration: Configuration) -> None:
    """A service's own parameters go first, names in the log follow syslog_name, a filter's listener is recognised."""
    found = [
        (s.key, s.instance, s.log_name, s.reinjection, s.yes("smtpd_delay_reject")) for s in configuration.services
    ]
    assert found == [
        ("smtp/inet", "postfix", None, False, True),
        ("submission/inet", "postfix", "submission", False, False),
        ("127.0.0.1:10025/inet", "postfix", None, True, True),
    ]
    own = configuration.service("submission/inet").restrictions("smtpd_helo_restrictions")
    assert [e.place for e in own] == [Place("my_helo"), Place("my_helo")]


def test_classes_are_lists(configuration: Configuration) -> None:
    """A restriction class is a list of its own."""
    service = configuration.service("smtp/inet")
    assert service.classes == ("strict",)
    assert [(e.warn, e.name) for e in service.restrictions("strict")] == [(True, "reject_unknown_sender_domain")]


@pytest.mark.parametrize(
    ("value", "networks"),
    [
        ("127.0.0.0/8 [::1]/128", ("127.0.0.0/8", "::1/128")),
        ("192.0.2.7", ("192.0.2.7/32",)),
        ("!192.0.2.7, 192.0.2.0/24", None),
        ("hash:/etc/postfix/networks", None),
    ],
)
def test_mynetworks(tmp_path: Path, value: str, networks: tuple[str, ...] | None) -> None:
    """Networks are known where they are plain ones; tables and exclusions make them unknown."""
    (tmp_path / "main.cf").write_text(f"mynetworks = {value}\n")
    (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    assert read_directory(str(tmp_path)).services[0].mynetworks == networks


def test_old_configurations_have_no_relay_list(tmp_path: Path) -> None:
    """Without a compatibility level the recipient list alone protects; with one there is a relay list by default."""
    (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    names = {}
    for level in ("", "compatibility_level = 3.6\n"):
        (tmp_path / "main.cf").write_text(level or "# nothing\nbiff = no\n")
        service = read_directory(str(tmp_path)).services[0]
        names[level] = [e.name for e in service.restrictions("smtpd_relay_restrictions")]
    assert list(names.values()) == [[], ["permit_mynetworks", "permit_sasl_authenticated", "defer_unauth_destination"]]


@pytest.mark.parametrize("value", ["$a", "${a", "$b $b $b $b"])
def test_lists_that_never_end(tmp_path: Path, value: str) -> None:
    """Circles, open brackets and bombs in a list are errors that name the list and the service."""
    bomb = "".join(f"b{'b' * n} = {' '.join([f'$b{chr(98) * (n + 1)}'] * 8)}\n" for n in range(12))
    (tmp_path / "main.cf").write_text(f"a = $c\nc = $a\n{bomb}smtpd_helo_restrictions = {value}\n")
    (tmp_path / "master.cf").write_text("smtp inet n - y - - smtpd\n")
    service = read_directory(str(tmp_path)).services[0]
    if value == "$b $b $b $b":
        (tmp_path / "main.cf").write_text((tmp_path / "main.cf").read_text() + "b" * 13 + " = x y z\n")
        service = read_directory(str(tmp_path)).services[0]
    with pytest.raises(PostconfError, match="smtpd_helo_restrictions of smtp/inet"):
        service.restrictions("smtpd_helo_restrictions")


def test_outputs_say_the_same(tmp_path: Path) -> None:
    """Saved output of postconf -n and -M, and of -n, -P and -F, gives the lists that the files give."""
    n = "mynetworks = 127.0.0.0/8\nsmtpd_helo_restrictions = warn_if_reject reject_invalid_helo_hostname\n"
    m = "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd -o syslog_name=postfix/submission\n"
    p = "submission/inet/syslog_name = postfix/submission\n"
    f = "smtp/inet/service = smtp\nsmtp/inet/command = smtpd\nsubmission/inet/command = smtpd -o x=y\n"
    (tmp_path / "one").write_text(n + m)
    for name, text in (("n", n), ("p", p), ("f", f)):
        (tmp_path / name).write_text(text)
    ways = [["one"], ["n", "p", "f"]]
    found = [read(None, [str(tmp_path / name) for name in way]) for way in ways]
    for configuration in found:
        assert sorted((s.key, s.log_name) for s in configuration.services) == [
            ("smtp/inet", None),
            ("submission/inet", "submission"),
        ]
        assert all(len(s.restrictions("smtpd_helo_restrictions")) == 1 for s in configuration.services)


def test_outputs_without_services(tmp_path: Path) -> None:
    """``postconf -n`` alone is taken for one smtpd, and the note says what is missing."""
    (tmp_path / "n").write_text("mail_version = 3.8.6\nmyhostname = mail.example.test\n")
    found = read(None, [str(tmp_path / "n")])
    assert [s.key for s in found.services] == ["smtp/inet"]
    assert found.version == "3.8.6"
    assert len(found.notes) == 1


@pytest.mark.parametrize("text", ["", "Mar  2 08:00:00 mail postfix/smtpd[1]: connect from unknown[192.0.2.1]\n"])
def test_outputs_that_are_none(tmp_path: Path, text: str) -> None:
    """An empty file or a log is no output of postconf."""
    (tmp_path / "n").write_text(text)
    with pytest.raises(PostconfError) as error:
        read(None, [str(tmp_path / "n")])
    assert error.value.advice


def test_no_postfix_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a directory, saved output or a Postfix on this system the error says how to go on."""
    monkeypatch.setattr("logtune.postconf.read.SBIN", "/nonexistent")
    with pytest.raises(PostconfError, match="found no postconf on this machine") as error:
        read()
    assert any("--postconf" in line for line in error.value.advice)
