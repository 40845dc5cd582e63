"""One row a session, looked up by date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tapeql.kernels.attaching import feed_of, matching, no_bars, picked
from tapeql.kernels.bars import bar_frames, grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector, constant, join
from tapeql.kernels.series import Series
from tapeql.operators.quote_means import QuoteMeans
from tapeql.operators.quote_means.kernel import run as quote_means
from tapeql.operators.session_measures import SessionMeasures
from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars, Feed, Rows


def run(step: SessionMeasures, series: Series, context: Context) -> Iterator[Frame]:
    """Rows with the measures of one session of their date, seen once that session has closed."""
    own = feed_of(step.bars, series.feed)
    sessions = _sessions(step.bars, own, step.measures, context)
    known_at = sessions["ts_close"].values
    for frame in series.frames:
        found = matching(sessions, frame, None if _is_day(series.rows) else known_at)
        yield frame.with_columns({f"{step.session}.{name}": picked(sessions[name], found) for name in step.measures})


def _is_day(rows: Rows) -> bool:
    return isinstance(rows, Bars) and rows.interval.is_calendar


def _sessions(bars: Bars, feed: Feed, measures: Sequence[str], context: Context) -> Frame:
    """One row a session of the feed's range, whether it has trades or not: ts, ts_close, session_date, measures."""
    grid = grid_of(bars, feed)
    opens, where = np.unique(grid.origin, return_index=True)
    frame = Frame(
        len(opens),
        {
            "ts": Vector(Type.INSTANT, opens),
            "ts_close": Vector(Type.INSTANT, grid.limit[where]),
            "session_date": Vector(Type.DATE, grid.session_date[where]),
        },
    )
    from_quotes = [name for name in measures if name in QUOTE_MEASURES]
    if from_quotes and frame.length:
        step = QuoteMeans(tuple(from_quotes))
        (frame,) = quote_means(step, Series(bars, feed, iter([frame])), context)
    elif from_quotes:
        frame = frame.with_columns({name: constant(None, Type.FLOAT, 0) for name in from_quotes})
    from_bars = [name for name in measures if name not in QUOTE_MEASURES]
    if from_bars:
        known = list(bar_frames(bars, feed, context))
        whole = join(known) if known else no_bars()
        at = np.searchsorted(whole["ts"].values, opens)
        found = np.where(np.isin(opens, whole["ts"].values), at, -1)
        frame = frame.with_columns({name: picked(whole[name], found) for name in from_bars})
    return frame
