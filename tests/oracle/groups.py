"""STATS, group by group, in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from statistics import median
from typing import Any

from tapeql.query.grouped import Measure
from tests.oracle.tape import Row

Values = Sequence[Any]


def groups(rows: Sequence[Row], keys: Sequence[str], measures: Sequence[Measure]) -> list[Row]:
    """One row for each combination of the keys' values, sorted by them, NULLs last."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return [
        dict(zip(keys, known, strict=True)) | {m.name: measured(m, found[known]) for m in measures}
        for known in sorted(found, key=cmp_to_key(_compared))
    ]


def measured(measure: Measure, rows: Sequence[Row]) -> Any:
    if not measure.inputs:
        return len(rows)
    pairs = [tuple(row[column.name] for column in measure.inputs) for row in rows]
    known = [pair for pair in pairs if None not in pair]
    if measure.function in ("count", "count_distinct"):
        values = [x for (x,) in known]
        return len(values) if measure.function == "count" else len(set(values))
    if not known:
        return None
    found = ORACLES[measure.function]([x for x, *_ in known], [pair[-1] for pair in known], *measure.params)
    return None if isinstance(found, float) and not math.isfinite(found) else found


def _sum(x: Values) -> Any:
    return sum(x) if all(isinstance(value, int) for value in x) else math.fsum(x)


def _avg(x: Values) -> float:
    return math.fsum(x) / len(x)


def _covariance(x: Values, y: Values) -> float:
    ax, ay = _avg(x), _avg(y)
    return math.fsum((a - ax) * (b - ay) for a, b in zip(x, y, strict=True)) / len(x)


def _wavg(x: Values, w: Values) -> float | None:
    weight = math.fsum(w)
    return math.fsum(a * b for a, b in zip(x, w, strict=True)) / weight if weight else None


def _percentile(x: Values, p: float) -> float:
    values = sorted(x)
    at = p / 100 * (len(values) - 1)
    low, high = values[math.floor(at)], values[math.ceil(at)]
    return float(low + (high - low) * (at - math.floor(at)))


def _corr(x: Values, y: Values) -> float | None:
    if len(set(x)) == 1 or len(set(y)) == 1:
        return None
    return _covariance(x, y) / math.sqrt(_covariance(x, x) * _covariance(y, y))


def _beta(x: Values, y: Values) -> float | None:
    return None if len(set(y)) == 1 else _covariance(x, y) / _covariance(y, y)


ORACLES: dict[str, Callable[..., Any]] = {
    "sum": lambda x, y: _sum(x),
    "avg": lambda x, y: _avg(x),
    "wavg": _wavg,
    "min": lambda x, y: min(x, key=_ordered),
    "max": lambda x, y: max(x, key=_ordered),
    "first": lambda x, y: x[0],
    "last": lambda x, y: x[-1],
    "arg_min": lambda x, y: min(zip(x, y, strict=True), key=lambda pair: _ordered(pair[1]))[0],
    "arg_max": lambda x, y: max(zip(x, y, strict=True), key=lambda pair: _ordered(pair[1]))[0],
    "median": lambda x, y: float(median(x)),
    "percentile": lambda x, y, p: _percentile(x, p),
    "stddev": lambda x, y: math.sqrt(_covariance(x, x)),
    "variance": lambda x, y: _covariance(x, x),
    "corr": _corr,
    "beta": _beta,
}


def _ordered(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _compared(one: Values, other: Values) -> int:
    for a, b in zip(one, other, strict=True):
        if a is None or b is None:
            if (a is None) != (b is None):
                return 1 if a is None else -1
        elif _ordered(a) != _ordered(b):
            return -1 if _ordered(a) < _ordered(b) else 1
    return 0
