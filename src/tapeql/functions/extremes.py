"""highest and lowest: the extremes of a window, of highs and lows unless told otherwise."""

from __future__ import annotations

from tapeql.functions.plain import over_windows
from tapeql.functions.registry import Function, Input, Param
from tapeql.functions.rolling import rolling_max, rolling_min

HIGHEST = Function(
    name="highest",
    title="highest value of the last n rows",
    inputs=(Input("x", "high"),),
    params=(Param("n", int),),
    outputs=("highest",),
    lookback=lambda params: params[0] - 1,
    warmup=lambda params: params[0] - 1,
    kernel=lambda inputs, params: (rolling_max(inputs[0], params[0]),),
    oracle=lambda inputs, params: (over_windows(inputs[0], params[0], max),),
    definition="greatest(x, x[1], …, x[n - 1])",
    reference="TA-Lib MAX, Pine ta.highest",
)

LOWEST = Function(
    name="lowest",
    title="lowest value of the last n rows",
    inputs=(Input("x", "low"),),
    params=(Param("n", int),),
    outputs=("lowest",),
    lookback=lambda params: params[0] - 1,
    warmup=lambda params: params[0] - 1,
    kernel=lambda inputs, params: (rolling_min(inputs[0], params[0]),),
    oracle=lambda inputs, params: (over_windows(inputs[0], params[0], min),),
    definition="least(x, x[1], …, x[n - 1])",
    reference="TA-Lib MIN, Pine ta.lowest",
)

FUNCTIONS = (HIGHEST, LOWEST)
