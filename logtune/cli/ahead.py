"""Imports beside the work: while the native core and DuckDB work, without the interpreter's lock, Python can import."""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logtune.api import MailLog

OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""What imports make is no garbage, and looking through it again and again takes 5 % of the time of a small log."""


def import_ahead() -> None:
    """Begin to import what a report needs after its log is read: a fifth of the time of a small one.

    The program does not end before that: a thread that is left while it loads a library can take the process down.
    """
    from logtune import api  # noqa: F401  # first and here: two threads that need the same would wait for each other

    Thread(target=_import, name="imports").start()


def _import() -> None:
    with suppress(ImportError):  # it comes again where it is needed, and is told there
        from logtune import database

        database.open_ahead()
        from logtune.analyses import organisations, views  # noqa: F401  # all for those who import it later
        from logtune.render import terminal  # noqa: F401

        organisations.load()


def make_relations(log: MailLog) -> None:
    """Make the relations of *log* beside the rest of the imports, for which the first question would wait."""
    _ = log.tables.con


def collect_seldom() -> None:
    """Let Python look for garbage less often."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def compute_in_one_thread() -> None:
    """Keep numpy from starting threads for linear algebra, which nothing here does: 60 ms of each command."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
