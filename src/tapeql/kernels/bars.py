"""Bars from sorted trades or finer candles on a grid of instants.

    trades of a file ─▶ pieces between slot edges ─▶ parts of bars ─▶ parts of one bar merged ─▶ frames of bars

A bar may be cut by the end of a file or lie in several slots (a week of sessions); its parts are merged in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tapeql import arrow, calendars, limits
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.activity import Cutting, cutting
from tapeql.kernels.bar_parts import Floats, Instants, Parts, first_and_last_known, merge, no_parts
from tapeql.kernels.context import Context
from tapeql.kernels.cuts import cut
from tapeql.kernels.expressions import finite
from tapeql.kernels.frame import Frame, Vector, constant, same
from tapeql.kernels.labels import runs, session_vector
from tapeql.kernels.slots import Pieces
from tapeql.kernels.trades import parts_of, trades_in
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Type
from tapeql.rows.days import day_grid, placed_days
from tapeql.rows.nesting import cut_to, interval_us, is_daily, stamped_before
from tapeql.rows.nodes import Bars, Feed, Source


def bar_frames(bars: Bars, feed: Feed, context: Context, wanted: frozenset[str] | None = None) -> Iterator[Frame]:
    """The bars of one symbol that open in the feed's range, some thousand at a time.

    Only columns that are `wanted` are read of candles and told, besides `ts`; None wants all.
    """
    low, high = calendars.widened(feed.start_us, feed.end_us)
    grid = grid_of(bars, replace(feed, start_us=low, end_us=high))  # which thousands of symbols share
    by = cutting(bars.interval, grid) if bars.interval.by else None
    for parts in _whole_bars(_parts(bars, feed, grid, context, wanted, by)):
        if by is not None:
            parts = by.finished(parts, context.now_us)
        if len(parts):
            yield _frame(bars, feed, parts, context.now_us, wanted)


def grid_of(bars: Bars, feed: Feed) -> Grid:
    """The grid of a feed over its whole range."""
    return calendars.build_grid(
        feed.calendar,
        bars.interval,
        feed.start_us,
        feed.end_us,
        zone=bars.zone,
        reference=bars.reference,
        sessions=bars.sessions,
        align=bars.align,
        dates=feed.dates,
    )


def last_close(grid: Grid, end_us: int) -> int:
    """Where the last bar that opens before `end_us` closes."""
    index = int(np.searchsorted(grid.start, end_us)) - 1
    if index < 0:
        return end_us
    step, limit = int(grid.step[index]), int(grid.limit[index])
    if step == 0:
        return max(limit, end_us)
    origin, last = int(grid.origin[index]), min(end_us, int(grid.end[index])) - 1
    return max(min(origin + (last - origin) // step * step + step, limit), end_us)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parts(
    bars: Bars, feed: Feed, grid: Grid, context: Context, wanted: frozenset[str] | None, by: Cutting | None
) -> Iterator[Parts]:
    for source in feed.sources:
        start, end = max(source.start_us, feed.start_us), min(source.end_us, feed.end_us)
        if start >= end:
            continue
        # rows of bars opening in the range: such bars may begin before it and end after it
        last = last_close(grid, end)
        found = (
            _tick_parts(bars, feed, grid, context, start if by is None else _anchor(grid, start), last, by)
            if source.table == "ticks"
            else _candle_parts(bars, feed, source, grid, context, start, last, wanted)
        )
        for parts in found:
            context.cancel.check()
            first, after = np.searchsorted(parts.ts, (start, end)).tolist()
            yield parts if after - first == len(parts) else parts[first:after]


def _tick_parts(
    bars: Bars, feed: Feed, grid: Grid, context: Context, start_us: int, end_us: int, by: Cutting | None
) -> Iterator[Parts]:
    for trades in trades_in(bars, feed, context, start_us, end_us):
        yield parts_of(trades, cut(grid, trades.ts), grid) if by is None else by.parts(trades)


def _anchor(grid: Grid, start_us: int) -> int:
    """Where the sequence began that an instant lies in."""
    index = int(np.searchsorted(grid.start, start_us, side="right")) - 1
    return start_us if index < 0 else min(start_us, int(grid.origin[index]))


def _candle_parts(
    bars: Bars,
    feed: Feed,
    source: Source,
    grid: Grid,
    context: Context,
    start_us: int,
    end_us: int,
    wanted: frozenset[str] | None,
) -> Iterator[Parts]:
    """Parts of bars from candles; `bare` ones come without their volume.

    It says whether a candle's prices count, which no one asks where each is a bar by itself.
    """

    def scan(names: Iterable[str], low_us: int, high_us: int) -> Iterator[pa.RecordBatch]:
        venue, code = feed.symbol.venue, feed.symbol.code
        return context.scan("ohlcv", venue, code, low_us, high_us, ("ts", *names), source.interval)

    names = [name for name in _CANDLE if wanted is None or name in wanted or name == "volume"]
    alike = not source.within and not is_daily(source.interval) and interval_us(source.interval) == bars.interval.us
    bare = alike and wanted is not None and wanted.isdisjoint(("volume", "vwap", "trades"))
    low, high = start_us - stamped_before(source.interval), end_us + (4 * DAY_US if is_daily(source.interval) else 0)
    for batch in scan([name for name in names if name != "volume"] if bare else names, low, high):
        ts = _instants(batch.column(0))
        parts = _as_they_are(grid, bars.interval.us, batch, ts, wanted) if alike else None
        if parts is not None:
            yield parts
        else:
            batches = scan(names, int(ts[0]), int(ts[-1]) + 1) if bare else [batch]
            yield from (_from_candles(bars, feed, grid, source, each) for each in batches)


_CANDLE = ("open", "high", "low", "close", "volume", "trades", "vwap")


def _instants(column: pa.Array) -> Instants:
    return arrow.instants(column)


def _floats(column: pa.Array) -> Floats:
    return arrow.floats(column)


def _from_candles(bars: Bars, feed: Feed, grid: Grid, source: Source, batch: pa.RecordBatch) -> Parts:
    ts = _instants(batch.column(0))
    if is_daily(source.interval):
        at, held = placed_days(day_grid(bars, feed, grid), bars, feed.calendar, source.interval, ts)
    else:
        cut_grid = cut_to(grid, feed.calendar, bars.reference, source.within)
        placed = calendars.place(cut_grid, ts, ts + interval_us(source.interval))
        at, held = placed.at, placed.segment >= 0
    if not held.all():
        batch, at = batch.filter(arrow.mask(held)), at[held]
    if len(at) == 0:
        return no_parts()
    first, last, opens, closes, segment = cut(grid, at)
    pieces = Pieces(first, last, len(at))
    unread = same(np.nan, len(at), np.float64)
    o, h, low, c, volume, trades, vwap = (
        _floats(batch.column(name)).astype(np.float64, copy=False) if name in batch.schema.names else unread
        for name in _CANDLE
    )
    quiet = volume == 0
    only_quiet = pieces.reduce(np.add, (~quiet).astype(np.float64)) == 0
    if quiet.any():
        counts = ~quiet | np.repeat(only_quiet, last - first)
        o, h, low, c = (np.where(counts, prices, np.nan) for prices in (o, h, low, c))
    opening, closing = first_and_last_known(o, c, first, last)
    has_volume = volume > 0
    prices = np.where(has_volume, vwap, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        notional = np.where(has_volume, vwap * volume, 0.0)
    unsaid = pieces.reduce(np.fmax, volume)
    return Parts(
        bar=opens,
        ts=opens,
        ts_close=closes,
        session_date=grid.session_date[segment],
        open=opening,
        high=pieces.reduce(np.fmax, h),
        low=pieces.reduce(np.fmin, low),
        close=closing,
        volume=np.where(np.isnan(unsaid), np.nan, pieces.reduce(np.add, np.nan_to_num(volume, nan=0.0, posinf=np.inf))),
        notional=pieces.reduce(np.add, notional),
        cheapest=pieces.reduce(np.fmin, prices),
        dearest=pieces.reduce(np.fmax, prices),
        trades=pieces.reduce(np.add, np.where(quiet & np.isnan(trades), 0.0, trades)),
        quiet=only_quiet,
    )


def _as_they_are(
    grid: Grid, step: int, batch: pa.RecordBatch, ts: Instants, wanted: frozenset[str] | None
) -> Parts | None:
    """Candles that are the bars asked for: on the very grid, each by itself. None where one of them is not."""
    numbers, lengths = runs(ts, grid.start, grid.end)
    held = lengths > 0
    segment, length = numbers[held], lengths[held]
    if (segment < 0).any() or (grid.step[segment] != step).any():
        return None
    last = np.cumsum(length) - 1
    if (ts[last] + step > np.minimum(grid.end, grid.limit)[segment]).any():
        return None
    phase = grid.origin[segment] % step
    if (phase != phase[0]).any() or not _stamped_on(ts, int(phase[0]), step):
        return None
    rows = len(ts)
    unread = same(np.nan, rows, np.float64)
    o, h, low, c, volume, trades, vwap = (
        _floats(batch.column(name)).astype(np.float64, copy=False) if name in batch.schema.names else unread
        for name in _CANDLE
    )
    quiet = volume == 0 if volume is not unread else same(False, rows, np.bool_)
    notional, mean = unread, unread
    if vwap is not unread:
        has_volume = volume > 0
        mean = np.where(has_volume, vwap, np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            notional = np.where(has_volume, vwap * volume, 0.0)
    if trades is not unread:
        trades = np.where(quiet & np.isnan(trades), 0.0, trades)
    dates = same(NO_DATE, rows, np.int64)
    if wanted is None or "session_date" in wanted:
        dates = np.repeat(grid.session_date[segment], length)
    return Parts(ts, ts, ts + step, dates, o, h, low, c, volume, notional, mean, mean, trades, quiet, whole=True)


def _stamped_on(ts: Instants, phase: int, step: int) -> bool:
    """Whether instants rise and are whole steps and a phase; most often each is a step behind the one before."""
    apart = np.diff(ts)
    if int(ts[0]) % step == phase and (apart == step).all():
        return True
    return bool((apart > 0).all() and (ts % step == phase).all())


# ── whole bars ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _whole_bars(parts: Iterator[Parts]) -> Iterator[Parts]:
    """Merged parts, holding back the last bar until the next part shows that it is finished."""
    waiting: list[Parts] = []
    rows = 0
    for piece in parts:
        if len(piece) == 0:
            continue
        if waiting and waiting[-1].whole and piece.ts[0] > waiting[-1].ts[-1]:
            yield merge(waiting)
            waiting, rows = [], 0
        waiting.append(piece)
        rows += len(piece)
        if rows >= limits.CHUNK_ROWS and not piece.whole:
            merged = merge(waiting)
            yield merged[:-1]
            waiting, rows = [merged[-1:]], 1
    if waiting:
        yield merge(waiting)


def _frame(bars: Bars, feed: Feed, parts: Parts, now_us: int, wanted: frozenset[str] | None) -> Frame:
    """The wanted columns of bars; each is made only if it is wanted."""
    rows = len(parts)
    make: dict[str, Callable[[], Vector]] = {
        "symbol": lambda: constant(feed.symbol.code, Type.STRING, rows),
        "exchange": lambda: constant(feed.symbol.venue, Type.STRING, rows),
        "interval": lambda: constant(bars.interval.text, Type.STRING, rows),
        "ts": lambda: Vector(Type.INSTANT, parts.ts),
        "ts_close": lambda: Vector(Type.INSTANT, parts.ts_close),
        "open": lambda: Vector(Type.FLOAT, finite(parts.open)),
        "high": lambda: Vector(Type.FLOAT, finite(parts.high)),
        "low": lambda: Vector(Type.FLOAT, finite(parts.low)),
        "close": lambda: Vector(Type.FLOAT, finite(parts.close)),
        "volume": lambda: Vector(Type.FLOAT, finite(parts.volume)),
        "trades": lambda: _trades(parts),
        "vwap": lambda: _vwap(parts),
        "session": lambda: bar_sessions(bars, feed, parts.ts, parts.ts_close),
        "session_date": lambda: _dates(parts),
        "complete": lambda: _complete(parts, now_us),
        "filled": lambda: constant(False, Type.BOOL, rows),
    }
    return Frame(
        rows, {name: made() for name, made in make.items() if wanted is None or name in wanted or name == "ts"}
    )


def _trades(parts: Parts) -> Vector:
    counted = ~np.isnan(parts.trades)
    numbers = np.where(counted, parts.trades, 0).astype(np.int64)
    return Vector(Type.INT, numbers, None if counted.all() else counted)


def _vwap(parts: Parts) -> Vector:
    with np.errstate(all="ignore"):
        vwap = np.where(parts.volume > 0, finite(parts.notional / parts.volume), np.nan)
        # a mean lies among what it is the mean of, whatever the last bit of a quotient says
        return Vector(Type.FLOAT, np.minimum(np.maximum(vwap, parts.cheapest), parts.dearest))


def _complete(parts: Parts, now_us: int) -> Vector:
    """Bars close in the order they open in."""
    if parts.ts_close[-1] <= now_us:
        return constant(True, Type.BOOL, len(parts))
    return Vector(Type.BOOL, parts.ts_close <= now_us)


def _dates(parts: Parts) -> Vector:
    dated = parts.session_date != NO_DATE
    return Vector(Type.DATE, parts.session_date, None if dated.all() else dated)


def bar_sessions(bars: Bars, feed: Feed, ts: Instants, ts_close: Instants) -> Vector:
    """The named session each bar lies wholly in; for calendar units the session they hold, if it is one."""
    if not bars.interval.is_calendar:
        return session_vector(feed.calendar, bars.reference, ts, ts_close)
    if len(bars.sessions) == 1:
        return constant(bars.sessions[0].name, Type.STRING, len(ts))
    whole = "regular" if not bars.sessions and not calendars.is_continuous(feed.calendar) else None
    return constant(whole, Type.STRING, len(ts))
