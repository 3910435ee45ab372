"""Several servers as sections: side by side, how the sessions are shared, silent hosts, if one fails, the MX order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from logtune.analyses.common import ask, counted, duration, when
from logtune.analyses.loads import LimitSource
from logtune.analyses.servers import OddHour, Servers, Silence, Without, if_one_fails, peaks, peaks_while
from logtune.analyses.shares import share
from logtune.analyses.trial import Trial
from logtune.analyses.trial_side_by_side import side_by_side
from logtune.results import Column, Finding, Item, Kind, Level, Note, Section, Table

if TYPE_CHECKING:
    from logtune.analyses.options import Options
    from logtune.tables import Tables

MEASURED, CANNOT = "from the log", "the log cannot tell"
"""How it is known, in the words of the table \"At a glance\"."""
ASK_DNS = "dig +short MX YOUR-DOMAIN"
BACKUP_LEAST, BACKUP_PART = 20, 0.05
"""Sessions at a backup, and their part of all, from which it is worth a look that the first host was up."""
LIMIT_FROM = {
    LimitSource.POSTCONF: "from postconf, taken for every host",
    LimitSource.LOG: "from the log",
    LimitSource.DEFAULT: "Postfix's default, the log does not tell it",
}
NEAR = 0.9
"""As for a peak: from nine tenths of the limit, the next one may reach it."""


def servers(log: Tables, options: Options) -> list[Section]:
    """The hosts of a log side by side; no section for a log of one host."""
    found = Servers.of(log, options)
    if found is None:
        return []
    spare = if_one_fails(log, options, found)
    items: list[Item] = [*_findings(log, options, found, spare), *_coverage(options, found)]
    items += [_traffic(found), _load(log, options, found)]
    sections = [
        Section("servers", "Several servers", [*items, *_trial(log, options)], "hosts of this log"),
        Section("servers_shares", "How they share", _shares(log, options, found), "sessions on port 25"),
    ]
    if spare:
        sections.append(Section("servers_fail", "If one fails", _fails(options, spare), "sessions at the same moment"))
    return [*sections, Section("servers_mx_order", "MX order", _mx_order(log, found), "sessions on port 25")]


def server_findings(log: Tables, options: Options) -> list[Finding]:
    """What of several servers needs a person; nothing for a log of one host."""
    found = Servers.of(log, options)
    return _findings(log, options, found, if_one_fails(log, options, found)) if found else []


def at_a_glance(log: Tables, options: Options) -> list[tuple[Level, str, str, str]]:
    """Rows (level, what, in words, how it is known) for "several servers" and "MX order", of any log."""
    found = Servers.of(log, options)
    if found is None:
        alone = "This log has one host: give the logs of all hosts in one run."
        return [
            (Level.UNKNOWN, "several servers", alone, CANNOT),
            (Level.UNKNOWN, "MX order", f"Look at {ASK_DNS}", CANNOT),
        ]
    usual = found.usual()
    parts = ", ".join(f"{host} {share(count, usual.total())}" for host, count in usual.most_common())
    said = f"{counted(len(found.traffic), 'host')}; sessions on port 25: {parts}"
    found_trouble = _findings(log, options, found, if_one_fails(log, options, found))
    level = (
        Level.ACT if any(f.level is Level.ACT for f in found_trouble) else Level.LOOK if found_trouble else Level.WELL
    )
    servers_row = (level, "several servers", said, MEASURED)
    if not found.order:
        return [servers_row, (Level.UNKNOWN, "MX order", f"Look at {ASK_DNS}, then say it with --mx-order.", CANNOT)]
    backups = sum(row[2] for row in _backup(log, found) if row[1] != "down")
    order = ", then ".join(" and ".join(step) for step in found.order)
    words = f"{order}; {counted(backups, 'session')} at a backup while a host before it was up"
    return [servers_row, (Level.LOOK if backups else Level.WELL, "MX order", words, MEASURED)]


def _findings(log: Tables, options: Options, found: Servers, spare: Sequence[Without]) -> list[Finding]:
    zone = ZoneInfo(options.zone)
    findings = [_silent(log, silence, zone) for silence in found.silences]
    findings += [_gone(host, end, last, zone) for host, end, last in found.ends_early()]
    findings += [_uneven(group, counts, bool(found.order)) for group, counts in found.uneven()]
    findings += [
        Finding(
            Level.LOOK,
            f"In the week of {week.day} {week:%B} {host} had {share(part, 1)} of the sessions, else {share(usual, 1)}",
            "Other MX records, other weights of a load balancer, or a host that was out for a while.",
            "logtune sizing",
        )
        for week, host, part, usual in found.odd_weeks(options.zone)
    ]
    return [*findings, *_too_few(spare), *_backup_findings(log, found)]


