"""The screen of ``logtune watch``: counters as lines of text, as wide and as high as the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.text import Text

from logtune.render import cells, numbers
from logtune.render.look import Look
from logtune.results import LiveCounts, LiveMinute

HELP = (
    "q  quit",
    "p  pause: the screen stands still, the log is read on",
    "r  one restriction on trial after the other, then all again",
    "l  the last lines that flagged somebody, column by column",
    "?  this help",
    "",
    "Rejects and warnings are lines of the log by restriction, or by text where the text does not decide.",
    "Sessions are those of smtpd that are open; the limit is given by --limit or by Postfix's own warning.",
    "What enforcing would do is told by logtune trial, which looks at whole mails and knows more evidence.",
    "Newly stopped: recipients that were accepted so far, and that enforcing would have stopped.",
    "Wanted: of clients that logged in, or somebody who logged in has written to the sender.",
)
LABEL, NOW, TOTAL = 18, 10, 12
SHOWN = ("queue_id", "client_name", "client_addr", "helo", "sender", "recipient", "sasl_username")
"""Columns of a flagged line."""
COURSE = {80: 30, 100: 60}


def screen(
    counts: LiveCounts,
    look: Look,
    height: int,
    *,
    name: str,
    paused: bool,
    asked_help: bool,
    chosen: int = 0,
    lines: bool = False,
) -> list[Text]:
    """The screen; *name* is what is followed, *chosen* the restriction on trial that it shows alone (0: all).

    With *lines* it shows what the last flagged lines hold instead of counters.
    """
    counts = _only(counts, chosen)
    body = [look.words(f"  {line}") for line in HELP] if asked_help else _body(counts, look, height - 4, lines)
    body = body[: max(1, height - 4)]
    body += [Text("")] * (height - 4 - len(body))
    return [
        _title(counts, look, name, paused),
        look.words(look.signs.rule * look.width),
        *body,
        Text(""),
        _foot(counts, look),
    ]


def _title(counts: LiveCounts, look: Look, name: str, paused: bool) -> Text:
    state = look.words("paused", "yellow") if paused else look.words("live", "green")
    moment = numbers.time(counts.last, look.zone) if counts.last else "no line yet"
    left = cells.join(look.words("logtune watch  ", "bold"), look.log(counts.host or ""), "  ", state)
    right = cells.join(look.log(name), look.words(f" {look.signs.dot} {moment}"))
    return _sides(left, right, look)


def _foot(counts: LiveCounts, look: Look) -> Text:
    gaps = f", {counts.gaps} truncations" if counts.gaps else ""
    read = f"{numbers.count(counts.lines)} lines, {numbers.count(counts.unrecognised)} not understood{gaps}"
    return _sides(
        look.words(
            "q quit  p pause  r one restriction  l lines  ? help"
            if look.wide
            else "q quit  p pause  r one  l lines  ? help",
            "dim",
        ),
        look.words(read, "dim"),
        look,
    )


def _sides(left: Text, right: Text, look: Look) -> Text:
    room = look.width - cells.width(right) - 1
    if room < cells.width("logtune watch"):
        return look.cut(left, look.width)
    return cells.join(cells.pad(look.cut(left, room), room), " ", right)


def _only(counts: LiveCounts, chosen: int) -> LiveCounts:
    """What concerns the restriction on trial of that number."""
    names = list(counts.warnings)
    if not 0 < chosen <= len(names):
        return counts
    name = names[chosen - 1]
    flagged = [row for row in counts.flagged if row.get("name") == name]
    return replace(counts, warnings={name: counts.warnings[name]}, rejects={}, flagged=flagged)


def _lines(counts: LiveCounts, look: Look) -> list[Text]:
    """Columns of the last flagged lines, as wide as the screen."""
    out = [look.words("  last flagged lines", "dim")]
    for row in reversed(counts.flagged):
        when = numbers.local(row["ts"], look.zone).strftime("%H:%M:%S") if row.get("ts") else ""
        out.append(
            look.cut(cells.join("  ", look.words(when, "yellow"), " ", look.log(str(row.get("name", "")))), look.width)
        )
        told = [f"{name}={row[name]}" for name in SHOWN if row.get(name) not in (None, "")]
        out.append(look.cut(cells.join("    ", look.log(" ".join(told))), look.width))
        out.append(look.cut(cells.join("    ", look.log(str(row.get("reason", "")))), look.width))
    return out


def _body(counts: LiveCounts, look: Look, room: int, lines: bool) -> list[Text]:
    if lines:
        return _lines(counts, look)
    out = _rates(counts, look)
    each = max(1, (room - len(out) - 8) // 3)
    more = (("newly stopped", counts.stopped), ("of these wanted", counts.wanted))
    out += _by_restriction("on trial", "warnings", counts.warnings, look, each, more)
    out += _by_restriction("rejected by", "rejects", counts.rejects, look, each)
    out += _flagged(counts, look, each)
    return out + _notices(counts, look)


def _rates(counts: LiveCounts, look: Look) -> list[Text]:
    minutes = 60 if look.wide else 30
    course = [*[LiveMinute()] * (minutes - len(counts.course)), *counts.course][-minutes:]
    head = f"{'':{LABEL + 4}}{f'last {minutes} min, a column a minute':{minutes}}{'now':>{NOW}}{'in all':>{TOTAL}}"
    limit = f"{counts.open_sessions} of {counts.limit}" if counts.limit else str(counts.open_sessions)
    rows = (
        ("rejects", [m.rejects for m in course], None, sum(counts.rejects.values())),
        ("warnings", [m.warnings for m in course], None, sum(counts.warnings.values())),
        ("delivery attempts", [m.deliveries for m in course], None, sum(counts.statuses.values())),
        ("smtpd sessions", [m.sessions for m in course], limit, f"peak {counts.peak}"),
    )
    out = [look.words(head, "dim")]
    for label, values, now, total in rows:
        shown = now or f"{values[-1]}/min"
        all_ = total if isinstance(total, str) else numbers.count(total)
        out.append(look.words(f"  {label:{LABEL + 2}}{_spark(values, look)}{shown:>{NOW}}{all_:>{TOTAL}}"))
    return [*out, Text("")]


def _spark(values: Sequence[int], look: Look) -> str:
    most, steps = max(values, default=0), look.signs.steps
    return "".join(steps[(v * len(steps) - 1) // most] if v else look.signs.zero for v in values)


def _by_restriction(
    title: str,
    unit: str,
    found: Mapping[str, int],
    look: Look,
    most: int,
    more: Sequence[tuple[str, Mapping[str, int]]] = (),
) -> list[Text]:
    """A line for each of *found*; *more* are further columns, by the same names."""
    if not found:
        return []
    widths = [len(head) + 2 for head, _ in more]
    room = look.width - 2 - NOW - sum(widths)
    heads = "".join(f"{head:>{width}}" for (head, _), width in zip(more, widths, strict=True))
    out = [look.words(f"  {title:{room - 2}}{unit:>{NOW}}{heads}", "dim")]
    for name, count in list(found.items())[:most]:
        shown = cells.pad(look.cut(look.log(name), room - 4), room - 2)
        told = [(count, NOW), *((column.get(name, 0), width) for (_, column), width in zip(more, widths, strict=True))]
        out.append(cells.join("  ", shown, look.words("".join(f"{numbers.count(n):>{width}}" for n, width in told))))
    if len(found) > most:
        out.append(look.words(f"  and {len(found) - most} more", "dim"))
    return [*out, Text("")]


def _flagged(counts: LiveCounts, look: Look, most: int) -> list[Text]:
    if not counts.flagged:
        return []
    rows = [_flag(row, look) for row in reversed(counts.flagged)]
    return [look.words("  last flagged recipients", "dim"), *rows[:most], Text("")]


def _flag(row: Mapping[str, Any], look: Look) -> Text:
    third = (look.width - 15) // 3
    texts = (row.get("recipient") or row.get("sender") or "no recipient yet", row.get("helo") or row.get("client_addr"))
    parts = [cells.pad(look.cut(look.log(str(text or "")), third - 1), third) for text in texts]
    when = numbers.local(row["ts"], look.zone).strftime("%H:%M:%S") if row.get("ts") else "        "
    return look.cut(cells.join("  ", look.words(when), " ", *parts, look.log(str(row.get("name", "")))), look.width)


def _notices(counts: LiveCounts, look: Look) -> list[Text]:
    out = []
    for row in list(counts.notices)[-3:]:
        when = numbers.local(row["ts"], look.zone).strftime("%H:%M") if row.get("ts") else ""
        out.append(
            look.cut(cells.join("  ", look.words(f"{when} ", "yellow"), look.log(str(row.get("text", "")))), look.width)
        )
    return out
