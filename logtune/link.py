"""One ordered pass over all rows: which session, which message, re-injected as which message, how often.

Small state only: the open smtpd session of each process, the current life of each queue id that is in use or was until
a moment ago (``KEPT``), the last row of each host. Rows are fed in position order, block by block, and each block's
columns come back at once; what is known only later (the mail of a recipient that was warned about before its queue
file existed) is put right in the block's columns, and for rows of earlier blocks told as ``Late``.

Sessions: one smtpd process serves one client at a time, many one after another; a
session is (host, instance, service, pid) from ``connect`` to ``disconnect``. Where the log begins inside a
session, its id is the position of its first line.

Messages: a life of a queue id on (host, instance). Short ids come back as soon as the file is gone, so a
``client=`` or pickup line always begins a life, and so does the first sign of a new file after ``removed``.
A requeued mail (``orig_id=``) keeps its message. A content filter logs under a name of its own: its verdict is of the
last mail that has the queue id on its host, if any.

Recipients with ``NOQUEUE``: the first recipient of a mail is judged before the queue file exists;
``client=`` follows in the same session, and the lines waiting since then belong to that mail where they have
the sender of the last of them. With ``smtpd_delay_reject=no`` a MAIL command is judged at once: its line begins a mail.

Re-injection: "queued as ID" is believed only where ID's own client line fits.
"""

from __future__ import annotations

import ipaddress
import re
from array import array
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

NONE = -1
"""Stands for null in the arrays of a running pass."""

MOST_REPEATS = 2**31 - 1
"""What the column ``repeat`` can hold."""

KEPT = 1 << 18
"""So many mails that are over are remembered.

A delivery names the queue id that the mail came back with as soon as the filter has answered, and Postfix waits at most
ten minutes for that (``smtp_data_done_timeout``). The mail that came back may have been removed by then, so it must be
known for ten minutes: this is enough for 400 mails a second. Counted in mails, not in time, memory has a bound.
"""

READ = {
    "decisions": ("origin", "action", "protocol_state", "sender", "recipient", "reason"),
    "connections": ("event", "counters"),
    "queue": ("event", "client_addr", "orig_queue_id", "sender"),
    "deliveries": ("queued_as", "relay_addr", "relay", "daemon"),
    "verdicts": (),
    "notices": ("kind", "value"),
}
"""Columns that the pass reads, beyond position, host, instance, service, daemon, pid, queue_id and repeat."""

COMMON = ("position", "host", "instance", "service", "daemon", "pid", "queue_id", "repeat")
QUEUED_AS = re.compile(r"queued as ([0-9A-Za-z]+)")
ACCEPTED_RCPT = re.compile(r"\brcpt=([1-9]\d*)")

Key = tuple[str | None, ...]
Links = dict[str, dict[str, pa.Array]]
"""Table to its columns by name: session, message, (deliveries) successor, repeat, in row order."""


class Late(NamedTuple):
    """What a block tells of rows of blocks before it: cells of one column have other values now."""

    table: str
    column: str
    """message or repeat"""
    rows: pa.Array
    """Numbers of the rows, from 0 over all batches of the table, rising; int64."""
    values: pa.Array


class Linked(NamedTuple):
    """What a block gave: the columns of its rows, and what it tells of rows before it."""

    columns: Links
    late: Sequence[Late]


class Linking(Protocol):
    """What both linkers do. The native one takes only batches with all columns of ``COMMON`` and ``READ``."""

    @property
    def unclosed(self) -> int: ...
    @property
    def uncounted(self) -> int: ...
    def feed(self, batches: Mapping[str, pa.RecordBatch]) -> Linked: ...


def make_linker() -> Linking:
    """The linker of the core that parses: native where that is, else the reference. Both give the same."""
    from logtune.parse.core import core_name

    return NativeLinker() if core_name().startswith("native") else Linker()


@dataclass(slots=True)
class Life:
    """One life of a queue file."""

    message: int
    client_addr: str | None = None
    orig_queue_id: str | None = None
    by_client: bool = False
    has_message_id: bool = False
    active: bool = False
    ended: bool = False
    given_up: bool = False  # no queue file came of it, unless the queue manager says otherwise
    session: int = NONE
    presumed: tuple[str | None, list[int]] | None = None  # sender and rows that may be of another mail

    @property
    def over(self) -> bool:
        """Whether Postfix has no file of it any more."""
        return self.ended or (self.given_up and not self.active)


