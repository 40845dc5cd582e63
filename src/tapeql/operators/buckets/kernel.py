"""Stretches of the grid: their few edges are looked up among the rows, or the rows among the segments."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import Grid, Instants
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.labels import placed, runs
from tapeql.kernels.series import Series
from tapeql.operators.buckets import CLOSING, OPENING, Buckets
from tapeql.query.nodes import Type


def run(step: Buckets, series: Series, context: Context) -> Iterator[Frame]:
    rows, feed = series.rows, series.feed
    grid = calendars.build_grid(
        feed.calendar,
        step.interval,
        feed.start_us,
        feed.end_us,
        zone=rows.zone,
        reference=rows.reference,
        sessions=rows.sessions,
        align=step.align,
        dates=feed.dates,
    )
    for frame in series.frames:
        context.cancel.check()
        if frame.length:
            inside, opening, closing = _bars(grid, frame["ts"].values)
            if not inside.all():
                frame, opening, closing = frame.take(inside), opening[inside], closing[inside]
            yield frame.with_columns(
                {OPENING.name: Vector(Type.INSTANT, opening), CLOSING.name: Vector(Type.INSTANT, closing)}
            )


def _bars(grid: Grid, ts: Instants) -> tuple[npt.NDArray[np.bool_], Instants, Instants]:
    """Whether a bar holds each of some sorted instants, when it opens, and when it closes."""
    steps = grid.step[grid.step > 0]
    if len(steps) and (ts[-1] - ts[0]) // steps.min() > len(ts):  # more bars than rows
        segment = placed(ts, grid.start, grid.end)
        opening = calendars.opening_of(grid, segment, ts)
        return segment >= 0, opening, calendars.closing_of(grid, segment, opening)
    bars = calendars.edges(grid, int(ts[0]), int(ts[-1]) + 1)
    number, rows = runs(ts, bars.slot_start, bars.slot_end)
    opening, closing = (np.repeat(np.append(of, 0)[number], rows) for of in (bars.bar_open, bars.bar_close))
    return np.repeat(number >= 0, rows), opening, closing
