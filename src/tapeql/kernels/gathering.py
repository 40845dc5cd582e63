"""Rows that must be seen together, within the memory a query may use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from tapeql.errors import LimitError
from tapeql.kernels.frame import Frame

COPIES = 2
"""What is gathered is held once more while it is joined or put in order."""


def gathered(frames: Iterator[Frame], why: str, memory: int) -> list[Frame]:
    """All frames of a symbol. Raises LimitError where they need more bytes than a query may use."""
    found: list[Frame] = []
    held = 0
    for frame in frames:
        found.append(frame)
        held += frame.nbytes
        _check(held, why, memory)
    return found


def gathered_batches(batches: Iterable[pa.RecordBatch], why: str, memory: int) -> list[pa.RecordBatch]:
    """All batches of a result, with the same limit."""
    found: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        found.append(batch)
        held += batch.nbytes
        _check(held, why, memory)
    return found


def _check(held: int, why: str, memory: int) -> None:
    if COPIES * held > memory:
        raise LimitError(
            f"{why} needs more than {memory / (1 << 20):,.0f} MB at once: ask for a shorter range, fewer symbols or columns, "
            "or allow more with `SET memory`",
            "QUERY_MEMORY_BYTES",
        )
