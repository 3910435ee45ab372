"""A private world for Postfix: own network, mounts, host name and process ids.

Postfix writes its paths and its host name into the log, and looks names up through /etc/resolv.conf. In namespaces of
its own it can use the paths of an ordinary Debian server, nothing leaves the loopback interface, nothing of the machine
it runs on reaches the log, and everything that was started ends with the namespace.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

MARK = "LOGTUNE_LAB_INSIDE"
HOSTNAME = "mail"


def enter(script: str, arguments: list[str]) -> None:
    """Run the script again inside new namespaces; returns only when already inside."""
    if os.environ.get(MARK):
        return
    command = [
        "unshare",
        "--mount",
        "--net",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        sys.executable,
        script,
        *arguments,
    ]
    raise SystemExit(subprocess.call(command, env={**os.environ, MARK: "1"}))


def settle(root: Path) -> None:
    """Bring loopback up and put the laboratory's files where Postfix expects a server's files."""
    subprocess.check_call(["ip", "link", "set", "lo", "up"])
    subprocess.check_call(["hostname", HOSTNAME])
    files = root / "files"
    files.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    for place, text in {
        "/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    }.items():
        own = files / Path(place).name
        own.write_text(text)
        subprocess.check_call(["mount", "--bind", own, place])
    for place in ("/etc/postfix", "/var/spool/postfix", "/var/lib/postfix", "/var/log"):
        own = root / place.strip("/").replace("/", "_")
        own.mkdir(exist_ok=True)
        if place != "/var/log":
            subprocess.check_call(["cp", "-a", f"{place}/.", own])
        subprocess.check_call(["mount", "--bind", own, place])
    subprocess.run(["postfix", "check"], stderr=subprocess.DEVNULL, check=False)  # makes the queue's folders


def empty_spool() -> None:
    """Forget all mail and all logs of an earlier run."""
    for queue in ("maildrop", "incoming", "active", "deferred", "defer", "bounce", "hold", "corrupt", "trace", "flush"):
        for entry in Path("/var/spool/postfix", queue).glob("*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    Path("/var/log/mail.log").unlink(missing_ok=True)
