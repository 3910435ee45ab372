"""The sources of one run: opened, looked at, ranked, read.

A regular file is looked at when it is opened (its first stamp, packing, format) and opened again to be read; if the
log was rotated in between, the file is followed to its new name. Streams are opened once and keep what was looked at.
Files are read to the end they have at that moment, also where they grow or say to have no size (/proc).
"""

from __future__ import annotations

import dataclasses
import errno
import itertools
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from logtune.sources import cut, journal, model, stamps, unpack
from logtune.sources.ahead import ahead
from logtune.sources.find import STDIN, expand, identity, unreadable
from logtune.sources.model import Block, NoSuchLine, NotRereadable, Problem, Source

READ = 1 << 20  # bytes asked of the system at a time
HEAD = 1 << 16  # how much of a file is looked at for Postfix's name
HEAD_MOST = 1 << 20  # how far a first stamp is looked for
NULS_MOST = 1 << 26  # as long as there are only NULs (a log truncated while open), further
BOM = b"\xef\xbb\xbf"

# A tag that Postfix writes, in a line or as a field of a journal; not just its name, which fail2ban.log has too.
_POSTFIX = re.compile(rb"postfix[\w.-]{0,64}/[\w./-]{1,64}\[\d{1,10}\]:|SYSLOG_IDENTIFIER\"?[ ]?[:=][ ]?\"?postfix")

Progress = Callable[[int, int | None], None]


