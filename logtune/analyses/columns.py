"""Columns of tables and relations that each command needs; of tables ts, position and host besides, of a relation that
has none here all. Others are not built.

Relations are made of more columns of the tables, which are not kept for that. A column that a query of a command names
and that is missing here ends the command with an error of DuckDB, whatever the log holds, for a query is bound before
it runs; ``tests/analyses/test_columns.py`` runs all commands on these columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from logtune.relations.making import KEPT, MADE_OF, VIEWS

Needs = Mapping[str, Set[str]]


def _words(**tables: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in tables.items()}


def _and(*needs: Needs, **tables: str) -> dict[str, frozenset[str]]:
    """All of them; of a relation all columns where one names none."""
    every = (*needs, _words(**tables))
    names = dict.fromkeys(name for one in every for name in one)
    whole = {name for one in every for name, columns in one.items() if name in KEPT and not columns}
    return {
        name: frozenset() if name in whole else frozenset().union(*(one.get(name, ()) for one in every))
        for name in names
    }


RELATED = {**MADE_OF, **dict.fromkeys((*KEPT, *VIEWS), frozenset[str]())}
"""The relations with all columns, and what they and their views are made of."""

RECIPIENTS = _words(
    decisions="instance service pid queue_id message recipient",
    queue="instance service queue_id message event sasl_method message_id",
    deliveries="instance queue_id message recipient orig_recipient",
    session_facts="session pid",
    message_facts="",
    rcpt="",
    recipient_facts="",
    messages="",
    recipients="",
)
"""The view ``recipients``, which looks up what messages have."""

TRIAL = _and(
    RECIPIENTS,
    session_facts="host",
    flags="",
    decisions="action origin object client_addr part protocol_state reason_shape repeat reply_code restriction",
    queue="sasl_username",
    deliveries="daemon relay_addr status successor",
    verdicts="queue_id message message_id verdict",
)
TRIAL_OF_ALL = _and(
    RELATED, decisions="object repeat", deliveries="relay_addr", verdicts="queue_id message message_id verdict"
)
WHAT_IF = _and(TRIAL_OF_ALL, notices="pid client_addr")
REJECTS = _and(
    RECIPIENTS,
    session_facts="connect_ts",
    decisions="action origin object client_name client_addr part protocol_state reason reason_shape repeat reply_code"
    " restriction sender",
    connections="instance service session event client_name client_addr counters",
    queue="session sender sasl_username",
    deliveries="daemon dsn reason relay_addr relay_port status successor",
)
DELAYS = _words(
    message_facts="message first_ts client_addr sender",
    decisions="action origin client_addr reason_shape recipient reply_code restriction sender",
    queue="event message message_id size",
    deliveries="daemon pid message recipient orig_recipient relay relay_name relay_addr relay_port delay"
    " delay_before_qmgr delay_in_qmgr delay_setup delay_transmit dsn status reason repeat successor",
    notices="message daemon repeat kind severity client_name client_addr endpoint value text",
)
SIZING = _and(
    DELAYS,
    TRIAL,  # where a log is of several hosts
    session_facts="instance service client_addr connect_ts end_ts end_position ended lost mail rcpt rcpt_ok",
    decisions="daemon instance service",
    deliveries="instance queued_as service",
    queue="client_addr",
    notices="instance",
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
    queue="queue_id service message event client_addr sasl_username message_id sender",
    deliveries="daemon pid message repeat recipient orig_recipient relay_addr relay_port delay delay_before_qmgr"
    " delay_in_qmgr delay_setup delay_transmit dsn status reason queued_as successor",
    verdicts="queue_id message message_id verdict",
    notices="instance daemon repeat kind severity client_name client_addr endpoint value text",
    unrecognised="instance service daemon repeat why text",
)
"""Of a large log each column costs time: those alone that its questions ask for, of the relations too."""

COLUMNS: Mapping[str, Needs] = {
    "report": REPORT,
    "trial": TRIAL,
    "what_if": WHAT_IF,
    "verify": TRIAL_OF_ALL,
    "tune": TRIAL_OF_ALL,
    "rejects": REJECTS,
    "delays": DELAYS,
    "sizing": SIZING,
}
"""Command, and method of ``MailLog``, to its columns."""
