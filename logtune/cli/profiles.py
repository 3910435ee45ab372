"""Options under a name: ``--profile NAME`` stands for those of ``[profiles.NAME]`` in the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from logtune.cli.errors import Failure
from logtune.cli.exit_codes import ExitCode


def missing(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the profile for options that were not typed; those that the command lacks are left out.

    Raises ``Failure`` for a profile that does not exist or holds a value that the option does not take.
    """
    from logtune.config import ConfigError, load

    try:
        settings = load(values.get("config"))
    except ConfigError as error:
        raise Failure(f"{error}.", code=ExitCode.CONFIG_ERROR) from error
    name = values["profile"]
    if name not in settings.profiles:
        there = f"These are there: {', '.join(settings.profiles)}." if settings.profiles else "It has none."
        where = settings.path or "no configuration file was found"
        raise Failure(f"no profile {name} ({where}).", there, code=ExitCode.CONFIG_ERROR)
    profile = settings.profiles[name]
    return {key: _checked(context, key, profile[key], name) for key in profile if _is_free(context, key, values)}


def _is_free(context: typer.Context, key: str, values: Mapping[str, Any]) -> bool:
    """Whether the command has the option *key*, and nobody typed it."""
    source = context.get_parameter_source(key)
    return key in values and source is not None and source.name == "DEFAULT" and not _other_time(context, key)


def _other_time(context: typer.Context, key: str) -> bool:
    """Whether a typed choice of time stands against that of the profile: a day and a span exclude each other."""
    others = {"day": ("since", "until"), "since": ("day",), "until": ("day",)}.get(key, ())
    sources = [context.get_parameter_source(other) for other in others]
    return any(source is not None and source.name == "COMMANDLINE" for source in sources)


def _checked(context: typer.Context, key: str, value: Any, profile: str) -> Any:
    """*value* as the command line would take it."""
    option = next(p for p in context.command.params if p.name == key)
    try:
        return option.process_value(context, list(value) if isinstance(value, tuple) else value)
    except typer.BadParameter as error:
        raise Failure(f"profile {profile}: {key}: {error.message}", code=ExitCode.CONFIG_ERROR) from error
