"""One stable sort of the whole result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.kernels.context import Context
from tapeql.kernels.gathering import gathered
from tapeql.operators.sort import Sort
from tapeql.query.nodes import Column


def finish(step: Sort, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    """Stable, NULLs last in both directions: rows come in (exchange, symbol, ts, seq) order, so ties keep it."""
    whole = gathered(batches, "ORDER BY", context.memory)
    if not whole:
        return
    table = pa.Table.from_batches(whole)
    keys = []
    for key in step.keys:
        assert isinstance(key.expr, Column), "a plan projects its keys before it sorts"
        keys.append((key.expr.name, "descending" if key.descending else "ascending", "at_end"))
    order = pc.sort_indices(table, sort_keys=keys)
    yield from table.take(order).combine_chunks().to_batches()
