"""FILL: a row for every empty slot of an open market, after the first bar."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql import calendars, limits
from tapeql.calendars.grid import NEVER, Grid
from tapeql.errors import LimitError
from tapeql.kernels.bars import bar_sessions, grid_of
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector, constant, join
from tapeql.kernels.gathering import gathered
from tapeql.kernels.series import Series
from tapeql.operators.fill import FillSlots
from tapeql.query.nodes import Fill, Type
from tapeql.rows.nodes import Bars, Feed

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


def run(step: FillSlots, series: Series, context: Context) -> Iterator[Frame]:
    assert isinstance(series.rows, Bars)
    frames = gathered(series.frames, "FILL", context.memory)
    return filled(step.fill, series.rows, series.feed, iter(frames), context.now_us)


def filled(fill: Fill, bars: Bars, feed: Feed, frames: Iterator[Frame], now_us: int) -> Iterator[Frame]:
    """The frames of one symbol with the holes between their bars filled."""
    known = list(frames)
    if not known:
        return
    rows = join(known)
    ts = rows["ts"].values
    grid = grid_of(bars, feed)
    end_us = min(feed.end_us, now_us)
    room = _room(grid, int(ts[0]), end_us)
    if room > limits.FILL_ROWS:
        raise LimitError(
            f"FILL would create {room:,} rows for {feed.symbol}, more than {limits.FILL_ROWS:,}", "FILL_ROWS"
        )
    opens, closes, segment = calendars.slots(grid, int(ts[0]), end_us)
    # A day follows a day, whatever closed in between; shorter bars are filled within one open market.
    markets = np.zeros_like(grid.market_open) if bars.interval.is_calendar else grid.market_open
    _, of_bars, of_slots = np.intersect1d(ts, opens, assume_unique=True, return_indices=True)
    bar_market = np.full(len(ts), NEVER)
    bar_market[of_bars] = markets[segment[of_slots]]
    opens, closes, segment = (np.delete(each, of_slots) for each in (opens, closes, segment))
    market = markets[segment]
    before = np.searchsorted(ts, opens) - 1
    keep = np.ones(len(opens), dtype=np.bool_)
    if fill.max_rows is not None and len(opens):
        keep &= _hole_lengths(before, market) <= fill.max_rows
    methods = dict(fill.methods)
    neighbours = {name: _Neighbours(rows[_source(name)].floats(), before) for name in methods}
    for name, method in methods.items():
        if method in ("previous", "linear"):
            keep &= neighbours[name].carry(bar_market, market, both_ways=method == "linear")
    opens, closes, segment = opens[keep], closes[keep], segment[keep]
    carried = {name: near.taken(keep) for name, near in neighbours.items()}
    new = _rows(methods, bars, feed, rows, opens, closes, grid.session_date[segment], carried, now_us)
    order = np.argsort(np.concatenate([ts, opens]), kind="stable")
    yield join([rows, new]).take(order)


def _room(grid: Grid, start_us: int, end_us: int) -> int:
    """How many slots open in a range, about; counted before they are made."""
    lengths = np.maximum(np.minimum(grid.end, end_us) - np.maximum(grid.start, start_us), 0)
    return int((lengths[grid.step > 0] // grid.step[grid.step > 0]).sum())


def _hole_lengths(before: Indices, market: npt.NDArray[np.int64]) -> Indices:
    """For each empty slot, how many slots its hole has."""
    new = np.ones(len(before), dtype=np.bool_)
    new[1:] = (before[1:] != before[:-1]) | (market[1:] != market[:-1])
    first = np.flatnonzero(new)
    lengths = np.diff(first, append=len(before))
    return np.repeat(lengths, lengths)


def _rows(
    methods: dict[str, str],
    bars: Bars,
    feed: Feed,
    known: Frame,
    opens: npt.NDArray[np.int64],
    closes: npt.NDArray[np.int64],
    dates: npt.NDArray[np.int64],
    carried: dict[str, _Neighbours],
    now_us: int,
) -> Frame:
    count = len(opens)
    ts = known["ts"].values
    columns = {
        "symbol": constant(feed.symbol.code, Type.STRING, count),
        "exchange": constant(feed.symbol.venue, Type.STRING, count),
        "interval": constant(bars.interval.text, Type.STRING, count),
        "ts": Vector(Type.INSTANT, opens),
        "ts_close": Vector(Type.INSTANT, closes),
        "session": bar_sessions(bars, feed, opens, closes),
        "session_date": Vector(Type.DATE, dates),
        "complete": Vector(Type.BOOL, closes <= now_us),
        "filled": constant(True, Type.BOOL, count),
    }
    for name in ("open", "high", "low", "close", "volume", "trades", "vwap"):
        source, near = known[_source(name)].floats(), carried[name]
        match methods[name]:
            case "previous":
                values = source[near.before]
            case "zero":
                values = np.zeros(count)
            case "linear":
                share = (opens - ts[near.before]) / (ts[near.after] - ts[near.before])
                values = source[near.before] + (source[near.after] - source[near.before]) * share
            case _:
                values = np.full(count, np.nan)
        columns[name] = _as_trades(values) if name == "trades" else Vector(Type.FLOAT, values)
    return Frame(count, columns)


def _source(column: str) -> str:
    """Prices are carried from the last close."""
    return "close" if column in ("open", "high", "low") else column


class _Neighbours:
    """For each empty slot the last bar before it that has a value, and the first after it; -1 for none."""

    def __init__(self, values: Floats, before: Indices) -> None:
        known = np.flatnonzero(~np.isnan(values))
        at = np.searchsorted(known, before, side="right")
        padded = np.concatenate([[-1], known, [-1]])
        self.before: Indices = padded[at]
        self.after: Indices = padded[at + 1]

    def carry(self, bar_market: Indices, market: Indices, both_ways: bool) -> npt.NDArray[np.bool_]:
        """The slots whose open market is their neighbour's, or both neighbours'."""
        same: npt.NDArray[np.bool_] = (self.before >= 0) & (bar_market[self.before] == market)
        if both_ways:
            same &= (self.after >= 0) & (bar_market[self.after] == market)
        return same

    def taken(self, keep: npt.NDArray[np.bool_]) -> _Neighbours:
        self.before, self.after = self.before[keep], self.after[keep]
        return self


def _as_trades(values: Floats) -> Vector:
    valid = ~np.isnan(values)
    return Vector(Type.INT, np.where(valid, np.rint(values), 0).astype(np.int64), None if valid.all() else valid)
