"""A directory of files that appears whole or not at all, and replaces nobody else's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence

from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode

_BEGIN = "Files of this directory: "


def with_manifest(files: Mapping[str, str], main: str) -> dict[str, str]:
    """*files*, where *main* ends with the names of them all, so that a later run knows what it may replace."""
    return {**files, main: f"{files[main]}{_BEGIN}{' '.join(sorted(files))}\n"}


def check_folder(path: str, main: str) -> None:
    """Refuse, before minutes go into reading, a *path* that is no directory or holds what no earlier run wrote."""
    if not os.path.lexists(path):
        parent = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(parent):
            raise _failure(f"cannot write {path}: there is no directory {parent}.")
        return
    if os.path.islink(path) or not os.path.isdir(path):
        raise _failure(f"--output {path} is no directory.", "Name one that does not exist yet.")
    foreign = sorted(set(_names(path)) - set(_manifest(os.path.join(path, main))))
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise _failure(
            f"--output {path} holds {foreign[0]}{more}, which no plan wrote there.",
            "Name a directory that does not exist yet.",
        )


def write_folder(path: str, files: Mapping[str, str], main: str) -> None:
    """Write *files* into the directory *path*, all or none; an earlier plan there is replaced."""
    check_folder(path, main)
    whole = with_manifest(files, main)
    path = os.path.abspath(path)
    token = os.urandom(6).hex()
    draft, old = f"{path}.{token}.new", f"{path}.{token}.old"
    try:
        os.mkdir(draft)
        for name, text in whole.items():
            _write(os.path.join(draft, name), text)
        if os.path.isdir(path):
            os.rename(path, old)
        os.rename(draft, path)
    except OSError as error:
        raise _failure(f"cannot write {path}: {(error.strerror or str(error)).lower()}.") from error
    finally:
        _tidy(draft, old, path)


def _write(path: str, text: str) -> None:
    with open(path, "x", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _tidy(draft: str, old: str, path: str) -> None:
    """Take away what is left of drafts; where the new directory did not come to its place the old one returns."""
    if os.path.isdir(old) and not os.path.isdir(path):
        os.rename(old, path)
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)


def _names(path: str) -> Sequence[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        raise _failure(f"cannot read {path}: {(error.strerror or str(error)).lower()}.") from error


def _manifest(path: str) -> Sequence[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            last = file.read().rstrip("\n").rpartition("\n")[2]
    except OSError:  # no plan was written there
        return ()
    return last.removeprefix(_BEGIN).split() if last.startswith(_BEGIN) else ()


def _failure(message: str, *advice: str) -> Failure:
    return Failure(message, *advice, code=ExitCode.OUTPUT_ERROR)
