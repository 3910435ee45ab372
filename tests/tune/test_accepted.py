"""Plans held against the real Postfix: postconf takes them, says what they mean, and postmap finds the excepted."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from logtune.analyses.exemptions import Exemption, Key
from logtune.analyses.trial import OnTrial
from logtune.results import Verdict
from logtune.tune.files import files
from logtune.tune.plan import Plan
from tests.conftest import PostfixTools
from tests.tune.made import (
    FILTER,
    INVALID,
    NON_FQDN,
    SUBMISSION,
    UNKNOWN,
    configuration,
    enforce,
    excepted,
    exemption,
    on_trial,
    plan,
    values,
)

WANTED = [exemption("203.0.113.58"), exemption("2001:db8:7::/64"), exemption("mail.partner.example", Key.NAME)]
WHOLE_DOMAIN = [exemption(".partner.example", Key.NAME), exemption("198.51.100.0/28")]

HELO = f"""\
# HELO checks, on trial since March
smtpd_helo_restrictions =
\twarn_if_reject {INVALID}
\t# the one that matters
\twarn_if_reject {NON_FQDN}
\twarn_if_reject {UNKNOWN}

biff = no
"""
RECIPIENT = f"""\
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks,
    warn_if_reject {NON_FQDN}, # no comment to Postfix
    reject_unauth_destination,
    warn_if_reject reject_rbl_client dnsbl.example
"""
OWN_LIST = SUBMISSION + f"  -o {{ smtpd_helo_restrictions = warn_if_reject {NON_FQDN} }}\n  -o biff=no\n"

PLANS: dict[str, tuple[str, str, Sequence[OnTrial], Sequence[Exemption]]] = {
    "helo": (HELO, SUBMISSION, [enforce(INVALID), excepted(), on_trial(UNKNOWN, Verdict.NO, accepted=90, others=90)], WANTED),
    "domain": (HELO, SUBMISSION, [excepted()], WHOLE_DOMAIN),
    "recipient": (RECIPIENT.replace(", # no comment to Postfix", ","), SUBMISSION, [excepted(), enforce("reject_rbl_client")], WANTED),
    "recipient_addresses": (RECIPIENT.replace(", # no comment to Postfix", ","), SUBMISSION, [excepted()], WHOLE_DOMAIN[1:]),
    "service": ("biff = no\n", OWN_LIST, [excepted(service="submission")], [exemption("203.0.113.58", service="submission")]),
    "filter": (
        HELO,
        FILTER,
        [enforce(), on_trial(NON_FQDN, Verdict.EXCEPTIONS, "reinject", accepted=30, filter=30)],
        [],
    ),
}  # fmt: skip


@pytest.fixture(params=PLANS)
def made(request: pytest.FixtureRequest, tmp_path: Path, postfix: PostfixTools) -> Plan:
    """Each plan, made for ``tmp_path/postfix``."""
    main, master, trial, exemptions = PLANS[request.param]
    return plan(configuration(postfix.directory, main, master), trial, exemptions, require_helo=True)


def write(made: Plan, folder: Path, postfix: PostfixTools) -> dict[str, str]:
    """The plan's files in *folder*, its tables beside main.cf."""
    folder.mkdir()
    whole = files(made, "text")
    for name, text in whole.items():
        (folder / name).write_text(text)
    for table in made.tables:
        shutil.copy(folder / table.name, postfix.directory)
    return whole


def words(value: str | None) -> str:
    return " ".join((value or "").replace(",", " ").split())


def settings(postfix: PostfixTools) -> dict[str, str]:
    found = {**postfix.values("-n"), **postfix.values("-P")}
    return {name: words(value) for name, value in found.items() if name != "config_directory"}


def expected(before: dict[str, str], changed: dict[str, str | None]) -> dict[str, str]:
    kept = {n: v for n, v in before.items() if n not in changed}
    return {**kept, **{n: words(v) for n, v in changed.items() if v is not None}}


