"""Expressions that look at neighbouring rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.functions.registry import functions
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Cut, Operator, indented
from tapeql.query.lookback import Lookback, reach
from tapeql.query.nodes import Call, Expr, OutputColumn, Over
from tapeql.query.text import expr_text


@dataclass(frozen=True, slots=True)
class Compute(Operator):
    """Adds the columns of expressions that need neighbouring rows, before any row is dropped.

    Each expression is exactly one Shift, Call or Over whose operands are row-wise; nested windows are several steps.
    Over the whole range (`us` None) aggregates the rows that `range` keeps and is the same on every row of a symbol.
    """

    windows: tuple[OutputColumn, ...]
    range: InRange

    def expressions(self) -> tuple[Expr, ...]:
        return tuple(c.expr for c in self.windows)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        windows = (OutputColumn(c.name, e) for c, e in zip(self.windows, new, strict=True))
        return replace(self, windows=tuple(windows))

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {c.name for c in self.windows}

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        exact = all(reach(expr).rows is not None and not _recursive(expr) for expr in self.expressions())
        return Cut.SERIES if exact else Cut.SYMBOL

    @property
    def sees_range(self) -> bool:
        return any(isinstance(expr, Over) and expr.us is None for expr in self.expressions())

    def text(self) -> Iterator[str]:
        yield "compute"
        yield from indented(f"{c.name} = {expr_text(c.expr)}" for c in self.windows)


def _recursive(expr: Expr) -> bool:
    """Whether a window settles on its values instead of having them exactly from some row on."""
    if not isinstance(expr, Call):
        return False
    entry = functions()[expr.function]
    return entry.warmup(expr.params) > entry.lookback(expr.params)
