"""Full mailboxes with a real Dovecot: LMTP that bounces and LMTP that puts off, the LDA, quota-status, and mbox files.

Needs the Debian package dovecot-lmtpd. A mailbox holds one kilobyte (an mbox file sixteen): its first mail fits, the
others do not. Those of quota-status are full from the start.
"""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from . import world
from .formats import as_rsyslog_classic
from .laboratory import Laboratory, Setup, write

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
OWNER = 65534  # nobody, nogroup
DOVECOT = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
protocols = lmtp
ssl = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
quota_full_tempfail = {tempfail}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={root}/mail/%n allow_all_users=yes
}}
protocol lmtp {{
  mail_plugins = quota
}}
plugin {{
  quota = count:User quota
  quota_rule = *:storage=1K
  quota_grace = 0
  quota_vsizes = yes
  quota_status_success = DUNNO
  quota_status_nouser = DUNNO
  {overquota}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
service quota-status {{
  executable = quota-status -p postfix
  inet_listener {{
    address = 127.0.0.1
    port = {status}
  }}
  client_limit = 1
}}
"""
OWN_TEXT = 'quota_status_overquota = "552 5.2.2 Mailbox is full"'

SETTINGS = {
    "virtual_transport": "lmtp:inet:127.0.0.1:2400",
    "transport_maps": "texthash:/etc/postfix/transport",
    "lda_destination_recipient_limit": "1",
    "virtual_mailbox_base": "/var/spool/postfix/boxes",
    "virtual_uid_maps": f"static:{OWNER}",
    "virtual_gid_maps": f"static:{OWNER}",
    "virtual_mailbox_limit": "16000",
    "message_size_limit": "16000",
    "bounce_size_limit": "1000",
    "smtpd_restriction_classes": "ask_quota, ask_quota_with_own_text",
    "ask_quota": "check_policy_service inet:127.0.0.1:12341",
    "ask_quota_with_own_text": "check_policy_service inet:127.0.0.1:12340",
    "smtpd_recipient_restrictions": "check_recipient_access texthash:/etc/postfix/asked",
}
FILES = {
    "transport": "bert@corbel.example lmtp:inet:127.0.0.1:2401\n"
    "clara@corbel.example lda:\n"
    "dora@corbel.example virtual:\n",
    "asked": "emil@corbel.example ask_quota_with_own_text\nfaktura@corbel.example ask_quota\n",
}
LDA = """\
lda        unix  -  n  n  -  -  pipe
  flags=DRhu user=nobody
  argv=/usr/lib/dovecot/dovecot-lda -c {config} -o log_path=/dev/null -e -f ${{sender}} -d ${{user}}
"""
VISITS = {"anna": 3, "bert": 2, "clara": 2, "dora": 2, "emil": 3, "faktura": 2}
"""Mailbox to the mails that do not fit."""


def start_dovecot(root: Path, lmtp: int, status: int, tempfail: str = "no", overquota: str = "") -> Path:
    """A Dovecot of its own below *root*; it ends with the namespace."""
    for folder in (root, root / "mail"):
        folder.mkdir()
        folder.chmod(0o755)
    os.chown(root / "mail", OWNER, OWNER)
    for name in ("emil", "faktura"):  # quota-status asks with the size that MAIL names: over without any mail
        box = root / "mail" / name / "Maildir"
        for part in ("cur", "new", "tmp"):
            (box / part).mkdir(parents=True)
        (box / "new/1772438400.M1P1.mail").write_text("Subject: old\n\n" + "x" * 3000 + "\n")
        subprocess.run(["chown", "-R", str(OWNER), box.parent], check=True)
    config = root / "dovecot.conf"
    config.write_text(DOVECOT.format(owner=OWNER, **locals()))
    subprocess.run(["dovecot", "-c", str(config)], check=True)
    return config


def play(lab: Laboratory) -> None:
    """A mail that fits, then those that do not, of two senders in turn; an hour later all that waits is tried again."""
    senders = (world.PARTNER, world.ORG)
    for mailbox, over in VISITS.items():
        for number in range(over + 1):
            who = senders[number % 2]
            session = lab.connect(who)
            session.greet()
            session.mail(
                f"office@{who.domain}",
                [f"{mailbox}@corbel.example"],
                size=14000 if number else 3000 * (mailbox == "dora"),
            )
            session.quit()
            lab.pause(60)
    lab.clock.jump(3600)
    lab.postfix.retry()


def full_mailboxes(lab: Laboratory, folder: Path) -> None:
    config = start_dovecot(Path("/var/spool/postfix/bounces"), 2400, 12340, overquota=OWN_TEXT)
    start_dovecot(Path("/var/spool/postfix/puts_off"), 2401, 12341, tempfail="yes")
    boxes = Path("/var/spool/postfix/boxes")
    boxes.mkdir()
    os.chown(boxes, OWNER, OWNER)
    setup = Setup("Full mailboxes.", SETTINGS, master=LDA.format(config=config), files=FILES, start=START)
    log, _ = lab.run(setup, play, START)
    write(folder / "full_mailboxes.log", as_rsyslog_classic(log))