def _silent(log: Tables, silence: Silence, zone: ZoneInfo) -> Finding:
    lines, starts = ask(log, "servers_lines", host=silence.host, begin=silence.since, until=silence.until)[0]
    length = duration((silence.until - silence.since).total_seconds())
    away = "had no session" if lines else "was out"
    title = f"{silence.host} {away} for {length}, {_span(silence.since, silence.until, zone)}"
    took = "The others took its traffic" if silence.taken_over else "The others took no more than usual, mail waited"
    usual = f"it had {silence.own_before:,} sessions in as long a time before and {silence.own_after:,} after, they "
    others = f"{silence.others_before:,} before, {silence.others:,} meanwhile and {silence.others_after:,} after"
    went = f"It wrote {counted(lines, 'other line')}: it ran, but nobody came to it." if lines else "It wrote no line."
    if not lines and not silence.taken_over:
        went = "It wrote no line: it was down, or these lines are missing from its log."
    started = " Postfix was started at the end." if starts else ""
    peak = "".join(f" Peak of {host} meanwhile: {top:,} at the same moment." for host, top in peaks_while(log, silence))
    detail = f"{took}: {usual}{others}. {went}{started}{peak if silence.taken_over else ''}"
    return Finding(Level.LOOK, title, detail, "logtune sizing")


def _gone(host: str, end: datetime, last: datetime, zone: ZoneInfo) -> Finding:
    detail = f"The last line of all is of {when(last, zone)}. {host} is down, or its log was collected earlier."
    return Finding(Level.LOOK, f"{host} has no line after {when(end, zone)}, others go on", detail, "logtune sizing")


def _uneven(group: Sequence[str], counts: Counter[str], ordered: bool) -> Finding:
    total = counts.total()
    parts = ", ".join(f"{host} {share(counts[host], total)}" for host, _ in counts.most_common())
    title = f"The sessions are not shared equally: {parts}"
    advice = "" if ordered else f" The log cannot tell whether they should be: {ASK_DNS}, or say it with --mx-order."
    equal = share(1, len(group))
    return Finding(
        Level.LOOK, title, f"An equal share were {equal} of {counted(total, 'session')}.{advice}", "logtune sizing"
    )


def _too_few(spare: Sequence[Without]) -> list[Finding]:
    found = []
    for one in spare:
        if one.limit and one.needed > NEAR * one.limit:
            known = one.limit_from is not LimitSource.DEFAULT
            limit = f"{one.limit:,} ({LIMIT_FROM[one.limit_from]})"
            title = f"If {one.fails} fails, {one.takes} needs {one.needed:,} smtpd processes; its limit is {limit}"
            level = Level.ACT if known and one.needed > one.limit else Level.LOOK
            found.append(Finding(level, title, f"Its own peak is {one.now:,}.", "logtune sizing"))
    return found


def _coverage(options: Options, found: Servers) -> list[Item]:
    zone = ZoneInfo(options.zone)
    if len(found.hosts) < 2:
        return [Note("Fewer than two hosts take mail on port 25: nothing to share.")]
    if found.begin is None or found.until is None:
        return [Note("The logs of the hosts do not cover a common time: their shares cannot be compared.")]
    return [Note(f"Compared is the time that all cover: {_span(found.begin, found.until, zone)}.", aside=True)]


