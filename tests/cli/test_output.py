"""Output files appear whole or not at all, and never in place of a log."""

from __future__ import annotations

import os
import stat
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from logtune.cli import output
from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """What was written is there, in UTF-8, and nothing else is left."""
    with output.text_output(str(tmp_path / "out")) as out:
        out.write("größe\n")
        assert names(tmp_path) != ["out"]
    assert (tmp_path / "out").read_bytes() == "größe\n".encode()
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("end", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_breaks_leaves_the_old_file(tmp_path: Path, end: type[BaseException]) -> None:
    """An error, Ctrl-C or SIGTERM in the middle leaves the old file and no half-written one."""
    target = tmp_path / "out"
    target.write_text("old")
    with pytest.raises(end), output.text_output(str(target)) as out:
        out.write("new")
        raise end
    assert target.read_text() == "old"
    assert names(tmp_path) == ["out"]


class _Signal(BaseException):
    """What a signal's handler raises, between any two instructions of the program."""


def _write_until(stop: int, folder: Path) -> bool:
    """Write two files, with a signal at instruction *stop* of output.py; whether the writing came to its end."""
    left = count(stop, -1)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != output.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(left) == 0:
            raise _Signal
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with output.whole_files([str(folder / "a"), str(folder / "b")]) as files:
            for file in files:
                file.write(b"new")
    except _Signal:
        return False
    finally:
        sys.settrace(before)
    return True


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a file not yet held by a name
def test_a_signal_at_any_instruction_leaves_no_draft(tmp_path: Path) -> None:
    """Wherever the one signal comes, what stands there afterwards is whole, and nothing else does."""
    for stop in count():
        folder = tmp_path / str(stop)
        folder.mkdir()
        (folder / "a").write_text("old")
        ended = _write_until(stop, folder)
        left = {path.name: path.read_text() for path in folder.iterdir()}
        assert left in ({"a": "old"}, {"a": "new"}, {"a": "new", "b": "new"}), stop
        if ended:
            break
    assert stop > 200  # the trace saw the writing


def test_several_files_appear_together(tmp_path: Path) -> None:
    """Of several files none appears before all are written."""
    with pytest.raises(ValueError), output.whole_files([str(tmp_path / "a"), str(tmp_path / "b")]) as files:
        files[0].write(b"1")
        raise ValueError
    assert names(tmp_path) == []


def test_mode_and_link_are_kept(tmp_path: Path) -> None:
    """The file that is replaced keeps its mode; a link stays a link."""
    target = tmp_path / "real"
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to(target)
    with output.text_output(str(tmp_path / "link")) as out:
        out.write("new")
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_device_is_written_to(tmp_path: Path) -> None:
    """/dev/null and FIFOs are written to, not replaced."""
    with output.text_output(os.devnull) as out:
        out.write("gone")
    assert not os.path.isfile(os.devnull)


@pytest.mark.parametrize("path", ["missing/out", "file/out", "/dev/full"])
def test_what_cannot_be_written_has_its_exit_code(tmp_path: Path, path: str) -> None:
    """No directory, no space: output_error, in words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot write") as caught, output.text_output(str(tmp_path / path)) as out:
        out.write("x" * 100_000)
    assert caught.value.code is ExitCode.OUTPUT_ERROR


def test_a_log_is_never_written_to(tmp_path: Path) -> None:
    """--output must not be one of the logs, under whatever name."""
    log = tmp_path / "mail.log"
    log.write_text("line\n")
    (tmp_path / "other").hardlink_to(log)
    with pytest.raises(Failure, match="one of the logs") as caught:
        output.check_output(str(tmp_path / "other"), [str(log)])
    assert caught.value.code is ExitCode.USAGE
    assert log.read_text() == "line\n"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """--output DIR is told before anything is read."""
    with pytest.raises(Failure, match="is a directory"):
        output.check_output(str(tmp_path))
