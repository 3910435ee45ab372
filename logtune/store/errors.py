"""What can be wrong with a store."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


class StoreError(Exception):
    """A directory cannot be used as a store; the text says which, why and what to do."""


class StoreBusy(StoreError):
    """Another process writes to the store."""


class StoreWriteError(StoreError):
    """No space, no permission: nothing of the running segment counts, the store is as it was before it."""


@contextlib.contextmanager
def told(folder: str) -> Iterator[None]:
    """Tell errors of files and catalogue as ``StoreWriteError``."""
    import sqlite3  # here: every command knows these errors, few have a catalogue

    try:
        yield
    except OSError as error:
        # the text of Arrow's errors tells of its calls, not of the disk
        reason = (os.strerror(error.errno) if error.errno else str(error)).lower()
        raise StoreWriteError(f"cannot write to the store {folder}: {reason}") from error
    except sqlite3.Error as error:
        raise StoreWriteError(f"cannot write to the catalogue of the store {folder}: {error}") from error
