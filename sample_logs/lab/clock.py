"""The time that Postfix sees: libfaketime reads an offset from a file at every call, so a script can jump ahead.

Time runs at its ordinary speed within a session (delays in the log are real ones) and jumps between sessions.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


class Clock:
    def __init__(self, path: Path, start: datetime):
        self.path = path
        self._set_offset(start.timestamp() - time.time())

    def environment(self) -> dict[str, str]:
        """What a program needs to see this time. Files keep the times they are given (FAKE_UTIME)."""
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKE_UTIME": "1",
        }

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.offset, UTC)

    def jump_to(self, moment: datetime) -> None:
        """Jump ahead; a moment that has passed already changes nothing, because time never goes back."""
        offset = moment.timestamp() - time.time()
        if offset > self.offset:
            self._set_offset(offset)

    def jump(self, seconds: float) -> None:
        self.jump_to(self.now() + timedelta(seconds=seconds))

    def _set_offset(self, offset: float) -> None:
        """Written beside and renamed: a daemon must never read half an offset."""
        self.offset = offset
        beside = self.path.with_suffix(".new")
        beside.write_text(f"{offset:.6f}\n")
        os.replace(beside, self.path)
