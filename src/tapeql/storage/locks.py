"""One writer at a time, by a kernel lock that dies with its owner."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from tapeql.errors import StoreError


class FileLock:
    """An exclusive flock on `path`, which holds the owner's process id while it is held.

    `died` tells, once locked, that the owner before never released it: it was killed, and may have left files behind.
    """

    def __init__(self, path: Path, wait_s: float) -> None:
        self._path = path
        self._wait_s = wait_s
        self._fd = -1
        self.died = False

    def __enter__(self) -> FileLock:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait()
        except BaseException:
            os.close(self._fd)
            self._fd = -1
            raise
        self.died = bool(self.owner())
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, str(os.getpid()).encode(), 0)
        os.fsync(self._fd)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # A failed write may have left files behind as a killed one does: keep the mark.
        if kind is None:
            os.ftruncate(self._fd, 0)
        os.close(self._fd)
        self._fd = -1

    def owner(self) -> str:
        return os.pread(self._fd, 32, 0).decode(errors="replace")

    def _wait(self) -> None:
        deadline = time.monotonic() + self._wait_s
        pause_s = 0.001
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                pass
            if time.monotonic() >= deadline:
                raise StoreError(
                    f"{self._path.parent} is being written by process {self.owner() or '?'}; "
                    f"waited {self._wait_s:g} s. Try again when it has finished."
                )
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.02)
