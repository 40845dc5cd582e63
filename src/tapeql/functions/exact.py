"""Sums over runs of consecutive rows, carried in two doubles so that they are right to the last bit.

Sums are built by doubling: blocks of 1, 2, 4 … rows, each from two halves. So a window's sum costs log2(rows) passes,
sees nothing but its own rows (no drift, no damage from an old outlier), and the same window gives the same bits
wherever the series starts. A mean of equal values is that value, and its deviation is 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tapeql.functions.registry import Floats

LOW_BITS = np.int64((1 << 27) - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Of every block of `rows` consecutive rows: its sum `high + low`, and `squares`, Σ (x - mean of the block)².

    `grid` is not 0 where high and low are sums on the two grids of `split`, which add without any rounding.
    """

    rows: int
    high: Floats
    low: Floats
    squares: Floats
    grid: float


def blocks(x: Floats, longest: int, *, squares: bool = False) -> Iterator[Blocks]:
    """Blocks of 1, 2, 4 … rows, up to `longest`. Without `squares` those are left 0."""
    zeros = np.zeros_like(x)
    high, low, grid = split(x, longest) or (x, zeros, 0.0)
    block = Blocks(1, high, low, zeros, grid)
    while True:
        yield block
        rows = block.rows
        if 2 * rows > longest or len(block.high) <= rows:
            return
        left = block.high[:-rows], block.low[:-rows]
        right = block.high[rows:], block.low[rows:]
        around = block.squares[:-rows]
        if squares:  # Chan, Golub and LeVeque's merge of two equal halves: only non-negative terms, no cancellation
            apart = difference(*right, *left, grid)
            apart *= apart
            apart /= 2 * rows
            around = around + block.squares[rows:]
            around += apart
        block = Blocks(2 * rows, *add(*left, *right, grid), around, grid)


def split(x: Floats, rows: int) -> tuple[Floats, Floats, float] | None:
    """x as high + low, on grids so coarse that sums of `rows` of them are exact; None if two grids are not enough.

    They are enough for ordinary series: about 2**40 may lie between the largest and the smallest value. The grids
    come from adding and taking away a large power of two (Rump, Ogita and Oishi's extraction), which is the third
    item of the answer for high.
    """
    largest = float(np.fmax.reduce(np.abs(x), initial=0.0))
    room = math.frexp(rows + 2)[1] + 1
    exponent = math.frexp(largest)[1] + room
    if not 0 < largest < math.inf or not -900 < exponent < 1000:
        return None
    grid, fine = math.ldexp(1.0, exponent), math.ldexp(1.0, exponent - 53 + room)
    high = x + grid
    high -= grid
    rest = x - high
    low = rest + fine
    low -= fine
    rest -= low
    if rest.any() and np.fmax.reduce(np.abs(rest)) > 0:  # any: NaN too, which is none of our business
        return None
    return high, low, grid


def add(high: Floats, low: Floats, other_high: Floats, other_low: Floats, grid: float = 0.0) -> tuple[Floats, Floats]:
    """The sum of two unevaluated sums; off the grid, Knuth's two-sum keeps what rounding would lose."""
    total = high + other_high
    if grid:
        return total, low + other_low
    part = total - high
    lost = (high - (total - part)) + (other_high - part)
    return total, lost + (low + other_low)


def difference(high: Floats, low: Floats, other_high: Floats, other_low: Floats, grid: float) -> Floats:
    """The difference of two unevaluated sums, rounded once."""
    if not grid:
        return np.asarray(np.add(*add(high, low, -other_high, -other_low)))
    apart = high - other_high
    apart += low - other_low
    return apart


def from_mean(block: Blocks, mean: Floats) -> Floats:
    """How far each block's own mean lies from `mean`, rounded once."""
    high, low = block.high / block.rows, block.low / block.rows
    return np.asarray(np.add(*add(high, low, -mean, np.zeros(1))))


def divide(high: Floats, low: Floats, by: float | Floats, grid: float = 0.0) -> tuple[Floats, Floats]:
    """`(high + low) / by` as an unevaluated sum, for whole numbers `by` < 2**26.

    The head of the quotient is cut so short that head * by is exact, and so is what it leaves of the sum.
    """
    if grid:
        head = high / by
        head += grid
        head -= grid
        rest = head * by
        np.subtract(high, rest, out=rest)
        rest += low
        rest /= by
        return head, rest
    total = high + low
    low = low - (total - high)
    quotient = total / by
    head = (quotient.view(np.int64) & ~LOW_BITS).view(np.float64)
    remainder = (total - head * by) - (quotient - head) * by
    return quotient, (remainder + low) / by


def whole(x: Floats) -> tuple[Floats, Floats]:
    """The sum of all of x as an unevaluated sum of two arrays of one element; x is not empty."""
    high, low = x, np.zeros_like(x)
    while len(high) > 1:
        half = (len(high) + 1) // 2
        rest = len(high) - half
        top, bottom = add(high[:rest], low[:rest], high[half:], low[half:])
        high, low = np.concatenate([top, high[rest:half]]), np.concatenate([bottom, low[rest:half]])
    return high, low


def finite(x: Floats) -> Floats:
    """A copy of x with NULL for every infinity and no negative zero."""
    out = x + 0.0
    out[np.isinf(out)] = np.nan
    return out
