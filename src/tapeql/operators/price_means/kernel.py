"""Prices between the edges of bars, weighted as quotes are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapeql.kernels.bars import grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.quotes import Quotes, mean_standing, slots_of
from tapeql.kernels.series import Series
from tapeql.kernels.trades import Trades, trades_in
from tapeql.operators.price_means import PriceMeans
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars, Feed


def run(step: PriceMeans, series: Series, context: Context) -> Iterator[Frame]:
    assert isinstance(series.rows, Bars)
    bars, feed = series.rows, series.feed
    grid = grid_of(bars, feed)
    for frame in series.frames:
        passed = np.minimum(frame["ts_close"].values, context.now_us)  # what stands in time to come is not known
        slots = slots_of(grid, frame["ts"].values, np.maximum(passed, frame["ts"].values))
        mean = mean_standing(lambda start, end: _prices(bars, feed, context, start, end), slots, frame.length)
        yield frame.with_columns({name: Vector(Type.FLOAT, mean) for name in step.measures})


def _prices(bars: Bars, feed: Feed, context: Context, start: int, end: int) -> Iterator[Quotes]:
    """Last prices from the one that stood at `start` on, as if bid and asked."""
    for trades in _trades(bars, feed, context, _last_before(bars, feed, context, start), end):
        yield Quotes(trades.ts, trades.price, trades.price)


def _trades(bars: Bars, feed: Feed, context: Context, start: int, end: int) -> Iterator[Trades]:
    for trades in trades_in(bars, feed, context, start, end):
        if trades.ends_count is not None:
            trades = trades[trades.ends_count]
        if len(trades):
            yield trades


def _last_before(bars: Bars, feed: Feed, context: Context, at_us: int) -> int:
    """The instant of the last trade at or before an instant; the instant itself where there is none."""
    parts = context.snapshot.parts("ticks", feed.symbol.venue, feed.symbol.code)
    first, high, width = min((part.min_us for part in parts), default=at_us), at_us + 1, DAY_US // 24
    while high > first:
        last = None
        for trades in _trades(bars, feed, context, high - width, high):
            last = int(trades.ts[-1])
        if last is not None:
            return last
        high, width = high - width, width * 4
    return at_us
