"""Trials and configurations made for the tuner's tests: no log, no parser, only what a plan rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from logtune.analyses.confidence import Borders, Seen, confidence
from logtune.analyses.exemptions import Exemption, Key
from logtune.analyses.trial import COUNTS, OnTrial
from logtune.analyses.verdict import Ruling
from logtune.postconf.read import read_directory
from logtune.postconf.services import Configuration
from logtune.results import Period, Verdict
from logtune.tune.plan import Plan, make

INVALID, NON_FQDN, UNKNOWN = (f"reject_{kind}_helo_hostname" for kind in ("invalid", "non_fqdn", "unknown"))
LAST = datetime(2026, 3, 19, 9, 30)

MAIN = """\
compatibility_level = 3.6
myhostname = mail.example.test
mynetworks = 127.0.0.0/8 192.0.2.0/28
"""
MASTER = "smtp inet n - n - - smtpd\n"
SUBMISSION = """\
smtp inet n - n - - smtpd
submission inet n - n - - smtpd
  -o syslog_name=postfix/submission
"""
FILTER = """\
smtp inet n - n - - smtpd
127.0.0.1:10025 inet n - n - - smtpd
  -o syslog_name=postfix/reinject
  -o content_filter=
"""


def configuration(directory: Path, main: str, master: str = MASTER) -> Configuration:
    """The configuration of *main* (behind ``MAIN``) and *master*, read from *directory*."""
    directory.mkdir(exist_ok=True)
    (directory / "main.cf").write_text(MAIN + main)
    (directory / "master.cf").write_text(master)
    return read_directory(str(directory))


def on_trial(name: str, verdict: Verdict, service: str | None = None, text: str = "", **counts: int) -> OnTrial:
    """An entry of a trial; *counts* by their names in ``trial.COUNTS``. Without *text* the name is a restriction."""
    return OnTrial(
        name=text or name,
        restriction=None if text else name.split(maxsplit=1)[0],
        text=text or "text",
        service=service,
        candidates=(name,) if text else (),
        depends_on_history=False,
        protocol_states={"RCPT": 20},
        fates={},
        counts={**dict.fromkeys(COUNTS, 0), "flagged": 40, **counts},
        first=None,
        last=LAST,
        course=(),
        harmed=(),
        ruling=Ruling(verdict, ["The log says so."]),
        confidence=confidence(Borders(None, None), Period(None, None, 0, "UTC"), [], Seen(), False),
    )


def enforce(name: str = NON_FQDN, service: str | None = None, **counts: int) -> OnTrial:
    return on_trial(name, Verdict.ENFORCE, service, **counts)


def excepted(name: str = NON_FQDN, service: str | None = None, **counts: int) -> OnTrial:
    return on_trial(
        name, Verdict.EXCEPTIONS, service, **{"accepted": 5, "accepted_5xx": 5, "others": 5, "wanted": 5, **counts}
    )


def exemption(
    key: str, by: Key = Key.ADDRESS, name: str = NON_FQDN, service: str | None = None, **more: object
) -> Exemption:
    given: dict[str, object] = {
        "organisation": "partner.example",
        "recipients": 6,
        "mails": 4,
        "last": LAST,
        "helo_names": ("SRV-MAIL01",),
        "sender_domains": ("partner.example",),
        "evidence": ("your users wrote it 14 mails",),
        **more,
    }
    return Exemption(restriction=name, service=service, by=by, key=key, **given)  # type: ignore[arg-type]  # typed above


def plan(
    configured: Configuration,
    trial: Sequence[OnTrial],
    exemptions: Sequence[Exemption] = (),
    require_helo: bool = False,
) -> Plan:
    """The plan, with *exemptions* given to the entries that they name."""
    found: Mapping[tuple[str, str | None], list[Exemption]] = {
        (e.name, e.service): [x for x in exemptions if (x.restriction, x.service) == (e.name, e.service)] for e in trial
    }
    return make(trial, configured, found, require_helo)


def values(made: Plan) -> dict[str, str | None]:
    """What the plan changes: main.cf's parameters by name, those of services as postconf -P names them."""
    own = {f"{s}/{n}": v for s, changed in made.service_parameters().items() for n, v in changed.items()}
    return {**made.parameters(), **own}
