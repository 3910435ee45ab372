"""What a report is made of, as lines: header, coverage, headline, headings, findings, notes, next commands."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from logtune.render import cells, course, numbers, values
from logtune.render.glyphs import LEVEL_STYLE, LEVEL_WORD, VERDICT_STYLE
from logtune.render.look import INDENT, Look
from logtune.results import Coverage, Finding, Kind, Level, Lines, Metric, Next, Period, Report, Section

_LEVELS = list(Level)  # worst first
_UNDER_SIGN = INDENT + 2
# In wide output a finding's detail stands beside its title, from a column that all findings of a list share.
_TITLE_MOST = 40
_LINE_STYLE = {"plain": "", "log": "", "config": "", "shell": "cyan", "diff": ""}


def header(report: Report, look: Look) -> list[Text]:
    """Return the title line: command and hosts at the left, the period at the right edge."""
    command = look.words(f"logtune {report.command}", "bold")
    period = look.words(numbers.period(report.period.first, report.period.last, report.period.days, look.zone))
    room = look.width - cells.width(command) - cells.width(period) - 4
    hosts = _hosts(report.hosts, look, max(room, 20))
    left = cells.join(command, "  ", hosts) if report.hosts else command
    if cells.width(left) + 2 + cells.width(period) <= look.width:
        return [cells.join(cells.pad(left, look.width - cells.width(period)), period)]
    return [look.cut(left, look.width), *cells.wrap(period, look.width)]


def _hosts(hosts: Sequence[str], look: Look, room: int) -> Text:
    """Return as many hosts as fit, and how many more there are."""
    for shown in range(len(hosts), 0, -1):
        more = len(hosts) - shown
        text = cells.join(look.log(", ".join(hosts[:shown])), look.words(f" and {more} more" if more else ""))
        if cells.width(text) <= room:
            return text
    rest = look.words(f" and {len(hosts) - 1} more" if len(hosts) > 1 else "")
    return cells.join(look.cut(look.log(hosts[0] if hosts else ""), room - cells.width(rest)), rest)


def coverage(report: Report, look: Look) -> list[Text]:
    """Return what was read: dim when whole, bold with the warning sign when not."""
    text = report.coverage
    if text.complete:
        sentence = f"{_read(text, look)}, complete, {_understood(text)} · {_assumed(text, report.period, look)}"
        core = f" · {text.core} core"
        if cells.width(sentence + core) <= look.width:
            sentence += core
        return [*look.paragraph(sentence, "dim", 0), *_odd_times(text, look), *_anonymized(text, look)]
    reasons = [f"{s.get('name')}: {s.get('problem')}" for s in text.sources if s.get("problem")]
    sentence = f"Not complete: {'; '.join([*reasons, *(t.rstrip('.') for t in text.loss)])}."
    consequence = "Counts are too low, verdicts more cautious." if text.lost or reasons else ""
    sign = Text(look.signs.level[Level.ACT], "bold red")
    body = cells.wrap(look.words(" ".join([sentence, consequence]).strip(), "bold"), look.width - 2)
    rest = f"{_read(text, look)}, {_understood(text)} · {_assumed(text, report.period, look)} · {text.core} core"
    out = [cells.join(sign, " ", body[0]), *cells.indent(body[1:], 2)]
    return [*out, *look.paragraph(rest, "dim", 2), *_odd_times(text, look), *_anonymized(text, look)]


def _anonymized(text: Coverage, look: Look) -> list[Text]:
    said = f"Names and addresses are pseudonyms ({text.anonymized})." if text.anonymized else ""
    return look.paragraph(said, "dim", 0) if said else []


def _read(text: Coverage, look: Look) -> str:
    files = f" of {len(text.sources)} file{'s' * (len(text.sources) != 1)}" if look.wide and text.sources else ""
    return f"{numbers.count(text.lines)} lines{files}"


def _understood(text: Coverage) -> str:
    of_postfix = text.lines - text.blank - text.not_postfix
    if of_postfix <= 0:
        return "none of Postfix"
    return f"{numbers.share(min(1.0, text.recognised / of_postfix))} understood"


def _assumed(text: Coverage, period: Period, look: Look) -> str:
    years = {t.year for t in (period.first, period.last) if t}
    year = "–".join(str(y) for y in sorted(years)) or "the year"
    if look.wide:
        zone = f"{text.zone} (this machine)" if text.zone_assumed else ""
        parts = [zone, f"{year} ({text.year_assumed})" if text.year_assumed else ""]
        assumed = ", ".join(p for p in parts if p)
        return f"assumed: {assumed}" if assumed else f"times in {text.zone}"
    parts = [text.zone if text.zone_assumed else "", year if text.year_assumed else ""]
    assumed = " and ".join(p for p in parts if p)
    return f"{assumed} assumed" if assumed else f"times in {text.zone}"


def _odd_times(text: Coverage, look: Look) -> list[Text]:
    parts = [
        f"{numbers.count(text.no_stamp)} lines without a time stamp" if text.no_stamp else "",
        f"{numbers.count(text.backwards)} lines earlier than the line before" if text.backwards else "",
    ]
    said = ", ".join(p for p in parts if p)
    return look.paragraph(said, "dim", 0) if said else []


def headline(report: Report, look: Look) -> list[Text]:
    """Return the answer in bold, with the sign of the verdict if it is one, and the lines that belong to it."""
    by = 2 if report.verdict else 0
    text = look.words(report.headline, "bold")
    if report.verdict:
        style = VERDICT_STYLE[report.verdict]
        text.highlight_words([report.verdict.value], f"bold {style}".strip())
        text = cells.join(Text(look.signs.verdict[report.verdict], style), " ", text)
    out = cells.wrap(text, look.width) if report.headline else []
    return [*out, *(line for detail in report.details for line in look.paragraph(detail, by=by))]


def heading(section: Section, look: Look) -> list[Text]:
    """Return the heading, a hairline, and at the right edge what is counted; the title is never cut for that."""
    title = look.words(section.title, "bold")
    right = look.words(section.counts, "dim")
    if section.level:
        sign = look.words(f"{look.signs.level[section.level]} {LEVEL_WORD[section.level]}", LEVEL_STYLE[section.level])
        right = cells.join(right, "  " * bool(section.counts), sign)
    room = look.width - cells.width(title) - cells.width(right) - 2 * bool(right.plain) - 1
    if room < 3:
        below = cells.wrap(right, look.width - INDENT) if right.plain else []
        return [*cells.wrap(title, look.width), *cells.indent(below, INDENT)]
    line = Text(look.signs.rule * (room + bool(right.plain)), "dim")
    return [cells.join(title, " ", line, " " * bool(right.plain), right)]


def findings(items: Sequence[Finding], look: Look) -> list[Text]:
    """Return findings, worst first."""
    ordered = sorted(items, key=lambda f: _LEVELS.index(f.level))
    titles = max((cells.width(look.words(f.title)) for f in ordered), default=0)
    at = _UNDER_SIGN + titles + 3 if look.wide and titles <= _TITLE_MOST and any(f.detail for f in ordered) else 0
    return [line for finding in ordered for line in _finding(finding, look, at)]


def _finding(finding: Finding, look: Look, at: int) -> list[Text]:
    sign = Text(look.signs.level[finding.level], LEVEL_STYLE[finding.level])
    title = look.words(finding.title, "bold")
    command = look.words(finding.command, "cyan")
    beside = cells.width(command) + 2 if finding.command else 0
    if at and at + 30 + beside <= look.width:
        body = _beside(title, look.words(finding.detail), look.width - _UNDER_SIGN - beside, at - _UNDER_SIGN)
    else:
        text = cells.join(title, ": ", look.words(finding.detail)) if finding.detail else title
        body = cells.wrap(text, look.width - _UNDER_SIGN)
    lines = [cells.join("  ", sign, " ", body[0]), *cells.indent(body[1:], _UNDER_SIGN)]
    lines = _with_command(lines, command, look, first=bool(at)) if finding.command else lines
    samples = [look.cut(look.log(s, "dim"), look.width - _UNDER_SIGN) for s in finding.samples]
    return [*lines, *cells.indent(samples, _UNDER_SIGN)]


def _beside(title: Text, detail: Text, room: int, at: int) -> list[Text]:
    lines = cells.wrap(detail, room - at)
    return [cells.join(cells.pad(title, at), lines[0]), *cells.indent(lines[1:], at)]


def _with_command(lines: list[Text], command: Text, look: Look, *, first: bool) -> list[Text]:
    """Put the command at the right edge of the first or last line, or below if there is no room."""
    index = 0 if first else -1
    room = look.width - cells.width(command)
    if cells.width(lines[index]) + 2 <= room:
        lines[index] = cells.join(cells.pad(lines[index], room), command)
        return lines
    below = cells.pad(Text(), max(_UNDER_SIGN, room))
    return [*lines, cells.join(below, command)]


def metrics(items: Sequence[Metric], look: Look) -> list[Text]:
    """Return metrics under each other: name, value, what it counts."""
    names = [look.words(m.name) for m in items]
    texts = [_metric_value(m, look) for m in items]
    name_room = min(max((cells.width(n) for n in names), default=0), look.width // 2)
    value_room = max((cells.width(t) for t, m in zip(texts, items, strict=True) if m.kind in values.RIGHT), default=0)
    out = []
    for name, text, metric in zip(names, texts, items, strict=True):
        shown = cells.pad(text, value_room, right=True) if metric.kind in values.RIGHT else text
        line = cells.join(cells.pad(look.cut(name, name_room), name_room), "  ", shown)
        counts = look.words(_metric_counts(metric, look), "dim")
        out += cells.wrap(cells.join(line, "  ", counts) if counts.plain else line, look.width - INDENT)
    return cells.indent(out, INDENT)


def _metric_value(metric: Metric, look: Look) -> Text:
    if metric.kind is Kind.COURSE:
        return course.sparkline(metric.value, look.width // 2, look.signs, metric.limit)
    if metric.kind in values.CHARTS:
        return values.chart(metric.value, metric.kind, look, 24, values.amount_of(metric.value, metric.kind))
    return values.text(metric.value, metric.kind, look)


def _metric_counts(metric: Metric, look: Look) -> str:
    if metric.kind is not Kind.COURSE:
        return metric.counts
    per = course.said(len(course.numbers_of(metric.value)), look.width // 2)
    full = f"{look.signs.steps[-1]} = {numbers.number(metric.limit)}" if metric.limit else ""
    return ", ".join(part for part in (metric.counts, f"a column for {per}" * (per != "a day"), full) if part)


def preformatted(item: Lines, look: Look) -> list[Text]:
    """Return lines to paste, whole: the only ones that may be wider than the terminal, which then wraps them."""
    out = [look.log(line, _line_style(line, item.kind)) for line in item.lines]
    return cells.indent(out, INDENT)


def _line_style(line: str, kind: str) -> str:
    if kind == "config" and line.startswith("#"):
        return "dim"
    if kind != "diff":
        return _LINE_STYLE.get(kind, "")
    if line.startswith(("---", "+++", "@@", " ")):
        return "dim"
    return {"-": "red", "+": "green"}.get(line[:1], "")


def next_commands(items: Sequence[Next], look: Look) -> list[Text]:
    """Return the commands that show more. A command is never broken; what it gives goes below if it must."""
    out = []
    for item in items:
        line = cells.join("  ", look.words(f"{look.signs.next} {item.command}", "cyan"))
        gives = look.words(item.gives, "dim")
        if not item.gives:
            out.append(line)
        elif cells.width(line) + 3 + cells.width(gives) <= look.width:
            out.append(cells.join(line, "   ", gives))
        else:
            out += [line, *cells.indent(cells.wrap(gives, look.width - _UNDER_SIGN), _UNDER_SIGN)]
    return out
