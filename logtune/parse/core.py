"""Which core parses: the native one where it was built, else the reference. Both give the same batches.

The environment variable ``LOGTUNE_CORE`` (``native`` or ``reference``) takes the choice; it is read once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, Protocol

from logtune.parse import Columns, ParsedBlock, Tag

VARIABLE = "LOGTUNE_CORE"


class ParseBlock(Protocol):
    """The contract of :func:`logtune.parse.parse_block`."""

    def __call__(
        self, block: bytes, base_position: int, columns: Columns | None = None, tags: Mapping[str, Tag] | None = None
    ) -> ParsedBlock: ...


class Core(NamedTuple):
    """A core and what reports call it."""

    name: str
    parse_block: ParseBlock


def reference() -> Core:
    """The core in Python."""
    from logtune.parse.reference import parse_block

    return Core("reference (Python)", parse_block)


def native() -> Core:
    """The core in Rust. Raises ``ImportError`` where it was not built."""
    from logtune.parse.native import parse_block

    return Core("native (Rust)", parse_block)


@cache
def core() -> Core:
    """The core that is used. Raises ``ValueError`` or ``ImportError`` where ``LOGTUNE_CORE`` cannot be followed."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "native", "reference"):
        raise ValueError(f"{VARIABLE} is {wanted!r}; it can be native or reference")
    if wanted == "reference":
        return reference()
    try:
        return native()
    except ImportError:
        if wanted == "native":
            raise
        return reference()


def core_name() -> str:
    """What reports call the core that is used: ``native (Rust)`` or ``reference (Python)``."""
    return core().name
