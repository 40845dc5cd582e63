"""The columns of the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from tapeql.operators.operator import Operator, RowOperator
from tapeql.query.nodes import Expr, OutputColumn
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Project(RowOperator):
    """The columns of the result, and `beside` them what Sort and Take need: ordering keys `order.<n>`, groups `per.<n>`."""

    shown: tuple[OutputColumn, ...]
    beside: tuple[OutputColumn, ...] = ()

    @property
    def outputs(self) -> tuple[OutputColumn, ...]:
        return (*self.shown, *self.beside)

    def expressions(self) -> tuple[Expr, ...]:
        return tuple(c.expr for c in self.outputs)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        columns = tuple(OutputColumn(c.name, e) for c, e in zip(self.outputs, new, strict=True))
        return type(self)(columns[: len(self.shown)], columns[len(self.shown) :])

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return frozenset(c.name for c in self.outputs)

    @property
    def mixes(self) -> bool:
        return True

    def text(self) -> Iterator[str]:
        yield "columns " + ", ".join(
            c.name if expr_text(c.expr) == c.name else f"{expr_text(c.expr)} as {c.name}" for c in self.outputs
        )


def result_columns(steps: Iterable[Operator]) -> tuple[OutputColumn, ...]:
    """The columns of the result of some operators."""
    return [step.shown for step in steps if isinstance(step, Project)][-1]
