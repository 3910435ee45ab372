"""The name service: does it keep mail waiting, does it fail, and would a caching resolver on this machine pay?

What Postfix logs of it is indirect. Stage c of a delivery holds its lookups together with TCP, EHLO and TLS; the
reverse lookup of a client comes before ``connect from`` and is in no line at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logtune.analyses.common import ask, counted, duration
from logtune.analyses.deliveries import prepare
from logtune.analyses.trouble import keep_failed_deliveries, keep_warnings
from logtune.results import Column, Finding, Item, Kind, Level, Metric, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

SETUP_MIN = 100
"""Below so many outgoing transactions the log cannot tell that no lookup is slow: one in a hundred would not show."""
DNS_MIN_WAITS = 20
DNS_MIN_SHARE = 0.01
"""A peak at 5 s or 10 s is reported from 20 waits and 1 % of the transactions: fewer may be single slow sites."""
DNS_PEAK = 3.0
"""How many times denser just over 5 s must be than between 5.4 s and 9.9 s: slow sites alone fall off smoothly."""
STEP = 5.0
"""Seconds after which a resolver asks again, or asks the next server: ``timeout`` of resolv.conf(5)."""

BURST_NAMES = 5
"""Lookups of so many unrelated domains that fail within a minute have one cause in common."""
BURSTS_ACT = 3
"""One such minute happens at a restart of the name server; from three on it is worth a person."""

NO_ANSWER = "no answer"
"""Why a lookup failed, as ``name_service_failures.sql`` says it, where that was the resolver's fault."""
NO_ANSWER_MIN = 20
"""Fewer may be one domain whose own name servers are down and that is asked about again and again."""

LATER_MIN = 5
"""So many recipients that were deferred for a name and came in later are worth a look."""
LATER_SOON = 3600.0
"""Half of them within the hour: no postmaster repairs names that fast, so it was the lookup that failed."""

LIST_SLOW = 5.0
"""A list whose answers take so long costs its vote: postscreen_greet_wait is 6 s by default (postconf(5))."""
LIST_MIN = 20
"""Answers of a list below which its 95 % is only its slowest."""

LOOKUPS = (
    "reject_unknown_helo_hostname", "reject_unknown_client_hostname", "reject_unknown_reverse_client_hostname",
    "reject_unknown_forward_client_hostname", "reject_unknown_sender_domain", "reject_unknown_recipient_domain",
)  # fmt: skip
"""Restrictions that defer while a name cannot be looked up (their ``unknown_..._tempfail_action`` in postconf(5))."""

_RESOLVER = "dig +stats example.com @ADDRESS, for each server in /etc/resolv.conf"


@dataclass(frozen=True)
class SetupTimes:
    """Transactions of smtp by the time they took to connect: (class, transactions, seconds) in ascending order."""

    classes: tuple[tuple[str, int, float], ...]

    @property
    def total(self) -> int:
        """Transactions of all classes."""
        return sum(count for _, count, _ in self.classes)

    def count(self, name: str) -> int:
        """Transactions of the class called *name*."""
        return next((count for known, count, _ in self.classes if known == name), 0)

    @property
    def waits(self) -> int:
        """Transactions that waited just over 5 s, or 10 s."""
        return self.count(FIVE) + self.count(TEN)

    @property
    def spared(self) -> float:
        """Seconds that these waits took: a step for each, two for those of 10 s."""
        return STEP * self.count(FIVE) + 2 * STEP * self.count(TEN)

    @property
    def share(self) -> float:
        """Part of the transactions that waited."""
        return self.waits / self.total if self.total else 0.0

    def peak(self) -> bool:
        """Whether waits of 5 s and 10 s are too many to be slow sites (constants above)."""
        # 5.0-5.3 is four logged values wide, 5.4-9.9 forty-six: compare per logged value
        dense = self.count(FIVE) / 4 >= DNS_PEAK * max(self.count(BETWEEN), 1) / 46
        return dense and self.waits >= DNS_MIN_WAITS and self.waits >= DNS_MIN_SHARE * self.total


FIVE, BETWEEN, TEN = "5.0 – 5.3 s", "5.4 – 9.9 s", "10 s"
"""Classes of ``name_service_setup.sql`` that tell a resolver that asks again from sites that are slow."""


def name_service(log: Tables, options: Options) -> Section:
    """What the log tells of the name service; level and first item are the answer, tables its evidence."""
    answer = name_service_glance(log, options)
    times = setup_times(log)
    items: list[Item] = [answer, *_found(log)]
    if times.total:
        items.append(_setup(times))
    items += [*_failures(log), *_lists(log, options), *_postscreen(log), Note(_NOT_IN_THE_LOG, aside=True)]
    return Section("name_service", "DNS", items, "outgoing transactions, lookups that failed", level=answer.level)


_NOT_IN_THE_LOG = (
    "Not in the log: the lookups of a client before its connect line, and any that were quick enough. "
    "On the server: time dig -x ADDRESS for a client's address, twice."
)


def name_service_glance(log: Tables, options: Options) -> Finding:
    """One line: whether lookups cost throughput, and what a caching resolver would spare."""
    times = setup_times(log)
    failing = [finding for finding in _found(log) if finding.level is Level.ACT]
    if times.peak():
        detail = f"{_percent(times.share)} of outgoing connections wait 5 s or 10 s"
        return Finding(Level.ACT, "DNS", f"{detail}; a local caching resolver would spare {duration(times.spared)}")
    if failing:
        return Finding(Level.ACT, "DNS", failing[0].title)
    if times.total < SETUP_MIN:
        detail = f"too few deliveries to other hosts ({times.total:,}); ask the resolver: {_RESOLVER}"
        return Finding(Level.UNKNOWN, "DNS", detail)
    detail = f"no peak at 5 s or 10 s in {times.total:,} connections; a caching resolver would spare little"
    return Finding(Level.WELL, "DNS", detail)


