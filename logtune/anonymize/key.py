"""The key of the pseudonyms: 32 random bytes in a file that only its owner can read, made when first needed."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

SIZE = 32
"""Bytes of a new key: as much as HMAC-SHA256 can use."""


class KeyFileError(ValueError):
    """The key file cannot be used; the text says why and what to do."""


def default_place() -> Path:
    """``$XDG_CONFIG_HOME/logtune/anonymize.key``, else below ``~/.config``. Raises ``KeyFileError`` without a home."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(folder):  # others are to be ignored (XDG base directory specification)
        return Path(folder) / "logtune" / "anonymize.key"
    try:
        return Path("~/.config/logtune/anonymize.key").expanduser()
    except RuntimeError:
        raise KeyFileError("there is no home directory for the key of the pseudonyms; name a file with --key") from None


def read_or_make(path: str | None = None) -> bytes:
    """The key in *path*, else in the default place; made there where there is none. Raises ``KeyFileError``."""
    place = Path(path).expanduser() if path else default_place()
    try:
        if not place.exists():
            _make(place, parents=path is None)
        return _read(place)
    except OSError as error:
        raise KeyFileError(f"key file {place}: {(error.strerror or str(error)).lower()}") from error


def _make(place: Path, parents: bool) -> None:
    """A new key appears whole: two programs that start at once use the one that was there first."""
    import secrets  # pulls in OpenSSL, which no other command needs

    if parents:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SIZE).hex().encode() + b"\n")
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, place)  # unlike a rename it leaves a key that came in between
    finally:
        draft.unlink(missing_ok=True)


def _read(place: Path) -> bytes:
    with place.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError(f"key file {place} can be read by others than its owner; chmod 600 {place}")
        text = file.read(4096).strip()
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) < SIZE:
        raise KeyFileError(f"key file {place}: expected {2 * SIZE} hexadecimal digits; remove it to get a new key")
    return key
