"""A log that is followed: from new lines to counters and events, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa

from logtune import schema
from logtune.analyses.live import Event, Live
from logtune.anonymize.rows import Anonymizer
from logtune.classify import Classifier
from logtune.clock import Clock
from logtune.config import Config
from logtune.parse import parse_block
from logtune.sources import journal
from logtune.sources.follow import Following, Gap, pieces

COLUMN = "restriction"


@dataclass
class Watching:
    """Follows *followers*; ``step`` reads what came, ``live`` has counted it."""

    followers: list[Following]
    settings: Config
    zone: ZoneInfo
    year: int | None = None
    anonymizer: Anonymizer | None = None
    live: Live = field(default_factory=Live)

    def __post_init__(self) -> None:
        self._clocks = [Clock(self.zone, self.year) for _ in self.followers]
        self._classifier = Classifier(self.settings.texts)
        self._read = [0] * len(self.followers)
        self._journal: dict[int, bool] = {}
        """Number of a follower to whether it gives entries of the journal, by its first line."""

    @property
    def names(self) -> list[str]:
        """What is followed, as it may be shown."""
        shown = str if self.anonymizer is None else self.anonymizer.source
        return [shown(follower.name) for follower in self.followers]

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more: all are streams that ended."""
        return all(follower.ended for follower in self.followers)

    def step(self) -> list[Event] | None:
        """Events of what came since; None where nothing did. Raises ``OSError`` for a file that cannot be read."""
        events: list[Event] = []
        came = False
        for number, _, data in pieces(self.followers):
            came = True
            events += self._take(number, data)
        gaps = [self.live.gap(self._gap(gap)) for follower in self.followers for gap in follower.gaps()]
        return events + gaps if came or gaps else None

    def _gap(self, gap: Gap) -> Event:
        name = gap.name if self.anonymizer is None else self.anonymizer.source(gap.name)
        how = "was copied and truncated; lines that came between may be missing"
        if not gap.copied:
            how = f"was truncated; lines of the last {gap.seconds:.2f} s may be missing"
        return {"ts": datetime.now(UTC).replace(tzinfo=None), "file": name, "seconds": round(gap.seconds, 3),
                "copied": gap.copied, "text": f"{name} {how}"}  # fmt: skip

    def finish(self) -> Iterator[Event]:
        """Events of lines that never got their end."""
        for number, follower in enumerate(self.followers):
            rest = follower.rest()
            if rest:
                yield from self._take(number, rest)
            follower.close()

    def _take(self, number: int, data: bytes) -> list[Event]:
        # lines of one path are numbered on through rotation: positions order them, and name no place in a file
        data = self._as_text(number, data)
        parsed = parse_block(data, number << schema.SOURCE_SHIFT | self._read[number], None, self.settings.tags)
        self._read[number] += len(data)
        times = self._clocks[number].take(parsed.batches)
        whole = {name: self._whole(name, batch, times[name]) for name, batch in parsed.batches.items()}
        return self.live.feed(whole, parsed.counts)

    def _as_text(self, number: int, data: bytes) -> bytes:
        """Lines of ``journalctl -o json`` as text."""
        first = data.lstrip().partition(b"\n")[0]
        if first and self._journal.setdefault(number, journal.flavour(first) == "json"):
            return b"".join(journal.to_text("json", [data]))
        return data

    def _whole(self, name: str, batch: pa.RecordBatch, times: pa.Array) -> pa.RecordBatch:
        filled = {"ts": times}
        if name == "decisions":
            filled[COLUMN] = self._classifier.restrictions(batch)
        whole = pa.RecordBatch.from_pydict({**{n: batch.column(n) for n in batch.schema.names}, **filled})
        return whole if self.anonymizer is None else self._anonymous(self.anonymizer, name, batch, whole)

    def _anonymous(
        self, anonymizer: Anonymizer, name: str, batch: pa.RecordBatch, whole: pa.RecordBatch
    ) -> pa.RecordBatch:
        kept = [n for n in whole.schema.names if n != "stamp"]
        return anonymizer.batch(name, batch, whole.select(kept))
