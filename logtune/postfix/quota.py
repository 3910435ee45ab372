"""Texts by which delivery agents and servers say that a mailbox is full.

There is no one code for it: Dovecot's LDA reports DSN 5.7.0, its LMTP server 5.2.2 or 4.2.2, the VDA patch whatever
the site configured. So texts decide, compared with ``deliveries.reason`` or ``decisions.reason``.

Those of local, virtual and Dovecot were seen in logs (sample_logs: full_storage, full_mailboxes). VDA is a patch that
no Debian Postfix has, and Cyrus was not run: their texts are those of their sources. A full disk (``No space left on
device``) is nobody's quota, see analyses/disk.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class QuotaText:
    """A text in which ``*`` is any text, and who says it."""

    glob: str
    source: str


QUOTA_TEXTS = (
    QuotaText("*overdrawn his diskspace quota*", "Postfix VDA patch, virtual_maildir_limit_message"),
    QuotaText(
        "*Quota exceeded (mailbox for user is full)*", "Dovecot LMTP, LDA and quota-status: quota_exceeded_message"
    ),
    QuotaText("*552 5.2.2 *Quota exceeded*", "Dovecot LMTP with a quota_exceeded_message that begins alike"),
    QuotaText("*Mailbox is full*", "Dovecot quota-status, the answer of its documentation"),
    QuotaText("*Disk quota exceeded*", "quota of the file system, strerror(EDQUOT)"),
    QuotaText(
        "*mailbox *File too large*", "local and virtual, mailbox_size_limit and virtual_mailbox_limit of mbox files"
    ),
    QuotaText("*append message to file *File too large*", "local, mailbox_size_limit of a file that an alias names"),
    QuotaText("*mailbox * is over quota*", "Cyrus IMAP lmtpd and others"),
    QuotaText("*Over quota*", "Cyrus IMAP lmtpd"),
)


def pattern(own: Iterable[str] = ()) -> str:
    """One regular expression, case-insensitive, that finds any of these texts and the site's *own* globs.

    In the syntax that Python, RE2 (DuckDB) and Arrow share; it matches a reason from end to end.
    """
    globs = [*(text.glob for text in QUOTA_TEXTS), *own]
    return "(?is)^(?:" + "|".join(".*".join(map(_escape, glob.split("*"))) for glob in globs) + ")$"


def _escape(text: str) -> str:
    # re.escape also escapes blanks and other characters that RE2 knows no escape for.
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", text)
