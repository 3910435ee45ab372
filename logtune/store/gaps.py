"""Where lines may be missing: a file was replaced or truncated, and what stood in it behind the last line read is gone.

The sign is a new log at the path of one that was read before, of which no file of the run holds what was read. Then
lines between its last line and the first one of the new log may never have been seen. Nothing tells whether there were
any. A gap is closed when a later run is given a file that goes on where the old log was left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logtune.sources import SOURCE_SHIFT, unpack
from logtune.store import parts, raw, texts
from logtune.store.catalogue import Catalogue, Gap, Known

TRACE = 0.01
"""Share of the days asked for up to which gaps cannot turn an answer: pauses of a quiet log look like gaps."""


def torn(known: Sequence[Known], found: set[int], new: Sequence[Known]) -> list[tuple[Known, Known]]:
    """Sources of *known* that are not in any file, and of *new* what follows on each.

    *found* are the ranks of those that are; *new* ones stand in the order of their first stamps.
    """
    pairs = []
    for fresh in new:
        lost = [k for k in known if k.path is not None and k.path == fresh.path and k.rank not in found]
        if lost and fresh.path is not None:
            own = raw.family(fresh.path)
            first = next(n for n in new if n.path is not None and raw.family(n.path) == own)
            pairs.append((max(lost, key=lambda k: k.rank), first))
    return pairs


def has_no_rest(lost: Known, digests: bytes) -> bool:
    """Whether a file that was not named, beside where *lost* was read last, has it with no line more."""
    file = raw.find(lost, digests)
    if file is None:
        return False
    text = texts.open_text(file)
    try:
        return not texts.read(text, lost.reached, 1)
    except (OSError, unpack.Damaged):
        return False
    finally:
        text.close()


def last_time(opened: Catalogue, rank: int) -> int | None:
    """Time of the last row of a source, in microseconds since 1970; None where the store has no rows of it any more."""
    first, end = rank << SOURCE_SHIFT, (rank + 1) << SOURCE_SHIFT
    near = opened.parts_at(first, end)
    latest = None
    for part in (p for p in near if p.day == max(p.day for p in near)):
        table = parts.read(opened.folder, part, pa.schema([("position", pa.int64()), ("ts", pa.timestamp("us"))]))
        position = np.asarray(table["position"], dtype=np.int64)
        own = table["ts"].filter(pa.array((position >= first) & (position < end)))
        last = pc.max(own.cast(pa.int64())).as_py()
        latest = last if latest is None or (last is not None and last > latest) else latest
    return latest


def inside(found: Sequence[Gap], since: datetime | None, until: datetime | None) -> list[Gap]:
    """Those that reach into the time from *since* to *until* (naive UTC), as far as they do."""
    begin = -(1 << 62) if since is None else _us(since)
    end = 1 << 62 if until is None else _us(until)
    cut = [Gap(g.rank, g.name, max(g.begin, begin), min(g.end, end)) for g in found]
    return [g for g in cut if g.begin < g.end]


def sentences(found: Sequence[Gap], zone: ZoneInfo) -> list[str]:
    """All of them in one sentence, with times in *zone*."""
    if not found:
        return []
    longest = max(found, key=lambda g: g.end - g.begin)
    span = f"{_shown(longest.begin, zone)} and {_shown(longest.end, zone)}"
    why = f"{longest.name} was replaced before its end was read"
    if len(found) == 1:
        return [f"lines may be missing between {span}: {why}"]
    total = timedelta(microseconds=sum(g.end - g.begin for g in found))
    hours, minutes = divmod(round(total.total_seconds() / 60), 60)
    return [f"lines may be missing in {len(found)} gaps of {hours}:{minutes:02} h in all, as between {span}: {why}"]


def more_than_a_trace(found: Sequence[Gap], days: int) -> bool:
    """Whether they may turn an answer about so many *days*."""
    return sum(g.end - g.begin for g in found) > TRACE * max(days, 1) * 86_400_000_000


def _us(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)) / timedelta(microseconds=1))


def _shown(us: int, zone: ZoneInfo) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
