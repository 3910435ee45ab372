"""The Postfix under test: configuration files, start, stop, queue."""

import json
import os
import subprocess
import time
from pathlib import Path

from .clock import Clock

CONFIG = Path("/etc/postfix")
SPOOL = Path("/var/spool/postfix")
LOG = Path("/var/log/mail.log")
PORTS = {"smtp": 25, "submission": 587}
REINJECT_PORT = 10025

MAIN = {
    "compatibility_level": "3.6",
    "myhostname": "mail.corbel.example",
    "mydomain": "corbel.example",
    "myorigin": "$mydomain",
    "mydestination": "$myhostname, localhost",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8 192.168.10.0/24",
    "maillog_file": "/var/log/mail.log",
    "virtual_mailbox_domains": "corbel.example, corbel.test",
    "virtual_mailbox_maps": "texthash:/etc/postfix/mailboxes",
    "virtual_alias_maps": "texthash:/etc/postfix/aliases",
    "virtual_transport": "lmtp:unix:private/dovecot-lmtp",
    "smtpd_relay_restrictions": "permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination",
    "smtpd_recipient_restrictions": "",
    "smtpd_sasl_type": "dovecot",
    "smtpd_sasl_path": "private/auth",
    "smtpd_tls_security_level": "may",
    "smtpd_tls_cert_file": "/etc/postfix/server.crt",
    "smtpd_tls_key_file": "/etc/postfix/server.key",
    "smtpd_tls_loglevel": "1",
    "smtpd_banner": "$myhostname ESMTP $mail_name",
    "smtp_address_preference": "ipv4",
    "alias_maps": "",
    "biff": "no",
    "in_flow_delay": "0",
    "recipient_delimiter": "+",
}

LISTENERS = """\
smtp       inet  n  -  n  -  -  smtpd
{smtp_options}
submission inet  n  -  n  -  -  smtpd
{submission_options}
"""
INTERNAL = """\
pickup     unix  n  -  n  60 1  pickup
cleanup    unix  n  -  n  -  0  cleanup
qmgr       unix  n  -  n  300 1 qmgr
tlsmgr     unix  -  -  n  1000? 1 tlsmgr
rewrite    unix  -  -  n  -  -  trivial-rewrite
bounce     unix  -  -  n  -  0  bounce
defer      unix  -  -  n  -  0  bounce
trace      unix  -  -  n  -  0  bounce
verify     unix  -  -  n  -  1  verify
flush      unix  n  -  n  1000? 0 flush
proxymap   unix  -  -  n  -  -  proxymap
proxywrite unix  -  -  n  -  1  proxymap
smtp       unix  -  -  n  -  -  smtp
relay      unix  -  -  n  -  -  smtp
showq      unix  n  -  n  -  -  showq
error      unix  -  -  n  -  -  error
retry      unix  -  -  n  -  -  error
discard    unix  -  -  n  -  -  discard
local      unix  -  n  n  -  -  local
virtual    unix  -  n  n  -  -  virtual
lmtp       unix  -  -  n  -  -  lmtp
anvil      unix  -  -  n  -  1  anvil
scache     unix  -  -  n  -  1  scache
postlog    unix-dgram n - n - 1 postlogd
"""

# The site's submission service logs under a tag of its own, as in Debian's master.cf.
SUBMISSION = {
    "syslog_name": "postfix/submission",
    "smtpd_sasl_auth_enable": "yes",
    "smtpd_relay_restrictions": "permit_sasl_authenticated,reject",
    "smtpd_upstream_proxy_protocol": "haproxy",
}
SMTP = {"smtpd_upstream_proxy_protocol": "haproxy"}


def options(settings: dict[str, str]) -> str:
    """Per-service settings; braces let the values contain blanks."""
    return "\n".join(f"  -o {{ {name} = {value} }}" for name, value in settings.items())


