"""Blocks: positions, accounts, columns, what is not understood; and that no bytes can break it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune import schema
from logtune.parse import Counts, Tag, parse_block
from logtune.parse.families.common import integer, number, reason_shape
from logtune.postfix.counters import counters
from tests.parse.rows import counts, row, rows

HEADER = "Mar  2 06:12:00 mail postfix/smtpd[77]: "
CONNECT = HEADER + "connect from mx.example.com[192.0.2.1]"

BLOCK = "\n".join(
    [
        CONNECT,
        "",
        HEADER
        + "NOQUEUE: reject: EHLO from unknown[192.0.2.1]: 501 5.5.2 <a>: Helo command rejected: x; proto=SMTP helo=<a>",
        "   \t\r",
        HEADER + "who knows",
        "Mar  2 06:12:00 mail sshd[9]: Accepted publickey",
        "no header",
        HEADER + "4F2A91C0E: client=mx.example.com[192.0.2.1]\r",
        "Mar  2 06:12:00 mail postfix/smtp[9]: 4F2A91C0E: to=<é@example.org>, relay=none, delay=1, status=sent (ok)",
        "\0\0\0" + CONNECT,
    ]
).encode()


def test_accounts() -> None:
    """recognised + unrecognised + blank = lines; what is not Postfix is a part of unrecognised."""
    assert counts(BLOCK) == Counts(lines=10, recognised=5, unrecognised=3, blank=2, not_postfix=1)


def test_line_end_at_the_end_makes_no_line() -> None:
    """A last line counts once, with or without its end; an empty block has no line."""
    assert counts(BLOCK) == counts(BLOCK + b"\n")
    assert counts(b"") == Counts()
    assert counts(b"\n") == Counts(lines=1, blank=1)


def test_unrecognised_rows() -> None:
    """A line that is not understood says why and is kept, cut; other programs' text is not kept."""
    assert [(r["why"], r.get("text")) for r in rows(BLOCK) if r["table"] == "unrecognised"] == [
        ("unknown smtpd text", HEADER + "who knows"),
        ("not postfix", None),
        ("no syslog header", "no header"),
    ]


def test_position_is_the_offset_of_the_line() -> None:
    """Positions are base + offset in bytes, also after lines whose characters have several bytes."""
    base = 3 << schema.SOURCE_SHIFT
    block = "é\n".encode() + CONNECT.encode() + b"\n" + CONNECT.encode()
    found = [r["position"] for r in rows(block, base)]
    assert found == [base, base + 3, base + 3 + len(CONNECT) + 1]


def test_message_repeated() -> None:
    """``message repeated N times: [ text]`` is the row of its text, N times; a whole line of it names nobody."""
    repeated = row(HEADER + "message repeated 3 times: [ connect from mx.example.com[192.0.2.1]]")
    assert (repeated["event"], repeated["client_addr"], repeated["repeat"]) == ("connect", "192.0.2.1", 3)
    last = row("Mar  2 06:12:00 mail last message repeated 2 times")
    assert (last["kind"], last["value"], last["text"]) == ("other", 2.0, "last message repeated 2 times")
    assert not {"daemon", "instance", "repeat"} & set(last)


def test_columns_limit_what_is_built() -> None:
    """Only the wanted tables and columns are built, position and stamp always; the accounts stay those of all lines."""
    parsed = parse_block(BLOCK, 0, {"connections": {"ts", "event"}})
    assert {name: batch.schema.names for name, batch in parsed.batches.items()} == {
        "connections": ["ts", "position", "event", "stamp"]
    }
    assert parsed.counts == counts(BLOCK)


def test_schema_of_the_batches() -> None:
    """Every batch has the schema that the contract names."""
    for table, batch in parse_block(BLOCK, 0).batches.items():
        assert batch.schema == schema.parsed_schema(table)
        batch.validate(full=True)


@pytest.mark.parametrize(
    ("tag", "instance", "why"),
    [
        ("sshd[9]", "sshd", "not postfix"),
        ("smtpd[9]", "smtpd", "not postfix"),  # OpenSMTPD
        ("cyrus/master[9]", "cyrus/master", "not postfix"),
        ("postfix/policyd[9]", "postfix/policyd", "not postfix"),
        ("postfix[9]", "postfix", "unknown postfix text"),
    ],
)
def test_whose_line(tag: str, instance: str, why: str) -> None:
    """Postfix is known by the last part of the tag; names that others use too need a slash."""
    found = row(f"Mar  2 06:12:00 mail {tag}: some text")
    assert (found["instance"], found["why"]) == (instance, why)


def test_a_mapped_tag_of_an_unknown_program_is_still_read() -> None:
    """A site may map a tag to a name that Postfix does not have: texts are known by their wording."""
    (found,) = rows(CONNECT.replace("postfix/smtpd", "edge").encode(), tags={"edge": Tag("postfix", None, "mysmtpd")})
    assert (found["daemon"], found["event"]) == ("mysmtpd", "connect")


