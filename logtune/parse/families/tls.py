"""TLS of every daemon (``src/tls``): ``tls`` is a connection with TLS, ``tls_error`` one that failed, else ``other``.

Anonymous TLS connection established from mx.example.com[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 ..
Trusted TLS connection reused to mx.example.org[192.0.2.9]:25: TLSv1.3 with cipher ..
SSL_accept error from mx.example.com[192.0.2.1]: lost connection
4F2A91C0E: Cannot start TLS: handshake failure
NOQUEUE: abort: TLS from mx.example.com[192.0.2.1]: No client certificate presented
"""

from __future__ import annotations

import re

from logtune.parse.families.common import NOBODY, peer
from logtune.parse.records import Notice, Record

_CONNECTION = re.compile(r"(?:[A-Z][a-z]+ )?TLS connection (?:established|reused) (from|to) ")
_ERROR = re.compile(
    r"SSL_(?:accept|connect) error (from|to) |Cannot start TLS: |abort: TLS (from) |"
    r"(?:server |client )?certificate (?:peer name )?verification failed for |(?:TLS|SSL) handshake fail|"
    r"Server certificate not |TLS is required, but |non-SMTP command during TLS"
)
_OTHER = re.compile(
    r"setting up TLS connection |Used TLS for |initializing the (?:server|client)-side TLS|Host offered STARTTLS|"
    r"(?:(?:\S+: )?(?:Untrusted|Trusted|Unverified|Verified|Matched|depth)\b.*?:? ?)?(?:subject_CN|subject|verify)=|"
    r"(?:Peer |Server |Client )?certificate |SSL_(?:accept|connect):|SSL3 alert |"
    r"(?:Issuing|Decrypting|Encrypting|looking|save|saving|put|get|delete|remove|reloaded|[Rr]eusing|lookup)\b.*"
    r"\b(?:session|ticket)|"
    r"[^\s\[]+\[[^\]]*\](?::[0-9]+)?: (?:re-?using session|Matched |subject|Trusted|Untrusted|Verified|cert)|"
    r"(?:\S+ )?fingerprint|cannot load |TLS cipher list|disabling TLS|No server certs available"
)


def read(text: str, queue_id: str | None) -> Record | None:
    """Row of a line about TLS without its queue id, or None."""
    m = _CONNECTION.match(text)
    if m is not None:
        client = peer(text, m.end()) if m[1] == "from" else NOBODY
        return Notice("tls", "info", client.name, client.addr, text=text)
    m = _ERROR.match(text)
    if m is not None:
        client = peer(text, m.end()) if m[1] == "from" or m[2] else NOBODY
        return Notice("tls_error", "info", client.name, client.addr, text=text)
    return Notice("other", text=text) if _OTHER.match(text) is not None else None
