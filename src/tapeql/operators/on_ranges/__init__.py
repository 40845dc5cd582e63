"""`|>` after RANGES: the rows inside chosen stretches of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import Plan, RowOperator, indented, plan_text


@dataclass(frozen=True, slots=True)
class OnRanges(RowOperator):
    """Keeps rows that begin in a stretch [start, end) of the result of `plan`: of their symbol, or (`across`) of any."""

    plan: Plan
    across: bool

    def plans(self) -> tuple[Plan, ...]:
        return (self.plan,)

    def with_plans(self, new: tuple[Plan, ...]) -> Self:
        (plan,) = new
        return replace(self, plan=plan)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts",))

    def text(self) -> Iterator[str]:
        yield "in the ranges of"
        yield from indented(plan_text(self.plan))
