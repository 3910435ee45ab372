"""The bar while logs are read: on stderr, only where that is a terminal, gone when reading ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int | None], None]
"""Gets bytes read so far and in all, as they lie on disk; None where the size is not known (stdin)."""


@contextmanager
def progress_bar(wanted: bool) -> Iterator[Advance | None]:
    """A callback for ``api.read``, or None where no bar is to be shown."""
    if not (wanted and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("  reading"),
        BarColumn(24),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)

        def advance(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        yield advance
