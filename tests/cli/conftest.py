"""A runner of the program inside this process, and a small log that has a row for every table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from logtune import cli

LOG = """\
2026-03-02T06:12:00.100000+00:00 mx postfix/smtpd[101]: connect from mail.example.com[192.0.2.7]
2026-03-02T06:12:00.200000+00:00 mx postfix/smtpd[101]: NOQUEUE: reject_warning: RCPT from mail.example.com[192.0.2.7]: 504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname; from=<a@example.com> to=<b@example.test> proto=ESMTP helo=<frasier>
2026-03-02T06:12:00.300000+00:00 mx postfix/smtpd[101]: 4fXyZ01abcz9: client=mail.example.com[192.0.2.7]
2026-03-02T06:12:00.400000+00:00 mx postfix/cleanup[102]: 4fXyZ01abcz9: message-id=<1@example.com>
2026-03-02T06:12:00.500000+00:00 mx postfix/qmgr[99]: 4fXyZ01abcz9: from=<a@example.com>, size=4711, nrcpt=1 (queue active)
2026-03-02T06:12:00.600000+00:00 mx postfix/smtpd[101]: disconnect from mail.example.com[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
2026-03-02T06:12:01.000000+00:00 mx postfix/lmtp[103]: 4fXyZ01abcz9: to=<b@example.test>, relay=mx.example.test[private/dovecot-lmtp], delay=0.8, delays=0.3/0/0.1/0.4, dsn=2.0.0, status=sent (250 2.0.0 <b@example.test> Saved)
2026-03-02T06:12:01.100000+00:00 mx postfix/qmgr[99]: 4fXyZ01abcz9: removed
2026-03-02T06:13:00.000000+00:00 mx postfix/smtpd[104]: connect from unknown[203.0.113.9]
2026-03-02T06:13:00.100000+00:00 mx postfix/smtpd[104]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <c@example.net>: Relay access denied; from=<> to=<c@example.net> proto=SMTP helo=<[203.0.113.9]>
2026-03-02T06:13:00.200000+00:00 mx postfix/smtpd[104]: disconnect from unknown[203.0.113.9] helo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
2026-03-02T06:14:00.000000+00:00 mx sshd[7]: Accepted publickey for root

"""


@dataclass(frozen=True)
class Answer:
    """What a run of the program gave: exit code, stdout and stderr."""

    code: int
    raw: bytes
    errors: str

    @property
    def text(self) -> str:
        return self.raw.decode("utf-8")


Runner = Callable[..., Answer]


@pytest.fixture
def logtune(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """``logtune("report", path)`` runs the program as the shell would, without a terminal."""
    monkeypatch.setattr("logtune.cli.errors._debug", False)

    def run(*arguments: str | Path) -> Answer:
        capfdbinary.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Answer(int(code), out, err.decode("utf-8"))

    return run


@pytest.fixture
def maillog(tmp_path: Path) -> Path:
    """A log of twelve lines and one blank line; the mail in it was flagged and delivered."""
    path = tmp_path / "mail.log"
    path.write_text(LOG, encoding="utf-8")
    return path
