"""Line accounts by source and UTC day: what ``Coverage`` of a question about some days is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.parse import Counts
from logtune.store.catalogue import Account
from logtune.store.parts import NO_DAY, days_of, iso

Key = tuple[int, str]


@dataclass
class Accounts:
    """Collects what the blocks of a segment hold."""

    by_day: dict[Key, Account] = field(default_factory=dict)
    _last_day: dict[int, str] = field(default_factory=dict)

    def take(
        self, rank: int, size: int, counts: Counts, rows: Mapping[str, pa.RecordBatch], signs: tuple[int, int, int, int]
    ) -> None:
        """A block of *size* bytes; *signs*: lines without a stamp and back in time, unclosed and uncounted sessions.

        Rows count on their day; what has none (blank lines, signs of loss) on that of the block's last row.
        """
        rest = counts
        latest = -1
        for name, batch in rows.items():
            if not batch.num_rows:
                continue
            days = days_of(batch.column("ts"))
            for day, number in zip(*np.unique(days, return_counts=True), strict=True):
                rest = self._rows(rank, iso(int(day)), name, int(number), rest)
            if name == "unrecognised":
                rest = self._not_postfix(rank, days, batch, rest)
            position = batch.column("position")[-1].as_py()
            if position > latest:
                latest, self._last_day[rank] = position, iso(int(days[-1]))
        self._end(rank, size, rest, rows.get("notices"), signs)

    def _rows(self, rank: int, day: str, name: str, number: int, rest: Counts) -> Counts:
        account = self._of(rank, day)
        if name == "unrecognised":
            account.unrecognised += number
            return rest + Counts(unrecognised=-number)
        account.recognised += number
        return rest + Counts(recognised=-number)

    def _not_postfix(self, rank: int, days: np.ndarray, batch: pa.RecordBatch, rest: Counts) -> Counts:
        foreign = np.asarray(pc.equal(batch.column("why").cast(pa.string()), schema.NOT_POSTFIX), dtype=np.bool_)
        for day, number in zip(*np.unique(days[foreign], return_counts=True), strict=True):
            self._of(rank, iso(int(day))).not_postfix += int(number)
        return rest + Counts(not_postfix=-int(foreign.sum()))

    def _end(
        self, rank: int, size: int, rest: Counts, notices: pa.RecordBatch | None, signs: tuple[int, int, int, int]
    ) -> None:
        account = self._of(rank, self._last_day.get(rank, NO_DAY))
        account.recognised += rest.recognised
        account.unrecognised += rest.unrecognised
        account.not_postfix += rest.not_postfix
        account.blank += rest.blank
        account.bytes += size
        account.no_stamp += signs[0]
        account.backwards += signs[1]
        account.unclosed += signs[2]
        account.uncounted += signs[3]
        if notices is not None:
            lost = notices.filter(pc.fill_null(pc.equal(notices.column("kind").cast(pa.string()), "log_loss"), False))
            account.loss_notes += lost.num_rows
            account.loss_lines += pc.sum(pc.fill_null(lost.column("value"), 1)).as_py() or 0

    def _of(self, rank: int, day: str) -> Account:
        return self.by_day.setdefault((rank, day), Account())


def total(accounts: Mapping[Key, Account]) -> Account:
    """All of *accounts* together."""
    return Account(*(sum(column) for column in zip(*(astuple(a) for a in accounts.values()), strict=True)))
