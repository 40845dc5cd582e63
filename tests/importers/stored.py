"""What a lake holds after an import, as plain rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tapeql.storage.lake import Lake
from tapeql.storage.schema import OHLCV, QUOTES, TICKS

KINDS = {"trades": TICKS, "quotes": QUOTES, "candles": OHLCV}

Row = Mapping[str, Any]
Series = tuple[str, str, str]
"""(kind, VENUE:CODE, interval)"""


def stored(lake: Lake) -> dict[Series, Sequence[Row]]:
    """All rows of all series in order, `ts` as UTC microseconds, without what is NULL or only the store's own."""
    if not lake.exists():
        return {}
    snapshot = lake.snapshot()
    found: dict[Series, Sequence[Row]] = {}
    for venue, code in snapshot.symbols():
        for kind, table in KINDS.items():
            for interval in snapshot.intervals(venue, code) if table is OHLCV else [""]:
                batches = snapshot.scan(table.name, venue, code, -(2**62), 2**62, table.schema.names, interval)
                rows = pa.Table.from_batches(batches, table.schema)
                rows = rows.set_column(0, "ts", rows["ts"].cast(pa.int64())).drop_columns("seq")
                if rows.num_rows:
                    found[kind, f"{venue}:{code}", interval] = in_order(
                        {name: value for name, value in row.items() if value is not None} for row in rows.to_pylist()
                    )
    return found


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By time, and rows of one instant the same way in whatever order they came."""
    return sorted(rows, key=lambda row: (row["ts"], repr(sorted(row.items()))))
