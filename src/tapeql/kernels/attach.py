"""Columns attached to rows by instant or by session date: quote means, session measures, day measures, flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.bars import bar_frames, grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate
from tapeql.kernels.frame import Frame, Vector, constant, join
from tapeql.kernels.quotes import Slots, time_weighted
from tapeql.plan.nodes import DayMeasures, QuoteMeans, SessionFlags, SessionMeasures
from tapeql.query.columns import BAR, QUOTE_MEASURES
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars, Feed, Rows

Instants = npt.NDArray[np.int64]


def with_quote_means(
    step: QuoteMeans, bars: Bars, feed: Feed, context: Context, frames: Iterator[Frame]
) -> Iterator[Frame]:
    """Bars with the time-weighted means of the quotes that stood in them."""
    grid = grid_of(bars, feed)
    for frame in frames:
        passed = np.minimum(frame["ts_close"].values, context.now_us)  # what stands in time to come is not known
        slots = _slots(grid, frame["ts"].values, np.maximum(passed, frame["ts"].values))
        means = time_weighted(step.measures, slots, frame.length, feed, context)
        yield frame.with_columns({name: Vector(Type.FLOAT, values) for name, values in means.items()})


def _slots(grid: Grid, ts: Instants, ts_close: Instants) -> Slots:
    """The pieces of each bar: its time in each segment of the grid."""
    first = np.searchsorted(grid.end, ts, side="right")
    pieces = np.searchsorted(grid.start, ts_close) - first
    row = np.repeat(np.arange(len(ts)), pieces)
    segment = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start, end = np.maximum(ts[row], grid.start[segment]), np.minimum(ts_close[row], grid.end[segment])
    return Slots(start, end, grid.market_open[segment], row)


def with_session_measures(
    step: SessionMeasures, rows: Rows, feed: Feed, context: Context, frames: Iterator[Frame]
) -> Iterator[Frame]:
    """Rows with the measures of one session of their date, seen once that session has closed."""
    own = _feed_of(step.bars, feed)
    sessions = _sessions(step.bars, own, step.measures, context)
    known_at = sessions["ts_close"].values
    for frame in frames:
        found = _matching(sessions, frame, None if _is_day(rows) else known_at)
        yield frame.with_columns({f"{step.session}.{name}": _picked(sessions[name], found) for name in step.measures})


def with_day_measures(step: DayMeasures, feed: Feed, context: Context, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Rows with expressions over the bars of days, seen from the day's opening on."""
    from tapeql.kernels.windows import computed
    from tapeql.plan.rules.lift_windows import split_windows

    days = list(bar_frames(step.bars, _feed_of(step.bars, feed), context))
    whole = join(days) if days else _empty()
    windows, columns = split_windows(step.columns)
    if whole.length:
        for compute in windows:
            whole = join(list(computed(compute, iter([whole]), context)))
    values = {c.name: evaluate(c.expr, whole) for c in columns} if whole.length else {}
    for frame in frames:
        found = _matching(whole, frame, whole["ts"].values)
        yield frame.with_columns(
            {
                c.name: _picked(values[c.name], found) if values else constant(None, Type.FLOAT, frame.length)
                for c in step.columns
            }
        )


def with_session_flags(step: SessionFlags, rows: Rows, feed: Feed, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Rows with a boolean for each session word: the row lies wholly inside such a session."""
    for frame in frames:
        start = frame["ts"].values
        end = frame["ts_close"].values if isinstance(rows, Bars) else None
        yield frame.with_columns(
            {
                f"in.{name}": Vector(Type.BOOL, calendars.in_session(feed.calendar, rows.reference, name, start, end))
                for name in step.sessions
            }
        )


def _is_day(rows: Rows) -> bool:
    return isinstance(rows, Bars) and rows.interval.is_calendar


def _feed_of(bars: Bars, feed: Feed) -> Feed:
    return next(f for f in bars.feeds if f.symbol == feed.symbol)


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
        (frame,) = with_quote_means(step, bars, feed, context, iter([frame]))
    elif from_quotes:
        frame = frame.with_columns({name: constant(None, Type.FLOAT, 0) for name in from_quotes})
    from_bars = [name for name in measures if name not in QUOTE_MEASURES]
    if from_bars:
        known = list(bar_frames(bars, feed, context))
        whole = join(known) if known else _empty()
        at = np.searchsorted(whole["ts"].values, opens)
        found = np.where(np.isin(opens, whole["ts"].values), at, -1)
        frame = frame.with_columns({name: _picked(whole[name], found) for name in from_bars})
    return frame


def _matching(days: Frame, frame: Frame, known_at: Instants | None) -> npt.NDArray[np.intp]:
    """For each row of the frame, the row of `days` with its session date, known by then; -1 where there is none."""
    dates: Instants = days["session_date"].values
    if len(dates) == 0:
        return np.full(frame.length, -1)
    wanted = np.where(frame["session_date"].is_valid, frame["session_date"].values, NO_DATE)
    index = np.minimum(np.searchsorted(dates, wanted), len(dates) - 1)
    found = dates[index] == wanted
    if known_at is not None:
        found &= known_at[index] <= frame["ts"].values
    return np.where(found, index, -1)


def _picked(vector: Vector, index: npt.NDArray[np.intp]) -> Vector:
    """Rows by index; NULL for -1."""
    there = index >= 0
    if len(vector) == 0:
        return constant(None, vector.type, len(index))
    taken = vector.take(np.maximum(index, 0))
    if vector.type is Type.FLOAT:
        return Vector(vector.type, np.where(there, taken.values, np.nan))
    return Vector(vector.type, taken.values, taken.is_valid & there)


def _empty() -> Frame:
    return Frame(0, {name: constant(None, type, 0) for name, type in BAR.items()})
