"""The four stages of ``delays=a/b/c/d``: which one takes the time of a transport, where, and what that means.

Judged are first tries that were not deferred, a transaction once: the wait of retries is the remote side's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, duration
from logtune.analyses.deliveries import TIMES_MIN, delivery_times, prepare
from logtune.analyses.disk import CLIENTS, SMALL_SLOW, small_mails
from logtune.analyses.name_service import setup_times
from logtune.analyses.queue_view import ACTIVE_LIMIT, ACTIVE_NEAR, active_peaks
from logtune.postfix.delay_stages import stage as known_stage
from logtune.results import Finding, Level

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

LETTERS = "abcd"

SLOW = 1.0
"""Seconds. One first try in twenty that takes so long is worth a look; below it nobody waits for a mail."""
VERY_SLOW = 30.0
"""Seconds. One in twenty that takes so long needs a person: senders ask where their mail is."""
DOMINANT = 0.5
"""A stage dominates that has half of all the waiting; below it the time goes to several."""
AT_ONE_PLACE = 0.8
"""A few relays or domains that have so much of a stage's waiting together are named as its places."""
FEW = 5
"""So many places are a few, if there are at least twice as many: more, and it is no longer a matter of single sites."""
WAITED = 1.0
"""Seconds in stage b from which a mail waited for its turn: qmgr and a free process take milliseconds."""


NO_DELIVERY = frozenset({"error", "retry", "discard"})
"""Transports that deliver nothing: their times say how long mail took to them, which the others say better."""


@dataclass(frozen=True)
class Place:
    """A relay or domain (text of the log), the seconds of a stage that are its, and its transactions."""

    name: str
    waited: float
    tries: int


@dataclass(frozen=True)
class StageVerdict:
    """Which stage takes the time of a transport's first tries; ``stage`` None: nothing is slow, or several share it.

    ``shares`` are parts of all waiting by stage, ``places`` the few with most of the stage's waiting, if they have it.
    """

    transport: str
    transactions: int
    half: float  # seconds
    most: float  # seconds, 95 %
    stage: str | None
    waited: tuple[float, ...]  # seconds by stage, of all transactions
    places: tuple[Place, ...]
    meaning: str

    @property
    def level(self) -> Level:
        """How much it matters."""
        if self.most < SLOW:
            return Level.WELL
        return Level.ACT if self.most >= VERY_SLOW else Level.LOOK

    @property
    def shares(self) -> tuple[float, ...]:
        """Part of all waiting by stage."""
        total = sum(self.waited)
        return tuple(part / total if total else 0.0 for part in self.waited)


def stage_verdicts(log: Tables) -> list[StageVerdict]:
    """A verdict per transport with enough first tries, most tries first."""
    prepare(log)
    places: dict[tuple[str, str], list[tuple[Place, int]]] = {}
    for transport, stage, name, waited, tries, number in ask(log, "stages_where", most=FEW):
        places.setdefault((transport, stage), []).append((Place(name, waited or 0.0, tries), number))
    return [
        _verdict(log, row, places)
        for row in delivery_times(log)
        if row[1] == "first" and row[3] >= TIMES_MIN and row[0] not in NO_DELIVERY
    ]


def stage_findings(log: Tables) -> list[Finding]:
    """The verdicts as findings, one per transport; places are text of the log and stand as samples."""
    return [_finding(verdict) for verdict in stage_verdicts(log)]


def delays_glance(log: Tables, options: Options) -> Finding:
    """One line: the slowest transport and the stage that takes its time."""
    verdicts = stage_verdicts(log)
    if not verdicts:
        return Finding(Level.UNKNOWN, "delays", f"no transport has {TIMES_MIN} first tries", "logtune delays")
    worst = max(verdicts, key=lambda verdict: verdict.most)
    where = "" if worst.stage is None else f", most of it {known_stage(worst.stage).name}"
    return Finding(
        worst.level, "delays", f"5 % of {worst.transport} first tries take {_seconds(worst.most)} or more{where}"
    )


def _verdict(log: Tables, row: tuple[Any, ...], places: dict[Any, list[tuple[Place, int]]]) -> StageVerdict:
    transport, _, _, transactions, delay, *_, logged = row
    waited = tuple(part or 0.0 for part in logged)
    top = max(range(4), key=lambda i: waited[i])
    slow = delay[2] >= SLOW and waited[top] >= DOMINANT * sum(waited)
    letter = LETTERS[top] if slow else None
    known = places.get((transport, letter), [])
    few = _few([place for place, _ in known], waited[top], known[0][1] if known else 0)
    meaning = _meaning(log, letter, transport, few, known[0][1] if known else 0)
    return StageVerdict(transport, transactions, delay[0], delay[2], letter, waited, few, meaning)


def _few(places: list[Place], waited: float, number: int) -> tuple[Place, ...]:
    """The fewest of *places* with most of the *waited* seconds; none where that takes too many of the *number*."""
    for count in range(1, len(places) + 1):
        if sum(place.waited for place in places[:count]) >= AT_ONE_PLACE * waited:
            return tuple(places[:count]) if count == 1 or number >= 2 * count else ()
    return ()


