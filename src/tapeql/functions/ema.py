"""ema: the exponential moving average."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.functions.plain import exponential
from tapeql.functions.plain import over_present as plain_over_present
from tapeql.functions.recursive import NULLS, over_present, settle_rows, talib
from tapeql.functions.registry import Floats, Function, Input, Param, Params


def lookback(params: Params) -> int:
    return int(params[0]) - 1


def warmup(params: Params) -> int:
    return lookback(params) + settle_rows(2 / (params[0] + 1))


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    (n,) = params
    return over_present(inputs, lookback(params), 1, lambda rows: (talib().EMA(rows[0], n),))


FUNCTION = Function(
    name="ema",
    title="exponential moving average",
    inputs=(Input("x", "close"),),
    params=(Param("n", int),),
    outputs=("ema",),
    lookback=lookback,
    warmup=warmup,
    kernel=kernel,
    oracle=lambda inputs, params: plain_over_present(inputs, 1, lambda rows: (exponential(rows[0], params[0]),)),
    nulls=NULLS,
    definition="ema[1] + 2 / (n + 1) * (x - ema[1]); the first is avg(x, n)",
    reference="TA-Lib EMA",
)
