"""stddev: the standard deviation of a window."""

from __future__ import annotations

from tapeql.functions.plain import deviation, over_windows
from tapeql.functions.registry import Function, Input, Param
from tapeql.functions.rolling import rolling_mean_stddev

FUNCTION = Function(
    name="stddev",
    title="population standard deviation",
    inputs=(Input("x", "close"),),
    params=(Param("n", int),),
    outputs=("stddev",),
    lookback=lambda params: params[0] - 1,
    warmup=lambda params: params[0] - 1,
    kernel=lambda inputs, params: (rolling_mean_stddev(inputs[0], params[0])[1],),
    oracle=lambda inputs, params: (over_windows(inputs[0], params[0], deviation),),
    definition="sqrt(Σ (x[i] - avg(x, n))² / n), i = 0 … n - 1: divided by n, not n - 1",
    reference="TA-Lib STDDEV with nbdev 1",
)
