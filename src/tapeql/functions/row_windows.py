"""avg sum min max count median: an aggregate of the last n rows, the current one included."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

from tapeql.functions.plain import Column, mean, over_windows
from tapeql.functions.registry import Floats, Function, Input, Param, Params, Values
from tapeql.functions.rolling import (
    rolling_count,
    rolling_max,
    rolling_mean,
    rolling_median,
    rolling_min,
    rolling_sum,
)


def lookback(params: Params) -> int:
    return int(params[0]) - 1


def window(
    name: str,
    title: str,
    rolling: Callable[[Floats, int], Floats],
    answer: Callable[[list[float]], float],
    definition: str,
    reference: str,
) -> Function:
    """An aggregate that needs all n values."""
    return Function(
        name=name,
        title=title,
        inputs=(Input("x", None),),
        params=(Param("n", int),),
        outputs=(name,),
        lookback=lookback,
        warmup=lookback,
        kernel=lambda inputs, params: (rolling(inputs[0], params[0]),),
        oracle=lambda inputs, params: (over_windows(inputs[0], params[0], answer),),
        definition=definition,
        reference=reference,
    )


def plain_count(values: Values, n: int) -> Column:
    return [
        float(sum(v is not None for v in values[row - n + 1 : row + 1])) if row >= n - 1 else None
        for row in range(len(values))
    ]


COUNT = Function(
    name="count",
    title="number of values in a window",
    inputs=(Input("x", None),),
    params=(Param("n", int),),
    outputs=("count",),
    lookback=lookback,
    warmup=lookback,
    kernel=lambda inputs, params: (rolling_count(inputs[0], params[0]),),
    oracle=lambda inputs, params: (plain_count(inputs[0], params[0]),),
    unit="count",
    nulls="Counts the rows that are not NULL; NULL until n rows exist.",
    definition="how many of x, x[1], …, x[n - 1] are not NULL",
    reference="SQL count(x)",
)

FUNCTIONS = (
    window("avg", "mean of a window", rolling_mean, mean, "sum(x, n) / n", "TA-Lib SMA"),
    window("sum", "sum of a window", rolling_sum, math.fsum, "x + x[1] + … + x[n - 1]", "TA-Lib SUM"),
    window("min", "least value of a window", rolling_min, min, "least(x, x[1], …, x[n - 1])", "TA-Lib MIN"),
    window("max", "greatest value of a window", rolling_max, max, "greatest(x, x[1], …, x[n - 1])", "TA-Lib MAX"),
    window(
        "median",
        "median of a window",
        rolling_median,
        statistics.median,
        "the middle of x, x[1], …, x[n - 1] in order; of an even n, the mean of the two in the middle",
        "Pine ta.median, statistics.median",
    ),
    COUNT,
)
