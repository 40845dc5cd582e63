"""Quotes between the edges of bars."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapeql.kernels.bars import grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.quotes import slots_of, time_weighted
from tapeql.kernels.series import Series
from tapeql.operators.quote_means import QuoteMeans
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars


def run(step: QuoteMeans, series: Series, context: Context) -> Iterator[Frame]:
    """Bars with the time-weighted means of the quotes that stood in them."""
    assert isinstance(series.rows, Bars)
    grid = grid_of(series.rows, series.feed)
    for frame in series.frames:
        passed = np.minimum(frame["ts_close"].values, context.now_us)  # what stands in time to come is not known
        slots = slots_of(grid, frame["ts"].values, np.maximum(passed, frame["ts"].values))
        means = time_weighted(step.measures, slots, frame.length, series.feed, context)
        yield frame.with_columns({name: Vector(Type.FLOAT, values) for name, values in means.items()})
