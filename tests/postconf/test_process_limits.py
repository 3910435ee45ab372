"""Process limits and databases of a configuration."""

from __future__ import annotations

from logtune.postconf.main_cf import parse as main_cf
from logtune.postconf.master_cf import parse as master_cf
from logtune.postconf.process_limits import Databases, databases, process_limits
from logtune.postconf.services import Configuration
from logtune.postfix.process_limits import ServiceLimit, is_service

MASTER = """\
smtp inet n - y - 1 postscreen
smtpd pass - - y - 70 smtpd
submission inet n - y - - smtpd -o syslog_name=postfix/submission
127.0.0.1:10025 inet n - y - 0 smtpd -o virtual_alias_maps=mysql:/etc/postfix/alias.cf
relay unix - - y - - smtp -o syslog_name=postfix/$service_name
"""


def configuration(main: str = "") -> Configuration:
    return Configuration(main_cf(main, "main.cf"), master_cf(MASTER), "test")


def test_limits() -> None:
    """maxproc as a number, - as default_process_limit, 0 as none; the tag of the log says which service it is."""
    limits = process_limits(configuration("default_process_limit = 40\n"))
    assert limits == (
        ServiceLimit("smtp/inet", "postscreen", "postfix", None, 1),
        ServiceLimit("smtpd/pass", "smtpd", "postfix", None, 70),
        ServiceLimit("submission/inet", "smtpd", "postfix", "submission", 40),
        ServiceLimit("127.0.0.1:10025/inet", "smtpd", "postfix", None, 0, own_filter=True),
        ServiceLimit("relay/unix", "smtp", "postfix", "relay", 40),
    )
    assert process_limits(configuration())[2].limit == 100


def test_databases() -> None:
    """Tables in databases, each counted once; those behind proxy: are proxymap's."""
    main = "virtual_mailbox_maps = proxy:mysql:/etc/postfix/mailbox.cf, hash:/etc/postfix/more\nlocal_recipient_maps = ldap:users, $x\nx = ldap:users\n"
    assert databases(configuration(main)) == Databases(direct=2, proxied=1)


def test_names_of_master() -> None:
    """master names a service as master.cf does, with an address before it where there is one."""
    assert [is_service(None, name) for name in ("smtp", "25", "smtpd", "192.0.2.1:smtp", "lmtp", None)] == [
        True
    ] * 4 + [False] * 2
    assert [is_service("submission", name) for name in ("submission", "192.0.2.1:submission", "smtp")] == [
        True,
        True,
        False,
    ]
