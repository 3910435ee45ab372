"""A Postfix of its own: configuration, queue, log and addresses apart from any other Postfix on the machine.

It needs no namespace. Everything it writes is below one temporary folder, and every port is on one address of
127.0.0.0/8 that no other instance uses. Names are looked up in the laboratory's name server on that address: smtpd runs
chrooted into its queue directory, so that the resolver reads the etc/resolv.conf there.
"""

from __future__ import annotations

import atexit
import grp
import itertools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from lab import dns, postfix, servers, world

SMTP, SUBMISSION, REINJECT, FILTER, SINK, GREYLIST, NAMES = 25, 587, 10025, 10024, 2525, 10023, 53

PRIVATE_FOLDERS = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)
"""Those of Postfix's postfix-files that belong to its user, with mode 0700."""

LISTENERS = """\
{address}:25    inet n - y - - smtpd
{smtp_options}
{address}:587   inet n - y - - smtpd
{submission_options}
{address}:10025 inet n - y - - smtpd
{reinject_options}
"""


class CannotStart(Exception):
    """Why no Postfix can be started here."""


def find_reason_against() -> str | None:
    """Why this machine cannot run an instance, or None."""
    if os.geteuid() != 0:
        return "a Postfix instance must be started as root"
    for program in ("postconf", "postmap", "postqueue", "openssl", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is not installed (Debian packages postfix, openssl, util-linux)"
    if subprocess.run(("chroot", "/", "true"), capture_output=True, check=False).returncode:
        return "root may not use chroot here, and smtpd runs in its queue directory"
    try:
        pwd.getpwnam("postfix"), grp.getgrnam("postdrop")
        free_address()
    except (KeyError, CannotStart) as error:
        return str(error)
    return None


def addresses() -> Iterator[str]:
    """Addresses of 127.0.0.0/8, starting at one that another process hardly tries at the same moment."""
    for number in itertools.count(secrets.randbelow(128 * 62_500)):
        yield f"127.{64 + number // 62_500 % 128}.{1 + number // 250 % 250}.{1 + number % 250}"


def free_address() -> str:
    """An address on which all ports of an instance are free now."""
    problem = OSError()
    for address in itertools.islice(addresses(), 20):
        try:
            for port in (SMTP, SUBMISSION, REINJECT, FILTER, SINK, GREYLIST):
                with socket.socket() as one:
                    one.bind((address, port))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.bind((address, NAMES))
        except OSError as error:
            problem = error
            continue
        return address
    raise CannotStart(f"no address of 127.0.0.0/8 has the ports that are needed: {problem}")


def make_zone() -> dns.Zone:
    """The laboratory's names, and those that only the live tests have."""
    zone = world.make_zone()
    zone.host("front.corbel.example", "192.168.10.9")
    for number in range(30):
        zone.host(f"mail.firm{number}.example", f"192.0.2.{100 + number}")
        zone.domain(f"firm{number}.example", "mx.sink.example")
    return zone


class Instance:
    """One Postfix with the name server, sink and password service around it; lives within a `with` block.

    `settings` are main.cf parameters (@address@ in them is this instance's), `services` per-service ones (smtp, submission, reinject), `files` further
    files of the configuration folder, which the values of parameters name as `$config_directory/NAME`. `change` is
    called with that folder before the start.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        services: Mapping[str, Mapping[str, str]] | None = None,
        files: Mapping[str, str] | None = None,
        change: Callable[[Path], object] | None = None,
    ):
        self.settings, self.services, self.files = settings, services or {}, files or {}
        self.change = change
        self.sink = servers.Sink(dict(world.REMOTE_REPLIES))
        self.greylist = servers.Greylist()
        self.master: subprocess.Popen[bytes] | None = None
        self.around: list = []

    def __enter__(self) -> Instance:
        self.root = Path(tempfile.mkdtemp(prefix="logtune-live-"))
        self.config, self.spool, self.log = self.root / "config", self.root / "spool", self.root / "mail.log"
        try:
            self.address = self.find_address()
            self.make_folders()
            self.configure()
            self.serve()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for server in self.around:
            server.shutdown(), server.server_close()
        if hasattr(self, "names"):
            self.names.close()
        shutil.rmtree(self.root, ignore_errors=True)

    # --- before the start ---
    def find_address(self) -> str:
        """Where its ports are."""
        return free_address()

    def make_folders(self) -> None:
        """The queue's folders with their owners, and what the chrooted smtpd needs of /etc."""
        user, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        self.root.chmod(0o755)
        for folder in (self.config, self.spool, self.spool / "etc", self.spool / "pid"):
            folder.mkdir(mode=0o755)
        for name, mode, owner in (
            *((name, 0o700, 0) for name in PRIVATE_FOLDERS),
            ("maildrop", 0o1730, group),
            ("public", 0o2710, group),
            ("../data", 0o700, 0),
        ):
            folder = self.spool / name
            folder.mkdir()
            os.chown(folder, user, owner)
            folder.chmod(mode)
        etc = self.spool / "etc"
        (etc / "resolv.conf").write_text(f"nameserver {self.address}\noptions timeout:2 attempts:2\n")
        (etc / "hosts").write_text("127.0.0.1 localhost\n")
        (etc / "nsswitch.conf").write_text("hosts: files dns\nservices: files\n")
        (etc / "services").write_text("smtp 25/tcp\n")

    def main_parameters(self) -> dict[str, str]:
        """Those of the laboratory, moved to this instance's folders and address, and the test's own."""
        return {
            **postfix.MAIN,
            "queue_directory": str(self.spool),
            "data_directory": str(self.root / "data"),
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(self.root),
            "inet_interfaces": "127.0.0.1",  # must be one that the machine lists; listeners name theirs in master.cf
            "mynetworks": "192.168.10.0/24",
            "virtual_mailbox_maps": "texthash:$config_directory/mailboxes",
            "virtual_alias_maps": "texthash:$config_directory/aliases",
            "virtual_transport": f"smtp:[{self.address}]:{SINK}",
            "relayhost": f"[{self.address}]:{SINK}",
            "smtpd_tls_cert_file": "$config_directory/server.crt",
            "smtpd_tls_key_file": "$config_directory/server.key",
            "smtpd_error_sleep_time": "0",
            **{name: value.replace("@address@", self.address) for name, value in self.settings.items()},
        }

    def configure(self) -> None:
        """Write the configuration folder."""
        for name, text in {"aliases": world.alias_table(), "mailboxes": world.mailbox_table(), **self.files}.items():
            (self.config / name).write_text(text)
        shutil.copy(certificate() / "server.crt", self.config)
        shutil.copy(certificate() / "server.key", self.config)
        (self.config / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in self.main_parameters().items()))
        reinject = {
            "content_filter": "",
            "mynetworks": "127.0.0.0/8",
            "receive_override_options": "no_unknown_recipient_checks",
        }
        listeners = LISTENERS.format(
            address=self.address,
            smtp_options=postfix.options({**postfix.SMTP, **self.services.get("smtp", {})}),
            submission_options=postfix.options({**postfix.SUBMISSION, **self.services.get("submission", {})}),
            reinject_options=postfix.options({**reinject, **self.services.get("reinject", {})}),
        )
        (self.config / "master.cf").write_text(listeners + postfix.INTERNAL)
        if self.change:
            self.change(self.config)
        self.age()

    def age(self) -> None:
        """Postfix waits until a file is more than a second old before it believes it (util/dict.c, dict_load_file_xt)."""
        for path in self.config.iterdir():
            os.utime(path, (time.time() - 60,) * 2)

    def serve(self) -> None:
        """The programs around Postfix."""
        self.names = dns.serve(make_zone(), self.address)
        self.around = [
            servers.listen((self.address, SINK), self.sink),
            servers.listen((self.address, GREYLIST), self.greylist),
            servers.listen(self.spool / "private/auth", servers.dovecot_auth),
        ]

    def serve_also(self, port: int, talk: Callable) -> None:
        """One more program around this Postfix."""
        self.around.append(servers.listen((self.address, port), talk))

    # --- life ---
    def start(self) -> None:
        """The master daemon, as a child that ends with this process whatever happens to it."""
        program = daemon_directory() + "/master"
        self.master = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", program, "-s", "-c", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        wait_for(lambda: "daemon started" in self.log_text() or self.master.poll() is not None, 20)
        if "daemon started" not in self.log_text():
            self.master.terminate()
            raise CannotStart(f"master does not start: {self.master.stderr.read().decode()}{self.log_text()[-2000:]}")

    def stop(self) -> None:
        """SIGTERM makes master stop its process group; what does not listen to that is killed."""
        if self.master is None:
            return
        self.master.terminate()
        try:
            self.master.wait(10)
        except subprocess.TimeoutExpired:
            self.master.kill()
            self.master.wait()
        self.master.stderr.close()
        self.master = None

    def quiet(self) -> None:
        """Wait until nothing is on its way through the queue."""
        busy = [self.spool / queue for queue in ("maildrop", "incoming", "active")]
        wait_for(lambda: not any(entry.is_file() for folder in busy for entry in folder.iterdir()), 20)
        time.sleep(0.05)

    def log_text(self) -> str:
        return self.log.read_text("utf-8", "surrogateescape") if self.log.exists() else ""


@cache
def daemon_directory() -> str:
    """Where this machine's Postfix has its daemons."""
    command = ["postconf", "-d", "-h", "daemon_directory"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@cache
def certificate() -> Path:
    """A folder with a certificate for all instances of this process; making one takes long."""
    folder = Path(tempfile.mkdtemp(prefix="logtune-live-certificate-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    postfix.make_certificate(folder)
    return folder


def wait_for(condition, limit: float) -> bool:
    """Whether it came true within so many seconds."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
