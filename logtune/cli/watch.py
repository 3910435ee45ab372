"""``logtune watch``: the log as it grows."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logtune.cli.ahead import import_for_arrow
from logtune.cli.errors import Failure, usage_error
from logtune.cli.exit_codes import ExitCode
from logtune.cli.options import Given, reads_logs
from logtune.cli.reading import choose_core, default_paths, hide_messages
from logtune.cli.streams import STDOUT

if TYPE_CHECKING:
    from logtune.watching import Watching

LOOK_SECONDS = 0.02
"""Between two looks at the files: what a truncation can take is what came since. A look takes some 50 us."""
DRAW_SECONDS = 0.25
"""Between two screens; what a person takes as at once."""
PACKED = (".gz", ".bz2", ".xz", ".zst")

OnlyNew = Annotated[bool, typer.Option("--new", help="Only what is logged from now on, not what the files hold.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Processes smtpd may have (maxproc, default_process_limit)."),
]
Once = Annotated[bool, typer.Option("--once", help="End when all that is there was read, instead of waiting.")]


@reads_logs
def watch(given: Given, new: OnlyNew = False, limit: Limit = None, once: Once = False) -> None:
    """The log as it grows: rates, rejects, warnings, sessions.

    Follows rotation. In a terminal a screen (q quits, p pauses, ? help), in a pipe one JSON line per event.
    """
    for option in ("since", "until", "day", "host", "instance", "service"):
        if getattr(given, option):
            usage_error(f"--{option} does not go with watch, which shows all that comes.")
    choose_core()
    import_for_arrow()
    paths = given.paths or default_paths()[-1:]
    if packed := [path for path in paths if path.endswith(PACKED)]:
        usage_error(f"{packed[0]} is packed and does not grow.", "logtune report reads it.")
    watching = _watching(given, paths, new, limit)
    name = ", ".join(watching.names)
    try:
        if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":  # one that can place the cursor
            _on_screen(watching, name, given, once)
        else:
            _as_events(watching, once)
    except OSError as error:
        if error.filename in (None, STDOUT):
            raise
        raise _unreadable(error) from error


def _watching(given: Given, paths: list[str], new: bool, limit: int | None) -> Watching:
    from ipaddress import ip_network

    from logtune import api, config, read_options
    from logtune.analyses.live import Live
    from logtune.analyses.live_trial import LiveTrial
    from logtune.anonymize.identities import Identities
    from logtune.sources.follow import follow
    from logtune.watching import Watching

    try:
        settings = config.load(given.config)
        hidden = hide_messages(given)
        zone = api.zone(given.tz)
        own = (*settings.mynetworks, *read_options.networks(given.mynetworks or ()))
    except config.ConfigError as error:
        raise Failure(f"{error}.", code=ExitCode.CONFIG_ERROR) from error
    except api.OptionError as error:
        raise Failure(f"{error}.", code=ExitCode.USAGE) from error
    try:
        followers = follow(paths, new)
    except OSError as error:
        raise _unreadable(error) from error
    networks = tuple(map(ip_network, Identities(hidden).networks(own)))
    return Watching(followers, settings, zone, given.year, hidden, Live(limit, trial=LiveTrial(networks)))


def _unreadable(error: OSError) -> Failure:
    reason = "it is closed" if error.errno == errno.EBADF else (error.strerror or str(error)).lower()  # EBADF: <&-
    advice = ["Who may read the log? On Debian the group adm."] if isinstance(error, PermissionError) else []
    return Failure(f"{error.filename}: {reason}.", *advice, code=ExitCode.NOTHING_READ)


def _as_events(watching: Watching, once: bool) -> None:
    """One JSON line per event, then one with all counts."""
    with suppress(KeyboardInterrupt):
        while not watching.ended:
            events = watching.step()
            _write(events or ())
            if events is None:
                if once:
                    break
                sys.stdout.flush()
                time.sleep(LOOK_SECONDS)
    _write(watching.finish())
    _write([_summary(watching)])
    sys.stdout.flush()


def _summary(watching: Watching) -> dict[str, Any]:
    counts = watching.live.shown()
    names = ("last", "lines", "recognised", "unrecognised", "not_postfix", "blank", "rejects", "warnings", "stopped",
             "wanted", "actions",
             "statuses", "sessions", "open_sessions", "peak", "limit", "gaps")  # fmt: skip
    return {"event": "summary", **{name: getattr(counts, name) for name in names}}


def _write(events: Iterable[dict[str, Any]]) -> None:
    import json
    from datetime import datetime

    def text(value: object) -> str:
        return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)

    # ASCII only: control characters and what a terminal might take for one are shown by number
    sys.stdout.writelines(f"{json.dumps(event, default=text)}\n" for event in events)


def _on_screen(watching: Watching, name: str, given: Given, once: bool) -> None:
    from datetime import UTC, datetime

    from rich.console import Console, Group
    from rich.live import Live

    from logtune.render.look import look
    from logtune.render.watch import screen

    console = Console(highlight=False)
    paused = asked = lines = False
    chosen = 0  # of the restrictions on trial; 0 is all
    ascii_ = not (sys.stdout.encoding or "").lower().startswith("utf")

    def drawn() -> Group:
        width, height = console.size
        view = look(width, ascii=ascii_, zone=str(watching.zone))
        drawn_lines = screen(
            watching.live.shown(datetime.now(UTC).replace(tzinfo=None)),
            view,
            height,
            name=name,
            paused=paused,
            asked_help=asked,
            chosen=chosen,
            lines=lines,
        )
        return Group(*drawn_lines[:height])

    with (
        suppress(KeyboardInterrupt),
        _keys() as pressed,
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        shown = 0.0
        while True:
            came = watching.step()
            key = pressed(0.0 if came else LOOK_SECONDS)
            if key in ("q", "Q") or ((once or watching.ended) and came is None):
                break
            paused ^= key in ("p", "P", " ")
            asked = not asked if key in ("?", "h") else asked
            lines ^= key == "l"
            chosen = (chosen + 1) % (len(watching.live.warnings) + 1) if key == "r" else chosen
            if key or (not paused and time.monotonic() - shown >= DRAW_SECONDS):
                live.update(drawn(), refresh=True)
                shown = time.monotonic()
        live.update(drawn(), refresh=True)
    list(watching.finish())


@contextmanager
def _keys() -> Iterator[Any]:
    """A function that waits so many seconds for a key; without a terminal on stdin it only waits."""
    import select

    if not sys.stdin.isatty():
        yield time.sleep
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)

    def pressed(seconds: float) -> str:
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return ""
        return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or "q"  # no byte: the terminal is gone

    try:
        tty.setcbreak(sys.stdin)
        yield pressed
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
