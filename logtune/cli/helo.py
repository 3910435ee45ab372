"""``logtune helo``: which restrictions would reject this greeting."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logtune.cli import options
from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Color, ColorWhen, OutputFile, Width
from logtune.cli.output import check_output, text_output

if TYPE_CHECKING:
    from logtune.cli.helo_text import Asked
    from logtune.postfix.helo import HeloJudgement


class HeloFormat(StrEnum):
    """Forms of the answer."""

    TEXT = "text"
    JSON = "json"


Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="What clients say after HELO or EHLO.")]
Dns = Annotated[bool, typer.Option("--dns", help="Ask this machine's name server where only DNS can tell.")]
Form = Annotated[HeloFormat, typer.Option("--format", "-f", help="Form of the answer.")]


def helo(
    names: Names,
    dns: Dns = False,
    form: Form = HeloFormat.TEXT,
    output: OutputFile = None,
    width: Width = None,
    color: ColorWhen = Color.AUTO,
    debug: options.Debug = False,
) -> None:
    """Which HELO restrictions would reject these names, and how."""
    from logtune.postfix.helo import judge

    check_output(output)
    judgements = [judge(name) for name in names]
    asked = None
    if dns:
        judgements, asked = _ask_dns(judgements)
    with text_output(output) as out:
        if form is HeloFormat.JSON:
            out.write(_json(judgements))
        else:
            from logtune.cli import helo_text

            page = helo_text.page(judgements, asked, _look(out, width, color))
            out.writelines(f"{line}\n" for line in page)


def _json(judgements: Sequence[HeloJudgement]) -> str:
    """The list of docs/formats.md; bytes that are no UTF-8 are U+FFFD, as in the tables."""
    from logtune.render import json

    return json.text([_as_dict(judgement) for judgement in judgements], indent=2) + "\n"


def _as_dict(judgement: HeloJudgement) -> dict[str, Any]:
    rulings = {n: {"rejects": r.rejects, "reply": _utf8(r.reply)} for n, r in judgement.restrictions.items()}
    return {"helo": _utf8(judgement.helo), "restrictions": rulings}


def _utf8(text: str | None) -> str | None:
    return text if text is None else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _ask_dns(judgements: Sequence[HeloJudgement]) -> tuple[list[HeloJudgement], Asked]:
    from datetime import datetime

    from dns.resolver import NoResolverConfiguration, Resolver

    from logtune.cli.helo_text import Asked
    from logtune.postfix.helo import ask_dns, settle

    try:
        resolver = Resolver()
    except (NoResolverConfiguration, OSError) as error:
        raise Failure(f"no name server is known: {error}.", code=ExitCode.NOTHING_READ) from error
    open_names = [j.helo for j in judgements if any(r.rejects is None for r in j.restrictions.values())]
    answers = {name: ask_dns(name, resolver) for name in dict.fromkeys(open_names)}
    settled = [settle(j, answers[j.helo]) if j.helo in answers else j for j in judgements]
    servers = ", ".join(str(server) for server in resolver.nameservers)
    now = datetime.now().astimezone().strftime("%d %b %Y %H:%M").lstrip("0")
    return settled, Asked({name: answer.says for name, answer in answers.items()}, servers, now)


def _look(out: Any, width: int | None, color: Color) -> Any:
    """How the page looks on *out*: width 80 in a pipe, the terminal's up to 120, signs of its encoding."""
    import os

    from logtune.cli.helo_text import Look

    terminal = out is sys.stdout and sys.stdout.isatty()
    if width is None:
        width = min(120, os.get_terminal_size().columns) if terminal else 80
    unicode = "utf" in (getattr(out, "encoding", None) or "utf-8").lower()
    painted = color is Color.ALWAYS or (color is Color.AUTO and terminal and not os.environ.get("NO_COLOR"))
    return Look(width, ascii=not unicode, painted=painted)
