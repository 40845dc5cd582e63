"""SHOW symbols: what is stored of each symbol; `start` and `end` are the first and the last row's `ts`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from tapeql import calendars
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row
from tapeql.serve.statements.show import Shown
from tapeql.storage.schema import OHLCV, QUOTES, TICKS, TS
from tapeql.storage.snapshot import Part

COLUMNS: Final = pa.schema(
    [
        ("exchange", pa.string()),
        ("symbol", pa.string()),
        ("calendar", pa.string()),
        ("trades", pa.int64()),
        ("quotes", pa.int64()),
        ("candles", pa.string()),
        ("start", TS),
        ("end", TS),
    ]
)


def rows(task: Task, planner: Planner) -> Iterator[Row]:
    snapshot = planner.stored()
    for venue, code in snapshot.symbols():
        trades, quotes = (snapshot.parts(t.name, venue, code) for t in (TICKS, QUOTES))
        intervals = snapshot.intervals(venue, code)
        candles = [p for i in intervals for p in snapshot.parts(OHLCV.name, venue, code, i)]
        counts = (sum(p.rows for p in parts) for parts in (trades, quotes))
        ends = ends_of([*trades, *quotes, *candles])
        yield (venue, code, calendars.calendar_of(venue), *counts, " ".join(intervals), *ends)


def ends_of(parts: Sequence[Part]) -> tuple[int | None, int | None]:
    return min((p.min_us for p in parts), default=None), max((p.max_us for p in parts), default=None)


SHOWN: Final = Shown(COLUMNS, rows)
