"""TWAP: the time-weighted mean of the prices that stood in a bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator


@dataclass(frozen=True, slots=True)
class PriceMeans(RowOperator):
    """Adds `twap`: each last price weighted by how long it stood in the bar. Only after Bars.

    A price stands until the next trade that counts for open and close, or until the market closes; that of the last trade before the
    bar counts, if the market has been open since.
    """

    measures: tuple[str, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | frozenset(self.measures)

    def text(self) -> Iterator[str]:
        yield f"time-weighted {', '.join(self.measures)}"
