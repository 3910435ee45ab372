"""What a machine runs unattended: contrib/, the manual page, profiles, and a process with hardly any surroundings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from docs import manual
from logtune import config
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Given, Shown
from tests.test_docs import not_understood

ROOT = Path(__file__).parent.parent
CONTRIB = ROOT / "contrib"
LOG = ROOT / "sample_logs" / "helo_trial.log"
OPTIONS = ["--year", "2026", "--tz", "UTC"]
NOBODY = 65534


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def run(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload, no-any-return]


def test_the_manual_page_matches_the_program() -> None:
    """man/logtune.1 is what ``make docs`` writes."""
    assert manual.PLACE.read_text(encoding="utf-8") == manual.page()


@needs("groff")
def test_the_manual_page_renders_without_warnings() -> None:
    """All warnings of groff are asked for, and there is none."""
    done = run("groff", "-man", "-ww", "-Tutf8", "-z", str(manual.PLACE))
    assert (done.returncode, done.stderr) == (0, "")


def test_commands_of_contrib_are_understood() -> None:
    """Every ``logtune ...`` in cron and systemd files exists with its options."""
    texts = [path.read_text() for path in sorted(CONTRIB.rglob("*")) if path.is_file() and path.suffix != ".md"]
    found = re.findall(r"^(?!#).*\blogtune +([a-z]+) (--.*)$", "\n".join(texts), re.MULTILINE)
    assert len(found) == 3
    assert [part for command, words in found for part in not_understood(command, words.split())] == []


def test_the_configuration_of_contrib_is_read() -> None:
    """And has the profiles that the jobs name."""
    profiles = config.load(str(CONTRIB / "logtune.toml")).profiles
    texts = "".join(path.read_text() for path in CONTRIB.rglob("logtune*") if path.is_file())
    assert set(re.findall(r"--profile (\w+)", texts)) == set(profiles)


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", ["logtune.service", "logtune.timer"])
def test_units_are_well_formed(tmp_path: Path, unit: str) -> None:
    """systemd finds nothing to say about them; the program is put where it exists here."""
    for path in (CONTRIB / "systemd").iterdir():
        text = (
            path.read_text()
            .replace("/opt/logtune/bin/logtune", "/bin/true")
            .replace("Documentation=man:logtune(1)\n", "")
        )
        (tmp_path / path.name).write_text(text)
    done = run("systemd-analyze", "verify", "--man=no", str(tmp_path / unit))
    about = [line for line in done.stderr.splitlines() if "logtune" in line]
    assert about == []


@needs("logrotate")
def test_logrotate_takes_its_file(tmp_path: Path) -> None:
    """A dry run has no errors and knows the report."""
    (tmp_path / "report.txt").write_text("report\n")
    place = tmp_path / "logtune"
    place.write_text((CONTRIB / "logrotate/logtune").read_text().replace("/var/lib/logtune", str(tmp_path)))
    place.chmod(0o644)
    done = run("logrotate", "-d", "-s", str(tmp_path / "state"), str(place))
    assert done.returncode == 0 and "error" not in done.stderr.lower() and "report.txt" in done.stderr


def test_profiles_hold_the_options_of_the_command_line() -> None:
    """Each option of a profile is one of the common options."""
    names = {*config.PROFILE_LISTS, *config.PROFILE_TEXTS, *config.PROFILE_NUMBERS}
    common = {*Given.__dataclass_fields__, *Shown.__dataclass_fields__}
    assert names <= common
    assert common - names == {"config", "profile", "no_progress", "debug", "output"}


def profiled(tmp_path: Path, *arguments: str, profile: str = "night") -> subprocess.CompletedProcess[str]:
    place = tmp_path / "logtune.toml"
    place.write_text(
        f'[profiles.night]\npaths = ["{LOG}"]\nyear = 2026\ntz = "UTC"\nday = "2026-03-03"\nwidth = 72\n[profiles.odd]\ntz = "Nowhere"\n'
    )
    return run(sys.executable, "-m", "logtune", *arguments, "--config", str(place), "--profile", profile, cwd=ROOT)


def test_a_profile_stands_for_its_options(tmp_path: Path) -> None:
    """What was not typed comes from the profile, for commands that have the option."""
    plain = run(
        sys.executable, "-m", "logtune", "report", *OPTIONS, "--day", "2026-03-03", "--width", "72", str(LOG), cwd=ROOT
    )
    assert profiled(tmp_path, "report").stdout == plain.stdout != ""
    assert profiled(tmp_path, "parse").returncode == 0


def test_what_is_typed_goes_before_a_profile(tmp_path: Path) -> None:
    """Also a span of time where the profile has a day."""
    assert "Europe/Berlin" in profiled(tmp_path, "report", "--tz", "Europe/Berlin").stdout
    assert "21 days" in profiled(tmp_path, "report", "--since", "2026-03-01").stdout


def test_mistakes_in_profiles(tmp_path: Path) -> None:
    """A profile that is not there, and a value that the option does not take, end with a configuration error."""
    missing, odd = profiled(tmp_path, "report", profile="day"), profiled(tmp_path, "report", str(LOG), profile="odd")
    assert (
        missing.returncode == odd.returncode == ExitCode.CONFIG_ERROR
        and "night" in missing.stderr
        and "Nowhere" in odd.stderr
    )


@pytest.mark.parametrize("command", ["report", "watch"])
def test_a_bare_environment(command: str) -> None:
    """Without HOME, locale or terminal the answer is ASCII, and there is one."""
    once = ["--once"] if command == "watch" else []
    env = {
        "LANG": "C",
        "TERM": "dumb",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    done = run(sys.executable, "-m", "logtune", command, *once, *OPTIONS, str(LOG), env=env, cwd="/")
    assert (
        (done.returncode, done.stderr) == (0, "")
        and done.stdout.isascii()
        and "reject_unknown_helo_hostname" in done.stdout
    )


@needs("setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nobody_in_group_adm(tmp_path: Path) -> None:
    """A log that only root and the group adm may read is read by nobody in that group, and not without it."""
    folder = Path("/var/tmp") / f"logtune-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        log = folder / "mail.log"
        shutil.copyfile(LOG, log)
        os.chown(log, 0, 4)
        log.chmod(0o640)
        packages = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
        env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": packages, "LANG": "C"}

        def as_nobody(*groups: str) -> subprocess.CompletedProcess[str]:
            who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", *groups]
            return run(*who, sys.executable, "-m", "logtune", "report", *OPTIONS, str(log), env=env, cwd="/")

        if (
            as_nobody("--groups=4").returncode == 127
            or run(
                "setpriv", f"--reuid={NOBODY}", "--clear-groups", sys.executable, "-c", "import sys", env=env
            ).returncode
        ):
            pytest.skip("nobody may not run this Python")
        assert as_nobody("--groups=4").returncode == 0
        assert "permission denied" in as_nobody("--clear-groups").stderr
    finally:
        shutil.rmtree(folder)
