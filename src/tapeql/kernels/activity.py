"""Bars that close by what was traded: trades cut after so many, so much, or so far a move.

    trades of a batch ─▶ the rows after which bars close ─▶ pieces ─▶ parts of bars, merged as those of time bars are

Every sequence of bars begins anew at its anchor, as buckets of time do. The trade that crosses an amount belongs, whole, to
the bar it closes.
"""

from __future__ import annotations

import abc
import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tapeql import limits
from tapeql.calendars.grid import NEVER, Grid
from tapeql.errors import LimitError
from tapeql.kernels.bar_parts import Instants, Parts, no_parts
from tapeql.kernels.cuts import Cuts
from tapeql.kernels.labels import placed, runs
from tapeql.kernels.trades import Trades, parts_of
from tapeql.query.nodes import Interval

ROUNDING = 1e-9
"""Sums of decimal fractions are off by less than this part of an amount: it counts as reached."""

ROUNDING_OF_PRICES = 1e-6
"""As ROUNDING, for the difference of two prices that are large against the amount."""


class Cutting(abc.ABC):
    """Cuts the trades of a symbol, batch after batch, in order."""

    def __init__(self, interval: Interval, grid: Grid) -> None:
        self.interval = interval
        self.grid = grid
        self._sequence: int | None = None
        self._opened: int | None = None
        self._bar = 0

    @abc.abstractmethod
    def begin(self) -> None:
        """A sequence begins."""

    @abc.abstractmethod
    def closings(self, trades: Trades) -> list[int] | Instants:
        """The rows after which a bar closes, of some trades of the sequence under way; a row closes several where no trade is
        left for the others."""

    def parts(self, trades: Trades) -> Parts:
        """The parts of bars that some trades make; those outside the grid make none."""
        found = [self.cut(trades, *run) for run in _runs(self.grid, trades.ts)]
        if not found:
            return no_parts()
        cuts = Cuts(*map(np.concatenate, zip(*(cuts for cuts, _ in found), strict=True)))
        made = cuts.last > cuts.first
        parts = parts_of(trades, Cuts(*(field[made] for field in cuts)), self.grid)
        if not made.all():
            parts = _without_trades(parts[np.cumsum(made) - 1], ~made)
        return replace(parts, bar=np.concatenate([bars for _, bars in found]), ts=cuts.open, ts_close=cuts.close)

    def cut(self, trades: Trades, segment: int, first: int, last: int) -> tuple[Cuts, Instants]:
        """Rows [first, last), which lie in one segment, and the numbers of their bars."""
        origin = int(self.grid.origin[segment])
        if origin != self._sequence:
            self._bar += self._opened is not None
            self._sequence, self._opened = origin, None
            self.begin()
        ends = first + np.asarray(self.closings(trades[first:last]), dtype=np.int64) + 1
        is_open = len(ends) == 0 or int(ends[-1]) < last
        ends = np.append(ends, last) if is_open else ends
        begins = np.append(first, ends[:-1])
        opens, closes = trades.ts[np.minimum(begins, ends - 1)], trades.ts[ends - 1] + 1
        if self._opened is not None:
            opens[0] = self._opened
        if is_open:
            closes[-1] = self.grid.limit[segment]
        bars = self._bar + np.arange(len(ends))
        self._opened = int(opens[-1]) if is_open else None
        self._bar = int(bars[-1]) + (not is_open)
        return Cuts(begins, ends, opens, closes, np.full(len(ends), segment)), bars

    def finished(self, parts: Parts, now_us: int) -> Parts:
        """Whole bars as they are shown."""
        return parts


def cutting(interval: Interval, grid: Grid) -> Cutting:
    kinds: dict[str, type[Cutting]] = {"ticks": Counted, "renko": Bricks, "range": Ranging}
    return kinds.get(interval.by, Summed)(interval, grid)


def _runs(grid: Grid, ts: Instants) -> list[tuple[int, int, int]]:
    """(segment, first row, after the last) of the rows that lie in one."""
    numbers, lengths = runs(ts, grid.start, grid.end)
    last = np.cumsum(lengths)
    held = (numbers >= 0) & (lengths > 0)
    return list(zip(numbers[held].tolist(), (last - lengths)[held].tolist(), last[held].tolist(), strict=True))


def _without_trades(parts: Parts, which: npt.NDArray[np.bool_]) -> Parts:
    """Those parts emptied of what trades say."""
    none, nothing = np.where(which, np.nan, 0.0), np.where(which, 0.0, 1.0)
    return replace(
        parts,
        volume=parts.volume * nothing,
        notional=parts.notional * nothing,
        trades=parts.trades * nothing,
        cheapest=parts.cheapest + none,
        dearest=parts.dearest + none,
    )


class Counted(Cutting):
    """`1000 ticks`: a bar closes with its thousandth trade that counts for volume."""

    def begin(self) -> None:
        self._done = 0

    def closings(self, trades: Trades) -> Instants:
        size, counts = int(self.interval.amount), trades.volume_counts
        counted = np.arange(len(trades)) if counts is None else np.flatnonzero(counts)
        found = counted[size - self._done - 1 :: size]
        self._done = (self._done + len(counted)) % size
        return found


