"""What is remembered of the bytes of a source, to recognise it under any name: a digest per ``STEP`` bytes.

A digest stands for bytes that were taken, up to the position reached; the last one, the tail, for fewer than ``STEP``.
They are of decompressed text, so a log is the same log after compression.
"""

from __future__ import annotations

from hashlib import blake2b

STEP = 1 << 14
"""Bytes between checkpoints: half a kilobyte of digests for a megabyte of log."""
SIZE = 8
"""Bytes of a digest."""


def digest(data: bytes | bytearray | memoryview) -> bytes:
    """Digest of *data*."""
    return blake2b(data, digest_size=SIZE).digest()


class Trail:
    """Grows with the bytes of a source. *checkpoints* so many are known; the next byte taken is behind them."""

    def __init__(self, checkpoints: int = 0) -> None:
        self.checkpoints = checkpoints
        self._pending = bytearray()
        self._new: list[bytes] = []
        self._first_new = checkpoints
        self.taken = False

    def take(self, data: bytes) -> None:
        """The next bytes, of which not all may count in the end."""
        self._pending += data
        self.taken = True

    def settle(self, reached: int) -> None:
        """All before offset *reached* counts: keep its whole checkpoints."""
        whole = min(reached - self.checkpoints * STEP, len(self._pending)) // STEP
        if whole <= 0:
            return
        view = memoryview(self._pending)
        self._new += [digest(view[at * STEP : (at + 1) * STEP]) for at in range(whole)]
        view.release()
        del self._pending[: whole * STEP]
        self.checkpoints += whole

    def tail(self, reached: int) -> bytes:
        """Digest of what is before *reached* and behind the last checkpoint."""
        return digest(bytes(self._pending[: reached - self.checkpoints * STEP]))

    def new(self) -> tuple[int, bytes]:
        """Number of the first checkpoint since this was asked last, and the digests since."""
        first, digests = self._first_new, b"".join(self._new)
        self._new, self._first_new = [], self.checkpoints
        return first, digests
