"""Which bar of a grid a stretch of time lies in: a stored candle, cut at the edges of its market."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import Grid, Instants


class Placed(NamedTuple):
    """For each stretch: the first instant of it that lies in a bar, the segment there (-1: none), and whether it goes on
    into another bar."""

    at: Instants
    segment: npt.NDArray[np.int64]
    crosses: npt.NDArray[np.bool_]


def opening_of(grid: Grid, segment: npt.NDArray[np.int64], at: Instants) -> Instants:
    """When the bars open that hold the instants `at` of these segments."""
    origin, step = grid.origin[segment], grid.step[segment]
    return np.where(step > 0, origin + (at - origin) // np.maximum(step, 1) * step, origin)


def closing_of(grid: Grid, segment: npt.NDArray[np.int64], opening: Instants) -> Instants:
    """When the bars close that open at `opening` in these segments."""
    step, limit = grid.step[segment], grid.limit[segment]
    return np.where(step > 0, np.minimum(opening + step, limit), limit)


def place(grid: Grid, start: Instants, end: Instants) -> Placed:
    """Where the stretches [start, end) lie; sorted by start."""
    count = len(grid)
    if count == 0:
        return Placed(start, np.full(len(start), -1), np.zeros(len(start), np.bool_))
    first = np.searchsorted(grid.end, start, side="right")  # the first segment that ends after the start
    last = np.searchsorted(grid.start, end) - 1  # the last that starts before the end
    some = first <= last
    first, last = np.minimum(first, count - 1), np.maximum(last, 0)
    at = np.maximum(start, grid.start[first])
    final = np.minimum(end, grid.end[last]) - 1
    crosses = some & (opening_of(grid, first, at) != opening_of(grid, last, final))
    return Placed(at, np.where(some, first, -1), crosses)
