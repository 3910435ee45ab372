"""A report's numbers as metrics: read by Prometheus' own parser, without addresses, bounded."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

import logtune
from logtune.render import prometheus
from logtune.results import Card, Column, Kind, Metric, Report, Section, Table, Verdict
from tests.render import sample
from tests.render.test_terminal import HOSTILE, hostile_report

SAMPLES = Path(__file__).parents[2] / "sample_logs"
NAME = re.compile(r"logtune_[a-z0-9_]+")


def families(report: Report) -> dict[str, Any]:
    """Metrics by name, as Prometheus reads them; no series may come twice."""
    found = {f.name: f for f in text_string_to_metric_families(prometheus.text(report))}
    for family in found.values():
        series = [(s.name, tuple(sorted(s.labels.items()))) for s in family.samples]
        assert len(series) == len(set(series))
    return found


def checked(text: str, advised: bool = True) -> None:
    """``promtool check metrics`` reads *text*, and has no advice; else its parser in Python reads it."""
    if promtool := shutil.which("promtool"):
        command = [promtool, "check", "metrics"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 or (done.returncode == 3 and not advised), done.stdout + done.stderr  # 3: advice
    assert list(text_string_to_metric_families(text))


def values(report: Report, name: str) -> dict[tuple[str, ...], float]:
    return {tuple(s.labels.values()): s.value for s in families(report)[name].samples}


def only(*items: Any, name: str = "x") -> Report:
    return replace(sample.REPORT, sections=(Section(name, name, items),))


@cache
def real() -> Report:
    report: Report = logtune.read(
        SAMPLES / "helo_trial.log", year=2026, tz="UTC", mynetworks="192.168.10.0/24"
    ).report()
    return report


def test_a_real_log() -> None:
    """Every metric is a gauge with a help text and a plain name; counts are those of the report."""
    found = families(real())
    assert all(NAME.fullmatch(name) and f.type == "gauge" and f.documentation for name, f in found.items())
    (overview,) = (s for s in real().sections if s.name == "overview")
    metrics = {m.name: m.value for m in overview.items if isinstance(m, Metric)}
    assert values(real(), "logtune_overview_sessions") == {(): metrics["sessions"]}
    assert values(real(), "logtune_overview_bytes") == {(): metrics["bytes"]}
    verdicts = values(real(), "logtune_trial_verdict")
    holds = {key[0]: key[2] for key, value in verdicts.items() if value and key[1] == "smtp"}
    assert holds["reject_unknown_helo_hostname"] == "do not enforce"
    assert set(verdicts.values()) == {0, 1}


def test_no_addresses() -> None:
    """No label holds a client's address, a mail address or a name of a stranger."""
    labels = [v for f in families(real()).values() for s in f.samples for v in s.labels.values()]
    assert not [
        v for v in labels if "@" in v or re.search(r"\d+\.\d+\.\d+\.\d+", v) or v.endswith((".example", ".test"))
    ]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('say "no" \\ here', 'say "no" \\ here'),
        ("a\nb", "a\\x0ab"),
        ("\u202e", "\\u202e"),
        ("greylisted, see http://postgrey.example/help/a.html", "greylisted, see *"),
        ("<x@example.com> from 192.0.2.7 and 2001:db8::7 in 86400 s", "* from * and * in * s"),
    ],
)
def test_labels(text: str, label: str) -> None:
    """Quotes and backslashes come back, controls are shown, what varies without end is left out."""
    card = Card(text, Verdict.KEEP, None, 1, sample.parts(1, 0, 0, 0), (), (), 3)
    assert values(only(card), "logtune_trial_flagged_recipients") == {(label, "smtp"): 3}


def test_texts_that_become_the_same_are_added() -> None:
    """Counts of both, and one verdict: that of the more harmful, which comes first."""
    cards = [
        Card(f"wait 100{n} s", verdict, None, 1, sample.parts(n, 0, 0, 0), (), (), 5)
        for n, verdict in ((1, Verdict.NO), (2, Verdict.ENFORCE))
    ]
    assert values(only(*cards), "logtune_trial_flagged_recipients") == {("wait * s", "smtp"): 10}
    held = {key[2] for key, value in values(only(*cards), "logtune_trial_verdict").items() if value}
    assert held == {"do not enforce"}


def test_series_are_bounded() -> None:
    """Thousands of restrictions and services: the first ones, and the others together."""
    cards = [
        Card(f"r{n // 26**2}-{n}", Verdict.KEEP, f"s{n}", 1, sample.parts(1, 0, 0, 0), (), (), 2) for n in range(999)
    ]
    columns = (Column("restriction", "r", Kind.LOGTEXT), Column("rejected", "n", Kind.COUNT))
    table = Table("rejects_by_restriction", columns, [(f"r{n}", 1) for n in range(999)])
    found = families(only(*cards, table))
    most = prometheus.SERIES_MOST + 1
    assert len(found["logtune_trial_flagged_recipients"].samples) == most
    assert sum(s.value for s in found["logtune_trial_flagged_recipients"].samples) == 2 * 999
    assert len(found["logtune_trial_verdict"].samples) <= 5 * prometheus.SERIES_MOST
    assert values(only(table), "logtune_rejected_recipients")[("(other)",)] == 999 - prometheus.SERIES_MOST


def test_units_and_unknown_values() -> None:
    """A unit ends the name once; what is not known is left out."""
    report = only(
        Metric("size", 5, Kind.BYTES, "b"),
        Metric("wait_seconds", 1.5, Kind.SECONDS, "s"),
        Metric("n", None, Kind.COUNT, "c"),
    )
    names = {name for name in families(report) if name.startswith("logtune_x")}
    assert names == {"logtune_x_size_bytes", "logtune_x_wait_seconds"}


@settings(max_examples=100, deadline=None)
@given(
    text=st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=60)),
    number=st.one_of(st.none(), st.floats(), st.integers(-(10**12), 10**12)),
)
def test_hostile_text(text: str, number: float | None) -> None:
    """Whatever a stranger wrote: lines of the format, encoded as UTF-8, names that are names."""
    out = prometheus.text(hostile_report(text, number))
    out.encode("utf-8")
    assert all(line.startswith(("# HELP logtune_", "# TYPE logtune_", "logtune_")) for line in out.splitlines())
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in families(hostile_report(text, number)))


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.log*")), ids=lambda p: p.stem)
def test_promtool_takes_every_sample(path: Path) -> None:
    """The metrics of each sample log, whatever it holds."""
    log = logtune.read(path, year=2026, tz="UTC", mynetworks="192.168.10.0/24")
    checked(prometheus.text(log.report()))


def test_promtool_takes_hostile_texts() -> None:
    """Texts that strangers made, in every place where a report may have one."""
    for text in HOSTILE:  # it is the name of sections too, which no log can choose: promtool may advise another
        checked(prometheus.text(hostile_report(text, 1.5)), advised=False)
