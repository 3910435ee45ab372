"""master.cf: services, their own parameters in each way to write them, and clear errors."""

from __future__ import annotations

import pytest

from logtune.postconf import master_cf
from logtune.postconf.errors import PostconfError
from tests.conftest import PostfixTools

MASTER = """\
# service type  private unpriv  chroot  wakeup  maxproc command + args
smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
#  -o smtpd_tls_security_level=encrypt
  -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }
  -o smtpd_helo_restrictions=
127.0.0.1:10025 inet n - n - - /usr/lib/postfix/sbin/smtpd
    -o content_filter= -o mynetworks=127.0.0.0/8 -v
pickup    unix  n       -       y       60      1       pickup
"""


def test_services_and_their_parameters() -> None:
    """Braces hold blanks, an empty value is one, comments between continuation lines do not count."""
    found = master_cf.parse(MASTER)
    assert [(e.key, e.daemon, dict(e.overrides), e.first, e.end) for e in found] == [
        ("smtp/inet", "smtpd", {}, 1, 2),
        (
            "submission/inet",
            "smtpd",
            {
                "syslog_name": "postfix/submission",
                "smtpd_client_restrictions": "permit_sasl_authenticated, reject",
                "smtpd_helo_restrictions": "",
            },
            2,
            7,
        ),
        ("127.0.0.1:10025/inet", "smtpd", {"content_filter": "", "mynetworks": "127.0.0.0/8"}, 7, 9),
        ("pickup/unix", "pickup", {}, 9, 10),
    ]


def test_as_postconf_reads_it(postfix: PostfixTools) -> None:
    """The services' own parameters are those of the real ``postconf -P``."""
    (postfix.directory / "main.cf").write_text("compatibility_level = 3.6\n")
    (postfix.directory / "master.cf").write_text(MASTER)
    ours = {f"{e.key}/{name}": value for e in master_cf.parse(MASTER) for name, value in e.overrides.items()}
    assert ours == postfix.values("-P")


def test_option_without_blank() -> None:
    """``-oname=value`` is what master(8) takes too (postconf 3.7 shows a part of its name only)."""
    assert master_cf.parse("smtp inet n - y - - smtpd -obiff=no\n")[0].overrides == {"biff": "no"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("smtp inet n - y\n", "line 1: 5 fields, expected 8"),
        ("\nsmtp internet n - y - - smtpd\n", 'line 2: "internet" is no service type.'),
        ("smtp inet n - y - - smtpd -o broken\n", 'line 1: -o needs NAME=VALUE, found "broken".'),
        ("smtp inet n - y - - smtpd -o\n", 'line 1: -o needs NAME=VALUE, found "".'),
    ],
)
def test_what_is_wrong_and_where(text: str, message: str) -> None:
    """A broken file is refused with its line."""
    with pytest.raises(PostconfError, match=message):
        master_cf.parse(text)
