"""LIMIT: the first rows, or the last, of all or of each symbol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import Cut, Operator
from tapeql.query.lookback import Lookback
from tapeql.query.nodes import Limit


@dataclass(frozen=True, slots=True)
class Take(Operator):
    limit: Limit

    def reads(self) -> frozenset[str]:
        return frozenset()

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        return Cut.WHOLE

    def text(self) -> Iterator[str]:
        whose = " of each symbol" if self.limit.per_symbol else ""
        yield f"{'last' if self.limit.last else 'first'} {self.limit.rows}{whose}"
