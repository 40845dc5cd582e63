"""bbands: Bollinger bands."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from tapeql.functions.exact import finite
from tapeql.functions.plain import Column, deviation, mean, over_windows
from tapeql.functions.registry import Floats, Function, Input, Param, Params, Values
from tapeql.functions.rolling import rolling_mean_stddev


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    n, k = params
    middle, stddev = rolling_mean_stddev(inputs[0], n)
    with np.errstate(all="ignore"):
        return finite(middle + k * stddev), middle, finite(middle - k * stddev)


def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Column]:
    (x,), (n, k) = inputs, params

    def band(window: list[float], widths: float) -> float:
        return mean(window) + widths * deviation(window)

    return [over_windows(x, n, functools.partial(band, widths=side * k)) for side in (1, 0, -1)]


FUNCTION = Function(
    name="bbands",
    title="Bollinger bands",
    inputs=(Input("x", "close"),),
    params=(Param("n", int, 20), Param("k", float, 2.0, minimum=0)),
    outputs=("upper", "middle", "lower"),
    lookback=lambda params: int(params[0]) - 1,
    warmup=lambda params: int(params[0]) - 1,
    kernel=kernel,
    oracle=oracle,
    definition="middle = avg(x, n), upper = middle + k * stddev(x, n), lower = middle - k * stddev(x, n)",
    reference="TA-Lib BBANDS with nbdevup = nbdevdn = k; Bollinger, Bollinger on Bollinger Bands (2001)",
)
