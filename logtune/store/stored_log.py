"""A log that was kept: what a store holds of the time and hosts asked for, as the tables that a reading gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from logtune.anonymize.identities import Identities
from logtune.losses import Losses
from logtune.parse.core import core_name
from logtune.read_options import ReadOptions
from logtune.results import Coverage
from logtune.sources import Problem
from logtune.store import gaps, snapshot
from logtune.store.catalogue import Account, Known
from logtune.store.raw import StoredSources
from logtune.store.snapshot import Snapshot
from logtune.tables import Tables


def load(folder: str, asked: ReadOptions) -> tuple[Tables, StoredSources]:
    """What the store *folder* holds of what is *asked* for. Raises ``StoreError``, ``SpillError``."""
    shown = asked.identities
    change = shown.rows if shown.level else None
    found = snapshot.load(folder, asked.choice, asked.hosts, asked.wanted, asked.room, change)
    problems = [Problem(s.name, s.problem) for s in found.sources if s.problem]
    names = {s.rank: shown.source(s.name) for s in found.sources}
    tables = Tables(found.tables, asked.zone, _coverage(found, asked), names, asked.probe_senders, asked.room)
    return tables, StoredSources(folder, found.sources, problems)


def _coverage(found: Snapshot, asked: ReadOptions) -> Coverage:
    """The line accounts of the UTC days that are touched."""
    own = found.account
    losses = Losses(own.loss_notes, own.loss_lines, own.unclosed, own.uncounted)
    holes = [replace(gap, name=asked.identities.source(gap.name)) for gap in found.gaps]
    days = len({day for _, day in found.accounts})
    return Coverage(
        sources=[_source(known, found.of_source(known.rank), asked.identities) for known in found.sources],
        lines=own.recognised + own.unrecognised + own.blank,
        recognised=own.recognised,
        unrecognised=own.unrecognised,
        blank=own.blank,
        not_postfix=own.not_postfix,
        no_stamp=own.no_stamp,
        backwards=own.backwards,
        loss=[*losses.sentences(), *gaps.sentences(holes, asked.zone)],
        lost=losses.more_than_a_trace(own.recognised) or gaps.more_than_a_trace(holes, days),
        zone=asked.zone.key,
        zone_assumed=asked.zone_assumed and found.zone_assumed,
        year_assumed=_years([s.clock for s in found.sources]),
        core=core_name(),
        anonymized=asked.identities.level,
    )


def _source(known: Known, account: Account, identities: Identities) -> dict[str, Any]:
    return {
        "name": identities.source(known.name),
        "bytes": account.bytes,
        "lines": account.recognised + account.unrecognised + account.blank,
        "recognised": account.recognised,
        "problem": known.problem,
    }


def _years(clocks: Iterable[Mapping[str, Any]]) -> str | None:
    """The years that were assumed at ingestion, as ``Clock.notes`` says them."""
    courses = [c["course"] for c in clocks if c and not c["given"] and c["course"]["year"] is not None]
    if not courses:
        return None
    first, last = min(c["year"] for c in courses), max(c["year"] + c["most_rolled"] for c in courses)
    return f"{first} (file dates)" if first == last else f"{first} to {last} (file dates)"
