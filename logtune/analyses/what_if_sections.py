"""What a list would do as sections of a report: the list in its order, then the screens of a trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from logtune.analyses import trial_sections
from logtune.analyses.common import plural
from logtune.analyses.what_if import HELO_LINE, WhatIf
from logtune.results import Column, Item, Kind, Lines, Note, Section, Table


def headline(found: WhatIf) -> str:
    """What the list would do to mail that is accepted today, in a sentence."""
    counts = found.counts
    total, stopped, left_open = counts["accepted"], counts["accepted_stopped"], counts["accepted_open"]
    text = f"Of {total:,} accepted {plural(total, 'recipient')} the list would stop {stopped:,}"
    return text + (f"; of {left_open:,} the log does not tell." if left_open else ".")


def sections(found: WhatIf) -> list[Section]:
    """The list, then cards, counts and overlap as for a trial."""
    trial = found.trial
    shown = [the_list(found)]
    if trial.restrictions:
        cards = trial_sections.verdicts(trial)
        shown.append(replace(cards, name="what_if_verdicts", title="Computed, not tried", next=()))
        shown.append(trial_sections.counts(trial))
        overlap = trial_sections.overlap(trial)
        shown += [overlap] if overlap else []
    return shown


def as_computed(shown: Sequence[Section]) -> list[Section]:
    """The sections on one restriction on trial, for a computed one: without warning lines and how it runs."""
    return [_whom_computed(section) if section.name == "whom" else _tables(section) for section in shown]


def _tables(section: Section) -> Section:
    return replace(section, title="Per day", counts="", items=[i for i in section.items if isinstance(i, Table)])


def _whom_computed(section: Section) -> Section:
    said = [item for item in section.items if not (isinstance(item, Note) and "warning line" in item.text)]
    return replace(section, items=[Note("Computed from the log, whether a line warns of them or not."), *said])


def the_list(found: WhatIf) -> Section:
    """The list in its order, and what the log leaves open."""
    columns = (
        Column("name", "restriction, in this order", Kind.LOGTEXT, strong=True),
        Column("rejects", "rejects", Kind.COUNT),
        Column("replies", "of these first", Kind.COUNT),
        Column("permits", "permits", Kind.COUNT),
        Column("open", "not told", Kind.COUNT),
    )
    rows = [[row[column.name] for column in columns] for row in found.steps]
    items: list[Item] = [Table("list", columns, rows), Note(_outcome(found)), *_agreement(found)]
    items += [Note(note) for note in found.notes]
    return Section("what_if", "What if", [*items, *_unheard(found), ASSUMED], "recipients")


ASSUMED = Note(
    "Evaluated as with smtpd_delay_reject = yes and warn_if_reject before each: a permit ends the list, a reject does"
    " not. An earlier list of yours may permit or reject before this one.",
    aside=True,
)


def _outcome(found: WhatIf) -> str:
    counts = found.counts
    text = (
        f"Of {counts['recipients']:,} {plural(counts['recipients'], 'recipient')} the list stops {counts['stopped']:,},"
        f" lets {counts['passes']:,} pass, and of {counts['open']:,} the log does not tell."
    )
    return f"{text} Accepted today: {counts['accepted']:,}, of which {counts['accepted_stopped']:,} would be stopped."


def _agreement(found: WhatIf) -> list[Item]:
    """Where a restriction is on trial too, how far the computation agrees."""
    return [
        Note(
            f"{row['restriction']} is on trial in this log as well: it flagged {row['tried']:,},"
            f" the computation {row['computed']:,}, both {row['both']:,}{_why(row)}."
        )
        for row in found.on_trial
    ]


def _why(row: Mapping[str, Any]) -> str:
    """What explains the difference."""
    reasons = []
    if row["unheard"]:
        reasons.append(f"of {row['unheard']:,} the HELO is not in the log")
    if row["unnamed"]:
        reasons.append(f"{row['unnamed']:,} were warned about with a text that several restrictions share")
    if row["unreached"]:
        reasons.append(f"{row['unreached']:,} were rejected or deferred without a warning, as where it was not reached")
    return f" ({'; '.join(reasons)})" if reasons else ""


def _unheard(found: WhatIf) -> list[Item]:
    """Mail whose HELO the log lacks, and the line that would log it."""
    missing = found.counts["accepted_open_no_helo"]
    if not missing:
        return []
    return [
        Note(
            f"The HELO of {missing:,} accepted {plural(missing, 'recipient')} is not in the log: mail that no warning"
            " or reject names leaves none. This line in main.cf logs it once per mail and decides nothing (Postfix 3.0;"
            " before that, WARN for INFO). If smtpd_data_restrictions has entries already, put it before them:"
        ),
        Lines([HELO_LINE], "config"),
    ]
