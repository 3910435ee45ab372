"""The page of ``logtune helo`` as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from logtune.render import glyphs
from logtune.render.cells import fit, width
from logtune.render.escape import visible
from logtune.results import Level, Verdict

if TYPE_CHECKING:
    from logtune.postfix.helo import HeloJudgement, Ruling

_WIDE = 116
"""From here on a restriction's name fits into one line above its column."""
_GAP = 4
_NAME_MIN, _NAME_MAX = 18, 40


@dataclass(frozen=True)
class Look:
    """Width in cells, ASCII signs only, terminal colours."""

    width: int
    ascii: bool = False
    painted: bool = False

    @property
    def signs(self) -> glyphs.Signs:
        """The set of signs."""
        return glyphs.ASCII if self.ascii else glyphs.UTF8


@dataclass(frozen=True)
class Asked:
    """What the name service said: per name, by whom and when (local time)."""

    says: Mapping[str, str]
    server: str
    when: str


def page(judgements: Sequence[HeloJudgement], asked: Asked | None, look: Look) -> Iterator[str]:
    """A row per name, a column per restriction, then what the client would be told."""
    restrictions = list(dict.fromkeys(name for j in judgements for name in j.restrictions))
    heads = [_head(name, look) for name in restrictions]
    name_width = _name_width(judgements, look, sum(_GAP + max(map(len, head)) for head in heads))
    yield ""
    for level in range(max(map(len, heads), default=1)):
        last = level == max(map(len, heads), default=1) - 1
        yield _row("HELO" if last else "", [(head[level], "bold") for head in heads], heads, name_width, look)
    for judgement in judgements:
        cells = [_cell(judgement, name, asked, look) for name in restrictions]
        yield _row(_cut(_shown(judgement.helo, look), name_width, look), cells, heads, name_width, look)
    yield ""
    yield from _below(judgements, asked, look)


def _head(name: str, look: Look) -> tuple[str, ...]:
    """A restriction's name in one line, or broken after its second underscore or later into two of like length."""
    if look.width >= _WIDE:
        return (name,)
    breaks = [i + 1 for i, char in enumerate(name) if char == "_"] or [len(name)]
    at = min(breaks, key=lambda i: abs(i - len(name) / 2))
    return name[:at], name[at:]


def _name_width(judgements: Sequence[HeloJudgement], look: Look, taken: int) -> int:
    longest = max((width(_shown(j.helo, look)) for j in judgements), default=0)
    room = max(_NAME_MIN, look.width - 2 - taken)
    return max(_NAME_MIN, min(longest, room, _NAME_MAX))


def _cell(judgement: HeloJudgement, restriction: str, asked: Asked | None, look: Look) -> tuple[str, str]:
    """What a restriction does with a name, and the colour that repeats it."""
    ruling = judgement.restrictions.get(restriction)
    if ruling is None:
        return "", ""
    by_dns = (
        f" {asked.says[judgement.helo]}" if asked and judgement.helo in asked.says and _asks_dns(restriction) else ""
    )
    if ruling.rejects is None:
        return f"{look.signs.verdict[Verdict.LITTLE]} {'DNS:' + by_dns if by_dns else 'DNS decides'}", ""
    if ruling.rejects:
        return f"{look.signs.verdict[Verdict.NO]} {_code(ruling)}{by_dns}", "red"
    return f"{look.signs.level[Level.WELL]} passes{by_dns}", "green"


def _asks_dns(restriction: str) -> bool:
    return "unknown" in restriction


def _code(ruling: Ruling) -> str:
    return (ruling.reply or "").partition(" ")[0] or "rejected"


def _row(
    name: str, cells: Sequence[tuple[str, str]], heads: Sequence[tuple[str, ...]], name_width: int, look: Look
) -> str:
    parts = ["  ", _padded(name, name_width)]
    for (text, style), head in zip(cells, heads, strict=True):
        column = max(map(len, head))
        parts += [" " * _GAP, _painted(text, style, look), " " * max(0, column - width(text))]
    return "".join(parts).rstrip()


def _below(judgements: Sequence[HeloJudgement], asked: Asked | None, look: Look) -> Iterator[str]:
    rulings = [ruling for judgement in judgements for ruling in judgement.restrictions.values()]
    replies = list(dict.fromkeys(r.reply for r in rulings if r.rejects and r.reply))
    signs = look.signs
    if replies:
        yield f"  {_painted(signs.verdict[Verdict.NO], 'red', look)} the client would be told"
        yield from (f"    {_shown(reply, look)}" for reply in replies)
    unsettled = [j.helo for j in judgements if any(r.rejects is None for r in j.restrictions.values())]
    if unsettled:
        yield f"  {signs.verdict[Verdict.LITTLE]} rejected with 450 unless the name has an A or MX record"
    yield "  Restrictions are not asked about clients that an earlier permit lets in."
    if asked:
        yield f"  Asked {asked.server} on {asked.when}. Another day, another answer."
    elif unsettled:
        yield f"  {signs.next} {_command(unsettled, look)}   asks the name server now"


def _command(names: Sequence[str], look: Look) -> str:
    """The command that asks DNS, ready to paste."""
    from logtune.render.escape import shell

    end = ["--"] if any(name.startswith("-") for name in names) else []
    command = " ".join(["logtune helo --dns", *end, *(shell(name) for name in dict.fromkeys(names))])
    return _painted(visible(command, ascii=look.ascii), "cyan", look)


def _shown(text: str, look: Look) -> str:
    return visible(text, ascii=look.ascii)


def _cut(text: str, room: int, look: Look) -> str:
    return text if width(text) <= room else text[: fit(text, room - 1)] + look.signs.cut


def _padded(text: str, room: int) -> str:
    return text + " " * max(0, room - width(text))


def _painted(text: str, style: str, look: Look) -> str:
    if not (look.painted and style and text):
        return text
    return typer.style(text, bold=True) if style == "bold" else typer.style(text, fg=style)
