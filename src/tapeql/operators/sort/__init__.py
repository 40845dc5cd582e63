"""ORDER BY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import ResultOperator
from tapeql.query.nodes import Expr, Order
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Sort(ResultOperator):
    """By `keys`, NULLs last, ties by (exchange, symbol, ts, seq), the order rows come in."""

    keys: tuple[Order, ...]

    def expressions(self) -> tuple[Expr, ...]:
        return tuple(key.expr for key in self.keys)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        return type(self)(tuple(replace(key, expr=e) for key, e in zip(self.keys, new, strict=True)))

    def text(self) -> Iterator[str]:
        yield "sort by " + ", ".join(expr_text(k.expr) + (" desc" if k.descending else "") for k in self.keys)
