"""The truth about a run, gathered without the log.

One record per recipient: one RCPT TO of one mail in one session. What it violates comes from `world.py` and the case
(declared), how it ended from the replies the client got (measured), what became of it from the sinks and the queue
(measured). Counts per restriction follow from the records alone.
"""

import threading
from collections import Counter

from .servers import Sink
from .world import expand


class Ledger:
    def __init__(self):
        self.records: list[dict] = []
        self.sessions = 0
        self.mails = 0
        self._lock = threading.Lock()

    def next_session(self) -> int:
        with self._lock:
            self.sessions += 1
            return self.sessions

    def next_mail(self) -> int:
        with self._lock:
            self.mails += 1
            return self.mails

    def add(self, record: dict) -> dict:
        with self._lock:
            self.records.append(record)
        return record

    def settle(self, sinks: list[Sink], queue: list[dict], filtered: bool) -> None:
        """Find out what became of the accepted recipients."""
        waiting = {}
        for mail in queue:
            for one in mail["recipients"]:
                for key in (mail["queue_id"], mail["sender"] if mail["sender"] != "MAILER-DAEMON" else ""):
                    waiting[key, one["address"].lower()] = mail["queue_name"]
        for record in self.records:
            hint = record.pop("hint", None)
            if record["outcome"] != "accepted":
                record["fate"] = None
                continue
            fates = {}
            for address in expand(record["recipient"]):
                said = [reply for sink in sinks for reply in sink.said.get((record["message_id"], address), [])]
                said = said or [reply for sink in sinks for reply in sink.refused.get((record["sender"], address), [])]
                # With a filter the mail waits under another id than the client was told.
                queue_id = record["reply"].rpartition("queued as ")[2] if not filtered else record["sender"]
                fates[address] = fate_of(said, waiting.get((queue_id, address)), hint)
            record["fate"] = next(iter(fates.values()))
            if len(set(fates.values())) > 1:
                record["fates"] = fates


def fate_of(said: list[str], in_queue: str | None, hint: str | None) -> str:
    """From what mailboxes and other sites answered; what they never saw is in the queue, or was thrown away."""
    if any(reply.startswith("2") for reply in said):
        return "delivered"
    if in_queue:  # asked before the 5xx: with soft_bounce=yes a refused mail stays in the queue
        return "held" if in_queue == "hold" else "waiting"
    if any(reply.startswith("5") for reply in said):
        return "bounced"
    if said:
        return "expired"
    return hint or "unknown"


KEYS = {
    "rejected": "rejected_anyway",
    "deferred": "deferred_anyway",
    "abandoned": "abandoned",
    "probe": "probes",
    "accepted": "accepted",
}


def count(records: list[dict], names: list[str]) -> dict[str, dict]:
    """Per restriction on trial: flagged recipients by outcome, accepted ones by fate and by who sent them."""
    result = {}
    for name in names:
        flagged = [record for record in records if name in record["flagged"] and not record.get("unseen")]
        row = {
            "flagged": len(flagged),
            "flagged_mails": len({(record["session"], record["mail"]) for record in flagged}),
            **{key: sum(record["outcome"] == outcome for record in flagged) for outcome, key in KEYS.items()},
        }
        accepted = [record for record in flagged if record["outcome"] == "accepted"]
        row["accepted_fates"] = dict(sorted(Counter(record["fate"] for record in accepted).items()))
        row["accepted_only_this"] = sum(record["flagged"] == [name] for record in accepted)
        row["accepted_by_role"] = dict(sorted(Counter(record["role"] for record in accepted).items()))
        result[name] = row
    return result


def totals(ledger: Ledger) -> dict[str, int]:
    records = ledger.records
    return {
        "sessions": ledger.sessions,
        "recipients": len(records),
        "mails_accepted": len(
            {(record["session"], record["mail"]) for record in records if record["outcome"] == "accepted"}
        ),
        **{f"recipients_{outcome}": sum(record["outcome"] == outcome for record in records) for outcome in KEYS},
    }
