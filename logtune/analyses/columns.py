"""Columns of the tables that each command needs, beyond ts, position and host: others are not built.

A column that a query of a command names and that is missing here ends the command with an error of DuckDB, whatever the
log holds, for a query is bound before it runs; ``tests/analyses/test_columns.py`` runs all commands on these columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

Needs = Mapping[str, Set[str]]


def _words(**tables: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in tables.items()}


def _and(needs: Needs, **tables: str) -> dict[str, frozenset[str]]:
    more = _words(**tables)
    return {name: frozenset(needs.get(name, ())) | more.get(name, frozenset()) for name in {*needs, *more}}


RELATIONS = _words(
    decisions="instance service daemon pid queue_id session message origin action protocol_state client_name"
    " client_addr reply_code dsn reason_shape restriction sender recipient proto helo sasl_username part",
    connections="instance service pid session event client_name client_addr after counters",
    queue="instance service pid queue_id session message event client_name client_addr sasl_method sasl_username"
    " message_id sender size nrcpt",
    deliveries="instance daemon queue_id message recipient orig_recipient status successor",
    notices="session message kind text",
)
"""What sessions, messages, recipients and flags are made of."""

TRIAL = _and(
    RELATIONS, decisions="object repeat", deliveries="relay_addr", verdicts="queue_id message message_id verdict"
)
WHAT_IF = _and(TRIAL, notices="pid client_addr")
REJECTS = _and(RELATIONS, decisions="object reason repeat", deliveries="relay_addr relay_port dsn reason")
DELAYS = _and(
    RELATIONS,
    deliveries="pid repeat relay relay_name relay_addr relay_port delay delay_before_qmgr delay_in_qmgr delay_setup"
    " delay_transmit dsn reason",
    notices="daemon repeat severity client_name client_addr endpoint value",
)
SIZING = _and(
    DELAYS,
    decisions="object repeat",
    verdicts=" ".join(TRIAL["verdicts"]),
    deliveries="service queued_as",
    notices="instance service",
)
REPORT = _and(
    {name: TRIAL[name] | REJECTS[name] | DELAYS[name] | SIZING[name] for name in RELATIONS},
    verdicts=" ".join(TRIAL["verdicts"]),
    unrecognised="instance service daemon repeat why text",
)

COLUMNS: Mapping[str, Needs] = {
    "report": REPORT,
    "trial": TRIAL,
    "what_if": WHAT_IF,
    "verify": TRIAL,
    "tune": TRIAL,
    "rejects": REJECTS,
    "delays": DELAYS,
    "sizing": SIZING,
}
"""Command, and method of ``MailLog``, to its columns."""
