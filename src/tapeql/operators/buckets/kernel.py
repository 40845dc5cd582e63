"""Stretches of the grid, cut as bars are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapeql.kernels.bars import grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.cuts import cut
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.series import Series
from tapeql.operators.buckets import CLOSING, OPENING, Buckets
from tapeql.query.nodes import Type


def run(step: Buckets, series: Series, context: Context) -> Iterator[Frame]:
    grid = grid_of(step.bars(series.rows), series.feed)
    for frame in series.frames:
        context.cancel.check()
        if not frame.length:
            continue
        pieces = cut(grid, frame["ts"].values)
        rows = pieces.last - pieces.first
        if rows.sum() < frame.length:
            edges = np.zeros(frame.length + 1, np.int8)
            edges[pieces.first] += 1
            edges[pieces.last] -= 1
            frame = frame.take(np.cumsum(edges[:-1]) > 0)
        bars = {OPENING: pieces.open, CLOSING: pieces.close}
        yield frame.with_columns({c.name: Vector(Type.INSTANT, np.repeat(at, rows)) for c, at in bars.items()})
