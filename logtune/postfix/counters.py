"""Command counters of smtpd's disconnect line (Postfix 3.0 and later, ``src/smtpd/smtpd.c``)."""

from __future__ import annotations

import re

# ehlo=2 rcpt=0/1 commands=3/4, and notes=bare_lf, which is no counter (3.9)
_COUNTER = re.compile(r"(?:^|(?<= ))([A-Za-z_]+)=([0-9]{1,18})(?:/([0-9]{1,18}))?(?= |$)")


def counters(text: str | None) -> dict[str, tuple[int, int]]:
    """Counters as ``{command: (ok, total)}``, in the order of *text*; ``commands`` is their sum as Postfix logs it.

    *text* is ``connections.counters``. What is not of the form ``name=ok`` or ``name=ok/total`` is left out,
    so damaged text gives fewer counters, never an error.
    """
    if not text:
        return {}
    return {m[1]: (int(m[2]), int(m[3] or m[2])) for m in _COUNTER.finditer(text)}
