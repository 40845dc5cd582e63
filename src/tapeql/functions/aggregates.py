"""Aggregates of groups of rows: what SELECT and ORDER BY of STATS may ask of a group, a line each.

A row of which an input is NULL is left out; where none is left the answer is NULL, but a count is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Aggregate:
    """inputs    series arguments by name
    params    constant arguments by name, with their least and greatest values
    gives     what it is: "number", "count", or "same" as the first input
    numbers   whether its inputs are numbers
    keeps_unit   whether it is in the unit of the first input
    """

    name: str
    title: str
    inputs: tuple[str, ...] = ("x",)
    params: tuple[tuple[str, float, float], ...] = ()
    gives: str = "number"
    numbers: bool = True
    keeps_unit: bool = True

    @property
    def usage(self) -> str:
        return f"{self.name}({', '.join((*self.inputs, *(name for name, _, _ in self.params)))})"


AGGREGATES: Final[Mapping[str, Aggregate]] = {
    each.name: each
    for each in (
        Aggregate("count", "rows; with an input, those where it is not NULL", (), gives="count", keeps_unit=False),
        Aggregate("count_distinct", "different values", gives="count", numbers=False, keeps_unit=False),
        Aggregate("sum", "sum", gives="same"),
        Aggregate("avg", "mean"),
        Aggregate("wavg", "mean of x weighted by w: Σ x·w / Σ w", ("x", "w")),
        Aggregate("min", "least value", gives="same", numbers=False),
        Aggregate("max", "greatest value", gives="same", numbers=False),
        Aggregate("first", "first value in the order of rows", gives="same", numbers=False),
        Aggregate("last", "last value in the order of rows", gives="same", numbers=False),
        Aggregate("arg_min", "x where y is least, the first of equals", ("x", "y"), gives="same", numbers=False),
        Aggregate("arg_max", "x where y is greatest, the first of equals", ("x", "y"), gives="same", numbers=False),
        Aggregate("median", "middle value, or the mean of the two"),
        Aggregate(
            "percentile", "value below which p percent lie, between two by the straight line", params=(("p", 0, 100),)
        ),
        Aggregate("stddev", "standard deviation of the group itself (divided by n, as the window of that name)"),
        Aggregate("variance", "square of stddev", keeps_unit=False),
        Aggregate("corr", "correlation, from -1 to 1; NULL where one does not vary", ("x", "y"), keeps_unit=False),
        Aggregate("beta", "slope of x on y: covariance / variance of y", ("x", "y"), keeps_unit=False),
    )
}


def aggregate(name: str) -> Aggregate | None:
    """An aggregate by its name, in any case."""
    return AGGREGATES.get(name.lower())
