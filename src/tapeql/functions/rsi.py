"""rsi: Wilder's relative strength index."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tapeql.functions.plain import Column, wilder
from tapeql.functions.plain import over_present as plain_over_present
from tapeql.functions.recursive import NULLS, over_present, settle_rows, talib
from tapeql.functions.registry import Floats, Function, Input, Param, Params

STILL = 1e-14
"""Below this mean move TA-Lib takes the market to stand still and answers 0."""


def lookback(params: Params) -> int:
    return int(params[0])


def warmup(params: Params) -> int:
    """The promise is kept by the two means; the index divides by their sum, so it sees older data longer where a
    market has become very quiet, and for ever in one that stopped moving altogether."""
    return lookback(params) + settle_rows(1 / params[0])


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    (n,) = params
    return over_present(inputs, lookback(params), 1, lambda rows: (talib().RSI(rows[0], n),))


def plain(x: Sequence[float], n: int) -> Column:
    moves = [b - a for a, b in itertools.pairwise(x)]
    gains, losses = (wilder([max(sign * m, 0.0) for m in moves], n) for sign in (1, -1))
    out: Column = [None] * min(1, len(x))
    for gain, loss in zip(gains, losses, strict=True):
        if gain is None or loss is None:
            out.append(None)
        else:
            out.append(100 * (gain / (gain + loss)) if gain + loss >= STILL else 0.0)
    return out


FUNCTION = Function(
    name="rsi",
    title="relative strength index",
    inputs=(Input("x", "close"),),
    params=(Param("n", int, 14, minimum=2),),
    outputs=("rsi",),
    lookback=lookback,
    warmup=warmup,
    kernel=kernel,
    oracle=lambda inputs, params: plain_over_present(inputs, 1, lambda rows: (plain(rows[0], params[0]),)),
    unit="index",
    nulls=NULLS,
    definition=(
        "100 * gain / (gain + loss): Wilder's means (the first avg(…, n), then m[1] + (v - m[1]) / n) of the rises "
        "and of the falls of x - x[1]; 0 where x has not moved at all"
    ),
    reference="TA-Lib RSI; Wilder, New Concepts in Technical Trading Systems (1978)",
)