def _finding(verdict: StageVerdict) -> Finding:
    most = f"95 % within {_seconds(verdict.most)}."
    if verdict.stage is None and verdict.level is Level.WELL:
        return Finding(Level.WELL, f"{verdict.transport}: nothing is slow", most)
    if verdict.stage is None:
        parts = ", ".join(f"{letter} {_percent(part)}" for letter, part in zip(LETTERS, verdict.shares, strict=True))
        return Finding(verdict.level, f"{verdict.transport}: no single stage takes the time", f"{most} {parts}.")
    part = verdict.shares[LETTERS.index(verdict.stage)]
    title = f"{verdict.transport}: {_percent(part)} of the time is {verdict.stage}, {known_stage(verdict.stage).name}"
    return Finding(verdict.level, title, f"{most} {verdict.meaning}", samples=_samples(verdict, verdict.stage))


def _samples(verdict: StageVerdict, stage: str) -> tuple[str, ...]:
    whole = verdict.waited[LETTERS.index(stage)]
    return tuple(
        f"{place.name}: {_percent(place.waited / whole)} of that stage's waiting, "
        f"{_percent(place.tries / verdict.transactions)} of the first tries"
        for place in verdict.places
    )


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value < 100 else duration(value)


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _meaning(log: Tables, letter: str | None, transport: str, few: tuple[Place, ...], number: int) -> str:
    if letter is None:
        return ""
    if letter == "a":
        return _before(log)
    if letter == "b":
        return _in_qmgr(log, transport, few, number)
    if letter == "c":
        return _setting_up(log, few, number)
    return _sending(transport, few, number)


def _before(log: Tables) -> str:
    proxy, milter = ask(log, "stages_before")[0]
    mails, times, _ = small_mails(log).get(CLIENTS, (0, [0.0, 0.0, 0.0], 0.0))
    if proxy:
        lines = counted(proxy, "line")
        return f"A before-queue filter (smtpd_proxy_filter, {lines} of it) keeps mail waiting: look there first."
    if milter:
        lines = counted(milter, "line")
        return f"Milters speak up in {lines}: look there first, then at the restrictions' lookups and the disk."
    if mails >= TIMES_MIN and times[0] >= SMALL_SLOW:
        return "Small mails wait as well: a milter, a before-queue filter, lookups of restrictions, or the disk."
    if mails >= TIMES_MIN:
        return "Small mails do not wait: slow clients or large mails, not this server."
    return "Slow clients, milters, a before-queue filter or the disk: too few small mails to tell which."


def _in_qmgr(log: Tables, transport: str, few: tuple[Place, ...], number: int) -> str:
    if not few:
        return f"Spread over {number:,} destinations: {_processes(log, transport)}"
    at_once = ask(log, "stages_backlog", transport=transport, domain=few[0].name, waited=WAITED)[0][1]
    seen = "" if at_once is None else f"While mail waited, {at_once:.1f} deliveries at once ran to the first. "
    daemon = transport.split(maxsplit=1)[0]
    return (
        f"Mail waits for its turn at {_how_many(few, number, 'destination')}. {seen}Raise "
        f"{daemon}_destination_concurrency_limit (default_destination_concurrency_limit), if that site bears it."
    )


def _processes(log: Tables, transport: str) -> str:
    for endpoint, limit, lines in ask(log, "stages_limits"):
        if endpoint == transport:
            said = counted(lines, "line")
            return f"too few processes, master says in {said} that {transport} reached its limit of {limit:,}."
    most = max(active_peaks(log).values(), default=0)
    if most >= ACTIVE_NEAR * ACTIVE_LIMIT:
        return f"the active queue was nearly full ({most:,} mails at once)."
    return (
        f"too few {transport} processes (the transport's process limit; look: postconf -F), "
        f"not a full active queue (at most {most:,} mails at once)."
    )


def _setting_up(log: Tables, few: tuple[Place, ...], number: int) -> str:
    times = setup_times(log)
    if times.peak():
        return f"{times.waits:,} waits of just over 5 s or 10 s: a name server does not answer at first. See DNS."
    if few:
        return f"At {_how_many(few, number, 'relay')}, late to connect or to greet: the remote side, or the way to it."
    return "Spread over many relays: lookups without an answer, the network, or TLS on this machine."


def _sending(transport: str, few: tuple[Place, ...], number: int) -> str:
    if transport.endswith(" to the filter"):
        return "The content filter takes the time: its processes, its signatures, its own lookups."
    if transport in RECEIVERS:
        return f"{RECEIVERS[transport]} takes the time over a mail."
    if few:
        return f"At {_how_many(few, number, 'relay')}, long over a mail: the remote side or its filter."
    return "Spread over many relays: slow links or filters there, or a slow line here."


RECEIVERS = {
    "lmtp": "The LMTP server (mailbox storage, its filters)",
    "local": "Mailbox storage, or a command of .forward or aliases,",
    "virtual": "Mailbox storage",
    "pipe": "The program that pipe(8) runs",
}
"""Transport -> what the last stage waits for."""


def _how_many(few: tuple[Place, ...], number: int, one: str) -> str:
    return f"{len(few)} of {counted(number, one)}" if number > 1 else f"the only {one}"
