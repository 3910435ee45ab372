#!/usr/bin/env python3
"""Write a large realistic maillog of Postfix: the same seed gives the same bytes, everywhere.

    python benchmarks/generate.py --lines 1000000 --seed 1 OUT
    python benchmarks/generate.py --lines 5000000 --stamps iso --gz OUT.gz

A site of about a million lines a day: two weeks need 14 million. Sessions run side by side, every mail is followed from
its client to its removal, retries and bounces included. --truth prints what stands in the log, counted in the making.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.generator.background import Background
from benchmarks.generator.door import Door
from benchmarks.generator.log import SECOND, Log, classic, iso
from benchmarks.generator.queue import Queue
from benchmarks.generator.world import Chance, World

STAMPS = {"classic": classic, "iso": iso}
STORIES_PER_SECOND = 1.4
"""With seven to nine lines each, about a million lines a day."""
BATCH = 20_000
"""So many lines wait before those that nothing can overtake are sorted and written."""
LONGEST = 400
"""No story has more lines; so many at the end are filled with stories of one line, to end with a whole story."""

Story = Callable[[int], None]


def batches(
    lines: int, seed: int, loss_notes: bool = True, per_second: float = STORIES_PER_SECOND
) -> Iterator[tuple[Log, list[int], list[str]]]:
    """The log and its next (times, texts), until *lines* lines are given; every session and mail is told to its end.

    *per_second* stories begin, with some seven lines each.
    """
    chance, log = Chance(seed), Log()
    world = World(chance)
    queue = Queue(log, world, chance)
    door = Door(log, world, chance, queue)
    background = Background(log, world, chance, door, loss_notes)
    stories, starts, one = _stories(chance, door, background), _starts(chance, per_second), background.single
    start = next(starts)
    while log.made < lines:
        (next(stories) if lines - log.made > LONGEST else one)(start)
        start = next(starts)
        if len(log.times) >= BATCH:
            yield log, *log.until(start - SECOND)
    yield log, *log.until(None)


def _stories(chance: Chance, door: Door, background: Background) -> Iterator[Story]:
    """What happens how often."""
    warned = door.world.warned
    weights: dict[Story, float] = {
        door.inbound: 17,
        lambda at: door.inbound(at, next(warned)): 9,
        background.passed: 9,
        door.submitted: 12,
        door.refused: 12,
        lambda at: door.refused(at, next(warned)): 4,
        door.broken: 10,
        door.before_queue: 3,
        door.picked_up: 2,
        background.screened: 10,
        background.statistics: 2,
        background.filtered: 4,
        background.single: 2,
        background.other: 6,
        background.loss: 0.02,
    }
    return chance.of(list(weights), list(weights.values()))


def _starts(chance: Chance, per_second: float) -> Iterator[int]:
    """When stories begin: at random, four times as many at noon as at midnight."""
    at, waits = float(SECOND * 60), chance.uniform()
    for wait in waits:
        busy = 1 - 0.6 * math.cos(2 * math.pi * at / (86_400 * SECOND))
        at -= math.log(1 - wait) * SECOND / (per_second * busy)
        yield int(at)


def write(
    out: Path, lines: int, seed: int = 1, stamps: str = "classic", gz: bool = False, loss_notes: bool = True
) -> Counter[str]:
    """Write the log to *out* and give its truth: name of a count to its value (see README.md)."""
    stamped, truth = STAMPS[stamps], Counter[str]()
    with out.open("wb") as target, _packed(target, gz) as file:
        for log, times, texts in batches(lines, seed, loss_notes):
            file.write("".join(stamped(times, texts)).encode())
            truth = log.truth
    return truth


def _packed(target: BinaryIO, gz: bool) -> AbstractContextManager[BinaryIO]:
    # no name and no time in the header: the same bytes each time
    return cast(BinaryIO, gzip.GzipFile("", "wb", 6, target, mtime=0)) if gz else nullcontext(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stamps", choices=STAMPS, default="classic")
    parser.add_argument("--gz", action="store_true", help="compress with gzip")
    parser.add_argument(
        "--no-loss-notes", action="store_true", help="no notes of journald and rsyslog about lost lines"
    )
    parser.add_argument("--truth", action="store_true", help="print the counts as JSON")
    given = parser.parse_args()
    truth = write(given.out, given.lines, given.seed, given.stamps, given.gz, not given.no_loss_notes)
    if given.truth:
        print(json.dumps(dict(sorted(truth.items())), indent=2))


if __name__ == "__main__":
    main()
