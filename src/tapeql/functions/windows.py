"""`OVER 30m` and `OVER ALL`: aggregates over a span of time and over the whole range, NULLs skipped.

The time window of a row holds the rows with ts in (row.ts - us, row.ts], those of equal ts included. Where no value is
left the answer is NULL, but a count is 0. A window gives the same bits whatever lies outside it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tapeql.functions.exact import Blocks, add, blocks, divide, finite, from_mean, whole
from tapeql.functions.registry import Floats

AGGREGATES: Final = ("avg", "sum", "min", "max", "count", "median", "stddev")

Places = npt.NDArray[np.int64]


def over_time(aggregate: str, ts: Places, x: Floats, us: int) -> Floats:
    """For each row the aggregate of x over its time window; `ts` ascending int64 microseconds, x float64, NaN = NULL."""
    if aggregate == "median":
        return _medians(x, *_bounds(ts, ts, us))
    present = ~np.isnan(x)
    values = x[present]
    first, last = _bounds(ts[present], ts, us)
    with np.errstate(all="ignore"):
        match aggregate:
            case "count":
                return (last - first).astype(np.float64)
            case "sum":
                found = np.add(*_sums(values, first, last))
            case "avg":
                found = np.add(*divide(*_sums(values, first, last), (last - first).astype(np.float64)))
            case "stddev":
                found = _stddevs(values, first, last)
            case "min":
                found = _extremes(np.minimum, values, first, last)
            case "max":
                found = _extremes(np.maximum, values, first, last)
            case _:
                raise ValueError(f"no aggregate {aggregate}")
        return finite(np.where(last > first, found, np.nan))


def over_all(aggregate: str, x: Floats, mask: npt.NDArray[np.bool_]) -> float:
    """The aggregate of x over the rows where `mask` is true; NaN where NULL."""
    values = x[mask & ~np.isnan(x)]
    n = len(values)
    if aggregate == "count":
        return float(n)
    if n == 0:
        return np.nan
    with np.errstate(all="ignore"):
        match aggregate:
            case "sum":
                found = np.add(*whole(values))
            case "avg":
                found = np.add(*divide(*whole(values), n))
            case "stddev":
                apart = values - np.add(*divide(*whole(values), n))
                found = np.sqrt(np.add(*whole(apart * apart)) / n)
            case "min":
                found = values.min(keepdims=True)
            case "max":
                found = values.max(keepdims=True)
            case "median":
                found = np.median(values, keepdims=True)
            case _:
                raise ValueError(f"no aggregate {aggregate}")
        return float(finite(found)[0])


def _bounds(times: Places, ts: Places, us: int) -> tuple[Places, Places]:
    """Where in `times` the window of each row begins and ends."""
    return np.searchsorted(times, ts - us, side="right"), np.searchsorted(times, ts, side="right")


def _sums(values: Floats, first: Places, last: Places) -> tuple[Floats, Floats]:
    """Each window as the blocks whose sizes are the binary digits of its length, from its first row on."""
    length = last - first
    high, low = np.zeros(len(first)), np.zeros(len(first))
    at = first.copy()
    for block in blocks(values, int(length.max(initial=0))):
        rows = np.flatnonzero(length & block.rows)
        here = at[rows]
        high[rows], low[rows] = add(high[rows], low[rows], block.high[here], block.low[here])
        at[rows] += block.rows
    return high, low


def _stddevs(values: Floats, first: Places, last: Places) -> Floats:
    length = last - first
    mean = np.add(*divide(*_sums(values, first, last), length.astype(np.float64)))
    squares = np.zeros(len(first))
    at = first.copy()
    for block in blocks(values, int(length.max(initial=0)), squares=True):
        rows = np.flatnonzero(length & block.rows)
        here = at[rows]
        part = Blocks(block.rows, block.high[here], block.low[here], block.squares[here], block.grid)
        apart = from_mean(part, mean[rows])
        squares[rows] += part.squares + part.rows * apart * apart
        at[rows] += block.rows
    return np.asarray(np.sqrt(squares / length), dtype=np.float64)


def _extremes(better: np.ufunc, values: Floats, first: Places, last: Places) -> Floats:
    """Two overlapping blocks of the largest power of two cover each window."""
    length = last - first
    out = np.full(len(first), np.nan)
    block, rows = values, 1
    while rows <= length.max(initial=0):
        here = np.flatnonzero((length >= rows) & (length < 2 * rows))
        out[here] = better(block[first[here]], block[last[here] - rows])
        block = better(block[:-rows], block[rows:])
        rows *= 2
    return out


def _medians(x: Floats, first: Places, last: Places) -> Floats:
    import pandas as pd
    from pandas.api.indexers import BaseIndexer

    class Bounds(BaseIndexer):
        def get_window_bounds(
            self,
            num_values: int = 0,
            min_periods: int | None = None,
            center: bool | None = None,
            closed: str | None = None,
            step: int | None = None,
        ) -> tuple[Places, Places]:
            return first, last

    return finite(pd.Series(x).rolling(Bounds(), min_periods=1).median().to_numpy(dtype=np.float64))
