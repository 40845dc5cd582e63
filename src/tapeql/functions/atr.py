"""atr: Wilder's average true range."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.functions.plain import Column, wilder
from tapeql.functions.plain import over_present as plain_over_present
from tapeql.functions.recursive import NULLS, over_present, settle_rows, talib
from tapeql.functions.registry import Floats, Function, Input, Param, Params


def lookback(params: Params) -> int:
    return int(params[0])


def warmup(params: Params) -> int:
    return lookback(params) + settle_rows(1 / params[0])


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    (n,) = params
    return over_present(inputs, lookback(params), 1, lambda rows: (talib().ATR(*rows, n),))


def plain(high: Sequence[float], low: Sequence[float], close: Sequence[float], n: int) -> Column:
    ranges = [
        max(top - bottom, abs(top - before), abs(bottom - before))
        for top, bottom, before in zip(high[1:], low[1:], close, strict=False)
    ]
    return [*[None] * min(1, len(high)), *wilder(ranges, n)]


FUNCTION = Function(
    name="atr",
    title="average true range",
    inputs=(Input("high", "high"), Input("low", "low"), Input("close", "close")),
    params=(Param("n", int, 14),),
    outputs=("atr",),
    lookback=lookback,
    warmup=warmup,
    kernel=kernel,
    oracle=lambda inputs, params: plain_over_present(
        inputs, 1, lambda rows: (plain(rows[0], rows[1], rows[2], params[0]),)
    ),
    nulls=NULLS,
    definition=(
        "atr[1] + (range - atr[1]) / n, the first avg(range, n), where "
        "range = greatest(high - low, abs(high - close[1]), abs(low - close[1]))"
    ),
    reference="TA-Lib ATR; Wilder, New Concepts in Technical Trading Systems (1978)",
)
