"""Both linkers give the same: every cell and both counters, on whole logs and on what no log would say."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtune.link import KEPT, Late, Linker, Linking, Links, NativeLinker
from logtune.parse.reference import parse_block

if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)

SAMPLES = Path(__file__).parent.parent / "sample_logs"
LOGS = sorted(SAMPLES.rglob("*.log"))
SHUFFLED = 4_000  # lines of each shuffled log

# Few of each, so that processes and queue ids meet again and again.
PLACES = (" mail postfix/", " mail postfix/", " mail postfix-out/", " other postfix/")
PIDS = ("7", "8", "9")
QUEUE_IDS = ("A1B2C3D4E5", "B1B2C3D4E5", "4dQYfH1rsBz1xYZ", "4dQYfH1rsBz1xYZ4dQYfH")
ADDRESSES = ("a@example.com", "A@example.com", "b@example.net", "")
PEERS = ("127.0.0.1", "192.0.2.1", "::1", "::ffff:127.0.0.1")

PLACE = re.compile(r" mail postfix/")
PID = re.compile(r"\[[0-9]+\](?=: )")
QUEUE_ID = re.compile(r"\b(?:[0-9A-F]{8,12}|4[0-9A-Za-z]{12,15})\b")
MAILBOX = re.compile(r"<[^<>@ ]*@[^<>]*>|(?<==)<>")
PEER = re.compile(r"(?<=\[)(?:[0-9]+\.[0-9.]+|[0-9a-f]*:[0-9a-f:]+)(?=\])")

REPEATED = (
    "Mar  2 10:00:00 mail last message repeated 3 times",
    "Mar  2 10:00:00 mail last message repeated 999999999999 times",
    "Mar  2 10:00:00 other last message repeated 2 times",
    "Mar  2 10:00:00 mail postfix/smtpd[7]: message repeated 2 times: [ connect from a.example[192.0.2.1]]",
    "Mar  2 10:00:00 mail postfix/smtpd[8]: warning: hostname a.example does not resolve to address 192.0.2.1",
)

# What decides between mails and where a mail went: rare in the samples, and each rule of the pass needs it.
DECIDING = (
    "smtpd[7]: connect from a.example[192.0.2.1]",
    "smtpd[7]: NOQUEUE: client=a.example[192.0.2.1]",
    "smtpd[7]: NOQUEUE: client=a.example[192.0.2.1]",
    "smtpd[7]: NOQUEUE: reject_warning: RCPT from a.example[192.0.2.1]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: NOQUEUE: reject_warning: RCPT from a.example[192.0.2.1]: 504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: NOQUEUE: reject_warning: RCPT from a.example[192.0.2.1]: 501 5.5.2 <[9]>: Helo command rejected: invalid ip address; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<[9]>",
    "smtpd[7]: NOQUEUE: reject: RCPT from a.example[192.0.2.1]: 554 5.7.1 <r@example.com>: Relay access denied; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: NOQUEUE: reject_warning: MAIL from a.example[192.0.2.1]: 450 4.1.8 <a@example.com>: Sender address rejected: Domain not found; from=<a@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: NOQUEUE: reject: MAIL from a.example[192.0.2.1]: 450 4.1.8 <a@example.com>: Sender address rejected: Domain not found; from=<a@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as A1B2C3D4E5; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: A1B2C3D4E5: client=localhost[127.0.0.1]",
    "smtpd[7]: A1B2C3D4E5: client=localhost[127.0.0.1], orig_queue_id=B1B2C3D4E5, orig_client=a.example[192.0.2.1]",
    "smtpd[7]: A1B2C3D4E5: reject_warning: DATA from a.example[192.0.2.1]: 503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining; from=<a@example.com> proto=ESMTP helo=<a>",
    "smtpd[7]: NOQUEUE: discard: RCPT from a.example[192.0.2.1]: <a@example.com>: Sender address triggers DISCARD action; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "cleanup[7]: A1B2C3D4E5: milter-reject: END-OF-MESSAGE from a.example[192.0.2.1]: 5.7.1 Spam; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "cleanup[7]: A1B2C3D4E5: reject: header Subject: x from a.example[192.0.2.1]; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>: 5.7.1 message content rejected",
    "cleanup[7]: A1B2C3D4E5: discard: body x from a.example[192.0.2.1]; from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>",
    "pickup[7]: A1B2C3D4E5: uid=0 from=<a@example.com> orig_id=B1B2C3D4E5",
    "cleanup[7]: A1B2C3D4E5: message-id=<1@example.com>",
    "qmgr[7]: A1B2C3D4E5: from=<a@example.com>, size=400, nrcpt=1 (queue active)",
    "qmgr[7]: A1B2C3D4E5: from=<a@example.com>, size=400, nrcpt=1 (queue active)",
    "local[7]: A1B2C3D4E5: to=<r@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as B1B2C3D4E5)",
    "smtp[7]: A1B2C3D4E5: to=<r@example.com>, relay=a.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B1B2C3D4E5)",
    "qmgr[7]: A1B2C3D4E5: removed",
    "amavis[7]: (7-1) Passed CLEAN, [192.0.2.1] <a@example.com> -> <r@example.com>, Queue-ID: A1B2C3D4E5, Hits: 0.1, size: 400",
    "smtpd[7]: disconnect from a.example[192.0.2.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
)  # fmt: skip

Draw = Callable[[tuple[str, ...]], str]


@cache
def lines_of(path: Path) -> list[str]:
    return path.read_text(errors="replace").splitlines()


def linked(linker: Linking, blocks: Iterable[list[str]]) -> tuple[Links, int, int]:
    """What a linker makes of blocks of lines, late changes put in, and its counters."""
    position = 0
    columns: dict[str, dict[str, list[pa.Array]]] = {}
    for block in blocks:
        data = "".join(f"{line}\n" for line in block).encode()
        given, late = linker.feed(parse_block(data, position).batches)
        position += len(data)
        for change in late:
            known = columns[change.table][change.column]
            columns[change.table][change.column] = [put(pa.concat_arrays(known), change)]
        for table, by_name in given.items():
            for name, values in by_name.items():
                columns.setdefault(table, {}).setdefault(name, []).append(values)
    whole = {table: {c: pa.concat_arrays(v) for c, v in by_name.items()} for table, by_name in columns.items()}
    return whole, linker.unclosed, linker.uncounted


def put(column: pa.Array, change: Late) -> pa.Array:
    """*column* with the late *change*."""
    values = column.to_pylist()
    for row, value in zip(change.rows.to_pylist(), change.values.to_pylist(), strict=True):
        assert row < len(values), "a late change is of a row of an earlier block"
        values[row] = value
    assert change.values.type == column.type
    return pa.array(values, column.type)


def assert_same(blocks: list[list[str]], kept: int = KEPT) -> None:
    expected, unclosed, uncounted = linked(Linker(kept), blocks)
    found, *counters = linked(NativeLinker(kept), blocks)
    assert counters == [unclosed, uncounted]
    whole, *_ = linked(NativeLinker(kept), [[line for block in blocks for line in block]])
    assert whole == found  # any way of cutting blocks gives the same
    assert found.keys() == expected.keys()
    for table, columns in expected.items():
        assert found[table].keys() == columns.keys()
        for name, values in columns.items():
            found[table][name].validate(full=True)
            if not found[table][name].equals(values):  # only then compare what takes long to show
                assert found[table][name].to_pylist() == values.to_pylist(), f"{table}.{name}"
                assert found[table][name].type == values.type, f"{table}.{name}"


def cut(lines: list[str], chance: random.Random, most: int) -> list[list[str]]:
    """*lines* in blocks, cut at up to *most* random line ends."""
    places = sorted(chance.randrange(len(lines) + 1) for _ in range(chance.randrange(most + 1)))
    return [lines[a:b] for a, b in pairwise([0, *places, len(lines)])]


def changed(line: str, draw: Draw) -> str:
    """*line* of another process, maybe of another instance or host, about another mail."""
    line = PLACE.sub(lambda _: draw(PLACES), line, count=1)
    line = PID.sub(lambda _: f"[{draw(PIDS)}]", line, count=1)
    line = QUEUE_ID.sub(lambda _: draw(QUEUE_IDS), line)
    line = PEER.sub(lambda _: draw(PEERS), line)
    return MAILBOX.sub(lambda _: f"<{draw(ADDRESSES)}>", line)


def stamped(text: str) -> str:
    return f"Mar  2 10:00:00 mail postfix/{text}"


def deciding(chance: random.Random) -> list[str]:
    """Lines that decide, of one process and mostly about the same mail."""
    pid, queue_id, sender = chance.choice(PIDS), chance.choice(QUEUE_IDS), chance.choice(ADDRESSES)
    lines = [stamped(text).replace("[7]", f"[{pid}]") for text in chance.choices(DECIDING, k=chance.randrange(1, 14))]
    if chance.random() < 0.6:
        lines = [line.replace("A1B2C3D4E5", queue_id).replace("<a@example.com>", f"<{sender}>") for line in lines]
    return lines


def shuffled(chance: random.Random, count: int) -> list[str]:
    """Lines of all samples in any order; some runs stay together, some lines become another's."""
    lines: list[str] = []
    while len(lines) < count:
        if chance.random() < 0.4:
            run = deciding(chance)
        else:
            sample = lines_of(chance.choice(LOGS))
            begin = chance.randrange(len(sample))
            run = sample[begin : begin + chance.choice((1, 1, 3, 20))]
        if chance.random() < 0.8:
            run = [changed(line, chance.choice) for line in run]
        if chance.random() < 0.1:
            run.append(chance.choice(REPEATED))
        lines += run
    return lines


