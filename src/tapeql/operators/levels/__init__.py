"""PROFILE: prices gathered into levels, with the level most was traded at and the area around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tapeql.operators.operator import ResultOperator
from tapeql.query.levels import LEVEL, POC, area_edge, of_level
from tapeql.query.nodes import Column

SAME: Final = 1e-12
"""Sums that differ by less than this part of them are equal: neither level has more."""


@dataclass(frozen=True, slots=True)
class Levels(ResultOperator):
    """A row a level with a trade, by price, from rows a price, sorted by `within` and price.

    within   what a profile is known by
    step     how far apart levels are, from price 0 on; 0: `bins` of equal width, from a profile's lowest to its highest price
    areas    shares of the volume: the area is grown from the level with most, one neighbour at a time, the one with more
             volume first, the upper of equals (J. P. Steidlmayer's value area, level by level)
    """

    within: tuple[Column, ...]
    step: float
    bins: int
    areas: tuple[float, ...]

    @property
    def remakes(self) -> bool:
        return True

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        areas = (area_edge(share, edge).name for share in self.areas for edge in ("low", "high"))
        own = (of_level(name).name for name in LEVEL)
        return frozenset((*(key.name for key in self.within), *own, POC.name, *areas))

    def text(self) -> Iterator[str]:
        size = f"{self.step!r} apart" if self.step else f"{self.bins} of equal width"
        areas = "".join(f", the area of {100 * share:g}% of the volume" for share in self.areas)
        yield f"levels {size}{areas}"
