"""STYLE heikin_ashi: bars smoothed by the ones before them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tapeql.operators.operator import Cut, Operator
from tapeql.query.lookback import Lookback

SETTLED: Final = 60
"""Each bar halves what an older one does to the open: after so many nothing is left that a double holds."""


@dataclass(frozen=True, slots=True)
class HeikinAshi(Operator):
    """Other prices in place of a bar's own (D. Valcu, Using the Heikin-Ashi Technique, Stocks & Commodities 2/2004):

        close  (open + high + low + close) / 4
        open   the mean of the bar before's new open and close; of the first bar that of its own
        high, low  the extremes of the own ones and the new open and close

    A bar without prices stays without, and leaves what follows as it was. Only after Bars.
    """

    def reads(self) -> frozenset[str]:
        return frozenset(("open", "high", "low", "close"))

    def reach(self) -> Lookback:
        return Lookback(SETTLED)

    @property
    def cut(self) -> Cut:
        return Cut.SYMBOL

    @property
    def sees_range(self) -> bool:
        return False

    def text(self) -> Iterator[str]:
        yield "heikin ashi"
