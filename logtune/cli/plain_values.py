"""Options whose values need no check: typer checks with pydantic, and importing that takes 60 ms of each command.

A default, a text, a word of a choice and a whole number within its limits are what they seem. For everything else, such
as a mistyped number, typer is asked: its answers and messages stay. Versions of typer without pydantic are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, get_args, get_origin

from typer.core import TyperCommand

MOST_DIGITS = 9
"""Longer numbers are left to typer."""


class PlainCommand(TyperCommand):
    """A command that takes plain values unchecked."""

    def get_params(self, ctx: Any) -> Any:
        """Its options and arguments, and --help."""
        return plain(super().get_params(ctx))


def plain(parameters: Iterable[Any]) -> list[Any]:
    """typer's *parameters*, which take plain values unchecked from now on."""
    found = list(parameters)
    for parameter in found:
        check = getattr(parameter, "get_runtime_param", None)
        if check and not isinstance(getattr(check, "__self__", None), _Unless):
            parameter.get_runtime_param = _Unless(parameter.type_descriptor, check).itself
    return found


class _Unless:
    """Stands for typer's check of one option, which is made only for values that are not plain."""

    def __init__(self, descriptor: Any, check: Callable[[], Any]) -> None:
        self.kind, self.info, self.check = descriptor.annotation, descriptor.parameter_info, check

    def itself(self) -> _Unless:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """*value* as typer gives it to the command. Raises typer's ``BadParameter``."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if self.info.parser is None:
            plain = _plain_list(self.kind, value) if get_origin(self.kind) is list else self._plain(value)
            if plain is not None:
                return plain
        return self.check().coerce(value, param=param, ctx=ctx)

    def _plain(self, value: Any) -> Any:
        kind = self.kind
        if type(value) is kind and (kind in (str, bool) or issubclass(kind, Enum)):
            return value
        if isinstance(kind, type) and issubclass(kind, Enum):
            return next((choice for choice in kind if choice.value == value), None)
        return self._number(value)

    def _number(self, value: Any) -> int | None:
        low, high = self.info.min, self.info.max
        if self.kind is not int or self.info.clamp:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS:
            value = int(value)
        fits = type(value) is int and (low is None or low <= value) and (high is None or value <= high)
        return value if fits else None


def _plain_list(kind: Any, values: Any) -> list[str] | None:
    plain = get_args(kind) == (str,) and all(type(v) is str for v in values)
    return list(values) if plain and isinstance(values, list | tuple) else None
