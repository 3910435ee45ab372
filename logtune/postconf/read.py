"""Where a configuration comes from: a directory, saved output of postconf, or the system's own Postfix."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace

from logtune.postconf import main_cf, master_cf
from logtune.postconf.errors import PostconfError
from logtune.postconf.lines import read_text
from logtune.postconf.outputs import read_outputs
from logtune.postconf.services import Configuration

ASK_SECONDS = 20
SBIN = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/opt/postfix/sbin"))
"""postconf stands where ordinary users often do not look."""


def read(directory: str | None = None, outputs: Sequence[str] = ()) -> Configuration:
    """The configuration in *directory*, else in saved *outputs* of postconf, else that of this system.

    Raises ``PostconfError``. Nothing is changed; of the system, postconf is only asked.
    """
    if directory is not None:
        return read_directory(directory)
    return read_outputs(outputs) if outputs else read_running()


def read_directory(directory: str) -> Configuration:
    """main.cf and master.cf of *directory*. Raises ``PostconfError``."""
    if not os.path.isdir(directory):
        raise PostconfError("is no directory.", "Name the one with main.cf and master.cf.", file=directory)
    main, master = (os.path.join(directory, name) for name in ("main.cf", "master.cf"))
    main_text, master_text = read_text(main), read_text(master)
    configuration = Configuration(
        main_cf.parse(main_text, main),
        master_cf.parse(master_text, master),
        directory,
        directory,
        main_text,
        master_text,
    )
    if not configuration.services:
        raise PostconfError("has no smtpd service.", "Is it the master.cf of a server that receives mail?", file=master)
    return configuration


def read_running() -> Configuration:
    """What the Postfix of this system reads. Raises ``PostconfError`` where there is none."""
    program = shutil.which("postconf", path=SBIN)
    if program is None:
        raise PostconfError(
            "found no postconf on this machine.",
            "Name a directory with main.cf and master.cf by --postfix, or save on the mail server",
            "  (postconf -n; postconf -M) > postconf.txt   and give it by --postconf postconf.txt",
        )
    directory, version = _ask(program, "config_directory"), _ask(program, "mail_version")
    return replace(read_directory(directory), version=version)


def _ask(program: str, name: str) -> str:
    try:
        done = subprocess.run(
            [program, "-h", name], capture_output=True, text=True, errors="replace", timeout=ASK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PostconfError(f"{program} cannot be asked: {error}.", "Name a directory by --postfix.") from error
    if done.returncode or not done.stdout.strip():
        said = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise PostconfError(f"{program}: {said}", "Mend the configuration, or name another by --postfix.")
    return done.stdout.strip()
