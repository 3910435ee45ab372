"""Short logs for tests: text lines in, a linked log out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from textwrap import dedent

from logtune.api import MailLog, read

FOLDER = tempfile.TemporaryDirectory(prefix="logtune-test-")  # kept until the tests end: sources are read again


def log_of(text: str, **options: object) -> MailLog:
    """A log of the lines of *text*. A line without a stamp gets one: ``smtpd[7]: connect from ...`` is enough."""
    lines = [_stamped(line) for line in dedent(text).strip().splitlines()]
    path = Path(tempfile.mkdtemp(dir=FOLDER.name)) / "mail.log"
    path.write_text("\n".join(lines) + "\n")
    return read(path, **{"tz": "UTC", "year": 2026, **options})  # type: ignore[arg-type]


def _stamped(line: str) -> str:
    if line[:4] in ("Jan ", "Feb ", "Mar ", "Apr "):
        return line
    return f"Mar  2 10:00:00 mail postfix/{line}"
