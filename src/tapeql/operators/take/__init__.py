"""LIMIT: the first rows, or the last, of all or of each group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import ResultOperator
from tapeql.query.nodes import Limit
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Take(ResultOperator):
    limit: Limit

    def text(self) -> Iterator[str]:
        whose = f" of each {', '.join(expr_text(expr) for expr in self.limit.per)}" if self.limit.per else ""
        yield f"{'last' if self.limit.last else 'first'} {self.limit.rows}{whose}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The projected columns that tell groups apart."""
        return tuple(f"per.{n}" for n, _ in enumerate(self.limit.per))
