"""Functions defined by a formula become that formula.

rvol(volume, 20)   →   volume / avg(volume, 20)[1]
"""

from __future__ import annotations

from tapeql.functions.registry import functions
from tapeql.plan.expressions import bottom_up, rewrite_plan
from tapeql.plan.nodes import Plan
from tapeql.query.formulas import formula
from tapeql.query.nodes import Call, Expr


def expand_formulas(plan: Plan) -> Plan:
    return rewrite_plan(plan, expanded)


def expanded(expr: Expr) -> Expr:
    """An expression without calls that are defined by a formula."""
    return bottom_up(expr, _expanded)


def _expanded(expr: Expr) -> Expr:
    if isinstance(expr, Call) and functions()[expr.function].formula is not None:
        return expanded(formula(expr))
    return expr
