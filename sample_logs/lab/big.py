"""The big samples: a trial over weeks, the same kind in RFC 3339, a rotated set, and a site with a content filter."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

from . import world
from .company import Company
from .formats import WINTER, as_rsyslog_classic, as_rsyslog_iso, cut_in_a_session
from .laboratory import Laboratory, Setup, write, write_json
from .mailboxes import full_mailboxes
from .pair import two_servers
from .site_settings import AMAVIS, BASE, ENFORCED, REINJECT, TRIAL
from .storage import full_storage

SITE = {
    **BASE,
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_recipient_restrictions": ENFORCED + ", check_policy_service inet:127.0.0.1:10023",
    "unknown_address_reject_code": "550",
    "maximal_queue_lifetime": "2d",
    "bounce_queue_lifetime": "1d",
}
KNOWN = ("203.0.113.10", "203.0.113.2", "198.51.100.4", "203.0.113.7", "192.168.10.")


def site(description: str, **more) -> Setup:
    settings = {**SITE, **more.pop("settings", {})}
    return Setup(description, settings, trial=world.HELO_TRIO, known_networks=KNOWN, **more)


def run(lab: Laboratory, setup: Setup, start: datetime, days: int, per_day: int, seed: int) -> tuple[str, dict]:
    return lab.run(setup, lambda _: Company(lab, start, days, per_day, seed).play(), start)


def helo_trial(lab: Laboratory, folder: Path) -> None:
    setup = site(
        "Three weeks of a trial of the three HELO restrictions, none of the lists on trial begins with a permit: own "
        "users and own networks are flagged too. Greylisting and a block list are enforced."
    )
    log, truth = run(lab, setup, datetime(2026, 3, 2, 0, 5, tzinfo=UTC), 21, 42, 1)
    write(folder / "helo_trial.log", as_rsyslog_classic(log))
    write_json(folder / "helo_trial.json", truth)


def helo_trial_iso(lab: Laboratory, folder: Path) -> None:
    setup = site(
        "Ten days of the same trial with permit_mynetworks, permit_sasl_authenticated before it. Times in "
        "the truth are UTC.",
        permit_first=True,
        timezone=WINTER,
        settings={"smtpd_helo_restrictions": "permit_mynetworks, permit_sasl_authenticated, " + TRIAL},
    )
    log, truth = run(lab, setup, datetime(2026, 2, 9, 0, 5, tzinfo=UTC), 10, 42, 2)
    write(folder / "helo_trial_iso.log", as_rsyslog_iso(log, 2026, 2))
    write_json(folder / "helo_trial_iso.json", truth)


def rotated(lab: Laboratory, folder: Path) -> None:
    setup = site("Four weeks over a turn of the year, rotated on Sundays at 06:25 in the middle of a session.")
    log, truth = run(lab, setup, datetime(2025, 12, 15, 0, 5, tzinfo=UTC), 28, 16, 3)
    parts = cut_in_a_session(as_rsyslog_classic(log), ["Dec 21 06:25", "Dec 28 06:25", "Jan  4 06:25", "Jan 11 06:25"])
    place = folder / "rotated"
    place.mkdir(exist_ok=True)
    for age, part in enumerate(reversed(parts)):
        name = "mail.log" + (f".{age}" if age else "")
        if age < 2:
            write(place / name, part)
        else:
            beside = place / f".{name}.gz.new"
            beside.write_bytes(gzip.compress(part.encode("utf-8", "surrogateescape"), mtime=0))
            os.replace(beside, place / f"{name}.gz")
    write_json(place / "truth.json", truth)


def filter(lab: Laboratory, folder: Path) -> None:
    setup = site(
        "A week of a site whose content filter injects mail again through a listener that inherits the trial: it "
        "warns about every filtered mail, because the filter greets with `localhost`.",
        settings={"content_filter": "smtp-amavis:[127.0.0.1]:10024"},
        master=AMAVIS + REINJECT,
        filter="after-plain",
    )
    log, truth = run(lab, setup, datetime(2026, 3, 9, 0, 5, tzinfo=UTC), 7, 30, 4)
    write(folder / "filter.log", as_rsyslog_classic(log))
    write_json(folder / "filter.json", truth)


SAMPLES = {
    "helo_trial": helo_trial,
    "filter": filter,
    "helo_trial_iso": helo_trial_iso,
    "rotated": rotated,
    "two_servers": two_servers,
    "full_mailboxes": full_mailboxes,
    "full_storage": full_storage,
}


def make_big(folder: Path, names: list[str], lab: Laboratory) -> None:
    for name in names or SAMPLES:
        SAMPLES[name](lab, folder)
        print(name, "done", flush=True)
