"""The columns of the tables, raw lines, and what a site gave to be compared with them, under pseudonyms."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network

import pyarrow as pa
import pyarrow.compute as pc

from logtune import schema
from logtune.anonymize import paths
from logtune.anonymize.pseudonyms import KEPT_MAILBOXES, KEPT_NAMES, Level, Pseudonyms
from logtune.anonymize.texts import KEPT_OBJECTS, Texts
from logtune.config import Known
from logtune.parse import Tag, parse_block

NAMES = ("host", "client_name", "helo", "relay_name")
ADDRESSES = ("client_addr", "relay_addr")
MAILBOXES = ("sender", "recipient", "orig_recipient", "sasl_username", "message_id")
OBJECTS = ("object", "orig_client")
SHORT_TEXTS = ("instance", "service", "endpoint")
TEXTS = ("reason", "reason_shape", "text")
IDENTIFYING = (*NAMES, *ADDRESSES, *MAILBOXES, *OBJECTS, "relay", *SHORT_TEXTS, *TEXTS)
"""Columns that are replaced; a test holds this and ``KEPT`` against the schema."""
KEPT = frozenset(
    [
        "ts",
        "position",
        "daemon",
        "pid",
        "queue_id",
        "session",
        "message",
        "repeat",
        "origin",
        "action",
        "protocol_state",
        "client_port",
        "reply_code",
        "dsn",
        "restriction",
        "proto",
        "sasl_method",
        "part",
        "event",
        "after",
        "counters",
        "orig_queue_id",
        "size",
        "nrcpt",
        "notice_queue_id",
        "uid",
        "relay_port",
        "conn_use",
        "delay",
        "delay_before_qmgr",
        "delay_in_qmgr",
        "delay_setup",
        "delay_transmit",
        "tls",
        "status",
        "queued_as",
        "successor",
        "filter",
        "verdict",
        "score",
        "kind",
        "severity",
        "value",
        "why",
    ]
)
"""Columns that name nobody: times, numbers, queue ids, Postfix's own words."""

WITHHELD = "line withheld"
SHORTEST_WORD = 3
"""A local part of one or two letters would be found in every text."""


@dataclass(frozen=True)
class Anonymizer:
    """Replaces what identifies somebody in rows, raw lines, networks and names."""

    of: Pseudonyms
    texts: Texts
    level: Level

    @classmethod
    def make(cls, key: bytes, level: Level) -> Anonymizer:
        pseudonyms = Pseudonyms(key, level)
        return cls(pseudonyms, Texts(pseudonyms), level)

    def batch(self, table: str, parsed: pa.RecordBatch, whole: pa.RecordBatch) -> pa.RecordBatch:
        """*whole* (rows of *table* as they will be stored) under pseudonyms.

        *parsed* has all columns of the same rows, for what a text says of them.
        """
        words = _Words(self, parsed)
        arrays = [self._column(table, f.name, whole.column(f.name), words) for f in whole.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=whole.schema)

    def _column(self, table: str, name: str, column: pa.Array, words: _Words) -> pa.Array:
        if table == "unrecognised" and name in TEXTS:  # its form is not known: a name could stand anywhere in it
            return _mapped(column, self.of.opaque)
        if table == "decisions" and name == "text":
            return _mapped(column, self.mail_text)
        if name in TEXTS:
            return _as_type(pa.array(self._texts(column.to_pylist(), words), pa.string()), column.type)
        change = self.change(name)
        return column if change is None else _mapped(column, change)

    def change(self, column: str) -> Callable[[str], str] | None:
        """What replaces a value of *column*; None where it stays, or where the row is needed for it (``TEXTS``)."""
        if column in NAMES:
            return self.of.name
        if column in ADDRESSES:
            return self.of.address
        if column in MAILBOXES:
            return self.of.mailbox
        if column in OBJECTS:
            return self.texts.object
        return self.relay if column == "relay" else self.texts.plain if column in SHORT_TEXTS else None

    def relay(self, text: str) -> str:
        """``name[address]:port``; ``local``, ``none`` and the names of sockets stay."""
        found = re.fullmatch(r"([^\[\]\s]+)\[([^\[\]\s]*)\](:\d+)?", text)
        if found is None:
            return self.texts.plain(text)
        inner = found[2] if "/" in found[2] else self.of.name(found[2])
        return f"{self.of.name(found[1])}[{inner}]{found[3] or ''}"

    def _texts(self, values: Sequence[str | None], words: _Words) -> list[str | None]:
        """The texts of a column. One without a word of its row has one form, which is told once."""
        lower = ["" if text is None else text.lower() for text in values]
        found = words.found(lower)
        told: dict[str | None, str | None] = {None: None}
        shown: list[str | None] = []
        for row, text in enumerate(values):
            if row in found:
                shown.append(self.texts.with_words(text or "", found[row]))
                continue
            if text not in told:
                told[text] = self.texts.cut(text or "")
            shown.append(told[text])
        return shown

    def mail_text(self, text: str) -> str:
        """A line of a mail (header and body checks): the name of a header stays."""
        name, colon, rest = text.partition(":")
        if colon and re.fullmatch(r"[\w-]{1,64}", name):
            return f"{name}: {self.of.opaque(rest.strip())}"
        return self.of.opaque(text)

    def line(self, line: bytes, tags: Mapping[str, Tag] | None = None) -> bytes:
        """A raw line of the log; one that is not understood is withheld, for a name could stand anywhere in it."""
        batches = parse_block(line + b"\n", 0, None, tags).batches
        known = [batch for name, batch in batches.items() if name != "unrecognised"]
        if not known:
            return f"{WITHHELD}: {self.of.opaque(line.decode('utf-8', 'replace'))}".encode()
        shown = line.decode("utf-8", "replace")
        words = _Words(self, known[0].slice(0, 1)).found([shown.lower()]).get(0, {})
        if "part" in known[0].schema.names and (text := known[0].column("text")[0].as_py()):
            words = {**words, text.lower(): self.mail_text(text)}
        return self.texts.with_words(shown, words).encode()

    def networks(self, given: Sequence[str]) -> tuple[str, ...]:
        """Networks in CIDR form that are to be compared with addresses under pseudonyms."""
        return tuple(moved for network in given for moved in self.of.network(network))

    def known(self, known: Known) -> Known:
        """Known clients, likewise."""
        networks = self.networks([str(network) for network in known.networks])
        suffixes = tuple(f".{self.of.name(suffix[1:])}" for suffix in known.suffixes)
        return Known(frozenset(map(self.of.name, known.names)), suffixes, tuple(map(ip_network, networks)))

    def source(self, name: str) -> str:
        """The name of a file or stream that was read."""
        return paths.hidden(name, self.of.name)

    def message(self, text: str) -> str:
        """What the program says on stderr: file names, and what else of a log an error may quote."""
        return paths.in_text(text, self.of.name, self.texts.plain)


