"""Columns of tables and relations that each command needs, beyond ts, position and host: others are not built.

Relations are made of more columns of the tables, which are not kept for that. A column that a query of a command names
and that is missing here ends the command with an error of DuckDB, whatever the log holds, for a query is bound before
it runs; ``tests/analyses/test_columns.py`` runs all commands on these columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from logtune.relations.making import KEPT, MADE_OF

Needs = Mapping[str, Set[str]]


def _words(**tables: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in tables.items()}


def _and(needs: Needs, **tables: str) -> dict[str, frozenset[str]]:
    more = _words(**tables)
    return {name: frozenset(needs.get(name, ())) | more.get(name, frozenset()) for name in {*needs, *more}}


RELATED = {**MADE_OF, **dict.fromkeys(KEPT, frozenset[str]())}
"""The relations with all columns, and what they and their views are made of."""

TRIAL = _and(
    RELATED, decisions="object repeat", deliveries="relay_addr", verdicts="queue_id message message_id verdict"
)
WHAT_IF = _and(TRIAL, notices="pid client_addr")
REJECTS = _and(RELATED, decisions="object reason repeat", deliveries="relay_addr relay_port dsn reason")
DELAYS = _and(
    RELATED,
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
REPORT = _words(
    session_facts="session host instance service pid client_addr connect_ts end_ts end_position ended lost",
    message_facts="message session first_ts client_name client_addr sasl_username sender size via accepted predecessor"
    " reinjected",
    rcpt="position id",
    recipient_facts="id session message ts client_name client_addr helo sender sasl_username outcome by fate"
    " reinjected stands",
    flags="id position restriction text reply_code service certain",
    decisions="instance service message repeat origin action protocol_state client_name client_addr reply_code object"
    " reason reason_shape restriction sender recipient part",
    connections="client_name client_addr counters",
    queue="service message event client_addr sasl_username message_id sender",
    deliveries="daemon pid message repeat recipient orig_recipient relay_addr relay_port delay delay_before_qmgr"
    " delay_in_qmgr delay_setup delay_transmit dsn status reason successor",
    verdicts="queue_id message message_id verdict",
    notices="instance daemon repeat kind severity client_name client_addr endpoint value text",
    unrecognised="instance service daemon repeat why text",
)
"""Of a large log each column costs time: those alone that its questions ask for, of the relations too."""

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
