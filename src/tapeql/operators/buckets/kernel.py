"""Stretches of the grid by a search among its segments."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql import calendars
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.labels import placed
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
        segment = placed(frame["ts"].values, grid.start, grid.end)
        if (segment < 0).any():
            frame, segment = frame.take(segment >= 0), segment[segment >= 0]
        if frame.length:
            opening = calendars.opening_of(grid, segment, frame["ts"].values)
            closing = calendars.closing_of(grid, segment, opening)
            yield frame.with_columns(
                {OPENING.name: Vector(Type.INSTANT, opening), CLOSING.name: Vector(Type.INSTANT, closing)}
            )