class _Words:
    """The values of a row that a text may repeat without a sign of what they are: names without a dot, local parts."""

    def __init__(self, anonymizer: Anonymizer, batch: pa.RecordBatch) -> None:
        self._anonymizer, self._batch = anonymizer, batch

    @cached_property
    def _columns(self) -> Sequence[_Column]:
        """Made when the first text asks: most rows are of tables that have none."""
        names = [n for n in (*NAMES, *MAILBOXES, *OBJECTS) if n in self._batch.schema.names]
        return [_Column(self._anonymizer, name, self._batch.column(name)) for name in names]

    def found(self, lower: Sequence[str]) -> dict[int, dict[str, str]]:
        """Numbers of the rows of which a word is in their text, with these words to their pseudonyms.

        *lower* has the text of each row, in lower case as the words are.
        """
        found: dict[int, dict[str, str]] = {}
        for column in self._columns:
            for row, words in zip(column.rows, column.words, strict=True):
                for word, change, value in words:
                    if word in lower[row]:
                        found.setdefault(row, {})[word] = change(value)
        return found


_Word = tuple[str, Callable[[str], str], str]
"""A word in lower case, and what gives its pseudonym of which value: only where the word is found, which is seldom."""


class _Column:
    """Words of a column, told once for each distinct value."""

    def __init__(self, anonymizer: Anonymizer, name: str, column: pa.Array) -> None:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        change, local = anonymizer.change(name), anonymizer.of.local
        values = [] if change is None else encoded.dictionary.to_pylist()
        words = [_words(value, change, local) if value else () for value in values if change]
        self.rows: Sequence[int] = pc.indices_nonzero(encoded.is_valid()).to_pylist()
        """Those that have a value."""
        self.words = [words[index] for index in encoded.indices.drop_null().to_pylist()]


def _words(value: str, change: Callable[[str], str], change_local: Callable[[str], str]) -> tuple[_Word, ...]:
    lower = value.lower()
    if value in KEPT_OBJECTS or lower in KEPT_NAMES:
        return ()
    local, _, _ = value.rpartition("@")
    if len(local) < SHORTEST_WORD or (small := local.lower()) in KEPT_MAILBOXES:
        return ((lower, change, value),)
    return (lower, change, value), (small, change_local, local)


def _mapped(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """*column* with each distinct value changed once."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = pa.array([None if word is None else change(word) for word in encoded.dictionary.to_pylist()], pa.string())
    return _as_type(words.take(encoded.indices), column.type)


def _as_type(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return texts.dictionary_encode() if type_ == schema.WORD else texts
