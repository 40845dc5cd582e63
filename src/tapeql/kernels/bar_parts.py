"""Parts of bars in order of time, and how those of one bar become the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tapeql.kernels.frame import same

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Parts:
    """Parts of bars in order of time; a bar's parts are neighbours.

    ts, ts_close, session_date   int64, as in frames (NO_DATE for none)
    bar                          int64: what tells bars apart; of time bars their `ts`, which others may share
    open, high, low, close       NaN where no trade of the part decides them
    volume                       NaN where no candle of the part says it
    notional                     Σ price·quantity of the trades that count for volume
    cheapest, dearest            extremes of the prices in it, NaN where there are none
    trades                       how many count for volume; NaN where a candle does not say
    quiet                        only candles in which nothing traded: their prices count where there are no others
    whole                        each is a bar by itself, of which no other part holds a piece
    """

    bar: Instants
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


def no_parts() -> Parts:
    none, x = np.empty(0, dtype=np.int64), np.empty(0)
    return Parts(none, none, none, none, x, x, x, x, x, x, x, x, x, np.empty(0, dtype=np.bool_))


def merge(pieces: Sequence[Parts]) -> Parts:
    parts = pieces[0]
    if parts.whole and len(pieces) == 1:
        return parts
    if len(pieces) > 1:
        joined: dict[str, Any] = {name: _joined([getattr(p, name) for p in pieces]) for name in _ARRAYS}
        parts = replace(parts, **joined, whole=False)
    new = np.empty(len(parts), dtype=np.bool_)
    new[:1] = True
    np.not_equal(parts.bar[1:], parts.bar[:-1], out=new[1:])
    if new.all():
        return parts
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(parts))
    quiet = np.logical_and.reduceat(parts.quiet, first)
    o, h, low, c = parts.open, parts.high, parts.low, parts.close
    if parts.quiet.any():
        counts = ~parts.quiet | np.repeat(quiet, last - first)
        o, h, low, c = (np.where(counts, prices, np.nan) for prices in (o, h, low, c))
    opening, closing = first_and_last_known(o, c, first, last)
    unsaid = np.fmax.reduceat(parts.volume, first)
    volume = np.where(
        np.isnan(unsaid), np.nan, np.add.reduceat(np.nan_to_num(parts.volume, nan=0.0, posinf=np.inf), first)
    )
    return Parts(
        bar=parts.bar[first],
        ts=parts.ts[first],
        ts_close=parts.ts_close[last - 1],
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


def first_and_last_known(
    opening: Floats, closing: Floats, first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    opens, _ = first_and_last(opening, ~np.isnan(opening), first, last)
    _, closes = first_and_last(closing, ~np.isnan(closing), first, last)
    return opens, closes


def first_and_last(
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
