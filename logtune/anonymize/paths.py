"""File names under pseudonyms: folders and files are often called after a host, a customer or a user.

What every mail server has stays (``/var/log/mail.log.2.gz``), and so do marks of rotation and endings; any other part
becomes the pseudonym that a host of that name has, so that the log of ``mx1`` is still seen to be that of ``mx1``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

KEPT_FOLDERS = frozenset(
    ["", ".", "..", "~", "var", "log", "logs", "mail", "postfix", "archive", "old", "tmp", "home", "srv", "opt", "mnt",
     "data", "etc", "usr", "lib", "share", "bin", "sbin", "local", "logtune", "root", "run", "dev", "proc"]
)  # fmt: skip
"""Of the Filesystem Hierarchy Standard, and those in which mail logs commonly lie."""

KEPT_FILES = frozenset(
    ["mail", "maillog", "postfix", "syslog", "messages", "stdin", "journal", "report", "logtune", "sendmail"]
)

# a mark of rotation or an ending: .1, -20260308, .log, .gz
_FILE = re.compile(
    r"(?P<stem>.+?)(?P<rest>(?:[-._]\d[\d_.:T-]*|\.(?:log|info|warn|err|txt|html|json|toml|gz|bz2|xz|zst|part))*)"
)
_WORD = re.compile(r"[^\s,;()'\"]+")


def hidden(path: str, name: Callable[[str], str]) -> str:
    """*path* with *name* applied to each part that says more than that it is a log."""
    folder, slash, file = path.rpartition("/")
    parts = [part if part in KEPT_FOLDERS else name(part) for part in folder.split("/")]
    return f"{'/'.join(parts)}{slash}{_hidden_file(file, name)}"


def _hidden_file(file: str, name: Callable[[str], str]) -> str:
    found = _FILE.fullmatch(file)
    if found is None or file in KEPT_FOLDERS or found["stem"] in KEPT_FILES:
        return file
    return f"{name(found['stem'])}{found['rest']}"


def in_text(text: str, name: Callable[[str], str], plain: Callable[[str], str]) -> str:
    """A message of the program: file names as ``hidden`` has them, *plain* for all other words."""

    def replaced(match: re.Match[str]) -> str:
        word = match[0].rstrip(".:")
        file = _FILE.fullmatch(word)
        is_path = "/" in word or (file is not None and file["rest"] and file["stem"] in KEPT_FILES)
        return (hidden(word, name) if is_path else plain(word)) + match[0][len(word) :]

    return _WORD.sub(replaced, text)