def _traffic(found: Servers) -> Table:
    whole = sum(row[0] for row in found.traffic.values())
    rows = [
        (host, sessions, sessions / whole if whole else None, mx, clients, mails, size, accepted, rejected, deferred)
        for host, (sessions, mx, _, clients, mails, size, _, accepted, rejected, deferred) in found.traffic.items()
    ]
    columns = (
        Column("host", "host", Kind.LOGTEXT, strong=True),
        Column("sessions", "sessions", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        Column("mx_sessions", "on port 25", Kind.COUNT, wide=True),
        Column("clients", "clients", Kind.COUNT, wide=True),
        Column("mails", "mails", Kind.COUNT),
        Column("bytes", "size", Kind.BYTES, wide=True),
        Column("accepted", "accepted", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT),
        Column("deferred", "deferred", Kind.COUNT),
    )
    fellows = sum(row[2] for row in found.traffic.values())
    handed = (
        f" {counted(fellows, 'session')} of these hosts with each other: that mail counts on both." if fellows else ""
    )
    note = f"Mails accepted; recipients accepted, rejected, deferred.{handed}"
    sql = "SELECT host, count(*) FROM sessions GROUP BY host"
    return Table("servers_traffic", columns, rows, "Traffic", note=note, sql=sql)


def _load(log: Tables, options: Options, found: Servers) -> Table:
    times = {host: row for host, *row in ask(log, "servers_deliveries")}
    tops = peaks(log, options)
    rows = []
    for host in found.traffic:
        load = tops.get(host)
        peak = (load.peak, load.limit or None, load.source.value) if load else (None, None, None)
        sent, deferred, bounced, median, p95 = times.get(host, (0, 0, 0, None, None))
        rows.append((host, *peak, sent, median, p95, deferred, bounced))
    columns = (
        Column("host", "host", Kind.LOGTEXT, strong=True),
        Column("peak", "peak", Kind.COUNT),
        Column("limit", "limit", Kind.COUNT),
        Column("limit_from", "limit from", Kind.TEXT, wide=True),
        Column("sent", "delivered", Kind.COUNT),
        Column("median", "half within", Kind.SECONDS),
        Column("p95", "95 % within", Kind.SECONDS),
        Column("deferred", "put off", Kind.COUNT),
        Column("bounced", "bounced", Kind.COUNT, wide=True),
    )
    note = "Peak of sessions at the same moment on port 25; deliveries are recipients and tries, times from arrival on."
    return Table("servers_load", columns, rows, "Peaks and deliveries", note=note)


def _trial(log: Tables, options: Options) -> list[Item]:
    """Verdicts per host; a log without a trial is not asked for more."""
    return side_by_side(Trial.of(log, options)) if ask(log, "servers_trial") else []


def _shares(log: Tables, options: Options, found: Servers) -> list[Item]:
    usual, parts = found.usual(), found.shares()
    if not parts:
        return [Note("Nothing to compare.")]
    equal = None if found.order else 1 / len(found.hosts)  # an MX order is not meant to share equally
    per_day = _per_day(found, options)
    rows = [(host, usual[host], parts[host], *([equal] if equal else []), per_day[host]) for host in found.hosts]
    columns = (
        Column("host", "host", Kind.LOGTEXT, strong=True),
        Column("sessions", "sessions", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        *([Column("equal", "equal share", Kind.SHARE)] if equal else []),
        Column("course", "per day", Kind.COURSE),
    )
    aside = " Hours in which a host was silent are left out of the sums." if found.silences else ""
    note = f"Sessions that clients from outside open on port 25.{aside}"
    items: list[Item] = [Table("servers_shares", columns, rows, note=note), *_weeks(found, options)]
    return [*items, _odd_hours(found.odd_hours(), options)]


def _per_day(found: Servers, options: Options) -> dict[str, tuple[int | None, ...]]:
    zone = ZoneInfo(options.zone)
    days: dict[tuple[str, Any], int] = {}
    for hour, counts in found.hours.items():
        day = hour.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()
        for host, count in counts.items():
            days[host, day] = days.get((host, day), 0) + count
    seen = {day for _, day in days}
    return {
        host: tuple(days.get((host, day), 0) if day in seen else None for day in options.days) for host in found.hosts
    }


def _weeks(found: Servers, options: Options) -> list[Item]:
    weeks = found.weeks(options.zone)
    if len(weeks) < 2:
        return []
    rows = [
        (f"{week:%Y-%m-%d}", host, counts[host], counts[host] / counts.total())
        for week, counts in weeks.items()
        for host in found.hosts
    ]
    columns = (
        Column("week", "week of", Kind.TEXT),
        Column("host", "host", Kind.LOGTEXT),
        Column("sessions", "sessions", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
    )
    return [Table("servers_weeks", columns, rows, "By week")]


def _odd_hours(found: Sequence[OddHour], options: Options) -> Item:
    if not found:
        return Note("In no hour was the split clearly another than usual.")
    rows = [(o.hour, o.host, o.sessions, o.of, o.sessions / o.of, o.usual) for o in found[: options.top]]
    columns = (
        Column("hour", "hour from", Kind.TIME),
        Column("host", "host", Kind.LOGTEXT),
        Column("sessions", "sessions", Kind.COUNT),
        Column("of", "of all", Kind.COUNT),
        Column("share", "share", Kind.SHARE),
        Column("usual", "usual share", Kind.SHARE),
    )
    title = "Hours in which the split was another than usual"
    return Table("servers_hours", columns, rows, title, len(found) - len(rows))


def _fails(options: Options, spare: Sequence[Without]) -> list[Item]:
    rows = [
        (one.fails, one.takes, one.now, one.needed, one.limit or None, one.limit_from.value)
        for one in spare[: options.top]
    ]
    columns = (
        Column("fails", "if this fails", Kind.LOGTEXT, strong=True),
        Column("takes", "this takes over", Kind.LOGTEXT),
        Column("now", "peak now", Kind.COUNT),
        Column("needed", "peak then", Kind.COUNT),
        Column("limit", "limit", Kind.COUNT),
        Column("limit_from", "limit from", Kind.TEXT),
    )
    note = (
        "Computed from the peaks of each minute: the others take the sessions by their present shares. Sessions of a "
        "fuller server last longer, and clients that waited come together: take it as the least."
    )
    if options.limits:
        note += " The limit from postconf is that of one host, taken for every one."
    return [Table("servers_fail", columns, rows, omitted=len(spare) - len(rows), note=note)]


HOW = {
    "at once": "first host up, the client had not come to it in the hour before",
    "tried": "first host up, the client had come to it in the hour before",
    "down": "no session at the first host at that time",
}
"""Kinds of ``servers_backup.sql``."""


def _mx_order(log: Tables, found: Servers) -> list[Item]:
    items: list[Item] = [
        Note(f"--mx-order names {name}, which is no host of this log; there are {', '.join(found.hosts)}.")
        for name in found.strangers
    ]
    if not found.order:
        asked = "Say it with --mx-order FIRST,SECOND or mx_order in the configuration file."
        return [*items, Note(f"The log cannot tell the MX order; look here: {ASK_DNS}. {asked}")]
    rows = [(host, HOW[how], *row) for host, how, *row in _backup(log, found)]
    columns = (
        Column("backup", "at", Kind.LOGTEXT, strong=True),
        Column("how", "when and how", Kind.TEXT),
        Column("sessions", "sessions", Kind.COUNT),
        Column("clients", "clients", Kind.COUNT, wide=True),
        Column("accepted", "accepted", Kind.COUNT),
        Column("rejected", "rejected", Kind.COUNT),
    )
    note = "Up: it took a session in the same five minutes. Recipients accepted and rejected."
    if not rows:
        return [*items, Note("Nobody came to a backup.")]
    return [*items, Table("servers_backup", columns, rows, "Sessions at a backup", note=note)]


def _backup(log: Tables, found: Servers) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    before: list[str] = []
    for step in found.order:
        for host in step if before and found.begin else ():
            parameters = {"backup": host, "before": tuple(before), "begin": found.begin, "until": found.until}
            rows += [(host, *row) for row in ask(log, "servers_backup", **parameters)]
        before += step
    return rows


def _backup_findings(log: Tables, found: Servers) -> list[Finding]:
    total = sum(counts.total() for counts in found.hours.values())
    findings = []
    kinds: dict[str, dict[str, tuple[Any, ...]]] = {}
    for host, how, *row in _backup(log, found):
        kinds.setdefault(host, {})[how] = tuple(row)
    for host, rows in kinds.items():
        up = sum(row[0] for how, row in rows.items() if how != "down")
        if up < max(BACKUP_LEAST, BACKUP_PART * total):
            continue
        accepted, rejected = (sum(row[at] for how, row in rows.items() if how != "down") for at in (2, 3))
        tried = rows.get("tried", (0,))[0]
        detail = (
            f"{share(up, total)} of all; {tried:,} of them of clients that had come to the first in the hour before."
            f" {accepted:,} recipients accepted, {rejected:,} rejected. A backup with weaker restrictions is the "
            "way in for spam."
        )
        findings.append(
            Finding(Level.LOOK, f"{host} is a backup and had {counted(up, 'session')} while the first was up", detail)
        )
    return findings


def _span(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    begin, end = when(first, zone), when(last, zone)
    same_day = last - first < timedelta(days=1) and begin[:-5] == end[:-5]
    return f"{begin} – {end[-5:] if same_day else end}"
