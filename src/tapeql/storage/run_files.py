"""Rows in memory as a Parquet file, for engines that read files: written when first asked for, gone with the rows."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


class RunFile:
    """The file of the rows that `read` gives."""

    def __init__(self, read: Callable[[], pa.Table]) -> None:
        self._read = read
        self._path: Path | None = None
        self._lock = threading.Lock()

    def path(self) -> Path:
        with self._lock:
            if self._path is None:
                rows = self._read()
                path = _folder(os.getpid()) / f"{uuid.uuid4().hex}.parquet"
                weakref.finalize(self, path.unlink, missing_ok=True)
                # One row group, as in the lake: it is read once or twice and then gone.
                pq.write_table(rows, path, compression="lz4", row_group_size=max(rows.num_rows, 1))
                self._path = path
            return self._path


@functools.cache
def _folder(process: int) -> Path:
    """A folder of this process, removed when it ends; a forked one makes its own."""
    folder = Path(tempfile.mkdtemp(prefix="tapeql-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
