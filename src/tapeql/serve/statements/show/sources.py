"""SHOW sources: the tables that hold rows of each symbol; `start` and `end` are the first and the last row's `ts`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row
from tapeql.serve.statements.show import Shown
from tapeql.serve.statements.show.symbols import ends_of
from tapeql.storage.schema import OHLCV, QUOTES, TICKS, TS

COLUMNS: Final = pa.schema(
    [
        ("exchange", pa.string()),
        ("symbol", pa.string()),
        ("table", pa.string()),
        ("interval", pa.string()),
        ("parts", pa.int64()),
        ("rows", pa.int64()),
        ("start", TS),
        ("end", TS),
    ]
)


def rows(task: Task, planner: Planner) -> Iterator[Row]:
    snapshot = planner.stored()
    for venue, code in snapshot.symbols():
        kinds = [(TICKS.name, ""), (QUOTES.name, ""), *((OHLCV.name, i) for i in snapshot.intervals(venue, code))]
        for table, interval in kinds:
            parts = snapshot.parts(table, venue, code, interval)
            if parts:
                count = sum(p.rows for p in parts)
                yield (venue, code, table, interval or None, len(parts), count, *ends_of(parts))


SHOWN: Final = Shown(COLUMNS, rows)