class Waiting(NamedTuple):
    """A decision line that has no queue id yet."""

    row: int
    named: tuple[str | None, str | None]  # sender, recipient
    reason: str | None
    judged: bool  # nothing was refused by it, and it names a recipient: the queue file that follows is its mail's
    at_mail: bool  # logged at MAIL, so it stands before all others of its mail


@dataclass(slots=True)
class Session:
    """The open session of one smtpd process, and its decisions that still wait for a queue id."""

    session: int
    waiting: list[Waiting] = field(default_factory=list)
    refused: set[tuple[str | None, str | None]] = field(default_factory=set)  # among those waiting
    proxied: int = NONE
    proxied_rows: list[tuple[str, int]] = field(default_factory=list)
    mail: tuple[Key, Life] | None = None  # the last one with a queue file
    clients: int = 0
    whole: bool = True

    def keep_last(self) -> None:
        """Keep what was said about the last recipient, and of that the last time, where the same was said before."""
        last = [w for w in self.waiting if w.named == self.waiting[-1].named]
        reasons = [w.reason for w in last]
        half, odd = divmod(len(last), 2)
        while not odd and half and reasons[:half] == reasons[half:] and not _three_in_one(reasons):
            last, reasons = last[half:], reasons[half:]
            half, odd = divmod(len(last), 2)
        self.waiting = last

    def begin_mail(self, line: Waiting) -> None:
        """A line logged at MAIL ends what was before: inside a mail, smtpd answers MAIL without judging it (mail_cmd).

        Only lines of the same command stay: about the same sender, each for another reason.
        """
        same = all(w.at_mail and w.named == line.named for w in self.waiting)
        said = [w.reason for w in self.waiting if w.reason == line.reason]
        if not same or (said and not _three_in_one(said)):
            self.settle()
        self.end_proxied()

    def end_proxied(self) -> None:
        """The before-queue filter has no mail any more."""
        self.proxied = NONE
        self.proxied_rows = []

    def is_next_mail(self, named: tuple[str | None, str | None]) -> bool:
        """Whether a line that names *named* is of another mail than those waiting: it was refused there already.

        A client may name it twice in one mail. Where MAIL was warned about, the next mail would be, too.
        """
        return named in self.refused and not any(w.at_mail and w.named[0] == named[0] for w in self.waiting)

    def settle(self) -> None:
        """Nothing waits any more."""
        self.waiting.clear()
        self.refused.clear()


@dataclass(slots=True)
class Columns:
    """What the pass fills for one table, row by row: those of the running block, and changes to rows before it."""

    begin: int = 0
    """Number of the block's first row."""
    session: array[int] = field(default_factory=lambda: array("q"))
    message: array[int] = field(default_factory=lambda: array("q"))
    repeat: array[int] = field(default_factory=lambda: array("i"))
    successor: array[int] = field(default_factory=lambda: array("q"))
    late: dict[str, dict[int, int]] = field(default_factory=lambda: {"message": {}, "repeat": {}})

    def append(self, repeat: int | None) -> int:
        self.session.append(NONE)
        self.message.append(NONE)
        self.successor.append(NONE)
        self.repeat.append(repeat or 1)
        return self.begin + len(self.session) - 1

    def set_message(self, row: int, message: int) -> None:
        """*row* is of *message*; it may be one of an earlier block."""
        if row < self.begin:
            self.late["message"][row] = message
        else:
            self.message[row - self.begin] = message

    def set_repeat(self, row: int, times: int) -> None:
        """*row*, which may be one of an earlier block, happened so often."""
        if row < self.begin:
            self.late["repeat"][row] = times
        else:
            self.repeat[row - self.begin] = times


