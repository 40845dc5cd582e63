"""Time-weighted means of quotes over slots of time, exact at every edge.

Between two quotes nothing changes, so a slot's integral is: the piece up to its first quote, whole lives of the quotes
inside, and the piece after its last one. Lives are summed, never differenced, so nothing cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow, calendars
from tapeql.calendars.grid import NEVER, Grid
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite
from tapeql.kernels.slots import piecewise
from tapeql.rows.nodes import Feed
from tapeql.storage.snapshot import Snapshot
from tapeql.tapes.consolidated import Book, Consolidated

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]


BLOCK_ROWS: Final = 1 << 15
"""Quotes worked on at a time: their arrays stay in the processor's cache from one pass to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Quotes:
    """Best bids and asks in order of (ts, seq)."""

    ts: Instants
    bid: Floats
    ask: Floats

    def __len__(self) -> int:
        return len(self.ts)


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Sorted, disjoint spans of time, each belonging to a row; `market_open`: earlier quotes do not prevail."""

    start: Instants
    end: Instants
    market_open: Instants
    row: npt.NDArray[np.intp]


def valid_quotes(bid: Floats, ask: Floats) -> npt.NDArray[np.bool_]:
    """Both sides there and not crossed; a side that is 0 or NULL is no quote. Locked quotes are valid, and prices below 0."""
    with np.errstate(invalid="ignore"):
        valid: npt.NDArray[np.bool_] = (bid != 0) & (ask != 0) & (bid <= ask) & (bid > -np.inf) & (ask < np.inf)
    return valid


def measure(name: str, bid: Floats, ask: Floats) -> Floats:
    """One of `tapeql.query.columns.QUOTE_MEASURES` of each quote by itself."""
    match name:
        case "bid":
            return bid
        case "ask":
            return ask
        case "spread":
            return ask - bid
        case "mid":
            return (bid + ask) / 2
        case _:
            pass
    percent, mid = ask - bid, bid + ask  # in place: the arrays are large
    percent *= 100
    mid /= 2
    percent /= mid
    return percent


def percentages(bid: Floats, ask: Floats) -> Floats:
    """`spread_pct` of each quote by itself: NaN where the middle is not above 0."""
    with np.errstate(all="ignore"):
        return np.where(bid + ask > 0, measure("spread_pct", bid, ask), np.nan)


def time_weighted(names: Sequence[str], slots: Slots, rows: int, feed: Feed, context: Context) -> dict[str, Floats]:
    """The means of the named measures over the slots of each of `rows` rows; NaN where no quote stood."""
    names = list(names)
    weights, unknown = np.zeros(rows), np.zeros(rows)
    totals = {name: np.zeros(rows) for name in names}
    open_slots = slots.market_open < NEVER
    start, end = slots.start[open_slots], slots.end[open_slots]
    opened, row = slots.market_open[open_slots], slots.row[open_slots]
    if len(start):
        for quotes, until in _lives(_quotes(feed, context, start, end, opened)):
            lo = int(np.searchsorted(end, quotes.ts[0], side="right"))
            hi = int(np.searchsorted(start, until, side="left"))
            if lo >= hi:
                continue
            standing = _Standing(quotes, until, start[lo:hi], end[lo:hi], opened[lo:hi])
            ok = valid_quotes(quotes.bid, quotes.ask)
            all_valid = bool(ok.all())
            if not all_valid:
                context.count("crossed_quotes", int(np.count_nonzero(quotes.bid > quotes.ask)))
            time = standing.time if all_valid else standing.integral(ok.astype(np.float64))
            np.add.at(weights, row[lo:hi], time)
            for name in names:
                with np.errstate(all="ignore"):
                    values = measure(name, quotes.bid, quotes.ask)
                known = ok
                if name == "spread_pct" and quotes.bid.min() < 0:  # of a middle below 0 there is no percentage
                    known = ok & (quotes.bid + quotes.ask > 0)
                    np.add.at(unknown, row[lo:hi], time - standing.integral(known.astype(np.float64)))
                plain = all_valid and known is ok
                np.add.at(
                    totals[name], row[lo:hi], standing.integral(values if plain else np.where(known, values, 0.0))
                )
    lasted = {name: weights - unknown if name == "spread_pct" else weights for name in names}
    with np.errstate(all="ignore"):
        return {name: finite(np.where(lasted[name] > 0, totals[name] / lasted[name], np.nan)) for name in names}


def slots_of(grid: Grid, ts: Instants, ts_close: Instants) -> Slots:
    """The pieces of each bar: its time in each segment of the grid."""
    first = np.searchsorted(grid.end, ts, side="right")
    pieces = np.searchsorted(grid.start, ts_close) - first
    row = np.repeat(np.arange(len(ts)), pieces)
    segment = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start, end = np.maximum(ts[row], grid.start[segment]), np.minimum(ts_close[row], grid.end[segment])
    return Slots(start, end, grid.market_open[segment], row)


def mean_standing(read: Callable[[int, int], Iterator[Quotes]], slots: Slots, rows: int) -> Floats:
    """The mean of the bids over the slots of each of `rows` rows, whatever they are; NaN where none stood.

    `read` gives what stands from the first slot's start on to the last one's end.
    """
    weights, totals = np.zeros(rows), np.zeros(rows)
    open_slots = slots.market_open < NEVER
    start, end = slots.start[open_slots], slots.end[open_slots]
    opened, row = slots.market_open[open_slots], slots.row[open_slots]
    if len(start) == 0:
        return np.full(rows, np.nan)
    for quotes, until in _lives(read(int(start[0]), int(end[-1]))):
        lo, hi = int(np.searchsorted(end, quotes.ts[0], side="right")), int(np.searchsorted(start, until, side="left"))
        if lo < hi:
            standing = _Standing(quotes, until, start[lo:hi], end[lo:hi], opened[lo:hi])
            np.add.at(weights, row[lo:hi], standing.time)
            np.add.at(totals, row[lo:hi], standing.integral(quotes.bid))
    with np.errstate(all="ignore"):
        return finite(np.where(weights > 0, totals / weights, np.nan))


class _Standing:
    """How long each quote of a run stood in each slot: the edges once, then an integral per measure.

    Quotes are known to stand in order until `until`; the slots overlap [quotes.ts[0], until).
    """

    def __init__(self, quotes: Quotes, until: int, start: Instants, end: Instants, opened: Instants) -> None:
        ts = quotes.ts
        self._lives = np.empty(len(ts))
        np.subtract(ts[1:], ts[:-1], out=self._lives[:-1])
        self._lives[-1] = until - ts[-1]
        begin, finish = np.maximum(start, ts[0]), np.minimum(end, until)
        self._before = np.searchsorted(ts, begin, side="right") - 1
        after = np.searchsorted(ts, finish, side="left")
        inside = np.maximum(self._before + 1, 0)
        self._some = inside < after
        self._inside = inside
        self._last = np.where(self._some, after - 1, self._before)
        first_change = np.where(self._some, ts[np.minimum(inside, len(ts) - 1)], finish)
        prevails = ts[self._before] >= opened
        self._left = np.where(prevails, first_change - begin, 0).astype(np.float64)
        self._right = np.where(self._some, finish - ts[self._last], 0).astype(np.float64)
        self.time: Floats = np.where(prevails, finish - begin, finish - first_change).astype(np.float64)
        """Microseconds of each slot in which some quote stood."""

    def integral(self, values: Floats) -> Floats:
        """Σ value · microseconds in each slot."""
        whole = piecewise(np.add, values * self._lives, self._inside, self._last)
        out: Floats = values[self._before] * self._left + whole + values[self._last] * self._right
        return out


def _quotes(feed: Feed, context: Context, start: Instants, end: Instants, opened: Instants) -> Iterator[Quotes]:
    """The quotes that prevail in sorted slots, from the first slot's start on."""
    for ts, sides in standing_quotes(
        feed, context, ("bid", "ask"), int(start[0]), int(opened[0]), int(end[-1]), np.unique(opened)
    ):
        yield Quotes(ts, sides["bid"], sides["ask"])


