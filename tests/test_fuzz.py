"""What the fuzzer begins with: small, made of known lines, and in the form that it reads."""

from __future__ import annotations

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
FUZZ = ROOT / "rust" / "fuzz"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """``scripts/fuzz``, which has no suffix."""
    loader = SourceFileLoader("fuzz_script", str(ROOT / "scripts" / "fuzz"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_seeds_are_few_and_differ(script: ModuleType) -> None:
    """Hundreds of small inputs with lines of the samples, the tests and the generator; twice the same ones."""
    seeds = list(script.seeds("parse_block"))
    assert 300 < len(seeds) == len(set(seeds)) < 3_000
    assert sum(map(len, seeds)) < 1_000_000
    assert seeds == list(script.seeds("parse_block"))
    text = b"\n".join(seeds)
    assert all(said in text for said in (b": NOQUEUE: reject_warning: ", b"postfix/postscreen[", b"corbel.example"))


def test_seeds_of_links_are_pairs_of_bytes(script: ModuleType) -> None:
    """A line of that target is two bytes; no seed is longer than what is read of it."""
    limit = re.search(r"LINES_LIMIT: usize = (\d+);", (FUZZ / "src" / "link.rs").read_text())
    assert limit is not None
    lengths = [len(seed) for seed in script.seeds("link")]
    assert lengths == sorted(set(lengths)) and lengths[-1] <= 2 * int(limit[1])
    assert all(length % 2 == 0 for length in lengths)


def test_kinds_of_lines(script: ModuleType) -> None:
    """Of lines that differ in numbers alone one is a seed."""
    lines = [
        b"mail postfix/smtpd[1]: connect",
        b"mail postfix/smtpd[22]: connect",
        b"mail postfix/qmgr[1]: 4F2A: removed",
    ]
    assert list(script.one_of_each(lines)) == [lines[0], lines[2]]


def test_tokens_are_quoted_as_libfuzzer_reads_them(script: ModuleType) -> None:
    """Quotes, backslashes and all that is not printable ASCII as a number."""
    assert script.token(b' helo=<"\\\xc3\xa9\0') == '" helo=<\\x22\\x5c\\xc3\\xa9\\x00"\n'


def test_targets_are_those_of_the_crate(script: ModuleType) -> None:
    """The command, the crate and the fuzzer's files name the same targets."""
    named = re.findall(r'\("(\w+)", \w+\)', (FUZZ / "src" / "lib.rs").read_text())
    assert tuple(named) == script.TARGETS
    assert {path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs")} == set(named)
