"""Which bar of a grid a stretch of time lies in: a stored candle, cut at the edges of its market."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import Grid, Instants


class Placed(NamedTuple):
    """For each stretch the first instant of it that lies in a bar and the segment there (-1: none).

    opening, closing   of the bar there, or of the first and the last where `crosses`: the stretch goes on into another
    """

    at: Instants
    segment: npt.NDArray[np.int64]
    crosses: npt.NDArray[np.bool_]
    opening: Instants
    closing: Instants


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
        return Placed(start, np.full(len(start), -1), np.zeros(len(start), np.bool_), start, start)
    first = np.searchsorted(grid.end, start, side="right")  # the first segment that ends after the start
    last = np.searchsorted(grid.start, end) - 1  # the last that starts before the end
    some = first <= last
    first, last = np.minimum(first, count - 1), np.maximum(last, 0)
    at = np.maximum(start, grid.start[first])
    final = np.minimum(end, grid.end[last]) - 1
    opening, final_opening = opening_of(grid, first, at), opening_of(grid, last, final)
    closing = closing_of(grid, last, final_opening)
    return Placed(at, np.where(some, first, -1), some & (opening != final_opening), opening, closing)
