"""Log files as they grow: every whole line once, through rotation.

What can happen to a followed path, and what is done:

* renamed, a new file in its place: the old one is read to its end before the new one is begun, and stays open for
  ``AFTERLIFE`` seconds, for a syslog daemon writes to it until it is told;
* rotated twice between two looks: files beside it that were not there before are read in between, by their age;
* copied and truncated (copytruncate): what was written since the last look is read from the copy, which is found by
  what was read last; packed copies (gz, bz2, xz) too;
* truncated or written anew: begun again at its start;
* gone for a while: waited for.

A line that lacks its end waits for it. Known weak points: of what is written between the copy and the truncation only
what was read in time is seen (logrotate(8) says so), and the kernel does not tell whether there was more: each
truncation is told as a ``Gap``. A file that was rotated twice and packed between two looks is not read.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, cast

READ = 1 << 20
"""Bytes at a time: a file that is read from its beginning gives its lines in pieces."""
TAIL = 512
"""Bytes read last that tell whether a file is still the same, and which file is its copy."""
HEAD = 128
AFTERLIFE = 300.0
"""Seconds for which a rotated file is still looked at: postrotate scripts come after all rotations."""
LONGEST = 1 << 20
"""A line without an end that is longer than this is given as it is; Postfix writes 2,000 bytes at most."""

_OPENERS: dict[bytes, Callable[[str], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
"""First bytes of a packed file to what reads it as a binary file."""


@dataclass(frozen=True)
class Gap:
    """A truncation, before which lines may have been lost: those that came in the *seconds* since the last look.

    Where there is a copy (copytruncate), only what came after the copy was made; it has the rest.
    """

    name: str
    seconds: float
    copied: bool


class Following(Protocol):
    """What gives lines as they come."""

    name: str
    ended: bool

    def read(self) -> bytes:
        """Whole lines that came since; empty where there are none at the moment."""
        ...

    def rest(self) -> bytes:
        """What waits for the end of its line, given up now."""
        ...

    def gaps(self) -> list[Gap]:
        """What may be missing, each told once."""
        ...

    def close(self) -> None: ...


class _Lines:
    """Bytes cut at the last line end; the rest waits."""

    def __init__(self) -> None:
        self._half = b""

    def whole(self, data: bytes) -> bytes:
        data = self._half + data
        end = data.rfind(b"\n") + 1
        self._half = data[end:]
        if len(self._half) > LONGEST:
            data, self._half, end = data + b"\n", b"", len(data) + 1
        return data[:end]

    def rest(self) -> bytes:
        half, self._half = self._half, b""
        return half + b"\n" if half else b""


class FollowedStream:
    """Stdin, as it comes."""

    def __init__(self, descriptor: int = 0, name: str = "stdin") -> None:
        self.name, self.ended = name, False
        self._descriptor, self._lines = descriptor, _Lines()

    def read(self) -> bytes:
        if self.ended or not select.select([self._descriptor], [], [], 0)[0]:
            return b""
        try:
            data = os.read(self._descriptor, READ)
        except OSError as error:
            error.filename = self.name
            raise
        self.ended = not data
        return self._lines.whole(data)

    def rest(self) -> bytes:
        return self._lines.rest()

    def gaps(self) -> list[Gap]:
        """A stream has none that it could know of."""
        return []

    def close(self) -> None:
        """Stdin stays open."""


@dataclass
class _Open:
    """A file that is open, and how far it was read."""

    file: BinaryIO
    offset: int = 0
    tail: bytes = b""
    lines: _Lines = field(default_factory=_Lines)
    until: float = 0.0

    def more(self) -> bytes:
        data = os.pread(self.file.fileno(), READ, self.offset)
        self.took(data)
        return data

    def took(self, data: bytes) -> None:
        self.offset += len(data)
        self.tail = (self.tail + data)[-TAIL:]

    def replaced(self) -> bool:
        """Whether what was read is no longer what stands there."""
        return os.pread(self.file.fileno(), len(self.tail), self.offset - len(self.tail)) != self.tail

    def again(self) -> None:
        self.offset, self.tail = 0, b""

    def is_at(self, path: str) -> bool:
        found, own = os.stat(path), os.fstat(self.file.fileno())
        return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


class FollowedFile:
    """One path, whatever file it names at the moment. ``rotations`` counts those that were seen."""

    def __init__(self, path: str, from_end: bool = False, now: Callable[[], float] = time.monotonic) -> None:
        self.name, self.ended, self.rotations = path, False, 0
        self._path, self._now = path, now
        self._looked = now()
        self._gaps: list[Gap] = []
        self._old: list[_Open] = []
        self._known = {identity for identity, _ in self._beside()}
        self._current = self._opened()
        if from_end and self._current is not None:
            self._skip(self._current)

    def read(self) -> bytes:
        """Whole lines that came since. Raises ``OSError`` where the file can no longer be read."""
        late = b"".join(old.lines.whole(old.more()) for old in self._old)
        if self._current is None:
            self._current = self._opened()
        if self._current is None:
            return late + self._bury()
        data = self._of_current(self._current)
        self._looked = self._now()
        return late + data + self._bury()

    def gaps(self) -> list[Gap]:
        """What may be missing, each told once."""
        found, self._gaps = self._gaps, []
        return found

    def rest(self) -> bytes:
        """The half lines, given up."""
        opened = [*self._old, *([self._current] if self._current else [])]
        return b"".join(one.lines.rest() for one in opened)

    def close(self) -> None:
        for one in [*self._old, *([self._current] if self._current else [])]:
            one.file.close()

    def _of_current(self, current: _Open) -> bytes:
        moved = self._moved(current)  # asked first: what is written until the new file is there is in the old one
        if current.replaced():
            self.rotations += 1
            copy = self._of_copy(current)
            self._gaps.append(Gap(self.name, self._now() - self._looked, copy is not None))
            data = current.lines.whole(copy or b"")
            current.again()
            return data + current.lines.rest()
        data = current.lines.whole(current.more())
        if moved and not data:
            self.rotations += 1
            current.until = self._now() + AFTERLIFE
            self._old.append(current)
            self._current = self._opened()
            return self._between()
        return data

    def _moved(self, current: _Open) -> bool:
        try:
            return not current.is_at(self._path)
        except FileNotFoundError:
            return False  # renamed, and the new one is not there yet

    def _opened(self) -> _Open | None:
        try:
            return _Open(open(self._path, "rb"))
        except FileNotFoundError:
            return None

    def _skip(self, current: _Open) -> None:
        end = os.fstat(current.file.fileno()).st_size
        before = os.pread(current.file.fileno(), TAIL, max(0, end - TAIL))
        current.offset, current.tail = end, before[-TAIL:]
        current.lines.whole(before[before.rfind(b"\n") + 1 :])

    def _between(self) -> bytes:
        """Lines of files beside the path that were not there before: rotated already, and never looked at."""
        data = b""
        seen = [_head(one.file.fileno()) for one in [*self._old, *([self._current] if self._current else [])]]
        for identity, path in self._beside():
            if identity not in self._known and identity not in seen and not _packed(identity[2]):
                with open(path, "rb") as file:
                    lines = _Lines()
                    data += lines.whole(file.read()) + lines.rest()
            self._known.add(identity)
        return data

    def _of_copy(self, current: _Open) -> bytes | None:
        """What a copy of the truncated file has beyond what was read; None where there is no copy."""
        start = max(0, current.offset - len(current.tail))
        shorter = None
        for identity, path in reversed(self._beside()):
            if identity in self._known or path == self._path:
                continue
            with suppress(OSError, EOFError, lzma.LZMAError), _unpacked(path, identity[2]) as file:
                file.seek(start)
                found = file.read(len(current.tail))
                if found == current.tail:
                    self._known.add(identity)
                    return file.read()
                if found and current.tail.startswith(found):  # more was read than was copied
                    shorter = b""
        return shorter

    def _beside(self) -> list[tuple[tuple[int, int, bytes], str]]:
        """Files whose names begin as the path does, oldest first, each with device, inode and first bytes."""
        folder, base = os.path.split(os.path.abspath(self._path))
        found = []
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(base) and entry.name != base and entry.is_file(follow_symlinks=False):
                    with suppress(OSError), open(entry.path, "rb") as file:
                        found.append((os.fstat(file.fileno()).st_mtime_ns, _head(file.fileno()), entry.path))
        return [(identity, path) for _, identity, path in sorted(found)]

    def _bury(self) -> bytes:
        """Close the old files whose time is over; a half line of theirs will not get its end any more."""
        over = [old for old in self._old if old.until < self._now()]
        self._old = [old for old in self._old if old.until >= self._now()]
        for old in over:
            old.file.close()
        return b"".join(old.lines.rest() for old in over)


def _head(descriptor: int) -> tuple[int, int, bytes]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, os.pread(descriptor, HEAD, 0)


def _packed(head: bytes) -> bool:
    return any(head.startswith(magic) for magic in (*_OPENERS, b"\x28\xb5\x2f\xfd"))


def _unpacked(path: str, head: bytes) -> BinaryIO:
    opener = next((opener for magic, opener in _OPENERS.items() if head.startswith(magic)), None)
    return cast(BinaryIO, opener(path)) if opener else open(path, "rb")


def follow(paths: list[str], from_end: bool = False) -> list[Following]:
    """Followers of *paths*; ``-`` is stdin. A path that does not exist yet is waited for.

    Raises ``OSError`` for one that may not be read.
    """
    return [FollowedStream() if path == "-" else FollowedFile(path, from_end) for path in paths]


def pieces(followers: list[Following]) -> Iterator[tuple[int, Following, bytes]]:
    """What each follower has at the moment, with its number."""
    for number, follower in enumerate(followers):
        data = follower.read()
        if data:
            yield number, follower, data
