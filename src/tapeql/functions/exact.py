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
    """Of every block of `rows` consecutive rows: its sum `high + low`, and `squares`, Σ (x - mean of the block)²."""

    rows: int
    high: Floats
    low: Floats
    squares: Floats


def blocks(x: Floats, longest: int, *, squares: bool = False) -> Iterator[Blocks]:
    """Blocks of 1, 2, 4 … rows, up to `longest`. Without `squares` those are left 0."""
    zeros = np.zeros_like(x)
    halves = split(x, longest)
    merge = add if halves is None else add_exact
    block = Blocks(1, *(halves or (x, zeros)), zeros)
    while True:
        yield block
        rows = block.rows
        if 2 * rows > longest or len(block.high) <= rows:
            return
        left, right = slice(None, -rows), slice(rows, None)
        high, low = merge(block.high[left], block.low[left], block.high[right], block.low[right])
        around = block.squares[left]
        if squares:  # Chan, Golub and LeVeque's merge of two equal halves: only non-negative terms, no cancellation
            apart = np.add(*merge(block.high[right], block.low[right], -block.high[left], -block.low[left]))
            around = around + block.squares[right] + apart * apart / (2 * rows)
        block = Blocks(2 * rows, high, low, around)


def split(x: Floats, rows: int) -> tuple[Floats, Floats] | None:
    """x as high + low, both on grids so coarse that sums of `rows` of them are exact; None if two are not enough.

    They are enough for ordinary series: about 2**40 may lie between the largest and the smallest value. The grids
    come from adding and taking away a large power of two (Rump, Ogita and Oishi's extraction).
    """
    largest = float(np.fmax.reduce(np.abs(x), initial=0.0))
    room = math.frexp(rows + 2)[1]
    exponent = math.frexp(largest)[1] + room
    if not 0 < largest < math.inf or not -900 < exponent < 1000:
        return None
    coarse, fine = math.ldexp(1.0, exponent), math.ldexp(1.0, exponent - 53 + room)
    high = (x + coarse) - coarse
    rest = x - high
    low = (rest + fine) - fine
    if np.fmax.reduce(np.abs(rest - low), initial=0.0) > 0:
        return None
    return high, low


def add_exact(high: Floats, low: Floats, other_high: Floats, other_low: Floats) -> tuple[Floats, Floats]:
    """The sum of two unevaluated sums from `split`."""
    return high + other_high, low + other_low


def add(high: Floats, low: Floats, other_high: Floats, other_low: Floats) -> tuple[Floats, Floats]:
    """The sum of two unevaluated sums; Knuth's two-sum keeps what rounding would lose."""
    total = high + other_high
    part = total - high
    lost = (high - (total - part)) + (other_high - part)
    return total, lost + (low + other_low)


def divide(high: Floats, low: Floats, by: float | Floats) -> tuple[Floats, Floats]:
    """`(high + low) / by` as an unevaluated sum, for whole numbers `by` < 2**26."""
    total = high + low
    low = low - (total - high)
    quotient = total / by
    head = (quotient.view(np.int64) & ~LOW_BITS).view(np.float64)  # so that head * by and tail * by are exact
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
    """x with NULL for every infinity, and with no negative zero."""
    return np.where(np.isfinite(x), x, np.nan) + 0.0
