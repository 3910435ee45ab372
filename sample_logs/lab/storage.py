"""Mailbox storage that is full, with local(8) and virtual(8): a quota of the file system, a full disk, a size limit.

Needs the Debian package btrfs-progs: the quota (EDQUOT) is a real one, of a btrfs subvolume in a file; the full disk
(ENOSPC) is a small tmpfs; the size limits (EFBIG) are Postfix's own. Each mailbox gets three mails of 60,000 bytes.
"""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from . import world
from .formats import as_rsyslog_classic
from .laboratory import Laboratory, Setup, write
from .mailboxes import OWNER

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ROOT = Path("/var/spool/postfix/storage")
SIZE = 60_000
VIRTUAL = {
    "anna": "quota/boxes/virtual/anna",
    "bert": "quota/boxes/virtual/bert/",
    "clara": "full/boxes/virtual/clara",
    "dora": "full/boxes/virtual/dora/",
    "emil": "limit/boxes/virtual/emil",
}
"""Mailbox to its file, or maildir where it ends in a slash."""
LOCAL = {
    "games": "quota/boxes",
    "man": "quota/boxes/maildirs/",
    "news": "full/boxes",
    "uucp": "full/boxes/maildirs/",
    "proxy": "limit/boxes",
}
"""Login of any Debian to the folder of its mailbox; maildir for ``maildirs/``."""

MASTER = """\
virtual-limit unix  -  n  n  -  -  virtual
  -o virtual_mailbox_limit=90000
local-limit unix  -  n  n  -  -  local
  -o mailbox_size_limit=90000 -o mail_spool_directory={root}/limit/boxes
local-file unix  -  n  n  -  -  local
  -o mailbox_size_limit=90000
""" + "".join(
    f"local-{user} unix  -  n  n  -  -  local\n  -o mail_spool_directory={{root}}/{place}\n"
    for user, place in LOCAL.items()
    if user != "proxy"
)
FILES = {
    "boxes": "".join(f"{name}@corbel.example {place}\n" for name, place in VIRTUAL.items()),
    "filed": f"archive {ROOT}/limit/boxes/archive\n",
    "transport": "emil@corbel.example virtual-limit:\nproxy@mail.corbel.example local-limit:\n"
    "archive@mail.corbel.example local-file:\n"
    + "".join(f"{user}@mail.corbel.example local-{user}:\n" for user in LOCAL if user != "proxy"),
}
SETTINGS = {
    "virtual_transport": "virtual",
    "virtual_mailbox_maps": "texthash:/etc/postfix/boxes",
    "virtual_mailbox_base": str(ROOT),
    "virtual_uid_maps": f"static:{OWNER}",
    "virtual_gid_maps": f"static:{OWNER}",
    "virtual_mailbox_limit": "0",
    "mailbox_size_limit": "0",
    "message_size_limit": "90000",
    "bounce_size_limit": "1000",
    "transport_maps": "texthash:/etc/postfix/transport",
    "alias_maps": "texthash:/etc/postfix/filed",
}


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def make_storage(root: Path) -> None:
    """Three places for mailboxes; they end with the namespace."""
    for place in ("quota", "full", "limit"):
        (root / place).mkdir(parents=True)
    image = root / "btrfs"
    run("truncate", "-s", "120M", image)
    run("mkfs.btrfs", "-q", image)
    run("mount", "-o", "loop", image, root / "quota")
    run("btrfs", "quota", "enable", root / "quota")
    run("btrfs", "subvolume", "create", root / "quota/boxes")
    run("btrfs", "qgroup", "limit", "200K", root / "quota/boxes")
    run("mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", root / "full")
    for place in ("quota", "full", "limit"):
        for folder in ("", "virtual", "maildirs"):
            (root / place / "boxes" / folder).mkdir(exist_ok=True)
            (root / place / "boxes" / folder).chmod(0o1777)


def play(lab: Laboratory) -> None:
    """Three mails for each mailbox, of two senders in turn."""
    mailboxes = [f"{name}@corbel.example" for name in VIRTUAL]
    mailboxes += [f"{user}@mail.corbel.example" for user in (*LOCAL, "archive")]
    for number, who in enumerate((world.PARTNER, world.ORG, world.PARTNER)):
        for mailbox in mailboxes:
            session = lab.connect(who)
            session.greet()
            session.mail(f"office@{who.domain}", [mailbox], size=SIZE)
            session.quit()
            lab.pause(60)
        lab.pause(60 * number)


def full_storage(lab: Laboratory, folder: Path) -> None:
    make_storage(ROOT)
    setup = Setup("Full storage.", SETTINGS, master=MASTER.format(root=ROOT), files=FILES, start=START)
    log, _ = lab.run(setup, play, START)
    write(folder / "full_storage.log", as_rsyslog_classic(log))
