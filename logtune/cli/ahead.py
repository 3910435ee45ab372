"""Imports beside the work: while the native core and DuckDB work, without the interpreter's lock, Python can import."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread, current_thread, main_thread
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


def import_for_arrow() -> None:
    """Import what Arrow imports when it first makes a value of a Python one (InitPandasStaticData and ImportModule in
    arrow/python/helpers.cc, dateutil for intervals): it drops what is raised meanwhile, and with it a signal."""
    import pyarrow as pa

    with signals_held():
        pa.scalar(0)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let SIGINT and SIGTERM wait until the block has ended; another thread than the main one never meets them."""
    held: list[int] = []
    ending = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    handlers = {sent: signal.signal(sent, lambda sent, _: held.append(sent)) for sent in ending}
    try:
        yield
    finally:
        for sent, handler in handlers.items():
            signal.signal(sent, handler)
        for number in held:
            signal.raise_signal(number)


def make_relations(log: MailLog) -> None:
    """Make the relations of *log* beside the rest of the imports, for which the first question would wait."""
    _ = log.tables.con


def collect_seldom() -> None:
    """Let Python look for garbage less often."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def compute_in_one_thread() -> None:
    """Keep numpy from starting threads for linear algebra, which nothing here does: 60 ms of each command."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
