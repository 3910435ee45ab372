"""What a wheel holds, and that version numbers and dependencies say the same in every place."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names in a wheel built from a copy (setuptools writes beside its sources), without the network."""
    copy = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "logtune", copy / "logtune", ignore=shutil.ignore_patterns(*CACHES, "*.so"))
    for file in (ROOT / "pyproject.toml", ROOT / "LICENSE", *ROOT.glob("README.md")):
        shutil.copy(file, copy)
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *offline, "--wheel-dir", str(copy / "dist"), str(copy)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    (wheel,) = (copy / "dist").glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_holds_every_file_of_the_package(wheel_names: set[str]) -> None:
    """Queries, facts, templates and py.typed are installed as the modules are; tests are not.

    The native core is left out here: it is built where a Rust toolchain is (tests/parse/test_cores.py).
    """
    files = [p.relative_to(ROOT) for p in (ROOT / "logtune").rglob("*") if p.is_file() and p.suffix != ".so"]
    here = {file.as_posix() for file in files if not CACHES & set(file.parts)}
    assert {name for name in wheel_names if ".dist-info/" not in name} == here


def test_wheel_holds_the_licence(wheel_names: set[str], project: dict[str, Any]) -> None:
    """The licence text travels with the package."""
    assert f"logtune-{project['version']}.dist-info/licenses/LICENSE" in wheel_names


def test_version_is_the_same_everywhere(project: dict[str, Any]) -> None:
    """pyproject.toml, the installed package, ``logtune.__version__`` and the changelog name one version."""
    import logtune

    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert {project["version"], version("logtune"), logtune.__version__, newest[1]} == {project["version"]}


def test_dependencies_are_what_is_imported(project: dict[str, Any]) -> None:
    """Each library that the package imports is declared, and each declared one but tzdata (only data) is imported; live is an extra."""
    trees = [ast.parse(path.read_bytes()) for path in (ROOT / "logtune").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"logtune"}

    distributions = packages_distributions()
    imported = {distributions[name][0].lower() for name in foreign}
    declared = {re.split(r"[^\w.-]", line)[0].lower() for line in project["dependencies"]}
    extra = {re.split(r"[^\w.-]", line)[0].lower() for line in project["optional-dependencies"]["live"]}
    assert imported == (declared | extra) - {"tzdata"}