class Summed(Cutting):
    """`500 volume`, `1_000_000 notional`: a bar closes with the trade that brings it to the amount, each from 0."""

    def begin(self) -> None:
        self._done = 0.0

    def closings(self, trades: Trades) -> list[int]:
        with np.errstate(over="ignore"):
            values = trades.quantity if self.interval.by == "volume" else np.abs(trades.price * trades.quantity)
        if trades.volume_counts is not None:
            values = np.where(trades.volume_counts, values, 0.0)
        enough, done = self.interval.amount * (1 - ROUNDING), self._done
        found = []
        for row, value in enumerate(values.tolist()):
            done += value
            if done >= enough:
                found.append(row)
                done = 0.0
        self._done = done
        return found


def _steps(trades: Trades) -> tuple[list[int], list[int], list[float]]:
    """Runs of one price, of the trades that count for high and low: the first row of each, the second if there is one (else
    the first), and the price."""
    counts = trades.range_counts
    rows = np.arange(len(trades)) if counts is None else np.flatnonzero(counts)
    price = trades.price[rows]
    new = np.flatnonzero(np.append(True, price[1:] != price[:-1])) if len(rows) else rows
    lengths = np.diff(new, append=len(rows))
    second = np.where(lengths > 1, np.append(rows, 0)[new + 1], rows[new])
    return rows[new].tolist(), second.tolist(), price[new].tolist()


class Ranging(Cutting):
    """`25 range`: a bar closes with the trade that brings its highest and lowest price so far apart.

    Where a price jumps the bar is as long as the jump. After V. Nicolellis's range bars.
    """

    def begin(self) -> None:
        self._high, self._low = -math.inf, math.inf

    def closings(self, trades: Trades) -> list[int]:
        enough, high, low = self.interval.amount * (1 - ROUNDING_OF_PRICES), self._high, self._low
        found = []
        for row, second, price in zip(*_steps(trades), strict=True):
            if price > high:
                high = price
            if price < low:
                low = price
            if high - low >= enough:
                found.append(row)
                high, low = (price, price) if second > row else (-math.inf, math.inf)
        self._high, self._low = high, low
        return found


class Bricks(Cutting):
    """`50 renko`: a bar is a brick, a step of the price away from the last one (S. Nison, Beyond Candlesticks, 1994).

    Levels lie whole bricks from the first price of the sequence. A brick goes on in the direction of the last once the price is
    a brick beyond it, and turns once it is two beyond its end; before the first brick either way will do. A trade that goes
    over several levels makes a brick of each, of which the first holds all that was traded. What is left when the sequence
    ends is no brick.
    """

    def begin(self) -> None:
        self._base = math.nan
        self._level = 0  # where the last brick ended, in bricks from the base
        self._way = 0

    def parts(self, trades: Trades) -> Parts:
        self._edges: list[tuple[float, float]] = []
        parts = super().parts(trades)
        if len(parts) == 0:
            return parts
        opening, closing = np.array(self._edges).T
        known, closed = ~np.isnan(opening), ~np.isnan(closing)
        return replace(parts, open=np.where(known, opening, parts.open), close=np.where(closed, closing, parts.close))

    def cut(self, trades: Trades, segment: int, first: int, last: int) -> tuple[Cuts, Instants]:
        before = len(self._edges)
        cuts, bars = super().cut(trades, segment, first, last)
        if len(self._edges) - before < len(bars):
            cuts.close[-1] = NEVER  # no brick yet
            self._edges.append((self._at(self._level), math.nan))
        return cuts, bars

    def closings(self, trades: Trades) -> list[int]:
        found: list[int] = []
        up, down = self._thresholds()
        for row, _, price in zip(*_steps(trades), strict=True):
            if down < price < up:
                continue
            if math.isnan(self._base):
                self._base = price
            else:
                way = 1 if price >= up else -1
                found += [row] * self._go(price, way)
            up, down = self._thresholds()
        return found

    def _go(self, price: float, way: int) -> int:
        """How many bricks a price makes in one direction."""
        start = self._level + (way if self._way == -way else 0)
        reached = math.floor(way * (price - self._base) / self.interval.amount + ROUNDING_OF_PRICES)
        count = max(reached - way * start, 1)
        if count > limits.BRICKS:
            raise LimitError(
                f"one trade would make {count:.6g} bricks of {self.interval.text}, more than {limits.BRICKS:,}: ask for "
                "larger ones",
                "BRICKS",
            )
        self._edges += [(self._at(start + way * n), self._at(start + way * (n + 1))) for n in range(count)]
        self._level, self._way = start + way * count, way
        return count

    def _at(self, level: int) -> float:
        return self._base + level * self.interval.amount

    def _thresholds(self) -> tuple[float, float]:
        """The prices at which the next brick is whole; NaN, which no price lies between, before there is a base."""
        slack = self.interval.amount * ROUNDING_OF_PRICES
        up, down = self._level + (1 if self._way >= 0 else 2), self._level - (1 if self._way <= 0 else 2)
        return self._at(up) - slack, self._at(down) + slack

    def finished(self, parts: Parts, now_us: int) -> Parts:
        unfinished = parts.ts_close == NEVER
        limit = self.grid.limit[placed(parts.ts, self.grid.start, self.grid.end)]
        closes = np.where(unfinished, limit, parts.ts_close)
        high, low = np.fmax(parts.open, parts.close), np.fmin(parts.open, parts.close)
        return replace(parts, ts_close=closes, high=high, low=low)[~unfinished | (limit > now_us)]
