"""What else log and configuration show together: settings beside the lists, hidden services, old names, the idle."""

from __future__ import annotations

from collections.abc import Iterator

from logtune.analyses.common import counted
from logtune.analyses.tuning import Seen
from logtune.postconf.services import Configuration, Service
from logtune.postfix import restrictions
from logtune.results import Finding, Level
from logtune.tune import relay
from logtune.tune.find import possible_names
from logtune.tune.model import OPEN_LISTS, RECIPIENT_LIST, RELAY_LIST, Candidate
from logtune.tune.old_names import OldName, old_names
from logtune.tune.plan import Plan


def also_seen(plan: Plan, seen: Seen) -> list[Finding]:
    """Findings, worst first."""
    found = [
        *_open(plan.configuration),
        *_old_names(plan.configuration),
        *_elsewhere(plan),
        *_hidden(plan.configuration),
        *_helo_required(plan, seen),
        *_delay_reject(plan.configuration),
        *_vrfy(plan.configuration, seen),
        *_unlisted(plan.configuration),
        *_idle(plan.configuration, seen),
        *(Finding(Level.UNKNOWN, note) for note in plan.configuration.notes),
    ]
    return sorted(found, key=lambda f: list(Level).index(f.level))


def _open(configuration: Configuration) -> Iterator[Finding]:
    for service in configuration.services:
        if not relay.unprotected(service):
            continue
        trial = [e.name for n in (RELAY_LIST, RECIPIENT_LIST) for e in service.restrictions(n) if e.warn]
        guarded = [n for n in trial if n.lower() in relay.PROTECTORS]
        title = f"{service.label} relays for anybody: no enforced restriction keeps strangers from relaying"
        if guarded:
            detail = f"{guarded[0]} stands behind warn_if_reject, which makes it a warning. Take that away now."
        else:
            detail = "Put reject_unauth_destination into smtpd_relay_restrictions."
        yield Finding(Level.ACT, title, detail)


def _old_names(configuration: Configuration) -> Iterator[Finding]:
    found = old_names(configuration)
    for old in found:
        where = f"in {', '.join(old.places)}"
        if old.removed_in:
            yield _removed(old, where, configuration.version)
        else:
            yield Finding(Level.LOOK, f"{old.name} is called {old.today} today", f"{where}; the old name still works.")
    if not found:
        yield Finding(Level.WELL, "no restriction name that a newer Postfix removed")


def _removed(old: OldName, where: str, version: str | None) -> Finding:
    breaks = old.breaks(version)
    title = f"{old.name} was removed in Postfix {old.removed_in}"
    now = "this Postfix answers 451 to" if breaks else f"from {old.removed_in} on, Postfix answers 451 to"
    return Finding(
        Level.ACT if breaks else Level.LOOK,
        title,
        f"{where}: {now} every request that reaches it. Instead: {old.instead}.",
    )


def _elsewhere(plan: Plan) -> Iterator[Finding]:
    for entry in plan.elsewhere:
        at = f" at {entry.service}" if entry.service else ""
        detail = "The configuration was changed since, or is another server's."
        yield Finding(Level.LOOK, f"{entry.label}{at} is on trial in the log, not in this configuration", detail)


def _hidden(configuration: Configuration) -> Iterator[Finding]:
    names: dict[tuple[str, str | None], list[Service]] = {}
    for service in configuration.services:
        names.setdefault((service.instance, service.log_name), []).append(service)
    for (instance, log_name), services in names.items():
        differing = [s for s in services if s.entry.overrides]
        if len(services) > 1 and differing:
            tag = "/".join(part for part in (instance, log_name, "smtpd") if part)
            listed = ", ".join(s.label for s in services)
            detail = f"Give each one of its own: -o syslog_name={instance}/$service_name"
            yield Finding(Level.LOOK, f"{listed} log under one tag, {tag}: their mail cannot be told apart", detail)


def _helo_required(plan: Plan, seen: Seen) -> Iterator[Finding]:
    sessions = seen.sessions
    if not sessions.counted:
        yield Finding(Level.UNKNOWN, "smtpd_helo_required: the log has no command counters (Postfix 3.0 writes them)")
        return
    gave_none = f"{counted(sessions.without_helo, 'session')} sent MAIL without HELO"
    accepted = f"{counted(sessions.accepted_without_helo, 'recipient')} of them accepted"
    if plan.configuration.value("smtpd_helo_required").lower() == "yes":
        yield Finding(Level.WELL, "smtpd_helo_required = yes: nobody gets around the HELO restrictions")
    elif sessions.accepted_without_helo:
        detail = "Without HELO no HELO restriction is evaluated; yes would stop these."
        yield Finding(Level.LOOK, f"smtpd_helo_required = no: {gave_none}, {accepted}", detail)
    elif "smtpd_helo_required" not in plan.parameters():
        yield Finding(Level.WELL, f"smtpd_helo_required = no: {gave_none}, {accepted}; yes would stop no mail")


def _delay_reject(configuration: Configuration) -> Iterator[Finding]:
    late = [s for s in configuration.services if s.yes("smtpd_delay_reject")]
    if len(late) == len(configuration.services):
        yield Finding(Level.WELL, "smtpd_delay_reject = yes: needed, or the permits cannot see the login")
        return
    names = ", ".join(s.label for s in configuration.services if s not in late)
    detail = "Client and HELO restrictions then see no login, and their warnings name no recipient."
    yield Finding(Level.LOOK, f"smtpd_delay_reject = no at {names}", detail)


def _vrfy(configuration: Configuration, seen: Seen) -> Iterator[Finding]:
    sessions = seen.sessions
    asked = f"{sessions.vrfy:,} VRFY of {counted(sessions.vrfy_clients, 'client')}, {sessions.vrfy_answered:,} answered"
    if configuration.value("disable_vrfy_command").lower() == "yes":
        yield Finding(Level.WELL, f"disable_vrfy_command = yes{f': {asked}' if sessions.vrfy else ''}")
    elif sessions.vrfy:
        detail = "VRFY tells strangers which addresses exist."
        yield Finding(Level.LOOK, f"disable_vrfy_command = no: {asked}", detail)


def _unlisted(configuration: Configuration) -> Iterator[Finding]:
    names = [
        s.label for s in configuration.services if not s.yes("smtpd_reject_unlisted_recipient") and not s.reinjection
    ]
    if names:
        detail = "Mail for unknown recipients is accepted, and bounced to senders that are often forged."
        yield Finding(Level.LOOK, f"smtpd_reject_unlisted_recipient = no at {', '.join(names)}", detail)


def _idle(configuration: Configuration, seen: Seen) -> Iterator[Finding]:
    """Restrictions that can reject and never did, nor warned, in the services that have them."""
    idle: dict[tuple[str, str], bool] = {}
    for service in configuration.services:
        for name in (*OPEN_LISTS, RECIPIENT_LIST):
            for element in service.restrictions(name):
                names = possible_names(Candidate(element, ((service, name),)))
                if _can_refuse(names - set(relay.PROTECTORS)):
                    fired = any((service.log_name, n) in seen.fired for n in names)
                    idle[element.text, name] = idle.get((element.text, name), True) and not fired
    for (text, name), never in idle.items():
        if never:
            yield Finding(
                Level.LOOK, f"{text} in {name} never fired", "No line of this log is its, as far as texts tell."
            )


def _can_refuse(names: set[str]) -> bool:
    catalogue = restrictions.catalogue().restrictions
    return any(catalogue[n].effect == "refuse" and catalogue[n].texts for n in names)