class Postfix:
    """One life of the server. `settings` are main.cf parameters, `services` per-service ones, `master` more lines of
    master.cf, `files` further files below /etc/postfix."""

    def __init__(
        self,
        clock: Clock,
        settings: dict[str, str],
        services: dict[str, dict[str, str]] | None = None,
        master: str = "",
        files: dict[str, str] | None = None,
        timezone: str = "UTC",
    ):
        self.clock = clock
        services = services or {}
        for name, text in (files or {}).items():
            (CONFIG / name).write_text(text)
        environment = clock.environment()
        imported = " ".join(f"{name}={value}" for name, value in {**environment, "TZ": timezone, "LANG": "C"}.items())
        merged = {
            **MAIN,
            **settings,
            "import_environment": f"MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME {imported}",
            "export_environment": "TZ MAIL_CONFIG LANG " + " ".join(environment),
        }
        (CONFIG / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in merged.items()))
        (CONFIG / "master.cf").write_text(
            LISTENERS.format(
                smtp_options=options({**SMTP, **services.get("smtp", {})}),
                submission_options=options({**SUBMISSION, **services.get("submission", {})}),
            )
            + INTERNAL
            + master
        )

    def start(self) -> None:
        run("postfix", "start")
        wait_for(lambda: LOG.exists() and b"daemon started" in LOG.read_bytes(), 20)

    def reload(self) -> None:
        run("postfix", "reload")
        time.sleep(0.5)

    def stop(self) -> None:
        run("postfix", "stop")
        wait_for(lambda: not master_alive(), 10)

    def quiet(self, limit: float = 20) -> None:
        """Wait until nothing is on its way: a jump of the clock would otherwise count as delivery time."""
        wait_for(
            lambda: (
                not any(
                    True
                    for queue in ("maildrop", "incoming", "active")
                    for entry in os.scandir(SPOOL / queue)
                    if entry.is_file()
                )
            ),
            limit,
        )
        time.sleep(0.03)

    def retry(self) -> None:
        """Try all deferred mail again."""
        run("postqueue", "-f")
        time.sleep(0.3)
        self.quiet()

    def release(self, queue_id: str) -> None:
        """Release a held mail; postsuper runs outside of master and needs the clock given to it."""
        subprocess.run(
            ["postsuper", "-H", queue_id],
            check=True,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self.clock.environment()},
        )
        self.retry()

    def delete(self, queue_id: str) -> None:
        """Delete a mail; postsuper needs the clock given to it."""
        environment = {**os.environ, **self.clock.environment()}
        subprocess.run(["postsuper", "-d", queue_id], check=True, stderr=subprocess.DEVNULL, env=environment)

    def sendmail(self, sender: str, recipient: str) -> None:
        """Submit a mail on the machine itself; pickup is told, which otherwise looks once a minute."""
        text = f"From: <{sender}>\nTo: <{recipient}>\nSubject: from a script\n\nGood morning.\n"
        environment = {**os.environ, **self.clock.environment()}
        subprocess.run(["sendmail", "-f", sender, recipient], input=text, text=True, check=True, env=environment)
        time.sleep(0.3)
        self.quiet()

    def queue(self) -> list[dict]:
        """What the queue holds, as Postfix lists it."""
        text = subprocess.run(["postqueue", "-j"], capture_output=True, text=True, check=True).stdout
        return [json.loads(line) for line in text.splitlines()]


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def master_alive() -> bool:
    """Asked without `postfix status`, which would write into the log."""
    try:
        os.kill(int((SPOOL / "pid/master.pid").read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def wait_for(condition, limit: float) -> None:
    """Wait a bounded time; going on is better than hanging, the ledger then shows the difference."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)


def make_certificate(folder: Path = CONFIG) -> None:
    """A self-signed certificate; clients of the laboratory do not verify it."""
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9000",
        "-subj",
        "/CN=mail.corbel.example",
        "-keyout",
        str(folder / "server.key"),
        "-out",
        str(folder / "server.crt"),
    )
