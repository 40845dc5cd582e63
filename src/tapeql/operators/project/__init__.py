"""The columns of the result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Expr, OutputColumn
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Project(RowOperator):
    """The result's columns, and what Sort and Take need besides: ordering keys `order.<n>`, groups
    `per.<n>`. The schema of the result holds neither."""

    outputs: tuple[OutputColumn, ...]

    def expressions(self) -> tuple[Expr, ...]:
        return tuple(c.expr for c in self.outputs)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        return type(self)(tuple(OutputColumn(c.name, e) for c, e in zip(self.outputs, new, strict=True)))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return frozenset(c.name for c in self.outputs)

    def text(self) -> Iterator[str]:
        yield "columns " + ", ".join(
            c.name if expr_text(c.expr) == c.name else f"{expr_text(c.expr)} as {c.name}" for c in self.outputs
        )
