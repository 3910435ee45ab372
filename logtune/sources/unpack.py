"""Compressed bytes to plain bytes, told by magic bytes, layer by layer.

Chunks in, chunks out; what comes out is bounded per step whatever the ratio. Concatenated members (gzip, xz, zstd,
bzip2 all allow them) are one stream. Where the data are cut or damaged, everything before that is given first, then
``Damaged`` is raised with the compressed offset. Nothing is resynchronised behind the damage.

Formats: RFC 1952 (gzip), RFC 8878 (zstd, with skippable frames), xz-file-format.txt (stream padding), bzip2.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import NamedTuple, Protocol

inflate: ModuleType = zlib
with contextlib.suppress(ImportError):  # there is no wheel for each machine
    from zlib_ng import zlib_ng

    inflate = zlib_ng  # unpacks in half the time, and has copy(), which isal lacks

STEP_OUT = 1 << 20  # what one step of a decompressor may give
REPLAY = 1 << 18  # a member up to this size is fed again byte by byte when it turns out damaged
LAYERS = 4  # gz inside gz happens; more is an attack

# How much is fed in one step. zlib can go back to before a step, the others cannot: what a failing step would have
# given is lost with them beyond REPLAY, so their steps are small. zstd cannot limit its output: 1 kB is at most 32 MB.
_STEP_IN = {"gz": 1 << 16, "bz2": 1 << 12, "xz": 1 << 10, "zst": 1 << 10}

_MAGIC = (
    ("gz", b"\x1f\x8b\x08"),
    ("xz", b"\xfd7zXZ\0"),
    ("zst", b"\x28\xb5\x2f\xfd"),
)
_UTF16 = ((b"\xff\xfe", 3), (b"\xfe\xff", 2))  # byte order mark, and where every second byte of ASCII is NUL
_SKIPPABLE = range(0x50, 0x60)  # first bytes of zstd's skippable frames, which pzstd writes
_BZ2_BLOCKS = (b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90")  # first block, or the end of an empty file
_FOREIGN = (
    ("a compress(1) file", b"\x1f\x9d", "uncompress it first"),
    ("a zip archive", b"PK\x03\x04", "unzip it first"),
    ("a 7-Zip archive", b"7z\xbc\xaf\x27\x1c", "unpack it first"),
    ("an lz4 file", b"\x04\x22\x4d\x18", "unpack it with lz4 -d first"),
    ("an lzip file", b"LZIP\x01", "unpack it with lzip -d first"),
    ("a journal file of systemd", b"LPKSHHRH", "export it with: journalctl --file=FILE -o json"),
)
_TAR_AT = 257
PEEK = 512  # enough for every magic, tar's included
MAGIC_LENGTH = 10  # the longest of the formats that are read (bzip2)


class Damaged(Exception):
    """Compressed data are cut or damaged. *offset*: compressed bytes before the break."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def packing(head: bytes) -> str | None:
    """Name of the packing that begins with *head*; None for plain bytes."""
    if head[:3] == b"BZh" and head[3:4].isdigit() and head[4:10] in _BZ2_BLOCKS:
        return "bz2"
    if head[1:4] == b"\x2a\x4d\x18" and head[0] in _SKIPPABLE:
        return "zst"
    if any(head.startswith(mark) and head[at:MAGIC_LENGTH:2].strip(b"\0") == b"" for mark, at in _UTF16):
        return "utf-16"
    return next((kind for kind, magic in _MAGIC if head.startswith(magic)), None)


def foreign(head: bytes) -> tuple[str, str] | None:
    """(what it is, what to do) for formats that are told but not read."""
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "a tar archive", "unpack it first: tar -xf FILE"
    return next(((what, advice) for what, magic, advice in _FOREIGN if head.startswith(magic)), None)


def gzip_time(head: bytes) -> float | None:
    """Modification time of the original in a gzip header, seconds since 1970; None if it has none."""
    seconds = int.from_bytes(head[4:8], "little") if packing(head) == "gz" else 0
    return float(seconds) or None


