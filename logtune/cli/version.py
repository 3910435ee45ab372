"""What ``logtune --version`` says."""

from __future__ import annotations


def version_line() -> str:
    """Version of the program and name of the parser core that would run."""
    from logtune import __version__
    from logtune.parse.core import core_name

    return f"logtune {__version__}, parser core: {core_name()}"
