"""ON DAYS WHERE and `|>`: the rows of chosen days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import Plan, RowOperator, indented, plan_text


@dataclass(frozen=True, slots=True)
class OnDays(RowOperator):
    """Keeps rows whose (symbol, session_date) — or session_date alone — is in the result of `plan`, a DAYS plan."""

    plan: Plan
    by_date: bool

    def plans(self) -> tuple[Plan, ...]:
        return (self.plan,)

    def with_plans(self, new: tuple[Plan, ...]) -> Self:
        (plan,) = new
        return replace(self, plan=plan)

    def reads(self) -> frozenset[str]:
        return frozenset(("session_date",))

    def text(self) -> Iterator[str]:
        yield "on the days of"
        yield from indented(plan_text(self.plan))
