"""`--consolidate`: the quotes of several markets become the best bid and offer over them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from tapeql import arrow, calendars
from tapeql.errors import DataError
from tapeql.storage.rows import Ints, instants
from tapeql.tapes.consolidated import Book, Consolidated

_SIDES = ("bid", "bid_size", "ask", "ask_size")


@dataclass(slots=True)
class BestQuotes:
    """Follows the quotes of one symbol; what the markets said before a session opened does not prevail in it."""

    symbol: str
    calendar: str
    _tape: Consolidated = field(default_factory=Consolidated)
    _last_us: int | None = None
    _opened_us: int = calendars.ALWAYS
    _said: tuple[float, ...] | None = None

    def best(self, rows: pa.Table, label: str) -> pa.Table:
        """The rows at which the best bid or offer, or a size at it, changes. Raises DataError where time goes back."""
        ts = instants(rows)
        back = np.flatnonzero(np.diff(ts, prepend=ts[0] if self._last_us is None else self._last_us) < 0)
        if len(back):
            raise DataError(
                f"{label}: the quotes of {self.symbol} go back in time at {np.datetime64(int(ts[back[0]]), 'us')}Z; the best of "
                "several markets is told in the order of time. Sort them, or leave --consolidate out: each market's are kept "
                "then, and a spread is that of the best of them"
            )
        self._last_us = int(ts[-1])
        markets = rows["market"].combine_chunks()
        sizes = (rows[name].combine_chunks() if name in rows.column_names else _nothing(rows) for name in _SIDES)
        book = Book(self._opened(ts), self._tape.numbers(markets), *map(arrow.floats, sizes))
        parts = list(self._tape.follow(book))
        sides = [np.concatenate([getattr(part, name) for part in parts]) for name in _SIDES]
        changed = np.zeros(len(ts), np.bool_)
        for side, before in zip(sides, self._said or [None] * len(sides), strict=True):
            earlier = np.concatenate(([np.nan if before is None else before], side[:-1]))
            changed |= (side != earlier) & ~(np.isnan(side) & np.isnan(earlier))
        changed[0] |= self._said is None
        self._said = tuple(float(side[-1]) for side in sides)
        for name, side in zip(_SIDES, sides, strict=True):
            if name in rows.column_names:
                there = ~np.isnan(side)
                at = rows.column_names.index(name)
                rows = rows.set_column(at, name, arrow.array(side, pa.float64(), there))
        return rows.drop_columns("market").filter(arrow.mask(changed))

    def _opened(self, ts: Ints) -> Ints:
        """When the market last opened before each instant."""
        openings = calendars.openings(self.calendar, int(ts[0]), int(ts[-1]) + 1)
        openings = np.concatenate(([self._opened_us], np.maximum(openings, self._opened_us)))
        found: Ints = openings[np.searchsorted(openings[1:], ts, side="right")]
        self._opened_us = int(found[-1])
        return found


def _nothing(rows: pa.Table) -> pa.Array:
    return pa.nulls(rows.num_rows, pa.float64())
