"""No identity of a log occurs in the output of any command; what is counted stays the same."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import logtune as library
from logtune import schema
from logtune.anonymize.pseudonyms import KEPT_NAMES
from logtune.anonymize.texts import KEPT_OBJECTS
from logtune.cli import COMMANDS as COMMANDS_OF_ALL
from tests.cli.conftest import Runner, logtune, maillog

__all__ = ["logtune", "maillog"]

SAMPLES = Path(__file__).parents[2] / "sample_logs"
LOG = SAMPLES / "helo_trial.log"
OPTIONS = ["--year", "2026", "--tz", "UTC", "--mynetworks", "192.168.10.0/24"]
COMMANDS = [
    ["report"], ["report", "-f", "json"], ["trial"], ["trial", "-f", "json", "--recipients"],
    ["trial", "--restriction", "reject_unknown_helo_hostname"], ["rejects"], ["rejects", "-f", "json"],
    ["delays"], ["delays", "-f", "json"], ["sizing"], ["sizing", "-f", "json"], ["parse"],
    ["parse", "--table", "decisions", "--format", "csv"], ["sql", "FROM recipients", "-f", "jsonl"],
    ["sql", "FROM decisions", "-f", "csv"], ["report", "-f", "html"], ["report", "-f", "prometheus"],
    ["trial", "-f", "html"], ["watch", "--once"], ["trial", "--what-if", "reject_non_fqdn_helo_hostname"],
]  # fmt: skip


def identities(path: Path) -> set[str]:
    """Every address, name, mailbox and local part that the columns of a log name, in lower case."""
    log = library.read(path, year=2026, tz="UTC")
    columns = ("host", "client_name", "client_addr", "helo", "sender", "recipient", "orig_recipient", "sasl_username",
               "relay_name", "relay_addr", "message_id", "object")  # fmt: skip
    found: set[str] = set()
    for table in schema.TABLES:
        for name in columns:
            if name in log.table(table).column_names:
                values = log.table(table)[name].cast(pa.string()).unique().to_pylist()
                found.update(v.lower() for v in values if v and v not in KEPT_OBJECTS and v.lower() not in KEPT_NAMES)
    found.update(part for value in list(found) if "@" in value for part in value.rsplit("@", 1) if len(part) > 2)
    return {v for v in found if not re.fullmatch(r"127\..*|::1|postmaster|double-bounce|abuse|mailer-daemon", v)}


def named(identity: set[str], text: str) -> list[str]:
    """Those of *identity* with a dot, an @ or a colon that stand in *text* anywhere; others as a quoted value."""
    lower = text.lower()
    words = set(re.findall(r"[\w.@:-]+", lower))
    return sorted(v for v in identity if (v in words or (("@" in v or v.count(".") > 1) and v in lower)))


def neutral(path: Path, folder: Path) -> Path:
    """The log with other names in the places of names, made without the pseudonyms: what it shows is no secret."""
    made: dict[str, str] = {}

    def other(word: str) -> str:
        if re.fullmatch(r"[\d.]+|[0-9A-Fa-f:]+", word):
            return word if word.isdecimal() else f"198.51.100.{len(made) % 250}"
        return f"zq{len(made)}{'@zq.example' if '@' in word else '.example' if '.' in word else ''}"

    def replaced(match: re.Match[str]) -> str:
        word = match["inner"] or match["name"] or ""
        return match[0] if word in KEPT_OBJECTS else match[0].replace(word, made.setdefault(word, other(word)))

    text = path.read_text("utf-8", "replace")
    place = folder / path.name
    place.write_text(re.sub(r"(?<=[=<])(?P<inner>[^<>=\s]*)(?=>)|(?P<name>[\w.-]+)(?=\[[0-9a-f]*[.:])", replaced, text))
    return place


def own_words(runner: Runner, log: Path) -> set[str]:
    """Words of the program and of Postfix: those that help and the commands show of a log that names nobody."""
    texts = [runner(name, "--help").text for name in COMMANDS_OF_ALL]
    texts += [runner(*command, *OPTIONS, log).text for command in COMMANDS]
    return set(re.findall(r"[\w@:-]+", " ".join(texts).lower()))


@pytest.mark.parametrize("log", [LOG, SAMPLES / "filter.log"], ids=lambda p: p.stem)
def test_no_output_names_anybody(logtune: Runner, tmp_path: Path, log: Path) -> None:
    """Each command, in each form, with --anonymize full, on both streams; but for words that are the program's own."""
    every = identities(log)
    own = own_words(logtune, neutral(log, tmp_path)) & every  # clients greet with such words too
    secret = every - own
    assert len(secret) > 100 and len(own) < len(every) / 10, own
    for command in COMMANDS:
        if "--restriction" in command and log != LOG:
            continue
        answer = logtune(*command, *OPTIONS, "--anonymize", "full", "--key", tmp_path / "key", log)
        assert (answer.code, named(secret, answer.text + answer.errors)) == (0, []), command


