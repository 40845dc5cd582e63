"""Functions defined by a formula become that formula.

rvol(volume, 20)   →   volume / avg(volume, 20)[1]
"""

from __future__ import annotations

from tapeql.functions.registry import functions
from tapeql.operators.operator import Plan
from tapeql.plan.expressions import rewrite_plan
from tapeql.query.formulas import INPUT, formula
from tapeql.query.nodes import Call, Column, Expr
from tapeql.query.rewriting import bottom_up


def expand_formulas(plan: Plan) -> Plan:
    return rewrite_plan(plan, expanded)


def expanded(expr: Expr) -> Expr:
    """An expression without calls that are defined by a formula."""
    return bottom_up(expr, _expanded)


def _expanded(expr: Expr) -> Expr:
    if not isinstance(expr, Call) or functions()[expr.function].formula is None:
        return expr
    entry = functions()[expr.function]
    given = {f"{INPUT}{i.name}": x for i, x in zip(entry.inputs, expr.inputs, strict=True)}
    over_inputs = formula(entry, expr.params)
    return expanded(bottom_up(over_inputs, lambda x: given.get(x.name, x) if isinstance(x, Column) else x))
