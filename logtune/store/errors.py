"""What can be wrong with a store."""

from __future__ import annotations

import contextlib
import sqlite3
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
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StoreWriteError(f"cannot write to the store {folder}: {reason}") from error
    except sqlite3.Error as error:
        raise StoreWriteError(f"cannot write to the catalogue of the store {folder}: {error}") from error
