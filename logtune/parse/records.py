"""One named tuple per table: what a message family reads from a text, beside the common columns.

Field names are the column names of ``logtune.schema``; a field that is left out is null. ``restriction`` and
``successor`` are missing: classify and link fill them.
"""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """A row of ``decisions``."""

    origin: str
    action: str
    protocol_state: str | None = None
    client_name: str | None = None
    client_addr: str | None = None
    client_port: int | None = None
    reply_code: int | None = None
    dsn: str | None = None
    object: str | None = None
    reason: str | None = None
    reason_shape: str | None = None
    sender: str | None = None
    recipient: str | None = None
    proto: str | None = None
    helo: str | None = None
    sasl_method: str | None = None
    sasl_username: str | None = None
    part: str | None = None
    text: str | None = None


class Connection(NamedTuple):
    """A row of ``connections``."""

    event: str
    client_name: str | None = None
    client_addr: str | None = None
    client_port: int | None = None
    after: str | None = None
    counters: str | None = None


class Queue(NamedTuple):
    """A row of ``queue``."""

    event: str
    client_name: str | None = None
    client_addr: str | None = None
    sasl_method: str | None = None
    sasl_username: str | None = None
    orig_queue_id: str | None = None
    orig_client: str | None = None
    message_id: str | None = None
    sender: str | None = None
    size: int | None = None
    nrcpt: int | None = None
    notice_queue_id: str | None = None
    uid: int | None = None


class Delivery(NamedTuple):
    """A row of ``deliveries``."""

    recipient: str
    orig_recipient: str | None = None
    relay: str | None = None
    relay_name: str | None = None
    relay_addr: str | None = None
    relay_port: int | None = None
    conn_use: int | None = None
    delay: float | None = None
    delay_before_qmgr: float | None = None
    delay_in_qmgr: float | None = None
    delay_setup: float | None = None
    delay_transmit: float | None = None
    tls: str | None = None
    dsn: str | None = None
    status: str | None = None
    reason: str | None = None
    queued_as: str | None = None


class Verdict(NamedTuple):
    """A row of ``verdicts``."""

    filter: str
    verdict: str
    score: float | None = None
    client_addr: str | None = None
    sender: str | None = None
    recipient: str | None = None
    message_id: str | None = None


class Notice(NamedTuple):
    """A row of ``notices``."""

    kind: str
    severity: str = "info"
    client_name: str | None = None
    client_addr: str | None = None
    endpoint: str | None = None
    value: float | None = None
    text: str | None = None


class Unrecognised(NamedTuple):
    """A row of ``unrecognised``."""

    text: str | None
    why: str


Record = Decision | Connection | Queue | Delivery | Verdict | Notice | Unrecognised

TABLE_OF: dict[type[Record], str] = {
    Decision: "decisions",
    Connection: "connections",
    Queue: "queue",
    Delivery: "deliveries",
    Verdict: "verdicts",
    Notice: "notices",
    Unrecognised: "unrecognised",
}
