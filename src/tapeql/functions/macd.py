"""macd: moving average convergence/divergence."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.functions.plain import Column, exponential
from tapeql.functions.plain import over_present as plain_over_present
from tapeql.functions.recursive import FORGOTTEN, NULLS, over_present, talib
from tapeql.functions.registry import Floats, Function, Input, Param, Params


def lookback(params: Params) -> int:
    fast, slow, signal = params
    return int(max(fast, slow)) - 1 + int(signal) - 1


def warmup(params: Params) -> int:
    """Follows the largest error a late start can leave, of an input that moves in a range of width 1, row by row."""
    fast, slow, signal = (2 / (n + 1) for n in (*sorted(params[:2]), params[2]))
    fast_error = slow_error = (1 - slow) ** (params[2] - 1)
    signal_error, rows = 2.0, lookback(params)  # at the first signal, whose seed is a mean of |macd| <= 1
    while fast_error + slow_error + signal_error >= FORGOTTEN:
        fast_error *= 1 - fast
        slow_error *= 1 - slow
        signal_error += signal * (fast_error + slow_error - signal_error)
        rows += 1
    return rows


def kernel(inputs: Sequence[Floats], params: Params) -> Sequence[Floats]:
    return over_present(inputs, lookback(params), 3, lambda rows: talib().MACD(rows[0], *params))


def plain(x: Sequence[float], fast: int, slow: int, signal: int) -> list[Column]:
    """Both means start on the same row, so the fast one is seeded by the last rows before it."""
    fast, slow = sorted((fast, slow))
    late = [*[None] * (slow - fast), *exponential(x[slow - fast :], fast)][: len(x)]
    macd = [a - b for a, b in zip(late, exponential(x, slow), strict=True) if a is not None and b is not None]
    smooth = exponential(macd, signal)
    shown = [(m, s, m - s) for m, s in zip(macd, smooth, strict=True) if s is not None]
    return [[*[None] * (len(x) - len(shown)), *(row[i] for row in shown)] for i in range(3)]


FUNCTION = Function(
    name="macd",
    title="moving average convergence/divergence",
    inputs=(Input("x", "close"),),
    params=(Param("fast", int, 12, minimum=2), Param("slow", int, 26, minimum=2), Param("signal", int, 9)),
    outputs=("macd", "signal", "hist"),
    lookback=lookback,
    warmup=warmup,
    kernel=kernel,
    oracle=lambda inputs, params: plain_over_present(inputs, 3, lambda rows: plain(rows[0], *params)),
    nulls=NULLS,
    definition=(
        "macd = ema(x, fast) - ema(x, slow), signal = ema(macd, signal), hist = macd - signal; both means of x start "
        "on row slow, and all three outputs where signal starts; fast and slow change places if fast > slow"
    ),
    reference="TA-Lib MACD; Appel, The Moving Average Convergence-Divergence Trading Method (1985)",
)
