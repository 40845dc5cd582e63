"""FILL: a row for every empty slot of the grid, from the first bar on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import Cut, Operator
from tapeql.query.lookback import Lookback
from tapeql.query.nodes import Fill


@dataclass(frozen=True, slots=True)
class FillSlots(Operator):
    """See `Fill` for the methods. Only after Bars."""

    fill: Fill

    @property
    def looks_ahead(self) -> bool:
        """Whether the next bar after a hole decides what fills it."""
        return self.fill.max_rows is not None or "linear" in dict(self.fill.methods).values()

    def reach(self) -> Lookback:
        return Lookback(1)

    @property
    def cut(self) -> Cut:
        return Cut.SYMBOL

    @property
    def sees_range(self) -> bool:
        return False

    def text(self) -> Iterator[str]:
        methods = ", ".join(f"{column} {method}" for column, method in self.fill.methods)
        yield f"fill {methods}" + (f" max {self.fill.max_rows}" if self.fill.max_rows is not None else "")
