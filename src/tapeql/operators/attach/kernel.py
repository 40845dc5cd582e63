"""Bars of dates, looked up by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tapeql.kernels.attaching import feed_of, matching, picked
from tapeql.kernels.bars import bar_frames, grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate
from tapeql.kernels.frame import Frame, Vector, constant, join
from tapeql.kernels.series import Series
from tapeql.operators.attach import Attach
from tapeql.operators.compute.kernel import computed
from tapeql.operators.compute.lifting import split_windows
from tapeql.operators.quote_means import QuoteMeans
from tapeql.operators.quote_means.kernel import run as quote_means
from tapeql.query.nodes import Column, Type
from tapeql.rows.nodes import Bars, Feed


@dataclass(frozen=True, slots=True)
class _Known:
    """Bars of dates, and what is measured of each."""

    dates: Frame
    values: Mapping[str, Vector]


def run(step: Attach, series: Series, context: Context) -> Iterator[Frame]:
    """Rows with the measures of their date, as far as they are known by then."""
    feed = feed_of(step.bars, series.feed)
    known = [of(step, feed, context) for of, asked in ((_bars, step.from_bars), (_quotes, step.means)) if asked]
    always = isinstance(series.rows, Bars) and series.rows.interval.is_calendar
    for frame in series.frames:
        more = {m.name: constant(None, m.expr.type, frame.length) for m in step.measures}
        for own in known:
            if own.dates.length:
                found = matching(own.dates, frame, None if always else own.dates[step.seen_from].values)
                more |= {name: picked(values, found) for name, values in own.values.items()}
        yield frame.with_columns(more)


def _bars(step: Attach, feed: Feed, context: Context) -> _Known:
    """Expressions over the bars there are."""
    frames = list(bar_frames(step.bars, feed, context))
    if not frames:
        return _Known(Frame(0, {}), {})
    windows, columns = split_windows(step.from_bars)
    whole = join(frames)
    for compute in windows:
        whole = join(list(computed(compute, feed, iter([whole]), context)))
    return _Known(whole, {column.name: evaluate(column.expr, whole) for column in columns})


def _quotes(step: Attach, feed: Feed, context: Context) -> _Known:
    """Means over every session of the feed's range, whether it has trades or not."""
    grid = grid_of(step.bars, feed)
    opens, where = np.unique(grid.origin, return_index=True)
    dates = Frame(
        len(opens),
        {
            "ts": Vector(Type.INSTANT, opens),
            "ts_close": Vector(Type.INSTANT, grid.limit[where]),
            "session_date": Vector(Type.DATE, grid.session_date[where]),
        },
    )
    if not dates.length:
        return _Known(dates, {})
    names = {m.expr.name: m.name for m in step.means if isinstance(m.expr, Column)}
    (with_means,) = quote_means(QuoteMeans(tuple(names)), Series(step.bars, feed, iter([dates])), context)
    return _Known(dates, {name: with_means[mean] for mean, name in names.items()})
