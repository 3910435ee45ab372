"""A Postfix that is asked what it thinks, for make_access_truth.py and make_helo_truth.py.

It runs in network and mount namespaces of its own, with its own configuration and queue: one that serves this machine
is not touched. Needs Linux, root and an installed Postfix.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

INSIDE = "TRUTH_INSIDE"

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = lab.example
mydestination = lab.example
inet_interfaces = 127.0.0.1
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000000
smtpd_hard_error_limit = 1000000
smtpd_peername_lookup = no
smtputf8_enable = yes
"""

MASTER = """
postlog unix-dgram n - n - 1 postlogd
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
cleanup unix n - n - 0 cleanup
pickup unix n - n 60 1 pickup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
"""


def start(home: Path, settings: str, services: str) -> None:
    """Configure and start a Postfix under *home* with more lines of main.cf and the smtpd *services* of master.cf."""
    for folder in ("conf", "queue", "data"):
        (home / folder).mkdir()
    shutil.chown(home / "data", "postfix")
    home.chmod(0o755)
    (home / "conf/main.cf").write_text(MAIN.format(home=home) + settings)
    (home / "conf/master.cf").write_text(MASTER + services)
    if Path("/etc/postfix/dynamicmaps.cf").exists():
        shutil.copy("/etc/postfix/dynamicmaps.cf", home / "conf")
    subprocess.run(["postfix", "-c", str(home / "conf"), "start"], check=True, stdout=sys.stderr)


def read_reply(stream: Any) -> bytes:
    """The last line of an SMTP reply."""
    line = stream.readline()
    while line[3:4] == b"-":
        line = stream.readline()
    return bytes(line)


def print_truth(
    truth: Callable[[Path], Iterator[dict[str, Any]]],
    around: Callable[[Path], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Go into namespaces of our own, then print what *truth* finds with a Postfix in a folder; *around* is there too."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            with around(home):
                for answer in truth(home):
                    print(json.dumps(answer))
        finally:
            subprocess.run(["postfix", "-c", str(home / "conf"), "stop"], check=False, stdout=sys.stderr)
