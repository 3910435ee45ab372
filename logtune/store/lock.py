"""One writer at a time: a lock of the kernel on a file of the store, which vanishes with the process that holds it.

flock(2) is used, not a file with a process id: a kill leaves nothing behind that would have to be judged.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from logtune.store.errors import StoreBusy, StoreError, told

NAME = "lock"
STEP = 0.1
"""Seconds between tries."""
LEAST_WAIT = 1.0
"""Seconds that a writer waits even where it was not asked to: ``quiet`` holds the lock for milliseconds."""


@contextlib.contextmanager
def writing(folder: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of the store *folder*; wait up to *wait* seconds for it.

    Raises ``StoreBusy`` where another process keeps it longer, ``StoreWriteError`` where its file cannot be made.
    """
    with told(folder):
        fd = os.open(os.path.join(folder, NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _take(fd, folder, max(wait, LEAST_WAIT))
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def quiet(folder: str) -> Iterator[bool]:
    """Keep writers of the store *folder* away for a moment; False where one is at work. Raises ``StoreError``."""
    try:
        fd = os.open(os.path.join(folder, NAME), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"cannot open {folder}/{NAME}: {(error.strerror or str(error)).lower()}") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)


def _take(fd: int, folder: str, wait: float) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise StoreBusy(f"another logtune writes to the store {folder}") from None
            time.sleep(STEP)
        else:
            return
