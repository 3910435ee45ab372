"""``logtune lines``: the raw lines behind a row, session, message or recipient."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logtune.cli.errors import NotFound, usage_error
from logtune.cli.options import Given, OutputFile, reads_logs
from logtune.cli.output import binary_output, text_output
from logtune.cli.reading import finish, open_log

if TYPE_CHECKING:
    from logtune.api import MailLog

RawLine = tuple[int, str, int, bytes]
"""Position, source name, byte offset, and the line without its end."""


class LineFormat(StrEnum):
    """Forms of raw lines."""

    TEXT = "text"
    JSONL = "jsonl"


Position = Annotated[
    list[str] | None,
    typer.Option("--position", metavar="N|FILE:OFFSET", help="The line there. Repeatable."),
]
Session = Annotated[
    int | None, typer.Option("--session", metavar="N", help="All lines of the session that begins there.")
]
Message = Annotated[
    int | None, typer.Option("--message", metavar="N", help="All lines of the message that begins there.")
]
QueueId = Annotated[str | None, typer.Option("--queue-id", metavar="ID", help="All lines with this queue id.")]
RecipientRow = Annotated[
    int | None,
    typer.Option("--recipient-row", metavar="ID", help="All lines of a row of recipients (its column id)."),
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="The bytes as they are, to a pipe or file, never to a terminal."),
]
Form = Annotated[LineFormat, typer.Option("--format", "-f", help="Form of the lines.")]


@reads_logs
def lines(
    given: Given,
    position: Position = None,
    session: Session = None,
    message: Message = None,
    queue_id: QueueId = None,
    recipient_row: RecipientRow = None,
    raw: Raw = False,
    form: Form = LineFormat.TEXT,
    output: OutputFile = None,
) -> None:
    """The raw lines behind a row, session, mail or recipient.

    Each stands after its file and byte offset. Control characters are shown by number, not sent.
    """
    chosen = {"session": session, "message": message, "queue_id": queue_id, "recipient": recipient_row}
    by: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if len(by) + bool(position) != 1:
        usage_error("give one of --position, --session, --message, --queue-id, --recipient-row.")
    if raw and output is None and sys.stdout.isatty():
        usage_error("--raw would send control characters of the log to this terminal.", "Use --output FILE or a pipe.")
    log = open_log(given, output)
    positions = [_position(log, text) for text in position] if position else log.positions_of(**by)
    found = _lines_at(log, positions)
    if not found:
        raise NotFound(f"nothing there: {_described(position, by)}.", "Is the time or host left out by an option?")
    _WRITERS["raw" if raw else form](found, output)
    finish(log)


def _lines_at(log: MailLog, positions: list[int]) -> list[RawLine]:
    from logtune.sources import NoSuchLine, NotRereadable
    from logtune.store.raw import LinesGone

    try:
        return log.lines(positions)
    except LinesGone as error:
        raise NotFound(
            f"{error}.", "A store has what lines say, as rows: logtune sql; the lines are in the logs."
        ) from error
    except NotRereadable as error:
        usage_error(f"{error}.", "Save what comes through the pipe to a file and name that.")
    except NoSuchLine as error:
        raise NotFound(f"{error}.") from error


def _position(log: MailLog, text: str) -> int:
    """Position from its number or from ``FILE:OFFSET``, the form in which this command shows it."""
    if text.isdecimal():
        return int(text)
    name, _, offset = text.rpartition(":")
    if not (name and offset.isdecimal()):
        usage_error(f"--position {text}: expected a number, or FILE:OFFSET as this command shows it.")
    from logtune.schema import SOURCE_SHIFT

    # with --anonymize a file has another name where it is shown than where it lies: either is taken
    real = [(source.rank, source.name) for source in log.sources.sources]
    for rank, source in (*log.tables.sources.items(), *real):
        if source == name:
            return int(rank << SOURCE_SHIFT | int(offset))
    raise NotFound(f"no file {name} was read.", f"Read were: {', '.join(log.tables.sources.values())}")


def _described(position: list[str] | None, by: dict[str, Any]) -> str:
    if position:
        return "position " + ", ".join(position)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in by.items())


def _write_text(found: Iterable[RawLine], output: str | None) -> None:
    from logtune.render.escape import visible

    with text_output(output) as out:
        for _, name, offset, line in found:
            out.write(f"{visible(name)}:{offset}  {visible(line.decode('utf-8', 'surrogateescape'))}\n")


def _write_jsonl(found: Iterable[RawLine], output: str | None) -> None:
    from logtune.cli.rows import json_text

    with text_output(output) as out:
        for position, name, offset, line in found:
            text = json_text(line.decode("utf-8", "replace"))
            out.write(f'{{"position":{position},"source":{json_text(name)},"offset":{offset},"line":{text}}}\n')


def _write_raw(found: Iterable[RawLine], output: str | None) -> None:
    with binary_output(output) as out:
        for *_, line in found:
            out.write(line + b"\n")


_WRITERS: dict[str, Callable[[Iterable[RawLine], str | None], None]] = {
    LineFormat.TEXT: _write_text,
    LineFormat.JSONL: _write_jsonl,
    "raw": _write_raw,
}
