"""The options that all commands share, declared once.

``Given`` holds them; each field is the option's declaration. ``reads_logs`` turns a command ``f(given, ...)`` into a
function with all these options in its signature, which is what typer reads.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any, cast, get_type_hints

import typer

from logtune.cli import checks, errors, profiles

Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Show the traceback of an unexpected error.", callback=errors.show_tracebacks, is_eager=True
    ),
]


class Color(StrEnum):
    """When terminal colours are sent."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Anonymize(StrEnum):
    """What pseudonyms leave; a test holds it against ``anonymize.pseudonyms.Level``."""

    FULL = "full"
    KEEP_DOMAINS = "keep-domains"
    KEEP_NETWORKS = "keep-networks"
    KEEP_BOTH = "keep-both"


class ReportFormat(StrEnum):
    """Forms of a report."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


class GlanceFormat(StrEnum):
    """Forms of ``logtune report``: those of every report, and its numbers as metrics."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"
    PROMETHEUS = "prometheus"


class SmtpTls(StrEnum):
    """TLS to an SMTP server; a test holds it against ``send.Tls``."""

    AUTO = "auto"
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class OnlyIf(StrEnum):
    """When a report is worth sending; what each compares with the last report is in analyses/changes.py."""

    CHANGED = "changed"
    VERDICT = "new-verdict"
    HARM = "new-harm"
    CLIENT = "new-client"
    PROBLEM = "new-problem"
    LIMIT = "limit"
    ACT = "problem"


OutputFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE, whole or not at all, not to stdout."),
]
Width = Annotated[
    int | None,
    typer.Option("--width", min=40, max=1000, help="Columns; else the terminal's up to 120, 80 in a pipe."),
]
ColorWhen = Annotated[Color, typer.Option("--color", help="auto: on a terminal, unless NO_COLOR is set.")]
Top = Annotated[int, typer.Option("--top", min=1, max=1_000_000, metavar="N", help="Rows of a table at most.")]
FormatOfReport = Annotated[ReportFormat, typer.Option("--format", "-f", help="Form of the report.")]
FormatOfGlance = Annotated[
    GlanceFormat,
    typer.Option("--format", "-f", help="Form of the report; prometheus: its numbers for node_exporter's textfiles."),
]


@dataclass(frozen=True)
class Given:
    """What the user gave to a command that reads logs: PATHS and the common options, checked."""

    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS",
            show_default=False,
            help="Log files, also gz, bz2, xz, zst and journalctl -o json; - is stdin. Default: the system's mail log.",
        ),
    ] = None
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="DIR", help="What logtune ingest keeps in DIR, instead of PATHS."),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            callback=checks.moment,
            help="Only what begins at TIME or later: 2026-03-02, 2026-03-02T06:00, today, yesterday.",
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            callback=checks.moment,
            help="Only what begins before TIME; a date stands for its first moment.",
        ),
    ] = None
    day: Annotated[
        str | None,
        typer.Option("--day", metavar="DATE", callback=checks.day, help="Only what begins on this day."),
    ] = None
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="Only lines of this host. Repeatable."),
    ] = None
    instance: Annotated[
        list[str] | None,
        typer.Option(
            "--instance",
            metavar="NAME",
            help="Only this Postfix instance (syslog_name: postfix, postfix-out). Repeatable.",
        ),
    ] = None
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            metavar="NAME",
            help="Only this service (submission in postfix/submission/smtpd). Repeatable.",
        ),
    ] = None
    mynetworks: Annotated[
        list[str] | None,
        typer.Option(
            "--mynetworks",
            metavar="NETS",
            callback=checks.networks,
            help="Your networks as in main.cf: 192.0.2.0/24,[2001:db8::]/32. Repeatable.",
        ),
    ] = None
    mx_order: Annotated[
        str | None,
        typer.Option(
            "--mx-order",
            metavar="HOSTS",
            help="Hosts of the log that take mail, best MX preference first: mx1,mx2. Equal ones: 'mx1 mx2,backup'.",
        ),
    ] = None
    year: Annotated[
        int | None,
        typer.Option(
            "--year",
            min=1970,
            max=2200,
            help="Year of the first line where stamps have none; else from the file's time.",
        ),
    ] = None
    tz: Annotated[
        str | None,
        typer.Option(
            "--tz",
            metavar="ZONE",
            callback=checks.zone,
            help="Time zone of stamps without one and of the report (Europe/Berlin, UTC); else the machine's.",
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option("--config", metavar="FILE", help="Configuration file: your reply texts, tags, networks."),
    ] = None
    anonymize: Annotated[
        Anonymize | None,
        typer.Option("--anonymize", help="Put pseudonyms in place of addresses, names and client addresses."),
    ] = None
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="FILE", help="Key of the pseudonyms; else your own, made when first needed."),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Options of [profiles.NAME] in the configuration file."),
    ] = None
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress bar on stderr.")] = False
    debug: Debug = False

    @property
    def filters(self) -> dict[str, Any]:
        """Keyword arguments for ``api.read``: everything that is not about paths or progress."""
        return {
            "since": checks.named_day(self.since, self.tz),
            "until": checks.named_day(self.until, self.tz),
            "day": checks.named_day(self.day, self.tz),
            "hosts": tuple(self.host or ()),
            "instances": tuple(self.instance or ()),
            "services": tuple(self.service or ()),
            "mynetworks": tuple(self.mynetworks or ()),
            "mx_order": self.mx_order or "",
            "year": self.year,
            "tz": self.tz,
            "config_file": self.config,
            "anonymize": self.anonymize and str(self.anonymize),
            "key": self.key,
        }


