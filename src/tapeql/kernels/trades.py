"""Trades that count for something, as arrays, and the parts of bars they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tapeql import arrow, tapes
from tapeql.calendars.grid import Grid
from tapeql.kernels.bar_parts import Bools, Floats, Instants, Parts, first_and_last
from tapeql.kernels.context import Context
from tapeql.kernels.cuts import Cuts
from tapeql.kernels.expressions import passes
from tapeql.kernels.frame import Frame, constant, from_arrow
from tapeql.kernels.labels import session_vector
from tapeql.kernels.parts import with_labels
from tapeql.kernels.slots import Pieces
from tapeql.query.columns import TICK
from tapeql.query.nodes import Type
from tapeql.query.rewriting import column_names
from tapeql.rows.nodes import Bars, Feed, Ticks

_LABELS = ("symbol", "exchange", "session", "session_date")


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades of one symbol in order of (ts, seq), and which of them count for volume, for high and low, and for open and
    close; None: all."""

    ts: Instants
    price: Floats
    quantity: Floats
    volume_counts: Bools | None = None
    range_counts: Bools | None = None
    ends_count: Bools | None = None

    def __len__(self) -> int:
        return len(self.ts)

    def __getitem__(self, rows: Any) -> Trades:
        """Rows by boolean mask or slice."""
        flags = (
            None if flag is None else flag[rows] for flag in (self.volume_counts, self.range_counts, self.ends_count)
        )
        return Trades(self.ts[rows], self.price[rows], self.quantity[rows], *flags)


def trades_in(bars: Bars, feed: Feed, context: Context, start_us: int, end_us: int) -> Iterator[Trades]:
    """The trades of a stretch of time that count for something, batch by batch; none is empty."""
    venue, code = feed.symbol.venue, feed.symbol.code
    for batch in context.scan("ticks", venue, code, start_us, end_us, _columns_for(bars, venue)):
        context.cancel.check()
        trades = _counted(bars, feed, batch)
        if len(trades):
            yield trades


def _columns_for(bars: Bars, venue: str) -> list[str]:
    """The stored columns that `_counted` needs, in order."""
    columns = ["ts", "price", "quantity"]
    if bars.ticks_where is not None:
        tested = column_names(bars.ticks_where) - set(columns)
        columns += [name for name in TICK if name in tested and name not in _LABELS]
    elif tapes.eligibility(venue) is not None:
        columns.append("conditions")
    return columns


def _counted(bars: Bars, feed: Feed, batch: pa.RecordBatch) -> Trades:
    """The trades of a batch that TICKS WHERE lets through, or without one those that their conditions let count."""
    ts, price, quantity = (
        arrow.instants(batch.column(0)),
        arrow.floats(batch.column(1)),
        arrow.floats(batch.column(2)),
    )
    trades = Trades(ts, price, quantity)
    if bars.ticks_where is not None:
        keep = passes(bars.ticks_where, tick_frame(bars, feed, batch))
    else:
        rules = tapes.eligibility(feed.symbol.venue)
        if rules is None or batch.column(3).null_count == len(ts):  # where nothing is said, all count
            return trades
        trades = Trades(ts, price, quantity, *tapes.flags(rules, batch.column(3)))
        keep = trades.volume_counts | trades.range_counts | trades.ends_count  # type: ignore[operator]
    return trades if keep.all() else trades[keep]


def parts_of(trades: Trades, cuts: Cuts, grid: Grid) -> Parts:
    """A part of a bar for each piece."""
    first, last, opens, closes, segment = cuts
    price, quantity = trades.price, trades.quantity
    volume_counts, range_counts, ends_count = trades.volume_counts, trades.range_counts, trades.ends_count
    pieces = Pieces(first, last, len(price))
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
        opening, closing = first_and_last(price, ends_count, first, last)
    if volume_counts is None:
        number = (last - first).astype(np.float64)
    else:
        number = pieces.reduce(np.add, volume_counts.astype(np.float64))
    highest = pieces.reduce(np.fmax if high is not price else np.maximum, high)
    lowest = pieces.reduce(np.fmin if low is not price else np.minimum, low)
    cheapest, dearest = lowest, highest
    if volume_counts is not None and range_counts is not None and (volume_counts != range_counts).any():
        counted = np.where(volume_counts, price, np.nan)
        cheapest, dearest = pieces.reduce(np.fmin, counted), pieces.reduce(np.fmax, counted)
    return Parts(
        bar=opens,
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
        trades=number,
        quiet=np.zeros(len(opens), dtype=np.bool_),
    )


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
    instants = arrow.instants(batch.column(0))
    if "session" in wanted:
        columns["session"] = session_vector(feed.calendar, bars.reference, instants, None)
    return with_labels(Frame(rows, columns), Ticks((), (), None, bars.zone, bars.reference), feed, bars.ticks_where)
