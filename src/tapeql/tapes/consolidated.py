"""The best bid and offer of a tape that several market centres quote on.

Each market's newest quote stands, and the best of them prevails. What a market said before the market opened no longer
does; neither does what any said before a quote without a market, which is the best there is by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_MARKET: Final = -1
_BLOCK_ROWS: Final = 1 << 15
"""Rows worked on at a time: their arrays stay in the processor's cache."""


class Book(NamedTuple):
    """Quotes in order of (ts, seq), or the best of them.

    opened   rises with the quotes; those of an earlier value no longer stand
    market   the number of a market, NO_MARKET for a quote without one
    """

    opened: Ints
    market: Ints
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats

    def part(self, rows: slice | Ints) -> Book:
        opened, market, *sides = self
        return Book(opened[rows], market[rows], *(column[rows] for column in sides))

    def then(self, later: Book) -> Book:
        (opened, market, *sides), (later_opened, later_market, *later_sides) = self, later
        both = (np.concatenate(columns) for columns in zip(sides, later_sides, strict=True))
        return Book(np.concatenate((opened, later_opened)), np.concatenate((market, later_market)), *both)


class Consolidated:
    """Follows a tape from batch to batch."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._standing: Book | None = None

    def numbers(self, markets: pa.Array) -> Ints:
        """The numbers of markets by their names."""
        coded = markets.dictionary_encode()
        known = [self._names.setdefault(name, len(self._names)) for name in coded.dictionary.to_pylist()]
        found: Ints = np.array([*known, NO_MARKET], np.int64)[arrow.filled(coded.indices, len(known))]
        return found

    def ends(self) -> None:
        """Quotes without a market came."""
        self._standing = None

    def follow(self, quotes: Book) -> Iterator[Book]:
        """The best there is from each quote on, without markets; NaN on a side where nobody quotes."""
        for start in range(0, len(quotes.market), _BLOCK_ROWS):
            block = quotes.part(slice(start, start + _BLOCK_ROWS))
            if (block.market == NO_MARKET).all():
                self.ends()
                yield block
                continue
            before = 0
            if self._standing is not None:
                before = len(self._standing.market)
                block = self._standing.then(block)
            best, newest = _best(block)
            self._standing = block.part(newest)
            yield best.part(slice(before, None))


def _best(quotes: Book) -> tuple[Book, Ints]:
    """The best there is from each quote on, and which quotes of markets stand at the end."""
    count = len(quotes.market)
    rows = np.arange(count)
    whole = quotes.market == NO_MARKET
    oldest = np.maximum(np.maximum.accumulate(np.where(whole, rows, -1)), np.searchsorted(quotes.opened, quotes.opened))
    sides = [_Side(quotes.bid, quotes.bid_size, 1), _Side(quotes.ask, quotes.ask_size, -1)]
    newest = []
    for number in np.unique(quotes.market[~whole]):
        last = np.maximum.accumulate(np.where(quotes.market == number, rows, -1))
        stands = last >= oldest
        for side in sides:
            side.see(last, stands)
        if stands[-1]:
            newest.append(last[-1])
    found = [np.where(whole, own, best) for side in sides for own, best in side.found()]
    return Book(quotes.opened, np.full(count, NO_MARKET), *found), np.sort(np.array(newest, np.int64))


class _Side:
    """The best prices of a side, and the sizes of all markets at them."""

    def __init__(self, price: Floats, size: Floats, sign: int) -> None:
        self._own, self._own_size, self._sign = price, size, sign
        with np.errstate(invalid="ignore"):
            # A side that is 0 or NULL is no quote.
            self._price = np.where((price != 0) & np.isfinite(price), sign * price, -np.inf)
        self._best = np.full(len(price), -np.inf)
        self._size = np.zeros(len(price))

    def see(self, last: Ints, stands: Bools) -> None:
        """One more market: where its newest quote is, and whether that still stands."""
        price = np.where(stands, self._price[last], -np.inf)
        size = self._own_size[last]
        self._size = np.where(price > self._best, size, np.where(price == self._best, self._size + size, self._size))
        np.maximum(self._best, price, out=self._best)

    def found(self) -> Iterator[tuple[Floats, Floats]]:
        """Prices and sizes: each quote's own, and the best."""
        there = self._best > -np.inf
        yield self._own, np.where(there, self._sign * self._best, np.nan)
        yield self._own_size, np.where(there, self._size, np.nan)
