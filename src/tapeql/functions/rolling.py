"""Windows of n rows: the current row and the n - 1 before it, NULL unless all of them exist and are not NULL.

NaN needs no care of its own: it goes through sums, minima and maxima into just the windows that hold it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tapeql.functions.exact import Blocks, add, blocks, divide, finite, from_mean
from tapeql.functions.registry import Floats

CACHED_ROWS = 8192
"""Rows worked on at a time: small enough for the processor's cache and for memory that is reused, not asked for anew."""


def rolling_sum(x: Floats, n: int) -> Floats:
    """The sum of each window."""
    (out,) = _in_pieces(x, n, lambda piece: (np.add(*_sums(_parts(piece, n))),))
    return out


def rolling_mean(x: Floats, n: int) -> Floats:
    """The mean of each window."""
    (out,) = _in_pieces(x, n, lambda piece: (np.add(*_means(_parts(piece, n), n)),))
    return out


def rolling_mean_stddev(x: Floats, n: int) -> tuple[Floats, Floats]:
    """The mean of each window and the population standard deviation around it."""
    mean, stddev = _in_pieces(x, n, lambda piece: _mean_stddev(piece, n))
    return mean, stddev


def rolling_max(x: Floats, n: int) -> Floats:
    """The greatest value of each window."""
    (out,) = _in_pieces(x, n, lambda piece: (_extreme(np.maximum, piece, n),))
    return out


def rolling_min(x: Floats, n: int) -> Floats:
    """The least value of each window."""
    (out,) = _in_pieces(x, n, lambda piece: (_extreme(np.minimum, piece, n),))
    return out


def rolling_median(x: Floats, n: int) -> Floats:
    """The median of each window; of an even number of values, the mean of the two in the middle."""
    import pandas as pd  # its skip list takes log2(n) steps a row and only ever orders values

    return finite(pd.Series(x).rolling(n, min_periods=n).median().to_numpy(dtype=np.float64))


def rolling_count(x: Floats, n: int) -> Floats:
    """How many of the n rows are not NULL; NULL until n rows exist."""
    out = np.full(len(x), np.nan)
    if len(x) >= n:
        present = np.concatenate([[0], np.cumsum(~np.isnan(x))])
        out[n - 1 :] = present[n:] - present[:-n]
    return out


def _in_pieces(x: Floats, n: int, compute: Callable[[Floats], tuple[Floats, ...]]) -> tuple[Floats, ...]:
    """`compute` maps a piece of x to a value for each whole window in it."""
    with np.errstate(all="ignore"):
        if len(x) < n:
            return tuple(np.full(len(x), np.nan) for _ in compute(np.zeros(n)))
        outs: tuple[Floats, ...] = ()
        step = max(CACHED_ROWS, n)
        for start in range(0, len(x) - n + 1, step):
            found = compute(x[start : start + step + n - 1])
            outs = outs or tuple(np.full(len(x), np.nan) for _ in found)
            for out, values in zip(outs, found, strict=True):
                out[start + n - 1 : start + n - 1 + len(values)] = finite(values)
        return outs


def _mean_stddev(x: Floats, n: int) -> tuple[Floats, Floats]:
    parts = _parts(x, n, squares=True)
    mean = np.add(*_means(parts, n))
    squares = np.zeros(len(mean))
    for part in parts:
        apart = from_mean(part, mean)
        apart *= apart
        apart *= part.rows
        squares += part.squares
        squares += apart
    squares /= n
    return mean, np.sqrt(squares)


def _means(parts: list[Blocks], n: int) -> tuple[Floats, Floats]:
    return divide(*_sums(parts), n, parts[0].grid)


def _sums(parts: list[Blocks]) -> tuple[Floats, Floats]:
    high, low = parts[0].high, parts[0].low
    for part in parts[1:]:
        high, low = add(high, low, part.high, part.low, part.grid)
    return high, low


def _parts(x: Floats, n: int, *, squares: bool = False) -> list[Blocks]:
    """Each window as the blocks whose sizes are the binary digits of n, one after another."""
    windows = len(x) - n + 1
    parts, at = [], 0
    for block in blocks(x, n, squares=squares):
        if n & block.rows:
            here = slice(at, at + windows)
            parts.append(Blocks(block.rows, block.high[here], block.low[here], block.squares[here], block.grid))
            at += block.rows
    return parts


def _extreme(better: np.ufunc, x: Floats, n: int) -> Floats:
    """Two overlapping blocks of the largest power of two cover each window."""
    rows = 1
    while 2 * rows <= n:
        x = better(x[:-rows], x[rows:])
        rows *= 2
    return np.asarray(better(x[: len(x) - (n - rows)], x[n - rows :]), dtype=np.float64)
