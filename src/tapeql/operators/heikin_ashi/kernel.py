"""Heikin-Ashi prices, bar after bar."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np

from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.series import Series
from tapeql.operators.heikin_ashi import HeikinAshi
from tapeql.query.nodes import Type


def run(step: HeikinAshi, series: Series, context: Context) -> Iterator[Frame]:
    opening: float | None = None  # of the next bar
    for frame in series.frames:
        context.cancel.check()
        o, h, low, c = (frame[name].values for name in ("open", "high", "low", "close"))
        with np.errstate(over="ignore", invalid="ignore"):
            close = finite((o + h + low + c) / 4)
        known = np.flatnonzero(~np.isnan(close))
        opens = np.full(frame.length, np.nan)
        if len(known):
            seed = float(o[known[0]] + c[known[0]]) / 2 if opening is None else opening
            found = list(accumulate(close[known].tolist(), lambda before, own: (before + own) / 2, initial=seed))
            opens[known], opening = found[:-1], found[-1]
        prices = {
            "open": opens,
            "high": np.maximum(np.maximum(h, opens), close),
            "low": np.minimum(np.minimum(low, opens), close),
            "close": close,
        }
        yield frame.with_columns({name: Vector(Type.FLOAT, values) for name, values in prices.items()})
