"""What holds of a plan after every rule; a failure is our bug, never the user's."""

from __future__ import annotations

from tapeql.operators.compute import Compute
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Plan
from tapeql.operators.project import Project
from tapeql.query.nodes import Call, Expr, Over, Shift, children
from tapeql.query.rewriting import column_names


def verify(plan: Plan, after: str) -> None:
    """Raises AssertionError naming the rule after which the plan is broken."""
    known = frozenset(plan.rows.kind)
    lifted = after == "lift_windows"
    for step in plan.steps:
        name = type(step).__name__
        for expr in step.expressions():
            unknown = column_names(expr) - known
            assert not unknown, f"{after}: {name} reads unknown columns {sorted(unknown)}"
            if isinstance(step, Compute):
                assert _is_window(expr), f"{after}: {name} computes what is no window"
                assert not any(_has_window(child) for child in children(expr)), f"{after}: {name} nests windows"
            else:
                assert not lifted or not _has_window(expr), f"{after}: a window in {name}"
        known = step.columns(known)
    for once in (Project, InRange):
        assert sum(type(step) is once for step in plan.steps) == 1, f"{after}: a plan has one {once.__name__}"
    missing = set(plan.schema.names) - known
    assert not missing, f"{after}: the result lacks {missing}"


def _is_window(expr: Expr) -> bool:
    return isinstance(expr, Shift | Call | Over)


def _has_window(expr: Expr) -> bool:
    return _is_window(expr) or any(_has_window(child) for child in children(expr))
