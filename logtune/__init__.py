"""logtune: mail log analyzer and restriction tuner for Postfix.

``import logtune; log = logtune.read("/var/log/mail.log")``. Everything heavy is imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logtune.api import MailLog, OptionError, read

__version__ = "0.1.0"
__all__ = ["MailLog", "OptionError", "__version__", "read"]


def __getattr__(name: str) -> Any:
    if name in ("MailLog", "OptionError", "read"):
        from logtune import api

        return getattr(api, name)
    raise AttributeError(f"module 'logtune' has no attribute {name!r}")
