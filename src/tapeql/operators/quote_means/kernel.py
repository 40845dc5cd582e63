"""Quotes between the edges of bars."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import Grid
from tapeql.kernels.bars import grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.quotes import Slots, time_weighted
from tapeql.kernels.series import Series
from tapeql.operators.quote_means import QuoteMeans
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars

Instants = npt.NDArray[np.int64]


def run(step: QuoteMeans, series: Series, context: Context) -> Iterator[Frame]:
    """Bars with the time-weighted means of the quotes that stood in them."""
    assert isinstance(series.rows, Bars)
    grid = grid_of(series.rows, series.feed)
    for frame in series.frames:
        passed = np.minimum(frame["ts_close"].values, context.now_us)  # what stands in time to come is not known
        slots = _slots(grid, frame["ts"].values, np.maximum(passed, frame["ts"].values))
        means = time_weighted(step.measures, slots, frame.length, series.feed, context)
        yield frame.with_columns({name: Vector(Type.FLOAT, values) for name, values in means.items()})


def _slots(grid: Grid, ts: Instants, ts_close: Instants) -> Slots:
    """The pieces of each bar: its time in each segment of the grid."""
    first = np.searchsorted(grid.end, ts, side="right")
    pieces = np.searchsorted(grid.start, ts_close) - first
    row = np.repeat(np.arange(len(ts)), pieces)
    segment = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start, end = np.maximum(ts[row], grid.start[segment]), np.minimum(ts_close[row], grid.end[segment])
    return Slots(start, end, grid.market_open[segment], row)
