"""Row-wise mathematics: a value from the values of one row, NULL outside its domain, never NaN or infinity."""

from __future__ import annotations

import decimal
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tapeql.functions.exact import finite
from tapeql.functions.plain import number
from tapeql.functions.registry import Floats

POWERS_OF_TEN: Final = np.array([float(f"1e{i}") for i in range(309)])
"""Correctly rounded, which an array power is not everywhere."""


@dataclass(frozen=True, slots=True)
class ScalarFunction:
    """One function of the values of a row.

    fewest, most   number of arguments; `most` None: any number
    arrays         float64 arrays in, one out, NaN standing for NULL; NaN and infinities it makes become NULL
    plain          the same in plain Python over values that are not NULL (over float | None where `sees_null`)
    """

    name: str
    title: str
    fewest: int
    most: int | None
    arrays: Callable[..., Floats]
    plain: Callable[..., float | None]
    definition: str
    sees_null: bool = False

    def kernel(self, arguments: Sequence[Floats]) -> Floats:
        with np.errstate(all="ignore"):
            return finite(self.arrays(*arguments))

    def oracle(self, values: Sequence[float | None]) -> float | None:
        if not self.sees_null and None in values:
            return None
        return number(self.plain, *values)


def round_arrays(x: Floats, digits: Floats | None = None) -> Floats:
    if digits is None:
        return half_away(x)
    places = np.clip(np.nan_to_num(np.trunc(digits)), -308, 308).astype(np.int64)
    power = POWERS_OF_TEN[np.abs(places)]
    fine = half_away(x * power) / power
    coarse = half_away(x / power) * power
    rounded = np.where(places < 0, coarse, np.where(np.isfinite(fine), fine, x))
    return np.where(np.isnan(digits), np.nan, rounded)


def half_away(x: Floats) -> Floats:
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)


def round_plain(x: float, digits: float = 0) -> float:
    places = max(-308, min(308, int(digits)))
    power = float(f"1e{abs(places)}")
    if places < 0:
        return half_away_plain(x / power) * power
    return half_away_plain(x * power) / power if math.isfinite(x * power) else x


def half_away_plain(x: float) -> float:
    return float(decimal.Decimal(x).to_integral_value(decimal.ROUND_HALF_UP))


def power(x: Floats, y: Floats) -> Floats:
    return np.where(np.isnan(x) | np.isnan(y), np.nan, np.power(x, y))


def first_present(*arguments: Floats) -> Floats:
    return functools.reduce(lambda a, b: np.where(np.isnan(a), b, a), arguments)


SCALARS: Final[Mapping[str, ScalarFunction]] = {
    f.name: f
    for f in (
        ScalarFunction("abs", "absolute value", 1, 1, np.abs, abs, "x without its sign"),
        ScalarFunction(
            "sign", "sign", 1, 1, np.sign, lambda x: float((x > 0) - (x < 0)), "-1, 0 or 1 as x is below, at or above 0"
        ),
        ScalarFunction("sqrt", "square root", 1, 1, np.sqrt, math.sqrt, "NULL for x < 0"),
        ScalarFunction("ln", "natural logarithm", 1, 1, np.log, math.log, "NULL for x <= 0"),
        ScalarFunction("log10", "decimal logarithm", 1, 1, np.log10, math.log10, "NULL for x <= 0"),
        ScalarFunction("exp", "exponential", 1, 1, np.exp, math.exp, "e to the power of x; NULL where that overflows"),
        ScalarFunction(
            "pow",
            "power",
            2,
            2,
            power,
            math.pow,
            "x to the power of y; NULL where that overflows, for x = 0 with y < 0, and for x < 0 unless y is whole",
        ),
        ScalarFunction("floor", "round down", 1, 1, np.floor, math.floor, "the greatest whole number <= x"),
        ScalarFunction("ceil", "round up", 1, 1, np.ceil, math.ceil, "the least whole number >= x"),
        ScalarFunction(
            "round",
            "round half away from zero",
            1,
            2,
            round_arrays,
            round_plain,
            "x * 10^digits rounded to a whole number, halves away from zero, / 10^digits; digits is 0 when left out, "
            "its fraction is cut off, and it may be negative: round(1250, -2) = 1300",
        ),
        ScalarFunction(
            "greatest",
            "greatest of the arguments",
            1,
            None,
            lambda *xs: functools.reduce(np.maximum, xs),
            lambda *xs: max(xs),
            "NULL if any argument is NULL",
        ),
        ScalarFunction(
            "least",
            "least of the arguments",
            1,
            None,
            lambda *xs: functools.reduce(np.minimum, xs),
            lambda *xs: min(xs),
            "NULL if any argument is NULL",
        ),
        ScalarFunction(
            "coalesce",
            "first argument that is not NULL",
            1,
            None,
            first_present,
            lambda *xs: next((x for x in xs if x is not None), None),
            "NULL if all arguments are NULL",
            sees_null=True,
        ),
        ScalarFunction(
            "nullif",
            "NULL where two values are equal",
            2,
            2,
            lambda x, y: np.where(x == y, np.nan, x),
            lambda x, y: None if x == y else x,
            "NULL if x = y, else x; x too where y is NULL",
            sees_null=True,
        ),
        ScalarFunction(
            "mod",
            "remainder of a division",
            2,
            2,
            np.fmod,
            math.fmod,
            "x - y * trunc(x / y), exactly, with the sign of x: mod(-7, 3) = -1; NULL for y = 0",
        ),
    )
}


def is_scalar(name: str) -> bool:
    """Whether a function computes a row's value from that row alone."""
    return name in SCALARS
