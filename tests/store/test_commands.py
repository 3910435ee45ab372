"""Every command answers with --store as it does with PATHS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Runner, logtune

__all__ = ["logtune"]

SAMPLES = Path(__file__).parents[2] / "sample_logs"
LOG = SAMPLES / "helo_trial.log"
TRUTH = SAMPLES / "truth"
COMMON = ("--tz", "UTC", "--mynetworks", "192.168.10.0/24", "--no-progress")
MAIN = """\
compatibility_level = 3.6
myhostname = mail.corbel.example
smtpd_helo_restrictions =
    warn_if_reject reject_invalid_helo_hostname,
    warn_if_reject reject_unknown_helo_hostname
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the sample."""
    from logtune import cli

    folder = tmp_path_factory.mktemp("store") / "st"
    assert cli.run(["ingest", str(LOG), "--year", "2026", "--tz", "UTC", "--store", str(folder), "-q"]) == 0
    return folder


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration as the sample's site has it."""
    (tmp_path / "main.cf").write_text(MAIN)
    (tmp_path / "master.cf").write_text("smtp inet n - n - - smtpd\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "report",
        "report --format json",
        "report --format html",
        "report --format prometheus",
        "report --anonymize full --key KEY --host mail",
        "trial",
        "trial --format json --recipients",
        "trial --restriction reject_unknown_helo_hostname",
        "trial --what-if reject_unknown_helo_hostname",
        "trial --anonymize keep-domains --key KEY --format json --recipients",
        "rejects",
        "rejects --format json --anonymize keep-networks --key KEY",
        "delays",
        "delays --format html",
        "sizing",
        "sizing --format json",
        "tune --postfix ETC",
        "tune --postfix ETC --format json",
        "parse",
        "parse --table decisions --format csv",
        "parse --anonymize full --key KEY",
        "lines --session 0",
        "lines --position 0",
        "lines --position 0 --anonymize full --key KEY",
        "verify --enforced 2026-03-16T09:00 --format json",
    ],
)
def test_a_command_reads_a_store_as_it_reads_the_log(command: str, store: Path, etc: Path, logtune: Runner) -> None:
    """The answer, what is said beside it and the exit code are the same, byte for byte."""
    words = [str(etc / "key") if w == "KEY" else str(etc) if w == "ETC" else w for w in command.split()]
    of_log = logtune(*words, LOG, "--year", "2026", *COMMON)
    of_store = logtune(*words, "--store", store, *COMMON)
    assert (of_store.code, of_store.text, of_store.errors) == (of_log.code, of_log.text, of_log.errors)
    assert of_log.text or of_log.code


def test_sql_reads_a_store(store: Path, logtune: Runner) -> None:
    """Tables and relations are those of the log."""
    query = (
        "SELECT restriction, count(*) n, sum(position) p FROM flags JOIN recipients USING (id) GROUP BY 1 ORDER BY 1"
    )
    of_log = logtune("sql", query, LOG, "--year", "2026", *COMMON)
    assert of_log.code == 0
    assert logtune("sql", query, "--store", store, *COMMON) == of_log


def test_verify_on_the_screen(store: Path, logtune: Runner) -> None:
    """All but the count of lines is the same: a store counts those of the days that the second side is about."""
    of_log = logtune("verify", LOG, "--enforced", "2026-03-16T09:00", "--year", "2026", *COMMON)
    of_store = logtune("verify", "--store", store, "--enforced", "2026-03-16T09:00", *COMMON)
    without = [re.sub(r"[\d,]+ lines", "N lines", answer.text) for answer in (of_log, of_store)]
    assert without[0] == without[1]


def test_verify_a_store_with_later_logs(tmp_path: Path, logtune: Runner) -> None:
    """The trial may be in a store, and what came after it in files, whose year --year tells."""
    before, after = TRUTH / "delay_reject_yes.log", TRUTH / "enforced_non_fqdn_helo.log"
    assert logtune("ingest", before, "--store", tmp_path / "st", "--year", "2026", "--tz", "UTC", "-q").code == 0
    shared = ("--after", after, "--year", "2026", "--format", "json", *COMMON)
    of_log, of_store = logtune("verify", before, *shared), logtune("verify", "--store", tmp_path / "st", *shared)
    assert (of_log.code, json.loads(of_log.raw)) == (0, json.loads(of_store.raw))


def test_a_host_of_a_store_under_a_pseudonym(tmp_path: Path, logtune: Runner) -> None:
    """--host names a host as it was logged, and parts of other hosts are left out."""
    logs = sorted(str(path) for path in (SAMPLES / "two_servers").glob("*.log"))
    key = ("--anonymize", "full", "--key", tmp_path / "key")
    assert logtune("ingest", *logs, "--store", tmp_path / "st", "--year", "2026", "--tz", "UTC", "-q").code == 0
    hosts = sorted({line.split()[3] for log in logs for line in Path(log).read_text().splitlines()})
    assert len(hosts) == 2
    for host in hosts:
        of_log = logtune("parse", *logs, "--host", host, *key, "--year", "2026", *COMMON)
        of_store = logtune("parse", "--store", tmp_path / "st", "--host", host, *key, *COMMON)
        assert of_store == of_log
        assert of_log.text.count("\n") > 100