@pytest.mark.parametrize("path", LOGS, ids=[str(p.relative_to(SAMPLES)) for p in LOGS])
def test_both_link_a_sample_the_same(path: Path) -> None:
    """A whole log, in one block and cut anywhere."""
    lines = lines_of(path)
    assert_same([lines])
    assert_same(cut(lines, random.Random(len(lines)), 20))


@pytest.mark.parametrize("seed", range(6))
def test_both_link_shuffled_lines_the_same(seed: int) -> None:
    """Lines in an order that Postfix does not write, of few processes and few queue ids; few mails are remembered."""
    chance = random.Random(seed)
    assert_same(cut(shuffled(chance, SHUFFLED), chance, 10), kept=seed * seed)


@st.composite
def few_lines(draw: st.DrawFn) -> list[str]:
    """A few lines of one log and another, which can be made fewer where they differ."""

    def one(values: tuple[str, ...]) -> str:
        return draw(st.sampled_from(values))

    pool = (
        lines_of(draw(st.sampled_from(LOGS)))
        + lines_of(draw(st.sampled_from(LOGS)))
        + [*REPEATED, *map(stamped, DECIDING)] * 20
    )
    return [changed(line, one) for line in draw(st.lists(st.sampled_from(pool), max_size=40))]


@settings(max_examples=60, deadline=None)
@given(few_lines(), st.randoms(use_true_random=False), st.sampled_from([0, 1, 2, KEPT]))
def test_both_link_any_lines_the_same(lines: list[str], chance: random.Random, kept: int) -> None:
    """Any lines in any order, cut anywhere, however few mails that are over are remembered."""
    assert_same(cut(lines, chance, 4), kept)


def test_a_batch_that_lacks_a_column_is_an_error() -> None:
    """The native pass says which column; nothing of the block is taken."""
    batches = parse_block(b"Mar  2 10:00:00 mail postfix/smtpd[7]: connect from a.example[192.0.2.1]\n", 0).batches
    linker = NativeLinker()
    with pytest.raises(ValueError, match="column event of connections is missing"):
        linker.feed({"connections": batches["connections"].drop_columns(["event"])})
    assert linker.feed({}).columns == {}
    assert len(linker.feed(batches).columns["connections"]["session"]) == 1