class Look(NamedTuple):
    """The beginning of a stream, all its chunks from the start, and whether it breaks right behind the beginning."""

    head: bytes
    chunks: Iterator[bytes]
    damaged: bool


def look(chunks: Iterable[bytes], enough: Callable[[bytes], bool]) -> Look:
    """Read *chunks* until *enough* says so of all bytes so far."""
    rest = iter(chunks)
    seen: list[bytes] = []
    broke: Damaged | None = None
    head = b""
    while not enough(head) and broke is None:
        try:
            chunk = next(rest, None)
        except Damaged as damaged:
            broke = damaged
            continue
        if chunk is None:
            break
        seen.append(chunk)
        head += chunk

    def again() -> Iterator[bytes]:
        while seen:
            yield seen.pop(0)
        if broke is not None:
            raise broke
        yield from rest

    return Look(head, again(), broke is not None)


def unpack(chunks: Iterable[bytes]) -> tuple[list[str], Iterator[bytes]]:
    """(packings, outermost first; plain chunks). Reads the first bytes of *chunks* at once to know."""
    kinds: list[str] = []
    head, plain, _ = look(chunks, _has_magic)
    while len(kinds) < LAYERS and (kind := packing(head)) is not None:
        kinds.append(kind)
        head, plain, _ = look(_utf16(plain) if kind == "utf-16" else members(kind, plain), _has_magic)
    return kinds, plain


def _has_magic(head: bytes) -> bool:
    return len(head) >= MAGIC_LENGTH


