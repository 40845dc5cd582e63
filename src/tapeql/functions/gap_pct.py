"""gap_pct: the opening gap."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.functions.plain import Column, number
from tapeql.functions.registry import Function, Input, Params, Values


def gap(opening: float, before: float) -> float:
    return 100 * (opening / before - 1)


def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Column]:
    opens, closes = inputs
    before = [None, *closes]
    pairs = zip(opens, before, strict=False)
    return ([None if o is None or c is None else number(gap, o, c) for o, c in pairs],)


FUNCTION = Function(
    name="gap_pct",
    title="opening gap in percent of the close before",
    inputs=(Input("open", "open"), Input("close", "close")),
    params=(),
    outputs=("gap_pct",),
    lookback=lambda params: 1,
    warmup=lambda params: 1,
    formula="100 * (open / close[1] - 1)",
    oracle=oracle,
    unit="percent",
    nulls="NULL where open or the close before is NULL, and where that close is 0.",
    definition="100 * (open / close[1] - 1)",
    reference="opening gap",
)