class Sources:
    """Ranked sources and what is wrong with the paths. ``problems`` grows while blocks are read."""

    def __init__(self, sources: Sequence[Source], problems: Iterable[Problem] = ()) -> None:
        self.sources = list(sources)
        self.problems = list(problems)

    def blocks(self, block_size: int = 1 << 22, progress: Progress | None = None) -> Iterator[Block]:
        """All lines of all sources, in rank order, as blocks of about *block_size* bytes.

        A block grows for a line longer than it. *progress* gets (bytes read as they are on disk, all bytes or None
        where a stream has no size). Can be called again only if every source is a file: else ``NotRereadable``.
        """
        total = _total(self.sources)
        done = 0
        for source in self.sources:
            for block in self._read(source, block_size):
                if progress:
                    progress(done + _at_most(source.raw_read, source.size), total)
                yield block
            done += source.raw_read if source.size is None else source.size
            if progress:
                progress(done, total)

    def line_at(self, position: int) -> bytes:
        """The raw line that begins at *position*, without its newline. Raises ``NoSuchLine``, ``NotRereadable``."""
        return self.lines_at([position])[position]

    def lines_at(self, positions: Iterable[int]) -> dict[int, bytes]:
        """Raw lines by position, in one pass over the sources concerned (plain files are not read from the start).

        Raises ``NoSuchLine`` where no line begins at a position, ``NotRereadable`` for lines of stdin and streams.
        """
        wanted = sorted(set(positions))
        found: dict[int, bytes] = {}
        for rank, group in itertools.groupby(wanted, lambda position: position >> model.SOURCE_SHIFT):
            if not 0 <= rank < len(self.sources):
                raise NoSuchLine(f"no source of rank {rank}: there are {len(self.sources)}")
            source = self.sources[rank]
            offsets = [position & ((1 << model.SOURCE_SHIFT) - 1) for position in group]
            lines = self._seek(source, offsets) if _plain(source) else self._scan(source, offsets)
            found.update((rank << model.SOURCE_SHIFT | offset, line) for offset, line in lines.items())
        return found

    def _read(self, source: Source, block_size: int) -> Iterator[Block]:
        source.bytes_read = source.begin
        text = _text_chunks(source)
        text = ahead(text) if source.compression else text
        chunks = self._guarded(source, _skip(text, source.begin))
        base = source.rank << model.SOURCE_SHIFT
        pieces = cut.whole_lines(chunks, block_size, self._overlong(source), source.begin)
        for offset, piece in pieces:
            data = self._within_limit(source, offset, piece)
            if data:
                source.bytes_read = offset + len(data)
                yield Block(data, base | offset, source)
            if len(data) < len(piece):
                return

    def _guarded(self, source: Source, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """*chunks* up to where they break; then the problem is noted and they end."""
        given = source.begin
        try:
            for chunk in chunks:
                given += len(chunk)
                yield chunk
        except unpack.Damaged as damaged:
            packed = f"byte {damaged.offset:,} of the {source.compression} data"
            advice = "what stands before was read; look for a whole copy of the file"
            if "too much memory" in damaged.reason:  # zstd refuses windows above 128 MiB, its command line too
                advice = "unpack it first: zstd -d --long=31 FILE"
            self._broke(source, f"{damaged.reason} at {packed}, after {given:,} bytes of text", advice)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            self._broke(source, f"{reason} after {given:,} bytes of text", "what stands before was read")

    def _broke(self, source: Source, reason: str, advice: str) -> None:
        source.problem = reason
        problem = Problem(source.name, reason, advice)
        if problem not in self.problems:  # blocks() may run twice
            self.problems.append(problem)

    def _overlong(self, source: Source) -> cut.Overlong:
        def note(offset: int, length: int, nuls: bool) -> None:
            what = "NUL bytes" if nuls else "bytes of an overlong line"
            problem = Problem(source.name, f"{length:,} {what} left out at byte {offset:,}", harmless=nuls)
            if problem not in self.problems:
                self.problems.append(problem)

        return note

    def _within_limit(self, source: Source, offset: int, piece: bytes) -> bytes:
        limit = model.MAX_OFFSET
        if offset + len(piece) <= limit:
            return piece
        data = piece[: max(0, limit - offset)]
        data = data[: data.rfind(b"\n") + 1]
        self._broke(source, f"only the first {offset + len(data):,} bytes of text were read: positions end there",
                    "split the file")  # fmt: skip
        return data

    def _scan(self, source: Source, offsets: Sequence[int]) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        left = list(offsets)
        again = dataclasses.replace(source, stream=None)  # keeps what reading said of the source itself
        for data, position, _ in self._read(again, READ):
            start = position - (source.rank << model.SOURCE_SHIFT)
            while left and left[0] < start + len(data):
                at = left.pop(0) - start
                if at < 0 or (at and data[at - 1 : at] != b"\n"):
                    raise _no_line(source, at + start)
                end = data.find(b"\n", at)
                found[at + start] = data[at : end if end >= 0 else len(data)]
            if not left:
                return found
        raise _no_line(source, left[0])

    def _seek(self, source: Source, offsets: Sequence[int]) -> dict[int, bytes]:
        try:
            with open(_reopen(source), "rb") as file:
                return {offset: _line_from(file.fileno(), source, offset) for offset in offsets}
        except OSError as error:
            raise NoSuchLine(f"{source.name} cannot be read any more: {error.strerror}") from error


def open_sources(paths: Sequence[str | os.PathLike[str]], year: int | None = None) -> Sources:
    """Look at *paths* (files, globs, directories, ``-`` for stdin), rank what can be read, say what cannot.

    *year*: the last year that stamps without one may lie in, for the order of the sources. Never raises for a path.
    """
    listed = [paths] if isinstance(paths, str | os.PathLike) else paths
    files, problems = expand([os.fspath(path) for path in listed], _looks_like_postfix)
    opened: list[Source] = []
    for path in files:
        result = _open_source(path)
        if isinstance(result, Source):
            opened.append(result)
        else:
            problems.append(result)
    kept, copies = _without_copies(opened)
    empty = [source for source in kept if source.format == ""]
    for source in empty:
        source.format = "text"
        problems.append(Problem(source.name, "the file is empty", harmless=len(empty) < len(kept)))
    return Sources(stamps.order(kept, year), problems + copies)


def _open_source(path: str) -> Source | Problem:
    try:
        source = _describe(path)
        raw = _raw_of(source)
    except OSError as error:
        return unreadable(path, error)
    try:
        problem = _foreign(source, _look(source, raw))
    except OSError as error:  # a directory, a broken disk
        problem = unreadable(path, error)
    if problem is not None or source.rereadable:
        raw.close()
        source.stream = None
    return problem or source


def _describe(path: str) -> Source:
    name = "stdin" if path == STDIN else os.fsencode(path).decode("utf-8", "replace")
    source = Source(name, path=None if path == STDIN else path)
    try:
        status = os.fstat(_stdin_fd()) if path == STDIN else os.stat(path)
    except (ValueError, AttributeError):  # stdin replaced by an object without a descriptor; also ValueError
        source.rereadable = False
        return source
    regular = stat.S_ISREG(status.st_mode)
    source.rereadable = regular and path != STDIN
    source.identity = identity(status)
    if regular:
        source.size, source.mtime = status.st_size, status.st_mtime
    return source


def _stdin_fd() -> int:
    return sys.stdin.fileno()  # raises io.UnsupportedOperation, a ValueError, where a test replaced it


class _Raw:
    """Bytes as they are on disk, counted in ``source.raw_read``. An iterator; closes itself at the end."""

    def __init__(self, source: Source, read: Callable[[int], bytes], close: Callable[[], None]) -> None:
        self._source = source
        self._read = read
        self._close: Callable[[], None] | None = close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data = self._read(READ) if self._close else b""
        if not data:
            self.close()
            raise StopIteration
        self._source.raw_read += len(data)
        return data

    def close(self) -> None:
        if self._close:
            self._close()
        self._close = None


def _raw_of(source: Source) -> _Raw:
    source.raw_read = 0
    if source.path is not None:
        fd = os.open(_reopen(source), os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
        return _Raw(source, lambda size: os.read(fd, size), lambda: os.close(fd))
    try:
        fd = _stdin_fd()
    except (ValueError, AttributeError):
        buffer = getattr(sys.stdin, "buffer", None)
        return _Raw(source, buffer.read if buffer else lambda size: b"", lambda: None)
    return _Raw(source, lambda size: os.read(fd, size), lambda: None)


def _reopen(source: Source) -> str:
    """Path of *source*, or what it was renamed to in the same directory since it was looked at (rotation)."""
    path = source.path or ""
    if not source.rereadable or _is(path, source):
        return path
    with os.scandir(os.path.dirname(path) or ".") as entries:
        for entry in entries:
            if entry.is_file() and _is(entry.path, source):
                return entry.path
    raise OSError(errno.ESTALE, "the file was removed or replaced while logtune was at work")


def _is(path: str, source: Source) -> bool:
    try:
        return identity(os.stat(path)) == source.identity
    except OSError:
        return False


def _look(source: Source, raw: Iterable[bytes]) -> bytes:
    """Fill in what the beginning tells; gives the first decompressed bytes. Keeps the chunks in ``source.stream``."""
    first, chunks, _ = unpack.look(raw, lambda seen: len(seen) >= unpack.MAGIC_LENGTH)
    source.packed_at = unpack.gzip_time(first)
    kinds, plain = unpack.unpack(chunks)
    source.compression = "+".join(kinds) or None
    finder = _Finder(HEAD if source.rereadable else 0)
    head, plain, damaged = unpack.look(plain, finder.enough)
    finder.finish(head)
    source.begin = len(BOM) if head.startswith(BOM) else 0
    if not head and not damaged:
        source.format = ""  # empty; open_sources makes it text
    if finder.flavour:
        source.format, source.flavour, source.begin = "journal", finder.flavour, 0
    if finder.stamp is not None:
        source.first, source.first_has_year, source.first_has_zone = finder.stamp
        source.first_line = finder.line
    source.stream = plain
    return head


class _Finder:
    """Looks through the beginning of a source, as far as it is there, for its first stamp or journal entry."""

    def __init__(self, least: int) -> None:
        self._least = least
        self._at = 0  # lines before are done
        self.stamp: stamps.Stamp | None = None
        self.line = b""
        self.flavour: str | None = None

    def enough(self, head: bytes) -> bool:
        """Whether *head* is: the stamp is found and at least *least* bytes, or it is hopeless."""
        while self.stamp is None and (end := head.find(b"\n", self._at)) >= 0:
            self._try(head, self._at, end + 1)
            self._at = end + 1
        if self.stamp is not None:
            return len(head) >= self._least
        return len(head) >= HEAD_MOST and (len(head) >= NULS_MOST or head.count(0, -HEAD) < HEAD)

    def finish(self, head: bytes) -> None:
        """The input ended: its last line may lack its end."""
        if self.stamp is None and self._at < len(head):
            self._try(head, self._at, len(head))

    def _try(self, head: bytes, start: int, end: int) -> None:
        line = head[start:end]
        text = line
        if self.flavour is None and line.strip():
            self.flavour = journal.flavour(line)
        if self.flavour == "json":
            text = journal.json_line(line)
        elif self.flavour == "export":
            text = _export_stamp(line)
        self.stamp = stamps.first_stamp(text)
        if self.stamp is not None:
            self.line = line


def _export_stamp(line: bytes) -> bytes:
    name, _, value = line.strip().partition(b"=")
    known = {name.decode("ascii", "replace"): value, "MESSAGE": b""}
    return journal.entry_text(known) or b""


def _foreign(source: Source, head: bytes) -> Problem | None:
    told = unpack.foreign(head)
    if told is None:
        return None
    what, advice = told
    inside = f" (in {source.compression})" if source.compression else ""
    return Problem(source.name, f"this is {what}{inside}, no log", advice)


def _looks_like_postfix(path: str) -> bool:
    """Whether the beginning of a file in a directory has stamps and Postfix's or a journal's tags."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return False
        source = _describe(path)
        raw = _raw_of(source)
    except PermissionError:
        return True  # the problem that opening it again gives is worth more than silence
    except OSError:
        return False
    try:
        return _POSTFIX.search(_look(source, raw)) is not None and source.first is not None
    except OSError:
        return False
    finally:
        raw.close()


def _chunks(source: Source) -> Iterator[bytes]:
    """Decompressed chunks from the start. Raises ``NotRereadable`` where they were given before."""
    if source.stream is not None:
        stream, source.stream = source.stream, None
        return stream
    if not source.rereadable:
        raise NotRereadable(f"{source.name} can be read once only; save it to a file and give that")
    return _lazily(source)


def _lazily(source: Source) -> Iterator[bytes]:
    raw = _raw_of(source)  # opened when the first chunk is asked for, inside the guard
    try:
        yield from unpack.unpack(raw)[1]
    finally:
        raw.close()


def _text_chunks(source: Source) -> Iterator[bytes]:
    chunks = _chunks(source)
    return journal.to_text(source.flavour, chunks) if source.format == "journal" else chunks


def text_chunks(source: Source) -> Iterator[bytes]:
    """Decompressed text of a source that is a file, from its start, journal entries as lines.

    Raises ``unpack.Damaged`` or ``OSError`` where it breaks, ``NotRereadable``.
    """
    return _text_chunks(source)


def open_plain(source: Source) -> int:
    """File descriptor of a plain file, under whatever name it has by now. Raises ``OSError``."""
    return os.open(_reopen(source), os.O_RDONLY | os.O_CLOEXEC)


def _skip(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[length:]
        length = max(0, length - len(chunk))


def _plain(source: Source) -> bool:
    return source.rereadable and source.compression is None and source.format == "text"


def _line_from(fd: int, source: Source, offset: int) -> bytes:
    before = os.pread(fd, 1, offset - 1) if offset else b"\n"
    parts: list[bytes] = []
    while part := os.pread(fd, HEAD, offset + sum(map(len, parts))):
        end = part.find(b"\n")
        parts.append(part if end < 0 else part[:end])
        if end >= 0 or len(parts) * HEAD >= cut.MAX_LINE:
            break
    if not parts or (before not in (b"\n", b"\0") and offset != source.begin):
        raise _no_line(source, offset)
    return b"".join(parts)


def _no_line(source: Source, offset: int) -> NoSuchLine:
    return NoSuchLine(f"no line of {source.name} begins at byte {offset:,}")


def _total(sources: Iterable[Source]) -> int | None:
    sizes = [source.size for source in sources]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _at_most(value: int, limit: int | None) -> int:
    return value if limit is None else min(value, limit)


def _without_copies(sources: Sequence[Source]) -> tuple[list[Source], list[Problem]]:
    """Leave out files whose whole content another one has, or begins with: lines must not count twice.

    That happens: mail.log.1 beside the mail.log.1.gz that an interrupted logrotate left, or a copy of the live log.
    Only files with the same first stamped line are compared, then byte by byte to the end.
    """
    kept: list[Source] = []
    problems: list[Problem] = []
    for source in sources:
        for i, other in enumerate(kept):
            longer = _longer(source, other) if _may_be_copies(source, other) else None
            if longer is not None:
                problems.append(_copy_problem(other if longer is source else source, longer))
                kept[i] = longer
                break
        else:
            kept.append(source)
    return kept, problems


def _may_be_copies(one: Source, other: Source) -> bool:
    return bool(one.first_line) and one.first_line == other.first_line and one.rereadable and other.rereadable


def _longer(one: Source, other: Source) -> Source | None:
    """Which of the two has the other's whole content at its beginning (*other* if both are the same); else None."""
    left, right = _readable(one), _readable(other)
    a = b = b""
    while True:
        a, b = a or next(left, b""), b or next(right, b"")
        if not a or not b:
            return one if a else other
        length = min(len(a), len(b))
        if a[:length] != b[:length]:
            return None
        a, b = a[length:], b[length:]


def _readable(source: Source) -> Iterator[bytes]:
    try:
        yield from filter(None, _chunks(source))
    except (unpack.Damaged, OSError):
        return


def _copy_problem(lost: Source, kept: Source) -> Problem:
    reason = f"all its lines are at the beginning of {kept.name} too"
    return Problem(lost.name, reason, "they were read once", harmless=True)