class Linker:
    """Feed batches in order. ``unclosed`` and ``uncounted`` are signs of lost lines.

    ``unclosed``: a ``connect`` inside an open session of the same process. ``uncounted``: a ``disconnect`` that
    counts accepted recipients in a session whose lines show no ``client=``.

    *kept* is how many mails that are over are remembered.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self.columns = {name: Columns() for name in READ}
        self.sessions: dict[Key, Session] = {}
        self.lives: dict[Key, Life] = {}
        self.over: deque[tuple[Key, Life]] = deque()  # as they came to an end
        self.last: dict[str | None, tuple[str, int, int]] = {}  # table, row, how often it happened
        self.instances: dict[str | None, dict[str | None, None]] = {}  # in order of appearance
        self.unclosed = 0
        self.uncounted = 0

    def feed(self, batches: Mapping[str, pa.RecordBatch]) -> Linked:
        """Take the batches of one block. Rows of different tables are interleaved by position.

        Gives the columns of the block, of the tables that have rows in it, and what it tells of rows before it.
        """
        rows: list[tuple[int, str, dict[str, Any]]] = []
        for name, batch in batches.items():
            if name in READ:
                rows.extend((row["position"], name, row) for row in _rows(name, batch))
        rows.sort(key=lambda r: r[0])
        for _, name, row in rows:
            index = self.columns[name].append(row["repeat"])
            self._row(name, index, row)
            self._forget()
        return self._taken()

    def _row(self, name: str, index: int, row: dict[str, Any]) -> None:
        if name == "notices" and row["daemon"] is None and row["kind"] == "other" and row["value"] is not None:
            self._repeated(row["host"], int(row["value"]))
            return
        self.last[row["host"]] = (name, index, row["repeat"] or 1)
        if name == "verdicts":
            self._verdict(index, row)
        elif row["queue_id"] is not None:
            life = self._life(name, row)
            self.columns[name].set_message(index, life.message)
            if name == "deliveries":
                self._delivery(index, row, life)
            elif name in ("decisions", "notices"):
                self._set_session(name, index, life.session)
            if name == "decisions":
                self._judged(row, life)
        if row["daemon"] == "smtpd":
            self._smtpd(name, index, row)

    def _repeated(self, host: str | None, times: int) -> None:
        if host in self.last:
            name, index, before = self.last[host]
            now = min(before + times, MOST_REPEATS)
            self.last[host] = (name, index, now)
            self.columns[name].set_repeat(index, now)

    # --- sessions

    def _smtpd(self, name: str, index: int, row: dict[str, Any]) -> None:
        key = (row["host"], row["instance"], row["service"], row["pid"])
        if name == "connections" and row["event"] == "connect":
            self.unclosed += key in self.sessions
            self.sessions[key] = Session(row["position"])
        session = self.sessions.get(key)
        if session is None:
            if name == "notices":  # logged before its session's connect line, or after its end
                return
            session = self.sessions[key] = Session(row["position"], whole=False)
        self._set_session(name, index, session.session)
        if name == "connections" and row["event"] == "disconnect":
            self._disconnect(session, row["counters"])
            del self.sessions[key]
        elif name == "queue" and row["event"] == "client":
            self._client(session, index, row)
        elif name == "decisions":
            self._decision(session, index, row)

    def _set_session(self, name: str, index: int, session: int) -> None:
        columns = self.columns[name]
        columns.session[index - columns.begin] = session

    def _disconnect(self, session: Session, counters: str | None) -> None:
        self._leave(session)
        accepted = ACCEPTED_RCPT.search(counters or "")
        self.uncounted += bool(accepted and session.whole and not session.clients)

    def _client(self, session: Session, index: int, row: dict[str, Any]) -> None:
        session.clients += 1
        if session.proxied != NONE:  # the mail before went no further: only the last recipient is surely of this one
            session.keep_last()
        if row["queue_id"] is None:  # a before-queue filter follows: no queue file here
            message = session.proxied = row["position"]
            session.proxied_rows = [("queue", index)]
            life = None
        else:
            self._leave(session)
            life = self.lives[self._key(row)]
            session.mail = self._key(row), life
            message = life.message
            session.proxied = NONE
            life.session = session.session
        self.columns["queue"].set_message(index, message)
        self._adopt(session, message, life)

    def _leave(self, session: Session) -> None:
        """The session goes on without its last mail. Of one that came whole, cleanup has logged the Message-ID."""
        if session.mail is not None:
            key, life = session.mail
            if self.lives.get(key) is life and not (life.has_message_id or life.active or life.ended):
                self._give_up(key, life)
        session.mail = None

    def _adopt(self, session: Session, message: int, life: Life | None) -> None:
        """Give the mail the lines that were logged before its queue file existed."""
        if not session.waiting:
            return
        last = session.waiting[-1]
        sender = last.named[0]
        rows = [w.row for w in session.waiting if w.named[0] == sender]
        for index in rows:
            self.columns["decisions"].set_message(index, message)
            if session.proxied != NONE:
                session.proxied_rows.append(("decisions", index))
        if life is not None and not last.judged:
            life.presumed = (sender, rows)
        session.settle()

    def _decision(self, session: Session, index: int, row: dict[str, Any]) -> None:
        if row["queue_id"] is not None or row["protocol_state"] in ("CONNECT", "HELO", "EHLO", "VRFY", "ETRN"):
            return
        if row["protocol_state"] == "MAIL" and row["action"] == "reject":  # this mail ends here
            session.settle()
            session.end_proxied()
            return
        if row["protocol_state"] in ("MAIL", "RCPT"):
            self._wait(session, index, row)
        if session.proxied == NONE:
            return
        self.columns["decisions"].set_message(index, session.proxied)
        session.proxied_rows.append(("decisions", index))
        if row["origin"] == "proxy":
            self._proxy_end(session, row)

    @staticmethod
    def _wait(session: Session, index: int, row: dict[str, Any]) -> None:
        """Keep a line until its mail has a queue id."""
        named, at_mail = (row["sender"], row["recipient"]), row["protocol_state"] == "MAIL"
        refused = row["action"] == "reject"
        judged = not refused and not at_mail and named[1] is not None
        line = Waiting(index, named, row["reason"], judged, at_mail)
        if at_mail:
            session.begin_mail(line)
        elif session.is_next_mail(named):
            session.settle()
        session.waiting.append(line)
        if refused:
            session.refused.add(named)

    def _proxy_end(self, session: Session, row: dict[str, Any]) -> None:
        """The filter's answer ends the mail; the queue file it names, if it is ours, is the mail's."""
        queued = QUEUED_AS.search(row["reason"] or "")
        if row["action"] == "accept" and queued:
            life = self._injected(row["host"], queued[1], since=session.proxied, addr=None, orig=None)
            if life is not None:
                for name, index in session.proxied_rows:
                    self.columns[name].set_message(index, life.message)
        session.end_proxied()
        session.settle()

    # --- messages

    @staticmethod
    def _key(row: dict[str, Any]) -> Key:
        return (row["host"], row["instance"], row["queue_id"])

    def _life(self, name: str, row: dict[str, Any]) -> Life:
        key = self._key(row)
        life = self.lives.get(key)
        event = row["event"] if name == "queue" else None
        if life is None or self._begins(life, event):
            life = self.lives[key] = Life(row["position"])
            self.instances.setdefault(row["host"], {})[row["instance"]] = None
        if event is not None:
            self._step(life, event, row)
        return life

    @staticmethod
    def _begins(life: Life, event: str | None) -> bool:
        match event:
            case "client" | "pickup":
                return life.by_client or life.has_message_id or life.active or life.ended
            case "message_id":
                return life.ended or life.active
            case "active":
                return life.ended
        return False

    def _step(self, life: Life, event: str, row: dict[str, Any]) -> None:
        match event:
            case "client":
                life.by_client = True
                life.client_addr, life.orig_queue_id = row["client_addr"], row["orig_queue_id"]
            case "pickup":
                life.by_client = True
                before = self.lives.get((row["host"], row["instance"], row["orig_queue_id"]))
                if before is not None:
                    life.message, life.session = before.message, before.session
            case "message_id":
                life.has_message_id = True
            case "active":
                life.active = True
                self._verify(life, row["sender"])
            case "removed":
                life.ended = True
                self.over.append((self._key(row), life))

    def _give_up(self, key: Key, life: Life) -> None:
        life.given_up = True
        self.over.append((key, life))

    def _forget(self) -> None:
        """Let go of the mails that have been over for longest."""
        while len(self.over) > self.kept:
            key, life = self.over.popleft()
            if life.over and self.lives.get(key) is life:
                del self.lives[key]

    def _judged(self, row: dict[str, Any], life: Life) -> None:
        """A decision about a mail that has a queue id: it may be certain now whose its first lines are, or its last."""
        if life.presumed and row["sender"] == life.presumed[0]:
            life.presumed = None
        whole = row["protocol_state"] == "END-OF-MESSAGE" or row["origin"] == "cleanup"
        if row["action"] == "discard" or (row["action"] == "reject" and whole):
            self._give_up(self._key(row), life)

    def _verdict(self, index: int, row: dict[str, Any]) -> None:
        """Of the mail that has the queue id; of two instances' on this host, the one that began last."""
        keys = ((row["host"], instance, row["queue_id"]) for instance in self.instances.get(row["host"], ()))
        found = [self.lives[key].message for key in keys if key in self.lives]
        if found:
            self.columns["verdicts"].set_message(index, max(found))

    def _verify(self, life: Life, sender: str | None) -> None:
        """The queue manager names the sender: lines of another one were of a mail before, which was given up."""
        if life.presumed is None or sender is None:
            return
        presumed, rows = life.presumed
        life.presumed = None
        if (presumed or "").lower() != sender.lower():
            for index in rows:
                self.columns["decisions"].set_message(index, NONE)

    def _delivery(self, index: int, row: dict[str, Any], life: Life) -> None:
        queued_as = row["queued_as"]
        if queued_as is None:
            return
        since = life.message
        if row["relay"] == "local" or row["daemon"] == "local":  # local(8): forwarded as ID
            found = self.lives.get((row["host"], row["instance"], queued_as))
            found = found if found is not None and found.message > since and not found.by_client else None
        else:
            found = self._injected(row["host"], queued_as, since, row["relay_addr"], row["queue_id"])
        if found is not None:
            deliveries = self.columns["deliveries"]
            deliveries.successor[index - deliveries.begin] = found.message

    def _injected(self, host: str | None, queue_id: str, since: int, addr: str | None, orig: str | None) -> Life | None:
        """The life of *queue_id* on *host* that began after *since*, if its client line says it came from a filter."""
        for instance in self.instances.get(host, ()):
            life = self.lives.get((host, instance, queue_id))
            if life is None or life.message <= since or not life.by_client or life.client_addr is None:
                continue
            if life.orig_queue_id is not None and orig is not None:
                if life.orig_queue_id == orig:
                    return life
                continue
            if life.client_addr == addr or is_loopback(life.client_addr):
                return life
        return None

    # --- results

    def _taken(self) -> Linked:
        done = self.columns
        self.columns = {name: Columns(columns.begin + len(columns.session)) for name, columns in done.items()}
        late = [late for name, columns in done.items() for late in _late(name, columns)]
        return Linked({name: dict(_arrays(name, columns)) for name, columns in done.items() if columns.session}, late)


