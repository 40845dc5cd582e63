"""Sorted instants cut where they change their bar."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import Grid
from tapeql.kernels.labels import placed, runs

Instants = npt.NDArray[np.int64]


class Cuts(NamedTuple):
    """Where rows change their bar: rows [first, last) lie in the bar [open, close), in one segment of the grid."""

    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    open: Instants
    close: Instants
    segment: npt.NDArray[np.int64]


_SEARCHING = 32
"""To look an edge up among rows costs as much as to find the slot of so many rows."""


def cut(grid: Grid, ts: Instants) -> Cuts:
    """Sorted instants cut at the edges of the grid; rows outside its segments are in no piece.

    Where slots are few, their edges are looked up among the rows; where they are many, rows tell where they begin.
    """
    steps = grid.step[grid.step > 0]
    if len(steps) and (int(ts[-1]) - int(ts[0])) // int(steps.min()) > len(ts) // _SEARCHING:
        return _cut_by_rows(grid, ts)
    return _cut_by_slots(grid, ts)


def _cut_by_slots(grid: Grid, ts: Instants) -> Cuts:
    start, end, opens, closes, segment = calendars.edges(grid, int(ts[0]), int(ts[-1]) + 1)
    first, last = np.searchsorted(ts, start), np.searchsorted(ts, end)
    some = last > first
    if some.all():
        return Cuts(first, last, opens, closes, segment)
    return Cuts(first[some], last[some], opens[some], closes[some], segment[some])


def _cut_by_rows(grid: Grid, ts: Instants) -> Cuts:
    """A piece begins with each row that lies in another bucket, or another segment, than the one before it."""
    each = int(grid.step.max())  # of all that have one; a segment without is shorter, so no bucket cuts it
    numbers, lengths = runs(ts, grid.start, grid.end)
    phases = np.unique(grid.origin % each)
    bucket = (ts - (phases[0] if len(phases) == 1 else np.repeat(grid.origin[numbers], lengths))) // each
    new = np.empty(len(ts) + 1, dtype=np.bool_)
    np.not_equal(bucket[1:], bucket[:-1], out=new[1:-1])
    new[np.cumsum(lengths)] = new[0] = True
    edges = np.flatnonzero(new)
    first, last = edges[:-1], edges[1:]
    segment = placed(ts[first], grid.start, grid.end)
    inside = segment >= 0
    if not inside.all():
        first, last, segment = first[inside], last[inside], segment[inside]
    origin, step, limit = grid.origin[segment], grid.step[segment], grid.limit[segment]
    opens = np.where(step > 0, origin + (ts[first] - origin) // each * each, origin)
    return Cuts(first, last, opens, np.where(step > 0, np.minimum(opens + each, limit), limit), segment)
