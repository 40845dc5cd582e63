"""Time-weighted means of the quotes that stood in a bar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator


@dataclass(frozen=True, slots=True)
class QuoteMeans(RowOperator):
    """Adds means by name (`spread_pct`, …). Only after Bars."""

    measures: tuple[str, ...]

    def tables(self) -> tuple[str, ...]:
        return ("quotes",)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | frozenset(self.measures)

    def text(self) -> Iterator[str]:
        yield f"time-weighted {', '.join(self.measures)}"
