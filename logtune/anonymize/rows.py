"""The columns of the tables, raw lines, and what a site gave to be compared with them, under pseudonyms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

import pyarrow as pa

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
        arrays = [self._column(table, f.name, whole.column(f.name), parsed, words) for f in whole.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=whole.schema)

    def _column(self, table: str, name: str, column: pa.Array, parsed: pa.RecordBatch, words: _Words) -> pa.Array:
        if name in TEXTS:
            return _as_type(pa.array(self._text_column(table, name, column, parsed, words), pa.string()), column.type)
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

    def _text_column(
        self, table: str, name: str, column: pa.Array, parsed: pa.RecordBatch, words: _Words
    ) -> list[str | None]:
        values = column.to_pylist()
        if table == "unrecognised":  # its form is not known: a name could stand anywhere in it
            return [None if text is None else self.of.opaque(text) for text in values]
        if table == "decisions" and name == "text":
            return [None if text is None else self.mail_text(text) for text in values]
        return [
            None if text is None else self.texts.with_words(text, words.of(row, text))
            for row, text in enumerate(values)
        ]

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
        words = _Words(self, known[0]).of(0, shown)
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
        names = [n for n in (*NAMES, *MAILBOXES, *OBJECTS) if n in batch.schema.names]
        self._columns = [_Column(anonymizer, name, batch.column(name)) for name in names]

    def of(self, row: int, text: str) -> dict[str, str]:
        """Words that stand in *text*, in lower case, to their pseudonyms."""
        lower, found = text.lower(), {}
        for column in self._columns:
            for word, change, value in column.words(row):
                if word in lower:
                    found[word] = change(value)
        return found


_Word = tuple[str, Callable[[str], str], str]
"""A word in lower case, and what gives its pseudonym of which value: only where the word is found, which is seldom."""


class _Column:
    """Words of a column, told once for each distinct value."""

    def __init__(self, anonymizer: Anonymizer, name: str, column: pa.Array) -> None:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        change, local = anonymizer.change(name), anonymizer.of.local
        values = [] if change is None else encoded.dictionary.to_pylist()
        self._words: list[tuple[_Word, ...]] = [tuple(_words(v, change, local)) if v else () for v in values if change]
        self._indices = encoded.indices.to_pylist()

    def words(self, row: int) -> tuple[_Word, ...]:
        index = self._indices[row]
        return () if index is None else self._words[index]


def _words(value: str, change: Callable[[str], str], change_local: Callable[[str], str]) -> Iterator[_Word]:
    lower = value.lower()
    if value in KEPT_OBJECTS or lower in KEPT_NAMES:
        return
    yield lower, change, value
    local, at, _ = value.rpartition("@")
    if at and len(local) >= SHORTEST_WORD and local.lower() not in KEPT_MAILBOXES:
        yield local.lower(), change_local, local


def _mapped(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """*column* with each distinct value changed once."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = pa.array([None if word is None else change(word) for word in encoded.dictionary.to_pylist()], pa.string())
    return _as_type(words.take(encoded.indices), column.type)


def _as_type(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return texts.dictionary_encode() if type_ == schema.WORD else texts
