"""Whom a trial says that a restriction would newly stop, by logtune, from the log alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import logtune
from tests.live.sessions import Answers, Key

BAD_LITERAL = "Helo command rejected: invalid ip address"
HELO_TRIO = ("reject_invalid_helo_hostname", "reject_non_fqdn_helo_hostname", "reject_unknown_helo_hostname")


@dataclass
class Prediction:
    """Recipients that one restriction would newly stop, and those of which the log does not tell.

    `replies` has the reply codes that logtune read for a recipient.
    """

    stopped: set[Key] = field(default_factory=set)
    unknown: set[Key] = field(default_factory=set)
    replies: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))


class NotScripted(AssertionError):
    """logtune names a recipient that no client sent."""


def predict(
    log: Path,
    answers: Answers,
    texts: Mapping[str, str],
    names: tuple[str, ...],
    clients: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Prediction]:
    """One prediction for each restriction on trial (`names`); `texts` says which one writes a text of an access table.

    `clients` has the names that keys use for addresses of the log.
    """
    trial = logtune.read(log, tz="UTC", mynetworks=["192.168.10.0/24"]).trial_json(recipients=True)
    index = index_of(answers)
    found = {name: Prediction() for name in names}
    for row in trial["recipients"]:
        if row["outcome"] not in ("accepted", "unknown"):
            continue
        row["client_addr"] = clients.get(row["client_addr"], row["client_addr"])
        keys = keys_of(row, index, answers)
        for flag in row["flags"]:
            for name in restrictions_of(flag, texts, names):
                certain = row["outcome"] == "accepted" and flag["certain"]
                (found[name].stopped if certain else found[name].unknown).update(keys)
                for key in keys:
                    found[name].replies[key].add(f"{flag['reply_code']} {flag['dsn']}")
    for prediction in found.values():
        prediction.unknown -= prediction.stopped
    return found


def index_of(answers: Answers) -> dict[tuple[str, str], list[Key]]:
    """Clients know the queue ids of the mails that were taken from them."""
    index = defaultdict(list)
    for key, answer in answers.items():
        if answer.accepted:
            index[key.client, answer.queue_id].append(key)
    return index


def keys_of(row: Mapping[str, Any], index: Mapping[tuple[str, str], list[Key]], answers: Answers) -> list[Key]:
    """The scripted recipients behind a row; where the log shows no recipient, those of its mail."""
    if row["outcome"] == "unknown" and not row["queue_id"]:
        candidates = [key for key, answer in answers.items() if answer.accepted and key.client == row["client_addr"]]
    else:
        candidates = index.get((row["client_addr"], row["queue_id"]), [])
    keys = [
        key
        for key in candidates
        if (row["recipient"] is None or key.recipient.lower() == row["recipient"].lower())
        and (row["sender"] is None or key.sender == row["sender"])
    ]
    if not keys and row["outcome"] == "accepted":
        raise NotScripted(f"{row}; mails of that client and queue id: {candidates}")
    return keys


def restrictions_of(flag: Mapping[str, Any], texts: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """The restriction on trial that wrote a warning. A bad literal gets one text from each of the three."""
    if flag["text"] == BAD_LITERAL:
        return [name for name in names if name in HELO_TRIO]
    return [flag["restriction"] or texts[flag["text"].partition(": ")[2]]]
