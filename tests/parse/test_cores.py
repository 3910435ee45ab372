"""The native core reads every line as the reference core does, cell for cell."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logtune import schema
from logtune.parse import core
from logtune.postfix import families
from tests.parse.mutations import PIECES, SAMPLES, STAMPS, TAGS, Mutations

if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)

from logtune import _native
from tests.parse.cores import SITE_TAGS, difference, differing_lines

LOGS = sorted(SAMPLES.rglob("*.log"))
SMALL = b"""\
Mar  2 06:12:00 mail postfix/smtpd[77]: connect from mx.example.com[192.0.2.1]\r
Mar  2 06:12:00 mail postfix/smtpd[77]: NOQUEUE: reject: RCPT from m\xc3\xbcx[192.0.2.1]: 504 5.5.2 <mx>: Helo [\xff] \
rejected; from=<> to=<"a b"@example.org> proto=ESMTP helo=<mx>

Mar  2 06:12:00 mail CRON[1]: (root)
2026-03-02T06:12:00.5+01:00 mail postfix/smtp[7]: 4F2A91C0E: to=<a@example.org>, relay=none, delay=1, status=sent (ok)"""


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_sample_logs(path: Path) -> None:
    """Every sample log gives the same tables."""
    assert difference(path.read_bytes()) is None


@pytest.mark.parametrize("seed", range(5))
def test_mutated_lines(seed: int) -> None:
    """Lines that were cut, spliced, flipped, doubled and stuffed are read the same."""
    assert differing_lines(Mutations(seed).block(2_000), SITE_TAGS) == []


@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=30),
    st.sampled_from(STAMPS),
    st.sampled_from(TAGS),
)
def test_any_pieces(pieces: list[bytes], stamp: str, tag: str) -> None:
    """Any text behind any header is read the same, and so is the text alone."""
    text = b"".join(pieces)
    block = b"%s%s: %s\n%s" % (stamp.encode(), tag.encode(), text, text)
    assert difference(block, tags=SITE_TAGS) is None


@given(st.binary(max_size=300))
def test_any_bytes(block: bytes) -> None:
    """Bytes that are no log are read the same."""
    assert difference(block) is None


def test_undecodable_bytes() -> None:
    """Every start of every multi-byte character is replaced by as many U+FFFD as Python writes."""
    pieces = [char.encode()[:cut] for char in "é€😀" for cut in (1, 2, 3, 4)]
    odd = [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\x80", b"\xfe", b"\x80\x80"]
    block = b"\n".join(a + b + c for a in pieces + odd for b in (b"", b"x") for c in pieces + odd)
    assert difference(block) is None


@pytest.mark.parametrize("end", range(len(SMALL) + 1))
def test_every_cut(end: int) -> None:
    """A block that ends anywhere is read the same, and so is what follows from there."""
    assert difference(SMALL[:end]) is None
    assert difference(SMALL[end:], 1 << 40 | end) is None


@pytest.mark.parametrize("table", schema.TABLES)
def test_columns_alone(table: str) -> None:
    """Each column is the same alone, and a table that is not asked for is not built."""
    block = (SAMPLES / "filter.log").read_bytes()
    for column in schema.TABLES[table]:
        assert difference(block, columns={table: {column.name}}) is None
    assert _native.parse_block(block, 0, {})[0] == {}


def test_batches_are_handed_over() -> None:
    """pyarrow takes a batch over by the Arrow PyCapsule interface, also more than once, and it outlives its source."""
    batches, _ = _native.parse_block(SMALL, 0)
    batch = batches["decisions"]
    first, second = pa.record_batch(batch), pa.record_batch(batch)
    assert pa.schema(batch) == first.schema == schema.parsed_schema("decisions")
    assert len(batch) == first.num_rows
    del batch, batches
    assert first.equals(second)


def test_programs_are_those_of_the_package() -> None:
    """Both cores take the same tags for Postfix's."""
    named, unslashed, filters, owners, syslogs = _native.programs_known()
    assert named == families.FAMILIES
    assert set(unslashed) == families.UNSLASHED
    assert filters == families.FILTERS
    assert set(owners) == families.FOREIGN_OWNERS
    assert tuple(syslogs) == families.SYSLOGS


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The native core is taken where it is built; LOGTUNE_CORE takes the choice and may name either, nothing else."""
    names = []
    for wanted in ("", "native", "reference"):
        monkeypatch.setenv(core.VARIABLE, wanted)
        names.append(core.core.__wrapped__().name)
    assert names == ["native (Rust)", "native (Rust)", "reference (Python)"]
    monkeypatch.setenv(core.VARIABLE, "rust")
    with pytest.raises(ValueError, match="LOGTUNE_CORE is 'rust'"):
        core.core.__wrapped__()
