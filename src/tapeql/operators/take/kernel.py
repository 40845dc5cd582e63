"""Rows counted as they come."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.operators.take import Take


def finish(step: Take, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    limit = step.limit
    return (_last if limit.last else _taken)(batches, limit.rows, step.groups)


def _taken(batches: Iterable[pa.RecordBatch], rows: int, per: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    if not per:
        left = rows
        for batch in batches:
            if left <= 0:
                return
            piece = batch.slice(0, left)
            left -= piece.num_rows
            yield piece
        return
    taken: dict[tuple[str, ...], int] = {}
    for batch in batches:
        keys = list(zip(*(batch.column(name).to_pylist() for name in per), strict=True))
        keep = np.zeros(len(keys), dtype=np.bool_)
        for row, key in enumerate(keys):
            count = taken.get(key, 0)
            keep[row] = count < rows
            taken[key] = count + 1
        kept = batch.filter(arrow.mask(keep))
        if kept.num_rows:
            yield kept


def _last(batches: Iterable[pa.RecordBatch], rows: int, per: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """The last rows of all, or of each group (whose rows may lie anywhere), in the order they come in."""
    if rows == 0:
        return
    if not per:
        kept: deque[pa.RecordBatch] = deque()
        held = 0
        for batch in batches:
            kept.append(batch)
            held += batch.num_rows
            while held - kept[0].num_rows >= rows:
                held -= kept.popleft().num_rows
        for n, batch in enumerate(kept):
            yield batch.slice(held - rows) if n == 0 and held > rows else batch
        return
    whole = list(batches)
    keys = [list(zip(*(batch.column(name).to_pylist() for name in per), strict=True)) for batch in whole]
    left = Counter(key for batch in keys for key in batch)
    for batch, names in zip(whole, keys, strict=True):
        keep = np.zeros(len(names), dtype=np.bool_)
        for row, key in enumerate(names):
            keep[row] = left[key] <= rows
            left[key] -= 1
        kept_rows = batch.filter(arrow.mask(keep))
        if kept_rows.num_rows:
            yield kept_rows
