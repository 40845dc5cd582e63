"""What ON DAYS WHERE and `|>` have in common: rows chosen by the rows of another query."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import Plan, Query, RowOperator


@dataclass(frozen=True, slots=True)
class Chosen(RowOperator):
    """Keeps rows by what another query says of their symbol, or (`across`) of any."""

    by: Query | Plan
    across: bool

    @property
    def plan(self) -> Plan:
        assert isinstance(self.by, Plan), "a plan's queries are planned"
        return self.by

    def queries(self) -> tuple[Query, ...]:
        return (self.by,) if isinstance(self.by, Query) else ()

    def plans(self) -> tuple[Plan, ...]:
        return (self.by,) if isinstance(self.by, Plan) else ()

    def with_plans(self, new: tuple[Plan, ...]) -> Self:
        return replace(self, by=new[0]) if new else self
