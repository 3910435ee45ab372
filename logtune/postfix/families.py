"""One table from program to message family; both parser cores read it.

A Postfix program is known by the last part of its syslog tag (``smtpd`` in ``postfix/submission/smtpd``), because
Postfix logs ``syslog_name/program`` (``src/global/mail_task.c``) and a site may choose any ``syslog_name``.
"""

from __future__ import annotations

from collections.abc import Mapping

FAMILIES: Mapping[str, str] = {
    # daemons in daemon_directory: master.cf(5), column "command"
    "anvil": "anvil",
    "bounce": "bounce",
    "cleanup": "cleanup",
    "defer": "bounce",
    "discard": "delivery",
    "dnsblog": "dnsblog",
    "error": "delivery",
    "flush": "other",
    "lmtp": "smtp",
    "local": "delivery",
    "master": "master",
    "nbdb_reindexd": "other",
    "nqmgr": "qmgr",
    "oqmgr": "qmgr",
    "pickup": "pickup",
    "pipe": "delivery",
    "postlogd": "other",
    "postscreen": "postscreen",
    "proxymap": "other",
    "qmgr": "qmgr",
    "qmqpd": "smtpd",
    "retry": "delivery",
    "scache": "scache",
    "showq": "other",
    "smtp": "smtp",
    "smtpd": "smtpd",
    "spawn": "other",
    "tlsmgr": "other",
    "tlsproxy": "tlsproxy",
    "trace": "bounce",
    "trivial-rewrite": "other",
    "verify": "other",
    "virtual": "delivery",
    # commands and scripts
    "mailq": "other",
    "newaliases": "other",
    "post-install": "script",
    "postalias": "other",
    "postcat": "other",
    "postconf": "other",
    "postdrop": "other",
    "postfix": "script",
    "postfix-script": "script",
    "postfix-tls-script": "script",
    "postfix-tlspol": "other",
    "postfix-tlspolicy": "other",
    "postfix-wrapper": "script",
    "postkick": "other",
    "postlock": "other",
    "postlog": "script",
    "postmap": "other",
    "postmulti": "script",
    "postmulti-script": "script",
    "postqueue": "other",
    "postsuper": "postsuper",
    "posttls-finger": "smtp",
    "sendmail": "other",
}
"""Last part of the tag to message family."""

UNSLASHED = frozenset(name for name in FAMILIES if name.startswith("post")) | {"trivial-rewrite", "dnsblog", "tlsproxy"}
"""Programs that are Postfix's also without a slash in the tag. ``smtpd[1]:`` alone may be OpenSMTPD, so it is not here:
such a site maps its tags in the configuration file."""

FOREIGN_OWNERS = frozenset({"amavis", "cyrus", "dovecot", "exim", "imap", "opensmtpd", "spamassassin"})
"""First parts of tags that are not Postfix's, whatever follows: Debian's Cyrus logs ``cyrus/master``."""

FILTERS: Mapping[str, str] = {
    "amavis": "amavis",
    "amavisd": "amavis",
    "amavisd-new": "amavis",
    "rspamd": "rspamd",
    "rspamd_proxy": "rspamd",
    "spamd": "spamd",
}
"""Whole tag of a content filter to its family."""

SYSLOGS = ("systemd-journal", "rsyslog", "syslogd", "syslog-ng")
"""How the tags of programs begin that say when log lines were lost (``rsyslogd-2177`` is one program)."""