@dataclass(frozen=True)
class Shown:
    """How a report goes out: --top, --output, --width, --color."""

    top: Top = 10
    output: OutputFile = None
    width: Width = None
    color: ColorWhen = Color.AUTO

    @property
    def colored(self) -> bool | None:
        """True, False, or None: let the stream decide."""
        return None if self.color is Color.AUTO else self.color is Color.ALWAYS


@dataclass(frozen=True)
class Mailed:
    """Where a report is sent, and how: --mail-to, and sendmail or an SMTP server."""

    mail_to: Annotated[
        list[str] | None,
        typer.Option("--mail-to", metavar="ADDR", callback=checks.addresses, help="Mail the report. Repeatable."),
    ] = None
    mail_from: Annotated[
        str | None,
        typer.Option(
            "--mail-from",
            metavar="ADDR",
            callback=checks.address,
            help="Sender of the mail; else sendmail takes the user who runs it.",
        ),
    ] = None
    smtp: Annotated[
        str | None,
        typer.Option(
            "--smtp", metavar="HOST:PORT", callback=checks.server, help="Send by this SMTP server, not by sendmail."
        ),
    ] = None
    sendmail: Annotated[str, typer.Option("--sendmail", metavar="PROGRAM", help="The sendmail program.")] = (
        "/usr/sbin/sendmail"
    )
    smtp_tls: Annotated[
        SmtpTls,
        typer.Option("--smtp-tls", help="TLS to the SMTP server. auto: tls on port 465, else none."),
    ] = SmtpTls.AUTO
    smtp_user: Annotated[
        str | None,
        typer.Option(
            "--smtp-user",
            metavar="NAME",
            help="Log in, with TLS only; the password is in LOGTUNE_SMTP_PASSWORD, or in a file.",
        ),
    ] = None
    smtp_password_file: Annotated[
        str | None,
        typer.Option("--smtp-password-file", metavar="FILE", help="The password of --smtp-user, and nothing else."),
    ] = None


@dataclass(frozen=True)
class Sent(Mailed):
    """When and where a report is sent: --mail-to and how, --only-if, and --state to compare with."""

    only_if: Annotated[
        list[OnlyIf] | None,
        typer.Option(
            "--only-if",
            metavar="|".join(OnlyIf),
            help="Send, or without --mail-to show, only if one of these is so since the last report. Repeatable.",
        ),
    ] = None
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            metavar="FILE|NAME",
            help="Begin with what changed since the report that FILE tells of; update FILE. With --store: NAME in it.",
        ),
    ] = None


GROUPS: dict[str, type[Any]] = {"given": Given, "shown": Shown, "mailed": Mailed, "sent": Sent}
"""Parameter name of a command to the option group that stands behind it."""


def reads_logs(command: Callable[..., None]) -> Callable[..., None]:
    """Give *command* the options of each group it takes as a parameter (``given``, ``shown``, ``mailed``, ``sent``).

    typer sees the options one by one; the command gets its groups filled.
    """
    own = inspect.signature(command).parameters
    taken = {name: group for name, group in GROUPS.items() if name in own}

    @functools.wraps(command)
    def run(context: typer.Context, **values: Any) -> None:
        if values.get("profile") is not None:
            values.update(profiles.missing(context, values))
        for name, group in taken.items():
            values[name] = group(**{f.name: values.pop(f.name) for f in fields(group)})
        command(**values)

    hints = get_type_hints(command, include_extras=True)
    parameters = [p.replace(annotation=hints[n], kind=p.KEYWORD_ONLY) for n, p in own.items() if n not in taken]
    for group in taken.values():
        parameters += _parameters(group)
    parameters.insert(0, inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
    del run.__wrapped__  # typer would read the command's own hints through it
    cast(Any, run).__signature__ = inspect.Signature(parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _parameters(group: type[Any]) -> Sequence[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(group)
    ]
