"""What the user gives (files, globs, directories, ``-``) to the files to open, each once.

A file of exactly that name wins over a glob. A directory is not searched below its first level: where it holds logs of
the usual names (and what was rotated away from them), these are taken and nothing else, since /var/log/syslog and
mail.warn repeat lines of mail.log; else every file whose beginning looks like a Postfix log.
"""

from __future__ import annotations

import errno
import glob
import grp
import os
import shlex
import stat
from collections.abc import Callable, Iterable

from logtune.sources.model import Problem
from logtune.sources.names import NEARLY_WHOLE, PARTIAL_LOGS, WHOLE_LOGS, parse_name

STDIN = "-"
SHOWN = 5  # names in one note
SYSTEM_LOGS = ("mail.log", "maillog", "mail")

LooksLikeLog = Callable[[str], bool]


def default_paths(directory: str = "/var/log") -> list[str]:
    """The system's mail log in *directory* with its rotated files, [] if there is none: mail.log (Debian), maillog (Red
    Hat, FreeBSD), mail (SUSE); all of these that exist, mail.info only in their stead. Only names are looked at."""
    try:
        with os.scandir(directory) as entries:
            names = sorted(entry.name for entry in entries if not entry.is_dir())
    except OSError:
        return []
    for bases in (SYSTEM_LOGS, NEARLY_WHOLE):
        if found := [os.path.join(directory, name) for name in names if parse_name(name).base in bases]:
            return found
    return []


def expand(paths: Iterable[str], looks_like_log: LooksLikeLog) -> tuple[list[str], list[Problem]]:
    """(files to open, ``-`` for stdin; problems). The same file under several names comes once, silently."""
    files: list[str] = []
    problems: list[Problem] = []
    for path in paths:
        found, wrong = _expand(path, looks_like_log)
        files += found
        problems += wrong
    return _once(files), problems + _partial(files)


def _expand(path: str, looks_like_log: LooksLikeLog) -> tuple[list[str], list[Problem]]:
    if path == STDIN:
        return [STDIN], []
    path = path if os.path.lexists(path) else os.path.expanduser(path)
    if os.path.isdir(path):
        return _directory(path, looks_like_log)
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path], []
    matched = sorted(glob.glob(path, recursive=True))
    if not matched:
        return [], [Problem(path, "no file matches", _see(path))]
    return [name for name in matched if not os.path.isdir(name)] or matched, []


def _directory(path: str, looks_like_log: LooksLikeLog) -> tuple[list[str], list[Problem]]:
    try:
        with os.scandir(path) as unsorted:
            entries = sorted(unsorted, key=lambda entry: entry.name)
    except OSError as error:
        return [], [unreadable(path, error)]
    names = [entry.name for entry in entries if entry.is_file()]
    wanted = _usual(names) or [name for name in names if looks_like_log(os.path.join(path, name))]
    skipped = [entry.name + ("/" if entry.is_dir() else "") for entry in entries if entry.name not in wanted]
    if not wanted:
        return [], [_no_logs(path, skipped)]
    files = [os.path.join(path, name) for name in wanted]
    if not skipped:
        return files, []
    return files, [Problem(path, f"left out what is no mail log, or only a part of one: {_some(skipped)}",
                           "name a file to have it read", harmless=True)]  # fmt: skip


def _usual(names: list[str]) -> list[str]:
    for bases in (WHOLE_LOGS, NEARLY_WHOLE):
        if any(parse_name(name).base in bases for name in names):
            return [name for name in names if parse_name(name).base in bases]
    return []


def _no_logs(path: str, skipped: list[str]) -> Problem:
    if not skipped:
        return Problem(path, "the directory is empty")
    folders = any(name.endswith("/") for name in skipped)
    advice = f"directories below are not searched; give them, or a glob: '{path.rstrip('/')}/*/mail.log*'"
    return Problem(path, f"no mail log in this directory: {_some(skipped)}", advice if folders else "")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def identity(status: os.stat_result) -> tuple[int, int] | None:
    """What makes two paths the same file; None where nothing does (terminals and other devices)."""
    return None if stat.S_ISCHR(status.st_mode) else (status.st_dev, status.st_ino)


def _once(files: Iterable[str]) -> list[str]:
    seen: set[object] = set()
    kept: list[str] = []
    for path in files:
        try:
            key: object = identity(os.fstat(0) if path == STDIN else os.stat(path)) or path
        except OSError:
            key = path
        if key not in seen and path not in seen:
            kept.append(path)
        seen |= {key, path}
    return kept


def _partial(files: Iterable[str]) -> list[Problem]:
    """A shell's ``mail*`` takes mail.warn and mail.err too, whose lines are in mail.log as well."""
    logs = {(os.path.dirname(path), parse_name(os.path.basename(path)).base) for path in files}
    whole = {folder: base for folder, base in logs if base in WHOLE_LOGS}
    return [
        Problem(os.path.join(folder, base), f"usually repeats lines of {whole[folder]}, which is read too",
                "leave it out if they count twice", harmless=True)
        for folder, base in sorted(logs)
        if folder in whole and base in (*PARTIAL_LOGS, *NEARLY_WHOLE)
    ]  # fmt: skip


def _see(path: str) -> str:
    return f"see what is there: ls -l {shlex.quote(os.path.dirname(path) or '.')}"


def unreadable(path: str, error: OSError) -> Problem:
    """The problem for a path that cannot be opened or listed, with what to do."""
    reason = (error.strerror or str(error)).lower()
    if isinstance(error, FileNotFoundError):
        link = "it is a symbolic link to nothing" if os.path.islink(path) else ""
        return Problem(path, "there is no such file", link or _see(path))
    if isinstance(error, PermissionError):
        return Problem(path, reason, _permission_advice(path))
    if error.errno == errno.EBADF:  # by the shell: <&-
        return Problem(path, "stdin is closed", "name a file, or send the log through a pipe")
    if error.errno == errno.ENXIO:
        return Problem(path, "this is a socket or a device that cannot be read", "give a file")
    return Problem(path, reason)


def _permission_advice(path: str) -> str:
    group = _reading_group(path) or "adm"
    join = f"sudo usermod -aG {shlex.quote(group)} $USER"
    return f"run it with sudo, or join the group that may read mail logs: {join}, then log in again"


def _reading_group(path: str) -> str | None:
    """Group that may read *path*: adm on Debian; None where it is root's or unknown."""
    try:
        status = os.stat(path)
        name = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return None
    return name if status.st_mode & stat.S_IRGRP and status.st_gid != 0 else None
