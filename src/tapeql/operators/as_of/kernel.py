"""Trades beside quotes: two sorted runs merged, a batch of quotes and a block of trades at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars import is_continuous
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.labels import opened
from tapeql.kernels.quotes import measure, percentages, standing_quotes
from tapeql.kernels.series import Series
from tapeql.operators.as_of import SIDES, AsOf
from tapeql.query.nodes import Type

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]
Sides = Mapping[str, Floats]

BLOCK_ROWS: Final = 1 << 15
"""Trades placed at a time: they, and the quotes between them, stay in the processor's cache."""


def run(step: AsOf, series: Series, context: Context) -> Iterator[Frame]:
    names = frozenset(name for c in step.told for name in SIDES.get(c.name, ("bid", "ask")))
    never_closes = is_continuous(series.feed.calendar)
    dated = not never_closes or step.tolerance_us is not None or any(c.name == "quote_ts" for c in step.told)
    merge: _Merge | None = None
    for frame in series.frames:
        if not frame.length:
            continue
        context.cancel.check()
        at = frame["ts"].values - step.lag_us
        markets = opened(series.feed.calendar, at)
        if merge is None:
            until = series.feed.end_us - step.lag_us
            quotes = standing_quotes(series.feed, context, tuple(sorted(names)), int(at[0]), int(markets[0]), until)
            merge = _Merge(quotes, names, dated)
        ts, sides = merge.at(at)
        oldest = [] if never_closes else [markets]
        if step.tolerance_us is not None:
            oldest.append(frame["ts"].values - step.tolerance_us)
        for least in oldest:
            stands = ts >= least
            if not stands.all():
                sides = {name: np.where(stands, values, np.nan) for name, values in sides.items()}
        yield frame.with_columns({column.key: _told(column.name, ts, sides) for column in step.told})


def _told(name: str, ts: Instants, sides: Sides) -> Vector:
    """A column of the quotes whose sides are known; a side that is 0 or NULL is no quote, and has no size."""
    if name == "quote_ts":
        there = ~(np.isnan(sides["bid"]) & np.isnan(sides["ask"]))
        return Vector(Type.INSTANT, np.where(there, ts, 0), None if there.all() else there)
    if name in SIDES:
        return Vector(Type.FLOAT, sides[name])
    bid, ask = sides["bid"], sides["ask"]
    with np.errstate(all="ignore"):
        values = percentages(bid, ask) if name == "spread_pct" else measure(name, bid, ask)
    return Vector(Type.FLOAT, finite(values))


class _Batch(NamedTuple):
    ts: Instants
    sides: Sides


_NOBODY: Final = -(2**63)
"""The instant of the quote there is before the first one."""


class _Merge:
    """Follows the quotes of one symbol as far as the trades have come; `dated`: when they began is asked for, too."""

    def __init__(self, quotes: Iterator[tuple[Instants, Sides]], names: frozenset[str], dated: bool) -> None:
        self._coming = (_Batch(ts, _without_zeros(sides)) for ts, sides in quotes)
        nothing = np.full(1, np.nan)
        self._batch = _Batch(np.array([_NOBODY]), dict.fromkeys(names, nothing))
        self._next: _Batch | None = None
        self._ended = False
        self._dated = dated

    def at(self, instants: Instants) -> tuple[Instants, Sides]:
        """When the last quote at or before each instant began, and its sides; instants rise from call to call."""
        ts = np.empty(len(instants) if self._dated else 0, np.int64)
        sides = {name: np.empty(len(instants)) for name in self._batch.sides}
        done = 0
        while done < len(instants):
            until = self._answers(instants, done)
            self._place(instants, ts, sides, done, until)
            done = until
            if done < len(instants):
                assert self._next is not None
                self._batch, self._next = self._next, None
        return ts, sides

    def _answers(self, instants: Instants, done: int) -> int:
        """Up to where the batch at hand answers: to the first quote of the next one."""
        if instants[-1] < self._batch.ts[-1] or self._ended:
            return len(instants)
        if self._next is None:
            self._next = next(self._coming, None)
            self._ended = self._next is None
        if self._next is None:
            return len(instants)
        return done + int(np.searchsorted(instants[done:], self._next.ts[0]))

    def _place(self, instants: Instants, ts: Instants, sides: dict[str, Floats], first: int, last: int) -> None:
        quotes = self._batch
        at = max(int(np.searchsorted(quotes.ts, instants[first], side="right")) - 1, 0)
        for start in range(first, last, BLOCK_ROWS):
            block = slice(start, min(start + BLOCK_ROWS, last))
            wanted = instants[block]
            after = at + int(np.searchsorted(quotes.ts[at:], wanted[-1], side="right"))
            index = _placed(quotes.ts[at:after], wanted)
            index -= 1
            if self._dated:
                quotes.ts[at:after].take(index, out=ts[block], mode="clip")  # other modes copy first
            for name, values in quotes.sides.items():
                values[at:after].take(index, out=sides[name][block], mode="clip")
            at = max(after - 1, 0)


def _placed(quotes: Instants, trades: Instants) -> npt.NDArray[np.int64]:
    """How many of the quotes are at or before each trade; the fewer are looked up among the more."""
    if len(quotes) >= len(trades):
        return np.searchsorted(quotes, trades, side="right")
    before = np.bincount(np.searchsorted(trades, quotes), minlength=len(trades) + 1)
    return np.cumsum(before[:-1])


def _without_zeros(sides: Sides) -> Sides:
    """NaN for a side that is no quote, and for its size."""
    known: dict[str, Floats] = dict(sides)
    for side in ("bid", "ask"):
        if side in known:
            with np.errstate(invalid="ignore"):
                none = ~((known[side] != 0) & np.isfinite(known[side]))
            if none.any():
                for name in (side, f"{side}_size"):
                    if name in known:
                        known[name] = np.where(none, np.nan, known[name])
    return known
