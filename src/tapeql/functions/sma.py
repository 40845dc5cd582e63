"""sma: the simple moving average."""

from __future__ import annotations

from tapeql.functions.plain import mean, over_windows
from tapeql.functions.registry import Function, Input, Param
from tapeql.functions.rolling import rolling_mean

FUNCTION = Function(
    name="sma",
    title="simple moving average",
    inputs=(Input("x", "close"),),
    params=(Param("n", int),),
    outputs=("sma",),
    lookback=lambda params: params[0] - 1,
    warmup=lambda params: params[0] - 1,
    kernel=lambda inputs, params: (rolling_mean(inputs[0], params[0]),),
    oracle=lambda inputs, params: (over_windows(inputs[0], params[0], mean),),
    definition="(x + x[1] + … + x[n - 1]) / n",
    reference="TA-Lib SMA",
)