def test_long_line() -> None:
    """A line that no syslog daemon writes is accounted for and not read."""
    long = CONNECT.encode() + b" " * 10_000_000
    assert counts(long + b"\n" + CONNECT.encode()) == Counts(lines=2, recognised=1, unrecognised=1)
    (first, second) = rows(long + b"\n" + CONNECT.encode())
    assert (first["why"], len(str(first["text"])), second["position"]) == ("line too long", 2000, len(long) + 1)


NUMBERS = [
    ("12", 12),
    ("2147483647", 2147483647),
    ("2147483648", None),
    ("", None),
    ("1_0", None),
    ("٣", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_integer(text: str | None, value: int | None) -> None:
    """A whole number is ASCII digits that fit the column, else null."""
    assert integer(text) == value


def test_number() -> None:
    """A decimal number has no exponent, no sign and no other alphabet."""
    assert [number(text) for text in ("0.25", "3", "nan", "1e9", "-1", ".5", None)] == [0.25, 3.0, *[None] * 5]


SHAPES = [
    ("Client host [192.0.2.1] blocked using bl.example", "Client host [ip] blocked using bl.example"),
    ("Client host [2001:db8::1%eth0] blocked", "Client host [ip] blocked"),
    ("Helo command [example.com] blocked", "Helo command [] blocked"),
    ("cannot find your reverse hostname, [unknown]", "cannot find your reverse hostname, []"),
    ("host x[192.0.2.9] said: 550 <b@example.org>: no", "host x[ip] said: 550 <>: no"),
    ("cut within <b@exam", "cut within <>"),
    (
        "blocked using bl2.example; see https://bl2.example/?192.0.2.1",
        "blocked using bl2.example; see https://bl2.example/?192.0.2.1",
    ),
    (None, None),
]


@pytest.mark.parametrize(("reason", "shape"), SHAPES)
def test_reason_shape(reason: str | None, shape: str | None) -> None:
    """A shape keeps the words and loses what stands in brackets; an address in brackets stays tellable."""
    assert reason_shape(reason) == shape


def test_counters() -> None:
    """Counters give accepted and all; notes are none, damaged text gives what is left."""
    assert counters("ehlo=2 rcpt=0/1 unknown=0/3 commands=2/6 notes=bare_lf") == {
        "ehlo": (2, 2),
        "rcpt": (0, 1),
        "unknown": (0, 3),
        "commands": (2, 6),
    }
    assert counters("ehlo=1 rcpt=0/") == {"ehlo": (1, 1)}
    assert counters(None) == {}


PIECES = st.sampled_from(
    [line.encode() for line in BLOCK.decode().split("\n")]
    + [
        b"Mar  2 06:12:00 mail postfix/",
        b"smtpd[77]: ",
        b"NOQUEUE: reject: RCPT from ",
        b"a[192.0.2.1]: ",
        b"; from=<",
        b"> to=<",
    ]
    + [
        b"4F2A91C0E: to=<",
        b">, relay=",
        b", status=sent (",
        b"\n",
        b"\r\n",
        b"\xff\xfe",
        b"\0",
        b'"',
        b" helo=<",
        b" header ",
        b" from local; from=<",
    ]
)
BYTES = st.one_of(
    st.binary(max_size=200), st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=30).map(b"".join)
)


def cells(block: bytes, base: int) -> dict[str, pa.Table]:
    parsed = parse_block(block, base)
    assert parsed.counts.recognised + parsed.counts.unrecognised + parsed.counts.blank == parsed.counts.lines
    return {name: pa.Table.from_batches([batch]) for name, batch in parsed.batches.items()}


@settings(max_examples=300, deadline=None)
@given(BYTES)
def test_any_bytes(block: bytes) -> None:
    """Whatever the bytes are, nothing is raised, the accounts add up, and each line that is not blank is one row."""
    tables = cells(block, 7)
    parsed = parse_block(block, 7)
    assert sum(len(table) for table in tables.values()) == parsed.counts.lines - parsed.counts.blank
    assert parsed.counts.lines == len(block.split(b"\n")) - (not block or block.endswith(b"\n"))


@settings(max_examples=100, deadline=None)
@given(BYTES.map(lambda more: BLOCK + b"\n" + more), st.data())
def test_any_cut_gives_the_same_rows(block: bytes, data: st.DataObject) -> None:
    """Cutting the input at any line end gives the same rows and the same accounts."""
    ends = [0, *(i + 1 for i, byte in enumerate(block) if byte == 10)]
    cut = data.draw(st.sampled_from(ends))
    first, second = block[:cut], block[cut:]
    assert rows(first) + rows(second, cut) == rows(block)
    assert counts(first) + counts(second) == counts(block)
