"""The relations of the native core are those of the SQL: every row and cell, on whole logs and on what no log would say."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)

import logtune
from benchmarks import generate
from logtune import schema
from logtune.relations import native
from logtune.spill import Room, Stored
from logtune.tables import empty
from tests.parse.mutations import Mutations
from tests.related import Taken, by_native, difference, in_parts, tables_in, tables_of
from tests.test_link_cores import LOGS, SAMPLES, changed, lines_of, shuffled, stamped

GENERATED = 4_000  # lines of each generated log
SHUFFLED = 3_000

CLIENT = "a.example[192.0.2.1]"
TAIL = "from=<a@example.com> to=<r@example.com> proto=ESMTP helo=<a>"
BAD_HELO = "504 5.5.2 <a>: Helo command rejected: need fully-qualified hostname;"
BAD_IP = "501 5.5.2 <[9]>: Helo command rejected: invalid ip address;"

# Each rule of the relations needs some of these; most are rare in the samples.
TELLING = (
    f"smtpd[7]: connect from {CLIENT}",
    f"smtpd[7]: connect from {CLIENT}",
    f"smtpd[7]: disconnect from {CLIENT} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    f"smtpd[7]: disconnect from {CLIENT} ehlo=2 starttls=1 mail=2 rcpt=0/2 rset=1 quit=1 commands=5/7",
    f"smtpd[7]: disconnect from {CLIENT} helo=1 ehlo=1 mail=1 rcpt=3 data=0/1 quit=1 commands=6/7",
    f"smtpd[7]: disconnect from {CLIENT} ehlo=1 mail=3 rcpt=7 rset=0 quit=1 commands=9",
    f"smtpd[7]: disconnect from {CLIENT} ehlo=1 mail=1 rcpt=1 quit=1 commands=4",
    f"smtpd[7]: disconnect from {CLIENT} ehlo=2147483647 helo=2 rcpt=99999999999/3 quit=x bdat=1/2 data=1",
    f"smtpd[7]: disconnect from {CLIENT}",
    "smtpd[7]: disconnect from b.example[192.0.2.9] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6",
    f"smtpd[7]: lost connection after DATA from {CLIENT}",
    f"smtpd[7]: lost connection after RSET from {CLIENT}",
    f"smtpd[7]: timeout after END-OF-MESSAGE from {CLIENT}",
    f"smtpd[7]: too many errors after RCPT from {CLIENT}",
    f"smtpd[7]: Anonymous TLS connection established from {CLIENT}: TLSv1.3 with cipher X (256/256 bits)",
    f"smtpd[7]: NOQUEUE: client={CLIENT}, sasl_method=PLAIN, sasl_username=jane",
    f"smtpd[7]: A1B2C3D4E5: client={CLIENT}, sasl_method=PLAIN, sasl_username=joe",
    f"smtpd[7]: A1B2C3D4E5: client={CLIENT}",
    f"smtpd[7]: A1B2C3D4E5: client={CLIENT}",
    f"smtpd[7]: NOQUEUE: reject_warning: RCPT from {CLIENT}: {BAD_HELO} {TAIL}",
    f"smtpd[7]: NOQUEUE: reject_warning: RCPT from {CLIENT}: {BAD_HELO} {TAIL}",
    f"smtpd[7]: NOQUEUE: reject_warning: EHLO from {CLIENT}: {BAD_HELO} proto=SMTP helo=<a>",
    f"smtpd[7]: NOQUEUE: reject_warning: HELO from {CLIENT}: {BAD_HELO} proto=ESMTP helo=<b>",
    f"smtpd[7]: NOQUEUE: reject_warning: EHLO from {CLIENT}: {BAD_IP} proto=SMTP helo=<[9]>",
    f"smtpd[7]: NOQUEUE: reject_warning: EHLO from {CLIENT}: {BAD_IP} proto=ESMTP helo=<a (b)@\\\">",
    f"smtpd[7]: NOQUEUE: reject_warning: CONNECT from {CLIENT}: 554 5.7.1 <{CLIENT}>: Client host rejected: Access denied; proto=SMTP",
    f"smtpd[7]: NOQUEUE: reject_warning: XCLIENT from {CLIENT}: 554 5.7.1 <{CLIENT}>: Client host rejected: Access denied; proto=SMTP",
    f"smtpd[7]: NOQUEUE: reject_warning: MAIL from {CLIENT}: 450 4.1.8 <a@example.com>: Sender address rejected: Domain not found; from=<a@example.com> proto=ESMTP helo=<a>",
    f"smtpd[7]: A1B2C3D4E5: reject_warning: MAIL from {CLIENT}: 450 4.1.8 <a@example.com>: Sender address rejected: Domain not found; from=<a@example.com> proto=ESMTP helo=<a>",
    f"smtpd[7]: A1B2C3D4E5: reject_warning: DATA from {CLIENT}: 503 5.5.0 <DATA>: Data command rejected: Improper use of SMTP command pipelining; from=<a@example.com> proto=ESMTP helo=<a?b>",
    f"smtpd[7]: NOQUEUE: reject: CONNECT from {CLIENT}: 554 5.7.1 <{CLIENT}>: Client host rejected: Access denied; proto=SMTP",
    f"smtpd[7]: NOQUEUE: reject: EHLO from {CLIENT}: {BAD_HELO} proto=SMTP helo=<a>",
    f"smtpd[7]: NOQUEUE: reject: MAIL from {CLIENT}: 450 4.1.8 <a@example.com>: Sender address rejected: Domain not found; from=<a@example.com> proto=ESMTP helo=<a>",
    f"smtpd[7]: NOQUEUE: reject: RCPT from {CLIENT}: 554 5.7.1 <r@example.com>: Relay access denied; {TAIL}",
    f"smtpd[7]: A1B2C3D4E5: reject: RCPT from {CLIENT}: 450 4.2.0 <R@example.com>: Recipient address rejected: Greylisted; from=<A@example.com> to=<R@example.com> proto=ESMTP helo=<a>",
    f"smtpd[7]: A1B2C3D4E5: reject: DATA from {CLIENT}: 554 5.7.1 <DATA>: Data command rejected: Access denied; {TAIL}",
    f"cleanup[7]: A1B2C3D4E5: reject: header Subject: x from {CLIENT}; {TAIL}: 5.7.1 no",
    f"cleanup[7]: A1B2C3D4E5: milter-reject: END-OF-MESSAGE from {CLIENT}: 4.7.1 later; {TAIL}",
    f"cleanup[7]: A1B2C3D4E5: hold: header Subject: x from {CLIENT}; {TAIL}",
    f"cleanup[7]: A1B2C3D4E5: discard: header Subject: x from {CLIENT}; {TAIL}",
    f"smtpd[7]: NOQUEUE: hold: RCPT from {CLIENT}: <{CLIENT}>: Client host triggers HOLD action; {TAIL}",
    f"smtpd[7]: NOQUEUE: permit: RCPT from {CLIENT}: action=permit_mynetworks for Client host; {TAIL}",
    f"smtpd[7]: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: queued as B1B2C3D4E5; {TAIL}",
    f"smtpd[7]: proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject; {TAIL}",
    "postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:1234: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.example; from=<a@example.com>, to=<r@example.com>, proto=ESMTP, helo=<a>",
    "smtpd[7]: warning: A1B2C3D4E5: queue file size limit exceeded",
    "smtpd[7]: warning: A1B2C3D4E5: BDAT request from a.example exceeds message size limit",
    "cleanup[7]: warning: A1B2C3D4E5: virtual_alias_maps map lookup problem -- message not accepted, try again later",
    "postsuper[7]: A1B2C3D4E5: removed",
    "pickup[7]: A1B2C3D4E5: uid=0 from=<a@example.com>",
    "qmgr[7]: A1B2C3D4E5: from=<a@example.com>, size=400, nrcpt=2 (queue active)",
    "qmgr[7]: A1B2C3D4E5: from=<a@example.com>, size=400, nrcpt=2 (queue active)",
    "qmgr[7]: A1B2C3D4E5: from=<a@example.com>, status=expired, returned to sender",
    "smtp[7]: A1B2C3D4E5: to=<r@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as B1B2C3D4E5)",
    "local[7]: A1B2C3D4E5: to=<a@example.com>, orig_to=<r@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as B1B2C3D4E5)",
    "local[7]: A1B2C3D4E5: to=<b@example.net>, orig_to=<R@example.com>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)",
    "smtp[7]: A1B2C3D4E5: to=<r@example.com>, relay=none, delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to b.example[192.0.2.9]:25: Connection timed out)",
    "smtp[7]: A1B2C3D4E5: to=<a@example.com>, relay=b.example[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (no)",
    "discard[7]: A1B2C3D4E5: to=<r@example.com>, relay=none, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (x)",
    "qmgr[7]: A1B2C3D4E5: removed",
)  # fmt: skip


@pytest.mark.parametrize("path", LOGS, ids=[str(p.relative_to(SAMPLES)) for p in LOGS])
def test_both_make_the_same_of_a_sample(path: Path) -> None:
    """A whole log, in one part and in many."""
    tables = logtune.read(path, year=2026, tz="UTC").tables.tables
    assert difference(tables, ()) is None
    assert difference(in_parts(tables, random.Random(path.name))) is None


@pytest.mark.parametrize("seed", range(3))
def test_both_make_the_same_of_a_generated_log(seed: int) -> None:
    """Lines as a server writes them, with content filters and aliases."""
    parts = generate.batches(GENERATED, seed)
    text = "".join(line for _, times, texts in parts for line in generate.STAMPS["iso"](times, texts))
    assert difference(tables_in(text.encode())) is None


@pytest.mark.parametrize("seed", range(3))
def test_both_make_the_same_of_damaged_lines(seed: int) -> None:
    """Lines of the samples and of the tests, damaged, in any order."""
    assert difference(tables_in(Mutations(seed).block(SHUFFLED))) is None


@pytest.mark.parametrize("seed", range(6))
def test_both_make_the_same_of_shuffled_lines(seed: int) -> None:
    """Lines in an order that Postfix does not write, of few processes, few queue ids and few addresses."""
    chance = random.Random(seed)
    lines = shuffled(chance, SHUFFLED)
    for _ in range(SHUFFLED // 10):
        at = chance.randrange(len(lines))
        pid = chance.choice("789")
        run = [stamped(text).replace("[7]", f"[{pid}]") for text in chance.choices(TELLING, k=chance.randrange(1, 20))]
        lines[at:at] = run if chance.random() < 0.5 else [changed(line, chance.choice) for line in run]
    tables = tables_of(lines)
    assert difference(tables) is None
    assert difference(in_parts(tables, chance)) is None


@st.composite
def few_lines(draw: st.DrawFn) -> list[str]:
    """A few telling lines, and some of a log, which can be made fewer where they differ."""

    def one(values: tuple[str, ...]) -> str:
        return draw(st.sampled_from(values))

    pool = lines_of(draw(st.sampled_from(LOGS)))[:500] + [stamped(text) for text in TELLING] * 20
    lines = draw(st.lists(st.sampled_from(pool), max_size=60))
    return [changed(line, one) for line in lines] if draw(st.booleans()) else lines


@settings(max_examples=40, deadline=None)
@given(few_lines(), st.randoms(use_true_random=False))
def test_both_make_the_same_of_any_lines(lines: list[str], chance: random.Random) -> None:
    """Any lines in any order, in parts that end anywhere."""
    assert difference(in_parts(tables_of(lines), chance)) is None


def test_a_log_without_lines_has_relations_without_rows() -> None:
    """Their columns and types are those of the SQL."""
    assert difference(empty()) is None


def test_the_relations_of_a_log_come_from_the_core_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the native core no statement of SQL makes them, with the reference core no native code does."""
    made = {}
    for core in ("native", "reference"):
        monkeypatch.setattr("logtune.tables.core_name", lambda core=core: core)
        unused = "making.by_sql" if core == "native" else "Tables._related_by_core"
        with monkeypatch.context() as patch:
            patch.setattr(f"logtune.tables.{unused}", None)
            log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC").tables
            made[core] = [
                log.con.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in ("sessions", "messages", "flags")
            ]
    assert made["native"] == made["reference"]


