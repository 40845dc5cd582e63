"""Rows against the spans of sessions."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql import calendars
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.series import Series
from tapeql.operators.session_flags import SessionFlags
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars


def run(step: SessionFlags, series: Series, context: Context) -> Iterator[Frame]:
    """Rows with a boolean for each session word."""
    calendar, reference = series.feed.calendar, series.rows.reference
    for frame in series.frames:
        start = frame["ts"].values
        end = frame["ts_close"].values if isinstance(series.rows, Bars) else None
        yield frame.with_columns(
            {
                flag.key: Vector(Type.BOOL, calendars.in_session(calendar, reference, flag.name, start, end))
                for flag in step.flags
            }
        )
