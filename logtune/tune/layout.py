"""main.cf and master.cf with a plan's values, in the files' own layout: indents, commas, comments, order stay."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from logtune.postconf.lines import BLANK
from logtune.postconf.main_cf import Assignment
from logtune.postconf.master_cf import Entry
from logtune.postconf.restriction_lists import split_words
from logtune.tune.model import Change, Piece

LONGEST = 100
"""A value longer than this is written with one restriction a line, as most sites do."""
INDENT = "    "


def main_text(text: str, parameters: dict[str, Assignment], changes: Sequence[Change]) -> str:
    """The text of main.cf after *changes*; those of master.cf are left out."""
    lines = text.split("\n")
    mine = [c for c in changes if c.place.service is None]
    known = [(parameters[c.place.parameter], c) for c in mine if c.place.parameter in parameters]
    for assignment, change in sorted(known, key=lambda pair: -pair[0].first):
        lines[assignment.first : assignment.end] = _rewritten(lines[assignment.first : assignment.end], change)
    new = [c for c in mine if c.place.parameter not in parameters and c.new is not None]
    return _appended("\n".join(lines), [line for c in new for line in _written(c)])


def _appended(text: str, lines: Sequence[str]) -> str:
    if not lines:
        return text
    return text + ("" if text.endswith("\n") or not text else "\n") + "\n".join(lines) + "\n"


def _written(change: Change, head: str | None = None, comma: bool = True) -> list[str]:
    """A parameter on lines of its own: in one line, or one restriction a line where that is too long."""
    head = head or f"{change.place.parameter} = "
    texts = [p.text for p in change.pieces] or [change.new or ""]
    joined = (head + (", " if comma else " ").join(texts)).rstrip()
    if len(joined) <= LONGEST or len(texts) < 2:
        return [joined]
    end = "," if comma else ""
    return [head.rstrip(), *(f"{INDENT}{text}{end}" for text in texts[:-1]), INDENT + texts[-1]]


def _rewritten(lines: Sequence[str], change: Change) -> list[str]:
    """The physical *lines* of an assignment with its new value; no lines where the parameter goes."""
    if change.new is None:
        return [line for line in lines if _is_comment(line)]
    head = re.match(r"[^\s=]+\s*=[ \t]*", lines[0])
    begin = head[0] if head else f"{change.place.parameter} = "
    inside = [line for line in lines[1:] if line.strip(BLANK)]
    comma = "," in "".join(line for line in lines if not _is_comment(line)) or len(change.pieces) < 2
    if not inside:
        return _written(change, begin, comma)
    return _multiline(lines, change, begin, comma or _words(lines) < 2)


def _words(lines: Sequence[str]) -> int:
    return sum(1 for line in lines[1:] if not _is_comment(line) for _ in split_words(line))


def _multiline(lines: Sequence[str], change: Change, head: str, comma: bool) -> list[str]:
    """One restriction a line under the file's own indent, each comment before the restriction it stood before."""
    indent = next((line[: len(line) - len(line.lstrip(BLANK))] for line in lines[1:] if _continues(line)), INDENT)
    rest = lines[0][len(head) :]
    pieces = list(change.pieces) or [Piece(change.new or "")]
    made = [head + pieces.pop(0).text] if rest.strip(BLANK) and pieces else [head.rstrip()]
    notes = _comments(lines, len([*split_words(rest)]))
    for piece in pieces:
        here = [n for n in notes if piece.number is not None and n[0] <= piece.number]
        made += [line for _, line in here]
        notes = notes[len(here) :]
        made.append(indent + piece.text)
    made = _with_commas(made) if comma else made
    return [*made, *(line for _, line in notes)]


def _with_commas(lines: Sequence[str]) -> list[str]:
    """A comma behind every restriction but the last; the line that only opens the value has none."""
    valued = [i for i, line in enumerate(lines) if not _is_comment(line) and not line.endswith("=")]
    return [line + "," if i in valued[:-1] else line for i, line in enumerate(lines)]


def _continues(line: str) -> bool:
    return bool(line.strip(BLANK)) and not _is_comment(line)


def _is_comment(line: str) -> bool:
    return line.strip(BLANK).startswith("#")


def _comments(lines: Sequence[str], before: int) -> list[tuple[int, str]]:
    """Comments and empty lines inside a value, each with the number of words that stand before it."""
    found = []
    for line in lines[1:]:
        if _continues(line):
            before += len([*split_words(line)])
        else:
            found.append((before, line))
    return found


def master_text(text: str, entries: Sequence[Entry], changes: Sequence[Change]) -> str:
    """The text of master.cf after *changes*; those of main.cf are left out."""
    lines = text.split("\n")
    by_key = {entry.key: entry for entry in entries}
    mine = [c for c in changes if c.place.service in by_key]
    for key in sorted({c.place.service or "" for c in mine}, key=lambda k: -by_key[k].first):
        entry = by_key[key]
        block = lines[entry.first : entry.end]
        for change in (c for c in mine if c.place.service == key):
            block = _overridden(block, change)
        lines[entry.first : entry.end] = block
    return "\n".join(lines)


def _overridden(block: Sequence[str], change: Change) -> list[str]:
    """The lines of a service with one ``-o`` changed, added or taken away."""
    name = re.escape(change.place.parameter)
    old = re.compile(rf"-o\s*(?:\{{\s*{name}\s*=[^{{}}]*\}}|{name}=[^\s{{}}]*(?=\s|$))")
    for number, line in enumerate(block):
        if not _is_comment(line) and (found := old.search(line)):
            new = _option(change, "{" in found[0])
            edited = line[: found.start()] + new + line[found.end() :]
            return [*block[:number], *([edited] if edited.strip(BLANK) else []), *block[number + 1 :]]
    if change.new is None:
        return list(block)
    indent = next((line[: len(line) - len(line.lstrip(BLANK))] for line in block[1:] if _continues(line)), "  ")
    return [*block, indent + _option(change, braced=False)]


def _option(change: Change, braced: bool) -> str:
    if change.new is None:
        return ""
    name = change.place.parameter
    return f"-o {{ {name} = {change.new} }}" if braced else f"-o {name}={without_blanks(change.new)}"


def without_blanks(value: str) -> str:
    """A list of restrictions with commas only, as ``-o`` and postconf -P take it."""
    return ",".join(split_words(value))


def diff(before: str, after: str, old: str, new: str) -> list[str]:
    """A unified diff, as patch(1) takes it; no lines where nothing changes."""
    found = difflib.unified_diff(_with_ends(before), _with_ends(after), old, new, lineterm="\n")
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)
    return text.split("\n")[:-1]


def _with_ends(text: str) -> list[str]:
    """Lines with their ends; the line end is the only one that Postfix knows."""
    lines = [line + "\n" for line in text.split("\n")]
    return [*lines[:-1], *([lines[-1][:-1]] if lines[-1] != "\n" else [])]