@pytest.mark.parametrize("rows", [100, 500, 2_000])
def test_a_log_is_made_part_by_part(rows: int) -> None:
    """What is over goes into a part: of a server's log little is left for the next ones, and nothing is told later."""
    parts = generate.batches(20_000, seed=1)
    text = "".join(line for _, times, texts in parts for line in generate.STAMPS["iso"](times, texts))
    tables = tables_in(text.encode())
    relations = native._native.Relations([])
    left = []
    for step in native._steps(in_parts(tables, random.Random(rows), 200)):
        for name, batches in step.items():
            for batch in batches:
                relations.feed(name, batch)
        if relations.waiting() > rows + 2 * sum(left[-1:]):
            relations.make()
            left.append(relations.waiting())
    relations.finish()
    assert len(left) > 3
    assert max(left) < 3_000


def test_which_recipients_postfix_added_is_told_by_the_whole_log() -> None:
    """always_bcc: the address that stands in most mails of the log, also where a part shows another more often."""
    lines = []
    for number in range(40):
        often = "often@example.com" if number < 10 else f"r{number}@example.com"
        name, pid = f"{number:02}B2C3D4E5", number + 100
        lines += [
            f"smtpd[{pid}]: connect from {CLIENT}",
            f"smtpd[{pid}]: {name}: client={CLIENT}",
            f"qmgr[7]: {name}: from=<a@example.com>, size=400, nrcpt=2 (queue active)",
            f"smtpd[{pid}]: disconnect from {CLIENT} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
            *(
                f"local[7]: {name}: to=<{to}>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered)"
                for to in ("archive@example.com", often)
            ),
            f"qmgr[7]: {name}: removed",
        ]
    tables = in_parts(tables_of([stamped(line) for line in lines]), random.Random(1), 20)
    made = by_native(tables, (), 60)["recipient_facts"]
    deliveries = pa.table(tables["deliveries"])
    archive = deliveries.filter(pc.equal(deliveries["recipient"], "archive@example.com"))
    assert made.num_rows == 40
    assert not set(made["id"].to_pylist()) & set(archive["position"].to_pylist())


