"""WHERE: the rows that meet a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Expr
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Where(RowOperator):
    condition: Expr

    def expressions(self) -> tuple[Expr, ...]:
        return (self.condition,)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        return type(self)(*new)

    @property
    def mixes(self) -> bool:
        return True

    def text(self) -> Iterator[str]:
        yield f"where {expr_text(self.condition)}"


def passing(condition: Expr | None) -> tuple[Where, ...]:
    """The rows that meet a condition; all, where there is none."""
    return () if condition is None else (Where(condition),)