def name_service_findings(log: Tables) -> list[Finding]:
    """What needs a person, for the list of all such things; empty where the log shows no trouble."""
    times = setup_times(log)
    found = []
    if times.peak():
        part = f"{times.waits:,} of {times.total:,} outgoing deliveries ({_percent(times.share)})"
        detail = f"{part} waited 5 s or 10 s to connect."
        found.append(Finding(Level.ACT, "A name server does not answer at first", detail, "logtune delays"))
    return [*found, *_found(log)]


def setup_times(log: Tables) -> SetupTimes:
    """How long smtp took to connect at first tries that were not deferred."""
    prepare(log)
    return SetupTimes(tuple(ask(log, "name_service_setup")))


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %"


def _setup(times: SetupTimes) -> Table:
    columns = (
        Column("class", "time to connect", Kind.TEXT),
        Column("transactions", "transactions", Kind.COUNT),
        Column("bar", "", Kind.AMOUNT),
    )
    rows = [(name, count, count) for name, count, _ in times.classes]
    note = "A resolver whose server does not answer asks again after 5 s: waits gather just over 5 s and 10 s."
    return Table("dns_waits", columns, rows, "smtp: time to connect", note=note)


def _found(log: Tables) -> list[Finding]:
    return [*_bursts(log), *_no_answers(log), *_later(log)]


def _bursts(log: Tables) -> list[Finding]:
    _prepare(log)
    minutes = ask(log, "name_service_bursts", names=BURST_NAMES)
    if not minutes:
        return []
    level = Level.ACT if len(minutes) >= BURSTS_ACT else Level.LOOK
    most = max(domains for _, _, domains in minutes)
    first = f"{minutes[0][0]:%Y-%m-%d %H:%M} UTC"
    detail = f"Up to {most} unrelated domains within a minute, in {counted(len(minutes), 'minute')} from {first}."
    return [Finding(level, "The name server failed for many names at once", detail, "logtune delays")]


def _prepare(log: Tables) -> None:
    keep_warnings(log)
    keep_failed_deliveries(log)


def _failed_lookups(log: Tables) -> list[tuple[Any, ...]]:
    _prepare(log)
    return ask(log, "name_service_failures")


def _no_answers(log: Tables) -> list[Finding]:
    lines = sum(row[2] for row in _failed_lookups(log) if row[1] == NO_ANSWER)
    if lines < NO_ANSWER_MIN:
        return []
    detail = f'{lines:,} lines say "try again" or "temporary failure": ask the resolver: {_RESOLVER}.'
    return [Finding(Level.LOOK, "Lookups got no answer", detail, "logtune delays")]


def _later(log: Tables) -> list[Finding]:
    deferred, came, half = ask(log, "name_service_later", restrictions=" ".join(LOOKUPS))[0]
    if came < LATER_MIN:
        return []
    soon = half is not None and half <= LATER_SOON
    because = "that soon it was the lookup that failed" if soon else "after that long the name may have been put right"
    detail = (
        f"{came:,} of {deferred:,} recipients deferred for a name came in later, half of them within "
        f"{duration(half or 0)}: {because}."
    )
    return [Finding(Level.LOOK, "Mail was deferred for names that exist", detail, "logtune rejects")]


def _failures(log: Tables) -> list[Item]:
    found = _failed_lookups(log)
    if not found:
        return [Note("No line says that a lookup failed.")]
    columns = (
        Column("where", "lookups that failed", Kind.TEXT),
        Column("why", "why", Kind.TEXT),
        Column("lines", "lines", Kind.COUNT),
        Column("names", "names", Kind.COUNT),
        Column("first", "first", Kind.TIME, wide=True),
        Column("last", "last", Kind.TIME, wide=True),
    )
    note = 'Only "no answer" is the resolver\'s; the others are faults of the name.'
    return [Table("failed_lookups", columns, found, note=note)]


def _lists(log: Tables, options: Options) -> list[Item]:
    found: list[tuple[Any, ...]] = ask(log, "name_service_lists")
    if not found:
        return []
    columns = (
        Column("list", "DNS list", Kind.LOGTEXT),
        Column("answers", "listed", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("lost", "no answer", Kind.COUNT),
    )
    cut = found[: options.top]
    slow = [row for row in found if row[1] >= LIST_MIN and row[3] is not None and row[3] >= LIST_SLOW]
    items: list[Item] = [Table("dns_lists", columns, cut, "DNS lists", omitted=len(found) - len(cut), note=_LISTS_NOTE)]
    if slow:
        items.append(
            Metric("slow_lists", len(slow), Kind.COUNT, "DNS lists answer too late for postscreen's greet wait")
        )
    return items


def _postscreen(log: Tables) -> list[Item]:
    found = ask(log, "name_service_postscreen")
    if not found:
        return []
    columns = (
        Column("word", "postscreen", Kind.TEXT),
        Column("clients", "sessions", Kind.COUNT),
        Column("half", "half in", Kind.SECONDS),
        Column("most", "95 % in", Kind.SECONDS),
        Column("slowest", "slowest", Kind.SECONDS),
    )
    rows = [(word, clients, *took, slowest) for word, clients, took, slowest in found]
    return [Table("postscreen", columns, rows, note=_POSTSCREEN_NOTE)]


_POSTSCREEN_NOTE = (
    "PASS NEW takes postscreen_greet_wait (6 s by default), more where DNS lists are late; PASS OLD is at once."
)
_LISTS_NOTE = (
    "From a client's connection to the list's word on it, in whole seconds; only lists that know it say a word."
)