class NativeLinker:
    """The same pass in Rust (``rust/logtune-link``). Raises ``ImportError`` where it was not built."""

    def __init__(self, kept: int = KEPT) -> None:
        from logtune import _native

        self._pass = _native.Linker(kept)

    @property
    def unclosed(self) -> int:
        return self._pass.unclosed

    @property
    def uncounted(self) -> int:
        return self._pass.uncounted

    def feed(self, batches: Mapping[str, pa.RecordBatch]) -> Linked:
        """As ``Linker.feed``, without the global interpreter lock. Raises ``ValueError`` for a missing column."""
        columns, late = self._pass.feed(dict(batches))
        return Linked(
            {name: {c: pa.array(v) for c, v in of_table.items()} for name, of_table in columns.items()},
            [Late(table, column, pa.array(rows), pa.array(values)) for table, column, rows, values in late],
        )


def _arrays(name: str, columns: Columns) -> Iterator[tuple[str, pa.Array]]:
    wanted = ("session", "message", "successor") if name == "deliveries" else ("session", "message")
    for column in wanted:
        yield column, _nullable(getattr(columns, column))
    yield "repeat", pa.array(columns.repeat, pa.int32())


def _late(name: str, columns: Columns) -> Iterator[Late]:
    for column, cells in columns.late.items():
        if cells:
            rows, values = zip(*sorted(cells.items()), strict=True)
            raw = pa.array(values, pa.int64())
            yield Late(name, column, pa.array(rows, pa.int64()), _late_values(column, raw))


def _late_values(column: str, values: pa.Array) -> pa.Array:
    return values.cast(pa.int32()) if column == "repeat" else _nullable(values)


def _nullable(values: array[int] | pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    raw = pa.array(values, pa.int64())
    return pc.if_else(pc.equal(raw, NONE), None, raw)


def _rows(name: str, batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    names = [c for c in dict.fromkeys((*COMMON, *READ[name])) if c in batch.schema.names]
    # column by column: pyarrow's rows as dictionaries take four times as long
    for values in zip(*(batch.column(c).to_pylist() for c in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _three_in_one(reasons: list[str | None]) -> bool:
    """Whether one text stands for up to three restrictions: each HELO restriction says this of a bad literal."""
    return all(r is not None and r.endswith("invalid ip address") for r in reasons)


@lru_cache(maxsize=4096)
def is_loopback(addr: str) -> bool:
    """Whether *addr* is a loopback address; text that is no address is not."""
    try:
        ip = ipaddress.ip_address(addr.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None  # Python 3.13 looks there by itself
    return (mapped or ip).is_loopback
