"""One question, one SQL file: what stands on top is there, and is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2] / "logtune" / "analyses"
FILES = sorted(path for path in HERE.glob("*.sql") if not path.name.startswith("trial"))
HEADINGS = ("title", "question", "tables", "parameters", "caveats")


def headings(text: str) -> dict[str, str]:
    return dict(re.findall(r"^-- (\w+): (.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_headings(path: Path) -> None:
    """Every query says its title, question, tables, parameters and caveats, in this order, before anything else."""
    text = path.read_text("utf-8")
    assert tuple(headings(text))[: len(HEADINGS)] == HEADINGS
    assert text.startswith("-- title:")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parameters(path: Path) -> None:
    """The parameters on top are those that the query uses."""
    text = path.read_text("utf-8")
    body = re.sub(r"--.*$|'[^']*'", "", text, flags=re.MULTILINE)
    said = set(re.findall(r"\$(\w+)", headings(text)["parameters"]))
    assert said == set(re.findall(r"\$(\w+)", body))
