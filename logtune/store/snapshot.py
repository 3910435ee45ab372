"""What a reader sees: the rows of one generation of a store, of the days and hosts that are asked for.

Sessions and messages come whole: rows of later days that belong to what began on the days asked for are looked up by
their ids; parts that have none are not opened. What began before the days asked for is left out by ``tables.choose``,
to which a session or message without its first line belongs to no time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.spill import Room, Store, Stored
from logtune.store import catalogue, gaps, parts
from logtune.store.accounts import Key, total
from logtune.store.catalogue import Account, Catalogue, Gap, Known, Part
from logtune.store.errors import StoreError
from logtune.tables import Choice, choose

Ids = npt.NDArray[np.int64]
Change = Callable[[str, pa.RecordBatch, pa.RecordBatch], pa.RecordBatch]
"""(table, rows with all columns, the same rows with those that are wanted): these as they are to be shown."""
BATCH_ROWS = 1 << 17
TRIES = 3


@dataclass(frozen=True)
class Snapshot:
    """The rows chosen, and what the store knows of the sources they came from."""

    tables: Mapping[str, Stored]
    sources: Sequence[Known]
    accounts: Mapping[Key, Account]
    """Of the days that were touched."""
    zone: str
    """Zone that stamps without one were taken in."""
    zone_assumed: bool
    gaps: Sequence[Gap]
    """Where lines may be missing in the time asked for."""

    @property
    def account(self) -> Account:
        """All lines of the days that were touched."""
        return total(self.accounts) if self.accounts else Account()

    def of_source(self, rank: int) -> Account:
        """The lines of one source on those days."""
        own = {key: account for key, account in self.accounts.items() if key[0] == rank}
        return total(own) if own else Account()


def zone_of(folder: str) -> str:
    """Zone that the store *folder* was last written with; empty where it has none yet. Raises ``StoreError``."""
    with catalogue.reading(folder) as opened:
        return opened.meta("zone")


def load(
    folder: str,
    choice: Choice,
    hosts: Sequence[str],
    wanted: Mapping[str, pa.Schema],
    room: Room,
    change: Change | None = None,
) -> Snapshot:
    """The rows of the store *folder* that *choice* asks for, with the columns of *wanted*.

    *wanted* has the columns ``tables.CHOOSING`` unless everything is asked for. *change* is what all rows pass; those
    that it gives are what *choice* chooses from, while *hosts* are its hosts as the store has them. Raises
    ``StoreError``, ``SpillError``.
    """
    for attempt in range(TRIES):
        with catalogue.reading(folder) as opened:
            core, after = _parts(opened, choice, hosts, wanted)
            sources, accounts = opened.sources(), opened.accounts()
            zone, used = opened.meta("zone"), bool(opened.meta("zone_assumed"))
            found = gaps.inside(opened.gaps(), choice.since, choice.until)
        try:
            tables = _Loading(folder, core, after, choice, wanted, room, change).tables()
        except FileNotFoundError as error:  # replaced more than catalogue.GRACE ago, or by another hand
            if attempt == TRIES - 1:
                raise StoreError(f"the store {folder} lacks a part: {error.filename or error}") from error
        else:
            days = _days(choice)
            chosen = {key: a for key, a in accounts.items() if days is None or days[0] <= key[1] <= days[1]}
            ranks = {rank for rank, _ in chosen}
            return Snapshot(tables, [s for s in sources if s.rank in ranks], chosen, zone, used, found)
    raise AssertionError("the last try returns or raises")


def _days(choice: Choice) -> tuple[str, str] | None:
    """First and last UTC day (ISO) that *choice* touches; None for all."""
    if choice.since is None and choice.until is None:
        return None
    first = (choice.since or datetime.min).date().isoformat()
    last = ((choice.until or datetime.max) - timedelta(microseconds=1)).date().isoformat()
    return first, last


def _parts(
    opened: Catalogue, choice: Choice, hosts: Sequence[str], wanted: Mapping[str, pa.Schema]
) -> tuple[list[Part], list[Part]]:
    """Parts of the days asked for, and later ones with rows of sessions or messages that began before their end."""
    days = _days(choice)
    core = opened.parts() if days is None else opened.parts_of_days(*days)
    after = [] if days is None or not core else opened.parts_after(days[1], max(p.last for p in core))
    own = [[p for p in found if p.name in wanted and (not hosts or p.host in hosts)] for found in (core, after)]
    return own[0], own[1]


class _Loading:
    """Reads the rows of the parts *core* of the days asked for, and what belongs to them in the parts *after* these."""

    def __init__(
        self,
        folder: str,
        core: Sequence[Part],
        after: Sequence[Part],
        choice: Choice,
        wanted: Mapping[str, pa.Schema],
        room: Room,
        change: Change | None,
    ) -> None:
        self.folder, self.core, self.after = folder, core, after
        self.choice, self.wanted, self.room, self.change = choice, wanted, room, change
        # a change looks for what is in one column of a row in others, too
        self.read = wanted if change is None else {name: schema.arrow_schema(name) for name in wanted}

    def tables(self) -> Mapping[str, Stored]:
        later = self._reaching_out() if self.after else {}
        store = Store(self.wanted, self.room)
        for name in self.wanted:
            for table in self._in_order(name, later.get(name)):
                for batch in table.to_batches(BATCH_ROWS):
                    store.add({name: self._as_wanted(name, batch)})
        return choose(store.tables(), self.choice, self.room)

    def _as_wanted(self, name: str, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch if self.change is None else self.change(name, batch, batch.select(self.wanted[name].names))

    def _in_order(self, name: str, later: pa.Table | None) -> Iterator[pa.Table]:
        """Rows of one table in position order: those of its parts, and what belongs to them in other ones."""
        groups = list(parts.clusters([p for p in self.core if p.name == name]))
        for at, group in enumerate(groups):
            tables = [parts.read(self.folder, part, self.read[name]) for part in group]
            if later is not None:
                end = groups[at + 1][0].first if at + 1 < len(groups) else np.iinfo(np.int64).max
                tables.append(later.filter(pc.less(later["position"], end)))
                later = later.filter(pc.greater_equal(later["position"], end))
            yield parts.ordered(tables)
        if later is not None and later.num_rows:
            yield later

    def _reaching_out(self) -> dict[str, pa.Table]:
        """Rows of other days that belong to a session or message with rows on the days asked for."""
        ids = self._ids([(p, parts.read(self.folder, p, self._links(p))) for p in self.core])
        links = [(p, parts.read(self.folder, p, self._links(p))) for p in self.after]
        masks: list[npt.NDArray[np.bool_]] = []
        while True:
            masks = [_belonging(table, ids) for _, table in links]
            found = [(p, t.filter(pa.array(m))) for (p, t), m in zip(links, masks, strict=True) if m.any()]
            more = np.union1d(ids, self._ids(found))
            if len(more) == len(ids):
                break
            ids = more
        rows: dict[str, list[pa.Table]] = {}
        for (part, _), mask in zip(links, masks, strict=True):
            if mask.any():
                table = parts.read(self.folder, part, self.read[part.name])
                rows.setdefault(part.name, []).append(table.filter(pa.array(mask)))
        return {name: parts.ordered(tables) for name, tables in rows.items()}

    def _links(self, part: Part) -> pa.Schema:
        names = ("session", "message", *(["successor"] if part.name == "deliveries" else []))
        return pa.schema([(name, pa.int64()) for name in names])

    @staticmethod
    def _ids(tables: Sequence[tuple[Part, pa.Table]]) -> Ids:
        found = [_numbers(column) for _, table in tables for column in table.columns]
        ids = np.unique(np.concatenate([np.unique(f) for f in found])) if found else np.array([], dtype=np.int64)
        return ids[ids >= 0]


def _belonging(table: pa.Table, ids: Ids) -> npt.NDArray[np.bool_]:
    mask = np.zeros(table.num_rows, dtype=np.bool_)
    for column in table.columns:
        mask |= np.isin(_numbers(column), ids)
    return mask


def _numbers(column: Any) -> Ids:
    return np.asarray(pc.fill_null(column, -1), dtype=np.int64)