def _utf16(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-16 (as Windows tools save what they copied) to UTF-8, without the byte order mark."""
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text.encode("utf-8", "replace")
    yield decoder.decode(b"", True).encode("utf-8", "replace")


class _Decoder(Protocol):
    """What zlib, bz2, lzma and zstandard objects have in common, all limited to STEP_OUT."""

    def step(self, data: bytes) -> Iterator[bytes]:
        """Plain pieces for *data*; the error of the library where it is damaged."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused(self) -> bytes: ...


class _Zlib:
    def __init__(self) -> None:
        self._inflate = inflate.decompressobj(16 + zlib.MAX_WBITS)
        self._before = self._inflate

    def step(self, data: bytes) -> Iterator[bytes]:
        while not self._inflate.eof:
            self._before = self._inflate.copy()
            try:
                piece = self._inflate.decompress(data, STEP_OUT)
            except inflate.error:
                yield from self._byte_by_byte(data)
                return
            yield piece
            data = self._inflate.unconsumed_tail
            if not data and len(piece) < STEP_OUT:
                return

    def _byte_by_byte(self, data: bytes) -> Iterator[bytes]:
        self._inflate = self._before
        for i in range(len(data)):
            try:
                yield self._inflate.decompress(data[i : i + 1])
            except inflate.error as error:
                raise Damaged(_plain_reason(error), i) from None

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def unused(self) -> bytes:
        return bytes(self._inflate.unused_data)


class _Limited:
    """bz2 and lzma, whose objects keep unread input themselves."""

    def __init__(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decoder = decoder

    def step(self, data: bytes) -> Iterator[bytes]:
        yield self._decoder.decompress(data, STEP_OUT)
        while not self._decoder.eof and not self._decoder.needs_input:
            yield self._decoder.decompress(b"", STEP_OUT)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused(self) -> bytes:
        return self._decoder.unused_data


class _Zstd:
    def __init__(self) -> None:
        import zstandard

        self._decoder = zstandard.ZstdDecompressor().decompressobj()

    def step(self, data: bytes) -> Iterator[bytes]:
        yield self._decoder.decompress(data)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused(self) -> bytes:
        return self._decoder.unused_data


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gz": _Zlib,
    "bz2": lambda: _Limited(bz2.BZ2Decompressor()),
    "xz": lambda: _Limited(lzma.LZMADecompressor(lzma.FORMAT_XZ)),
    "zst": _Zstd,
}


class _Member:
    """One compressed member. Remembers what it was fed while that is short, to find the very byte that is damaged."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._decoder = _DECODERS[kind]()
        self._fed: bytearray | None = bytearray()
        self._given = 0
        self.taken = 0  # compressed bytes before this step

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._fed is not None:
            self._fed += data
            if len(self._fed) > REPLAY:
                self._fed = None
        try:
            for piece in self._decoder.step(data):
                self._given += len(piece)
                if piece:
                    yield piece
        except Damaged as damaged:  # gzip: offset counts from this step
            raise Damaged(damaged.reason, self.taken + damaged.offset) from None
        except _errors() as error:
            yield from self._replay(_plain_reason(error))
        self.taken += len(data) - len(self.rest)

    def _replay(self, reason: str) -> Iterator[bytes]:
        if self._fed is None:
            raise Damaged(reason, self.taken)
        decoder, skip = _DECODERS[self._kind](), self._given
        for i in range(len(self._fed)):
            try:
                for piece in decoder.step(bytes(self._fed[i : i + 1])):
                    if piece[skip:]:
                        yield piece[skip:]
                    skip = max(0, skip - len(piece))
            except _errors():
                raise Damaged(reason, i) from None
        raise Damaged(reason, self.taken)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def rest(self) -> bytes:
        return self._decoder.unused if self._decoder.eof else b""


def _errors() -> tuple[type[Exception], ...]:
    import zstandard

    # bz2 says OSError for damaged data, ValueError for some damaged headers
    return (inflate.error, lzma.LZMAError, OSError, EOFError, ValueError, zstandard.ZstdError)


def _plain_reason(error: Exception) -> str:
    """Reason without the library's way of saying it: ``incorrect data check``, ``Corrupt input data``."""
    text = str(error).removeprefix("Error -3 while decompressing data: ")
    text = text.removeprefix("zstd decompressor error: ")
    return text[:1].lower() + text[1:] if text else type(error).__name__


def members(kind: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Plain chunks of all members of *kind* in *chunks*. Raises ``Damaged`` after everything readable was given."""
    member: _Member | None = None
    before = 0  # compressed bytes of the members that ended, and of padding
    gap = b""  # what follows a member and is too short to tell what it is
    for chunk in chunks:
        data, at = gap + chunk, 0
        gap = b""
        while at < len(data):
            if member is None:
                at, before = _skip_padding(data, at, before)
                if before and len(data) - at < MAGIC_LENGTH:
                    gap = data[at:]
                    break
                member = _next_member(kind, data[at : at + MAGIC_LENGTH], before)
            step = data[at : at + _STEP_IN[kind]]
            yield from _placed(member, step, before)
            at += len(step) - len(member.rest)
            if member.eof:
                before, member = before + member.taken, None
    if gap:
        member = _next_member(kind, gap, before)
        yield from _placed(member, gap, before)
    if member is not None and not member.eof:
        raise Damaged("the compressed data end too early", before + member.taken)


def _skip_padding(data: bytes, at: int, before: int) -> tuple[int, int]:
    """NULs between and after members are padding: xz streams, tapes, preallocated files."""
    start = at
    while before and data[at : at + 1] == b"\0":
        at += 1
    return at, before + at - start


def _next_member(kind: str, head: bytes, before: int) -> _Member:
    if before and packing(head) != kind and not _cut_magic(kind, head):
        raise Damaged(f"what follows the compressed data is no {kind} data and was left out", before)
    return _Member(kind)


def _cut_magic(kind: str, head: bytes) -> bool:
    magics = [magic for name, magic in _MAGIC if name == kind] or [b"BZh"]
    return any(magic.startswith(head[: len(magic)]) for magic in magics)


def _placed(member: _Member, step: bytes, before: int) -> Iterator[bytes]:
    try:
        yield from member.feed(step)
    except Damaged as damaged:
        raise Damaged(damaged.reason, before + damaged.offset) from None