def test_what_is_never_over_is_made_by_the_sql(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the sessions and mails of a large log do not end, or one that ended goes on, the answer is the same."""
    asked = "FROM recipients ORDER BY ALL"
    whole = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC").tables.con.execute(asked).fetchall()
    monkeypatch.setattr(native, "OPEN_MOST", 0)
    monkeypatch.setattr("logtune.spill.Room.related", 10)
    log = logtune.read(SAMPLES / "filter.log", year=2026, tz="UTC")
    with pytest.raises(native.NotByParts):
        native.make(native.Making((), Room(), Taken()), log.tables.tables)
    assert log.tables.con.execute(asked).fetchall() == whole


def test_a_row_of_what_was_over_is_told() -> None:
    """The native core does not make a part of what another part has made."""
    lines = [f"smtpd[7]: connect from {CLIENT}", f"smtpd[7]: disconnect from {CLIENT}"]
    tables = tables_of([stamped(line) for line in lines * 50])
    first, rest = ([(name, rows) for name, rows in step] for step in _halves(tables))
    relations = native._native.Relations([])
    for name, batch in first:
        relations.feed(name, batch)
    relations.make()
    for name, batch in [*rest, *first]:
        relations.feed(name, batch)
    with pytest.raises(native._native.Reopened, match="which was over"):
        relations.finish()


def _halves(tables: Mapping[str, Stored]) -> Iterator[list[tuple[str, pa.RecordBatch]]]:
    [connections] = pa.table(tables["connections"]).combine_chunks().to_batches()
    half = connections.num_rows // 2
    yield [("connections", connections.slice(0, half))]
    yield [("connections", connections.slice(half))]


def test_a_table_that_lacks_a_column_is_an_error() -> None:
    """The native core says which column."""
    lacking = {**empty(), "queue": schema.arrow_schema("queue").empty_table().drop_columns(["nrcpt"])}
    with pytest.raises(KeyError, match="nrcpt"):
        by_native(lacking, (), None)
    relations = native._native.Relations([])
    relations.feed("notices", pa.record_batch({"kind": pa.array(["tls"]).dictionary_encode()}))
    with pytest.raises(ValueError, match="column message of notices is missing"):
        relations.finish()
    with pytest.raises(ValueError, match="no relation reads table verdicts"):
        relations.feed("verdicts", pa.record_batch({"x": pa.array([1])}))


def test_the_tables_that_are_read_are_those_of_the_native_core() -> None:
    """It is given no other."""
    assert list(native.READ) == native._native.Relations.ORDER
    assert set(native.READ) <= set(schema.TABLES)
