"""``logtune verify`` and ``logtune trial --what-if`` as the shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logtune.cli.verify import repeated
from tests.cli.conftest import Runner

TRUTH = Path(__file__).parents[2] / "sample_logs" / "truth"
BEFORE, AFTER = TRUTH / "verify_before.log", TRUTH / "verify_after.log"
COMMON = ("--year", "2026", "--tz", "UTC", "--mynetworks", "192.168.10.0/24", "--no-progress")


def test_two_logs(logtune: Runner) -> None:
    """Two logs give a report whose first alarm is the locked out user, and the exit code of success."""
    answer = logtune("verify", BEFORE, "--after", AFTER, *COMMON)
    assert (answer.code, answer.errors) == (0, "")
    assert "▲ reject_non_fqdn_helo_hostname at submission rejects authorized clients" in answer.text


def test_fail_on_wanted(logtune: Runner) -> None:
    """The alarm has an exit code of its own where it is asked for, and only where there is one."""
    assert logtune("verify", BEFORE, "--after", AFTER, "--fail-on-wanted", *COMMON).code == 10
    calm = (TRUTH / "delay_reject_yes.log", "--after", TRUTH / "enforced_non_fqdn_helo.log")
    assert logtune("verify", *calm, "--fail-on-wanted", *COMMON).code == 0


def test_one_log_parted_by_time(logtune: Runner, tmp_path: Path) -> None:
    """A log that holds both is parted where the restriction was enforced, with the same result as two logs."""
    both = tmp_path / "mail.log"
    both.write_bytes(BEFORE.read_bytes() + AFTER.read_bytes())
    parted = json.loads(logtune("verify", both, "--enforced", "2026-03-18T12:00", "--format", "json", *COMMON).raw)
    two = json.loads(logtune("verify", BEFORE, "--after", AFTER, "--format", "json", *COMMON).raw)
    for one, other in zip(parted["restrictions"], two["restrictions"], strict=True):
        assert {k: v for k, v in one.items() if not k.endswith("per_day")} == {
            k: v for k, v in other.items() if not k.endswith("per_day")
        }


def test_the_second_log_may_be_of_the_next_year(logtune: Runner, tmp_path: Path) -> None:
    """--year is that of the first log; a second one that would lie before it is of the year after."""
    december = tmp_path / "mail.log.1"
    december.write_bytes(BEFORE.read_bytes().replace(b"Mar ", b"Dec "))
    document = json.loads(logtune("verify", december, "--after", AFTER, "--format", "json", *COMMON).raw)
    assert (document["before"]["first"][:7], document["after"]["first"][:7]) == ("2026-12", "2027-03")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((BEFORE,), 2, "logtune: verify compares two logs; only one was given."),
        ((BEFORE, "--after", AFTER, "--day", "2026-03-02"), 2, "logtune: --day does not go with two logs."),
        ((BEFORE, "--after", AFTER, "--restriction", "reject_x"), 9, "logtune: reject_x was not on trial in the first log"),
        ((BEFORE, "--after", "/nowhere/mail.log"), 5, "/nowhere/mail.log"),
        ((BEFORE, "--enforced", "soon"), 2, "'soon' is no date or time"),
    ],
)  # fmt: skip
def test_errors(logtune: Runner, arguments: tuple[str | Path, ...], code: int, says: str) -> None:
    """What cannot be compared is an error that says what is missing."""
    answer = logtune("verify", *arguments, *COMMON)
    assert answer.code == code
    assert says in answer.errors


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a b --after c d", "a b --after c --after d"),
        ("a --after c --tz UTC", "a --after c --tz UTC"),
        ("--after c d --top 3 a", "--after c --after d --top 3 a"),
        ("a --after -", "a --after -"),
        ("a --after c --after d", "a --after c --after d"),
    ],
)
def test_all_paths_after_after(typed: str, read: str) -> None:
    """Every path after --after belongs to it, until another option comes."""
    assert list(repeated(typed.split())) == read.split()


def test_what_if(logtune: Runner) -> None:
    """A list over a log without a trial: the counts, and the line that logs the HELO of accepted mail."""
    answer = logtune("trial", TRUTH / "enforced.log", "--what-if", "reject_non_fqdn_helo_hostname", *COMMON)
    assert answer.code == 0
    assert "  smtpd_data_restrictions = check_helo_access static:INFO" in answer.text.splitlines()
    assert "warning line" not in answer.text


def test_what_if_in_full(logtune: Runner) -> None:
    """One restriction of the list shows whom it would stop; one that stops nobody is not found."""
    words = ("--what-if", "reject_unknown_client_hostname, reject_invalid_helo_hostname")
    full = logtune("trial", BEFORE, *words, "--restriction", "reject_unknown_client_hostname", *COMMON)
    none = logtune("trial", BEFORE, *words, "--restriction", "reject_invalid_helo_hostname", *COMMON)
    assert (full.code, none.code) == (0, 9)
    assert "Computed from the log" in full.text


def test_what_if_json(logtune: Runner) -> None:
    """The trial's document keeps its keys and gets what_if beside them."""
    words = ("--what-if", "reject_non_fqdn_helo_hostname", "--format", "json")
    document = json.loads(logtune("trial", BEFORE, *words, *COMMON).raw)
    assert document["schema"] == "logtune.trial/1"
    assert set(document["what_if"]) == {
        "list", "assumed", "recipients", "steps", "on_trial", "restrictions", "overlap", "log_the_helo", "notes",
    }  # fmt: skip
    (entry,) = [r for r in document["what_if"]["restrictions"] if r["service"] is None]
    assert entry["warning_lines"] == 0


def test_what_if_recipients(logtune: Runner) -> None:
    """With --recipients the computed flags come one by one, and are those of the real trial of the same log."""
    words = ("--what-if", "reject_non_fqdn_helo_hostname", "--format", "json", "--recipients")
    document = json.loads(logtune("trial", BEFORE, *words, *COMMON).raw)
    name = "reject_non_fqdn_helo_hostname"
    tried = {r["id"]: r["outcome"] for r in document["recipients"] if name in {f["restriction"] for f in r["flags"]}}
    computed = {r["id"]: r["outcome"] for r in document["what_if"]["recipients_flagged"]}
    assert computed == tried
    assert len(tried) > 20


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("reject_nonsense", "--what-if: reject_nonsense is no restriction of Postfix."),
        ("check_helo_access hash:/nowhere", "--what-if: hash:/nowhere: the table's source cannot be read"),
        ("", "--what-if: the list names no restriction."),
    ],
)
def test_lists_that_cannot_be_read(logtune: Runner, words: str, says: str) -> None:
    """A list or table that cannot be read is an error of usage, before any log is read."""
    answer = logtune("trial", "/nowhere/mail.log", "--what-if", words, *COMMON)
    assert answer.code == 2
    assert says in answer.errors


def test_hostile_tables_and_lists(logtune: Runner, tmp_path: Path) -> None:
    """Control characters of a table's text reach no terminal: they are shown."""
    table = tmp_path / "helo"
    table.write_text("localhost REJECT \x1b[31mred\n/\x1b[31m\n.dotted\x1b[2J OK\n")
    answer = logtune("trial", BEFORE, "--what-if", f"check_helo_access texthash:{table}", *COMMON)
    assert answer.code == 0
    assert b"\x1b" not in answer.raw
