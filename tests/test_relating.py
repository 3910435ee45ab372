"""Relations that are made while a log is read are those that are made of its tables afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)

import logtune
from logtune import schema
from logtune.analyses.columns import COLUMNS
from logtune.link import Late
from logtune.relations.making import KEPT, MADE_OF, VIEWS
from logtune.sources import Sources
from logtune.spill import ReadAlready, Room, Spilled, Store

SAMPLES = Path(__file__).parent.parent / "sample_logs"
LOGS = ("filter.log", "truth/shapes.log", "truth/repeated.log", "truth/random_before_queue.log")
WHOLE = {**MADE_OF, **dict.fromkeys((*KEPT, *VIEWS), ())}
"""All columns of the relations, and what views over them need."""
ASKED = (*KEPT, *VIEWS)


def small_blocks(monkeypatch: pytest.MonkeyPatch, size: int = 7_000) -> None:
    """Cut the input into blocks of about *size* bytes, each a group of its own, and make relations of few rows at a time.

    Samples have few sessions side by side, but these last as many blocks as those of a server last seconds.
    """
    whole = Sources.blocks
    monkeypatch.setattr(Sources, "blocks", lambda self, _, progress: whole(self, size, progress))
    monkeypatch.setattr("logtune.spill.GROUP_BYTES", 0)
    monkeypatch.setattr("logtune.spill.LATEST", 10)
    monkeypatch.setattr("logtune.spill.Room.related", 300)


def relations(log: logtune.MailLog, names: Iterable[str] = ASKED) -> dict[str, Any]:
    """All rows of the relations."""
    return {name: log.arrow(f"FROM {name} ORDER BY ALL").to_pylist() for name in names}


def read(path: Path, columns: Mapping[str, Iterable[str]] | None = None, **more: Any) -> logtune.MailLog:
    return logtune.read(path, year=2026, tz="UTC", columns=columns, **more)


@pytest.mark.parametrize("memory", [0, 1 << 30], ids=["in files", "in memory"])
@pytest.mark.parametrize("name", LOGS)
def test_they_are_the_same(name: str, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row and cell, in many parts where memory is short, and in one."""
    expected = relations(read(SAMPLES / name))
    small_blocks(monkeypatch)
    log = read(SAMPLES / name, WHOLE, memory=memory)
    assert log.tables.related is not None
    assert log.tables.in_files == (memory == 0)
    assert relations(log) == expected


def test_columns_that_only_they_need_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and relations have the columns that were asked for, rows and values as ever."""
    asked = {"decisions": ["message"], "recipient_facts": ["id", "outcome"], "flags": ["id"]}
    whole = read(SAMPLES / "filter.log")
    expected = whole.arrow("SELECT id, outcome FROM recipient_facts ORDER BY ALL").to_pylist()
    for memory in (0, 1 << 30):
        small_blocks(monkeypatch)
        log = read(SAMPLES / "filter.log", asked, memory=memory)
        assert log.table("decisions") == whole.table("decisions").select(["ts", "position", "host", "message"])
        assert log.table("queue").column_names == ["ts", "position", "host"]
        assert log.arrow("FROM recipient_facts ORDER BY ALL").to_pylist() == expected
        assert log.arrow("FROM flags").column_names == ["id"]


@pytest.mark.parametrize("name", LOGS)
def test_a_report_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With relations made while the log is read, in many parts, and with those of the whole log."""
    from logtune.render import json as rendered

    expected = rendered.dumps(read(SAMPLES / name).report())
    small_blocks(monkeypatch)
    assert rendered.dumps(read(SAMPLES / name, COLUMNS["report"], memory=0).report()) == expected


def test_what_goes_on_after_it_was_over_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the native core cannot go on by parts, the SQL makes the relations of the whole log."""
    expected = relations(read(SAMPLES / "filter.log"))
    small_blocks(monkeypatch)
    monkeypatch.setattr("logtune.relations.native.OPEN_MOST", -1)
    log = read(SAMPLES / "filter.log", WHOLE, memory=0)
    assert log.tables.related is None
    assert relations(log) == expected
    assert log.coverage == read(SAMPLES / "filter.log").coverage


def test_a_year_that_turns_out_wrong_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log over New Year, copied late in that year: its first line could be of it, its last line tells."""
    path = tmp_path / "mail.log"
    stamps = ("Dec 30 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:59", "Jan  2 10:00:00")
    path.write_text("".join(f"{stamp} mx postfix/qmgr[1]: A1B2C3D4E5: removed\n" for stamp in stamps))
    written = datetime(2026, 12, 31, 10, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    small_blocks(monkeypatch, 60)
    log = logtune.read(path, tz="Europe/Berlin", columns=WHOLE)
    assert [ts.year for ts in log.table("queue")["ts"].to_pylist()] == [2025, 2025, 2025, 2025, 2026]
    assert [row["removed_ts"].year for row in relations(log, ["message_facts"])["message_facts"]] == [2026]


def test_what_can_be_read_once_is_not_related_while_it_is_read(tmp_path: Path) -> None:
    """A pipe cannot be read again, so its relations are made of its tables; so are those of a choice of a log."""
    expected = relations(read(SAMPLES / "filter.log"), KEPT)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(("sh", "-c", 'cat "$0" > "$1"', str(SAMPLES / "filter.log"), str(pipe))):
        log = read(pipe, WHOLE)
    assert log.tables.related is None
    assert relations(log, KEPT) == expected
    assert read(SAMPLES / "filter.log", WHOLE, day="2026-03-10").tables.related is None


class Noted:
    """A reader that keeps what it is given."""

    columns: ClassVar = {"queue": ("position", "message")}

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def feed(self, rows: Mapping[str, Iterable[pa.RecordBatch]]) -> None:
        self.rows += [row for batch in rows["queue"] for row in batch.to_pylist()]


def filled(store: Store, begin: int) -> None:
    """Ten rows of the queue."""
    names = schema.arrow_schema("queue", {"position", "message"})
    numbers = pa.array(range(begin, begin + 10), pa.int64())
    store.add({"queue": pa.RecordBatch.from_arrays([numbers, pa.nulls(10, pa.int64())], schema=names)})


@pytest.mark.parametrize("memory", [0, 1 << 30])
def test_a_reader_gets_rows_as_later_blocks_changed_them(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each once, with the last word about it; what only the reader needs is not in the tables."""
    monkeypatch.setattr("logtune.spill.GROUP_BYTES", 0)
    reader = Noted()
    store = Store({"queue": schema.arrow_schema("queue", {"position"})}, Room(memory), reader)
    for begin in range(0, 50, 10):
        filled(store, begin)
    store.change(Late("queue", "message", pa.array([33, 42]), pa.array([7, 7])))
    store.change(Late("queue", "message", pa.array([33]), pa.array([8])))
    table = store.tables()["queue"]
    assert isinstance(table, Spilled) == (memory == 0)
    rows = table.table() if isinstance(table, Spilled) else table
    assert rows.to_pydict() == {"position": list(range(50))}
    assert reader.rows == [{"position": n, "message": {33: 8, 42: 7}.get(n)} for n in range(50)]


def test_a_change_of_what_was_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader has it wrong then, and somebody must read again."""
    monkeypatch.setattr("logtune.spill.GROUP_BYTES", 0)
    store = Store({"queue": schema.arrow_schema("queue", {"position"})}, Room(1 << 30), Noted())
    for begin in range(0, 50, 10):
        filled(store, begin)
    store.change(Late("queue", "message", pa.array([3]), pa.array([7])))
    with pytest.raises(ReadAlready, match="message of a row of queue"):
        store.tables()
