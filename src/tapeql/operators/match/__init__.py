"""MATCH: the rows that follow a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Self

from tapeql.operators.match.automaton import Automaton
from tapeql.operators.operator import Cut, Operator
from tapeql.query.columns import RowColumn
from tapeql.query.durations import elapsed_text
from tapeql.query.lookback import Lookback
from tapeql.query.nodes import Expr, OutputColumn, Type
from tapeql.query.text import expr_text

COLUMNS: Final = (
    RowColumn("match_id", Type.INT, "which match of its symbol a row lies in, counted from 1"),
    RowColumn("match_step", Type.STRING, "the step of the pattern that a row is in its match"),
)
"""What a row is told of its match."""


@dataclass(frozen=True, slots=True)
class Match(Operator):
    """Keeps the rows that lie in a match, with what they are there.

    steps       conditions by the names of the steps
    pattern     as it is written
    within_us   how long a match lasts at most; None: as long as it likes

    Matches begin as early as can be, prefer what the pattern prefers, share no row, and none goes over a closed market; bars of a
    day and longer are of one market.
    """

    steps: tuple[OutputColumn, ...]
    pattern: str
    automaton: Automaton
    within_us: int | None

    def expressions(self) -> tuple[Expr, ...]:
        return tuple(step.expr for step in self.steps)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        steps = (OutputColumn(step.name, expr) for step, expr in zip(self.steps, new, strict=True))
        return replace(self, steps=tuple(steps))

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    @property
    def adds(self) -> frozenset[str]:
        return frozenset(column.name for column in COLUMNS)

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | self.adds

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        return Cut.SYMBOL

    def text(self) -> Iterator[str]:
        within = f" within {elapsed_text(self.within_us)}" if self.within_us is not None else ""
        yield f"rows that match ({self.pattern}){within}"
        for step in self.steps:
            yield f"  {step.name} is {expr_text(step.expr)}"
