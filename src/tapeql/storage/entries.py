"""What a manifest says of the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tapeql.arrow import integers
from tapeql.storage.manifest import Entry
from tapeql.storage.merge import numbers
from tapeql.storage.rows import Ints, instants
from tapeql.storage.schema import Table
from tapeql.storage.staging import Place


def entries_of(
    table: Table, rows: pa.Table, places: Sequence[Place], starts: Sequence[int] | Ints, path: str
) -> list[Entry]:
    """An entry for each stretch of a file; each begins at its start and is sorted by (ts, seq)."""
    at = np.asarray(starts, np.int64)
    last = np.append(at[1:], rows.num_rows) - 1
    ts, seq = instants(rows), integers(rows.column("seq").combine_chunks())
    ids, _ = numbers(table, rows)
    lowest, highest = np.minimum.reduceat(ids, at), np.maximum.reduceat(ids, at)
    columns = (ts[at], ts[last], last + 1 - at, at, seq[last], lowest, highest)
    return [
        Entry(
            series,
            partition,
            path,
            min_us,
            max_us,
            count,
            first_row=first_row,
            last_seq=last_seq,
            min_id=low if low >= 0 else None,
            max_id=high if low >= 0 else None,
        )
        for (series, partition), min_us, max_us, count, first_row, last_seq, low, high in zip(
            places, *(column.tolist() for column in columns), strict=True
        )
    ]
