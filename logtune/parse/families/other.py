"""What any daemon may say and nobody counts: ``other`` (``src/global``, ``src/util``, libraries under Postfix's tag).

table hash:/etc/postfix/virtual(0,lock|fold_fix) has changed -- restarting
using backwards-compatible default setting append_dot_mydomain=yes to rewrite "x" to "x.example.com"
cache lmdb:/var/lib/postfix/verify_cache full cleanup: retained=12 dropped=3 entries
"""

from __future__ import annotations

import re

from logtune.parse.records import Notice, Record

_NEWS = re.compile(
    r"(?:table )?\S+ has changed -- [a-z]|ignoring DNS RR|using backwards-compatible |(?:cache|close database) |"
    r"mapping DSN status |discarding EHLO keywords|replacing (?:command|server reply) |"
    r"bounced: |statistics: |"
    r"(?:open|close|opened|closed) (?:database|table) |disconnect(?:ed)? (?:from|to) (?:database|server)|"
    r"connected to |Connected to |reconnect|retrying|"
    r"< \S+\[|> \S+\[|"  # debug_peer_list: the protocol itself
    # Cyrus SASL and its plugins
    r"looking for plugins in|unable to dlopen |auxpropfunc|No worthy mechs|"
    r"(?:sql|ldapdb|auxprop|sasl|SASL|DIGEST-MD5|GSSAPI|NTLM|CRAM-MD5|OTP)[ _]|"
    r"could not find auxprop|begin transaction|commit transaction|"
    # commands
    r"(?:postfix/)?\w+: (?:fatal|warning|error): |Recipient addresses must be specified|"
    # rebuilt tables (3.11)
    r"(?:re)?build(?:ing)? |(?:successfully )?(?:executed|created|converted|indexed) "
)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a line that is known and means nothing for an analysis, or None."""
    return Notice("other", text=text) if _NEWS.match(text) is not None else None
