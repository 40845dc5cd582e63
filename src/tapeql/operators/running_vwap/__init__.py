"""VWAP: the volume-weighted price since an anchor, and how far prices lie from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Column, OfAnchor


@dataclass(frozen=True, slots=True)
class RunningVwap(RowOperator):
    """Adds what the trades from the anchor to the end of each bar say that count for volume. Only after Bars.

    of        where it begins anew: with each session, day, week or month, or at a time of day
    measures  `vwap` = Σ price·quantity / Σ quantity; `upper.k`, `lower.k` = vwap ± k·σ, with
              σ² = Σ quantity·(price - vwap)² / Σ quantity. NULL before the first trade
    """

    of: OfAnchor
    measures: tuple[Column, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | frozenset(measure.key for measure in self.measures)

    def text(self) -> Iterator[str]:
        yield f"running {', '.join(measure.key for measure in self.measures)}"
