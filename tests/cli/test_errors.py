"""How the program fails: in words, with its exit code, never with a traceback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logtune import api
from logtune.cli import errors
from logtune.cli.exit_codes import ExitCode
from tests.cli.conftest import LOG, Runner

PROGRAM = [sys.executable, "-c", "from logtune.cli import main; main()"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["reprot"], "Did you mean 'report'"),
        (["report", "--nonsense"], "no such option"),
        (["report", "--top", "0"], "--top"),
        (["report", "--format", "xml"], "'xml'"),
        (["report", "--since", "tomorrow"], "expected 2026-03-02"),
        (["report", "--tz", "Mars/Olympus"], "no time zone"),
        (["report", "--mynetworks", "192.0.2.1/24"], "host bits"),
        (["trial", "--recipients"], "--format json"),
        (["parse", "--format", "csv"], "--table"),
        (["parse", "--format", "parquet"], "--output DIR"),
        (["lines"], "--position"),
        (["lines", "--position", "1", "--session", "1"], "--position"),
        (["sql"], "QUERY"),
        (["helo"], "NAME"),
    ],
)
def test_usage_errors(logtune: Runner, arguments: list[str], says: str) -> None:
    """One line says what is wrong, the next what to do; nothing on stdout; exit code usage."""
    answer = logtune(*arguments)
    first, *rest = answer.errors.splitlines()
    assert (answer.code, answer.raw) == (ExitCode.USAGE, b"")
    assert first.startswith("logtune: ")
    assert says.lower() in answer.errors.lower()
    assert all(line.startswith("  ") for line in rest)


def test_values_in_errors_are_escaped(logtune: Runner) -> None:
    """What the user typed or a file is called cannot send controls to the terminal."""
    for arguments in (["report", "--tz", "\x1b[31m"], ["\x1b[31m"], ["report", "/nowhere/\x1b]0;owned\x07\n.log"]):
        answer = logtune(*arguments)
        assert all(line.isprintable() for line in answer.errors.splitlines())
        assert "\\x1b" in answer.errors


def test_bug_is_told_without_traceback(logtune: Runner, maillog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is called a bug; only --debug shows where."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a \x1b[31m b")

    monkeypatch.setattr(api, "read", broken)
    answer = logtune("report", maillog)
    assert answer.code == ExitCode.BUG
    assert answer.errors.startswith("logtune: unexpected ZeroDivisionError: a \\x1b[31m b\n  This is a bug in logtune")
    assert "Traceback" not in answer.errors
    for with_debug in (["report", "--debug", maillog], ["--debug", "report", maillog]):
        monkeypatch.setattr(errors, "_debug", False)
        assert "Traceback" in logtune(*with_debug).errors


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
        (MemoryError(), ExitCode.BUG),
        (SystemExit(ExitCode.TERMINATED), ExitCode.TERMINATED),
        (BrokenPipeError(32, "Broken pipe"), ExitCode.OUTPUT_CLOSED),
    ],
)
def test_what_ends_a_command(
    logtune: Runner, maillog: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: ExitCode
) -> None:
    """Ctrl-C, SIGTERM, a closed pipe and too little memory each have their exit code, and no traceback."""

    def ended(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(api, "read", ended)
    answer = logtune("report", maillog)
    assert answer.code == code
    assert "Traceback" not in answer.errors


def test_config_error(logtune: Runner, maillog: Path, tmp_path: Path) -> None:
    """A wrong configuration file is told with its name."""
    config = tmp_path / "logtune.toml"
    config.write_text("nonsense = [")
    answer = logtune("report", "--config", config, maillog)
    assert (answer.code, answer.raw) == (ExitCode.CONFIG_ERROR, b"")
    assert str(config) in answer.errors
    assert logtune("report", "--config", tmp_path / "missing", maillog).code == ExitCode.CONFIG_ERROR


def start(*arguments: str, **keywords: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, *arguments], stderr=subprocess.PIPE, **keywords)  # type: ignore[call-overload, no-any-return]


@pytest.fixture
def long_log(tmp_path: Path) -> Path:
    path = tmp_path / "long.log"
    path.write_text(LOG * 8000)
    return path


def test_a_reader_that_goes_away_is_no_error(long_log: Path) -> None:
    """``logtune parse | head`` ends quietly, with the exit code that a shell shows for SIGPIPE."""
    with start("parse", str(long_log), stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == ExitCode.OUTPUT_CLOSED


@pytest.mark.parametrize("command", [["--help"], ["parse", "-"]])
def test_a_stdout_that_is_closed_from_the_start(command: list[str], maillog: Path) -> None:
    """Nobody reads at all: quiet too."""
    reader, writer = os.pipe()
    os.close(reader)
    with maillog.open("rb") as log, start(*command, stdin=log, stdout=writer) as program:
        os.close(writer)
        assert program.stderr is not None
        assert program.stderr.read() == b""
    assert program.returncode == ExitCode.OUTPUT_CLOSED


def without(closed: str, *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the program as a shell starts it with streams *closed*: ``>&- 2>&-``."""
    command = f"{shlex.join([*PROGRAM, *map(str, arguments)])} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