def test_verify_names_nobody(logtune: Runner, tmp_path: Path) -> None:
    """Both logs, and what it says of them."""
    logs = [SAMPLES / "truth" / f"{name}.log" for name in ("delay_reject_yes", "enforced_non_fqdn_helo")]
    secret = identities(logs[0]) | identities(logs[1])
    secret -= own_words(logtune, neutral(logs[0], tmp_path))
    assert len(secret) > 30
    for form in ("text", "json", "html"):
        command = ["verify", *OPTIONS, "-f", form, "--anonymize", "full", "--key", tmp_path / "key"]
        answer = logtune(*command, logs[0], "--after", logs[1])
        assert (answer.code, named(secret, answer.text + answer.errors)) == (0, []), form


def test_names_of_files(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """Folders and files are called after hosts and users: answers and messages show them under pseudonyms."""
    folder = tmp_path / "frasier" / "mx1.example.com"
    folder.mkdir(parents=True)
    log = folder / "j.finch-20260308.log"
    log.write_bytes(maillog.read_bytes())
    (folder / "mx7.log.gz").write_bytes(gzip.compress(maillog.read_bytes())[:-20])
    hidden = ["--anonymize", "full", "--key", str(tmp_path / "key")]
    for command in (["report"], ["report", "-f", "json"], ["parse"], ["lines", "--position", f"{log}:0"]):
        answer = logtune(*command, *hidden, log, folder / "mx7.log.gz", folder / "gone-home.log")
        said = answer.text + answer.errors
        assert answer.code == 4 and ".log.gz" in said and answer.errors
        assert not re.search("frasier|mx1|finch|mx7|gone-home", said), (command, said)
    closed = logtune("report", *hidden, "-o", folder / "none" / "mx7.html", log)
    assert closed.code == 8 and not re.search("frasier|mx1|finch|mx7", closed.errors), closed.errors
    assert not re.search("frasier|mx1|finch", logtune("watch", "--once", *hidden, folder).errors)


def test_raw_lines_name_nobody(logtune: Runner, tmp_path: Path) -> None:
    """``logtune lines`` shows each line of the log under pseudonyms."""
    secret = identities(LOG) - {"user"}  # HELO name of a client, and a word of Postfix
    log = library.read(LOG, year=2026, tz="UTC", anonymize="full", key=str(tmp_path / "key"))
    positions = [p for table in schema.TABLES for p in log.table(table)["position"].to_pylist()[::5]]
    text = "\n".join(line.decode() for *_, line in log.lines(positions))
    assert (text.count("\n") + 1, named(secret, text)) == (len(positions), [])


def test_counts_stay(logtune: Runner, tmp_path: Path) -> None:
    """The trial under pseudonyms has the numbers and verdicts of the trial."""

    def numbers(*more: str) -> Any:
        text = logtune("trial", "-f", "json", *OPTIONS, *more, LOG).text
        rows = json.loads(text)["restrictions"]
        return [{k: v for k, v in row.items() if not isinstance(v, (list, dict)) and k != "text"} for row in rows]

    assert numbers("--anonymize", "full", "--key", str(tmp_path / "key")) == numbers()


def test_tune_takes_no_pseudonyms(logtune: Runner, maillog: Path) -> None:
    """A configuration with pseudonyms would be of no use, so it is refused."""
    answer = logtune("tune", "--anonymize", "full", maillog)
    assert answer.code == 2 and "pseudonyms" in answer.errors


def test_a_host_is_chosen_by_its_name(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """--host, as other options, takes what the log says."""
    answer = logtune("parse", "--host", "mx", "--anonymize", "full", "--key", tmp_path / "key", maillog)
    assert len(answer.text.splitlines()) == 12


def test_lines_of_other_programs_are_withheld(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """A line that is not understood may hold names anywhere, so nothing of it is shown."""
    key = tmp_path / "key"
    at = maillog.read_bytes().index(b"2026-03-02T06:14")
    answer = logtune("lines", "--position", f"{maillog}:{at}", "--anonymize", "full", "--key", key, maillog)
    assert answer.code == 0 and "withheld" in answer.text and "for root" not in answer.text
