"""rvol: relative volume."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from tapeql.functions.plain import Column, mean, number, over_windows
from tapeql.functions.registry import Function, Input, Param, Params, Values


def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Column]:
    (volume,), (n,) = inputs, params
    before = [None, *over_windows(volume, n, mean)]
    pairs = zip(volume, before, strict=False)
    return ([None if v is None or b is None else number(operator.truediv, v, b) for v, b in pairs],)


FUNCTION = Function(
    name="rvol",
    title="relative volume",
    inputs=(Input("volume", "volume"),),
    params=(Param("n", int),),
    outputs=("rvol",),
    lookback=lambda params: int(params[0]),
    warmup=lambda params: int(params[0]),
    formula="volume / avg(volume, $n)[1]",
    oracle=oracle,
    unit="ratio",
    nulls="NULL unless this row and the n before it exist and are not NULL, and where their mean is 0.",
    definition="volume / avg(volume, n)[1]: against the mean of the n rows before, this one left out",
    reference="relative volume (RVOL)",
)
