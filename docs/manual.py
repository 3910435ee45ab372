"""Writes man/logtune.1 from the command line program: ``python docs/manual.py`` (or ``make docs``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logtune.cli.exit_codes import ExitCode

PLACE = Path(__file__).parent.parent / "man" / "logtune.1"

FILES = (
    ("/etc/logtune.toml", "Configuration of the machine; it goes before the user's."),
    ("~/.config/logtune.toml", "Configuration of the user."),
    ("~/.config/logtune/anonymize.key", "Key of the pseudonyms, made when it is first needed."),
    ("/var/log/mail.log, /var/log/maillog", "Read where no PATHS are given."),
)
ENVIRONMENT = (
    ("LOGTUNE_CONFIG", "Configuration file, as with --config."),
    ("LOGTUNE_CORE", "native or reference: which parser reads the log."),
    ("LOGTUNE_MEMORY", "Megabytes for tables and joins; what does not fit goes to files in TMPDIR."),
    ("LOGTUNE_SMTP_PASSWORD", "Password of --smtp-user, where --smtp-password-file names none."),
    ("NO_COLOR", "Set: no colours on a terminal."),
    ("TMPDIR", "Where temporary files go."),
    ("XDG_CONFIG_HOME", "Where the key of the pseudonyms lies, in place of ~/.config."),
)
EXAMPLES = (
    ("logtune report --day yesterday /var/log/mail.log*", "Yesterday at a glance."),
    ("logtune trial /var/log/mail.log*", "Whose mail the restrictions on trial would stop."),
    ("journalctl -u 'postfix*' -o json | logtune report -", "The same from the journal."),
    ("logtune watch /var/log/mail.log", "What happens now."),
)


_VALUE = re.compile(r"^(?:<list\[|[<\[])(.*?)(?:\]>|[>\]])$")
"""A choice or type as releases of typer write it: ``[a|b]``, ``<a|b>``, ``<list[a|b]>``."""


def escaped(text: str) -> str:
    """*text* as roff shows it: hyphens that can be typed, no requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("~", "\\(ti")
    return f"\\&{text}" if text.startswith(".") else text


def commands() -> dict[str, Any]:
    """Commands by name, in the order of the help, those of a group by both names."""
    import typer.main

    from logtune.cli import program

    group: Any = typer.main.get_command(program())
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        parts = getattr(command, "commands", None)
        found.update({f"{name} {part}": one for part, one in parts.items()} if parts else {name: command})
    return found


def options(command: Any) -> list[tuple[str, str]]:
    """Options of a command as (how it is typed, what it does)."""
    import typer

    context = typer.Context(command)
    return [record(p, context) for p in command.params if p.param_type_name == "option"]


def record(option: Any, context: Any) -> tuple[str, str]:
    """An option with its value: the help page of the command knows the forms of all of them."""
    _, _, value = option.get_help_record(context)[0].rpartition("--")[2].partition(" ")
    shown = ", ".join(f"\\fB{escaped(name)}\\fR" for name in sorted(option.opts, key=len))
    value = _VALUE.sub(r"\1", value.strip())
    value = "N" if value.lower() in ("int", "integer", "int range", "integer range") else value
    return shown + (f" \\fI{escaped(value)}\\fR" if value else ""), " ".join((option.help or "").split())


def entry(term: str, text: str) -> str:
    return f".TP\n{term}\n{escaped(text)}"


def page() -> str:
    """The manual page as roff."""
    return "\n".join(lines()) + "\n"


def lines() -> Iterator[str]:
    found = commands()
    shared = set.intersection(*(set(options(found[n])) for n in ("report", "trial", "rejects", "parse", "sql")))
    yield '.\\" Made by docs/manual.py. Change the code it is made from, then run: make docs'
    yield '.TH LOGTUNE 1 "" "logtune" "User Commands"'
    yield ".SH NAME\nlogtune \\- mail log analyzer and restriction tuner for Postfix"
    yield ".SH SYNOPSIS\n.B logtune\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIPATHS\\fR]"
    yield ".SH DESCRIPTION"
    yield escaped("logtune finds out from the mail log of Postfix whose mail a restriction would stop, and how the")
    yield escaped("server is sized. It only reads. PATHS are log files, also gz, bz2, xz, zst and journalctl -o json;")
    yield escaped("- is stdin. Default: the system's mail log.")
    yield ".SH COMMANDS"
    for name, command in found.items():
        yield f".SS {escaped(name)}"
        yield from paragraphs(command.help or "")
        yield from (entry(*option) for option in options(command) if option not in shared and not is_help(option))
    yield ".SH COMMON OPTIONS"
    ordered = [option for option in options(found["report"]) if option in shared and not is_help(option)]
    yield from (entry(*option) for option in ordered)
    yield entry("\\fB\\-h\\fR, \\fB\\-\\-help\\fR", "What a command takes.")
    yield entry("\\fB\\-\\-version\\fR", "Version and parser core (without a command).")
    yield ".SH EXIT STATUS"
    for code in ExitCode:
        yield entry(f"\\fB{int(code)}\\fR", code.name.lower().replace("_", " "))
    for title, entries in (("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)):
        yield f".SH {title}"
        yield from (entry(f"\\fB{escaped(term)}\\fR", text) for term, text in entries)
    yield ".SH EXAMPLES"
    yield from (entry(f"\\fB{escaped(term)}\\fR", text) for term, text in EXAMPLES)
    yield ".SH SEE ALSO\n.BR postconf (5),\n.BR postfix (1),\n.BR journalctl (1)"


def paragraphs(text: str) -> Iterator[str]:
    """Help text, a paragraph each."""
    for number, part in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        yield escaped(" ".join(part.replace("\b", "").split()))


def is_help(option: tuple[str, str]) -> bool:
    return "\\-\\-help" in option[0]


if __name__ == "__main__":
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_text(page(), encoding="utf-8")
