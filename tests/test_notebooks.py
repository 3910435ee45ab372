"""The notebooks run from top to bottom, and say what the log says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

import logtune

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

DRAWN = """
import json
print(json.dumps({"daily": daily.sum().to_dict(), "days": len(daily), "seconds": seconds.round(9).to_dict("index")}))
"""


@pytest.fixture(scope="module")
def helo_trial() -> Any:
    """The notebook after its run, with one more cell that prints what it drew."""
    notebook = nbformat.read(ROOT / "notebooks/helo_trial.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(DRAWN))
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT / "notebooks")}}
    ).execute()
    return notebook


def stopped(log: logtune.MailLog) -> dict[str, int]:
    """Newly stopped recipients by restriction, services together, as the trial counts them."""
    found: dict[str, int] = {}
    for row in log.trial_json()["restrictions"]:
        if row["restriction"] and row["accepted"]:
            found[row["restriction"]] = found.get(row["restriction"], 0) + row["accepted"]
    return found


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_helo_trial_runs_and_draws(helo_trial: Any) -> None:
    """Every cell runs; the trial shows itself as HTML, and two charts are drawn."""
    kinds = [kind for output in outputs(helo_trial) for kind in output.get("data", {})]
    assert kinds.count("image/png") == 2
    assert [o for o in outputs(helo_trial) if "do not enforce" in o.get("data", {}).get("text/html", "")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_helo_trial_counts_what_the_trial_counts(helo_trial: Any) -> None:
    """The notebook's own query over flags and recipients gives the trial's newly stopped recipients."""
    log = logtune.read(ROOT / "sample_logs/helo_trial.log", year=2026, tz="Europe/Berlin")
    shown = next(
        o.data["text/plain"]
        for o in outputs(helo_trial)
        if "recipients  clients" in o.get("data", {}).get("text/plain", "")
    )
    rows = [line.split() for line in shown.splitlines() if line.startswith("reject_")]
    assert {row[0]: int(row[1]) for row in rows} == stopped(log)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_helo_trial_draws_what_the_log_says(helo_trial: Any) -> None:
    """A bar for every day, all newly stopped recipients, and first tries alone: on loopback none takes a second."""
    drawn = json.loads(outputs(helo_trial)[-1].text)
    log = logtune.read(ROOT / "sample_logs/helo_trial.log", year=2026, tz="Europe/Berlin")
    assert drawn["days"] == log.period.days
    assert drawn["daily"] == stopped(log)
    assert set(drawn["seconds"]) == set(log.to_pandas("deliveries").query("status == 'sent'").daemon)
    assert all(0 < sum(stages.values()) < 1 for stages in drawn["seconds"].values())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_helo_trial_shows_log_text_harmlessly(helo_trial: Any) -> None:
    """Raw lines are printed as bytes: what strangers wrote reaches no page as it came."""
    printed = "".join(output.text for output in outputs(helo_trial)[:-1] if output.output_type == "stream")
    lines = printed.splitlines()
    assert len(lines) > 5
    assert all(re.fullmatch(r"\d+ b(['\"]).*\1", line) for line in lines)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.name)
def test_notebooks_are_kept_without_outputs(path: Path) -> None:
    """Outputs would drift; running the notebook makes them."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") for cell in cells)


SIZED = """
print(json.dumps({"peak": int(levels.busy.max()), "limit": limit, "stages": list(seconds.columns)}))
"""


@pytest.fixture(scope="module")
def sizing() -> Any:
    """The second notebook after its run, with one more cell that prints what it drew."""
    notebook = nbformat.read(ROOT / "notebooks/sizing.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import json" + SIZED))
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(ROOT / "notebooks")}}
    ).execute()
    return notebook


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_sizing_draws_what_the_report_counts(sizing: Any) -> None:
    """Sessions counted by a few lines of pandas have the report's peak, and both charts are drawn."""
    kinds = [kind for output in outputs(sizing) for kind in output.get("data", {})]
    assert kinds.count("image/png") == 2
    assert [o for o in outputs(sizing) if "Raise the process limit of smtp" in o.get("data", {}).get("text/html", "")]
    drawn = json.loads(outputs(sizing)[-1].text)
    report = logtune.read(ROOT / "sample_logs/busy.log.gz", year=2026, tz="UTC").sizing()
    rows = [i.rows for s in report.sections for i in s.items if getattr(i, "name", "") == "concurrent_sessions"]
    assert (drawn["peak"], drawn["limit"]) == rows[0][0][1:3]
    assert [name[:2] for name in drawn["stages"]] == ["a ", "b ", "c ", "d "]  # the letter, then what it is
