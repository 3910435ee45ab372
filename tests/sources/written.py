"""Logs that tests of sources write, and what they read of them."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import zstandard

from logtune.sources import Sources

LINES = [
    b"2026-03-02T06:12:00.123456+00:00 mx1 postfix/smtpd[811]: connect from mail.example.com[192.0.2.7]",
    b"2026-03-02T06:12:01.000001+00:00 mx1 postfix/smtpd[811]: NOQUEUE: reject_warning: RCPT from "
    b"mail.example.com[192.0.2.7]: 504 5.5.2 <frasier>: Helo command rejected: need fully-qualified hostname; "
    b"from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<frasier>",
    b"2026-03-02T06:12:02.000002+00:00 mx1 postfix/smtpd[811]: disconnect from mail.example.com[192.0.2.7] quit=1",
]
TEXT = b"".join(line + b"\n" for line in LINES)
ZST = zstandard.ZstdCompressor(write_checksum=True)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": ZST.compress,
}


def many(count: int, host: bytes = b"mx1") -> bytes:
    """*count* distinct lines, one a second, that do not compress too well."""
    return b"".join(
        b"2026-03-02T%02d:%02d:%02d.%06d+00:00 %s postfix/qmgr[7]: %08X%d: removed\n"
        % (i // 3600 % 24, i // 60 % 60, i % 60, i * 7919 % 1000000, host, i * 2654435761 % 2**32, i)
        for i in range(count)
    )


def write(path: Path, data: bytes, mtime: float | None = None) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return str(path)


def text(sources: Sources, block_size: int = 1 << 22) -> bytes:
    return b"".join(block.data for block in sources.blocks(block_size))


def lines(sources: Sources, block_size: int = 1 << 22) -> list[tuple[int, bytes]]:
    """(position, line) of every line, as the parser would see them."""
    found: list[bytes] = []
    for data, position, _ in sources.blocks(block_size):
        found += placed(position, data)
    return found


def placed(start: int, data: bytes) -> list[tuple[int, bytes]]:
    parts = split(data)
    ends = itertools.accumulate(map(len, parts), initial=start)
    return list(zip(ends, parts, strict=False))


def split(data: bytes) -> list[bytes]:
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def names(sources: Sources) -> list[str]:
    return [os.path.basename(source.name) for source in sources.sources]
