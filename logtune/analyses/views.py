"""The reports that commands show: which sections, in which order, under which sentence.

What ``report`` does not need is imported where it is: imports are a good part of the time of a small log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from logtune.analyses import trial_sections, trial_side_by_side
from logtune.analyses.attention import attention
from logtune.analyses.common import plural
from logtune.analyses.connections import connections
from logtune.analyses.deliveries import deliveries
from logtune.analyses.not_understood import not_understood
from logtune.analyses.options import Options
from logtune.analyses.overview import overview
from logtune.analyses.rejects import rejects as reject_section
from logtune.analyses.rejects import rejects_details
from logtune.analyses.remote_rejects import remote_rejects
from logtune.analyses.sasl import sasl
from logtune.analyses.trial import Trial, on_trial
from logtune.results import Finding, Level, Report, Section
from logtune.tables import Tables

if TYPE_CHECKING:
    from logtune.analyses.glance import Glance
    from logtune.analyses.recommendation import Advice, Wanted
    from logtune.analyses.trial_in_full import RawLines
    from logtune.analyses.verify import Verification
    from logtune.analyses.what_if import WhatIf


def report(log: Tables, options: Options, trial: Callable[[], Trial]) -> Report:
    """All at a glance: verdicts, problems, traffic, rejects, deliveries, processes, what was not understood.

    *trial* finds the trial of *log*: it takes as long as all the rest, which is asked beside it where memory allows.
    Without a restriction on trial there is nothing to find.
    """
    if not on_trial(log):
        found, (problems, *rest) = Trial.none(log, options), _without_trial(log, options)
    elif log.in_files:
        found, (problems, *rest) = trial(), _without_trial(log, options)
    else:
        with ThreadPoolExecutor(1, "sections") as pool:
            asked = pool.submit(_without_trial, log.beside(), options)
            found = trial()
            problems, *rest = asked.result()
    return _report(log, "report", _headline(found, problems), [_verdicts(found), problems, *rest])


def _verdicts(found: Trial) -> Section:
    """The verdicts, and under them where hosts differ."""
    section = trial_sections.verdicts(found)
    return replace(section, items=[*section.items, *trial_side_by_side.differences(found)])


def _without_trial(log: Tables, options: Options) -> list[Section]:
    return [
        attention(log, options),
        overview(log, options),
        reject_section(log, options),
        deliveries(log, options),
        connections(log, options),
        remote_rejects(log, options),
        sasl(log, options),
        not_understood(log, options),
    ]


def trial(
    log: Tables,
    options: Options,
    found: Trial,
    restriction: str | None = None,
    raw: RawLines | None = None,
) -> Report:
    """The trial, or one restriction of it in full. Raises ``KeyError`` for one that is not on trial."""
    if restriction is None:
        sections = [trial_sections.verdicts(found)]
        if found.restrictions:
            sections += [*trial_side_by_side.section(found), trial_sections.counts(found)]
            sections += _present(trial_sections.overlap(found))
        return _report(log, "trial", trial_sections.headline(found), sections)
    from logtune.analyses import trial_in_full

    entries = found.find(restriction)
    sections = [s for entry in entries for s in trial_in_full.in_full(found, entry, raw)]
    words = [f"{e.ruling.verdict.value}{f' at {e.service}' if e.service else ''}" for e in entries]
    return replace(
        _report(log, "trial", f"{entries[0].label}: {', '.join(words)}", sections), verdict=entries[0].ruling.verdict
    )


def trial_folds(found: Trial) -> dict[tuple[str, str | None], list[Section]]:
    """What ``trial`` shows of one restriction in full, by name and service, for each that would stop anyone.

    Without the raw lines: reading them again for each would take as long as the report.
    """
    from logtune.analyses import trial_in_full

    stopping = (entry for entry in found.restrictions if entry.counts["accepted"])
    return {(entry.label, entry.service): trial_in_full.in_full(found, entry, None) for entry in stopping}


def what_if(log: Tables, found: WhatIf, restriction: str | None = None, raw: RawLines | None = None) -> Report:
    """What a list would do, or one restriction of it in full. Raises ``KeyError`` for one that stops nobody."""
    from logtune.analyses import trial_in_full, what_if_sections

    if restriction is None:
        return _report(log, "trial", what_if_sections.headline(found), what_if_sections.sections(found))
    entries = found.trial.find(restriction)
    shown = [s for entry in entries for s in trial_in_full.in_full(found.trial, entry, raw)]
    return _report(log, "trial", f"{entries[0].label}, computed", what_if_sections.as_computed(shown))


def verify(after: Tables, found: Verification) -> Report:
    """Prediction and reality; the frame is that of the later log."""
    from logtune.analyses import verify_sections

    return _report(after, "verify", verify_sections.headline(found), verify_sections.sections(found))


def rejects(log: Tables, options: Options) -> Report:
    """Rejects in full; mailboxes over quota, VRFY, and mail without a greeting."""
    from logtune.analyses.greetings import greetings
    from logtune.analyses.quota import quota
    from logtune.analyses.vrfy import vrfy

    summary = replace(reject_section(log, options), next=())  # its next command is this one
    asked = [quota(log, options), vrfy(log, options), greetings(log, options)]
    return _report(log, "rejects", "", [summary, *rejects_details(log, options), *asked])


def delays(log: Tables, options: Options) -> Report:
    """Deliveries and where their time went."""
    from logtune.analyses.delays import delays as delay_sections
    from logtune.analyses.delays import headline

    return _report(log, "delays", headline(log, options), delay_sections(log, options))


def sizing(
    log: Tables,
    options: Options,
    wanted: Wanted,
    charts: bool = False,
    live: Sequence[Glance] = (),
    live_sections: Sequence[Section] = (),
) -> Report:
    """Processes against their limits, and every other resource at a glance; what was measured live goes before."""
    from logtune.analyses import glance
    from logtune.analyses.disk import disk_and_queue, disk_glance
    from logtune.analyses.name_service import name_service, name_service_glance
    from logtune.analyses.processes import advices, processes
    from logtune.analyses.servers_sections import at_a_glance, servers

    found = advices(log, options, wanted)
    measured = {line.what for line in live} - {"processes"}  # of these the log has its own
    lines = [
        glance.processes_glance(found),
        glance.memory_glance(found, wanted),
        glance.cpu_glance(),
        *(glance.of(finding) for finding in (name_service_glance(log, options), disk_glance(log, options))),
        *(
            glance.Glance(level, what, why, glance.Known(known))
            for level, what, why, known in at_a_glance(log, options)
        ),
    ]
    shown = [*(line for line in lines if line.what not in measured), *(replace(g, what=_live(g)) for g in live)]
    sections = [
        glance.glance(shown),
        *live_sections,
        *processes(log, options, found, wanted, charts),
        name_service(log, options),
        disk_and_queue(log, options),
        *servers(log, options),
    ]
    return _report(log, "sizing", _sizing_headline(found), sections)


def _live(line: Glance) -> str:
    return f"{line.what} now" if line.what == "processes" else line.what


def _sizing_headline(found: Sequence[Advice]) -> str:
    from logtune.analyses.saturation import unexplained

    raised = [f"{a.label} from {a.load.limit} to {a.now}" for a in found if a.raises]
    if raised:
        return f"Raise the process limit of {' and of '.join(raised)}."
    odd = [a.label for a in found if unexplained(a.load)]
    if odd:
        return f"master says that the limit of {' and of '.join(odd)} was reached; the lines do not show why."
    return "There are enough smtpd processes." if found else "The log has no smtpd session."


def _headline(found: Trial, problems: Section) -> str:
    needing = sum(isinstance(i, Finding) and i.level in (Level.ACT, Level.LOOK) for i in problems.items)
    need = f"{needing} {plural(needing, 'thing needs', 'things need')}" if needing else "Nothing needs"
    return f"{trial_sections.headline(found)} {need} a person."


def _report(log: Tables, command: str, headline: str, sections: Sequence[Section]) -> Report:
    return Report(
        schema=f"logtune.{command}/1",
        command=command,
        hosts=log.hosts,
        period=log.period,
        coverage=log.coverage,
        headline=headline,
        sections=sections,
    )


def _present(section: Section | None) -> list[Section]:
    return [] if section is None else [section]
