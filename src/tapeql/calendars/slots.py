"""The buckets of a grid laid out as arrays: where kernels cut their rows, and where FILL may put one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import NEVER, Grid, Instants


class Edges(NamedTuple):
    """Pieces of bars, one for each segment × bucket, sorted and disjoint; int64 µs, and the index of the segment.

    Rows of [slot_start, slot_end) belong to the bar [bar_open, bar_close). Pieces of one bar share `bar_open` and lie
    next to one another.
    """

    slot_start: Instants
    slot_end: Instants
    bar_open: Instants
    bar_close: Instants
    segment: npt.NDArray[np.int64]


class Slots(NamedTuple):
    """Bars an open market has room for, sorted by opening: [open, close) and the index of their first open segment."""

    open: Instants
    close: Instants
    segment: npt.NDArray[np.int64]


def edges(grid: Grid, low_us: int, high_us: int) -> Edges:
    """Every piece of a bar that intersects [low_us, high_us), uncut by that range."""
    first = int(np.searchsorted(grid.end, low_us, side="right"))
    last = int(np.searchsorted(grid.start, high_us))
    if first >= last or low_us >= high_us:
        return Edges(*[np.empty(0, dtype=np.int64)] * 5)
    chosen = slice(first, last)
    start, end, origin, step, limit = (
        field[chosen] for field in (grid.start, grid.end, grid.origin, grid.step, grid.limit)
    )
    stride = np.where(step == 0, 1, step)
    from_bucket = np.where(step == 0, 0, (np.maximum(start, low_us) - origin) // stride)
    to_bucket = np.where(step == 0, 0, (np.minimum(end, high_us) - 1 - origin) // stride)
    buckets = to_bucket - from_bucket + 1
    segment = np.repeat(np.arange(len(start)), buckets)
    nth = np.arange(len(segment)) - np.repeat(np.cumsum(buckets) - buckets, buckets)
    step, limit = step[segment], limit[segment]
    bar_open = origin[segment] + (from_bucket[segment] + nth) * step
    bar_close = np.where(step == 0, limit, np.minimum(bar_open + step, limit))
    return Edges(
        np.maximum(bar_open, start[segment]), np.minimum(bar_close, end[segment]), bar_open, bar_close, segment + first
    )


def slots(grid: Grid, start_us: int, end_us: int) -> Slots:
    """The bars that open in [start_us, end_us) and have a piece in an open market, each once.

    The segment given is the first of an open market; its `session_date` is the slot's.
    """
    if len(grid) == 0 or start_us >= end_us:
        return Slots(*[np.empty(0, dtype=np.int64)] * 3)
    units = (grid.step == 0) & (grid.origin < end_us)
    reach = max(end_us + int(grid.step.max()), int(grid.limit[units].max(initial=end_us)))
    pieces = edges(grid, start_us, reach)
    kept = (pieces.bar_open >= start_us) & (pieces.bar_open < end_us) & (grid.market_open[pieces.segment] != NEVER)
    opens, first = np.unique(pieces.bar_open[kept], return_index=True)
    return Slots(opens, pieces.bar_close[kept][first], pieces.segment[kept][first])
