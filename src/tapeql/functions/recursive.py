"""Recursive functions: what NULLs do to them, and how long they remember."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeql.functions.exact import finite
from tapeql.functions.registry import Floats

FORGOTTEN = 1e-10
"""Older data may move a result by less than this part of the width of the range its input moves in."""

NULLS = "NULL where an input is NULL; such a row leaves the state as it was and does not count."


def settle_rows(smoothing: float) -> int:
    """Steps of `state += smoothing * (x - state)` after which less than 1e-10 of a wrong start is left.

    A step keeps 1 - smoothing of the error, so that is ln(1e-10) / ln(1 - smoothing): 311 for rsi(14). An average
    started late is a mean of values out of the same range, so its error at the start is at most the range's width.
    """
    return math.ceil(math.log(FORGOTTEN) / math.log1p(-smoothing)) if smoothing < 1 else 0


def over_present(
    inputs: Sequence[Floats], lookback: int, outputs: int, compute: Callable[[Sequence[Floats]], Sequence[Floats]]
) -> tuple[Floats, ...]:
    """`compute` over the rows where no input is NULL, put back in their places; NULL elsewhere."""
    absent = np.isnan(inputs[0])
    for x in inputs[1:]:
        absent |= np.isnan(x)
    rows = len(absent) - int(np.count_nonzero(absent))
    if rows <= lookback:
        return tuple(np.full(len(absent), np.nan) for _ in range(outputs))
    if rows == len(absent):
        return tuple(finite(y) for y in compute([np.ascontiguousarray(x) for x in inputs]))
    present = ~absent
    spread = tuple(np.full(len(absent), np.nan) for _ in range(outputs))
    for out, y in zip(spread, compute([x[present] for x in inputs]), strict=True):
        out[present] = finite(y)
    return spread


def talib() -> Any:
    """TA-Lib's C library, imported late: its package takes most of a second."""
    from talib import _ta_lib

    return _ta_lib