def test_postconf_carries_it_out(made: Plan, tmp_path: Path, postfix: PostfixTools) -> None:
    """After postconf.sh ``postconf -n`` and ``-P`` say what the plan meant, and nothing else has changed."""
    before = settings(postfix)
    write(made, tmp_path / "plan", postfix)
    postfix.script(tmp_path / "plan" / "postconf.sh")
    after = settings(postfix)
    assert after == expected(before, values(made))
    if made.later:
        postfix.script(tmp_path / "plan" / "later.sh")
        assert settings(postfix) == expected(after, {c.place.parameter: c.new for c in made.later})
    postfix.script(tmp_path / "plan" / "rollback.sh")
    assert settings(postfix) == before


def test_tables_first(made: Plan, tmp_path: Path, postfix: PostfixTools) -> None:
    """postconf.sh changes nothing while a table is missing: smtpd would answer 451 to everybody."""
    if not made.tables:
        pytest.skip("this plan has no table")
    before = settings(postfix)
    write(made, tmp_path / "plan", postfix)
    (postfix.directory / made.tables[-1].name).unlink()
    postfix.run("sh", str(tmp_path / "plan" / "postconf.sh"), fails=True)
    assert settings(postfix) == before


def test_the_patches_mean_the_same(made: Plan, tmp_path: Path, postfix: PostfixTools) -> None:
    """The diffs apply to the files as they are, and Postfix reads the same values from them."""
    if shutil.which("patch") is None:
        pytest.skip("needs patch(1)")
    before = settings(postfix)
    whole = write(made, tmp_path / "plan", postfix)
    patched = [name for name in ("main.cf", "master.cf") if f"{name}.diff" in whole]
    for name in patched:
        with open(tmp_path / "plan" / f"{name}.diff") as diff:
            subprocess.run(["patch", "-s", str(postfix.directory / name)], stdin=diff, check=True)
    assert settings(postfix) == expected(before, values(made))
    places = {change.place.service is None for change in made.changes}
    assert patched == [name for name, main in (("main.cf", True), ("master.cf", False)) if main in places]


def decide(made: Plan, postfix: PostfixTools, name: str, addr: str) -> str | None:
    """What the first of the plan's tables says of a client: names first, then addresses (check_namadr_access)."""
    for table in made.tables:
        for key in (name, addr):
            found = postfix.query(table.reference, key)
            if found and not found.endswith("_by_address"):
                return found
            if found:
                break
    return None


CLIENTS = {
    "helo": {("x", "203.0.113.58"): "OK", ("mail.partner.example", "192.0.2.99"): "OK", ("x", "2001:db8:7::9"): "OK",
             ("y.example", "203.0.113.59"): None, ("unknown", "2001:db8:8::9"): None},
    "domain": {("mx7.partner.example", "192.0.2.99"): "OK", ("x", "198.51.100.15"): "OK", ("x", "198.51.100.16"): None,
               ("notpartner.example", "192.0.2.99"): None},
    "recipient": {("x", "203.0.113.58"): "DUNNO", ("mail.partner.example", "192.0.2.99"): "DUNNO",
                  ("x", "2001:db8:7::9"): "DUNNO", ("unknown", "203.0.113.59"): NON_FQDN,
                  ("amail.partner.example", "2001:db8:8::9"): NON_FQDN, ("dead.beef", "192.0.2.99"): NON_FQDN},
    "recipient_addresses": {("x", "198.51.100.15"): "DUNNO", ("x", "198.51.100.16"): NON_FQDN, ("x", "::1"): NON_FQDN},
    "service": {("x", "203.0.113.58"): "OK", ("x", "203.0.113.59"): None},
    "filter": {("localhost", "127.0.0.1"): None},
}  # fmt: skip


@pytest.mark.parametrize("case", CLIENTS)
def test_tables_find_the_excepted_and_nobody_else(case: str, tmp_path: Path, postfix: PostfixTools) -> None:
    """``postmap -q`` gives excepted clients their answer, and others none or the restriction."""
    main, master, trial, exemptions = PLANS[case]
    made = plan(configuration(postfix.directory, main, master), trial, exemptions)
    write(made, tmp_path / "plan", postfix)
    found = {client: decide(made, postfix, *_looked_up(*client)) for client in CLIENTS[case]}
    assert found == CLIENTS[case]


def _looked_up(name: str, addr: str) -> tuple[str, str]:
    """A domain key stands for names below it; smtpd looks up the parents of a name, ``postmap -q`` does not."""
    return ("partner.example" if name.endswith(".partner.example") and name.startswith("mx") else name), addr
