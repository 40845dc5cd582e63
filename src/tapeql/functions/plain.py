"""Slow, plain Python the oracles are written in: lists of float | None, one row at a time, no arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tapeql.functions.registry import Values

Column = list[float | None]


def over_windows(values: Values, n: int, answer: Callable[[list[float]], float | None]) -> Column:
    """`answer` of every window of n rows that all exist and are not NULL."""
    out: Column = []
    for row in range(len(values)):
        window = [v for v in values[max(0, row - n + 1) : row + 1] if v is not None]
        out.append(number(answer, window) if len(window) == n else None)
    return out


def over_present(
    columns: Sequence[Values], outputs: int, answer: Callable[[list[list[float]]], Sequence[Column]]
) -> list[Column]:
    """`answer` of the rows in which no column is NULL, put back in their places."""
    rows = [i for i, row in enumerate(zip(*columns, strict=True)) if None not in row]
    full: list[Column] = [[None] * len(columns[0]) for _ in range(outputs)]
    found = answer([[v for i in rows if (v := column[i]) is not None] for column in columns])
    for out, values in zip(full, found, strict=True):
        for i, value in zip(rows, values, strict=True):
            out[i] = value
    return full


def number(compute: Callable[..., float | None], *arguments: object) -> float | None:
    """What the arithmetic gives; NULL where it has no finite answer."""
    try:
        value = compute(*arguments)
    except (ArithmeticError, ValueError):
        return None
    return value if value is not None and math.isfinite(value) else None


def mean(window: Sequence[float]) -> float:
    """The mean, rounded once: a first quotient, corrected by what it leaves."""
    first = math.fsum(window) / len(window)
    return first + math.fsum([*window, *[-first] * len(window)]) / len(window)


def deviation(window: Sequence[float]) -> float:
    """The population standard deviation."""
    middle = mean(window)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in window) / len(window))


def running(values: Sequence[float]) -> Column:
    """The sum of each value and all before it, rounded once."""
    return [number(math.fsum, values[: row + 1]) for row in range(len(values))]


def exponential(values: Sequence[float], n: int) -> Column:
    """Exponential mean: the mean of the first n, then a step of 2 / (n + 1) towards each value."""
    out: Column = [None] * min(n - 1, len(values))
    if len(values) >= n:
        state = sum(values[:n]) / n
        out.append(state)
        for v in values[n:]:
            state = (v - state) * (2 / (n + 1)) + state
            out.append(state)
    return out


def wilder(values: Sequence[float], n: int) -> Column:
    """Wilder's mean: the mean of the first n, then a step of 1 / n towards each value."""
    out: Column = [None] * min(n - 1, len(values))
    if len(values) >= n:
        state = sum(values[:n]) / n
        out.append(state)
        for v in values[n:]:
            state = (state * (n - 1) + v) / n
            out.append(state)
    return out
