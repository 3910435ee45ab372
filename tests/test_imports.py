"""The plan of the tree (docs/how-it-works.md): imports point against the way of the data, and starting is instant."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from logtune import cli
from logtune.relations.making import MADE, STEPS

PACKAGE = Path(__file__).parent.parent / "logtune"

FACTS = {"schema", "postfix", "config"}
READING = FACTS | {"sources", "parse"}
LINKING = READING | {"clock", "classify", "link"}
TABLES = LINKING | {"database", "relations", "results", "spill", "tables"}
ASKED = TABLES | {"anonymize", "losses", "read_options"}
ALL = ASKED | {
    "reading", "watching", "store", "postconf", "analyses", "render", "tune", "live", "send", "frames", "api", "cli"
}  # fmt: skip

MAY_IMPORT: dict[str, set[str]] = {
    # facts and forms, which lean on nothing but each other
    "schema": set(),
    "results": set(),
    "postfix": {"schema"},
    "config": {"schema", "postfix", "parse"},  # parse for the form of a syslog tag
    # the road of the data
    "sources": {"schema", "postfix"},
    "_native": set(),  # in Rust
    "parse": {"schema", "postfix", "sources", "_native"},
    "clock": READING,
    "classify": READING,
    "link": READING | {"_native"},
    "spill": {"link"},
    "database": {"spill"},
    "relations": FACTS | {"spill", "database", "_native"},
    "tables": LINKING | {"database", "relations", "results", "spill"},
    "losses": set(),
    "read_options": ASKED,
    "reading": ASKED,  # sources to tables, in order
    "store": ASKED,  # the same for good, a piece at a time
    "frames": set(),
    "analyses": TABLES,
    "render": {"results"},
    "send": set(),
    # beside it: a configuration, and the plan that a trial makes of it
    "postconf": {"schema", "postfix"},
    "tune": TABLES | {"postconf", "analyses", "render"},
    # beside it: this machine's running Postfix
    "live": {"results", "postfix", "postconf", "analyses"},
    # names replaced in rows right after reading
    "anonymize": {"schema", "config", "parse"},
    "watching": LINKING | {"anonymize", "analyses"},
    # what ties the steps together
    "api": ALL - {"cli"},
    "cli": ALL | {""},
    "": {"api"},  # logtune/__init__.py
    "__main__": {"cli"},
}
"""Step (file or folder of the package) to the steps that it may import, besides itself."""

HEAVY = {"duckdb", "PIL", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "rich"}
"""Libraries that cost a tenth of a second or more to import, or that pull in one that does."""

HELP_CPU_SECONDS = 0.25
SLOW_MACHINE = 2.0
"""How much slower than a usual machine one may be that runs these tests."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def step_of(dotted: str) -> str:
    """``logtune.parse.reference`` to ``parse``; the package itself to the empty name."""
    return [*dotted.split("."), ""][1]


def dotted_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Full names of what *path* imports anywhere in it, from the package or not."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_steps(path: Path) -> set[str]:
    """Steps that *path* imports. A public name of ``logtune/__init__.py`` counts as the package itself."""
    names = [name for name in imported(path) if name.split(".")[0] == "logtune"]
    return {step if (step := step_of(name)) in MAY_IMPORT else "" for name in names}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def modules_of(code: str) -> set[str]:
    """What a fresh Python has loaded when it ends after *code*."""
    at_end = "import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules))"
    return set(run(f"{at_end}\n{code}").splitlines()[-1].split())


def loaded_by(code: str) -> set[str]:
    """Heavy libraries that a fresh Python has loaded after *code*."""
    return HEAVY & modules_of(code)


RUN = "import sys; sys.argv = ['logtune', {}]; from logtune.cli import main; main()"
HELP = RUN.format("'--help'")
REPORT = RUN.format(f"'report', '--no-progress', {str(PACKAGE.parent / 'sample_logs' / 'helo_trial.log')!r}")


def test_every_module_has_its_place() -> None:
    """A file or folder of the package is one of the steps that the plan names."""
    assert {step_of(dotted_name(path)) for path in modules()} <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", modules(), ids=dotted_name)
def test_imports_point_to_the_left(path: Path) -> None:
    """A step imports what stands left of it; render imports results alone; nobody imports cli."""
    step = step_of(dotted_name(path))
    assert imported_steps(path) - {step} <= MAY_IMPORT[step]


def test_the_plan_has_no_cycle() -> None:
    """Steps that import each other would be one step."""
    left = {step: allowed - {step} for step, allowed in MAY_IMPORT.items()}
    while left:
        free = [step for step, needs in left.items() if not needs & set(left)]
        assert free, f"these import each other in a circle: {sorted(left)}"
        for step in free:
            del left[step]


def test_import_logtune_is_light() -> None:
    """``import logtune`` loads no heavy library; its names do when they are used."""
    assert loaded_by("import logtune") == set()


def test_help_is_light() -> None:
    """``logtune --help`` loads no heavy library."""
    assert loaded_by(HELP) == set()


def test_report_does_without_data_frames() -> None:
    """``logtune report`` loads what it needs, and not what it could: pandas alone takes a fifth of a second."""
    assert loaded_by(REPORT) == {"duckdb", "numpy", "pyarrow", "rich"}


def test_the_native_core_does_without_the_patterns_of_the_other() -> None:
    """Hundreds of patterns are not compiled where they are not used."""
    pytest.importorskip("logtune._native", reason="native core not built", exc_type=ImportError)
    assert "logtune.parse.families" not in modules_of(REPORT)


def test_the_library_has_data_frames() -> None:
    """Only the program does without pandas: whoever imports its parts may use both."""
    assert "pandas" in loaded_by("import logtune.cli, logtune.api; import pandas")


def test_help_is_instant() -> None:
    """``logtune --help`` takes less CPU than a person notices."""

    def cpu_seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "trial" in run(HELP)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(cpu_seconds() for _ in range(3)) < HELP_CPU_SECONDS * SLOW_MACHINE


def test_a_command_is_made_without_the_others() -> None:
    """Making a command takes time: the one that is asked for is made alone."""
    others = {f"logtune.cli.{name}" for name in cli.COMMANDS}
    assert others & modules_of(RUN.format("'sizing', '--help'")) == {"logtune.cli.sizing"}


def test_relations_are_made_in_an_order_in_which_none_waits_for_ever() -> None:
    """Each relation is begun after those that it needs, all of which there are."""
    begun: list[str] = []
    for name, needed in MADE.items():
        assert set(needed) <= set(begun)
        begun.append(name)
    assert set(STEPS) < set(begun)
