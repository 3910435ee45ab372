"""Content filters: their word on a mail. Every other line of theirs is not Postfix's.

amavis[77]: (77-01) Passed CLEAN {RelayedInbound}, [192.0.2.1]:48123 [192.0.2.1] <a@example.com> -> <b@example.org>,
  Queue-ID: 4F2A91C0E, Message-ID: <x@example.com>, mail_id: abc, Hits: -1.9, size: 1234, queued_as: 3E1B80A11, ..
rspamd[77]: <a1b2c3>; task; rspamd_task_write_log: id: <x@example.com>, qid: <4F2A91C0E>, ip: 192.0.2.1,
  from: <a@example.com>, (default: F (no action): [-2.10/15.00] [..]), len: 1234, .., rcpts: <b@example.org>
spamd[77]: spamd: result: Y 9 - BAYES_99 scantime=0.8,size=5,user=jane,..,mid=<x@example.com>,..
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from logtune.parse.families.common import signed, unangled
from logtune.parse.records import Verdict

_AMAVIS = re.compile(r"(?:\([\w-]+\) )?(Passed|Blocked) ([A-Z][A-Z-]*)", re.ASCII)
_AMAVIS_CLIENT = re.compile(r", (?:LOCAL )?\[([0-9A-Fa-f.:]+)\]", re.ASCII)
_AMAVIS_MAIL = re.compile(r" <([^<>]*)> -> <([^<>]*)>")
_AMAVIS_WORDS = {
    "CLEAN": "clean",
    "SPAM": "spam",
    "SPAMMY": "spam",
    "INFECTED": "virus",
    "BANNED": "banned",
    "BAD-HEADER": "bad header",
    "UNCHECKED": "unchecked",
}

_RSPAMD = re.compile(r".*?\(([\w.-]+): ([TFS]) \(([a-z ]+)\): \[(-?[0-9.]+)/", re.ASCII)
_SPAMD = re.compile(r"(?:spamd: )?result: ([Y.]) +(-?[0-9]+(?:\.[0-9]+)?) - ", re.ASCII)
_RSPAMD_FIELD = re.compile(r"(?:^|, |log: )(id|qid|ip|from|rcpts): (<[^<>]*>|[^\s,]*)")
_MID = re.compile(r"[, ]mid=(<[^<>]*>|[^,\s]*)")
_FIELD = {name: re.compile(rf", {name}: ([^,]*)") for name in ("Queue-ID", "Message-ID", "Hits")}


def read(family: str, text: str) -> tuple[str | None, Verdict] | None:
    """``(queue id, verdict)`` of a line of filter *family*, or None where the line is none."""
    return _READERS[family](text)


def _amavis(text: str) -> tuple[str | None, Verdict] | None:
    m = _AMAVIS.match(text)
    if m is None:
        return None
    word = m[2].rstrip("-")
    client, mail = _AMAVIS_CLIENT.search(text), _AMAVIS_MAIL.search(text)
    named = {name: found[1] for name, pattern in _FIELD.items() if (found := pattern.search(text))}
    message_id = named.get("Message-ID")
    verdict = Verdict(
        "amavis", _AMAVIS_WORDS.get(word, word.lower()), signed(named.get("Hits")), client[1] if client else None,
        mail[1] if mail else None, mail[2] if mail else None, unangled(message_id) if message_id else None,
    )  # fmt: skip
    return named.get("Queue-ID"), verdict


def _rspamd(text: str) -> tuple[str | None, Verdict] | None:
    m = _RSPAMD.match(text)
    if m is None:
        return None
    named = {key: unangled(value) for key, value in _RSPAMD_FIELD.findall(text)}
    word = "spam" if m[2] == "T" else "clean" if m[3] == "no action" else m[3]
    recipient = named.get("rcpts")
    verdict = Verdict(
        "rspamd", word, signed(m[4]), named.get("ip"), named.get("from"),
        recipient.split(",")[0] if recipient else None, named.get("id"),
    )  # fmt: skip
    qid = named.get("qid")
    return (qid if qid and qid != "undef" else None), verdict


def _spamd(text: str) -> tuple[str | None, Verdict] | None:
    """spamd says each verdict twice (``identified spam``, ``result:``); the second names the mail, so it counts."""
    m = _SPAMD.match(text)
    if m is None:
        return None
    mid = _MID.search(text)
    named = unangled(mid[1]) if mid and mid[1] != "(unknown)" else None
    return None, Verdict("spamd", "spam" if m[1] == "Y" else "clean", signed(m[2]), message_id=named)


_READERS: Mapping[str, Callable[[str], tuple[str | None, Verdict] | None]] = {
    "amavis": _amavis,
    "rspamd": _rspamd,
    "spamd": _spamd,
}
