"""The long comparison of both cores finds what it is there to find, and shows it in the fewest lines."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

if os.environ.get("LOGTUNE_REQUIRE_NATIVE") != "1":
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)

from logtune.link import Linked, NativeLinker
from logtune.parse import ParsedBlock
from logtune.parse.native import parse_block
from logtune.relations import native
from tests.parse import cores, differential
from tests.parse.differential import Log
from tests.related import Taken

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "differential"


def wrong_core(block: bytes, *arguments: Any) -> ParsedBlock:
    """A native core that takes one restriction for another."""
    return parse_block(block.replace(b"need fully-qualified hostname", b"need fully-qualified_hostname"), *arguments)


class WrongLinker(NativeLinker):
    """A link pass that counts a lost connection as a connect inside an open session."""

    lost = 0

    def feed(self, batches: Mapping[str, Any]) -> Linked:
        linked = super().feed(batches)
        if "connections" in batches:
            self.lost += batches["connections"]["event"].to_pylist().count("lost_connection")
        return linked

    @property
    def unclosed(self) -> int:
        return super().unclosed + self.lost


def test_the_cores_agree() -> None:
    """A generated and a mutated log, in processes of their own: nothing differs, and all lines are told."""
    told = []
    work = list(differential.logs(3_000, 2_000, seed=5))
    assert differential.run(work, 2, lambda done, found: told.append((done, found))) == []
    assert told == [(3_000, 0), (5_000, 0)]


def test_a_line_that_is_read_differently_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each such line stands alone, with the columns that differ."""
    monkeypatch.setattr(cores, "native", wrong_core)
    monkeypatch.setattr(differential, "native", wrong_core)
    found = differential.check(Log("generated", 2, 3_000))
    assert 1 <= len(found) <= differential.SHOWN
    for said in found:
        line, words = said.split("\n  ")
        assert line.count("need fully-qualified hostname") == 1
        assert words.startswith("decisions: ['reason', 'reason_shape']: native [{'reason':")


def test_lines_that_are_linked_differently_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of lines only the one remains that matters."""
    monkeypatch.setattr(differential, "NativeLinker", WrongLinker)
    (said,) = differential.check(Log("generated", 2, 3_000))
    line, words = said.split("\n  ")
    assert "lost connection after" in line
    assert words == "unclosed: native 1, reference 0"


def test_blocks_are_the_whole_text() -> None:
    """Cuts lose nothing and stand at line ends, also where the last line has none."""
    for text in (b"a\n\n\nb\r\nc", b"a\n" * 50_000, b"\n"):
        blocks = list(differential.cut(text, random.Random(1)))
        assert b"".join(blocks) == text
        assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert len(list(differential.cut(b"a\n" * 50_000, random.Random(1)))) > 5


def test_all_lines_are_dealt_out() -> None:
    """Both kinds in turn, each log with a seed of its own."""
    work = list(differential.logs(250_000, 50_000, seed=1))
    assert [(log.kind, log.lines) for log in work] == [
        ("generated", 100_000),
        ("mutated", 50_000),
        ("generated", 100_000),
        ("generated", 50_000),
    ]
    assert {log.seed for log in work if log.kind == "generated"} == {10_000, 10_001, 10_002}


def test_the_command() -> None:
    """``scripts/differential`` says what was compared on stdout, its progress on stderr, and exits with 0."""
    command = (sys.executable, str(SCRIPT), "--lines", "500", "--mutated", "300", "--processes", "1")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "500 generated and 300 mutated lines of seed 0: no differences\n"
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == ["500 of 800 lines", "800 of 800 lines"]
    assert done.returncode == 0


def test_relations_that_differ_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fewest lines of which the native core makes something else than the SQL, and what that is."""
    whole = Taken.put

    def without_sessions(taken: Taken, name: str, rows: native.Rows) -> None:
        table = rows().read_all()
        whole(taken, name, table.slice(0, 0).to_reader if name == "session_facts" else table.to_reader)

    monkeypatch.setattr(Taken, "put", without_sessions)
    [found] = differential.check(Log("generated", 2, 800))
    line, _, said = found.rpartition("\n")
    assert "smtpd[" in line
    assert "\n" not in line
    assert said.startswith("  session_facts: native lacks [(0, ")