CLOSED = "logtune: cannot write stdout: it is closed.\n"


@pytest.mark.parametrize(
    "command",
    ["--help", "--version", "report", "report --help", "report --format json", "trial", "rejects", "delays",
     "sizing", "tune", "watch --once", "helo mx", "parse", "parse --table queue --format parquet", "sql SELECT+1",
     "lines --queue-id 4fXyZ01abcz9", "ingest --store {store}"],
)  # fmt: skip
def test_a_stdout_that_the_shell_closed(command: str, maillog: Path, tmp_path: Path) -> None:
    """``logtune ... >&-``: whatever the command, it says that its answer has no place to go."""
    given = [part.replace("+", " ").format(store=tmp_path / "store") for part in command.split()]
    if not {"--help", "--version", "mx"} & set(given):
        given.append(str(maillog))
    assert without(">&-", *given) == (ExitCode.OUTPUT_ERROR, "", CLOSED)


def test_a_file_needs_no_stdout(maillog: Path, tmp_path: Path) -> None:
    """--output FILE is written whole though all streams are closed, and holds nothing else."""
    wanted, found = tmp_path / "wanted.txt", tmp_path / "found.txt"
    assert without("", "report", maillog, "--output", wanted) == (ExitCode.OK, "", "")
    assert without("<&- >&- 2>&-", "report", maillog, "--output", found) == (ExitCode.OK, "", "")
    assert found.read_bytes() == wanted.read_bytes()


def test_a_stderr_that_the_shell_closed(maillog: Path, tmp_path: Path) -> None:
    """``2>&-``: the answer is the same, and of what is wrong the exit code tells."""
    assert without("2>&-", "rejects", maillog) == without("", "rejects", maillog)
    assert without("2>&-", "rejects", tmp_path / "none.log") == (ExitCode.NOTHING_READ, "", "")
    assert without("2>&-", "rejects", "--no-such-option") == (ExitCode.USAGE, "", "")
    assert without("2>&- >&-", "rejects", maillog) == (ExitCode.OUTPUT_ERROR, "", "")


def test_a_stdin_that_the_shell_closed(maillog: Path) -> None:
    """``logtune ... - <&-`` says that there is nothing to read; without ``-`` stdin is not missed."""
    advice = "  name a file, or send the log through a pipe\n"
    assert without("<&-", "rejects", "-") == (ExitCode.NOTHING_READ, "", f"logtune: -: stdin is closed.\n{advice}")
    assert without("<&-", "watch", "--once", "-") == (ExitCode.NOTHING_READ, "", "logtune: stdin: it is closed.\n")
    assert without("<&-", "rejects", maillog) == without("", "rejects", maillog)


@pytest.mark.parametrize(
    "command", [["parse"], ["report"], ["report", "--format", "json"], ["watch", "--once"], ["report", "--help"]]
)
def test_a_full_disk_is_told(command: list[str], maillog: Path) -> None:
    """What cannot be written is an error, never a short answer with exit code 0."""
    with Path("/dev/full").open("wb") as full, start(*command, str(maillog), stdout=full) as program:
        assert program.stderr is not None
        said = program.stderr.read().decode()
    assert program.returncode == ExitCode.OUTPUT_ERROR
    assert said == "logtune: cannot write stdout: no space left on device.\n"


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGTERM, ExitCode.TERMINATED), (signal.SIGINT, ExitCode.INTERRUPTED)]
)
def test_a_signal_leaves_no_half_file(long_log: Path, tmp_path: Path, sent: signal.Signals, code: ExitCode) -> None:
    """SIGTERM and Ctrl-C while a file is written: the exit code says so, the old file is whole, no draft is left."""
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "rows.jsonl"
    target.write_text("old")
    with start("parse", str(long_log), "--output", str(target)) as program:
        deadline = time.monotonic() + 60
        while len(list(folder.iterdir())) == 1 and time.monotonic() < deadline and program.poll() is None:
            time.sleep(0.002)
        program.send_signal(sent)
        assert program.stderr is not None
        assert b"Traceback" not in program.stderr.read()
    assert program.returncode == code
    assert [path.name for path in folder.iterdir()] == ["rows.jsonl"]
    assert target.read_text() == "old"


def test_a_core_that_does_not_exist_is_a_usage_error() -> None:
    """LOGTUNE_CORE names a core; another word is told, with what can be done."""
    done = subprocess.run(
        [*PROGRAM, "report", "mail.log"],
        capture_output=True,
        text=True,
        env={**os.environ, "LOGTUNE_CORE": "fast"},
        check=False,
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == (
        "logtune: LOGTUNE_CORE is 'fast'; it can be native or reference.\n"
        "  Unset LOGTUNE_CORE, or install logtune where cargo is.\n"
    )
