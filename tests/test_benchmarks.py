"""The generator of large logs writes what it says it writes, and the benchmark's page is filled from what was measured."""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from importlib.util import cache_from_source
from pathlib import Path

import pytest

import logtune
from benchmarks import bench, generate, nightly
from logtune.postfix.families import FAMILIES

LINES = 20_000

KNOWN = {
    "accepted mails": 1649,
    "deliveries": 2303,
    "mails": 1728,
    "other programs": 159,
    "refused recipients": 582,
    "reject_invalid_helo_hostname": 70,
    "reject_non_fqdn_helo_hostname": 116,
    "reject_unauth_pipelining": 15,
    "reject_unknown_client_hostname": 85,
    "reject_unknown_helo_hostname": 310,
    "sessions": 2341,
}
"""What stands in the first 20,000 lines of seed 1: a change here means that all measured logs change."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counter[str]]:
    """A generated log and its truth."""
    path = tmp_path_factory.mktemp("generated") / "mail.log"
    return path, generate.write(path, LINES, seed=1)


@pytest.fixture(scope="module")
def read(log: tuple[Path, Counter[str]]) -> logtune.MailLog:
    """The same, as logtune reads it."""
    return logtune.read(log[0], year=2026, tz="UTC")


def rows(read: logtune.MailLog, query: str) -> list[tuple[object, ...]]:
    return read.tables.con.execute(query).fetchall()


def test_a_seed_gives_known_counts(log: tuple[Path, Counter[str]]) -> None:
    """The counts of seed 1 stay what they are."""
    assert dict(log[1]) == KNOWN


def test_logtune_finds_what_was_written(log: tuple[Path, Counter[str]], read: logtune.MailLog) -> None:
    """Sessions, mails, deliveries and flagged recipients are those that the generator counted while it wrote."""
    found = dict(rows(read, "SELECT restriction, count(DISTINCT id) FROM flags GROUP BY restriction"))
    found |= {
        "sessions": len(read.to_pandas("sessions")),
        "mails": len(read.to_pandas("messages")),
        "accepted mails": rows(read, "SELECT count(*) FROM messages WHERE accepted")[0][0],
        "deliveries": read.table("deliveries").num_rows,
        "refused recipients": rows(
            read,
            "SELECT count(*) FROM decisions WHERE origin = 'smtpd' AND action = 'reject' AND protocol_state = 'RCPT'",
        )[0][0],
        "other programs": read.coverage.not_postfix,
        "notes of loss": rows(read, "SELECT count(*) FROM notices WHERE kind = 'log_loss'")[0][0],
    }
    assert {name: found.get(name, 0) for name in log[1]} == dict(log[1])


def test_every_line_is_understood(read: logtune.MailLog) -> None:
    """Only lines of other programs are not understood."""
    coverage = read.coverage
    assert (coverage.lines, coverage.blank, coverage.backwards, coverage.no_stamp) == (LINES, 0, 0, 0)
    assert coverage.unrecognised == coverage.not_postfix


def test_no_line_is_lost_but_by_the_notes(tmp_path: Path) -> None:
    """Without the notes of journald and rsyslog nothing looks as if lines were missing."""
    generate.write(tmp_path / "mail.log", LINES, seed=2, loss_notes=False)
    assert logtune.read(tmp_path / "mail.log", year=2026, tz="UTC").coverage.loss == []


def test_every_mail_that_a_filter_brought_back_is_found(read: logtune.MailLog) -> None:
    """Re-injection can be resolved: each delivery to the filter has its successor."""
    lost = "SELECT count(*) FROM deliveries WHERE relay_port = 10024 AND successor IS NULL"
    found = "SELECT count(*) > 100 FROM messages WHERE reinjected"
    assert rows(read, lost) + rows(read, found) == [(0,), (True,)]


def test_all_kinds_of_lines_are_there(log: tuple[Path, Counter[str]], read: logtune.MailLog) -> None:
    """At least forty shapes of messages, and every message family of Postfix that a mail server logs."""
    tables = " UNION ".join(f"SELECT daemon::VARCHAR FROM {name}" for name in logtune.schema.TABLES)
    families = {FAMILIES[d] for (d,) in rows(read, tables) if isinstance(d, str)}
    assert families >= set(FAMILIES.values())
    assert len(shapes(log[0].read_text())) >= 40


def shapes(text: str) -> set[str]:
    """Messages without what differs: addresses, names, numbers, what stands after a key."""
    found = set()
    for line in text.splitlines():
        message = re.sub(r"\[[^\]]*\]|<[^>]*>|=[^ ,]*|\b[0-9A-F]{10}\b|[\w.-]+\.(?:example|test)\S*", "*", line[21:])
        found.add(" ".join(re.findall(r"[A-Za-z]{3,}", message)[:5]))
    return found


def test_a_line_has_150_to_160_bytes(log: tuple[Path, Counter[str]]) -> None:
    """Lines are as long as those of real logs, on average."""
    data = log[0].read_bytes()
    assert data.count(b"\n") == LINES
    assert 150 <= len(data) / LINES <= 160


def test_few_clients_bring_much_of_the_mail(read: logtune.MailLog) -> None:
    """Clients are skewed: the busiest tenth brings two in five of the mails and more, and there are hundreds."""
    query = "SELECT count(*) FROM messages WHERE client_addr IS NOT NULL AND NOT reinjected GROUP BY client_addr"
    counts = sorted((int(str(n)) for (n,) in rows(read, query)), reverse=True)
    assert len(counts) > 300
    assert sum(counts[: len(counts) // 10]) > sum(counts) * 2 / 5


def test_the_same_seed_gives_the_same_bytes(log: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    """Nothing but the seed decides; gz holds the same text."""
    truth = generate.write(tmp_path / "again.gz", LINES, seed=1, gz=True)
    assert (gzip.decompress((tmp_path / "again.gz").read_bytes()), truth) == (log[0].read_bytes(), log[1])


def test_iso_stamps_change_nothing_else(log: tuple[Path, Counter[str]], tmp_path: Path) -> None:
    """Both forms of stamps carry the same lines, and times with fractions are in order."""
    generate.write(tmp_path / "iso.log", LINES, seed=1, stamps="iso")
    iso = (tmp_path / "iso.log").read_text().splitlines()
    assert [line[33:] for line in iso] == [line[16:] for line in log[0].read_text().splitlines()]
    assert [line[:32] for line in iso] == sorted(line[:32] for line in iso)


# --- the page


def task(name: str, lines: int = 1000, missing: str | None = None) -> bench.Task:
    return bench.Task(name, (), bench.Input(Path("x"), lines, lines * 150), {}, missing)


def test_the_table_compares_times_per_line() -> None:
    """A row of a prefix is compared by its time per line; what is not installed is said."""
    rows = [
        task("wc -l"),
        task("pflogsumm"),
        task("half", 500),
        task("none", missing="not installed: apt install none"),
    ]
    runs = {
        "wc -l": bench.Run(0.01, 0.01, 10**6),
        "pflogsumm": bench.Run(2, 2, 2 * 10**6),
        "half": bench.Run(0.5, 1, 10**9),
    }
    assert bench.table(rows, runs).splitlines()[2:] == [
        "| `wc -l` | 1,000 | 0.010 s | 0.010 s | 1 MB | 100,000 | 15.0 | 1.00 | 200 |",
        "| pflogsumm | 1,000 | 2.00 s | 2.00 s | 2 MB | 500 | 0.1 | 200 | 1.00 |",
        "| half | 500 | 0.500 s | 1.00 s | 1,000 MB | 1,000 | 0.1 | 100 | 2.00 |",
        "| none | not installed: apt install none | | | | | | | |",
    ]


def test_a_row_that_reads_nothing_has_no_rates() -> None:
    """The help reads no lines: its time and memory stand alone, and nothing is divided by zero."""
    rows, runs = [task("wc -l"), task("logtune --help", 0)], {"wc -l": bench.Run(1, 1, 10**6)}
    runs["logtune --help"] = bench.Run(0.25, 0.125, 5 * 10**6)
    assert bench.table(rows, runs).splitlines()[-1] == "| logtune --help | | 0.250 s | 0.125 s | 5 MB | | | | |"


def test_ratios_are_said() -> None:
    """Each promise of speed in a line, by the time per line; what was not measured is left out."""
    rows = [task("wc -l"), task(bench.REFERENCE, 100), task(bench.NATIVE), task(bench.GZ), task("logtune report")]
    runs = {t.name: bench.Run(seconds, 1, 1) for t, seconds in zip(rows, (0.01, 0.2, 0.05, 3, 2), strict=True)}
    assert bench.ratios(rows, runs).splitlines() == [
        "- parsing with the native core takes 5.00 × the time of `wc -l`",
        "- the native core parses a line 40 × faster than the reference core",
        "- the gz file takes `logtune report` 1.50 × the time of the plain one",
    ]


def test_growth_is_per_line_and_beside_the_smallest_log() -> None:
    """Ten times the lines in twelve times the time have grown by a fifth per line."""
    sizes = [bench.Input(Path("x"), lines, lines * 150) for lines in (1_000_000, 10_000_000)]
    runs = [bench.Run(2, 3, 10**9), bench.Run(24, 40, 2 * 10**9)]
    assert bench.growth_table({"logtune report": list(zip(sizes, runs, strict=True))}).splitlines()[2:] == [
        "| logtune report | 1,000,000 | 2.00 s | 2.00 | 1.00 | 3.00 s | 1,000 MB |",
        "| logtune report | 10,000,000 | 24.00 s | 2.40 | 1.20 | 40.00 s | 2,000 MB |",
    ]


def test_everything_that_is_promised_is_measured(tmp_path: Path) -> None:
    """The rows of the table, and the inputs they read: the first lines are those of the whole log."""
    logs = bench.prepare(tmp_path, bench.SMALL_LINES + 2_000, seed=1)
    whole = logs.whole.path.read_bytes()
    assert gzip.decompress(logs.packed.path.read_bytes()) == whole
    assert whole.startswith(logs.small.path.read_bytes())
    assert (logs.small.lines, logs.small.path.read_bytes().count(b"\n")) == (bench.SMALL_LINES, bench.SMALL_LINES)
    assert logs.prefix == logs.whole
    assert [task.name for task in bench.tasks(logs, native=True)] == [
        "wc -l",
        "pflogsumm",
        "postfix-logwatch",
        "parse only, reference core",
        "parse only, native core",
        "logtune report",
        "logtune trial",
        "logtune report of the gz file",
        "logtune parse --format parquet",
        "logtune report of a small log",
        "logtune --help",
    ]


@pytest.mark.parametrize("what", [bench.MEASURED, bench.GROWTH])
def test_what_was_measured_stands_between_the_markers(what: str) -> None:
    """The page keeps its own text; a page without markers is refused."""
    begin, end = f"<!-- {what}: begin -->", f"<!-- {what}: end -->"
    page = f"before\n{begin}\nold\n{end}\nafter\n"
    assert bench.put_in(page, "new", what) == f"before\n{begin}\n\nnew\n{end}\nafter\n"
    assert bench.put_in(bench.PAGE.read_text("utf-8"), "new", what).count("new\n" + end) == 1
    with pytest.raises(ValueError, match="markers"):
        bench.put_in("no markers", "new", what)


def test_a_run_has_time_and_memory_of_its_program() -> None:
    """Each program is measured alone: one that sleeps uses no CPU to speak of, one that fails is no measurement."""
    sleeping = bench.Task(
        "sleep", (sys.executable, "-c", "import time; time.sleep(0.2)"), bench.Input(Path("x"), 1, 1), {}
    )
    found = bench.run(sleeping)
    assert found.wall >= 0.2 > found.cpu
    assert found.memory > 10**6
    with pytest.raises(bench.subprocess.CalledProcessError):
        bench.run(bench.Task("fails", (sys.executable, "-c", "raise SystemExit(3)"), sleeping.input, {}))


def test_what_is_measured_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was installed has its bytecode; where the environment forbids writing it, so has ours."""
    package = tmp_path / "logtune"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "cli.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    bench.compile_package()
    assert all(Path(cache_from_source(str(package / name))).exists() for name in ("__init__.py", "cli.py"))


def test_a_night_is_measured(tmp_path: Path) -> None:
    """The night of a site with a store: each round on a copy, so that the store stays what it was."""
    nightly.build(tmp_path, count=2, lines=300, seed=1)
    store = tmp_path / "store"
    before = logtune.read(store=store).coverage
    found = nightly.measure(tmp_path, rounds=1)
    assert list(found) == ["ingest", "report --store --day", "both", "report of the day's log"]
    assert found["both"].cpu == found["ingest"].cpu + found["report --store --day"].cpu
    assert logtune.read(store=store).coverage == before
    assert not (tmp_path / "copy").exists()
