"""cum: the running sum of everything stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapeql.functions.plain import Column, running
from tapeql.functions.plain import over_present as plain_over_present
from tapeql.functions.recursive import NULLS, over_present
from tapeql.functions.registry import Floats, Function, Input, Params, Values


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    return over_present(inputs, 0, 1, lambda rows: (_sums(rows[0]),))


def _sums(x: Floats) -> Floats:
    """Each sum with what its additions have rounded away (Knuth's two-sum), so that a long tape does not drift."""
    sums = np.cumsum(x)
    before = np.append(0.0, sums[:-1])
    added = sums - before
    sums += np.cumsum((before - (sums - added)) + (x - added))
    return sums


def oracle(inputs: Sequence[Values], params: Params) -> Sequence[Column]:
    return plain_over_present(inputs, 1, lambda rows: (running(rows[0]),))


FUNCTION = Function(
    name="cum",
    title="running sum",
    inputs=(Input("x", None),),
    params=(),
    outputs=("cum",),
    lookback=lambda params: 0,
    warmup=lambda params: 0,
    cumulative=True,
    kernel=kernel,
    oracle=oracle,
    nulls=NULLS,
    definition="cum[1] + x: the sum of x from the first stored row up to this one",
    reference="running sum",
)
