"""The seven tables: every column, its Arrow type, its unit, and what null means.

This file is the contract between the parser cores, the link pass, the SQL relations and whoever reads the
tables in a notebook. Change a column and you change ``VERSION`` and ``HISTORY``.

Rules that hold in every table:

* null means "not in the line"; the empty sender ``<>`` is ``""``;
* addresses stand without angle brackets;
* durations are seconds (float64), sizes are bytes, times are UTC;
* text is what the log says, undecodable bytes as ``U+FFFD``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

VERSION = 1
HISTORY = {1: "first version"}

# What repeats is dictionary-encoded, never addresses: grouping by a unified dictionary of high cardinality
# was measured ten times slower than grouping by plain strings.
WORD = pa.dictionary(pa.int32(), pa.string())
TEXT = pa.string()
TIME = pa.timestamp("us")
POSITION = pa.int64()

SOURCE_SHIFT = 40
"""``position = source rank << SOURCE_SHIFT | byte offset of the line in the decompressed source``."""


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, unit (empty for plain text and ids) and meaning."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""


def _c(name: str, type_: pa.DataType, meaning: str, unit: str = "") -> Column:
    return Column(name, type_, meaning, unit)


COMMON = (
    _c("ts", TIME, "time of the line; null where the stamp cannot be read", "UTC"),
    _c("position", POSITION, "source rank << 40 | byte offset of the line in the decompressed source"),
    _c("host", WORD, "host name as the line gives it"),
    _c("instance", WORD, "first part of the syslog tag (postfix, postfix-out); the whole tag where it has no slash"),
    _c("service", WORD, "what stands between instance and daemon (submission in postfix/submission/smtpd)"),
    _c("daemon", WORD, "last part of the tag (smtpd)"),
    _c("pid", pa.int32(), "process id"),
    _c("queue_id", TEXT, "queue id; null for NOQUEUE"),
    _c("session", POSITION, "position of the connect line of the smtpd session; filled by link"),
    _c("message", POSITION, "position of the first line of this life of the queue file; filled by link"),
    _c("repeat", pa.int32(), "how often the line happened (message repeated N times); else filled by link"),
)

PARSED_ONLY = (_c("stamp", pa.int8(), "what the stamp lacks: 0 nothing, 1 the zone, 2 zone and year; null: no stamp"),)
"""Columns that a core adds for the clock; no table keeps them."""

_CLIENT = (
    _c("client_name", TEXT, "verified name of the client, or unknown"),
    _c("client_addr", TEXT, "address of the client, without brackets"),
)
_PORT = _c("client_port", pa.int32(), "port of the client, where logged")

DECISIONS = (
    _c("origin", WORD, "who decided: smtpd, postscreen, milter, proxy, cleanup"),
    _c("action", WORD, "what was decided, without the origin's prefix: reject, reject_warning, hold, ..."),
    _c("protocol_state", WORD, "CONNECT, HELO, EHLO, MAIL, RCPT, DATA, BDAT, END-OF-MESSAGE, VRFY, ETRN"),
    *_CLIENT,
    _PORT,
    _c("reply_code", pa.int16(), "SMTP reply code"),
    _c("dsn", TEXT, "enhanced status code"),
    _c("object", TEXT, "what stands in <..> before the text"),
    _c("reason", TEXT, "the text after code, dsn and object"),
    _c("reason_shape", WORD, "reason with what stands in [..] and <..> taken out: few distinct values"),
    _c("restriction", WORD, "restriction that the text names; null if the text does not decide; filled by classify"),
    _c("sender", TEXT, "envelope sender; empty for <>"),
    _c("recipient", TEXT, "envelope recipient"),
    _c("proto", WORD, "SMTP or ESMTP"),
    _c("helo", TEXT, "greeting name"),
    _c("sasl_method", WORD, "SASL mechanism"),
    _c("sasl_username", TEXT, "SASL login name"),
    _c("part", WORD, "header and body checks: header, body, content"),
    _c("text", TEXT, "header and body checks: the line of the mail"),
)

CONNECTIONS = (
    _c("event", WORD, "connect, disconnect, lost_connection, timeout, too_many_errors, pipelining, bare_lf"),
    *_CLIENT,
    _PORT,
    _c("after", WORD, "protocol state in which it happened"),
    _c("counters", WORD, "command counters of the disconnect line, as logged"),
)

QUEUE = (
    _c("event", WORD, "client, message_id, active, removed, expired, pickup, bounce_notice, skipped, ..."),
    *_CLIENT,
    _c("sasl_method", WORD, "SASL mechanism"),
    _c("sasl_username", TEXT, "SASL login name"),
    _c("orig_queue_id", TEXT, "queue id before re-injection or requeueing, where logged"),
    _c("orig_client", TEXT, "client before re-injection, name[address], where logged"),
    _c("message_id", TEXT, "Message-ID header, without angle brackets"),
    _c("sender", TEXT, "envelope sender; empty for <>"),
    _c("size", pa.int64(), "size of the mail", "bytes"),
    _c("nrcpt", pa.int32(), "recipients of the mail after aliases"),
    _c("notice_queue_id", TEXT, "queue id of the bounce or delay notice"),
    _c("uid", pa.int64(), "user id of who submitted with sendmail(1)"),
)

DELIVERIES = (
    _c("recipient", TEXT, "address after aliases"),
    _c("orig_recipient", TEXT, "address before aliases, where it differs"),
    _c("relay", TEXT, "relay as logged: name[address]:port, local, none, ..."),
    _c("relay_name", TEXT, "host name of the relay"),
    _c("relay_addr", TEXT, "address of the relay"),
    _c("relay_port", pa.int32(), "port of the relay"),
    _c("conn_use", pa.int32(), "how many deliveries used this connection before, and this one"),
    _c("delay", pa.float64(), "from arrival to the end of this attempt", "s"),
    _c("delay_before_qmgr", pa.float64(), "a: before the queue manager", "s"),
    _c("delay_in_qmgr", pa.float64(), "b: in the queue manager", "s"),
    _c("delay_setup", pa.float64(), "c: connection set-up, DNS, TLS", "s"),
    _c("delay_transmit", pa.float64(), "d: transmission", "s"),
    _c("tls", WORD, "tls= feature status (3.11 and later)"),
    _c("dsn", TEXT, "enhanced status code"),
    _c("status", WORD, "sent, deferred, bounced, expired, deliverable, undeliverable, softbounce"),
    _c("reason", TEXT, "text in parentheses"),
    _c("queued_as", TEXT, "queue id that the next hop says it gave"),
    _c("successor", POSITION, "message it was re-injected as on this host; filled by link"),
)

VERDICTS = (
    _c("filter", WORD, "amavis, rspamd, spamd"),
    _c("verdict", WORD, "clean, spam, virus, banned, ..."),
    _c("score", pa.float64(), "the filter's score"),
    _c("client_addr", TEXT, "address of the client, where logged"),
    _c("sender", TEXT, "envelope sender; empty for <>"),
    _c("recipient", TEXT, "envelope recipient; the first where the line names several"),
    _c("message_id", TEXT, "Message-ID header, without angle brackets"),
)

NOTICES = (
    _c(
        "kind", WORD, "what kind of notice: process_limit, rate_limit, anvil, sasl_failure, tls, log_loss, warning, ..."
    ),
    _c("severity", WORD, "info, warning, error, fatal, panic"),
    *_CLIENT,
    _c("endpoint", TEXT, "service as the line names it"),
    _c("value", pa.float64(), "limit, rate or count that the line states"),
    _c("text", TEXT, "the text after severity and queue id"),
)

UNRECOGNISED = (
    _c("text", TEXT, "the line; null for programs that are not Postfix and not a known filter"),
    _c("why", WORD, "why it was not understood; 'not postfix' is no defect"),
)

TABLES: Mapping[str, tuple[Column, ...]] = {
    "decisions": COMMON + DECISIONS,
    "connections": COMMON + CONNECTIONS,
    "queue": COMMON + QUEUE,
    "deliveries": COMMON + DELIVERIES,
    "verdicts": COMMON + VERDICTS,
    "notices": COMMON + NOTICES,
    "unrecognised": COMMON + UNRECOGNISED,
}

ROWS: Mapping[str, str] = {
    "decisions": "line in which Postfix decided about a command or a mail",
    "connections": "event of an smtpd session",
    "queue": "step in the life of a queue file",
    "deliveries": "delivery attempt of one recipient",
    "verdicts": "word of a content filter on a mail",
    "notices": "other line that is understood",
    "unrecognised": "line that is not understood",
}
"""Table to what one of its rows stands for."""

FILLED_LATER = frozenset({"session", "message", "repeat", "successor", "restriction"})
"""Columns that a core leaves null; link and classify fill them."""

NOT_POSTFIX = "not postfix"
"""``unrecognised.why`` of a line of a program that is neither Postfix nor a known filter."""


def arrow_schema(table: str, columns: Collection[str] | None = None) -> pa.Schema:
    """Arrow schema of *table*, limited to *columns* where given (position always stays).

    Raises ``KeyError`` for a table that does not exist.
    """
    wanted = [c for c in TABLES[table] if columns is None or c.name in columns or c.name == "position"]
    return pa.schema([(c.name, c.type) for c in wanted])


def parsed_schema(table: str, columns: Collection[str] | None = None) -> pa.Schema:
    """Schema of a batch as a parser core gives it: without what is filled later, with ``stamp``."""
    wanted = [c for c in arrow_schema(table, columns) if c.name not in FILLED_LATER or c.name == "repeat"]
    return pa.schema([*wanted, *((c.name, c.type) for c in PARSED_ONLY)])


def whole(batch: pa.RecordBatch, target: pa.Schema, filled: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """*batch* as a core gave it, with the columns of *target*: those that are *filled*, or null where none fills them.

    Raises ``KeyError`` for a column that neither has.
    """

    def column(field: pa.Field) -> pa.Array:
        if field.name in filled:
            return filled[field.name]
        if field.name in FILLED_LATER:  # link leaves out unrecognised
            return pa.nulls(batch.num_rows, field.type)
        return batch.column(field.name)

    return pa.RecordBatch.from_arrays([column(field) for field in target], schema=target)