def standing_quotes(
    feed: Feed,
    context: Context,
    names: Sequence[str],
    start_us: int,
    opened_us: int,
    end_us: int,
    openings: Instants | None = None,
) -> Iterator[tuple[Instants, Mapping[str, Floats]]]:
    """The quotes that stand from `start_us` on, in a market open since `opened_us`, batch by batch: the stored ones, or the
    best of markets.

    names      of bid, bid_size, ask, ask_size; where markets are named a size needs its price
    openings   when markets opened, behind which earlier quotes do not stand; None: all of them are looked up
    """
    since = prevailing(feed, context.snapshot, start_us, opened_us)
    columns, tape = ("ts", *names, "market"), Consolidated()
    for batch in context.scan("quotes", feed.symbol.venue, feed.symbol.code, since, end_us, columns):
        context.cancel.check()
        ts = arrow.instants(batch.column("ts"))
        sides = {name: arrow.floats(batch.column(name)) for name in names}
        markets = batch.column("market")
        if markets.null_count == len(markets):
            tape.ends()
            yield ts, sides
            continue
        if openings is None:
            openings = calendars.openings(feed.calendar, since, end_us)
        none = np.zeros(len(ts))
        whole = (sides.get(name, none) for name in ("bid", "bid_size", "ask", "ask_size"))
        book = Book(np.searchsorted(openings, ts, side="right"), tape.numbers(markets), *whole)
        at = 0
        for best in tape.follow(book):
            count = len(best.bid)
            yield ts[at : at + count], {name: getattr(best, name) for name in names}
            at += count


def prevailing(feed: Feed, snapshot: Snapshot, at_us: int, opened_us: int) -> int:
    """An instant from which on all quotes are known that prevail at `at_us`, in a market open since `opened_us`.

    That of the last quote at or before it; where that is one market's, others may stand since the opening.
    """
    venue, code = feed.symbol.venue, feed.symbol.code
    parts = [part for part in snapshot.parts("quotes", venue, code) if part.min_us <= at_us]
    if not parts:
        return at_us
    last, market, found = at_us, None, False
    edges = sorted({edge for part in parts for edge in (part.min_us, part.max_us) if edge <= at_us}, reverse=True)
    for edge in edges:  # of parts whose ends are told by and large, the latest may have no row
        for batch in snapshot.scan("quotes", venue, code, edge, at_us + 1, ("ts", "market")):
            last, market = (column[-1].as_py() for column in (batch.column(0).cast(pa.int64()), batch.column(1)))
            found = True
        if found:
            break
    return last if market is None else min(last, max(opened_us, parts[0].min_us))


def _lives(batches: Iterator[Quotes]) -> Iterator[tuple[Quotes, int]]:
    """Runs of quotes with the instant up to which they are known to stand; the last of a run begins the next."""
    held: Quotes | None = None
    for quotes in batches:
        if held is not None:
            yield held, int(quotes.ts[0])
        held = Quotes(quotes.ts[-1:], quotes.bid[-1:], quotes.ask[-1:])
        last = len(quotes) - 1
        for first in range(0, last, BLOCK_ROWS):
            block = slice(first, min(first + BLOCK_ROWS, last))
            yield Quotes(quotes.ts[block], quotes.bid[block], quotes.ask[block]), int(quotes.ts[block.stop])
    if held is not None:
        yield held, NEVER
