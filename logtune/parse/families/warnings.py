"""Lines with a severity: ``warning: [QUEUE-ID: ]TEXT``, also error, fatal and panic (``src/util/msg_output.c``).

warning: service "smtp" (25) has reached its process limit "100": new clients may experience noticeable delays
warning: Connection rate limit exceeded: 31 from mx.example.com[192.0.2.1] for service smtp
warning: mx.example.com[192.0.2.1]: SASL PLAIN authentication failed: authentication failure, sasl_username=jane
warning: hostname mx.example.com does not resolve to address 192.0.2.1
warning: 4F2A91C0E: message has been queued for 2 days
"""

from __future__ import annotations

import re
from collections.abc import Callable

from logtune.parse.families import cleanup
from logtune.parse.families.common import PEER, QUEUE_ID, number, peer
from logtune.parse.records import Notice, Record

SEVERITY = re.compile(r"(warning|error|fatal|panic): ?")

# service "smtp" (25): the endpoint is the name in master.cf, the parentheses hold the port or socket
_PROCESS_LIMIT = re.compile(r'service "?([^"\s]+)"? \([^)]*\) has reached its process limit "?([0-9]+)', re.ASCII)
_RATE_LIMIT = re.compile(r"(?:[A-Z][\w ]+) exceeded: ([0-9]+) from (\S+) for service (\S+)", re.ASCII)
_SASL = re.compile(r"([^\s\[]*\[[^\]]*\](?::\w+)?): SASL \S+ authentication (?:failed|aborted)")
_CLIENT_SASL = re.compile(r"SASL (?:\[CACHED\] )?authentication failed[;:]")
_NO_FORWARD = re.compile(r"hostname \S+ does not resolve to address (\S+?)(?::? |:?\Z)")
_OLD_NO_FORWARD = re.compile(
    r"(?:smtpd_peer_init: )?([0-9A-Fa-f.:]+): (?:hostname \S+ verification failed|address not listed for hostname)"
)
# Illegal address syntax from C in MAIL command; non-SMTP command from C: ..; C sent message header instead of ..
_FROM_CLIENT = re.compile(
    r"(?:Illegal address syntax|non-SMTP command) from (?=[^\s\[]*\[)|(?=[^\s\[]*\[[^\]]*\] sent )"
)
_NO_TLS = re.compile(r"(?:SSL_accept|SSL_connect) error (?:from|to) |TLS handshake fail")


def read(text: str, severity: str) -> tuple[str | None, Record]:
    """``(queue id, row)`` of *text*, which followed *severity*. What no pattern knows is a notice of that severity."""
    queue_id, rest = split_queue_id(text)
    for known in _KNOWN:
        row = known(rest, severity)
        if row is not None:
            return queue_id, row
    return queue_id, Notice(severity, severity, text=rest)


def split_queue_id(text: str) -> tuple[str | None, str]:
    """``(queue id, what follows)``; ``NOQUEUE`` is given as such, None where no queue id stands."""
    m = QUEUE_ID.match(text)
    return (m[1], text[m.end() :]) if m is not None else (None, text)


def _process_limit(text: str, severity: str) -> Record | None:
    m = _PROCESS_LIMIT.match(text)
    return Notice("process_limit", severity, None, None, m[1], number(m[2]), text) if m is not None else None


def _rate_limit(text: str, severity: str) -> Record | None:
    m = _RATE_LIMIT.match(text)
    if m is None:
        return None
    client = peer(m[2])
    return Notice("rate_limit", severity, client.name, client.addr, m[3], number(m[1]), text)


def _sasl(text: str, severity: str) -> Record | None:
    m = _SASL.match(text)
    if m is not None:
        client = peer(m[1])
        return Notice("sasl_failure", severity, client.name, client.addr, text=text)
    return Notice("client_sasl_failure", severity, text=text) if _CLIENT_SASL.match(text) is not None else None


def _resolve(text: str, severity: str) -> Record | None:
    m = _NO_FORWARD.match(text) or _OLD_NO_FORWARD.match(text)
    return Notice(severity, severity, None, m[1], text=text) if m is not None else None


def _from_client(text: str, severity: str) -> Record | None:
    m = _FROM_CLIENT.match(text)
    if m is None or PEER.match(text, m.end()) is None:
        return None
    client = peer(text, m.end())
    return Notice(severity, severity, client.name, client.addr, text=text)


def _hops(text: str, severity: str) -> Record | None:
    return cleanup.read(text, None) if text.startswith(cleanup.HOPS) else None


def _tls(text: str, severity: str) -> Record | None:
    return Notice("tls_error", severity, text=text) if _NO_TLS.match(text) is not None else None


_KNOWN: tuple[Callable[[str, str], Record | None], ...] = (
    _process_limit,
    _rate_limit,
    _sasl,
    _resolve,
    _from_client,
    _hops,
    _tls,
)
