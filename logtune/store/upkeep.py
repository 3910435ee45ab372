"""``logtune store info``, ``prune`` and ``compact``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta

from logtune import schema
from logtune.store import catalogue, lock, migrate, parts
from logtune.store.accounts import total
from logtune.store.catalogue import Account, Catalogue, Commit, Part
from logtune.store.errors import StoreError, StoreWriteError


@dataclass(frozen=True)
class Info:
    """What a store holds."""

    folder: str
    version: int
    generation: int
    first_day: str | None
    last_day: str | None
    """UTC days."""
    hosts: Sequence[str]
    rows: dict[str, int]
    """By table."""
    parts: int
    bytes: int
    """Of all parts."""
    sources: Sequence[tuple[int, str, int, str | None]]
    """Rank, name, bytes reached, problem."""
    account: Account


def info(folder: str, wait: float = 0.0) -> Info:
    """What the store *folder* holds; one of an earlier version is brought to the present one. Raises ``StoreError``."""
    _bring_up_to_date(folder, wait)
    with catalogue.reading(folder) as opened:
        valid, accounts = opened.parts(), opened.accounts()
        days = sorted({p.day for p in valid})
        rows = {name: sum(p.rows for p in valid if p.name == name) for name in schema.TABLES}
        return Info(
            folder, int(opened.meta("version")), opened.generation,
            days[0] if days else None, days[-1] if days else None,
            sorted({p.host for p in valid}), rows, len(valid), sum(p.bytes for p in valid),
            [(s.rank, s.name, s.reached, s.problem) for s in opened.sources()],
            total(accounts) if accounts else Account(),
        )  # fmt: skip


def _bring_up_to_date(folder: str, wait: float) -> None:
    if catalogue.version(folder) >= migrate.VERSION:
        return
    # who may not write sees it as if it were
    with contextlib.suppress(StoreWriteError), lock.writing(folder, wait), catalogue.writing(folder):
        return


@contextlib.contextmanager
def _writing(folder: str, wait: float) -> Iterator[Catalogue]:
    if not os.path.isfile(os.path.join(folder, catalogue.NAME)):
        raise StoreError(f"{folder} is no store: it has no {catalogue.NAME}")
    with ExitStack() as stack:
        stack.enter_context(lock.writing(folder, wait))
        yield stack.enter_context(catalogue.writing(folder))


def prune(folder: str, keep_days: int, today: date, wait: float = 0.0) -> tuple[int, int]:
    """Drop the rows of UTC days more than *keep_days* before *today*; gives (rows, bytes). Raises ``StoreError``.

    Files are taken away at once: who reads the store at this moment and finds one gone looks again. What sources are
    recognised by stays, so that no old file comes in anew.
    """
    first = (today - timedelta(days=keep_days)).isoformat()
    with _writing(folder, wait) as opened:
        old = [p for p in opened.parts() if p.day < first]
        opened.commit(Commit(dropped=[p.file for p in old], forgotten=first))
        opened.sweep(grace=0, thorough=True)
    return sum(p.rows for p in old), sum(p.bytes for p in old)


def compact(folder: str, wait: float = 0.0) -> tuple[int, int]:
    """Make one part of all of a table, host and day; gives how many parts became how many. Raises ``StoreError``.

    What was replaced is taken away an hour later, by the next writer: readers may have it open.
    """
    before = after = 0
    with _writing(folder, wait) as opened:
        opened.sweep(thorough=True)
        groups: dict[tuple[str, str, str], list[Part]] = {}
        for part in opened.parts():
            groups.setdefault((part.name, part.host, part.day), []).append(part)
        with catalogue.unfinished(folder):
            for (name, _, _), group in groups.items():
                before, after = before + len(group), after + 1
                if len(group) > 1:
                    _merge(opened, name, group)
    return before, after


def _merge(opened: Catalogue, name: str, group: Sequence[Part]) -> None:
    whole = parts.ordered([parts.read(opened.folder, p, schema.arrow_schema(name)) for p in group])
    made = [parts.write_one(opened.folder, name, group[0].host, group[0].day, whole)]
    try:
        opened.commit(Commit(made, [p.file for p in group]))
    except BaseException:
        parts.remove(opened.folder, made)
        raise
