"""Bars from sorted trades or finer candles on a grid of instants.

    trades of a file ─▶ pieces between slot edges ─▶ parts of bars ─▶ parts of one bar merged ─▶ frames of bars

A bar may be cut by the end of a file or lie in several slots (a week of sessions); its parts are merged in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow, calendars, limits, tapes
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite, passes
from tapeql.kernels.frame import Frame, Vector, constant, from_arrow, same
from tapeql.kernels.labels import placed, runs, session_vector
from tapeql.kernels.parts import with_labels
from tapeql.kernels.slots import Pieces
from tapeql.query.columns import TICK
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Type
from tapeql.query.rewriting import column_names
from tapeql.rows.days import day_grid, placed_days
from tapeql.rows.nesting import cut_to, interval_us, is_daily, stamped_before
from tapeql.rows.nodes import Bars, Feed, Source, Ticks

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Parts:
    """Parts of bars in order of time; a bar's parts are neighbours.

    ts, ts_close, session_date   int64, as in frames (NO_DATE for none)
    open, high, low, close       NaN where no trade of the part decides them
    volume                       NaN where no candle of the part says it
    notional                     Σ price·quantity of the trades that count for volume
    cheapest, dearest            extremes of the prices in it, NaN where there are none
    trades                       how many count for volume; NaN where a candle does not say
    quiet                        only candles in which nothing traded: their prices count where there are no others
    whole                        each is a bar by itself, of which no other part holds a piece
    """

    ts: Instants
    ts_close: Instants
    session_date: Instants
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    notional: Floats
    cheapest: Floats
    dearest: Floats
    trades: Floats
    quiet: Bools
    whole: bool = False

    def __len__(self) -> int:
        return len(self.ts)

    def __getitem__(self, rows: Any) -> Parts:
        return replace(self, **{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = tuple(field.name for field in fields(Parts) if field.name != "whole")


def bar_frames(bars: Bars, feed: Feed, context: Context, wanted: frozenset[str] | None = None) -> Iterator[Frame]:
    """The bars of one symbol that open in the feed's range, some thousand at a time.

    Only columns that are `wanted` are read of candles and told, besides `ts`; None wants all.
    """
    low, high = calendars.widened(feed.start_us, feed.end_us)
    grid = grid_of(bars, replace(feed, start_us=low, end_us=high))  # which thousands of symbols share
    for parts in _whole_bars(_parts(bars, feed, grid, context, wanted)):
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


class Cuts(NamedTuple):
    """Where rows change their bar: rows [first, last) lie in the bar [open, close), in one segment of the grid."""

    first: npt.NDArray[np.intp]
    last: npt.NDArray[np.intp]
    open: Instants
    close: Instants
    segment: npt.NDArray[np.int64]


_SEARCHING = 32
"""To look an edge up among rows costs as much as to find the slot of so many rows."""


def cut(grid: Grid, ts: Instants) -> Cuts:
    """Sorted instants cut at the edges of the grid; rows outside its segments are in no piece.

    Where slots are few, their edges are looked up among the rows; where they are many, rows tell where they begin.
    """
    steps = grid.step[grid.step > 0]
    if len(steps) and (int(ts[-1]) - int(ts[0])) // int(steps.min()) > len(ts) // _SEARCHING:
        return _cut_by_rows(grid, ts)
    return _cut_by_slots(grid, ts)


def _cut_by_slots(grid: Grid, ts: Instants) -> Cuts:
    start, end, opens, closes, segment = calendars.edges(grid, int(ts[0]), int(ts[-1]) + 1)
    first, last = np.searchsorted(ts, start), np.searchsorted(ts, end)
    some = last > first
    if some.all():
        return Cuts(first, last, opens, closes, segment)
    return Cuts(first[some], last[some], opens[some], closes[some], segment[some])


def _cut_by_rows(grid: Grid, ts: Instants) -> Cuts:
    """A piece begins with each row that lies in another bucket, or another segment, than the one before it."""
    each = int(grid.step.max())  # of all that have one; a segment without is shorter, so no bucket cuts it
    numbers, lengths = runs(ts, grid.start, grid.end)
    phases = np.unique(grid.origin % each)
    bucket = (ts - (phases[0] if len(phases) == 1 else np.repeat(grid.origin[numbers], lengths))) // each
    new = np.empty(len(ts) + 1, dtype=np.bool_)
    np.not_equal(bucket[1:], bucket[:-1], out=new[1:-1])
    new[np.cumsum(lengths)] = new[0] = True
    edges = np.flatnonzero(new)
    first, last = edges[:-1], edges[1:]
    segment = placed(ts[first], grid.start, grid.end)
    inside = segment >= 0
    if not inside.all():
        first, last, segment = first[inside], last[inside], segment[inside]
    origin, step, limit = grid.origin[segment], grid.step[segment], grid.limit[segment]
    opens = np.where(step > 0, origin + (ts[first] - origin) // each * each, origin)
    return Cuts(first, last, opens, np.where(step > 0, np.minimum(opens + each, limit), limit), segment)


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parts(bars: Bars, feed: Feed, grid: Grid, context: Context, wanted: frozenset[str] | None) -> Iterator[Parts]:
    for source in feed.sources:
        start, end = max(source.start_us, feed.start_us), min(source.end_us, feed.end_us)
        if start >= end:
            continue
        # rows of bars opening in the range: such bars may begin before it and end after it
        last = last_close(grid, end)
        found = (
            _tick_parts(bars, feed, grid, context, start, last)
            if source.table == "ticks"
            else _candle_parts(bars, feed, source, grid, context, start, last, wanted)
        )
        for parts in found:
            context.cancel.check()
            first, after = np.searchsorted(parts.ts, (start, end)).tolist()
            yield parts if after - first == len(parts) else parts[first:after]


def _tick_parts(bars: Bars, feed: Feed, grid: Grid, context: Context, start_us: int, end_us: int) -> Iterator[Parts]:
    venue, code = feed.symbol.venue, feed.symbol.code
    columns = ["ts", "price", "quantity"]
    if bars.ticks_where is not None:
        tested = column_names(bars.ticks_where) - set(columns)
        columns += [name for name in TICK if name in tested and name not in _LABELS]
    elif tapes.eligibility(venue) is not None:
        columns.append("conditions")
    for batch in context.scan("ticks", venue, code, start_us, end_us, columns):
        yield _from_ticks(bars, feed, grid, batch)


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
_LABELS = ("symbol", "exchange", "session", "session_date")


def _instants(column: pa.Array) -> Instants:
    return arrow.instants(column)


def _floats(column: pa.Array) -> Floats:
    return arrow.floats(column)


def _from_ticks(bars: Bars, feed: Feed, grid: Grid, batch: pa.RecordBatch) -> Parts:
    ts, price, quantity = _instants(batch.column(0)), _floats(batch.column(1)), _floats(batch.column(2))
    volume_counts = range_counts = ends_count = None
    if bars.ticks_where is not None:
        keep = passes(bars.ticks_where, tick_frame(bars, feed, batch))
        if not keep.all():
            ts, price, quantity = ts[keep], price[keep], quantity[keep]
    else:
        rules = tapes.eligibility(feed.symbol.venue)
        if rules is not None and batch.column(3).null_count < len(ts):  # where nothing is said, all count
            volume_counts, range_counts, ends_count = tapes.flags(rules, batch.column(3))
            keep = volume_counts | range_counts | ends_count
            if not keep.all():
                ts, price, quantity = ts[keep], price[keep], quantity[keep]
                volume_counts, range_counts, ends_count = volume_counts[keep], range_counts[keep], ends_count[keep]
    if len(ts) == 0:
        return _no_parts()
    first, last, opens, closes, segment = cut(grid, ts)
    pieces = Pieces(first, last, len(ts))
    high = low = price
    with np.errstate(over="ignore"):
        volume, notional = quantity, price * quantity
    if volume_counts is not None and not volume_counts.all():
        volume, notional = np.where(volume_counts, quantity, 0.0), np.where(volume_counts, notional, 0.0)
    if range_counts is not None and not range_counts.all():
        high = low = np.where(range_counts, price, np.nan)
    if ends_count is None or ends_count.all():
        opening, closing = price[first], price[last - 1]
    else:
        opening, closing = _first_and_last(price, ends_count, first, last)
    if volume_counts is None:
        trades = (last - first).astype(np.float64)
    else:
        trades = pieces.reduce(np.add, volume_counts.astype(np.float64))
    highest = pieces.reduce(np.fmax if high is not price else np.maximum, high)
    lowest = pieces.reduce(np.fmin if low is not price else np.minimum, low)
    cheapest, dearest = lowest, highest
    if volume_counts is not None and range_counts is not None and (volume_counts != range_counts).any():
        counted = np.where(volume_counts, price, np.nan)
        cheapest, dearest = pieces.reduce(np.fmin, counted), pieces.reduce(np.fmax, counted)
    return Parts(
        ts=opens,
        ts_close=closes,
        session_date=grid.session_date[segment],
        open=opening,
        high=highest,
        low=lowest,
        close=closing,
        volume=pieces.reduce(np.add, volume),
        notional=pieces.reduce(np.add, notional),
        cheapest=cheapest,
        dearest=dearest,
        trades=trades,
        quiet=np.zeros(len(opens), dtype=np.bool_),
    )


def _first_and_last(
    price: Floats, counts: npt.NDArray[np.bool_], first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """The first and the last price that counts in each piece, NaN where none does."""
    where = np.flatnonzero(counts)
    if len(where) == 0:
        return np.full(len(first), np.nan), np.full(len(first), np.nan)
    lowest, highest = np.searchsorted(where, first), np.searchsorted(where, last)
    some = highest > lowest
    opening = np.where(some, price[where[np.minimum(lowest, len(where) - 1)]], np.nan)
    closing = np.where(some, price[where[np.maximum(highest - 1, 0)]], np.nan)
    return opening, closing


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
        return _no_parts()
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
    opening, closing = _first_and_last_known(o, c, first, last)
    has_volume = volume > 0
    prices = np.where(has_volume, vwap, np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        notional = np.where(has_volume, vwap * volume, 0.0)
    unsaid = pieces.reduce(np.fmax, volume)
    return Parts(
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
    return Parts(ts, ts + step, dates, o, h, low, c, volume, notional, mean, mean, trades, quiet, whole=True)


def _stamped_on(ts: Instants, phase: int, step: int) -> bool:
    """Whether instants rise and are whole steps and a phase; most often each is a step behind the one before."""
    apart = np.diff(ts)
    if int(ts[0]) % step == phase and (apart == step).all():
        return True
    return bool((apart > 0).all() and (ts % step == phase).all())


def tick_frame(bars: Bars, feed: Feed, batch: pa.RecordBatch) -> Frame:
    """Trades as a frame for TICKS WHERE, with the labels the condition asks for."""
    assert bars.ticks_where is not None
    wanted = column_names(bars.ticks_where)
    names = [name for name in batch.schema.names if name in wanted or name == "ts"]
    columns = {name: from_arrow(batch.column(name), TICK[name]) for name in names}
    rows = batch.num_rows
    if "symbol" in wanted:
        columns["symbol"] = constant(feed.symbol.code, Type.STRING, rows)
    if "exchange" in wanted:
        columns["exchange"] = constant(feed.symbol.venue, Type.STRING, rows)
    instants = _instants(batch.column(0))
    if "session" in wanted:
        columns["session"] = session_vector(feed.calendar, bars.reference, instants, None)
    return with_labels(Frame(rows, columns), Ticks((), (), None, bars.zone, bars.reference), feed, bars.ticks_where)


def _no_parts() -> Parts:
    none, x = np.empty(0, dtype=np.int64), np.empty(0)
    return Parts(none, none, none, x, x, x, x, x, x, x, x, x, np.empty(0, dtype=np.bool_))


# ── whole bars ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _whole_bars(parts: Iterator[Parts]) -> Iterator[Parts]:
    """Merged parts, holding back the last bar until the next part shows that it is finished."""
    waiting: list[Parts] = []
    rows = 0
    for piece in parts:
        if len(piece) == 0:
            continue
        if waiting and waiting[-1].whole and piece.ts[0] > waiting[-1].ts[-1]:
            yield _merge(waiting)
            waiting, rows = [], 0
        waiting.append(piece)
        rows += len(piece)
        if rows >= limits.CHUNK_ROWS and not piece.whole:
            merged = _merge(waiting)
            yield merged[:-1]
            waiting, rows = [merged[-1:]], 1
    if waiting:
        yield _merge(waiting)


def _merge(pieces: Sequence[Parts]) -> Parts:
    parts = pieces[0]
    if parts.whole and len(pieces) == 1:
        return parts
    if len(pieces) > 1:
        joined: dict[str, Any] = {name: _joined([getattr(p, name) for p in pieces]) for name in _ARRAYS}
        parts = replace(parts, **joined, whole=False)
    new = np.empty(len(parts), dtype=np.bool_)
    new[:1] = True
    np.not_equal(parts.ts[1:], parts.ts[:-1], out=new[1:])
    if new.all():
        return parts
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(parts))
    quiet = np.logical_and.reduceat(parts.quiet, first)
    o, h, low, c = parts.open, parts.high, parts.low, parts.close
    if parts.quiet.any():
        counts = ~parts.quiet | np.repeat(quiet, last - first)
        o, h, low, c = (np.where(counts, prices, np.nan) for prices in (o, h, low, c))
    opening, closing = _first_and_last_known(o, c, first, last)
    unsaid = np.fmax.reduceat(parts.volume, first)
    volume = np.where(
        np.isnan(unsaid), np.nan, np.add.reduceat(np.nan_to_num(parts.volume, nan=0.0, posinf=np.inf), first)
    )
    return Parts(
        ts=parts.ts[first],
        ts_close=parts.ts_close[first],
        session_date=parts.session_date[first],
        open=opening,
        high=np.fmax.reduceat(h, first),
        low=np.fmin.reduceat(low, first),
        close=closing,
        volume=volume,
        notional=np.add.reduceat(parts.notional, first),
        cheapest=np.fmin.reduceat(parts.cheapest, first),
        dearest=np.fmax.reduceat(parts.dearest, first),
        trades=np.add.reduceat(parts.trades, first),
        quiet=quiet,
    )


def _joined(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """One after another; what was not read stays one value for all rows."""
    if any(array.strides[0] for array in arrays):
        return np.concatenate(arrays)
    return same(arrays[0][0], sum(map(len, arrays)), arrays[0].dtype)


def _first_and_last_known(
    opening: Floats, closing: Floats, first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    opens, _ = _first_and_last(opening, ~np.isnan(opening), first, last)
    _, closes = _first_and_last(closing, ~np.isnan(closing), first, last)
    return opens, closes


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
