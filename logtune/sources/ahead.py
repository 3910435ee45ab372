"""Chunks that are made in a thread of their own, beside the work on those before. For libraries that free the lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

CHUNKS = 8
"""So many are made ahead at most; a chunk of a decompressor is about a megabyte."""


def ahead(chunks: Iterator[bytes], count: int = CHUNKS) -> Iterator[bytes]:
    """The same chunks, and what *chunks* raises at the same place."""
    with ThreadPoolExecutor(1, "unpack") as pool:
        waiting = deque(pool.submit(next, chunks, None) for _ in range(count))
        try:
            while (chunk := waiting.popleft().result()) is not None:
                waiting.append(pool.submit(next, chunks, None))
                yield chunk
        finally:
            for future in waiting:
                future.cancel()
