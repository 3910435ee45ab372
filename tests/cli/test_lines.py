"""logtune lines: the raw lines behind what a report counts."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import LOG, Runner

PROGRAM = [sys.executable, "-c", "from logtune.cli import main; main()"]
SESSION = LOG.splitlines()[:3] + LOG.splitlines()[5:6]
MESSAGE = LOG.splitlines()[2:5] + LOG.splitlines()[6:8]


def test_session(logtune: Runner, maillog: Path) -> None:
    """All lines of a session, each after its file and byte offset."""
    answer = logtune("lines", maillog, "--session", "0")
    offsets = [LOG.index(line) for line in SESSION]
    assert answer.text.splitlines() == [f"{maillog}:{o}  {line}" for o, line in zip(offsets, SESSION, strict=True)]
    assert answer.code == ExitCode.OK


def shown(logtune: Runner, *arguments: str | Path) -> list[str]:
    return [line.partition("  ")[2] for line in logtune("lines", *arguments).text.splitlines()]


def test_message(logtune: Runner, maillog: Path) -> None:
    """All lines of a mail, with the warning that came before its queue id, by the position of its first line."""
    assert shown(logtune, maillog, "--message", str(LOG.index(MESSAGE[0]))) == [LOG.splitlines()[1], *MESSAGE]


def test_queue_id(logtune: Runner, maillog: Path) -> None:
    """All lines with a queue id."""
    assert shown(logtune, maillog, "--queue-id", "4fXyZ01abcz9") == MESSAGE


def test_recipient(logtune: Runner, maillog: Path) -> None:
    """All lines of a row of recipients: its session and its mail."""
    found = json.loads(
        logtune("sql", "SELECT id FROM recipients ORDER BY id LIMIT 1", maillog, "--format", "jsonl").text
    )
    answer = logtune("lines", maillog, "--recipient-row", str(found["id"]))
    assert len(answer.text.splitlines()) >= len(SESSION)


def test_position_as_number_and_as_shown(logtune: Runner, maillog: Path) -> None:
    """A position is a number, or FILE:OFFSET as the command itself shows it."""
    offset = LOG.index(MESSAGE[1])
    by_number = logtune("lines", maillog, "--position", str(offset))
    by_place = logtune("lines", maillog, "--position", f"{maillog}:{offset}")
    assert by_number == by_place
    assert by_number.text == f"{maillog}:{offset}  {MESSAGE[1]}\n"


def test_json_lines(logtune: Runner, maillog: Path) -> None:
    """An object per line with position, source, offset and text."""
    answer = logtune("lines", maillog, "--position", "0", "--format", "jsonl")
    assert json.loads(answer.text) == {"position": 0, "source": str(maillog), "offset": 0, "line": SESSION[0]}


def test_controls_are_shown(logtune: Runner, maillog: Path) -> None:
    """Escapes and bytes that are no UTF-8 are shown by number."""
    maillog.write_bytes(LOG.encode().replace(b"frasier", b"\x1b[31m\xff"))
    shown = logtune("lines", maillog, "--session", "0").text.splitlines()[1]
    assert "helo=<\\x1b[31m\\xff>" in shown


def test_raw_bytes_go_to_a_pipe(logtune: Runner, maillog: Path) -> None:
    """--raw gives the bytes of the log."""
    maillog.write_bytes(LOG.encode().replace(b"frasier", b"\x1b[31m\xff"))
    assert b"helo=<\x1b[31m\xff>\n" in logtune("lines", maillog, "--session", "0", "--raw").raw


def test_raw_bytes_do_not_go_to_a_terminal(maillog: Path) -> None:
    """--raw on a terminal is refused before anything is read."""
    outside, inside = pty.openpty()
    done = subprocess.run(
        [*PROGRAM, "lines", str(maillog), "--session", "0", "--raw"], stdout=inside, stderr=subprocess.PIPE, check=False
    )
    os.close(inside)
    os.close(outside)
    assert done.returncode == ExitCode.USAGE
    assert b"this terminal" in done.stderr


@pytest.mark.parametrize(
    "by",
    [
        ["--session", "5"],
        ["--queue-id", "none"],
        ["--position", "99999999"],
        ["--position", "other.log:0"],
        ["--recipient-row", "1"],
    ],
)
def test_what_is_not_there(logtune: Runner, maillog: Path, by: list[str]) -> None:
    """Nothing found is an exit code of its own, and nothing on stdout."""
    answer = logtune("lines", maillog, *by)
    assert (answer.code, answer.raw) == (ExitCode.NOT_FOUND, b"")
    assert answer.errors.startswith("logtune: ")


@pytest.mark.parametrize("position", ["x", "-1", "mail.log:", ":5", "mail.log:x"])
def test_wrong_positions(logtune: Runner, maillog: Path, position: str) -> None:
    """What is no position is an error of the command line."""
    assert logtune("lines", maillog, f"--position={position}").code == ExitCode.USAGE
