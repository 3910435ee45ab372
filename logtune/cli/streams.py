"""stdin, stdout and stderr as the program finds them: some may be closed, and a locale cannot show every character."""

from __future__ import annotations

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, TextIO, cast

STDOUT = "stdout"
"""File name that errors of writing to stdout carry."""


def prepare_streams() -> None:
    """Put something in the place of closed streams, and have errors of stdout carry its name.

    The shell closes a stream with ``<&-``, ``>&-`` and ``2>&-``, and Python then has None in its place. What stands
    in is the null device opened the wrong way round, as stdopen() of gnulib does it: reading and writing fail as they
    do with the closed stream, and no log or output file gets the number of a standard stream, to which a library or
    a child process may write. The streams are taken in the order of their numbers, for open() gives the lowest free.
    """
    if sys.stdin is None:
        sys.stdin = _null(os.O_WRONLY, "r")
    if sys.stdout is None:
        sys.stdout = _null(os.O_RDONLY, "w")
    if sys.stderr is None:
        sys.stderr = _null(os.O_RDONLY, "w")
    sys.stdout = _shown(_Stdout(sys.stdout.fileno(), "w", closefd=False), sys.stdout)
    sys.stderr.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # typed as any TextIO


def _null(flags: int, mode: str) -> TextIO:
    """The null device; open as long as the program runs."""
    return cast(TextIO, open(os.open(os.devnull, flags), mode))


class _Stdout(FileIO):
    """Bytes to stdout: an error is told from those of files, whoever wrote."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STDOUT
            raise


def _shown(raw: FileIO, like: TextIO) -> TextIOWrapper:
    """Text to *raw* as to *like*, but a character that the locale cannot show does not end the answer."""
    return TextIOWrapper(
        BufferedWriter(raw), like.encoding, "backslashreplace", line_buffering=getattr(like, "line_buffering", False)
    )
