"""Cuts a stream of record batches into the sizes that travel well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from tapeql import limits


def cut(
    batches: Iterable[pa.RecordBatch],
    rows: int = limits.BATCH_ROWS,
    size_bytes: int = limits.MESSAGE_BYTES,
) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order: small batches joined, large ones sliced, none empty.

    No batch has more than `rows` rows or, as far as the mean size of its rows tells, `size_bytes` bytes. Two neighbours
    together have more: what fits only in part begins the next one, so that most rows are not copied.
    """
    waiting: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        room = min(rows, _rows_within(batch, size_bytes))
        if waiting and held + batch.num_rows > room:
            yield _join(waiting)
            waiting, held = [], 0
        while batch.num_rows > room:
            yield batch.slice(0, room)
            batch = batch.slice(room)
        if batch.num_rows:
            waiting.append(batch)
            held += batch.num_rows
    if waiting:
        yield _join(waiting)


def _rows_within(batch: pa.RecordBatch, size_bytes: int) -> int:
    fitting: int = size_bytes * batch.num_rows // max(batch.nbytes, 1)
    return max(1, fitting)


def _join(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)
