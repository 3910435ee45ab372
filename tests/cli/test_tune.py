"""``logtune tune``: a plan on the screen, as JSON and as files, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import Runner

SAMPLE = Path(__file__).parents[2] / "sample_logs" / "helo_trial.log"
STAMPS = ("--year", "2026", "--tz", "UTC")
MAIN = """\
compatibility_level = 3.6
myhostname = mail.corbel.example
mynetworks = 127.0.0.0/8 192.168.10.0/24
smtpd_helo_restrictions =
    warn_if_reject reject_invalid_helo_hostname,
    warn_if_reject reject_non_fqdn_helo_hostname,
    warn_if_reject reject_unknown_helo_hostname
"""
MASTER = """\
smtp       inet  n  -  n  -  -  smtpd
submission inet  n  -  n  -  -  smtpd
  -o syslog_name=postfix/submission
"""


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration as the sample's site has it."""
    directory = tmp_path / "etc"
    directory.mkdir()
    (directory / "main.cf").write_text(MAIN)
    (directory / "master.cf").write_text(MASTER)
    return directory


def test_a_plan_on_the_screen(logtune: Runner, etc: Path) -> None:
    """The screen has the decisions, the diff, the order and what to do; nothing is written."""
    before = {path: path.read_bytes() for path in etc.iterdir()}
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc)
    assert answer.code == ExitCode.OK
    for part in (
        "Plan ──",
        "main.cf ──",
        "+    reject_invalid_helo_hostname",
        "Why this order ──",
        "Also seen ──",
        "Do it ──",
    ):
        assert part in answer.text
    assert {path: path.read_bytes() for path in etc.iterdir()} == before


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_nothing_but_configuration_is_wider_than_the_screen(logtune: Runner, etc: Path, width: str) -> None:
    """Prose and tables fit; only lines to paste may be longer."""
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--width", width)
    paste = ("check_client_access", "$(postconf", "cidr:", "#", "sh plan", "warn_if_reject", "--output")
    wide = [line for line in answer.text.splitlines() if len(line) > int(width) and not any(p in line for p in paste)]
    assert wide == []


def test_mynetworks_come_from_the_configuration(logtune: Runner, etc: Path) -> None:
    """The site's networks need not be said again: giving them by option changes nothing."""
    plain = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--format", "json")
    given = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--format", "json", "--mynetworks", "192.168.10.0/24")
    assert plain.text == given.text
    document = json.loads(plain.text)
    assert document["schema"] == "logtune.tune/1"
    assert document["parameters"]["smtpd_helo_restrictions"].startswith("permit_mynetworks, permit_sasl_authenticated")


def test_saved_output_of_postconf(logtune: Runner, etc: Path, tmp_path: Path) -> None:
    """What postconf printed gives the same plan as the files, without a diff."""
    saved = tmp_path / "postconf.txt"
    saved.write_text(
        "\n".join(" ".join(part.split()) for part in MAIN.replace("\n    ", " ").splitlines()) + "\n" + MASTER
    )
    files = json.loads(logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--format", "json").text)
    outputs = json.loads(logtune("tune", *STAMPS, SAMPLE, "--postconf", saved, "--format", "json").text)
    assert (outputs["parameters"], outputs["main_cf_diff"]) == (files["parameters"], [])
    assert files["main_cf_diff"]


def test_the_files_of_a_plan(logtune: Runner, etc: Path, tmp_path: Path) -> None:
    """--output writes all files at once, replaces an earlier plan, and leaves no drafts."""
    folder = tmp_path / "plan"
    for _ in range(2):
        assert logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--output", folder).code == ExitCode.OK
    names = {path.name for path in folder.iterdir()}
    assert {"PLAN.txt", "postconf.sh", "rollback.sh", "main.cf.diff"} <= names
    assert (folder / "PLAN.txt").read_text().splitlines()[-1] == f"Files of this directory: {' '.join(sorted(names))}"
    assert {path.name for path in tmp_path.iterdir()} == {"etc", "plan"}


def test_foreign_files_stay(logtune: Runner, etc: Path) -> None:
    """A directory with anybody else's files is refused: above all the one of Postfix."""
    before = sorted(path.name for path in etc.iterdir())
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--output", etc)
    assert (answer.code, answer.raw) == (ExitCode.OUTPUT_ERROR, b"")
    assert "holds main.cf and 1 more, which no plan wrote there" in answer.errors
    assert sorted(path.name for path in etc.iterdir()) == before


@pytest.mark.parametrize("output", ["missing/plan", "etc/main.cf"])
def test_outputs_that_cannot_be(logtune: Runner, etc: Path, tmp_path: Path, output: str) -> None:
    """No directory to write into, or a file of that name: said before the log is read."""
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc, "--output", tmp_path / output)
    assert (answer.code, answer.raw) == (ExitCode.OUTPUT_ERROR, b"")


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("smtpd_helo_restrictions\n", 'main.cf, line 1: missing "=" after the name'),
        ("a = \0\n", "line 1: holds a NUL byte"),
        ("smtpd_helo_restrictions = ${x\n", 'smtpd_helo_restrictions of smtp/inet: "}" is missing'),
    ],
)
def test_broken_configurations(logtune: Runner, etc: Path, main: str, message: str) -> None:
    """A broken configuration ends with its file, its line and what to do, and no traceback."""
    (etc / "main.cf").write_text(main)
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc)
    assert (answer.code, answer.raw) == (ExitCode.CONFIG_ERROR, b"")
    assert message in answer.errors
    assert len(answer.errors.splitlines()) > 1
    assert "Traceback" not in answer.errors


def test_the_sites_own_filter(logtune: Runner, etc: Path) -> None:
    """A trial on a re-injection port says that enforcing would break the filter, with 127.0.0.0/8 in mynetworks too."""
    (etc / "master.cf").write_text(MASTER + "127.0.0.1:10025 inet n - n - - smtpd -o content_filter=\n")
    log = SAMPLE.parent / "truth" / "filter_inherits.log"
    found = json.loads(logtune("tune", *STAMPS, log, "--postfix", etc, "--format", "json").text)["decisions"]
    filtered = [d["restriction"] for d in found if "would break your filter" in " ".join(d["reasons"])]
    assert filtered == ["reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname"]


def test_both_ways_to_name_a_configuration(logtune: Runner, etc: Path) -> None:
    """A directory and saved output exclude each other."""
    assert logtune("tune", SAMPLE, "--postfix", etc, "--postconf", etc / "main.cf").code == ExitCode.USAGE


def test_nothing_on_trial(logtune: Runner, etc: Path) -> None:
    """A configuration without a trial gets told how to begin one."""
    (etc / "main.cf").write_text(
        "myhostname = mail.corbel.example\nsmtpd_recipient_restrictions = reject_unauth_destination\n"
    )
    answer = logtune("tune", *STAMPS, SAMPLE, "--postfix", etc)
    assert answer.code == ExitCode.OK
    words = " ".join(answer.text.split())
    assert "there is nothing to plan" in words
    assert "on trial in the log, not in this configuration" in words
