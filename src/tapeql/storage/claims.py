"""Who feeds what: two collectors of one feed would each tell gaps the other knows nothing of."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final

from tapeql.errors import StoreError

_FILE: Final = ".feeds"


def number_of(feed: str) -> int:
    """A number for a lock, the same everywhere: of 62 bits, so that no two feeds share one."""
    return int.from_bytes(blake2b(feed.encode(), digest_size=8).digest()) >> 2


def taken(feed: str, store: str) -> StoreError:
    return StoreError(f"another collector feeds {feed} into {store}; stop it first, or leave {feed.split()[-1]} to it")


@contextmanager
def claimed_in_folder(folder: Path, feeds: Collection[str]) -> Iterator[None]:
    """Each feed is one byte of one file, locked by the kernel, which lets go when the process dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    try:
        for feed in feeds:
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number_of(feed))
            except (BlockingIOError, PermissionError):
                raise taken(feed, str(folder)) from None
        yield
    finally:
        os.close(fd)
