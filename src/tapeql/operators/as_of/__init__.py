"""ASOF QUOTES: the quote that prevailed at each trade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tapeql.operators.operator import RowOperator
from tapeql.query.durations import elapsed_text
from tapeql.query.nodes import Column

SIDES: Final = {"bid": ("bid",), "ask": ("ask",), "bid_size": ("bid", "bid_size"), "ask_size": ("ask", "ask_size")}
"""What is read to tell one side of a quote; everything else is told by both."""


@dataclass(frozen=True, slots=True)
class AsOf(RowOperator):
    """Adds columns of the quote that prevailed `lag_us` before each row, in the market that was open then.

    The last of equal instants prevails; of several markets the best of what stands. NULL where the market was closed,
    where none stood since its opening or since a recorded gap, and where the last one is older than `tolerance_us` at the row.
    """

    told: tuple[Column, ...]
    lag_us: int
    tolerance_us: int | None

    def tables(self) -> tuple[str, ...]:
        return ("quotes",)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts",))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {column.key for column in self.told}

    def text(self) -> Iterator[str]:
        when = f" {elapsed_text(self.lag_us)} before" if self.lag_us else ""
        age = f", none older than {elapsed_text(self.tolerance_us)}" if self.tolerance_us is not None else ""
        yield f"the quotes that prevailed{when}{age}: {', '.join(column.name for column in self.told)}"
