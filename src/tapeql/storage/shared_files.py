"""Short stretches of files that many symbols share: what lies together is decoded once for neighbours asked for in turn."""

from __future__ import annotations

import functools
import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.limits import LIVE_GROUP_ROWS
from tapeql.storage.files import read_file
from tapeql.storage.schema import TABLES, Table

_KEPT_GROUPS: Final = 16
_KEPT_FOOTERS: Final = 64
_SHORT: Final = 2 * LIVE_GROUP_ROWS

Identity = tuple[int, int, int]
"""Inode, time and size: a file made anew under the same name is another one."""


def read_stretch(
    path: Path, table: Table, columns: Sequence[str], first_row: int, count: int, spelled: bool
) -> pa.Table:
    """As `read_file`, for a stretch of a shared file. Raises StoreError."""
    if count > _SHORT:
        return read_file(path, table, columns, first_row, count, spelled)
    try:
        found = os.stat(path)
        identity = (found.st_ino, found.st_mtime_ns, found.st_size)
        starts = _group_starts(str(path), identity)
    except (OSError, pa.ArrowException):
        return read_file(path, table, columns, first_row, count, spelled)  # says what is wrong
    group = bisect_right(starts, first_row) - 1
    start, end = starts[group], starts[group + 1]
    if first_row + count > end or end - start > _SHORT:
        return read_file(path, table, columns, first_row, count, spelled)
    rows = _group(str(path), identity, table.name, tuple(columns), start, end - start, spelled)
    return rows.slice(first_row - start, count)


@functools.lru_cache(_KEPT_FOOTERS)
def _group_starts(path: str, identity: Identity) -> tuple[int, ...]:
    """The first row of each row group, and the end of the last."""
    footer = pq.read_metadata(path)
    starts = [0]
    for group in range(footer.num_row_groups):
        starts.append(starts[-1] + footer.row_group(group).num_rows)
    return tuple(starts)


@functools.lru_cache(_KEPT_GROUPS)
def _group(
    path: str, identity: Identity, table: str, columns: tuple[str, ...], start: int, count: int, spelled: bool
) -> pa.Table:
    return read_file(Path(path), TABLES[table], columns, start, count, spelled)
