"""Where answers go: stdout, or a file that appears whole or not at all.

A file is written beside its place under a temporary name, flushed to disk and renamed; whatever goes wrong before
that leaves the old file as it was and removes the new one. Errors of writing end with exit code ``output_error``.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from typing import BinaryIO, TextIO

from logtune.cli.errors import Failure, OutputClosed, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.streams import STDOUT


@contextmanager
def closing_quietly() -> Iterator[None]:
    """Turn the broken pipe of a reader that went away into ``OutputClosed``."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise OutputClosed from error
        raise


@contextmanager
def telling_of_stdout() -> Iterator[None]:
    """End with exit code ``output_error`` where stdout could not be written, whoever wrote to it."""
    try:
        with closing_quietly():
            yield
    except OSError as error:
        if error.filename != STDOUT:
            raise
        with _told_as_output_error(STDOUT):
            raise


@contextmanager
def text_output(path: str | None) -> Iterator[TextIO]:
    """Stdout, or *path* as UTF-8 text, complete when the block ends well."""
    if path is None:
        with _told_as_output_error(STDOUT):
            yield sys.stdout
            sys.stdout.flush()
        return
    with binary_output(path) as raw:
        # what is not valid Unicode (a file name of other bytes) is shown as \udcXX rather than ending the answer
        text = TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)
        yield text
        text.flush()
        text.detach()


@contextmanager
def binary_output(path: str | None) -> Iterator[BinaryIO]:
    """Stdout's bytes, or the file *path*, complete when the block ends well."""
    if path is None:
        with _told_as_output_error(STDOUT):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    with whole_files([path]) as files:
        yield files[0]


@contextmanager
def whole_files(paths: Sequence[str]) -> Iterator[list[BinaryIO]]:
    """Open *paths* for writing; all appear under their names when the block ends well, else none does."""
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(_told_as_output_error(path))
        drafts = [_Draft(path) for path in paths]
        for draft in drafts:
            stack.callback(draft.discard)  # before it is there: a signal may come right behind open()
            draft.open()
        yield [draft.file for draft in drafts]
        for draft in drafts:
            draft.finish()
        for draft in drafts:
            draft.publish()


class _Draft:
    """A file under a temporary name beside its place; discarded at the end unless published."""

    file: BinaryIO

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)  # a link stays a link: what it points to is replaced
        self.direct = os.path.exists(self.path) and not os.path.isfile(self.path)  # a device or a FIFO
        self.name = self.path if self.direct else f"{self.path}.{os.urandom(4).hex()}.part"

    def open(self) -> None:
        self.file = open(self.name, "wb" if self.direct else "xb")  # noqa: SIM115 - closed by finish or discard
        if not self.direct:
            with suppress(FileNotFoundError):
                os.fchmod(self.file.fileno(), stat.S_IMODE(os.stat(self.path).st_mode))

    def finish(self) -> None:
        self.file.flush()
        if not self.direct:
            os.fsync(self.file.fileno())
        self.file.close()

    def publish(self) -> None:
        if not self.direct:
            os.replace(self.name, self.path)

    def discard(self) -> None:
        try:
            with suppress(OSError, AttributeError):  # no file where open() failed
                self.file.close()
        finally:
            if not self.direct:
                with suppress(FileNotFoundError):
                    os.unlink(self.name)


@contextmanager
def _told_as_output_error(name: str) -> Iterator[None]:
    try:
        with closing_quietly():
            yield
    except OSError as error:
        # EBADF: closed by the shell (>&-)
        reason = "it is closed" if error.errno == errno.EBADF else (error.strerror or str(error)).lower()
        raise Failure(f"cannot write {name}: {reason}.", code=ExitCode.OUTPUT_ERROR) from error


def check_output(path: str | None, inputs: Sequence[str] = ()) -> None:
    """Refuse an output that cannot work before minutes go into reading: no directory, or one of the *inputs*."""
    if path is None:
        return
    if os.path.isdir(path):
        usage_error(f"--output {path} is a directory; a file name is expected.")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise Failure(f"cannot write {path}: there is no directory {folder}.", code=ExitCode.OUTPUT_ERROR)
    for given in inputs:
        if os.path.exists(path) and os.path.exists(given) and os.path.samefile(path, given):
            usage_error(f"--output {path} is one of the logs to read; logtune never writes to a log.")
