"""Reading ahead: the next rows are decoded while the caller works on the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pyarrow as pa

LARGE_ROWS: Final = 100_000
"""Fewer rows are decoded sooner than a thread is woken."""


def ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches; behind a large one the next is read in a thread of its own."""
    for batch in batches:
        yield batch
        if batch.num_rows >= LARGE_ROWS:
            break
    else:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch
