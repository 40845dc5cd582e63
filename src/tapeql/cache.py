"""Data that takes long to make and never changes, kept between processes in the user's cache folder.

    <folder>/<name>-<digest of the key>      sha256 of key and content, then the content

What is read is checked to be whole and to be written by the user or by root, with no one else allowed to write: a cache
is never worth trusting a stranger, nor an error. Whatever cannot be kept is made again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from tapeql.limits import CACHE_DAYS

VARIABLE: Final = "TAPEQL_CACHE"
"""Another folder to keep things in, or `off`."""

_DIGEST_BYTES: Final = 32


def load(name: str, key: bytes) -> bytes | None:
    """What was stored under exactly this key; None where there is nothing that can be trusted."""
    folder = _folder()
    if folder is None:
        return None
    try:
        fd = os.open(_path(folder, name, key), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            state = os.fstat(fd)
            if not stat.S_ISREG(state.st_mode) or state.st_mode & 0o022 or state.st_uid not in (os.geteuid(), 0):
                return None
            digest, content = file.read(_DIGEST_BYTES), file.read()
    except OSError:
        return None
    return content if digest == _digest(key, content) else None


def store(name: str, key: bytes, content: bytes) -> None:
    """Keeps `content` for those who ask with the same key, whole or not at all; does nothing where that cannot be."""
    folder = _folder()
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, draft = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
        try:
            with open(fd, "wb") as file:
                file.write(_digest(key, content) + content)
            os.replace(draft, _path(folder, name, key))
        except OSError:
            os.unlink(draft)
            raise
        _forget(folder, name)


def _folder() -> Path | None:
    """`$TAPEQL_CACHE`, `$XDG_CACHE_HOME/tapeql`, `~/.cache/tapeql`; a relative one would be another in each folder."""
    asked = os.environ.get(VARIABLE)
    if asked:
        return None if asked.lower() == "off" else Path(asked).absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if shared.is_absolute():
        return shared / "tapeql"
    with suppress(RuntimeError):  # a user without a home
        return Path.home() / ".cache" / "tapeql"
    return None


def _path(folder: Path, name: str, key: bytes) -> Path:
    return folder / f"{name}-{hashlib.sha256(key).hexdigest()[:_DIGEST_BYTES]}"


def _digest(key: bytes, content: bytes) -> bytes:
    return hashlib.sha256(key + content).digest()


def _forget(folder: Path, name: str) -> None:
    """Removes what older versions left; something still used is made again."""
    before_s = time.time() - CACHE_DAYS * 86_400
    for path in [*folder.glob(f"{name}-*"), *folder.glob(f".{name}-*")]:
        with suppress(OSError):
            if path.lstat().st_mtime < before_s:
                path.unlink()
