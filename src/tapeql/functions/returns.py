"""returns: the relative change over n rows."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.functions.plain import Column, number
from tapeql.functions.registry import Function, Input, Param, Params, Values


def change(value: float, before: float) -> float:
    return value / before - 1


def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Column]:
    (x,), (n,) = inputs, params
    before = [*[None] * n, *x]
    pairs = zip(x, before, strict=False)
    return ([None if v is None or b is None else number(change, v, b) for v, b in pairs],)


FUNCTION = Function(
    name="returns",
    title="relative change over n rows, as a fraction",
    inputs=(Input("x", "close"),),
    params=(Param("n", int, 1),),
    outputs=("returns",),
    lookback=lambda params: int(params[0]),
    warmup=lambda params: int(params[0]),
    formula="x / x[$n] - 1",
    oracle=oracle,
    unit="fraction",
    nulls="NULL where x or x[n] is NULL, and where x[n] is 0.",
    definition="x / x[n] - 1",
    reference="simple return; TA-Lib ROCP",
)
