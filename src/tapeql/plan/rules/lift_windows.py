"""Expressions that look at neighbouring rows become columns computed before any row is dropped.

Where(close > sma(close, 20)[1])   →   Compute(w.0 = sma(close, 20)), Compute(w.1 = w.0[1]), …, Where(close > w.1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tapeql.plan.expressions import rewrite_plan
from tapeql.plan.nodes import Compute, InRange, Plan
from tapeql.query.nodes import Call, Column, Expr, OutputColumn, Over, Shift, children
from tapeql.query.rewriting import column_names, with_children

_EVERYTHING = InRange(None, None, keep_partial=True)


def lift_windows(plan: Plan) -> Plan:
    windows = Windows()
    lifted = rewrite_plan(plan, windows.lift, day_measures=False)  # they are computed where they are attached
    steps = list(lifted.steps)
    at = next(n for n, step in enumerate(steps) if isinstance(step, InRange))
    in_range = steps[at]
    assert isinstance(in_range, InRange)
    steps[at:at] = windows.steps(in_range)
    return replace(lifted, steps=tuple(steps))


class Windows:
    """Collects windows by depth; equal ones are computed once."""

    def __init__(self) -> None:
        self._found: dict[Expr, Column] = {}
        self._depth: dict[str, int] = {}

    def lift(self, expr: Expr) -> Expr:
        """The expression with each window replaced by a column."""
        lifted = with_children(expr, tuple(self.lift(child) for child in children(expr)))
        if not isinstance(lifted, Shift | Call | Over):
            return lifted
        if isinstance(lifted, Shift) and lifted.rows == 0:
            return lifted.x
        if lifted not in self._found:
            name = f"w.{len(self._found)}"
            self._depth[name] = 1 + max((self._depth.get(c, 0) for c in column_names(lifted)), default=0)
            self._found[lifted] = Column(name, lifted.type)
        return self._found[lifted]

    def steps(self, range: InRange) -> tuple[Compute, ...]:
        """One Compute a depth, shallow first."""
        by_depth: dict[int, list[OutputColumn]] = {}
        for expr, column in self._found.items():
            by_depth.setdefault(self._depth[column.name], []).append(OutputColumn(column.name, expr))
        return tuple(Compute(tuple(by_depth[depth]), range) for depth in sorted(by_depth))


def split_windows(columns: Sequence[OutputColumn]) -> tuple[tuple[Compute, ...], tuple[OutputColumn, ...]]:
    """The Compute steps that some columns need over all rows, and the columns over what those steps add."""
    windows = Windows()
    lifted = tuple(OutputColumn(c.name, windows.lift(c.expr)) for c in columns)
    return windows.steps(_EVERYTHING), lifted
