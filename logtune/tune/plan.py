"""The plan: what to change in a Postfix configuration after a trial, checked against relay protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from logtune.analyses.trial import OnTrial
from logtune.postconf import main_cf, master_cf
from logtune.postconf.errors import PostconfError
from logtune.postconf.main_cf import Assignment
from logtune.postconf.restriction_lists import Place
from logtune.postconf.services import Configuration
from logtune.render.escape import visible
from logtune.tune import codes, exceptions, layout, relay
from logtune.tune.decide import decide
from logtune.tune.find import candidates
from logtune.tune.lists import new_lists
from logtune.tune.model import Change, Decision, Exemptions, PlanError, Table


@dataclass(frozen=True)
class Plan:
    """Decisions on all restrictions on trial, and the changes that carry them out, in two stages.

    ``elsewhere`` are restrictions that the log has on trial and the configuration has not.
    """

    configuration: Configuration
    decisions: Sequence[Decision]
    changes: Sequence[Change]
    later: Sequence[Change]
    tables: Sequence[Table]
    notes: Sequence[str]
    elsewhere: Sequence[OnTrial] = ()

    def parameters(self) -> dict[str, str | None]:
        """New values of main.cf's parameters, unexpanded; None for one that is to be removed."""
        return {c.place.parameter: c.new for c in self.changes if c.place.service is None}

    def service_parameters(self) -> dict[str, dict[str, str | None]]:
        """New values of the services' own parameters, by service (``submission/inet``)."""
        found: dict[str, dict[str, str | None]] = {}
        for change in self.changes:
            if change.place.service is not None:
                found.setdefault(change.place.service, {})[change.place.parameter] = change.new
        return found

    @cached_property
    def after(self) -> Configuration:
        """The configuration with the plan's first stage."""
        return changed(self.configuration, self.changes)

    @cached_property
    def enforced(self) -> list[Decision]:
        """Decisions that enforce."""
        return [d for d in self.decisions if d.action.enforces]

    @cached_property
    def main_diff(self) -> list[str]:
        """Unified diff of main.cf in its own layout; empty without the file, or where nothing changes."""
        text = self.configuration.main_text
        if text is None:
            return []
        new = layout.main_text(text, dict(self.configuration.parameters), self.changes)
        return layout.diff(text, new, "main.cf", "main.cf") if self._means_the_same(new, None) else []

    @cached_property
    def master_diff(self) -> list[str]:
        """Unified diff of master.cf, as ``main_diff``."""
        text = self.configuration.master_text
        if text is None:
            return []
        new = layout.master_text(text, self.configuration.entries, self.changes)
        return layout.diff(text, new, "master.cf", "master.cf") if self._means_the_same(None, new) else []

    def _means_the_same(self, main: str | None, master: str | None) -> bool:
        """Whether the edited text, read again, has the plan's values and all others as they were."""
        try:
            parameters = self.after.parameters if main is None else main_cf.parse(main)
            entries = self.after.entries if master is None else master_cf.parse(master)
        except PostconfError:
            return False
        return _values(parameters) == _values(self.after.parameters) and [
            (e.key, _normal(e.overrides)) for e in entries
        ] == [(e.key, _normal(e.overrides)) for e in self.after.entries]


def _values(parameters: Mapping[str, Assignment]) -> dict[str, str]:
    return _normal({name: found.value for name, found in parameters.items()})


def _normal(values: Mapping[str, str]) -> dict[str, str]:
    """Values with the white space and commas of lists made alike."""
    return {name: " ".join(value.replace(",", " ").split()) for name, value in values.items()}


def make(trial: Sequence[OnTrial], configuration: Configuration, exemptions: Exemptions, require_helo: bool) -> Plan:
    """The plan for a *trial*. *require_helo*: every mail that the log shows as accepted came after a HELO.

    Raises ``PlanError`` where it would touch relay protection, and ``PostconfError`` for lists that cannot be read.
    """
    trial = [_as_configured(entry, configuration) for entry in trial]
    found = candidates(configuration)
    decisions = [decide(candidate, found, trial, exemptions) for candidate in found]
    work = new_lists(configuration, decisions)
    first, later, notes = codes.stages(configuration, decisions)
    changes = [
        c for c in (*work.changes, *first, *_helo_required(configuration, decisions, require_helo)) if c.new != c.old
    ]
    plan = Plan(
        configuration,
        decisions,
        changes,
        later,
        work.tables,
        [*notes, *_left_out(decisions)],
        [e for e in trial if not any(e in d.entries for d in decisions)],
    )
    _writable(configuration, changes)
    against = relay.objections(configuration, plan.after, work.tables)
    if against:
        raise PlanError("; ".join(against))
    return plan


def _as_configured(entry: OnTrial, configuration: Configuration) -> OnTrial:
    """*entry*, ruled as a configuration allows that asks no policy service at all: none can have written its text."""
    if entry.ruling.unless_policy is None or any("check_policy_service" in text for text in configuration.texts()):
        return entry
    return replace(entry, ruling=entry.ruling.unless_policy)


def _writable(configuration: Configuration, changes: Sequence[Change]) -> None:
    """Refuse values that no shell line can carry safely. Raises ``PostconfError``."""
    for change in changes:
        texts = (
            change.place.parameter,
            change.place.service or "",
            *(change.old or "").split(),
            *(change.new or "").split(),
        )
        if any(visible(text) != text for text in texts):
            raise PostconfError(
                f"{visible(change.place.parameter)} holds control characters or bytes that are no text.",
                "Write it anew by hand, then plan again.",
                file=configuration.source,
            )


def _helo_required(configuration: Configuration, decisions: Sequence[Decision], harmless: bool) -> list[Change]:
    """HELO restrictions are not evaluated for a client that says no HELO (postconf(5), smtpd_helo_required)."""
    about_helo = any("helo" in d.candidate.name for d in decisions if d.action.enforces)
    if not (about_helo and harmless) or configuration.value("smtpd_helo_required").lower() == "yes":
        return []
    place = Place("smtpd_helo_required")
    return [Change(place, configuration.written(place), "yes")]


def _left_out(decisions: Sequence[Decision]) -> list[str]:
    keys = [key for d in decisions if d.action.enforces for key in exceptions.left_out(d.exemptions)]
    return [f"No exception for {', '.join(keys)}: no table can hold such a key."] if keys else []


def changed(configuration: Configuration, changes: Sequence[Change]) -> Configuration:
    """*configuration* with *changes*; its texts are left as they are."""
    parameters = dict(configuration.parameters)
    overrides = {entry.key: dict(entry.overrides) for entry in configuration.entries}
    for change in changes:
        name, service = change.place.parameter, change.place.service
        if service is None and change.new is None:
            parameters.pop(name, None)
        elif service is None:
            parameters[name] = Assignment(name, change.new or "", 0, 0)
        elif change.new is None:
            overrides[service].pop(name, None)
        else:
            overrides[service][name] = change.new
    entries = [replace(entry, overrides=overrides[entry.key]) for entry in configuration.entries]
    return replace(configuration, parameters=parameters, entries=entries)
